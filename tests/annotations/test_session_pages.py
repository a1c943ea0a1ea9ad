"""The lead's pages: the list, setting a session up, its progress, ending and closing it."""

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse

from annotations.models import GradingSession, LabelStudioConnection, SessionState
from annotations.services.sessions import CalibrationPlan, close_session, end_grading, open_session
from builder.common import clock
from builder.models import Membership, Role
from exports.models import Release, ReleaseState, Run, Stage
from tests.annotations.graded import answered
from tests.annotations.rows import give, make_release, make_run, make_session
from tests.cast import Cast
from tests.costs import queries_of


def page_of(client, name: str, *args: int) -> str:  # type: ignore[no-untyped-def]
    """Return a page's text."""
    response = client.get(reverse(f"annotations:{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def choices(cast: Cast, chosen: list[Run], **changed: object) -> dict[str, object]:
    """Return the set-up form as a lead would fill it in."""
    sent = {
        "runs": [run.pk for run in chosen], "graders": [cast.gia.pk, cast.gus.pk], "overlap": 2, "seed": 7,
        "show_reference": "on", "act": "plan",
    }  # fmt: skip
    return {**sent, **changed}


@pytest.fixture
def release(cast: Cast) -> Release:
    """A release of two cases that two runs answer."""
    release = make_release(cast)
    make_run(release, "m1", by=cast.lou, model="Model One")
    make_run(release, "m2", by=cast.lou)
    return release


def test_leads_analysts_and_administrators_read_the_list(cast: Cast, as_user) -> None:
    session = make_session(cast)
    give(cast.gia, session, positions=[1, 2, 3])
    for person in (cast.lou, cast.ana, cast.ola):
        page = page_of(as_user(person), "session-list")
        assert f"Session {session.pk}" in page
        assert "3 of 8" in page
    for person in (cast.gia, cast.ada, cast.eve):
        assert f"Session {session.pk}" not in page_of(as_user(person), "session-list")


def test_only_leads_are_offered_to_open_one(cast: Cast, as_user) -> None:
    address = reverse("annotations:session-new")
    assert address in page_of(as_user(cast.lou), "session-list")
    assert address not in page_of(as_user(cast.ana), "session-list")


def test_a_new_session_begins_with_the_release(cast: Cast, as_user, release: Release) -> None:
    empty, withdrawn = make_release(cast, name="empty"), make_release(cast, name="gone")
    ReleaseState.objects.create(release=withdrawn, stage=Stage.WITHDRAWN, by=cast.lou)
    page = page_of(as_user(cast.lou), "session-new")
    assert reverse("annotations:session-set-up", args=[release.pk]) in page
    assert "2 runs to choose from" in page
    assert reverse("annotations:session-set-up", args=[empty.pk]) not in page
    assert "no run to choose from yet" in page
    assert "gone==1.0.0" not in page
    for person in (cast.ana, cast.ola, cast.eve):
        assert "chest-pain" not in page_of(as_user(person), "session-new")


def test_the_plan_is_shown_before_the_session_opens(cast: Cast, as_user, release: Release) -> None:
    """Two cases × two runs make 4 answers of 3 criteria: 12 units; with overlap 1 two graders share 12 verdicts."""
    client, address = as_user(cast.lou), reverse("annotations:session-set-up", args=[release.pk])
    response = client.post(address, choices(cast, list(release.runs.all()), overlap=1))
    plan, page = response.context["plan"], response.content.decode()
    assert (plan.cases, plan.answers, plan.units, plan.verdicts) == (2, 4, 12, 12)
    assert [(load.person, load.answers, load.units) for load in plan.loads] == [
        (cast.gia, 2, 6),
        (cast.gus, 2, 6),
    ]
    assert "Open the session" in page
    assert not GradingSession.objects.exists()


def test_the_session_that_opens_is_the_one_that_was_planned(cast: Cast, as_user, release: Release) -> None:
    client, address = as_user(cast.lou), reverse("annotations:session-set-up", args=[release.pk])
    runs = list(release.runs.all())
    plan = client.post(address, choices(cast, runs)).context["plan"]
    changed = client.post(address, choices(cast, runs, overlap=1, act="open", planned=plan.digest))
    assert "You changed something since the plan was shown" in changed.content.decode()
    assert not GradingSession.objects.exists()
    response = client.post(address, choices(cast, runs, act="open", planned=plan.digest))
    session = GradingSession.objects.get()
    assert response.url == reverse("annotations:session-detail", args=[session.pk])
    assert (session.overlap, session.seed, session.show_reference, session.show_points) == (2, 7, True, False)
    assert [load.answers for load in plan.loads] == [
        session.assignments.filter(rater__user=person).count() for person in (cast.gia, cast.gus)
    ]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"runs": []}, "Choose at least one run"),
        ({"graders": []}, "Choose at least one grader"),
        ({"overlap": 3}, "up to 2 graders, as many as you chose"),
        ({"overlap": 0}, "needs at least 1 grader"),
        ({"overlap": "two"}, "must be a whole number"),
        ({"seed": ""}, "Write a whole number"),
        ({"runs": ["999999"]}, "999999 is not one of the available choices"),
    ],
)
def test_a_bad_choice_is_explained(cast: Cast, as_user, release: Release, changed, sentence: str) -> None:
    address = reverse("annotations:session-set-up", args=[release.pk])
    response = as_user(cast.lou).post(address, choices(cast, list(release.runs.all()), **changed))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not GradingSession.objects.exists()


