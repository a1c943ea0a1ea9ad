"""Who grades in a session and which runs it holds, changed while it lasts: nothing is lost and nobody is unblinded."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Assignment, GradingSession, SessionItem, SessionRater
from annotations.models.grades import GoldVerdict
from annotations.selectors.counted import counted_grades
from annotations.services.grades import GivenVerdict, save_grades, skip_assignment
from annotations.services.members import add_grader, remove_grader, withdraw_session_run
from annotations.services.queue import claim_assignment, waiting_answers
from annotations.services.sessions import close_session, end_grading, start_session
from annotations.session_choices import CalibrationPlan
from builder.common.errors import BadInput, Conflict, NotAllowed, NotReady
from builder.models import AuditEvent, Membership, Role
from exports.models import Run
from tests.annotations.rows import assignment_of, give, make_session, write_gold
from tests.api_client import Caller
from tests.cast import Cast
from tests.costs import queries_of

ALL = {index: GivenVerdict("met") for index in range(3)}
WHY = "On leave."


@pytest.fixture
def session(cast: Cast) -> GradingSession:
    """Gia and Gus grade the same four answers of two runs."""
    return make_session(cast)


def rater_of(session: GradingSession, person) -> SessionRater:  # type: ignore[no-untyped-def]
    """Return somebody's place among the session's raters."""
    return SessionRater.objects.select_related("rater").get(session=session, rater__user=person)


def remove(session: GradingSession, cast: Cast, **fields) -> int:  # type: ignore[no-untyped-def]
    """Let Lou remove Gia."""
    given = {"rater": rater_of(session, cast.gia).rater, "reason": WHY, "by": cast.lou, **fields}
    return remove_grader(session=session, **given)


def test_what_a_removed_grader_finished_counts_and_the_rest_is_free(
    cast: Cast, session: GradingSession
) -> None:
    give(cast.gia, session, positions=[1, 2])
    save_grades(
        assignment=assignment_of(cast.gia, session, 3), verdicts={0: GivenVerdict("met")}, by=cast.gia
    )
    assert remove(session, cast) == 2
    own = Assignment.objects.filter(session=session, rater__user=cast.gia)
    assert list(own.values_list("position", "released_cause")) == [
        (1, ""),
        (2, ""),
        (3, "removed"),
        (4, "removed"),
    ]
    assert sorted(SessionItem.objects.filter(session=session).values_list("taken", flat=True)) == [1, 1, 2, 2]
    assert counted_grades([session]).count() == 6
    event = AuditEvent.objects.get(verb="session:remove-grader")
    assert (event.actor, event.why) == (cast.lou, WHY)


def test_a_removed_grader_is_told_and_nothing_is_lost(cast: Cast, session: GradingSession, as_user) -> None:
    """The page was open when it happened: the answer is a sentence, and what was saved before is still there."""
    client, row = as_user(cast.gia), assignment_of(cast.gia, session)
    address = reverse("annotations:grade-save", args=[session.pk, 1])
    client.post(address, {"verdict-0": "met"})
    remove(session, cast)
    refused = client.post(address, {"verdict-1": "met", "note-1": "Half of it"})
    assert refused.status_code == 409
    assert refused.json()["message"].startswith("You no longer grade in this session")
    assert row.grades.count() == row.events.count() == 1
    assert client.get(reverse("annotations:session-detail", args=[session.pk])).status_code == 404


def test_a_removed_grader_who_returns_goes_on_with_what_nobody_took(
    cast: Cast, session: GradingSession
) -> None:
    give(cast.gia, session, positions=[1])
    remove(session, cast)
    add_grader(session=session, user=cast.geo, by=cast.lou)
    taken = claim_assignment(session=session, by=cast.geo)
    member = add_grader(session=session, user=cast.gia, by=cast.lou)
    own = Assignment.objects.filter(session=session, rater__user=cast.gia)
    assert member.removed_at is None
    assert own.live().count() == 3
    assert own.get(response=taken.response_id).released_cause == "removed"
    with pytest.raises(NotReady, match="went back to the others"):
        save_grades(assignment=own.get(response=taken.response_id), verdicts=ALL, by=cast.gia)
    give_all_live(cast, session)
    assert set(SessionItem.objects.filter(session=session).values_list("taken", flat=True)) == {2}


def give_all_live(cast: Cast, session: GradingSession) -> None:
    """Let Gia grade what is hers."""
    for row in Assignment.objects.of_grader(cast.gia).filter(session=session):
        save_grades(assignment=row, verdicts=ALL, by=cast.gia)


def test_somebody_new_takes_from_the_rest_alone(cast: Cast, session: GradingSession) -> None:
    member = add_grader(session=session, user=cast.geo, by=cast.lou, reason="Gia is slow.")
    assert (member.position, member.desk, member.quota) == (3, "in-app", None)
    assert not Assignment.objects.filter(session=session, rater__user=cast.geo).exists()
    assert waiting_answers(session, cast.geo) == 0
    skip_assignment(assignment=assignment_of(cast.gia, session), reason="No.", by=cast.gia)
    assert waiting_answers(session, cast.geo) == 1
    assert AuditEvent.objects.get(verb="session:add-grader").why == "Gia is slow."


def test_somebody_new_grades_the_calibration_answers_first(cast: Cast, session: GradingSession) -> None:
    """Not who wrote what is right in them."""
    items = SessionItem.objects.filter(session=session).order_by("pk")[:2]
    SessionItem.objects.filter(pk__in=[item.pk for item in items]).update(is_calibration=True)
    add_grader(session=session, user=cast.geo, by=cast.lou)
    own = Assignment.objects.filter(session=session, rater__user=cast.geo)
    assert list(own.values_list("position", "is_calibration")) == [(1, True), (2, True)]
    assert list(SessionItem.objects.filter(is_calibration=True).values_list("taken", "overlap")) == [
        (3, 3),
        (3, 3),
    ]
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    GoldVerdict.objects.create(item=items[0], criterion_index=0, verdict="met", by=cast.lou)
    add_grader(session=session, user=cast.lou, by=cast.lou)
    assert not Assignment.objects.filter(session=session, rater__user=cast.lou).exists()


def test_a_withdrawn_runs_answers_leave_every_queue_and_count(cast: Cast, session: GradingSession) -> None:
    give(cast.gia, session)
    run = session.runs.first()
    withdraw_session_run(session=session, run=run, reason="The wrong model.", by=cast.lou)
    assert Assignment.objects.of_grader(cast.gus).filter(session=session).count() == 2
    assert not Assignment.objects.of_grader(cast.gus).filter(response__run=run).exists()
    assert counted_grades([session]).count() == 6
    row = Assignment.objects.filter(session=session, rater__user=cast.gus, response__run=run).first()
    with pytest.raises(NotReady, match="taken out of the session"):
        save_grades(assignment=row, verdicts=ALL, by=cast.gus)
    row = Assignment.objects.filter(session=session, rater__user=cast.gia, response__run=run).first()
    assert row.grades.count() == 3
    with pytest.raises(BadInput, match="last run"):
        withdraw_session_run(
            session=session, run=session.runs.exclude(pk=run.pk).get(), reason="Too.", by=cast.lou
        )
    with pytest.raises(Conflict, match="withdrawn from the session already"):
        withdraw_session_run(session=session, run=run, reason="Again.", by=cast.lou)


def test_what_cant_be_is_refused_with_a_sentence(cast: Cast, session: GradingSession) -> None:
    other = make_session(cast)
    for sentence, act in (
        ("Say why the grader", lambda: remove(session, cast, reason=" ")),
        ("doesn’t grade in this session", lambda: remove(session, cast, rater=_rater(cast))),
        (
            "Say why the run",
            lambda: withdraw_session_run(session=session, run=_run(session), reason="", by=cast.lou),
        ),
        (
            "isn’t part of this",
            lambda: withdraw_session_run(session=session, run=_run(other), reason=WHY, by=cast.lou),
        ),
        ("the role of grader", lambda: add_grader(session=session, user=cast.ada, by=cast.lou)),
        (
            "grades in these pages",
            lambda: add_grader(session=session, user=cast.geo, desk="label-studio", by=cast.lou),
        ),
    ):
        with pytest.raises(BadInput, match=sentence):
            act()
    with pytest.raises(Conflict, match="grades in this session already"):
        add_grader(session=session, user=cast.gus, by=cast.lou)
    remove(session, cast)
    with pytest.raises(Conflict, match="removed already"):
        remove(session, cast)


def _rater(cast: Cast):  # type: ignore[no-untyped-def]
    from annotations.services.session_rows import rater_for_person

    return rater_for_person(cast.geo)


def _run(session: GradingSession) -> Run:
    return session.runs.order_by("pk")[0]


@pytest.mark.parametrize("ending", ["adjudicating", "closed", "imported"])
def test_after_the_end_members_stay_as_they_are(cast: Cast, session: GradingSession, ending: str) -> None:
    if ending == "adjudicating":
        end_grading(session=session, by=cast.lou)
    elif ending == "closed":
        close_session(session=session, reason="Done.", by=cast.lou)
    else:
        GradingSession.objects.update(kind="imported")
    for act in (
        lambda: remove(session, cast),
        lambda: add_grader(session=session, user=cast.geo, by=cast.lou),
        lambda: withdraw_session_run(session=session, run=_run(session), reason=WHY, by=cast.lou),
    ):
        with pytest.raises(NotReady, match="Grading has ended"):
            act()


def test_only_who_leads_changes_members(cast: Cast, session: GradingSession) -> None:
    for person in (cast.gia, cast.ana, cast.ola):
        with pytest.raises(NotAllowed):
            remove(session, cast, by=person)
        with pytest.raises(NotAllowed):
            add_grader(session=session, user=cast.geo, by=person)
        with pytest.raises(NotAllowed):
            withdraw_session_run(session=session, run=_run(session), reason=WHY, by=person)


def people(session: GradingSession) -> str:
    """Return the page's address."""
    return reverse("annotations:session-people", args=[session.pk])


