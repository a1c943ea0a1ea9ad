"""A bundle without the rubric holds nothing from which the rubric shows: every byte is searched."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builder.common.errors import BadInput
from builder.content import CaseContent, Criterion, Evidence, Turn
from exports.formats import verify
from exports.formats.bundle import stage_bundle
from exports.formats.registry import FORMATS, get_format
from exports.services.bundles import export_archive, export_release
from tests.cast import Cast
from tests.conformance.harnesses.cases import hard_contents
from tests.exports.builders import (
    make_bundle,
    make_records,
    make_release,
    make_release_record,
    varied_contents,
    write_bundle,
)

ABLE = [name for name, each in FORMATS.items() if each.may_leave_rubric_out]
UNABLE = [name for name, each in FORMATS.items() if not each.may_leave_rubric_out]
# One case in which every text that tells of the rubric is a word found nowhere else.
TELLING = CaseContent(
    prompt=[Turn("system", "Be brief."), Turn("user", "What now?")],
    rubrics=[
        Criterion(
            "zq-criterion", 5, ["axis:zq-axis"], "zq-id", guideline="zq-guideline", jurisdiction="zq-land",
            evidence=["zq-evidence"], extra={"zq-field": "zq-value"},
        ),
        Criterion("zq-red", -9.125, red_line=True),
    ],
    example_tags=["theme:zq-theme"],
    ideal_completions_data={"ideal_completion": "zq-ideal", "zq-group": "zq-more"},
    title="zq-title",
    kind="zq-kind",
    evidence=[Evidence("zq-evidence", "zq-quote", "zq-source")],
    metadata={"zq-meta": "zq-data"},
    extra={"zq-extra": ["zq-deep"]},
)  # fmt: skip


def texts_of(value: Any) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from texts_of(item)


def bytes_of(directory: Path) -> bytes:
    """Return every byte of a bundle; a workbook's parts unpacked."""
    found = b""
    for path in sorted(each for each in directory.rglob("*") if each.is_file()):
        found += path.name.encode() + path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                found += b"".join(archive.read(name) for name in archive.namelist())
    return found


@pytest.mark.parametrize("file_format", ABLE)
def test_no_text_of_the_rubric_is_in_any_byte(tmp_path: Path, file_format: str) -> None:
    records = make_records([TELLING, *hard_contents(), *varied_contents()])
    write_bundle(
        records, tmp_path / "b", release=make_release_record(records), bundle_format=get_format(file_format),
        prompts_only=True,
    )  # fmt: skip
    found = bytes_of(tmp_path / "b")
    assert b"zq-" not in found and b"9.125" not in found
    for record in records:
        content = record.content
        rubric = [criterion.criterion for criterion in content.rubrics]
        reference = list(texts_of(content.ideal_completions_data if content.ideal_completions_data else {}))
        quotes = [passage.quote for passage in content.evidence]
        prompt = "\n".join(turn.content for turn in content.prompt)
        for text in [*rubric, *reference, *quotes]:
            if text and text not in prompt and text not in {"ideal_completion"}:
                assert text.encode() not in found, text
                assert msgspec.json.encode(text)[1:-1] not in found, text
    assert b"What now?" in found
    assert not (tmp_path / "b" / "grader_template.txt").exists()


@pytest.mark.parametrize("file_format", ABLE)
def test_bundle_verifies_and_says_what_it_cannot_prove(tmp_path: Path, file_format: str) -> None:
    manifest = make_bundle(tmp_path / "b", file_format, prompts_only=True, held_out=[1])
    sentence = verify.check(tmp_path / "b")
    assert sentence.startswith("OK: ") and "3 cases here and 1 withheld" in sentence
    assert "Prompts only: without the rubric it can't be proven" in sentence
    assert manifest["prompts_only"] is True
    readme = (tmp_path / "b" / "README.md").read_text(encoding="utf-8")
    assert "prompts only" in readme and "not that each prompt is the release's own words" in readme
    path = tmp_path / "b" / manifest["data_file"]
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    with pytest.raises(verify.Damaged):
        verify.check(tmp_path / "b")


def test_its_canary_is_its_own(tmp_path: Path) -> None:
    """A leaked prompt must tell whether it came from the bundle with the rubric or from the one without."""
    canaries = {make_bundle(tmp_path / f"{only}", prompts_only=only)["canary"] for only in (False, True)}
    assert len(canaries) == 2


@pytest.mark.parametrize("file_format", UNABLE)
def test_format_that_cannot_says_which_can(cast: Cast, tmp_path: Path, file_format: str) -> None:
    release = make_release(cast)
    with pytest.raises(BadInput, match="Canonical JSONL"):
        export_release(
            release=release, file_format=file_format, directory=tmp_path / "b", by=cast.ana, prompts_only=True
        )
    with pytest.raises(BadInput, match="can't leave the rubric out"), stage_bundle(
        [], tmp_path / "b", release=make_release_record([]), bundle_format=get_format(file_format), prompts_only=True
    ):  # fmt: skip
        pass
    assert list(tmp_path.iterdir()) == []


def test_held_out_prompts_need_a_recipient_too(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast, 4, held_out=0.25, seed=3)
    public = export_archive(release=release, file_format="canonical", by=cast.ana, prompts_only=True)
    assert public.name == "trial-1.0.0-canonical-prompts.zip"
    with zipfile.ZipFile(io.BytesIO(public.content.read())) as archive:
        lines = archive.read("trial-1.0.0-canonical-prompts/canonical.jsonl").decode().splitlines()
    assert len(lines) == 3
    public.content.close()