def test_a_design_that_cannot_be_names_the_conflict_beside_its_field(
    cast: Cast, as_user, release: Release
) -> None:
    address = reverse("annotations:session-set-up", args=[release.pk])
    runs, client = list(release.runs.all()), as_user(cast.lou)
    for changed, sentence, field in (
        ({"min_shared": 5}, "Gia and Gus can share 4 answers at most; you asked for 5.", "min_shared"),
        ({f"quota_{cast.gia.pk}": 5}, "Gia is to grade 5 answers, but may grade only 4.", "graders"),
        ({"safety_overlap": 1}, "from 2 to 2 graders, not 1", "safety_overlap"),
        ({"deadline": "2020-01-31"}, "The deadline is in the past.", "deadline"),
        ({"deadline": "31.1.2027"}, "Write a day like 2027-01-31", "deadline"),
        ({f"quota_{cast.gia.pk}": 0}, "Write 1 or more", f"quota_{cast.gia.pk}"),
        ({"calibration": "own", "calibration_n": ""}, "Write how many, from 1 to 100", "calibration_n"),
        ({"calibration": "own", "calibration_n": 5}, "Only 4 answers can be used", "calibration_n"),
        ({"rule": "dice"}, "dice is not one of the available choices", "rule"),
    ):
        response = client.post(address, choices(cast, runs, **changed))
        assert response.status_code == 422, changed
        assert sentence in html.unescape(response.content.decode())
        assert field in response.context["form"].errors
        assert "plan" not in response.context


def test_the_page_sets_everything_up(cast: Cast, as_user) -> None:
    release = make_release(cast, n_cases=4)
    run = answered(release, "sampled", dict.fromkeys(range(4), 2), by=cast.lou)
    LabelStudioConnection.objects.create(
        department=cast.department,
        url="http://ls.example.org",
        token="t",
        webhook_secret="s",
        saved_by=cast.lou,
    )
    client, address = as_user(cast.lou), reverse("annotations:session-set-up", args=[release.pk])
    page = client.get(address).content.decode()
    assert "Sample 2" in page and "any user can open any project" in page
    day = (clock.today() + timedelta(days=7)).isoformat()
    sent = choices(
        cast, [run], graders=[cast.gia.pk, cast.gus.pk, cast.geo.pk], epochs=["2"], min_shared=1, deadline=day,
        rule="lead", show_evidence="on",
        **{f"quota_{cast.gia.pk}": 2, f"desk_{cast.gus.pk}": "label-studio"},
    )  # fmt: skip
    plan = client.post(address, sent)
    assert "Independence can’t be enforced in Label Studio" in plan.content.decode()
    client.post(address, {**sent, "act": "open", "planned": plan.context["plan"].digest})
    session = GradingSession.objects.get()
    assert (session.epochs, session.rule, str(session.deadline)) == ([2], "lead", day)
    assert (session.show_evidence, session.show_points, session.min_shared) == (True, False, 1)
    members = session.session_raters.select_related("rater__user").order_by("rater__user__name")
    assert [(each.rater.user.name, each.desk, each.quota) for each in members] == [
        ("Geo", "in-app", None), ("Gia", "in-app", 2), ("Gus", "label-studio", None),
    ]  # fmt: skip
    page = page_of(client, "session-detail", session.pk)
    assert "independence can’t be enforced" in page and "Deadline" in page
    assert "Past the deadline" not in page
    GradingSession.objects.update(deadline=clock.today() - timedelta(days=1))
    assert "Past the deadline" in page_of(client, "session-detail", session.pk)


def test_graders_of_other_departments_are_not_offered(cast: Cast, as_user, release: Release) -> None:
    page = page_of(as_user(cast.lou), "session-set-up", release.pk)
    assert all(name in page for name in ("Gia", "Gus", "Geo"))
    assert f'value="{cast.eve.pk}"' not in page
    address = reverse("annotations:session-set-up", args=[release.pk])
    response = as_user(cast.lou).post(address, choices(cast, list(release.runs.all()), graders=[cast.eve.pk]))
    assert response.status_code == 422