def test_the_page_adds_removes_and_withdraws(cast: Cast, session: GradingSession, as_user) -> None:
    client: Client = as_user(cast.lou)
    page = client.get(people(session)).content.decode()
    assert "grader-1" in page
    assert "Every answer has its graders." in page
    gone = reverse("annotations:session-grader-remove", args=[session.pk, 1])
    question = client.get(gone).content.decode()
    assert "4 answers" in " ".join(question.replace("<b>", "").replace("</b>", "").split())
    assert client.post(gone, {"reason": ""}).status_code == 422
    assert client.post(gone, {"reason": WHY}).url == people(session)
    page = client.get(people(session)).content.decode()
    assert "<b>4 places</b> wait" in page
    assert "(removed)" in page
    assert client.post(people(session), {"grader": ""}).status_code == 422
    assert client.post(people(session), {"grader": str(cast.geo.pk)}).url == people(session)
    run = reverse("annotations:session-run-withdraw", args=[session.pk, 2])
    assert client.post(run, {"reason": ""}).status_code == 422
    assert client.post(run, {"reason": WHY}).url == people(session)
    assert client.post(run, {"reason": WHY}).status_code == 409
    assert "(withdrawn from the session)" in client.get(people(session)).content.decode()
    end_grading(session=session, by=cast.lou)
    page = client.get(people(session)).content.decode()
    assert "Remove" not in page
    assert "Add a grader" not in page.replace('aria-label="Add a grader"', "")


