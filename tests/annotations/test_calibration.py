"""Calibration: answers everybody grades first, what is right about them, and that they count for nothing else."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from annotations.access import blinded_run_ids
from annotations.frames import session_units
from annotations.models import (
    Assignment,
    Desk,
    GoldVerdict,
    GradingSession,
    LabelStudioConnection,
    SessionItem,
    SessionState,
)
from annotations.selectors.calibration import Gold, calibration_items, gold_progress
from annotations.selectors.session_plan import plan_session
from annotations.selectors.sessions import rater_progress
from annotations.services.calibration import set_gold_verdicts
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.sessions import (
    CalibrationPlan,
    GraderPlan,
    close_session,
    discard_session,
    end_grading,
    open_session,
    start_session,
)
from annotations.session_choices import SessionChoices
from builder.common.errors import BadInput, NotAllowed, NotReady
from builder.models import Membership, Role
from exports.models import Release, RunState
from tests.annotations.graded import graded
from tests.annotations.rows import cases, give, make_release, make_run, write_gold
from tests.api_client import Caller
from tests.cast import Cast

CANARY = "zqcanary"


@pytest.fixture
def release(cast: Cast) -> Release:
    """Five cases of two criteria, answered by two runs whose names must not be shown."""
    made = make_release(cast, contents=cases(5, 2))
    for name in ("one", "two"):
        make_run(made, f"{CANARY}-{name}", by=cast.lou, model=f"{CANARY}-model")
    return made


def planned(cast: Cast, release: Release, n: int = 2, **options: Any) -> GradingSession:
    """Plan a session of Gia and Gus with calibration answers."""
    given = {"graders": [cast.gia, cast.gus], "calibration": CalibrationPlan(n), "by": cast.lou, **options}
    return open_session(release=release, runs=list(release.runs.order_by("pk")), **given)


def closed_source(cast: Cast, release: Release) -> GradingSession:
    """Close a session over a third run: cases 0 to 2 are decided, 3 is tied on a criterion, 4 lacks a verdict."""
    make_run(release, "source", by=cast.lou)
    said = {
        (0, 1): ["++", "++"],
        (1, 1): ["+o", "+o"],
        (2, 1): ["oo", "oo"],
        (3, 1): ["++", "+o"],
        (4, 1): ["+.", "+."],
    }
    session = graded(cast, release, {"source": said}, graders=[cast.gia, cast.gus], close=False)
    for assignment in session.assignments.filter(rater__user=cast.gia, response__item__position=1):
        assignment.grades.filter(criterion_index=1).update(explanation="The ECG came too late.")
    close_session(session=session, reason="Done.", by=cast.lou)
    return session


def first_answers(session: GradingSession, person: Any) -> list[int]:
    """Return a grader's calibration answers in their order."""
    rows = Assignment.objects.filter(session=session, rater__user=person, is_calibration=True)
    return list(rows.order_by("position").values_list("response", flat=True))


def test_a_session_waits_for_its_gold_verdicts(cast: Cast, release: Release) -> None:
    session = planned(cast, release)
    assert (session.state, session.opened_at) == (SessionState.DRAFT, None)
    assert not session.assignments.exists()
    with pytest.raises(NotReady, match="2 practice answers still lack a verdict"):
        start_session(session=session, by=cast.lou)
    write_gold(session, by=cast.lou)
    session = start_session(session=session, by=cast.lou)
    assert session.state == SessionState.OPEN and session.opened_at is not None
    with pytest.raises(NotReady, match="Only a planned session"):
        start_session(session=session, by=cast.lou)


def test_calibration_comes_first_and_is_the_same_for_everybody(cast: Cast, release: Release) -> None:
    """10 answers, 2 for calibration: each grader has 2 + 8."""
    session = planned(cast, release)
    write_gold(session, by=cast.lou)
    start_session(session=session, by=cast.lou)
    chosen = {item.response_id for item in calibration_items(session)}
    for person in (cast.gia, cast.gus):
        assert set(first_answers(session, person)) == chosen
        rows = session.assignments.filter(rater__user=person).order_by("position")
        assert [row.is_calibration for row in rows] == [True] * 2 + [False] * 8
        assert [row.position for row in rows] == list(range(1, 11))
    assert {(item.overlap, item.taken) for item in calibration_items(session)} == {(2, 2)}
    progress = rater_progress(session, cast.lou, with_names=False)
    assert [(rater.total, rater.calibration_total) for rater in progress] == [(8, 2), (8, 2)]


def test_it_counts_for_no_score(cast: Cast, release: Release) -> None:
    session = planned(cast, release)
    write_gold(session, by=cast.lou)
    start_session(session=session, by=cast.lou)
    give(cast.gia, session)
    chosen = {item.response_id for item in calibration_items(session)}
    counted = set(session_units(session).response.tolist())
    assert len(counted) == 8 and not counted & chosen


