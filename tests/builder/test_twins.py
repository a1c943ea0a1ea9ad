"""Near-duplicates of a case in its department, and the index that finds them."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from builder.content import CaseContent, Criterion, Turn
from builder.models import Case, CaseIndex, CaseState
from builder.selectors.case_checks import check_context, findings_of
from builder.selectors.twins import twins_of
from builder.services.cases import create_case, save_revision
from builder.similarity import SKETCH_BYTES, compared_texts, sketches_of
from tests.builder.test_check_examples import examples
from tests.cast import Cast
from tests.factories import make_content, make_draft

pytestmark = pytest.mark.django_db
LONG = "My mother is 78 and has been confused since last night; she takes a water tablet and drinks little."


def case_with(cast: Cast, prompt: str, *criteria: str, points: float = 5, department: object = None) -> Case:
    """Make a saved case with this question and these criteria."""
    content = CaseContent(
        [
            Turn("system", "You are a careful assistant of the emergency department. " * 20),
            Turn("user", prompt),
        ],
        [Criterion(text, points, ["axis:a"], f"c{place}") for place, text in enumerate(criteria)],
        title=prompt[:40],
    )
    by = cast.ada if department is None else cast.eve
    case = create_case(department=department or cast.department, content=content, by=by)
    save_revision(case=case, content=content, base_version=0, by=by)
    case.refresh_from_db()
    return case


def twins(case: Case) -> list[tuple[int | None, int, int]]:
    return [(twin.index, twin.case_id, twin.number) for twin in twins_of(case, case.head.content)]


def test_a_copied_conversation_is_told(cast: Cast) -> None:
    other = case_with(cast, LONG, "Asks about the last meal.")
    case = case_with(cast, LONG.replace("last night", "yesterday"), "Names dehydration.")
    assert twins(case) == [(None, other.pk, 0)]
    finding = next(
        each for each in findings_of(case, case.head.content) if each.check_id == "case.near_duplicate"
    )
    assert other.title in finding.message


def test_a_shared_system_turn_makes_no_twin(cast: Cast) -> None:
    case_with(cast, "What is the dose of paracetamol for a child?", "Names the dose.")
    assert twins(case_with(cast, LONG, "Asks about the last meal.")) == []


def test_criteria_that_differ_a_little_are_told_with_the_other_words(cast: Cast) -> None:
    other = case_with(cast, LONG, "Asks about the last meal.", "Asks whether she takes any blood thinners.")
    case = case_with(
        cast, "A fall on the stairs, what now?", "Names the risk.", "Asks if she takes any blood thinners."
    )
    assert twins(case) == [(1, other.pk, 2)]
    found = next(
        each
        for each in findings_of(case, case.head.content)
        if each.check_id == "rubric.department_duplicate"
    )
    assert found.mend and found.mend.value == "Asks whether she takes any blood thinners."


def test_word_for_word_is_reuse(cast: Cast) -> None:
    """A criterion that stands somewhere in the same words has no twin, even where a third case has a near one."""
    case_with(cast, LONG, "Asks whether she takes any blood thinners.")
    case_with(cast, "Nosebleed, what now?", "Asks if she takes any blood thinners.")
    case = case_with(cast, "A fall on the stairs, what now?", "Asks whether she takes any BLOOD thinners")
    assert twins(case) == []


def test_the_opposite_is_no_twin(cast: Cast) -> None:
    case_with(cast, LONG, "Recommends stopping the water tablet today.")
    assert twins(case_with(cast, "And now, doctor?", "Recommends continuing the water tablet today.")) == []
    assert (
        twins(case_with(cast, "What else?", "Recommends stopping the water tablet today!", points=-5)) == []
    )


def test_other_departments_and_retired_cases_are_not_looked_at(cast: Cast) -> None:
    case_with(cast, LONG, "Asks about the last meal.", department=cast.elsewhere)
    retired = case_with(cast, LONG, "Asks about the last meal.")
    Case.objects.filter(pk=retired.pk).update(state=CaseState.RETIRED)
    assert twins(case_with(cast, LONG, "Asks about a last meal.")) == []


def test_a_draft_of_somebody_else_is_not_looked_at(cast: Cast) -> None:
    """Only its editor may read a draft, so it can't be quoted to a colleague."""
    content = make_content(title="Only mine", prompt=[Turn("user", LONG)])
    create_case(department=cast.department, content=content, by=cast.ada)
    assert not CaseIndex.objects.exists()
    assert twins(case_with(cast, LONG, "Asks about the last meal.")) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(fields[0], fields[1], fire) for fire, fields, _line in examples("near_duplicate")][::3],
)
def test_labelled_pairs_are_told_across_cases(cast: Cast, one: str, other: str, expected: bool) -> None:
    case_with(cast, LONG, one)
    case = case_with(cast, "A fall on the stairs, what now?", other)
    same_words = compared_texts(case.head.content)[1].strip("!。. ") == one.strip("!。. ")
    known_misses = {"두통 일기를 작성하도록 권고한다."}
    assert bool(twins(case)) == (expected and not same_words and other not in known_misses)


def test_saving_again_brings_the_index_up_to_date(cast: Cast) -> None:
    case = make_draft(cast)
    first = bytes(CaseIndex.objects.get(case=case).sketches)
    assert len(first) == SKETCH_BYTES * 4
    changed = make_content(rubrics=[Criterion("Names one thing.", 5, ["axis:a"])])
    save_revision(case=case, content=changed, base_version=1, by=cast.ada)
    now = bytes(CaseIndex.objects.get(case=case).sketches)
    assert now == sketches_of(compared_texts(changed)).tobytes() != first


def test_rebuilding_restores_every_row(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [make_draft(cast, title=f"Case {number}") for number in range(3)]
    before = {row.case_id: bytes(row.sketches) for row in CaseIndex.objects.all()}
    CaseIndex.objects.filter(case=cases[0]).delete()
    CaseIndex.objects.filter(case=cases[1]).update(sketches=b"")
    call_command("rebuild_case_index")
    assert capsys.readouterr().out == "Indexed 3 cases.\n"
    assert {row.case_id: bytes(row.sketches) for row in CaseIndex.objects.all()} == before


def test_queries_do_not_grow_with_the_department(cast: Cast) -> None:
    """Three: the sketches, the texts worth reading, the attested passages; in an empty department as in a full one."""
    case = case_with(cast, LONG, *[f"Names thing {number} of the plan." for number in range(15)])
    counts, content = [], case.head.content
    for round_ in range(3):
        with CaptureQueriesContext(connection) as captured:
            check_context(case, content)
        counts.append(len(captured))
        for number in range(5):
            case_with(cast, f"{LONG} {round_}", f"Names thing {number} of this plan.")
    assert counts == [3, 3, 3]


def test_an_unusable_text_in_the_index_stops_nothing(cast: Cast) -> None:
    case_with(cast, "…", " ", "!!")
    case = case_with(cast, "…", "!!", " ")
    assert twins(case) == []