def test_a_lead_who_grades_sees_letters_instead_of_names(cast: Cast, as_user) -> None:
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    session = make_session(cast, graders=[cast.lou, cast.gia])
    Run.objects.filter(sessions=session).update(model="zebra-model")
    names = list(session.runs.values_list("name", flat=True))
    client = as_user(cast.lou)
    withdraw = reverse("annotations:session-run-withdraw", args=[session.pk, 2])
    for answer in (
        client.get(people(session)),
        client.get(withdraw),
        client.post(withdraw, {"reason": WHY}, follow=True),
    ):
        text = answer.content.decode() + str(dict(answer.headers))
        assert answer.status_code == 200
        assert not [name for name in (*names, "zebra-model") if name in text]
        assert "Run B" in text


def test_the_page_costs_the_same_however_many_answers(cast: Cast, as_user) -> None:
    small, large = make_session(cast, n_cases=1), make_session(cast, n_cases=9)
    client = as_user(cast.lou)
    assert queries_of(client, people(small)) == queries_of(client, people(large)) <= 15


def test_programs_change_members_too(cast: Cast, session: GradingSession) -> None:
    lou, place = Caller(cast.lou), f"sessions/{session.pk}/"
    added = lou.post(f"{place}graders/", {"grader": "GEO@example.org"})
    assert added.status_code == 201
    assert len(added.json()["raters"]) == 3
    assert lou.post(f"{place}graders/", {"grader": "ada@example.org"}).status_code == 422
    assert lou.post(f"{place}graders/", {"grader": "geo@example.org"}).status_code == 409
    removed = lou.post(f"{place}graders/1/remove/", {"reason": WHY})
    assert removed.json()["raters"][0]["removed"] is True
    assert lou.post(f"{place}graders/1/remove/", {}).status_code == 422
    assert lou.post(f"{place}graders/9/remove/", {"reason": WHY}).status_code == 404
    assert lou.post(f"{place}runs/1/withdraw/", {"reason": WHY}).status_code == 200
    assert lou.post(f"{place}runs/9/withdraw/", {"reason": WHY}).status_code == 404
    assert session.session_runs.get(position=1).withdrawn_at is not None


def test_a_run_withdrawn_from_a_planned_session_is_given_to_nobody(cast: Cast) -> None:
    planned = make_session(cast, n_cases=3, calibration=CalibrationPlan(1))
    first, second = planned.runs.order_by("session_runs__position")
    withdraw_session_run(session=planned, run=first, reason="Wrong file.", by=cast.lou)
    write_gold(planned, by=cast.lou)
    start_session(session=planned, by=cast.lou)
    given = Assignment.objects.filter(session=planned, is_calibration=False)
    assert set(given.values_list("response__run", flat=True)) == {second.pk}
