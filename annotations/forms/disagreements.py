"""Forms that decide disagreements, take a ruling back and ask a third grader."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import Assignment, GradingSession, Resolution, Ruling
from annotations.selectors.adjudication import DecisionPage
from annotations.services.resolutions import ask_third, resolve_unit, withdraw_resolution
from annotations.services.sessions import rater_for_person
from builder.forms.service_form import ServiceForm, offer
from builder.models import User

LONGEST_REASON = 4_000


class RulingForm(ServiceForm):
    """The ruling on one unit, and why."""

    verdict = forms.ChoiceField(
        label=_("Final verdict"),
        choices=Ruling.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a verdict"), "invalid_choice": _("Choose one of the four")},
    )
    reason = forms.CharField(
        label=_("Reason (kept in the audit trail)"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why")},
    )

    def rule(self, session: GradingSession, page: DecisionPage, *, by: User) -> Resolution | None:
        """Rule on the unit; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: resolve_unit(
                session=session, response=page.response, criterion_index=page.criterion_index,
                verdict=data["verdict"], reason=data["reason"], by=by,
            )
        )  # fmt: skip


class WithdrawRulingForm(ServiceForm):
    """Why a ruling is taken back."""

    reason = forms.CharField(
        label=_("Why is the ruling taken back?"),
        help_text=_("It is kept in the audit trail, beside the ruling."),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why")},
    )

    def withdraw(self, ruling: Resolution, *, by: User) -> Resolution | None:
        """Take the ruling back; None when the service refuses."""
        reason = self.cleaned_data["reason"]
        return self.attempt(lambda: withdraw_resolution(resolution=ruling, reason=reason, by=by))


class ThirdForm(ServiceForm):
    """Who is asked as a third, and about which criteria of the answer."""

    grader = forms.ChoiceField(
        label=_("Third grader"),
        help_text=_("Graders of the department who never had this answer. They see nobody’s verdicts."),
        error_messages={"required": _("Choose a person"), "invalid_choice": _("Choose a person of the list")},
    )
    criteria = forms.MultipleChoiceField(
        label=_("Criteria they are asked about"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one criterion")},
    )

    def __init__(self, *args: Any, page: DecisionPage, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(person.pk): person for person in people}
        offer(
            self,
            "grader",
            [("", gettext("Choose …")), *((key, str(who)) for key, who in self._people.items())],
        )
        offer(self, "criteria", [(str(index), text) for index, text in page.in_dispute.items()])
        self.fields["criteria"].initial = [str(index) for index in page.in_dispute]

    def ask(self, session: GradingSession, page: DecisionPage, *, by: User) -> Assignment | None:
        """Ask the third grader; None when the service refuses."""
        data = self.cleaned_data
        rater = rater_for_person(self._people[data["grader"]])
        return self.attempt(
            lambda: ask_third(
                session=session, response=page.response, criteria=[int(key) for key in data["criteria"]],
                rater=rater, by=by,
            )
        )  # fmt: skip
