"""Answers to grade as tasks, and annotations as verdicts: what a grader's project in Label Studio is for."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from annotations.labelstudio.label_config import GradingLook, grading_config, grading_instruction
from annotations.labelstudio.payloads import (
    GradingTask,
    Said,
    TaskCriterion,
    content_hash,
    task_data,
    task_key,
)
from annotations.labelstudio.ports import ProjectDraft
from annotations.labelstudio.results import Problem, ReadGrades, SentTask, read_grades
from annotations.labelstudio.sentences import sentence_of
from annotations.models import (
    Assignment,
    Desk,
    GradingSession,
    LabelStudioProject,
    LabelStudioTask,
    SessionRun,
    SessionState,
    TaskState,
)
from annotations.services.grade_rows import GivenVerdict, write_many
from annotations.services.label_studio.purposes import Data, Outcome, Outgoing, Result
from builder.common.errors import NotReady
from builder.content import CaseContent, Evidence
from exports.models import ReleaseItem


class Grading:
    """The purpose of a project in which one grader judges their answers of a session."""

    def __init__(self, session: GradingSession) -> None:
        self._session = session

    def draft(self, title: str, marker: str, language: str) -> ProjectDraft:
        """Return the project of one grader: nothing in it says whose answers they are."""
        look = GradingLook(language, self._session.show_reference, self._session.show_evidence)
        return ProjectDraft(
            title=title,
            description=_("Made by a synchronisation; please leave this line as it is. %(marker)s")
            % {"marker": marker},
            instruction=grading_instruction(look),
            label_config=grading_config(look),
        )

    def count_new(self, project: LabelStudioProject) -> int:
        """Return how many answers have never been sent."""
        return self._unsent(project).count()

    def new_tasks(self, project: LabelStudioProject, limit: int) -> list[Outgoing]:
        """Return the grader's next answers, in their own order: Label Studio offers tasks by their number."""
        chosen = self._with_texts(self._unsent(project)).order_by("position")[:limit]
        outgoing = []
        for assignment, content in _with_content(list(chosen)):
            secret = salted_hmac("annotations.label_studio", str(project.marker), algorithm="sha256").digest()
            key = task_key(secret=secret, number=assignment.pk)
            data = self._data(key, project, assignment, content)
            row = LabelStudioTask(
                project=project, assignment=assignment, ext_id=data["ext_id"], criteria_hash=data["criteria_hash"],
                data_sha256=content_hash(data),
            )  # fmt: skip
            outgoing.append(Outgoing(row, data))
        return outgoing

    def again(self, rows: Sequence[LabelStudioTask]) -> list[Outgoing]:
        """Return tasks that have rows, each under the key it was given first."""
        by_assignment = {row.assignment_id: row for row in rows}
        chosen = self._with_texts(
            Assignment.objects.filter(pk__in=[row.assignment_id for row in rows])
        ).order_by("position")
        outgoing = []
        for assignment, content in _with_content(list(chosen)):
            row = by_assignment[assignment.pk]
            data = self._data(row.ext_id.partition(":")[0], row.project, assignment, content)
            row.data_sha256 = content_hash(data)
            outgoing.append(Outgoing(row, data))
        return outgoing

    def surplus(self, project: LabelStudioProject) -> list[LabelStudioTask]:
        """Return the tasks whose answers were taken from the grader, or out of the session."""
        rows = project.tasks.exclude(state__in=(TaskState.WITHDRAWN, TaskState.LOST)).filter(
            assignment__isnull=False
        )
        wanted = self._wanted(project).filter(pk=OuterRef("assignment"))
        return list(rows.exclude(Exists(wanted)).order_by("pk"))

    def returned(self, project: LabelStudioProject) -> list[LabelStudioTask]:
        """Return the tasks whose answers were given back to the grader."""
        wanted = self._wanted(project).filter(pk=OuterRef("assignment"))
        taken_back = project.tasks.filter(Exists(wanted), state=TaskState.WITHDRAWN)
        return list(taken_back.order_by("pk"))

    def ended_at(self) -> datetime | None:
        """Return when grading ended, and hold the session: it is neither ended nor re-opened meanwhile."""
        held = GradingSession.objects.select_for_update(no_key=True).filter(pk=self._session.pk)
        return held.values_list("ended_at", flat=True).get()

    def parse(self, row: LabelStudioTask, data: Data, result: Result) -> tuple[ReadGrades | None, str]:
        """Return the verdicts of an annotation, or why there are none."""
        criteria = data.get("criteria")
        rows = criteria if isinstance(criteria, list) else []
        ids = tuple(str(each.get("id")) for each in rows if isinstance(each, dict))
        found = read_grades(result, data, SentTask(row.data_sha256, row.criteria_hash, ids))
        return (None, sentence_of(found)) if isinstance(found, Problem) else (found, "")

    def write(self, project: LabelStudioProject, outcomes: Sequence[Outcome]) -> int:
        """Write what the tasks came to as grades; an answer whose annotation is gone loses its verdicts again.

        Raises NotReady when the session was closed meanwhile. Cost: about ten queries, whatever the number.
        """
        session = GradingSession.objects.select_for_update(no_key=True).get(pk=self._session.pk)
        if session.state not in (SessionState.OPEN, SessionState.ADJUDICATING):
            raise NotReady(_("The session was closed meanwhile: its grades are final."))
        said = {outcome.row.assignment_id: outcome for outcome in outcomes}
        held = (
            Assignment.objects.select_for_update(of=("self",), no_key=True)
            .filter(pk__in=[outcome.row.assignment_id for outcome in outcomes], released_at=None)
            .select_related("response")
            .defer("response__completion")
            .order_by("pk")
        )
        given = [
            (assignment, _verdicts(said[assignment.pk], content))
            for assignment, content in _with_content(list(held))
        ]
        return write_many(given, desk=Desk.LABEL_STUDIO)

    def _wanted(self, project: LabelStudioProject) -> "QuerySet[Assignment]":
        """Return what the project's grader is to judge."""
        member = project.session_rater
        withdrawn = SessionRun.objects.filter(session=self._session, withdrawn_at__isnull=False).values("run")
        return Assignment.objects.filter(
            session=self._session,
            rater=member.rater_id if member else None,
            released_at=None,
            is_calibration=False,
        ).exclude(response__run__in=withdrawn)

    def _unsent(self, project: LabelStudioProject) -> "QuerySet[Assignment]":
        # Read once and looked up: asked for each answer, an index of the project made this quadratic.
        sent = LabelStudioTask.objects.filter(project=project, assignment__isnull=False)
        return self._wanted(project).exclude(pk__in=sent.values("assignment"))

    def _with_texts(self, assignments: "QuerySet[Assignment]") -> "QuerySet[Assignment]":
        return assignments.select_related("response")

    def _data(
        self, key: str, project: LabelStudioProject, assignment: Assignment, content: CaseContent
    ) -> Data:
        session = self._session
        task = GradingTask(
            key=key,
            turns=[Said(turn.role, turn.content) for turn in content.prompt],
            response=assignment.response.completion,
            criteria=[
                TaskCriterion(
                    str(index + 1), criterion.criterion, criterion.points if session.show_points else None,
                    criterion.red_line and session.show_points,
                )
                for index, criterion in enumerate(content.rubrics)
            ],
            reference=content.reference_answer if session.show_reference else None,
            evidence=[_passage(each) for each in content.evidence] if session.show_evidence else None,
            language=language_of(project),
        )  # fmt: skip
        return task_data(task)


def language_of(project: LabelStudioProject) -> str:
    """Return the language of the grader's pages: so are the words around what they grade."""
    user = project.person
    return user.language if user and user.language else "en"


def _with_content(assignments: Sequence[Assignment]) -> list[tuple[Assignment, CaseContent]]:
    """Return assignments with their cases; a case that several answered is read once."""
    items = ReleaseItem.objects.in_bulk({each.response.item_id for each in assignments})
    for assignment in assignments:
        assignment.response.item = items[assignment.response.item_id]
    return [(each, items[each.response.item_id].content) for each in assignments]


def _verdicts(outcome: Outcome, content: CaseContent) -> dict[int, GivenVerdict]:
    # All criteria: third opinions, which are asked for on some, are given in these pages alone.
    if outcome.said is None:
        return {index: GivenVerdict("") for index in range(len(content.rubrics))}
    return {
        each.index: GivenVerdict(each.verdict, each.note, at=outcome.at) for each in outcome.said.verdicts
    }


def _passage(evidence: Evidence) -> str:
    source = " · ".join(each for each in (evidence.source, evidence.edition, evidence.jurisdiction) if each)
    return "\n".join(each for each in (source, evidence.quote) if each)