def test_a_department_without_graders_is_told_what_to_do(cast: Cast, as_user, release: Release) -> None:
    Membership.objects.filter(role=Role.GRADER).delete()
    page = page_of(as_user(cast.lou), "session-set-up", release.pk)
    assert "Ask an administrator to give somebody the role of grader" in page


@pytest.mark.parametrize(
    ("name", "status"), [("ana", 403), ("ola", 403), ("ada", 403), ("gia", 404), ("eve", 404)]
)
def test_who_may_not_set_up_a_session(cast: Cast, as_user, release: Release, name: str, status: int) -> None:
    client = as_user(getattr(cast, name))
    address = reverse("annotations:session-set-up", args=[release.pk])
    assert client.get(address).status_code == status
    assert client.post(address, choices(cast, list(release.runs.all()))).status_code == status


def test_progress_names_people_to_the_lead_only(cast: Cast, as_user) -> None:
    session = make_session(cast)
    give(cast.gia, session, positions=[1])
    page = page_of(as_user(cast.lou), "session-detail", session.pk)
    assert "<b>1 of 8</b>" in page
    assert "grader-1" in page
    assert "Gia" in page
    for person in (cast.ana, cast.ola):
        page = page_of(as_user(person), "session-detail", session.pk)
        assert "grader-1" in page
        assert "Gia" not in page


def test_runs_are_named_to_who_does_not_grade(cast: Cast, as_user) -> None:
    session = make_session(cast)
    assert "set-0-run-1" in page_of(as_user(cast.lou), "session-detail", session.pk)


@pytest.mark.parametrize("name", ["gia", "ada", "eve"])
def test_another_departments_session_is_no_such_thing(cast: Cast, as_user, name: str) -> None:
    session, client = make_session(cast), as_user(getattr(cast, name))
    for address in ("session-detail", "session-end", "session-close"):
        assert client.get(reverse(f"annotations:{address}", args=[session.pk])).status_code == 404
    for address in ("session-end", "session-close"):
        assert (
            client.post(reverse(f"annotations:{address}", args=[session.pk]), {"reason": "x"}).status_code
            == 404
        )
    session.refresh_from_db()
    assert session.state == SessionState.OPEN


@pytest.mark.parametrize("name", ["ana", "ola"])
def test_who_only_reads_does_not_end_or_close(cast: Cast, as_user, name: str) -> None:
    session, client = make_session(cast), as_user(getattr(cast, name))
    page = page_of(client, "session-detail", session.pk)
    for address in ("session-end", "session-close"):
        assert reverse(f"annotations:{address}", args=[session.pk]) not in page
        assert (
            client.post(reverse(f"annotations:{address}", args=[session.pk]), {"reason": "x"}).status_code
            == 403
        )


def test_ending_says_what_is_unfinished_first(cast: Cast, as_user) -> None:
    session, client = make_session(cast), as_user(cast.lou)
    give(cast.gia, session, positions=[1])
    page = page_of(client, "session-end", session.pk)
    assert "7 of 8 assigned answers still have open criteria" in page
    address = reverse("annotations:session-end", args=[session.pk])
    assert client.post(address).url == reverse("annotations:session-detail", args=[session.pk])
    session.refresh_from_db()
    assert session.state == SessionState.ADJUDICATING
    assert client.post(address).status_code == 409


def test_grading_can_begin_again_with_a_reason(cast: Cast, as_user) -> None:
    session, client = make_session(cast), as_user(cast.lou)
    address = reverse("annotations:session-reopen", args=[session.pk])
    assert address not in page_of(client, "session-detail", session.pk)
    assert client.post(address, {"reason": "More time."}).status_code == 409
    end_grading(session=session, by=cast.lou)
    assert address in page_of(client, "session-detail", session.pk)
    refused = client.post(address, {"reason": " "})
    assert (refused.status_code, "Say why grading begins again" in refused.content.decode()) == (422, True)
    assert client.post(address, {"reason": "More time."}).status_code == 302
    session.refresh_from_db()
    assert session.state == SessionState.OPEN


def test_a_planned_session_says_so_and_can_be_thrown_away(cast: Cast, as_user) -> None:
    session, client = make_session(cast, calibration=CalibrationPlan(1)), as_user(cast.lou)
    page = page_of(client, "session-detail", session.pk)
    assert "Planned. It opens once" in page
    assert reverse("annotations:session-end", args=[session.pk]) not in page
    address = reverse("annotations:session-discard", args=[session.pk])
    assert address in page
    page_of(client, "session-discard", session.pk)
    assert client.post(address).url == reverse("annotations:session-list")
    assert not GradingSession.objects.exists()


