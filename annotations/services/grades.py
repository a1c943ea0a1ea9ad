"""Saving a grader's verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.models import HUMAN_VERDICTS, Assignment, Grade, GradingSession, SessionState
from builder.common.errors import BadInput, NotAllowed, NotReady
from builder.models import User

ROUND = 1


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """What a grader says of one criterion; an empty verdict takes an earlier one back."""

    verdict: str
    explanation: str = ""


@transaction.atomic
def save_grades(*, assignment: Assignment, verdicts: Mapping[int, GivenVerdict], by: User) -> Assignment:
    """Save verdicts by the criterion's place from 0; criteria that aren't named keep theirs.

    Saving the same again changes nothing. The assignment is done when every criterion has a verdict. Raises NotReady
    when the session is no longer open or the grader no longer grades in it, BadInput for an unknown criterion or
    verdict and for an explanation without a verdict: it has no row to live in.
    """
    session = GradingSession.objects.select_for_update(no_key=True).get(pk=assignment.session_id)
    locked = Assignment.objects.select_related("rater", "response__item").get(pk=assignment.pk)
    if locked.rater.user_id != by.pk:
        raise NotAllowed(_("This answer is assigned to somebody else."))
    if session.state != SessionState.OPEN:
        raise NotReady(_("Grading has ended: this session is no longer open."))
    if not GradingSession.objects.of_member(by).filter(pk=session.pk).exists():
        raise NotReady(_("You no longer grade in this session. Ask the person who leads it."))
    n_criteria = len(locked.response.item.content.rubrics)
    _check(verdicts, n_criteria)
    cleared = [index for index, given in verdicts.items() if not given.verdict]
    locked.grades.filter(criterion_index__in=cleared, round=ROUND).delete()
    _upsert(locked, {index: given for index, given in verdicts.items() if given.verdict})
    n_given = locked.grades.filter(round=ROUND).count()
    if n_given < n_criteria:
        locked.done_at = None
    elif locked.done_at is None:
        locked.done_at = timezone.now()
    locked.save(update_fields=["done_at"])
    return locked


def _check(verdicts: Mapping[int, GivenVerdict], n_criteria: int) -> None:
    for index, given in verdicts.items():
        if not 0 <= index < n_criteria:
            raise BadInput(_("There is no criterion %(number)s.") % {"number": index + 1}, field="verdicts")
        if given.verdict and given.verdict not in HUMAN_VERDICTS:
            raise BadInput(
                _("A verdict is met, not_met or cannot_judge, not %(verdict)s.") % {"verdict": given.verdict},
                field="verdicts",
            )
        if given.explanation.strip() and not given.verdict:
            raise BadInput(
                _(
                    "Criterion %(number)s has a note but no verdict. Choose a verdict, so that the note is kept."
                )
                % {"number": index + 1},
                field="verdicts",
            )


def _upsert(assignment: Assignment, verdicts: Mapping[int, GivenVerdict]) -> None:
    """Write what differs from what is stored, so that `updated_at` is the time of the last change."""
    now = timezone.now()
    stored = {
        grade.criterion_index: (grade.verdict, grade.explanation)
        for grade in assignment.grades.filter(round=ROUND)
    }
    Grade.objects.bulk_create(
        [
            Grade(
                assignment=assignment, criterion_index=index, round=ROUND, verdict=given.verdict,
                explanation=given.explanation.strip(), updated_at=now,
            )
            for index, given in sorted(verdicts.items())
            if stored.get(index) != (given.verdict, given.explanation.strip())
        ],
        update_conflicts=True,
        unique_fields=["assignment", "criterion_index", "round"],
        update_fields=["verdict", "explanation", "updated_at"],
    )  # fmt: skip
