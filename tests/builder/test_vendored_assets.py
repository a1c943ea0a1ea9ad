"""What the browser is given: files from here only, and the vendored ones unchanged."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("builder", "exports", "annotations")
VENDOR = ROOT / "builder" / "static" / "vendor"
STYLE_SHEET = VENDOR / "nhsuk-10.6.1" / "nhsuk-clinwright.css"

# A host after http(s):, or a protocol-relative one where a browser would follow it.
FOREIGN_HOST = re.compile(
    r"""https?:/{2}[^\s"'<>)]+|(?:["'(=]|@import\s+["']?)/{2}[\w-]+\.[\w.-]+""", re.IGNORECASE
)
SVG_NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
INLINE_CODE = re.compile(
    r"<style\b|\sstyle\s*=|<script\b(?![^>]*\bsrc=)|\son[a-z]+\s*=\s*[\"']", re.IGNORECASE
)


def _packages() -> list[dict]:
    return tomllib.loads((VENDOR / "vendor.toml").read_text(encoding="utf-8"))["package"]


def _files(kind: str, *suffixes: str) -> list[Path]:
    found = [path for room in ROOMS for path in (ROOT / room / kind).rglob("*") if path.suffix in suffixes]
    return sorted(found)


def _foreign_hosts(text: str) -> Iterator[str]:
    for match in FOREIGN_HOST.finditer(text):
        if not match.group().startswith(SVG_NAMESPACES):
            yield match.group()


def test_every_vendored_file_has_its_recorded_hash_and_none_is_unrecorded():
    recorded = {
        VENDOR / package["directory"] / name: digest
        for package in _packages()
        for name, digest in package["sha256"].items()
    }
    on_disk = {path for path in VENDOR.rglob("*") if path.is_file() and path.name != "vendor.toml"}
    assert on_disk == set(recorded)
    changed = [
        p.name for p, digest in recorded.items() if hashlib.sha256(p.read_bytes()).hexdigest() != digest
    ]
    assert changed == []


def test_every_vendored_package_names_version_and_licence_and_carries_its_text():
    packages = _packages()
    assert {package["npm"] for package in packages} == {"nhsuk-frontend", "htmx.org"}
    for package in packages:
        assert package["version"] in package["directory"]
        assert package["licence"] in ("MIT", "0BSD")
        assert "LICENCE.txt" in package["sha256"]


def test_no_static_file_or_template_names_another_host():
    files = _files("static", ".css", ".js", ".svg") + _files("templates", ".html")
    assert len(files) > 40
    named = {
        str(path.relative_to(ROOT)): sorted(set(_foreign_hosts(path.read_text(encoding="utf-8"))))
        for path in files
    }
    assert {path: hosts for path, hosts in named.items() if hosts} == {}


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js">',
        "url(//fonts.example/a.woff2)",
        '@import "//a.example/x.css"',
        "<a href=//evil.example>",
    ],
)
def test_the_host_pattern_finds_what_it_must(text: str):
    assert list(_foreign_hosts(text))


def test_the_host_pattern_lets_the_svg_namespace_pass():
    assert list(_foreign_hosts('<svg xmlns="http://www.w3.org/2000/svg">')) == []


def test_no_template_holds_inline_script_or_style():
    found = [
        str(p.relative_to(ROOT))
        for p in _files("templates", ".html")
        if INLINE_CODE.search(p.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("word", ["frutiger", "assets.nhs.uk", "#005eb8", "@font-face", "@import"])
def test_the_compiled_style_sheet_is_free_of(word: str):
    assert word not in STYLE_SHEET.read_text(encoding="utf-8").lower()


def test_the_compiled_style_sheet_asks_only_for_icons_beside_it():
    css = STYLE_SHEET.read_text(encoding="utf-8")
    wanted = set(re.findall(r"url\(\"?([^\")]+)\"?\)", css))
    assert wanted
    for address in wanted:
        assert address.startswith("images/")
        assert (STYLE_SHEET.parent / address).is_file()


def test_no_vendored_script_asks_for_a_source_map():
    # The static files storage fails on a map that isn't there.
    for path in VENDOR.rglob("*.js"):
        assert "sourceMappingURL" not in path.read_text(encoding="utf-8")
