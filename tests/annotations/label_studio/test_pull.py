"""Bringing grades home: what is there is here, once, in its newest version; what isn't right is set aside."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import (
    AnnotationState,
    Assignment,
    GradeEvent,
    GradingSession,
    LabelStudioAnnotation,
    LabelStudioTask,
)
from annotations.services.label_studio.closing import projects_behind
from annotations.services.label_studio.pull import OVERLAP
from annotations.services.label_studio.quarantine import recheck
from annotations.services.label_studio.sync import Step
from annotations.services.sessions import close_session, end_grading, reopen_session
from builder.common.errors import NotReady
from builder.jobs import TryLater
from tests.annotations.label_studio.conftest import Sync
from tests.annotations.label_studio.fake import ADMIN, GIA, GUS, FakeLabelStudio
from tests.annotations.label_studio.rows import everything, make_there, means, project_of, verdicts
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def rows(session: GradingSession, cast: Cast) -> list[LabelStudioTask]:
    return list(project_of(session, cast.gia).tasks.order_by("remote_id"))


def reasons(session: GradingSession) -> list[str]:
    found = LabelStudioAnnotation.objects.filter(task__project__session_rater__session=session)
    return list(
        found.filter(state=AnnotationState.QUARANTINED).order_by("pk").values_list("reason", flat=True)
    )


@pytest.fixture
def session(cast: Cast, there: FakeLabelStudio, sync: Sync) -> GradingSession:
    """Return a session whose tasks were sent: Gia has four answers with three criteria each."""
    made = make_there(cast)
    sync(made)
    return made


def test_verdicts_and_notes_become_grades_like_those_given_here(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    first, second, *_ = rows(session, cast)
    there.annotate(first.remote_id, verdicts("+o?", {1: "Nobody asked for an ECG."}))
    there.annotate(second.remote_id, verdicts("oo+"))
    assert sync(session).graded == 2
    gia = "gia@example.org"
    assert everything(session) == [
        (gia, 1, 0, "met", ""), (gia, 1, 1, "not_met", "Nobody asked for an ECG."), (gia, 1, 2, "cannot_judge", ""),
        (gia, 2, 0, "not_met", ""), (gia, 2, 1, "not_met", ""), (gia, 2, 2, "met", ""),
    ]  # fmt: skip
    done = Assignment.objects.get(pk=first.assignment_id)
    assert done.done_at is not None
    assert set(GradeEvent.objects.values_list("desk", flat=True)) == {"label-studio"}
    before = everything(session)
    assert not sync(session).changed and everything(session) == before


def test_a_new_version_replaces_and_a_deleted_annotation_takes_its_verdicts_back(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    row = rows(session, cast)[0]
    pk = there.annotate(row.remote_id, verdicts("+++"))
    sync(session)
    there.annotate(row.remote_id, verdicts("ooo"), pk=pk)
    sync(session)
    assert [verdict for *_, verdict, _note in everything(session)] == ["not_met"] * 3
    there.remove_annotation(row.remote_id, pk)
    synced = sync(session)
    assert synced.withdrawn == 1 and everything(session) == []
    assert LabelStudioAnnotation.objects.get().state == AnnotationState.WITHDRAWN
    assert GradeEvent.objects.count() == 9


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_annotations_of_the_grader_the_newer_counts(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession, order: tuple[int, int]
) -> None:
    row = rows(session, cast)[0]
    pks = [there.annotate(row.remote_id, verdicts("+++")), there.annotate(row.remote_id, verdicts("ooo"))]
    for place in order:
        there.annotate(row.remote_id, verdicts("+++" if place == 0 else "ooo"), pk=pks[place])
        sync(session)
    wanted = "met" if order[-1] == 0 else "not_met"
    assert [verdict for *_, verdict, _note in everything(session)] == [wanted] * 3
    assert reasons(session) == ["The grader’s later annotation of the same task counts."]
    there.remove_annotation(row.remote_id, pks[order[-1]])
    sync(session)
    assert {verdict for *_, verdict, _note in everything(session)} == {
        "met" if wanted == "not_met" else "not_met"
    }


@pytest.mark.parametrize(
    ("result", "by", "cancelled", "why"),
    [
        (verdicts("+o."), GIA, False, "no verdict on criterion 3"),
        (verdicts("+o++"), GIA, False, "criterion 4, which the rubric doesn't have"),
        (verdicts("+++"), GUS, False, "Somebody else wrote this: gus@example.org"),
        (verdicts("+++"), ADMIN, False, "Somebody else wrote this: admin@example.org"),
        (verdicts("+++"), 77, False, "an account of Label Studio that is unknown here"),
        (verdicts("+++"), None, False, "the account was deleted"),
        ([], GIA, True, "skipped this task"),
    ],
)
def test_what_is_not_plainly_right_is_set_aside_with_the_reason(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession, result: Any, by: Any, cancelled: bool,
    why: str,
) -> None:  # fmt: skip
    there.annotate(rows(session, cast)[0].remote_id, result, by=by, cancelled=cancelled)
    assert sync(session).quarantined == 1
    assert everything(session) == [] and why in reasons(session)[0]


def test_what_was_judged_after_the_text_was_changed_is_set_aside_and_what_was_judged_before_is_kept(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    before, after, *_ = rows(session, cast)
    there.annotate(before.remote_id, verdicts("+++"))
    sync(session)
    there.edit(before.remote_id, response_md="Something else.")
    text = there.tasks[after.remote_id].data["response_md"]
    there.edit(after.remote_id, response_md="Something else.")
    there.annotate(after.remote_id, verdicts("ooo"))
    sync(session)
    assert len(everything(session)) == 3 and "was changed in Label Studio" in reasons(session)[0]
    there.edit(after.remote_id, response_md=text)
    recheck(session=session, by=cast.lou, means=means(lambda _connection: there, name="recheck"))
    assert len(everything(session)) == 6 and reasons(session) == []


def test_the_cursor_moves_only_after_what_it_passes_is_here(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    there.page_size = 1
    for row in rows(session, cast):
        there.annotate(row.remote_id, verdicts("+++"))
    # Changes fail at the third page: two answers are here, and the cursor stands at the second.
    there.failures = {"changed_tasks": ["", "", "before"]}
    with pytest.raises(TryLater):
        sync(session)
    project = project_of(session, cast.gia)
    assert len(everything(session)) == 6
    assert project.cursor == there.tasks[rows(session, cast)[1].remote_id].updated_at
    sync(session)
    assert len(everything(session)) == 12


def test_what_became_visible_late_is_found_within_the_overlap(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    early, late, *_ = rows(session, cast)
    hidden = there.annotate(early.remote_id, verdicts("ooo"))
    shown = there.tasks[early.remote_id]
    there.tasks[early.remote_id] = replace(shown, annotations=())
    there.now += OVERLAP - timedelta(seconds=10)
    there.annotate(late.remote_id, verdicts("+++"))
    sync(session)
    there.tasks[early.remote_id] = shown
    sync(session, [Step.PULL])
    assert len(everything(session)) == 6 and LabelStudioAnnotation.objects.filter(remote_id=hidden).exists()


def test_a_task_that_is_not_ours_is_left_alone(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    project = project_of(session, cast.gia)
    (foreign,) = there._import(project.remote_id, [{"text": "another tool's"}])
    there.annotate(foreign, [{"from_name": "x"}])
    sync(session)
    assert foreign in there.tasks and everything(session) == [] and not LabelStudioAnnotation.objects.exists()
    assert project.log.filter(is_problem=True, text__contains="isn’t ours").exists()


def test_after_the_end_of_grading_nothing_written_later_counts(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    first, second, *_ = rows(session, cast)
    there.annotate(first.remote_id, verdicts("+++"))
    end_grading(session=session, by=cast.lou)
    there.now = timezone.now()
    there.annotate(second.remote_id, verdicts("+++"))
    with pytest.raises(NotReady, match="last grades"):
        close_session(session=session, reason="All graded.", by=cast.lou)
    sync(session)
    assert len(everything(session)) == 3 and "after grading had ended" in reasons(session)[0]
    close_session(session=session, reason="All graded.", by=cast.lou)
    with pytest.raises(NotReady):
        sync(session)
    assert len(everything(session)) == 3


@pytest.mark.parametrize("step", [Step.PULL, Step.RECONCILE])
def test_when_grading_goes_on_what_was_set_aside_is_judged_anew_by_whatever_comes_next(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession, step: Step
) -> None:
    """No job runs here: a command polls."""
    first, second, third, _last = rows(session, cast)
    end_grading(session=session, by=cast.lou)
    session.refresh_from_db()
    there.now = timezone.now()
    there.annotate(first.remote_id, verdicts("+++"))
    there.annotate(second.remote_id, verdicts("+o."))
    there.annotate(third.remote_id, verdicts("ooo"))
    assert sync(session, [Step.PULL]).quarantined == 3
    reopen_session(session=session, reason="Ended too early.", by=cast.lou)
    there.delete_task(third.remote_id)
    session.refresh_from_db()
    # What was looked at isn't asked for by its time any more.
    there.now += timedelta(minutes=10)
    there.annotate(rows(session, cast)[3].remote_id, verdicts("..."))
    assert sync(session, [step]).graded == 1
    assert [row[3] for row in everything(session)] == ["met"] * 3
    # The one whose task is gone stays as it was, and isn't asked for again and again.
    assert [why for why in reasons(session) if "ended" in why] == [
        "This was written after grading had ended."
    ]
    sync(session)
    before = len(there.calls)
    sync(session)
    assert "get_task" not in there.calls[before:]


def test_what_was_written_after_the_end_does_not_count_though_its_pull_began_before(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = there.changed_tasks

    def read(project_id: int, **how: Any) -> Any:
        end_grading(session=session, by=cast.lou)
        there.now = timezone.now()
        there.annotate(rows(session, cast)[0].remote_id, verdicts("+o?"))
        yield from original(project_id, **how)

    monkeypatch.setattr(there, "changed_tasks", read)
    sync(session, [Step.PULL])
    assert everything(session) == [] and "after grading had ended" in reasons(session)[0]


def test_a_page_costs_as_many_queries_for_many_answers_as_for_few(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    small, large = make_there(cast, n_cases=2), make_there(cast, n_cases=12)
    costs = []
    for made in (small, large):
        sync(made)
        for row in rows(made, cast):
            there.annotate(row.remote_id, verdicts("+o?"))
        with CaptureQueriesContext(connection) as captured:
            sync(made, [Step.PULL])
        costs.append(len(captured))
    assert costs[0] == costs[1]


@pytest.mark.parametrize(("step", "listing"), [(Step.PULL, "changed_tasks"), (Step.RECONCILE, "all_tasks")])
def test_what_was_written_while_a_pull_read_and_grading_ended_is_still_asked_for_before_closing(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession, monkeypatch: pytest.MonkeyPatch,
    step: Step, listing: str,
) -> None:  # fmt: skip
    original = getattr(there, listing)

    def read(project_id: int, **how: Any) -> Any:
        yield from original(project_id, **how)
        session.refresh_from_db()
        if session.ended_at is None:
            there.annotate(rows(session, cast)[0].remote_id, verdicts("+o?"))
            end_grading(session=session, by=cast.lou)

    monkeypatch.setattr(there, listing, read)
    there.annotate(rows(session, cast)[1].remote_id, verdicts("ooo"))
    sync(session, (step,), only=project_of(session, cast.gia).pk)
    with pytest.raises(NotReady, match="has not been asked for its last grades"):
        close_session(session=session, reason="All is graded.", by=cast.lou)
    session.refresh_from_db()
    behind = [project.pk for project in projects_behind(session)]
    assert project_of(session, cast.gia).pk in behind
