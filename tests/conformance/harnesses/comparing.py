"""What a log must say when it comes home: the same texts, verdicts and scores as the script."""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from exports.formats.base import BundleFormat, LogHeader, LogRow
from exports.records import CaseRecord
from tests.conformance.harnesses import script


def read_log(bundle_format: BundleFormat, path: Path) -> tuple[LogHeader, list[LogRow]]:
    """Return what the format's own reader finds in the log."""
    assert bundle_format.reader is not None
    assert bundle_format.reader.recognises(path)
    return bundle_format.reader.header(path), list(bundle_format.reader.rows(path))


def by_case(rows: Sequence[LogRow], records: Sequence[CaseRecord], epochs: int) -> dict[str, list[LogRow]]:
    """Return the answers to each case; every case has all its samples, once."""
    found: dict[str, list[LogRow]] = defaultdict(list)
    for row in rows:
        found[row.prompt_id].append(row)
    assert set(found) == {each.prompt_id for each in records}
    for answers in found.values():
        assert sorted(row.epoch for row in answers) == list(range(1, epochs + 1))
    return found


def assert_equal_scores(
    bundle_format: BundleFormat,
    header: LogHeader,
    rows: Sequence[LogRow],
    records: Sequence[CaseRecord],
    *,
    epochs: int = 1,
    failed: Collection[str] = (),
) -> None:
    """Texts, verdicts and both scores are the script's; the harness's own numbers are those of its formula."""
    case_scores = []
    found = by_case(rows, records, epochs)
    for record in records:
        scores = [_assert_row(bundle_format, row, record, failed) for row in found[record.prompt_id]]
        whole = [each for each in scores if each is not None]
        if whole:
            case_scores.append(sum(whole) / len(whole))
    formula = bundle_format.formula
    assert formula is not None
    if formula.overall is None:
        assert header.reported_score is None
        return
    assert header.reported_score == pytest.approx(formula.overall(case_scores), abs=1e-9)
    if formula.same_as_ours:
        assert header.reported_score == pytest.approx(script.overall(case_scores), abs=1e-9)


def _assert_row(
    bundle_format: BundleFormat, row: LogRow, record: CaseRecord, failed: Collection[str]
) -> float | None:
    """Compare one answer; return our score of it, None while a grading has failed."""
    assert row.items is not None, row.place
    criteria = record.content.rubrics
    assert [each.criterion for each in row.items] == [each.criterion for each in criteria]
    assert [each.points for each in row.items] == [each.points for each in criteria]
    marks = script.marks(record, row.completion, failed)
    names = {True: "met", False: "not_met", None: "judge_failed"}
    assert [each.verdict for each in row.items] == [names[is_met] for _points, is_met in marks], row.place
    assert row.item_sha256 in {record.sha256, ""}
    assert bundle_format.formula is not None
    theirs = bundle_format.formula.per_case(marks)
    if theirs is None or any(is_met is None for _points, is_met in marks):
        assert row.reported_score is None, row.place
        return None
    assert row.reported_score is not None and math.isfinite(row.reported_score), row.place
    assert row.reported_score == pytest.approx(theirs, abs=1e-9), row.place
    ours = script.score(record, row.completion)
    if bundle_format.formula.same_as_ours:
        assert row.reported_score == pytest.approx(ours, abs=1e-9), row.place
    return ours


def assert_prompts(
    rows: Sequence[LogRow], records: Sequence[CaseRecord], unsaid: Collection[str] = ()
) -> None:
    """The harness asked with the true roles and texts; `unsaid` are the cases whose prompt the log can't repeat."""
    asked = {each.prompt_id: [(turn.role, turn.content) for turn in each.content.prompt] for each in records}
    assert {row.prompt_id for row in rows if row.prompt is None} == set(unsaid)
    for row in rows:
        if row.prompt is None:
            continue
        assert [(turn["role"], turn["content"]) for turn in row.prompt] == asked[row.prompt_id]
