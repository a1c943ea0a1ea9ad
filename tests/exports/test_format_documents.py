"""The documents about formats are what the registry says, and adding a format takes the one file they show."""

import io
import json
import re
import sys
import types
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from exports.documentation import DOCS, documents, page
from exports.formats import verify
from exports.formats.registry import FORMATS
from tests.cast import Cast
from tests.conftest import ROOT
from tests.exports.builders import make_bundle, make_release, read_jsonl_rows


@pytest.mark.parametrize("name", [path.as_posix() for path in documents()])
def test_generated_document_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == documents()[Path(name)], "Run make formats."


def test_table_has_every_format_with_what_it_can() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| [")]
    assert len(rows) == len(FORMATS)
    for row, each in zip(rows, FORMATS.values(), strict=True):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1] == f"`{each.name}`"
        assert (cells[2] == "–") == (each.reader is None)
        assert (cells[5] == "yes") == each.may_leave_rubric_out


def test_versions_are_the_pinned_ones() -> None:
    """What a format says it was tested with is what the pins of its environment install."""
    folder = ROOT / "tests" / "conformance" / "harnesses" / "pins"
    pinned = {
        (name.lower(), version)
        for path in [*folder.glob("*.in"), ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
        for name, version in re.findall(
            r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", path.read_text(), re.MULTILINE
        )
    }
    node = json.loads((folder / "promptfoo" / "package.json").read_text(encoding="utf-8"))
    pinned |= set(node["dependencies"].items())
    for each in FORMATS.values():
        named = set(re.findall(r"([A-Za-z][\w-]*) (\d[\w.]*)", each.tested_with))
        assert named <= pinned, each.name


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The module that the document shows, registered for one test."""
    text = (DOCS / "adding-a-format.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    module = types.ModuleType("exports.formats.example")
    code = compile(source, "example.py", "exec")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    run = types.FunctionType(code, module.__dict__)
    run()
    monkeypatch.setitem(FORMATS, module.FORMAT.name, module.FORMAT)
    yield module.FORMAT.name


@pytest.mark.parametrize("prompts_only", [False, True])
def test_shown_module_writes_a_whole_bundle(tmp_path: Path, toy: str, prompts_only: bool) -> None:
    make_bundle(tmp_path / "b", toy, prompts_only=prompts_only, held_out=[1])
    assert verify.check(tmp_path / "b").startswith("OK: trial==1.0.0 (final, example), 3 cases")
    rows = read_jsonl_rows(tmp_path / "b" / "example.jsonl")
    assert [("rubric" in row) for row in rows] == [not prompts_only] * 3
    assert "example-harness --mock" in (tmp_path / "b" / "README.md").read_text(encoding="utf-8")


def test_shown_module_is_offered_everywhere(
    cast: Cast, client: Client, tmp_path: Path, toy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_release(cast)
    call_command(
        "export_release",
        "trial==1.0.0",
        "--format",
        toy,
        "--out",
        str(tmp_path / "b"),
        "--by",
        cast.ana.email,
    )
    assert (tmp_path / "b" / "example.jsonl").exists()
    with pytest.raises(SystemExit):
        call_command("export_release", "--help")
    assert "example: Example harness" in " ".join(capsys.readouterr().out.split())
    client.force_login(cast.ana)
    shown = client.get(reverse("exports:release-detail", args=["trial", "1.0.0"])).content.decode()
    assert "Example harness" in shown and "example-harness --mock example.jsonl" in shown
    listed = client.get("/api/v1/formats/").json()
    assert "example" in [each["name"] for each in listed["results"]]
    sent = client.get("/api/v1/releases/trial/1.0.0/bundle/", {"format": "canonical"})
    assert sent.status_code == 200
    assert "### Example harness" in page()


def test_download_page_offers_and_sends_every_format(cast: Cast, client: Client) -> None:
    make_release(cast)
    client.force_login(cast.ana)
    address = reverse("exports:release-download", args=["trial", "1.0.0"])
    shown = client.get(address).content.decode()
    for name, each in FORMATS.items():
        assert f'value="{name}"' in shown and each.label in shown
        answer = client.post(address, {"format": name})
        with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
            assert f"trial-1.0.0-{name}/{each.file_name}" in archive.namelist()
        only = client.post(address, {"format": name, "prompts_only": "on"})
        assert only.status_code == (200 if each.may_leave_rubric_out else 422)
        if not each.may_leave_rubric_out:
            assert "leave the rubric out. These can: Canonical JSONL" in only.content.decode()
