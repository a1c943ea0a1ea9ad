"""How far graders agree on criteria like the one that is being decided, in one sentence."""

from django.utils.translation import gettext as _

from annotations.presenters import words
from annotations.selectors.kind_agreement import KindAgreement
from builder.vocabulary import axis_label


def kind_text(kind: KindAgreement | None) -> str:
    """Return the sentence; nothing where too few units would tell it."""
    if kind is None:
        return ""
    text = (
        _("Agreement on criteria of the axis “%(axis)s”: AC1 %(value)s, %(units)s units.")
        if kind.axis
        else _("Agreement on this criterion in all of its cases: AC1 %(value)s, %(units)s units.")
    )
    return text % {
        "axis": axis_label(kind.axis) if kind.axis else "", "value": words.estimate_text(kind.estimate),
        "units": f"{kind.estimate.n_units_pairable:,}",
    }  # fmt: skip
