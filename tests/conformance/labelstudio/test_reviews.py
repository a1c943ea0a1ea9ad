"""Rubrics reviewed in a real Label Studio: votes land as reviews, under the rules of every review."""

from typing import Any

import pytest

from annotations.models import (
    AnnotationState,
    LabelStudioAnnotation,
    LabelStudioProject,
    LabelStudioTask,
    TaskState,
)
from annotations.services.label_studio.reviews import choose_reviewers, sync_reviews
from builder.common.errors import BadInput, NotAllowed, NotReady
from builder.jobs.worker import run_due_jobs
from builder.models import AuditEvent, CaseState, Job, Review
from builder.services.cases import save_revision, submit_case
from tests.annotations.label_studio.rows import make_connection
from tests.cast import Cast
from tests.conformance.labelstudio.server import LabelStudioInTest, Person
from tests.factories import make_content, make_submitted

pytestmark = pytest.mark.django_db


def review(
    data: dict[str, Any], decision: str, *, comment: str = "", wording: str = "", skip: int = -1
) -> Any:
    """Return what the page submits: agreement with every criterion but the last."""
    places = [place for place in range(len(data["criteria"])) if place != skip]
    votes = [
        {
            "from_name": f"vote_{place}", "to_name": f"crit_{place}", "type": "choices",
            "value": {"choices": ["disagree" if place == len(data["criteria"]) - 1 else "agree"]},
        }
        for place in places
    ]  # fmt: skip
    whole = [
        {"from_name": "decision", "to_name": "overall", "type": "choices", "value": {"choices": [decision]}},
        *([_text("overall_comment", "overall", comment)] if comment else []),
        *([_text("wording_0", "crit_0", wording)] if wording else []),
    ]
    return [*votes, *whole]


