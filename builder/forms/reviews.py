"""The form of a review: a vote on every criterion, comments, and the decision."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from builder.forms.service_form import ServiceForm
from builder.models import Case, CriterionVote, Decision, Review, User, Vote
from builder.services.reviews import review_case


class ReviewForm(ServiceForm):
    """Votes are named `vote-0`, `vote-1` … by the criterion's place in the rubric."""

    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    decision = forms.ChoiceField(
        choices=Decision.choices,
        error_messages={"required": _("Choose whether to approve or to ask for changes.")},
    )
    comment = forms.CharField(
        label=_("Comment"),
        help_text=_("Needed when you ask for changes: say what should change."),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, data: Any = None, *, criteria: int, **kwargs: Any) -> None:
        super().__init__(data, auto_id="%s", **kwargs)
        self.criteria = criteria
        for index in range(criteria):
            self.fields[f"vote-{index}"] = forms.ChoiceField(choices=Vote.choices, required=False)
            self.fields[f"vote-{index}-comment"] = forms.CharField(
                label=_now("Comment on criterion %(number)s (optional)") % {"number": index + 1},
                required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
            )  # fmt: skip

    @staticmethod
    def initial_from(own: Review | None, votes: Mapping[int, CriterionVote], revision: int) -> dict[str, Any]:
        """Return what the person decided before, for the form to show."""
        initial: dict[str, Any] = {"revision": revision, "comment": own.comment if own else ""}
        for index, vote in votes.items():
            initial |= {f"vote-{index}": vote.vote, f"vote-{index}-comment": vote.comment}
        return initial

    def clean(self) -> dict[str, Any]:
        """Ask for everything that is missing at once, each beside its field."""
        data = super().clean() or self.cleaned_data
        decision = data.get("decision")
        if decision == Decision.REQUEST_CHANGES and not data.get("comment", "").strip():
            self.add_error("comment", _now("Say what should change."))
        for index in range(self.criteria):
            if (
                decision == Decision.APPROVE
                and not data.get(f"vote-{index}")
                and f"vote-{index}" not in self.errors
            ):
                self.add_error(
                    f"vote-{index}",
                    _now("Vote on criterion %(number)s before you approve.") % {"number": index + 1},
                )
        return data

    def decide(self, case: Case, *, by: User) -> Review:
        """Record the decision; a Conflict, because the author saved meanwhile, is the caller's to show."""
        data = self.cleaned_data
        named = [(index, f"vote-{index}") for index in range(self.criteria)]
        return review_case(
            case=case,
            revision_number=data["revision"],
            decision=data["decision"],
            comment=data["comment"],
            votes={index: data[name] for index, name in named if data[name]},
            vote_comments={index: data[f"{name}-comment"] for index, name in named},
            by=by,
        )
