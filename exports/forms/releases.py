"""Forms about releases: freezing, changing the stage, downloading a bundle."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from builder.forms.service_form import ServiceForm, offer
from builder.models import Case, Department, User
from exports.formats.registry import FORMATS
from exports.models import Release, ReleaseState, Stage
from exports.services.bundles import Archive, export_archive
from exports.services.releases import freeze_release, set_release_state

ALL, BY_TAG, BY_HAND = "all", "tag", "hand"
_SHORT = {"class": "nhsuk-input--width-10", "autocomplete": "off", "spellcheck": "false"}
_NUMBER = {"class": "nhsuk-input--width-5"}


class FreezeForm(ServiceForm):
    """A new release of one department's approved cases."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("Such as ed-triage: letters, digits, points and hyphens. Commands and files use it."),
        max_length=100,
        widget=forms.TextInput(attrs=_SHORT),
        error_messages={"required": _("Choose a name for the release")},
    )
    version = forms.CharField(
        label=_("Version"),
        help_text=_("Three numbers, such as 1.0.0."),
        max_length=40,
        widget=forms.TextInput(attrs=_SHORT),
        error_messages={"required": _("Give a version such as 1.0.0")},
    )
    stage = forms.ChoiceField(
        label=_("Stage"),
        help_text=_("A candidate is for trying out. It can become final later."),
        choices=[(Stage.CANDIDATE, Stage.CANDIDATE.label), (Stage.FINAL, Stage.FINAL.label)],
        initial=Stage.CANDIDATE,
        widget=forms.RadioSelect,
    )
    selection = forms.ChoiceField(
        label=_("Which cases"),
        choices=[
            (ALL, _("All approved cases")),
            (BY_TAG, _("Those with any of these tags")),
            (BY_HAND, _("Those ticked below")),
        ],
        initial=ALL,
        widget=forms.RadioSelect,
    )
    tags = forms.MultipleChoiceField(label=_("Tags"), required=False, widget=forms.CheckboxSelectMultiple)
    cases = forms.MultipleChoiceField(
        label=_("Approved cases"), required=False, widget=forms.CheckboxSelectMultiple
    )
    held_out = forms.IntegerField(
        label=_("Share to hold out, in percent"),
        help_text=_("Held-out cases leave the building only for a named recipient. 0 holds nothing out."),
        initial=0,
        validators=[MinValueValidator(0), MaxValueValidator(99)],
        widget=forms.NumberInput(attrs=_NUMBER),
    )
    seed = forms.IntegerField(
        label=_("Seed of the draw"),
        help_text=_("Any whole number. The same cases, share and seed draw the same cases again."),
        required=False,
        widget=forms.NumberInput(attrs=_NUMBER),
    )

    def __init__(self, *args: Any, cases: list[Case], tags: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "cases", [(str(case.pk), str(case)) for case in cases])
        offer(self, "tags", [(tag, tag) for tag in tags])
        if not tags:
            del self.fields["tags"]

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen way of selecting needs."""
        data = super().clean() or {}
        if data.get("selection") == BY_TAG and not data.get("tags"):
            self.add_error("tags" if "tags" in self.fields else None, _("Choose at least one tag"))
        if data.get("selection") == BY_HAND and not data.get("cases"):
            self.add_error("cases", _("Tick at least one case"))
        return data

    def freeze(self, department: Department, *, by: User) -> Release | None:
        """Freeze the release; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: freeze_release(
                department=department,
                name=data["name"],
                version=data["version"],
                stage=data["stage"],
                by=by,
                tags=data["tags"] if data["selection"] == BY_TAG else (),
                case_ids=[int(pk) for pk in data["cases"]] if data["selection"] == BY_HAND else None,
                held_out=(data["held_out"] or 0) / 100,
                seed=data["seed"],
            )
        )


class StageForm(ServiceForm):
    """Promote a release to final, or withdraw it."""

    stage = forms.ChoiceField(
        label=_("New stage"), widget=forms.RadioSelect, error_messages={"required": _("Choose the new stage")}
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It stays with the release."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why the stage changes")},
    )

    def __init__(self, *args: Any, present: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(Stage.FINAL, _("Final: for use")), (Stage.WITHDRAWN, _("Withdrawn: no longer for use"))]
        offer(self, "stage", choices if present == Stage.CANDIDATE else choices[1:])

    def change(self, release: Release, *, by: User) -> ReleaseState | None:
        """Change the stage; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: set_release_state(release=release, stage=data["stage"], reason=data["reason"], by=by)
        )


class DownloadForm(ServiceForm):
    """Which bundle, and, for held-out cases, for whom and why."""

    format = forms.ChoiceField(
        label=_("Format"),
        choices=[(each.name, each.label) for each in FORMATS.values()],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a format")},
    )
    prompts_only = forms.BooleanField(
        label=_("Leave the rubric out"),
        help_text=_("For running a system that must not see it. The answers are graded here afterwards."),
        required=False,
    )
    recipient = forms.CharField(
        label=_("Recipient of the held-out cases"),
        help_text=_("Leave this empty for a bundle of the public cases only."),
        required=False,
        max_length=200,
    )
    reason = forms.CharField(
        label=_("Reason for sending the held-out cases"),
        help_text=_("It is kept in the audit trail."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not release.n_held_out:
            del self.fields["recipient"]
            del self.fields["reason"]

    def pack(self, release: Release, *, by: User) -> Archive | None:
        """Make the bundle; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: export_archive(
                release=release,
                file_format=data["format"],
                by=by,
                recipient=data.get("recipient", ""),
                reason=data.get("reason", ""),
                prompts_only=data["prompts_only"],
            )
        )
