"""The arrows between the rooms, and the habits that no linter knows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.product_files import (
    ROOT,
    code_lines,
    files,
    functions,
    listed,
    name_of,
    python_files,
    room_layer,
    template_files,
)

LONGEST_FILE = 400
LONGEST_FUNCTION = 40
LONGEST_VIEW = 25

# Namespaces are names, not addresses a browser would ask.
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml")
OTHER_HOST = re.compile(r"""(?:https?:|(?<=["'(\s=]))//[\w.-]+\.\w+[^\s"'<>)]*""")

FORBIDDEN_IN_PYTHON = {
    "mark_safe": r"\bmark_safe\b|\bSafeString\b|\bSafeText\b",
    "csrf_exempt": r"\bcsrf_exempt\b",
    "pickle": r"^\s*(?:import|from)\s+(?:pickle|cPickle|dill|shelve|marshal)\b",
    "yaml.load (use safe_load)": r"\byaml\.(?:unsafe_|full_)?load\b",
    "a query filtered by the address": r"\.(?:filter|exclude|get)\(\s*\*\*\s*(?:self\.)?request",
    "signals": r"\b(?:pre|post)_(?:save|delete|init)\b|\bm2m_changed\b|^\s*from django\.dispatch\b",
    "eval or exec": r"(?<![\w.])(?:eval|exec)\(",
    "a body that passes over unknown fields (use StrictShape)": (
        r"^class \w+In\((?!StrictShape)\w*(?:Shape|Serializer|Query)"
    ),
}
FORBIDDEN_IN_TEMPLATES = {
    "|safe or autoescape off": r"\|\s*safe(?:seq)?\b|{%\s*autoescape\s+off",
    "a style attribute": r"<[^>]*\sstyle\s*=",
    "an inline style sheet": r"<style\b",
    "an inline script": r"<script\b(?![^>]*\ssrc=)",
    "an inline event handler": r"<[^>]*\son[a-z]+\s*=",
    "hx-on (evaluates its text)": r"\shx-on[:\s=-]",
    "a query": r"\.(?:all|filter|exclude|objects|exists|values|order_by)\s*(?:[|}%\s]|$)",
}
TEMPLATE_CODE = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
TEMPLATE_COMMENT = re.compile(r"{#.*?#}|{%\s*comment\b.*?%}.*?{%\s*endcomment\s*%}", re.DOTALL)


def places(text: str, pattern: str, path: Path) -> list[str]:
    """Return `file:line: text` for every match."""
    return [
        f"{name_of(path)}:{text.count(chr(10), 0, match.start()) + 1}: {match.group().strip()[:80]}"
        for match in re.finditer(pattern, text, re.MULTILINE)
    ]


def source_of(path: Path) -> str:
    """Return the file's text; a template's comments are blanked, its lines kept."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    return TEMPLATE_COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def code_only(text: str) -> str:
    """Return only what the template engine runs, each piece in its place."""
    kept = list(re.sub(r"[^\n]", " ", text))
    for match in TEMPLATE_CODE.finditer(text):
        kept[match.start() : match.end()] = match.group()
    return "".join(kept)


def test_import_contracts() -> None:
    """The contracts in .importlinter hold."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    done = subprocess.run(
        [*command, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_setup_does_not_load_the_label_studio_sdk() -> None:
    """Loading the SDK costs seconds and 100 MB; starting the product must not pay them."""
    code = (
        "import django, sys; django.setup(); "
        "from django.urls import get_resolver; get_resolver().url_patterns; "
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'label_studio_sdk'))"
    )
    settings = {**os.environ, "DJANGO_SETTINGS_MODULE": "builder.config.settings.test"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_pages_api_and_forms_ask_selectors_for_rows() -> None:
    """`Model.objects` in a view, the API or a form would be a query without an access rule."""
    found = [
        place
        for path in python_files()
        if room_layer(path) in {"views", "api", "forms", "urls"}
        for place in places(
            source_of(path), r"\b[A-Z]\w*\.(?:objects|_default_manager|_base_manager)\b", path
        )
    ]
    assert not found, listed(found)


def test_models_hold_no_save_logic() -> None:
    """A rule in `save()` is skipped by bulk writes; it belongs in a service or a constraint."""
    found = [
        f"{name_of(path)}:{function.lineno}: def {function.name}"
        for path in python_files()
        if room_layer(path) == "models"
        for function in functions(path)
        if function.name in {"save", "delete", "save_base"}
    ]
    assert not found, listed(found)


@pytest.mark.parametrize("habit", FORBIDDEN_IN_PYTHON)
def test_python_has_no(habit: str) -> None:
    """Nothing in the product's Python does this."""
    found = [
        place
        for path in python_files()
        for place in places(source_of(path), FORBIDDEN_IN_PYTHON[habit], path)
    ]
    assert not found, listed(found)


@pytest.mark.parametrize("habit", FORBIDDEN_IN_TEMPLATES)
def test_templates_have_no(habit: str) -> None:
    """No template does this: the browser would refuse it, or the page's cost would grow."""
    found: list[str] = []
    for path in template_files():
        text = source_of(path)
        found += places(code_only(text) if habit == "a query" else text, FORBIDDEN_IN_TEMPLATES[habit], path)
    assert not found, listed(found)


def test_no_page_names_another_host() -> None:
    """A ward computer may have no way out, and a page tells nobody else that it was opened."""
    found: list[str] = []
    for path in files(".html", ".css", ".js", ".svg"):
        text = source_of(path)
        for namespace in NAMESPACES:
            text = text.replace(namespace, "")
        found += places(text, OTHER_HOST.pattern, path)
    assert not found, listed(found)


def test_files_are_short() -> None:
    """A file that grows past its limit is split by noun."""
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    found = [f"{name}: {length} lines" for name, length in lengths.items() if length > LONGEST_FILE]
    assert not found, listed(found)


def test_functions_are_short() -> None:
    """A function fits a screen; a view only connects what others do."""
    found = [
        f"{name_of(path)}:{function.lineno} {function.name}: {code_lines(function)} lines"
        for path in python_files()
        for function in functions(path)
        if function.name != "add_arguments"
        and code_lines(function) > (LONGEST_VIEW if room_layer(path) == "views" else LONGEST_FUNCTION)
    ]
    assert not found, listed(found)
