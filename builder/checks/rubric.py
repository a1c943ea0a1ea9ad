"""Checks of the rubric's shape: what is there, once, and points to something that exists."""

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.checks.characters import is_blank
from builder.checks.findings import Check, Context, Help, Hit, Mend, Severity, check
from builder.content import MAX_CRITERIA, CaseContent

FEWEST, MOST = 5, 15


@check(
    "rubric.empty", family="shape", severity=Severity.ERROR, title=gettext_lazy("A case without a rubric"),
    help=Help(
        finds=gettext_lazy("The case has no criterion."),
        why=gettext_lazy("Without criteria nobody can say how good a response is."),
        before=gettext_lazy("(no criterion)"),
        after=gettext_lazy("+8 Asks for a 12-lead ECG within ten minutes of arrival."),
    ),
)  # fmt: skip
def has_criteria(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A case without a rubric can't be graded."""
    if not content.rubrics:
        yield Hit("rubrics", _("Add at least one criterion."))


@check(
    "rubric.too_many", family="shape", severity=Severity.ERROR,
    title=gettext_lazy("More criteria than anybody grades"),
    help=Help(
        finds=gettext_lazy("The rubric has more than a thousand criteria."),
        why=gettext_lazy("Such a rubric is a slip of an import; nobody could grade one response with it."),
        before=gettext_lazy("1,400 criteria"),
        after=gettext_lazy("12 criteria"),
    ),
)  # fmt: skip
def not_too_many(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Nobody grades a thousand criteria; such a rubric is a slip of the importer."""
    if len(content.rubrics) > MAX_CRITERIA:
        yield Hit(
            "rubrics",
            _("A rubric has at most %(limit)s criteria; this one has %(count)s.")
            % {"limit": MAX_CRITERIA, "count": len(content.rubrics)},
        )


@check(
    "rubric.size", family="shape", severity=Severity.ADVICE,
    title=gettext_lazy("Fewer than 5 or more than 15 criteria"),
    help=Help(
        finds=gettext_lazy("The rubric has fewer than 5 or more than 15 criteria."),
        why=gettext_lazy(
            "A few criteria measure little; with many, graders tire and agree less. Half of all "
            "published rubrics have 8 to 15."
        ),
        before=gettext_lazy("2 criteria"),
        after=gettext_lazy("8 criteria: 5 for what must be said, 3 for what must not"),
    ),
)  # fmt: skip
def good_size(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Five to fifteen criteria measure well and are graded with care."""
    count = len(content.rubrics)
    if count and not FEWEST <= count <= MOST:
        yield Hit(
            "rubrics",
            _("Rubrics of 5 to 15 criteria are graded best; this one has %(count)s.") % {"count": count},
        )


@check(
    "rubric.empty_criterion", family="shape", severity=Severity.ERROR, title=gettext_lazy("An empty criterion"),
    help=Help(
        finds=gettext_lazy("A criterion holds nothing but spaces."),
        why=gettext_lazy("A grader can't say whether a response meets it."),
        before=gettext_lazy("+5 (nothing)"),
        after=gettext_lazy("+5 Asks since when the pain has been there."),
    ),
)  # fmt: skip
def no_empty_criterion(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Every criterion says something."""
    for index, criterion in enumerate(content.rubrics):
        if is_blank(criterion.criterion):
            row = f"rubrics[{index}]"
            yield Hit(
                f"{row}.criterion", _("This criterion is empty."), Mend(row, None, _("Remove this criterion"))
            )


@check(
    "rubric.repeated", family="duplicates", severity=Severity.WARNING,
    title=gettext_lazy("The same criterion twice"),
    help=Help(
        finds=gettext_lazy("Two criteria of the case are word for word the same."),
        why=gettext_lazy("A response would earn or lose the points twice for one thing."),
        before=gettext_lazy("+5 Asks about allergies. / +5 Asks about allergies."),
        after=gettext_lazy("+5 Asks about allergies."),
    ),
)  # fmt: skip
def no_repeated_criterion(content: CaseContent, context: Context) -> Iterator[Hit]:
    """The same sentence twice counts twice, which is seldom meant."""
    texts = Counter(criterion.criterion.strip() for criterion in content.rubrics)
    seen: set[str] = set()
    for index, criterion in enumerate(content.rubrics):
        text = criterion.criterion.strip()
        if text and texts[text] > 1:
            row = f"rubrics[{index}]"
            mend = Mend(row, None, _("Remove this criterion")) if text in seen else None
            seen.add(text)
            yield Hit(f"{row}.criterion", _("This criterion stands in the rubric twice."), mend)


@check(
    "rubric.duplicate_tag", family="tags", severity=Severity.ERROR,
    title=gettext_lazy("A criterion's tag given twice"),
    help=Help(
        finds=gettext_lazy("A criterion carries the same tag more than once."),
        why=gettext_lazy("Scores are reported per tag; a tag given twice would count the criterion twice."),
        before=gettext_lazy("axis:accuracy, axis:accuracy"),
        after=gettext_lazy("axis:accuracy"),
    ),
)  # fmt: skip
def criterion_tags_once(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A tag counts once in a criterion."""
    for index, criterion in enumerate(content.rubrics):
        if len(set(criterion.tags)) < len(criterion.tags):
            field = f"rubrics[{index}].tags"
            mend = Mend(field, list(dict.fromkeys(criterion.tags)), _("Keep each tag once"))
            yield Hit(field, _("A tag is given twice."), mend)


@check(
    "rubric.axis", family="tags", severity=Severity.WARNING, title=gettext_lazy("A criterion without an axis"),
    help=Help(
        finds=gettext_lazy("A criterion belongs to no axis."),
        why=gettext_lazy("Scores are reported per axis; without one the criterion counts only in the total."),
        before=gettext_lazy("+5 Asks about allergies. (no axis)"),
        after=gettext_lazy("+5 Asks about allergies. (context awareness)"),
    ),
)  # fmt: skip
def has_axis(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Scores are reported per axis."""
    for index, criterion in enumerate(content.rubrics):
        if not criterion.axis:
            yield Hit(f"rubrics[{index}].axis", _("Choose the axis this criterion belongs to."))


@check(
    "rubric.evidence", family="evidence", severity=Severity.ERROR,
    title=gettext_lazy("A criterion cites evidence that isn't there"),
    help=Help(
        finds=gettext_lazy("A criterion cites an evidence passage that the case doesn't have."),
        why=gettext_lazy("A reviewer or grader who looks it up would find nothing."),
        before=gettext_lazy("Criterion 1 cites e3; the case has e1 and e2."),
        after=gettext_lazy("Criterion 1 cites e2."),
    ),
)  # fmt: skip
def cites_known_evidence(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A criterion can only cite a passage of its own case."""
    known = {passage.evidence_id for passage in content.evidence}
    for index, criterion in enumerate(content.rubrics):
        field = f"rubrics[{index}].evidence"
        kept = [cited for cited in criterion.evidence if cited in known]
        for missing in sorted(set(criterion.evidence) - known):
            yield Hit(
                field,
                _("The criterion cites %(id)s, which is not among the evidence.") % {"id": missing},
                Mend(field, kept, _("Cite only what is there")),
            )


RUBRIC_CHECKS: tuple[Check, ...] = (
    has_criteria, not_too_many, no_empty_criterion, no_repeated_criterion, criterion_tags_once, has_axis,
    cites_known_evidence, good_size,
)  # fmt: skip
