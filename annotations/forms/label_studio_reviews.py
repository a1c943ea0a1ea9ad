"""The form that has rubrics reviewed in Label Studio."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.services.label_studio.reviews import choose_reviewers
from builder.forms.service_form import ServiceForm, offer
from builder.models import Department, Job, User


class ReviewersForm(ServiceForm):
    """Who reviews there from now on; those who do already go on."""

    key = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)
    reviewers = forms.MultipleChoiceField(
        label=_("Add reviewers who work in Label Studio"),
        help_text=_("Each gets a project of their own. Nobody gets a case they wrote."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(person.pk): person for person in people}
        offer(self, "reviewers", [(key, str(person)) for key, person in self._people.items()])
        # A second click on the button is the same request.
        self.fields["key"].initial = uuid4().hex

    def ask(self, department: Department, *, by: User) -> Job | None:
        """Ask for rubrics to be sent and votes to be fetched; None when the service refuses."""
        chosen = [self._people[key] for key in self.cleaned_data["reviewers"]]
        return self.attempt(
            lambda: choose_reviewers(
                department=department, reviewers=chosen, by=by, key=self.cleaned_data["key"]
            )
        )
