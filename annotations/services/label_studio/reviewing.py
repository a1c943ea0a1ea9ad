"""Rubrics to review as tasks, and annotations as votes: what a reviewer's project in Label Studio is for."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from annotations.labelstudio.label_config import review_config, review_instruction
from annotations.labelstudio.payloads import (
    ReviewTask,
    Said,
    TaskCriterion,
    content_hash,
    review_task_data,
    task_key,
)
from annotations.labelstudio.ports import ProjectDraft
from annotations.labelstudio.results import Problem, ReadReview, SentTask, read_review
from annotations.labelstudio.sentences import sentence_of
from annotations.models import (
    AnnotationState,
    LabelStudioAnnotation,
    LabelStudioLogLine,
    LabelStudioProject,
    LabelStudioTask,
    TaskState,
)
from annotations.services.label_studio.grading import language_of
from annotations.services.label_studio.purposes import Data, Outcome, Outgoing, Result
from builder import access
from builder.common.errors import DomainError, NotAllowed
from builder.models import Case, CaseRevision, CaseState, Department, Review, User
from builder.services.reviews import review_case


class Reviewing:
    """The purpose of a project in which one reviewer votes on the criteria of submitted cases.

    The votes land through the review service, which checks them like everybody's.
    """

    def __init__(self, department: Department) -> None:
        self._department = department
        self.refused = 0  # reviews that the review service didn't take

    def draft(self, title: str, marker: str, language: str) -> ProjectDraft:
        """Return the project of one reviewer."""
        return ProjectDraft(
            title=title,
            description=_("Made by a synchronisation; please leave this line as it is. %(marker)s")
            % {"marker": marker},
            instruction=review_instruction(language),
            label_config=review_config(language),
        )

    def count_new(self, project: LabelStudioProject) -> int:
        """Return how many rubrics have never been sent."""
        return len(self._unsent(project))

    def new_tasks(self, project: LabelStudioProject, limit: int) -> list[Outgoing]:
        """Return the next rubrics, the oldest first."""
        secret = salted_hmac("annotations.label_studio", str(project.marker), algorithm="sha256").digest()
        outgoing = []
        for revision in self._unsent(project)[:limit]:
            data = self._data(
                task_key(secret=secret, number=revision.pk, purpose="review"), project, revision
            )
            row = LabelStudioTask(
                project=project, revision=revision, ext_id=data["ext_id"], criteria_hash=data["criteria_hash"],
                data_sha256=content_hash(data),
            )  # fmt: skip
            outgoing.append(Outgoing(row, data))
        return outgoing

    def again(self, rows: Sequence[LabelStudioTask]) -> list[Outgoing]:
        """Return tasks that have rows, each under the key it was given first."""
        revisions = CaseRevision.objects.in_bulk([row.revision_id for row in rows])
        outgoing = []
        for row in rows:
            data = self._data(row.ext_id.partition(":")[0], row.project, revisions[row.revision_id])
            row.data_sha256 = content_hash(data)
            outgoing.append(Outgoing(row, data))
        return outgoing

    def surplus(self, project: LabelStudioProject) -> list[LabelStudioTask]:
        """Return the tasks of revisions that are no longer under review."""
        rows = project.tasks.exclude(state__in=(TaskState.WITHDRAWN, TaskState.LOST))
        return list(rows.exclude(revision__in=self._under_review()).order_by("pk"))

    def returned(self, project: LabelStudioProject) -> list[LabelStudioTask]:
        """Return the tasks of revisions that are under review again, unless the reviewer has reviewed them."""
        taken_back = project.tasks.filter(state=TaskState.WITHDRAWN)
        again = self._to_review(project, Q(pk__in=taken_back.values("revision")))
        return list(taken_back.filter(revision__in=again).order_by("pk"))

    def ended_at(self) -> datetime | None:
        """Return no time: votes come as long as the case is under review, which the review service sees to."""
        return None

    def parse(self, row: LabelStudioTask, data: Data, result: Result) -> tuple[ReadReview | None, str]:
        """Return the votes of an annotation, or why there are none."""
        rubric = row.revision.content.rubrics if row.revision else []
        ids = tuple(_criterion_id(index) for index in range(len(rubric)))
        found = read_review(result, data, SentTask(row.data_sha256, row.criteria_hash, ids))
        return (None, sentence_of(found)) if isinstance(found, Problem) else (found, "")

    def write(self, project: LabelStudioProject, outcomes: Sequence[Outcome]) -> int:
        """Give the reviews in the reviewer's name; one that isn't taken is set aside with the reason.

        A review that was given isn't taken back when its annotation disappears: it is part of the case's record.
        """
        given = 0
        for outcome in outcomes:
            if outcome.said is None:
                self._note(
                    project,
                    _("An annotation is gone from Label Studio. The review it gave stays with the case."),
                )
                continue
            try:
                self._give(project, outcome)
                given += 1
            except DomainError as error:
                self._set_aside(outcome.row, error.message)
        return given

    def _give(self, project: LabelStudioProject, outcome: Outcome) -> Review:
        revision, read = outcome.row.revision, outcome.said
        if project.person is None or revision is None or read is None:
            raise NotAllowed(_("Nobody is known here whose review this is."))
        return review_case(
            case=revision.case, revision_number=revision.number, decision=read.decision, comment=read.comment,
            votes={each.index: each.vote for each in read.votes},
            vote_comments={each.index: each.comment for each in read.votes},
            proposals={each.index: each.wording for each in read.votes}, by=project.person,
        )  # fmt: skip

    def _set_aside(self, row: LabelStudioTask, why: str) -> None:
        accepted = LabelStudioAnnotation.objects.filter(task=row, state=AnnotationState.ACCEPTED)
        self.refused += accepted.update(state=AnnotationState.QUARANTINED, reason=why)
        self._note(row.project, why, is_problem=True)

    def _note(self, project: LabelStudioProject, text: str, *, is_problem: bool = False) -> None:
        LabelStudioLogLine.objects.create(project=project, text=text, is_problem=is_problem)

    def _under_review(self) -> "QuerySet[CaseRevision]":
        waiting = Case.objects.filter(department=self._department, state=CaseState.IN_REVIEW)
        return CaseRevision.objects.filter(pk__in=waiting.values("head"))

    def _unsent(self, project: LabelStudioProject) -> list[CaseRevision]:
        sent = LabelStudioTask.objects.filter(project=project, revision=OuterRef("pk"))
        return self._to_review(project, Q(~Exists(sent)))

    def _to_review(self, project: LabelStudioProject, which: Q) -> list[CaseRevision]:
        """Return what the reviewer may review and hasn't reviewed, among these. Cost: some queries a case."""
        person = project.person
        if person is None:
            return []
        reviewed = Review.objects.filter(revision=OuterRef("pk"), reviewer=person)
        waiting = self._under_review().filter(which).exclude(Exists(reviewed))
        waiting = waiting.select_related("case__department").order_by("pk")
        return [revision for revision in waiting if _may_review(person, revision)]

    def _data(self, key: str, project: LabelStudioProject, revision: CaseRevision) -> Data:
        content = revision.content
        task = ReviewTask(
            key=key,
            turns=[Said(turn.role, turn.content) for turn in content.prompt],
            criteria=[
                TaskCriterion(_criterion_id(index), each.criterion, each.points, each.red_line)
                for index, each in enumerate(content.rubrics)
            ],
            reference=content.reference_answer,
            language=language_of(project),
        )
        return review_task_data(task)


def _criterion_id(index: int) -> str:
    return str(index + 1)


def _may_review(person: User, revision: CaseRevision) -> bool:
    try:
        access.require_reviewer(person, revision.case)
    except NotAllowed:
        return False
    return True