def _text(name: str, about: str, text: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": about, "type": "textarea", "value": {"text": [text]}}


@pytest.fixture
def rui(cast: Cast, label_studio: LabelStudioInTest) -> Person:
    """Return Rui in a Label Studio that the department is connected to."""
    make_connection(cast.department, label_studio.url, label_studio.token, by=cast.lou)
    return label_studio.person("rui@example.org")


def tasks(cast: Cast, label_studio: LabelStudioInTest) -> list[dict[str, Any]]:
    project = LabelStudioProject.objects.get(reviewer=cast.rui)
    assert project.remote_id is not None
    return label_studio.tasks(project.remote_id)


def start(cast: Cast) -> Job:
    """Choose Rui as reviewer and let the job run."""
    job = choose_reviewers(department=cast.department, reviewers=[cast.rui], by=cast.lou)
    run_due_jobs()
    job.refresh_from_db()
    assert job.state == "successful", job.error
    return job


def test_votes_comments_and_wordings_land_as_a_review(
    cast: Cast, label_studio: LabelStudioInTest, rui: Person
) -> None:
    case = make_submitted(cast)
    assert start(cast).result["sent"] == 1
    (task,) = tasks(cast, label_studio)
    rui.annotate(
        task["id"],
        review(
            task["data"], "request_changes", comment="어린이 용량이 빠졌습니다.", wording="Says it better."
        ),
    )
    synced = sync_reviews(department=cast.department, by=cast.lou)
    assert (synced.graded, synced.quarantined, synced.problems) == (1, 0, [])
    found = Review.objects.get(revision=case.head)
    assert (found.reviewer, found.decision, found.comment) == (
        cast.rui,
        "request_changes",
        "어린이 용량이 빠졌습니다.",
    )
    votes = list(found.votes.order_by("criterion_index"))
    assert [vote.vote for vote in votes] == ["agree"] * (len(votes) - 1) + ["disagree"]
    assert votes[0].proposed_wording == "Says it better."
    told = LabelStudioProject.objects.get().log.values_list("text", flat=True)
    assert "1 review came." in told and not any("grades" in text for text in told)
    again = sync_reviews(department=cast.department, by=cast.lou)
    assert (again.sent, again.graded) == (0, 0)
    assert Review.objects.count() == 1


def test_two_approvals_one_there_and_one_here_approve_the_case(
    cast: Cast, label_studio: LabelStudioInTest, rui: Person
) -> None:
    from builder.services.reviews import review_case

    case = make_submitted(cast)
    start(cast)
    (task,) = tasks(cast, label_studio)
    agreed = list(review(task["data"], "approve"))
    for each in agreed:
        if each["from_name"].startswith("vote_"):
            each["value"] = {"choices": ["agree"]}
    rui.annotate(task["id"], agreed)
    sync_reviews(department=cast.department, by=cast.lou)
    votes = dict.fromkeys(range(len(task["data"]["criteria"])), "agree")
    review_case(case=case, revision_number=1, decision="approve", votes=votes, by=cast.rob)
    case.refresh_from_db()
    assert case.state == CaseState.APPROVED


@pytest.mark.parametrize(
    ("decision", "more", "said"),
    [
        ("request_changes", {}, "Say what should change"),
        ("approve", {"skip": 0}, "no verdict on criterion 1"),
        ("maybe", {}, "none of those"),
    ],
)
def test_what_is_not_a_whole_review_is_set_aside_with_its_reason(
    cast: Cast, label_studio: LabelStudioInTest, rui: Person, decision: str, more: Any, said: str
) -> None:
    make_submitted(cast)
    start(cast)
    (task,) = tasks(cast, label_studio)
    rui.annotate(task["id"], review(task["data"], decision, **more))
    synced = sync_reviews(department=cast.department, by=cast.lou)
    assert (synced.graded, synced.quarantined) == (0, 1)
    found = LabelStudioAnnotation.objects.get()
    assert found.state == AnnotationState.QUARANTINED
    assert said in found.reason
    assert not Review.objects.exists()


def test_somebody_elses_vote_in_a_reviewers_project_is_set_aside(
    cast: Cast, label_studio: LabelStudioInTest, rui: Person
) -> None:
    make_submitted(cast)
    start(cast)
    (task,) = tasks(cast, label_studio)
    label_studio.person("mallory@example.org").annotate(task["id"], review(task["data"], "approve"))
    sync_reviews(department=cast.department, by=cast.lou)
    assert "mallory@example.org" in LabelStudioAnnotation.objects.get().reason
    assert not Review.objects.exists()


def test_a_new_revision_is_a_new_task_and_the_old_one_goes(
    cast: Cast, label_studio: LabelStudioInTest, rui: Person
) -> None:
    case = make_submitted(cast)
    start(cast)
    (old,) = tasks(cast, label_studio)
    save_revision(case=case, content=make_content("Another title"), base_version=case.version, by=cast.ada)
    case.refresh_from_db()
    if case.state != CaseState.IN_REVIEW:
        submit_case(case=case, by=cast.ada)
    sync_reviews(department=cast.department, by=cast.lou)
    (new,) = tasks(cast, label_studio)
    assert new["id"] != old["id"]
    assert [row.state for row in LabelStudioTask.objects.order_by("pk")] == [
        TaskState.WITHDRAWN,
        TaskState.CONFIRMED,
    ]


def test_nobody_is_sent_what_they_may_not_review(
    cast: Cast, label_studio: LabelStudioInTest, rui: Person
) -> None:
    from builder.services.conflicts import declare_conflict

    make_submitted(cast)
    barred = make_submitted(cast, title="Barred")
    declare_conflict(case=barred, statement="I treated this patient.", by=cast.rui)
    start(cast)
    assert len(tasks(cast, label_studio)) == (1 if cast.department.conflict_rule == "bar" else 2)


def test_only_a_lead_sends_and_only_reviewers_are_sent_to(
    cast: Cast, label_studio: LabelStudioInTest, rui: Person
) -> None:
    with pytest.raises(NotAllowed):
        choose_reviewers(department=cast.department, reviewers=[cast.rui], by=cast.rui)
    with pytest.raises(BadInput, match="role of reviewer"):
        choose_reviewers(department=cast.department, reviewers=[cast.gia], by=cast.lou)
    with pytest.raises(NotReady, match="no Label Studio"):
        choose_reviewers(department=cast.elsewhere, reviewers=[], by=_lead_elsewhere(cast))


def _lead_elsewhere(cast: Cast) -> Any:
    return cast.eve


def test_choosing_and_synchronising_are_recorded(
    cast: Cast, label_studio: LabelStudioInTest, rui: Person
) -> None:
    make_submitted(cast)
    start(cast)
    told = AuditEvent.objects.filter(verb__in=("job:enqueue", "label-studio:reviews")).order_by("sequence")
    assert [(event.verb, event.actor_id) for event in told] == [
        ("job:enqueue", cast.lou.pk), ("label-studio:reviews", cast.lou.pk),
    ]  # fmt: skip
