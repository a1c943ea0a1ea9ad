"""The form on which a lead writes what is right about one calibration answer."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.models import Verdict
from annotations.selectors.calibration import Gold, GoldCriterion, GoldPage
from annotations.services.calibration import set_gold_verdicts
from builder.forms.service_form import ServiceForm
from builder.models import User

LONGEST_REASON = 5_000


class GoldForm(ServiceForm):
    """Met or not met by criterion, `verdict-0`, and why, `why-0`: graders see it after their own verdict."""

    def __init__(self, *args: Any, page: GoldPage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page = page
        for criterion in page.criteria:
            self.fields[f"verdict-{criterion.index}"] = forms.ChoiceField(
                label=gettext_lazy("Verdict on criterion %(number)s") % {"number": criterion.number},
                choices=[(verdict.value, verdict.label) for verdict in (Verdict.MET, Verdict.NOT_MET)],
                initial=criterion.verdict,
                required=False,
                widget=forms.RadioSelect(attrs={"class": "nhsuk-radios--inline"}),
            )
            self.fields[f"why-{criterion.index}"] = forms.CharField(
                label=gettext_lazy("Why"),
                initial=criterion.explanation,
                required=False,
                max_length=LONGEST_REASON,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def rows(self) -> Iterator[tuple[GoldCriterion, BoundField, BoundField]]:
        """Yield every criterion with its two fields."""
        for criterion in self.page.criteria:
            yield criterion, self[f"verdict-{criterion.index}"], self[f"why-{criterion.index}"]

    def clean(self) -> dict[str, Any]:
        """Refuse a reason without a verdict: it has nowhere to be kept."""
        data = super().clean() or self.cleaned_data
        for criterion in self.page.criteria:
            if data.get(f"why-{criterion.index}") and not data.get(f"verdict-{criterion.index}"):
                self.add_error(
                    f"verdict-{criterion.index}",
                    _("Criterion %(number)s has a reason but no verdict. Choose met or not met.")
                    % {"number": criterion.number},
                )
        return data

    def save(self, *, by: User) -> bool:
        """Save what is right; False when the service refuses."""
        data = self.cleaned_data
        gold = {
            criterion.index: Gold(data[f"verdict-{criterion.index}"], data[f"why-{criterion.index}"])
            for criterion in self.page.criteria
        }
        self.attempt(lambda: set_gold_verdicts(item=self.page.item, verdicts=gold, by=by))
        return not self.errors
