"""Putting an answer down with a reason, taking it up again, and flagging it for the lead."""

import pytest
from django.urls import reverse

from annotations.models import Assignment, GradingSession, SessionItem
from annotations.selectors.disagreements import answer_numbers
from annotations.services.grades import (
    GivenVerdict,
    flag_assignment,
    save_grades,
    skip_assignment,
    undo_skip,
    unflag_assignment,
)
from annotations.services.queue import claim_assignment
from annotations.services.sessions import end_grading
from builder.common.errors import BadInput, Conflict, NotAllowed, NotReady
from builder.models import AuditEvent, Membership, Role
from tests.annotations.rows import assignment_of, give, make_session
from tests.api_client import Caller
from tests.cast import Cast

ALL = {index: GivenVerdict("met") for index in range(3)}


def taken(assignment: Assignment) -> tuple[int, int]:
    """Return how many places of the answer are taken, and how many there are."""
    return SessionItem.objects.values_list("taken", "overlap").get(
        session=assignment.session_id, response=assignment.response_id
    )


@pytest.fixture
def session(cast: Cast) -> GradingSession:
    """Gia and Gus grade four answers; Geo may join."""
    return make_session(cast)


def test_a_skipped_answer_has_a_free_place_and_its_verdicts_stop_counting(
    cast: Cast, session: GradingSession
) -> None:
    row = assignment_of(cast.gia, session)
    save_grades(assignment=row, verdicts=ALL, by=cast.gia)
    skipped = skip_assignment(assignment=row, reason=" I know the patient. ", by=cast.gia)
    assert (skipped.released_cause, skipped.skip_reason) == ("skipped", "I know the patient.")
    assert taken(row) == (1, 2)
    assert not Assignment.objects.live().filter(pk=row.pk).exists()
    assert (row.grades.count(), row.events.count()) == (3, 3)
    assert AuditEvent.objects.get(verb="grade:skip").why == "I know the patient."
    with pytest.raises(NotReady, match="You skipped this answer"):
        save_grades(assignment=row, verdicts=ALL, by=cast.gia)


def test_skipping_twice_gives_one_place_back(cast: Cast, session: GradingSession) -> None:
    row = assignment_of(cast.gia, session)
    for reason in ("First.", "Second."):
        skip_assignment(assignment=row, reason=reason, by=cast.gia)
    row.refresh_from_db()
    assert (taken(row), row.skip_reason) == ((1, 2), "First.")


def test_a_skip_is_undone_while_the_place_is_free(cast: Cast, session: GradingSession) -> None:
    row = assignment_of(cast.gia, session)
    save_grades(assignment=row, verdicts=ALL, by=cast.gia)
    skip_assignment(assignment=row, reason="Unsure.", by=cast.gia)
    for _time in range(2):
        back = undo_skip(assignment=row, by=cast.gia)
        assert (back.released_at, back.released_cause, back.skip_reason, back.lease_until) == (
            None,
            "",
            "",
            None,
        )
        assert taken(row) == (2, 2)
    assert back.done_at is not None
    assert AuditEvent.objects.filter(verb="grade:undo-skip").count() == 1


def test_a_skip_stays_when_somebody_else_took_the_place(cast: Cast) -> None:
    session = make_session(cast, graders=[cast.gia, cast.geo], overlap=1)
    row = Assignment.objects.filter(session=session, rater__user=cast.gia).first()
    skip_assignment(assignment=row, reason="Unsure.", by=cast.gia)
    claimed = claim_assignment(session=session, by=cast.geo)
    assert claimed.response_id == row.response_id
    with pytest.raises(Conflict, match="Somebody else took this answer"):
        undo_skip(assignment=row, by=cast.gia)
    assert taken(row) == (1, 1)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1_001])
def test_a_skip_and_a_flag_say_why(cast: Cast, session: GradingSession, reason: str) -> None:
    row = assignment_of(cast.gia, session)
    with pytest.raises(BadInput):
        skip_assignment(assignment=row, reason=reason, by=cast.gia)
    with pytest.raises(BadInput):
        flag_assignment(assignment=row, note=reason, by=cast.gia)
    assert taken(row) == (2, 2)


def test_calibration_answers_cant_be_skipped(cast: Cast, session: GradingSession) -> None:
    row = assignment_of(cast.gia, session)
    Assignment.objects.filter(pk=row.pk).update(is_calibration=True)
    with pytest.raises(BadInput, match="Everybody grades the practice answers"):
        skip_assignment(assignment=row, reason="Unsure.", by=cast.gia)


def test_the_place_of_a_third_opinion_goes_with_it(cast: Cast, session: GradingSession) -> None:
    """It was made for one person: nobody may take it from the rest."""
    row = assignment_of(cast.gia, session)
    Assignment.objects.filter(pk=row.pk).update(asked=[1])
    skip_assignment(assignment=row, reason="Unsure.", by=cast.gia)
    assert taken(row) == (1, 1)
    undo_skip(assignment=row, by=cast.gia)
    assert taken(row) == (2, 2)


