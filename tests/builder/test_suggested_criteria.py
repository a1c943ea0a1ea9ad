"""What an import only suggested keeps a case from review until an author takes it over."""

from pathlib import Path

import msgspec
import pytest

from builder.checks import apply_mend, check_content, find_mend
from builder.common.errors import BadInput
from builder.content import CaseContent, content_from_data
from builder.forms.case_rows import content_from_rows, mended_rows, rows_from_content
from builder.models import Case
from builder.selectors.cases import head_content
from builder.services.cases import save_revision, submit_case
from builder.services.imports import import_cases
from tests.builder.importers.test_exams import MEDQA, lines
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def make_imported(cast: Cast, folder: Path) -> Case:
    """Bring in one exam question and return its draft."""
    path = lines(folder / "q.jsonl", MEDQA)
    import_cases(path=path, file_format="auto", department=cast.department, by=cast.lou)
    return Case.objects.get()


def unconfirmed(content: CaseContent) -> list[str]:
    """Return where the check fires."""
    return [each.field for each in check_content(content) if each.check_id == "rubric.suggested"]


def test_a_draft_of_an_exam_question_waits_until_every_criterion_is_confirmed(
    cast: Cast, tmp_path: Path
) -> None:
    case = make_imported(cast, tmp_path)
    content = head_content(case)
    places = [f"rubrics[{index}].criterion" for index in range(len(content.rubrics))]
    assert unconfirmed(content) == places
    with pytest.raises(BadInput, match="suggested"):
        submit_case(case=case, by=cast.ada)

    for left in range(len(places) - 1, -1, -1):
        mend = find_mend(check_content(content), f"rubric.suggested:{unconfirmed(content)[0]}")
        assert mend is not None
        before = content
        content = content_from_rows(mended_rows(rows_from_content(before), apply_mend(before, mend), mend))
        assert len(unconfirmed(content)) == left
        assert [each.criterion for each in content.rubrics] == [each.criterion for each in before.rubrics]
    assert all(each.extra == {} for each in content.rubrics)
    save_revision(case=case, content=content, base_version=case.version, by=cast.ada)
    case.refresh_from_db()
    assert submit_case(case=case, by=cast.ada).state == "in_review"


def test_whoever_rewrites_a_criterion_has_taken_it_over(cast: Cast, tmp_path: Path) -> None:
    content = head_content(make_imported(cast, tmp_path))
    rows = rows_from_content(content)
    rows.rubrics[0]["criterion"] = "Names lupus and says which finding points to it."
    rows.rubrics[1]["points"] = "2"
    after = content_from_rows(rows)
    assert "rubrics[0].criterion" not in unconfirmed(after)
    assert unconfirmed(after)[0] == "rubrics[1].criterion"
    stored = content_from_data(msgspec.to_builtins(after))
    assert unconfirmed(stored) == unconfirmed(after)
