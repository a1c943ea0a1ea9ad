"""What a grader does with a whole answer at the desk: put it down with a reason, flag it, take it up again."""

from django import forms

from annotations.models import Assignment, GradingSession
from annotations.services.grades import flag_assignment, skip_assignment, undo_skip, unflag_assignment
from annotations.services.queue import claim_assignment
from builder.forms.service_form import ServiceForm
from builder.models import User


class DeskAct(ServiceForm):
    """An act on one answer; `target` is the field that its refusal points at."""

    target = ""

    def carry_out(self, assignment: Assignment, *, by: User) -> Assignment | None:
        """Do it; None when the service refuses, with its sentence among the form's errors."""
        raise NotImplementedError

    def summary(self) -> list[dict[str, str]]:
        """Return what is wrong, for the list on top of the page."""
        said = [str(each) for name in self.errors for each in self.errors[name]]
        return [{"message": each, "target": self.target} for each in said]


class SkipAct(DeskAct):
    """Put an answer down, with the reason."""

    target = "skip-reason"
    reason = forms.CharField(required=False)

    def carry_out(self, assignment: Assignment, *, by: User) -> Assignment | None:
        """Skip the answer."""
        reason = self.cleaned_data["reason"]
        return self.attempt(lambda: skip_assignment(assignment=assignment, reason=reason, by=by))


class FlagAct(DeskAct):
    """Draw the lead's attention to an answer."""

    target = "flag-note"
    note = forms.CharField(required=False)

    def carry_out(self, assignment: Assignment, *, by: User) -> Assignment | None:
        """Flag the answer, or change the note of its flag."""
        note = self.cleaned_data["note"]
        return self.attempt(lambda: flag_assignment(assignment=assignment, note=note, by=by))


class UnflagAct(DeskAct):
    """Take the flag away again."""

    def carry_out(self, assignment: Assignment, *, by: User) -> Assignment | None:
        """Remove the flag."""
        return self.attempt(lambda: unflag_assignment(assignment=assignment, by=by))


class UnskipAct(DeskAct):
    """Take a skipped answer up again."""

    def carry_out(self, assignment: Assignment, *, by: User) -> Assignment | None:
        """Undo the skip."""
        return self.attempt(lambda: undo_skip(assignment=assignment, by=by))


class ClaimAct(ServiceForm):
    """Take one of the answers that nobody has yet."""

    def claim(self, session: GradingSession, *, by: User) -> Assignment | None:
        """Take one; None when none is left or the service refuses."""
        return self.attempt(lambda: claim_assignment(session=session, by=by))


ACTS: dict[str, type[DeskAct]] = {"skip": SkipAct, "flag": FlagAct, "unflag": UnflagAct}