def test_the_lead_sees_which_answers_name_their_system_and_a_lead_who_grades_only_how_many(
    cast: Cast, as_user
) -> None:
    session = make_session(cast, n_runs=1)
    item = session.items.first()
    session.items.filter(pk=item.pk).update(names_system=True)
    place = reverse("exports:run-response", args=[item.response.run.name, item.response.item.position, 1])
    page = page_of(as_user(cast.lou), "session-detail", session.pk)
    assert "1 answer names its system" in page and place in page
    Membership.objects.create(user=cast.gia, department=cast.department, role=Role.LEAD)
    page = page_of(as_user(cast.gia), "session-detail", session.pk)
    assert "1 answer names its system" in page and place not in page


def test_closing_warns_of_what_is_undecided_and_asks_why(cast: Cast, as_user) -> None:
    """4 answers × 3 criteria; Gia judged one answer, so 9 units have no verdict."""
    session, client = make_session(cast), as_user(cast.lou)
    give(cast.gia, session, positions=[1])
    address = reverse("annotations:session-close", args=[session.pk])
    assert "9 verdicts are undecided" in page_of(client, "session-close", session.pk)
    refused = client.post(address, {"reason": "  "})
    assert refused.status_code == 422
    assert "Say why the session is closed" in refused.content.decode()
    closed = client.post(address, {"reason": "The study ended."}, follow=True).content.decode()
    assert "The session is closed. 9 verdicts are undecided." in closed
    assert "The study ended." in closed
    assert re.search(r"by Lou\.", closed)
    assert client.get(address).url == reverse("annotations:session-detail", args=[session.pk])
    assert client.post(address, {"reason": "Again."}).status_code == 409


def test_reports_are_linked_when_they_may_be_read(cast: Cast, as_user) -> None:
    session, client = make_session(cast), as_user(cast.lou)
    agreement = reverse("annotations:session-agreement", args=[session.pk])
    scores = reverse("annotations:session-scores", args=[session.pk])

    def linked() -> tuple[bool, bool]:
        page = page_of(client, "session-detail", session.pk)
        return agreement in page, scores in page

    assert linked() == (False, False)
    end_grading(session=session, by=cast.lou)
    assert linked() == (True, False)
    close_session(session=session, reason="Done.", by=cast.lou)
    assert linked() == (True, True)


def test_who_grades_its_runs_blind_elsewhere_finds_no_link_to_what_is_kept_from_them(
    cast: Cast, as_user
) -> None:
    first = make_session(cast)
    close_session(session=first, reason="Done.", by=cast.lou)
    kept = [reverse(f"annotations:session-{name}", args=[first.pk]) for name in ("scores", "grades")]
    client = as_user(cast.lou)
    page = page_of(client, "session-detail", first.pk)
    assert all(address in page for address in kept)
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    runs = [entry.run for entry in first.session_runs.select_related("run")]
    open_session(release=first.release, runs=runs, graders=[cast.lou], by=cast.lou, allow_own_cases=True)
    page = page_of(client, "session-detail", first.pk)
    assert not any(address in page for address in kept)
    assert [client.get(address).status_code for address in kept] == [404, 404]


def test_a_session_whose_import_is_unfinished_is_not_shown(cast: Cast, as_user) -> None:
    session = make_session(cast)
    GradingSession.objects.update(state=SessionState.IMPORTING)
    client = as_user(cast.lou)
    assert f"Session {session.pk}" not in page_of(client, "session-list")
    assert client.get(reverse("annotations:session-detail", args=[session.pk])).status_code == 404


def test_lists_cost_the_same_however_long_they_are(cast: Cast, as_user) -> None:
    client = as_user(cast.lou)
    addresses = [reverse("annotations:session-list"), reverse("annotations:session-new")]
    for _session in range(2):
        make_session(cast)
    before = [queries_of(client, address) for address in addresses]
    for _session in range(10):
        make_session(cast, n_runs=1)
    assert [queries_of(client, address) for address in addresses] == before


def test_a_session_costs_the_same_however_large_it_is(cast: Cast, as_user) -> None:
    client = as_user(cast.lou)
    small = make_session(cast, n_cases=2, n_runs=1, graders=[cast.gia])
    large = make_session(cast, n_cases=12, n_criteria=12, n_runs=4, graders=[cast.gia, cast.gus, cast.geo])
    give(cast.gia, large)
    for name in ("session-detail", "session-end", "session-close"):
        costs = {
            queries_of(client, reverse(f"annotations:{name}", args=[session.pk]))
            for session in (small, large)
        }
        assert len(costs) == 1, name
