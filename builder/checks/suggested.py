"""The check of what an import only suggested: nobody has stood up for it yet."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.checks.findings import Check, Context, Help, Hit, Mend, Severity, check
from builder.content import CaseContent


@check(
    "rubric.suggested", family="shape", severity=Severity.ERROR,
    title=gettext_lazy("A suggested criterion that nobody confirmed"),
    help=Help(
        finds=gettext_lazy(
            "A criterion was made from the key or a wrong option of an exam question, and no author confirmed it."
        ),
        why=gettext_lazy(
            "An exam’s key says what is right, not what a good answer looks like. An author confirms each "
            "suggested criterion, rewrites it, or removes it."
        ),
        before=gettext_lazy("+5 Names anaphylaxis as the most likely diagnosis (suggested)"),
        after=gettext_lazy("+5 Names anaphylaxis as the most likely diagnosis (confirmed, or in words of your own)"),
    ),
)  # fmt: skip
def suggested_confirmed(content: CaseContent, context: Context) -> Iterator[Hit]:
    """What a program wrote counts only after a person took it over."""
    for index, criterion in enumerate(content.rubrics):
        if criterion.is_suggested:
            yield Hit(
                f"rubrics[{index}].criterion",
                _("This criterion was suggested from an exam’s key. Confirm it, rewrite it or remove it."),
                Mend(f"rubrics[{index}].extra", criterion.confirmed_extra, _("Confirm this criterion")),
            )


SUGGESTED_CHECKS: tuple[Check, ...] = (suggested_confirmed,)
