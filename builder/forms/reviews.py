"""Forms of reviewing: votes and the decision, points of the discussion, a conflict of interest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from builder.forms.service_form import ServiceForm, offer
from builder.models import Case, ConflictOfInterest, CriterionVote, Decision, Review, ReviewThread, User, Vote
from builder.services.conflicts import MAX_STATEMENT_CHARACTERS, declare_conflict
from builder.services.reviews import review_case
from builder.services.threads import (
    MAX_MESSAGE_CHARACTERS,
    adopt_proposal,
    open_thread,
    reopen_thread,
    reply_to_thread,
    resolve_thread,
)  # fmt: skip


class ReviewForm(ServiceForm):
    """Votes are named `vote-0`, `vote-1` … by the criterion's place in the rubric.

    The field of a proposed wording holds what the criterion says; left as it is, it proposes nothing.
    """

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

    def __init__(self, data: Any = None, *, criteria: Sequence[str], **kwargs: Any) -> None:
        super().__init__(data, auto_id="%s", **kwargs)
        self.criteria = criteria
        for index, text in enumerate(criteria):
            number = {"number": index + 1}
            self.fields[f"vote-{index}"] = forms.ChoiceField(choices=Vote.choices, required=False)
            self.fields[f"vote-{index}-comment"] = _text(
                gettext("Comment on criterion %(number)s (optional)") % number, 2000
            )
            self.fields[f"vote-{index}-wording"] = _text(
                gettext("How criterion %(number)s should read (optional)") % number,
                MAX_MESSAGE_CHARACTERS + 2 * len(text),  # left as it is, a long criterion is no error
                initial=text,
            )

    @staticmethod
    def initial_from(own: Review | None, votes: Mapping[int, CriterionVote], revision: int) -> dict[str, Any]:
        """Return what the person decided before, for the form to show."""
        initial: dict[str, Any] = {"revision": revision, "comment": own.comment if own else ""}
        for index, vote in votes.items():
            initial |= {f"vote-{index}": vote.vote, f"vote-{index}-comment": vote.comment}
            if vote.proposed_wording:
                initial[f"vote-{index}-wording"] = vote.proposed_wording
        return initial

    def says_something(self, index: int) -> bool:
        """Whether a comment or a wording of one's own stands beside the vote on a criterion, or an error."""
        names = (f"vote-{index}-comment", f"vote-{index}-wording")
        return (
            any(self[name].errors for name in names)
            or bool((self[names[0]].value() or "").strip())
            or self._has_wording(index, self[names[1]].value() or "")
        )

    def clean(self) -> dict[str, Any]:
        """Ask for everything that is missing at once, each beside its field."""
        data = super().clean() or self.cleaned_data
        decision = data.get("decision")
        if decision == Decision.REQUEST_CHANGES and not data.get("comment", "").strip():
            self.add_error("comment", gettext("Say what should change."))
        for index in range(len(self.criteria)):
            name, number = f"vote-{index}", {"number": index + 1}
            if data.get(name) or name in self.errors:
                continue
            if decision == Decision.APPROVE:
                self.add_error(name, gettext("Vote on criterion %(number)s before you approve.") % number)
            elif data.get(f"{name}-comment") or self._has_wording(index, data.get(f"{name}-wording", "")):
                self.add_error(
                    name, gettext("You wrote something about criterion %(number)s. Vote on it too.") % number
                )
        return data

    def _has_wording(self, index: int, text: str) -> bool:
        """Whether the field holds another text than the criterion; a browser sends line ends of its own."""
        return bool(text.strip()) and text.split() != self.criteria[index].split()

    def decide(self, case: Case, *, by: User) -> Review:
        """Record the decision; a Conflict, because the author saved meanwhile, is the caller's to show."""
        data = self.cleaned_data
        named = [(index, f"vote-{index}") for index in range(len(self.criteria))]
        return review_case(
            case=case,
            revision_number=data["revision"],
            decision=data["decision"],
            comment=data["comment"],
            votes={index: data[name] for index, name in named if data[name]},
            vote_comments={index: data[f"{name}-comment"] for index, name in named},
            proposals={
                index: text
                for index, name in named
                if self._has_wording(index, text := data[f"{name}-wording"])
            },
            by=by,
        )


class NewThreadForm(ServiceForm):
    """A point about the whole case or one of its criteria."""

    about = forms.ChoiceField(label=_("What is it about?"))
    text = forms.CharField(
        label=_("Your point"),
        max_length=MAX_MESSAGE_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write your point")},
    )

    def __init__(self, *args: Any, criteria: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbered = [
            (str(index), f"{index + 1}. {Truncator(text).chars(80)}") for index, text in enumerate(criteria)
        ]
        offer(self, "about", [("case", gettext("The whole case")), *numbered])

    def open(self, case: Case, *, by: User) -> ReviewThread | None:
        """Raise the point; None when the service refuses."""
        about, text = self.cleaned_data["about"], self.cleaned_data["text"]
        place = None if about == "case" else int(about)
        return self.attempt(lambda: open_thread(case=case, text=text, criterion_index=place, by=by))


class ThreadForm(ServiceForm):
    """What is done to one point: answer it, resolve it (with a last word, or none), open it again, adopt a wording."""

    ACTIONS = ("reply", "resolve", "reopen", "adopt")

    text = forms.CharField(
        label=_("Answer"),
        required=False,
        max_length=MAX_MESSAGE_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    action = forms.ChoiceField(choices=[(name, name) for name in ACTIONS], widget=forms.HiddenInput)
    message = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def act(self, thread: ReviewThread, *, by: User) -> object | None:
        """Do it; None when the service refuses."""
        data = self.cleaned_data
        verbs: dict[str, Callable[[], object]] = {
            "reply": lambda: reply_to_thread(thread=thread, text=data["text"], by=by),
            "resolve": lambda: resolve_thread(thread=thread, text=data["text"], by=by),
            "reopen": lambda: reopen_thread(thread=thread, by=by),
            "adopt": lambda: adopt_proposal(thread=thread, message_id=data["message"] or 0, by=by),
        }
        return self.attempt(verbs[data["action"]])


class ConflictForm(ServiceForm):
    """What ties a reviewer to a case."""

    statement = forms.CharField(
        label=_("What ties you to this case?"),
        help_text=_("Such as: I treated this patient, or I wrote the guideline. It can’t be taken back."),
        max_length=MAX_STATEMENT_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Say what ties you to this case")},
    )

    def declare(self, case: Case, *, by: User) -> ConflictOfInterest | None:
        """Record the statement; None when the service refuses."""
        statement = self.cleaned_data["statement"]
        return self.attempt(lambda: declare_conflict(case=case, statement=statement, by=by))


def _text(label: str, most: int, *, initial: str = "") -> forms.CharField:
    """Return a field for a short text beside a vote."""
    area = forms.Textarea(attrs={"rows": 2, "dir": "auto"})
    return forms.CharField(label=label, required=False, max_length=most, initial=initial, widget=area)
