"""What the documents promise exists, and what exists is documented."""

import re
from pathlib import Path

from tests.product_files import ROOT, commands, files, listed, name_of

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|(?:src|href)=\"([^\"]+)\"")
SETTING = re.compile(r"\benv(?:\.\w+)?\(\s*[\"']([A-Z][A-Z0-9_]*)[\"']")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    """Return README, CHANGELOG and everything below docs."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def text_of(*paths: Path) -> str:
    """Return the documents' texts, joined; a document that doesn't exist has none."""
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.exists())


def links(path: Path) -> list[str]:
    """Return what a document links to inside the checkout; code blocks hold no links."""
    found = [first or second for first, second in LINK.findall(FENCE.sub("", text_of(path)))]
    return [each for each in found if not re.match(r"[a-z][a-z0-9+.-]*:|#", each)]


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as code hosts make them."""
    headings = re.findall(r"^#+\s+(.+?)\s*#*$", FENCE.sub("", text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_readme_names_the_two_commands() -> None:
    """A newcomer finds both within the README."""
    readme = text_of(ROOT / "README.md")
    assert "make demo" in readme
    assert "make test" in readme


def test_readme_and_changelog_and_licence_exist() -> None:
    """The three files every visitor looks for; the changelog has a heading for what is coming or out."""
    assert re.search(r"^## \[?(?:Unreleased|\d+\.\d+\.\d+)", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert "Apache License" in text_of(ROOT / "LICENSE")
    assert text_of(ROOT / "README.md").startswith("# ")


def test_every_command_is_documented() -> None:
    """A command that no document names is found by nobody."""
    text = text_of(*documents())
    missing = [each for each in commands() if not re.search(rf"(?:manage\.py |`){each}\b", text)]
    assert not missing, f"Name these in README.md or docs/ as `manage.py NAME`:{listed(missing)}"


def test_every_make_target_named_in_a_document_exists() -> None:
    """A document must not send people to a target that was renamed."""
    makefile = text_of(ROOT / "Makefile")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = re.findall(r"^\s*make ([a-z][a-z-]*)|`make ([a-z][a-z-]*)", text_of(*documents()), re.MULTILINE)
    missing = {first or second for first, second in named} - targets
    assert not missing, listed(sorted(missing))


def test_every_setting_is_documented() -> None:
    """Whatever the environment may set stands in docs/settings.md or the README."""
    settings = {
        name
        for path in files(".py", rooms=("builder",))
        if "settings" in path.parts
        for name in SETTING.findall(path.read_text(encoding="utf-8"))
    } | {"DATABASE_URL"}
    documented = text_of(ROOT / "docs" / "settings.md", ROOT / "README.md")
    missing = sorted(name for name in settings if not re.search(rf"\b{name}\b", documented))
    assert not missing, f"Describe these in docs/settings.md:{listed(missing)}"


def test_links_lead_somewhere() -> None:
    """Every file and heading a document links to exists."""
    broken = []
    for path in documents():
        for link in links(path):
            target, _, anchor = link.partition("#")
            file = (path.parent / target).resolve() if target else path
            if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
                broken.append(f"{name_of(path)}: {link}")
    assert not broken, listed(broken)
