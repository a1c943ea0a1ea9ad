"""Why an annotation was set aside, in a sentence for the lead."""

from django.utils.translation import gettext as _

from annotations.labelstudio.results import Problem, Reason


def sentence_of(problem: Problem) -> str:
    """Return what is wrong with an annotation and what to do about it."""
    return _sentences()[problem.reason] % {
        "criterion": "?" if problem.criterion is None else problem.criterion + 1
    }


def _sentences() -> dict[Reason, str]:
    return {
        Reason.DATA_CHANGED: _(
            "The task's text was changed in Label Studio after it was sent, so it isn't known what was judged. Put the "
            "text back there, or have the answer graded again."
        ),
        Reason.CRITERIA_CHANGED: _(
            "The task's criteria were changed in Label Studio after they were sent, so the verdicts can't be matched "
            "to them. Put the criteria back there, or have the answer graded again."
        ),
        Reason.MALFORMED: _(
            "A part of the annotation isn't what the grading form writes. Open and submit it again."
        ),
        Reason.UNKNOWN_FIELD: _(
            "The annotation holds a field that the grading form doesn't have; the labelling configuration may have "
            "been changed in Label Studio."
        ),
        Reason.OUT_OF_RANGE: _(
            "There is a verdict on criterion %(criterion)s, which the rubric doesn't have."
        ),
        Reason.MISSING: _(
            "There is no verdict on criterion %(criterion)s. Ask the grader to add it and submit again."
        ),
        Reason.DOUBLED: _(
            "There is more than one verdict on criterion %(criterion)s. Ask the grader to choose one."
        ),
        Reason.UNKNOWN_VERDICT: _(
            "The verdict on criterion %(criterion)s is none of those that can be given."
        ),
        Reason.TOO_LONG: _(
            "The note on criterion %(criterion)s is too long to be taken over. Ask for a shorter one."
        ),
    }