def test_only_the_grader_and_only_while_grading_lasts(cast: Cast, session: GradingSession) -> None:
    row = assignment_of(cast.gia, session)
    acts = (
        lambda by: skip_assignment(assignment=row, reason="No.", by=by),
        lambda by: undo_skip(assignment=row, by=by),
        lambda by: flag_assignment(assignment=row, note="No.", by=by),
        lambda by: unflag_assignment(assignment=row, by=by),
    )
    for act in acts:
        with pytest.raises(NotAllowed, match="somebody else"):
            act(cast.gus)
    end_grading(session=session, by=cast.lou)
    for act in acts:
        with pytest.raises(NotReady, match="Grading has ended"):
            act(cast.gia)
    assert taken(row) == (2, 2)


def test_a_flag_comes_with_a_note_and_goes_again(cast: Cast, session: GradingSession) -> None:
    row = assignment_of(cast.gia, session)
    first = flag_assignment(assignment=row, note=" The table is cut off. ", by=cast.gia)
    assert first.flag_note == "The table is cut off."
    second = flag_assignment(assignment=row, note="And it names its maker.", by=cast.gia)
    assert (second.flagged_at, second.flag_note) == (first.flagged_at, "And it names its maker.")
    for _time in range(2):
        flag_assignment(assignment=row, note="And it names its maker.", by=cast.gia)
    for _time in range(2):
        gone = unflag_assignment(assignment=row, by=cast.gia)
        assert (gone.flagged_at, gone.flag_note) == (None, "")
    assert AuditEvent.objects.filter(verb="grade:flag").count() == 2
    assert AuditEvent.objects.filter(verb="grade:unflag").count() == 1


def test_another_front_end_skips_undoes_and_flags(cast: Cast, session: GradingSession) -> None:
    gia, place = Caller(cast.gia), f"sessions/{session.pk}/items/2/"
    standing = gia.post(f"{place}skip/", {"reason": "I know the patient."})
    assert standing.json() == {"judged": 0, "criteria": 3, "done": 0, "total": 3, "next_position": 3}
    assert gia.get(place).status_code == 404
    refused = gia.put(f"{place}grades/", {"verdicts": [{"criterion_index": 0, "verdict": "met"}]})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
    assert gia.send("DELETE", f"{place}skip/").json()["total"] == 4
    assert gia.put(f"{place}flag/", {"note": "Look here."}).status_code == 200
    assert gia.get(place).json()["flag_note"] == "Look here."
    assert gia.send("DELETE", f"{place}flag/").status_code == 200
    assert gia.get(place).json()["flag_note"] == ""
    assert gia.post(f"{place}skip/", {}).status_code == 422
    assert gia.post(f"sessions/{session.pk}/items/99/skip/", {"reason": "No."}).status_code == 404
    assert Caller(cast.lou).post(f"{place}skip/", {"reason": "No."}).status_code == 404


def test_the_next_answer_leaves_out_what_was_skipped(cast: Cast, session: GradingSession) -> None:
    give(cast.gia, session, positions=[1])
    skip_assignment(assignment=assignment_of(cast.gia, session, 2), reason="No.", by=cast.gia)
    assert Caller(cast.gia).get(f"sessions/{session.pk}/next/").json()["position"] == 3


def test_the_lead_reads_what_graders_flagged_and_why_they_skipped(
    cast: Cast, session: GradingSession, as_user
) -> None:
    """With the answer, and with neither the grader nor the system; the same by API."""
    flagged, skipped = assignment_of(cast.gia, session, 1), assignment_of(cast.gus, session, 2)
    flag_assignment(assignment=flagged, note="The limit looks outdated.", by=cast.gia)
    skip_assignment(assignment=skipped, reason="I treated this patient.", by=cast.gus)
    number = answer_numbers(session)[flagged.response_id]
    page = as_user(cast.lou).get(reverse("annotations:session-detail", args=[session.pk])).content.decode()
    panel = page[page.index('id="set-aside"') :]
    panel = panel[: panel.index("</section>")]
    for words in ("The limit looks outdated.", "I treated this patient.", f", answer {number}</small>"):
        assert words in panel
    assert "Gia" not in panel and "Gus" not in panel and "-run-" not in panel
    assert "1 place has no grader" in page

    rows = Caller(cast.lou).get(f"sessions/{session.pk}/set-aside/").json()
    assert [(row["is_skipped"], row["note"], row["text"]) for row in rows] == [
        (False, "The limit looks outdated.", flagged.response.completion),
        (True, "I treated this patient.", skipped.response.completion),
    ]
    assert set(rows[0]) == {"answer", "prompt_id", "is_skipped", "note", "text"}
    unflag_assignment(assignment=flagged, by=cast.gia)
    undo_skip(assignment=skipped, by=cast.gus)
    assert (
        'id="set-aside"'
        not in as_user(cast.lou)
        .get(reverse("annotations:session-detail", args=[session.pk]))
        .content.decode()
    )


def test_a_lead_who_grades_reads_no_colleagues_words_before_the_end(cast: Cast, as_user) -> None:
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    session = make_session(cast, graders=[cast.gia, cast.lou])
    flag_assignment(
        assignment=assignment_of(cast.gia, session), note="The limit looks outdated.", by=cast.gia
    )
    address = reverse("annotations:session-detail", args=[session.pk])
    page = as_user(cast.lou).get(address).content.decode()
    assert "outdated" not in page and "shown when grading has ended" in page
    assert Caller(cast.lou).get(f"sessions/{session.pk}/set-aside/").json() == []
    end_grading(session=session, by=cast.lou)
    assert "outdated" in as_user(cast.lou).get(address).content.decode()