def test_who_wrote_what_is_right_gets_no_calibration(cast: Cast, release: Release) -> None:
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    session = planned(cast, release, graders=[cast.lou, cast.gia])
    write_gold(session, by=cast.lou)
    start_session(session=session, by=cast.lou)
    assert first_answers(session, cast.lou) == [] and len(first_answers(session, cast.gia)) == 2
    assert session.assignments.filter(rater__user=cast.lou).order_by("position").first().position == 1
    assert {(item.overlap, item.taken) for item in calibration_items(session)} == {(1, 1)}


def test_graders_in_label_studio_have_none(cast: Cast, release: Release) -> None:
    session = planned(cast, release)
    session.session_raters.filter(rater__user=cast.gus).update(desk=Desk.LABEL_STUDIO)
    write_gold(session, by=cast.lou)
    with pytest.raises(BadInput, match="no Label Studio connected"):
        start_session(session=session, by=cast.lou)
    LabelStudioConnection.objects.create(
        department=cast.department,
        url="http://ls.example.org",
        token="t",
        webhook_secret="s",
        saved_by=cast.lou,
    )
    start_session(session=session, by=cast.lou)
    assert first_answers(session, cast.gus) == [] and len(first_answers(session, cast.gia)) == 2


def test_a_closed_session_says_what_is_right(cast: Cast, release: Release) -> None:
    """Of its five answers three are decided on every criterion; they weren't to be graded otherwise."""
    source = closed_source(cast, release)
    runs = list(release.runs.exclude(name="source").order_by("pk"))
    session = open_session(
        release=release,
        runs=runs,
        graders=[cast.gia, cast.geo],
        calibration=CalibrationPlan(3, source),
        by=cast.lou,
    )
    assert session.state == SessionState.OPEN
    items = {item.response.item.position: item for item in calibration_items(session)}
    assert items.keys() == {0, 1, 2}
    assert all(item.response.run.name == "source" for item in items.values())
    gold = {
        place: [row.verdict for row in item.gold.order_by("criterion_index")] for place, item in items.items()
    }
    assert gold == {0: ["met", "met"], 1: ["met", "not_met"], 2: ["not_met", "not_met"]}
    assert items[1].gold.get(criterion_index=1).explanation == "The ECG came too late."
    assert SessionItem.objects.filter(session=session, is_calibration=False).count() == 10
    with pytest.raises(BadInput, match="has only 3 answers with every verdict decided"):
        open_session(
            release=release,
            runs=runs,
            graders=[cast.gia],
            calibration=CalibrationPlan(4, source),
            by=cast.lou,
        )


def test_answers_that_are_graded_anyway_come_last_and_leave_the_scores(cast: Cast, release: Release) -> None:
    """The session grades the source's own run: its three decided answers calibrate, and two are left."""
    source = closed_source(cast, release)
    run = release.runs.get(name="source")
    choices = SessionChoices(
        release=release, runs=[run], graders=[GraderPlan(cast.gia)], calibration=CalibrationPlan(3, source)
    )
    plan = plan_session(choices, cast.lou)
    assert (plan.answers, plan.calibration.lost, plan.loads[0].answers, plan.loads[0].calibration) == (
        2,
        3,
        5,
        3,
    )


def test_the_runs_of_calibration_answers_are_hidden_too(cast: Cast, release: Release) -> None:
    """Lou leads and grades: which system wrote a calibration answer stays hidden although its session is closed."""
    source = closed_source(cast, release)
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    runs = list(release.runs.exclude(name="source").order_by("pk"))
    open_session(
        release=release,
        runs=runs,
        graders=[cast.lou, cast.gia],
        calibration=CalibrationPlan(2, source),
        by=cast.lou,
    )
    assert set(blinded_run_ids(cast.lou)) == {run.pk for run in release.runs.all()}


