"""Records, releases and files for the tests of room 2."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from builder.common.canonical_json import canonical_json, sha256_text
from builder.content import CaseContent
from builder.models import Case
from exports.formats.base import BundleContext, BundleFormat
from exports.formats.bundle import stage_bundle
from exports.formats.registry import get_format
from exports.models import Release
from exports.records import CaseRecord, ReleaseRecord, item_hash
from exports.services.releases import freeze_release
from tests.cast import Cast
from tests.factories import make_approved, make_content


def make_records(contents: Iterable[CaseContent], held_out: Iterable[int] = ()) -> list[CaseRecord]:
    """Return one record per content, with the prompt_ids case-0, case-1 …"""
    hidden = set(held_out)
    return [
        CaseRecord(
            f"case-{index}", index, "held-out" if index in hidden else "public",
            item_hash(f"case-{index}", content), content,
        )
        for index, content in enumerate(contents)
    ]  # fmt: skip


def varied_contents() -> list[CaseContent]:
    """Return cases in several languages and shapes: Korean, templating, an emoji, no reference, tags left empty."""
    return [
        make_content("흉통 환자의 첫 10분"),
        make_content('Quotes " and {{ braces }} and\nlines 🫀', ideal_completions_data=None),
        make_content("Own canary", canary="source:1234", extra={"source_row": 7, "nested": {"a": [1, 2.5]}}),
        make_content("No tags", example_tags=[], metadata={"license": "CC-BY-4.0"}),
    ]


def make_release_record(records: list[CaseRecord], stage: str = "final") -> ReleaseRecord:
    """Return the release that holds exactly these records."""
    items = [
        {
            "prompt_id": each.prompt_id,
            "split": each.split,
            "sha256": each.sha256,
            "approval": {"reviewers": 2},
        }
        for each in records
    ]
    manifest = {"name": "trial", "version": "1.0.0", "items": items}
    return ReleaseRecord("trial", "1.0.0", stage, sha256_text(canonical_json(manifest)), manifest)


def make_context(canary: str = "bundle-canary", *, prompts_only: bool = False) -> BundleContext:
    """Return what a writer gets, for a release of no cases."""
    return BundleContext(make_release_record([]), canary, prompts_only)


def write_bundle(
    records: Iterable[CaseRecord], directory: Path, *, release: ReleaseRecord, bundle_format: BundleFormat,
    recipient: str = "", prompts_only: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Stage and publish a bundle; return its manifest."""
    with stage_bundle(
        records, directory, release=release, bundle_format=bundle_format, recipient=recipient,
        prompts_only=prompts_only,
    ) as staged:  # fmt: skip
        staged.publish()
    return staged.manifest


def make_bundle(
    directory: Path, file_format: str = "canonical", *, recipient: str = "", held_out: Iterable[int] = (),
    prompts_only: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Write the bundle of the varied cases and return its manifest."""
    records = make_records(varied_contents(), held_out)
    leaving = [each for each in records if recipient or each.split == "public"]
    return write_bundle(
        leaving, directory, release=make_release_record(records), bundle_format=get_format(file_format),
        recipient=recipient, prompts_only=prompts_only,
    )  # fmt: skip


def make_cases(cast: Cast, number: int) -> list[Case]:
    """Make approved cases of Ada's."""
    return [make_approved(cast, title=f"Case {index}") for index in range(number)]


def make_release(cast: Cast, cases: int = 2, **options: Any) -> Release:
    """Freeze new approved cases as trial==1.0.0."""
    make_cases(cast, cases)
    values: dict[str, Any] = {"name": "trial", "version": "1.0.0", "stage": "final"}
    return freeze_release(department=cast.department, by=cast.lou, **{**values, **options})


def write_jsonl(path: Path, rows: Iterable[Any]) -> Path:
    """Write each row as a line; a text is written as it is."""
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def answers_to(release: Release, epochs: int = 1) -> list[dict[str, Any]]:
    """Return one answer for each item and epoch."""
    return [
        {"prompt_id": item.prompt_id, "epoch": epoch, "completion": f"Answer {epoch} to {item.prompt_id}"}
        for item in release.items.all()
        for epoch in range(1, epochs + 1)
    ]


def read_jsonl_rows(path: Path) -> list[dict[str, Any]]:
    """Return the parsed lines of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
