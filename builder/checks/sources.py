"""Checks of where a criterion's numbers and laws come from, and whether its evidence still holds."""

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.checks.findings import Check, Context, Help, Hit, Mend, Severity, check
from builder.checks.reading import Reading, read, readings
from builder.checks.words import lexicon_of
from builder.content import CaseContent, Criterion


@check(
    "rubric.threshold", family="threshold", severity=Severity.WARNING,
    title=gettext_lazy("A threshold without number, unit or source"),
    help=Help(
        finds=gettext_lazy(
            "A criterion says “if the blood pressure is high” without a number, names a number "
            "without its unit, or a limit without the guideline it is from."
        ),
        why=gettext_lazy(
            "Limits differ between guidelines and change with their editions; without a source "
            "nobody can check them later."
        ),
        before=gettext_lazy("+5 Recommends treatment if the blood pressure is too high."),
        after=gettext_lazy(
            "+5 Recommends treatment if the systolic pressure is above 180 mmHg. (Guideline: ESC "
            "2024)"
        ),
    ),
)  # fmt: skip
def threshold_is_complete(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A limit has a number, a unit and a source."""
    for index, criterion, reading, _lexicon in readings(content):
        if message := _threshold_fault(criterion, reading):
            yield Hit(f"rubrics[{index}].criterion", message)


def _threshold_fault(criterion: Criterion, reading: Reading) -> str:
    if not reading.find("quantity"):
        return ""
    if not reading.find("number"):
        named = reading.find("threshold_word")
        return _("From which value on? Name the number, its unit and the guideline.") if named else ""
    if not reading.find("unitless") and reading.find("threshold_bare"):
        return _("The limit has no unit; write it after the number.")
    if criterion.guideline.strip() or criterion.evidence or reading.find("names_source"):
        return ""
    if reading.find("threshold_score") or reading.find("threshold_unit"):
        return _("Where does this limit come from? Name the guideline, or cite an evidence passage.")
    return ""


@check(
    "evidence.expired", family="evidence", severity=Severity.WARNING,
    title=gettext_lazy("Evidence past its review date"),
    help=Help(
        finds=gettext_lazy("An evidence passage should have been reviewed before today."),
        why=gettext_lazy("Guidelines change. From that day on the case's approval no longer counts."),
        before=gettext_lazy("Review by 2024-12-31"),
        after=gettext_lazy("Review by 2027-12-31, after comparing the passage with the present edition"),
    ),
)  # fmt: skip
def evidence_is_current(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Evidence is reviewed in time. Without today's date nothing is said."""
    if context.today is None:
        return
    for index, passage in enumerate(content.evidence):
        try:
            review_by = date.fromisoformat(passage.review_by.strip())
        except ValueError:
            continue
        if review_by < context.today:
            yield Hit(
                f"evidence[{index}].review_by",
                _("This passage was to be reviewed by %(date)s. Compare it with the present edition.")
                % {"date": review_by.isoformat()},
            )


@check(
    "rubric.jurisdiction", family="law", severity=Severity.WARNING, title=gettext_lazy("A law without its country"),
    help=Help(
        finds=gettext_lazy("A criterion or an evidence passage cites a law, and its jurisdiction is empty."),
        why=gettext_lazy(
            "What is required in one country is forbidden in another; releases are made for one of "
            "them."
        ),
        before=gettext_lazy("+5 Explains that the law requires two doctors' signatures. (no jurisdiction)"),
        after=gettext_lazy("+5 Explains that the law requires two doctors' signatures. (jurisdiction: GB)"),
    ),
)  # fmt: skip
def law_has_jurisdiction(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A cited law says whose law it is."""
    for index, criterion in enumerate(content.rubrics):
        cited = _law_in(criterion.criterion) or _law_in(criterion.guideline)
        if cited and not criterion.jurisdiction.strip():
            guess = _of_evidence(content, criterion) or _of_law(
                f"{criterion.criterion} {criterion.guideline}"
            )
            yield _without_jurisdiction(f"rubrics[{index}].jurisdiction", cited, guess)
    for index, passage in enumerate(content.evidence):
        if not passage.jurisdiction.strip() and (cited := _law_in(passage.source)):
            yield _without_jurisdiction(f"evidence[{index}].jurisdiction", cited, _of_law(passage.source))


def _law_in(text: str) -> str:
    reading = read(text)
    found = reading.find("law")
    if found is None or reading.find("law_excused"):
        return ""
    return found[0].strip()


def _without_jurisdiction(field: str, cited: str, guess: str) -> Hit:
    mend = Mend(field, guess, _("Set the jurisdiction to %(place)s") % {"place": guess}) if guess else None
    return Hit(
        field, _("“%(words)s” is a law; say of which country or region it is.") % {"words": cited}, mend
    )


def _of_evidence(content: CaseContent, criterion: Criterion) -> str:
    """Return the one jurisdiction of the passages the criterion cites, or nothing when they differ."""
    places = {
        each.jurisdiction.strip() for each in content.evidence if each.evidence_id in criterion.evidence
    }
    places.discard("")
    return places.pop() if len(places) == 1 else ""


def _of_law(text: str) -> str:
    lexicon = lexicon_of(text)
    if lexicon is None:
        return ""
    return next((place for name, place in lexicon.laws.items() if name.lower() in text.lower()), "")


SOURCE_CHECKS: tuple[Check, ...] = (threshold_is_complete, evidence_is_current, law_has_jurisdiction)