@pytest.mark.parametrize(
    ("n", "sentence"), [(0, "from 1 to 100"), (101, "from 1 to 100"), (11, "Only 10 answers can be used")]
)
def test_numbers_that_cannot_be_are_refused(cast: Cast, release: Release, n: int, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        planned(cast, release, n)
    assert not GradingSession.objects.exists()


def test_all_answers_for_calibration_leave_nothing_to_grade(cast: Cast, release: Release) -> None:
    with pytest.raises(NotReady, match="no answers to grade"):
        planned(cast, release, 10)


def test_a_source_must_be_closed_and_of_the_same_release(cast: Cast, release: Release) -> None:
    other = make_release(cast, name="other", contents=cases(4, 2))
    source = graded(cast, other, {make_run(other, "elsewhere", by=cast.lou).name: {}}, graders=[cast.gia])
    still_open = planned(cast, release)
    for wrong in (source, still_open):
        with pytest.raises(BadInput, match="isn’t a closed session of this release"):
            planned(cast, release, calibration=CalibrationPlan(1, wrong))


def test_a_design_that_cannot_be_is_refused_before_gold_is_written(cast: Cast, release: Release) -> None:
    with pytest.raises(BadInput, match="asked for 9"):
        planned(cast, release, min_shared=9)
    assert not GradingSession.objects.exists()


def test_gold_is_written_changed_and_taken_back_until_the_session_opens(cast: Cast, release: Release) -> None:
    session = planned(cast, release)
    item = calibration_items(session)[0]
    assert set_gold_verdicts(item=item, verdicts={0: Gold("met", " Early. ")}, by=cast.lou) == 1
    assert item.gold.get().explanation == "Early."
    assert set_gold_verdicts(item=item, verdicts={0: Gold("not_met"), 1: Gold("met")}, by=cast.lou) == 2
    assert set_gold_verdicts(item=item, verdicts={1: Gold("")}, by=cast.lou) == 1
    assert [(row.written, row.is_done) for row in gold_progress(session)] == [(1, False), (0, False)]
    for wrong, sentence in (
        ({2: Gold("met")}, "no criterion 3"),
        ({0: Gold("cannot_judge")}, "met or not_met"),
        ({0: Gold("", "Why")}, "a reason but no verdict"),
    ):
        with pytest.raises(BadInput, match=sentence):
            set_gold_verdicts(item=item, verdicts=wrong, by=cast.lou)
    other = SessionItem.objects.filter(session=session, is_calibration=False).first()
    with pytest.raises(BadInput, match="isn’t a practice answer"):
        set_gold_verdicts(item=other, verdicts={0: Gold("met")}, by=cast.lou)
    for person in (cast.ana, cast.gia, cast.ola, cast.eve):
        with pytest.raises(NotAllowed):
            set_gold_verdicts(item=item, verdicts={0: Gold("met")}, by=person)
    write_gold(session, by=cast.lou)
    start_session(session=session, by=cast.lou)
    with pytest.raises(NotReady, match="can’t be changed any more"):
        set_gold_verdicts(item=item, verdicts={0: Gold("met")}, by=cast.lou)


def test_a_run_or_role_lost_meanwhile_keeps_the_session_shut(cast: Cast, release: Release) -> None:
    session = planned(cast, release)
    write_gold(session, by=cast.lou)
    Membership.objects.filter(user=cast.gus, role=Role.GRADER).delete()
    with pytest.raises(BadInput, match="gus@example"):
        start_session(session=session, by=cast.lou)
    Membership.objects.create(user=cast.gus, department=cast.department, role=Role.GRADER)
    release.runs.update(state=RunState.WITHDRAWN)
    with pytest.raises(NotReady, match="is not ready"):
        start_session(session=session, by=cast.lou)


def test_a_planned_session_can_be_thrown_away_but_not_closed(cast: Cast, release: Release) -> None:
    session = planned(cast, release)
    write_gold(session, by=cast.lou)
    with pytest.raises(NotReady, match="isn’t open yet"):
        close_session(session=session, reason="No.", by=cast.lou)
    with pytest.raises(NotReady, match="Only an open session"):
        end_grading(session=session, by=cast.lou)
    discard_session(session=session, by=cast.lou)
    assert not GradingSession.objects.exists() and not GoldVerdict.objects.exists()


def test_graders_know_nothing_of_a_planned_session(cast: Cast, release: Release, as_user) -> None:
    session = planned(cast, release)
    client = as_user(cast.gia)
    assert client.get(reverse("annotations:grade", args=[session.pk])).status_code == 404
    assert f"Grading session {session.pk}" not in client.get(reverse("builder:my-work")).content.decode()


def test_the_pages_lead_from_the_plan_to_the_open_session(cast: Cast, release: Release, as_user) -> None:
    client = as_user(cast.lou)
    sent = {
        "runs": [run.pk for run in release.runs.all()], "graders": [cast.gia.pk, cast.gus.pk], "overlap": 2, "seed": 7,
        "calibration": "own", "calibration_n": 2, "act": "plan",
    }  # fmt: skip
    address = reverse("annotations:session-set-up", args=[release.pk])
    plan = client.post(address, sent)
    assert "Plan the session" in plan.content.decode()
    assert "2 answers of these runs are used for it and left out of the scores" in plan.content.decode()
    opened = client.post(address, {**sent, "act": "open", "planned": plan.context["plan"].digest})
    session = GradingSession.objects.get()
    listed = reverse("annotations:calibration", args=[session.pk])
    assert opened.url == listed
    refused = client.post(listed)
    assert refused.status_code == 409
    assert "still lack a verdict" in refused.content.decode()
    for place in (1, 2):
        page = reverse("annotations:calibration-item", args=[session.pk, place])
        shown = client.get(page).content.decode()
        assert CANARY not in shown and "Record an ECG now" in shown
        wrong = client.post(page, {"why-0": "A reason alone"})
        assert (wrong.status_code, "a reason but no verdict" in wrong.content.decode()) == (422, True)
        saved = client.post(page, {"verdict-0": "met", "why-0": "It says so.", "verdict-1": "not_met"})
        assert saved.status_code == 302
    assert "<b>2 of 2</b>" in client.get(listed).content.decode()
    assert client.post(listed).url == reverse("annotations:session-detail", args=[session.pk])
    detail = client.get(reverse("annotations:session-detail", args=[session.pk])).content.decode()
    assert "0 of 2" in detail and "<b>0 of 16</b>" in detail
    page = client.get(reverse("annotations:calibration-item", args=[session.pk, 1])).content.decode()
    assert "It says so." in page and "<textarea" not in page
    assert client.get(reverse("annotations:calibration-item", args=[session.pk, 3])).status_code == 404


def test_the_api_does_the_same(cast: Cast, release: Release) -> None:
    lou = Caller(cast.lou)
    body = {
        "release": release.label, "runs": [run.name for run in release.runs.all()],
        "graders": ["gia@example.org", "gus@example.org"], "calibration": {"n": 1},
    }  # fmt: skip
    made = lou.post("sessions/", body)
    assert (made.status_code, made.json()["state"]) == (201, "draft"), made.content
    address = f"sessions/{made.json()['id']}/"
    assert lou.get(address + "calibration/").json()["results"] == [{"place": 1, "criteria": 2, "written": 0}]
    assert lou.post(address + "start/").status_code == 409
    shown = lou.get(address + "calibration/1/")
    assert CANARY not in shown.content.decode()
    gold = {"verdicts": [{"criterion_index": n, "verdict": "met", "explanation": "So."} for n in (0, 1)]}
    saved = lou.put(address + "calibration/1/", gold).json()
    assert [row["verdict"] for row in saved["criteria"]] == ["met", "met"]
    assert lou.put(address + "calibration/2/", gold).status_code == 404
    assert lou.put(address + "calibration/1/", {"verdicts": []}).status_code == 422
    assert lou.post(address + "start/").json()["state"] == "open"
    assert lou.put(address + "calibration/1/", gold).status_code == 409
    raters = lou.get(address).json()["raters"]
    assert [(rater["total"], rater["calibration_total"], rater["desk"]) for rater in raters] == [
        (9, 1, "in-app")
    ] * 2
    other = lou.post("sessions/", body).json()["id"]
    assert lou.client.delete(f"/api/v1/sessions/{other}/").status_code == 204
    assert lou.client.delete(f"/api/v1/{address}").status_code == 409
    for user, status in ((cast.ana, 403), (cast.gia, 404), (cast.eve, 404)):
        assert Caller(user).get(address + "calibration/1/").status_code == status


def test_the_command_plans_and_takes_from_a_closed_session(cast: Cast, release: Release) -> None:
    source = closed_source(cast, release)
    words = ["open_session", "--release", release.label, "--run", f"{CANARY}-one", "--by", cast.lou.email]
    people = ["--grader", cast.gia.email, cast.gus.email]
    out, err = StringIO(), StringIO()
    call_command(
        *words, *people, "--calibration", "2", "--calibration-from", str(source.pk), stdout=out, stderr=err
    )
    session = GradingSession.objects.get(pk=int(out.getvalue()))
    assert session.state == SessionState.OPEN and calibration_items(session).count() == 2
    out, err = StringIO(), StringIO()
    call_command(*words, *people, "--calibration", "2", stdout=out, stderr=err)
    session = GradingSession.objects.get(pk=int(out.getvalue()))
    assert session.state == SessionState.DRAFT
    assert f"/sessions/{session.pk}/calibration/" in err.getvalue()


def test_feedback_is_only_asked_of_who_judged(cast: Cast, release: Release) -> None:
    """A calibration answer is done like any other: when every criterion has a verdict."""
    session = planned(cast, release)
    write_gold(session, by=cast.lou)
    start_session(session=session, by=cast.lou)
    assignment = session.assignments.get(rater__user=cast.gia, position=1)
    saved = save_grades(
        assignment=assignment, verdicts={0: GivenVerdict("met"), 1: GivenVerdict("not_met")}, by=cast.gia
    )
    assert saved.done_at is not None
    progress = rater_progress(session, cast.lou, with_names=False)[0]
    assert (progress.done, progress.calibration_done) == (0, 1)
