"""Importing exam benchmarks: drafts for authors, and the published question kept beside each."""

import json
from pathlib import Path

import pytest

from builder.common.errors import BadInput
from builder.models import Case, CaseState, SourceQuestion
from builder.services.cases import save_revision
from builder.services.imports import ImportResult, import_cases
from tests.builder.importers.test_exams import MEDMCQA, MEDQA, lines
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def bring_in(cast: Cast, path: Path, **options: str) -> ImportResult:
    return import_cases(path=path, file_format="auto", department=cast.department, by=cast.lou, **options)


def test_a_question_becomes_a_draft_and_is_kept(cast: Cast, tmp_path: Path) -> None:
    assert bring_in(cast, lines(tmp_path / "q.jsonl", MEDQA)).created == 1
    case = Case.objects.get()
    source = case.source_question
    assert case.state == CaseState.DRAFT
    assert (source.dataset, source.answer, source.options["A"]) == ("medqa", "A", "Lupus")
    assert source.question == MEDQA["question"]


def test_the_same_file_changes_nothing_even_when_the_draft_went_on(cast: Cast, tmp_path: Path) -> None:
    path = lines(tmp_path / "q.jsonl", MEDQA)
    bring_in(cast, path)
    case = Case.objects.get()
    assert case.head is not None
    content = case.head.content
    content.rubrics.pop()
    save_revision(case=case, content=content, base_version=case.version, by=cast.ada)
    again = bring_in(cast, path)
    assert (again.created, again.unchanged) == (0, 1)
    assert (Case.objects.count(), SourceQuestion.objects.count()) == (1, 1)


def test_a_published_question_that_changed_is_refused(cast: Cast, tmp_path: Path) -> None:
    bring_in(cast, lines(tmp_path / "q.json", MEDMCQA))
    with pytest.raises(BadInput, match="another text"):
        bring_in(cast, lines(tmp_path / "q.json", {**MEDMCQA, "opa": "Loratadine"}))


def test_nobody_vouches_for_an_exam_question(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="becomes a draft"):
        bring_in(cast, lines(tmp_path / "q.jsonl", MEDQA), approved_elsewhere="The board")
    assert not Case.objects.exists()


def test_one_broken_question_keeps_the_whole_file_out(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="line 2"):
        bring_in(cast, lines(tmp_path / "q.jsonl", MEDQA, {**MEDQA, "answer_idx": "Z"}))
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("medqa/phrases_no_exclude_test.jsonl", 1273),
        ("medmcqa/dev.json", 4183),
        ("pubmedqa/ori_pqal.json", 1000),
    ],
)
def test_the_published_sets_come_in_whole(cast: Cast, shared_data: Path, file: str, count: int) -> None:
    result = bring_in(cast, shared_data / file)
    assert (result.created, result.unchanged) == (count, 0)
    assert Case.objects.count() == SourceQuestion.objects.count() == count
    assert json.loads(Case.objects.order_by("pk")[0].head.content_text)["kind"] == "knowledge"  # type: ignore[union-attr]
    again = bring_in(cast, shared_data / file)
    assert (again.created, again.unchanged) == (0, count)
