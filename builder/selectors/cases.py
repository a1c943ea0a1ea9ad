"""What the pages about cases show."""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.checks import Context, Severity, blocking, check_content
from builder.common.errors import NotFound
from builder.content import THEME_PREFIX, CaseContent, content_from_data
from builder.models import (
    Case,
    CaseDraft,
    CaseRevision,
    CaseState,
    CaseTemplate,
    Decision,
    Department,
    ExternalApproval,
    Kind,
    User,
)  # fmt: skip
from builder.selectors.attestations import IsAttested, attested_among
from builder.selectors.case_checks import signed, summary_of
from builder.selectors.library import cases_with, vocabulary
from builder.selectors.reviews import latest_reviews

# What a list can be narrowed to besides a state: every one, and approved cases whose approval no longer counts.
ANY_STATE, EXPIRED = "any", "expired"


@dataclass(frozen=True, slots=True)
class CaseFilters:
    """What a list of cases was narrowed to; an empty text means no limit, but for retired cases."""

    q: str = ""
    department: str = ""
    state: str = ""
    kind: str = ""
    language: str = ""
    theme: str = ""


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """What a person can narrow the list to: only what their own cases hold."""

    departments: list[Department]
    kinds: list[str]
    languages: list[str]
    themes: list[str]


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the list."""

    case: Case
    title: str
    kind: str
    criteria: int
    best: str
    has_red_line: bool
    approvals: str
    verdict: str
    findings: str


@dataclass(frozen=True, slots=True)
class EditorBase:
    """What the editor starts from: the person's own draft when there is one, else the head revision."""

    content: CaseContent
    base_version: int
    sequence: int
    saved_at: datetime | None

    @property
    def is_draft(self) -> bool:
        """Whether this is text that no revision holds yet."""
        return self.saved_at is not None


def list_cases(user: User, filters: CaseFilters) -> QuerySet[Case]:
    """Return the cases the person reads and the filters let through, newest change first."""
    cases = Case.objects.visible_to(user).select_related("department", "head__author", "created_by")
    if filters.state == CaseState.APPROVED:
        cases = cases.approved()
    elif filters.state == EXPIRED:
        cases = cases.with_expired_approval()
    elif filters.state in CaseState.values:
        cases = cases.filter(state=filters.state)
    elif filters.state != ANY_STATE:
        cases = cases.active()
    if filters.department:
        cases = cases.filter(department__code=filters.department)
    for name in ("kind", "language", "theme"):
        if value := getattr(filters, name):
            cases = cases.filter(**{name: value})
    if text := filters.q.strip():
        cases = cases.filter(_holds(text) | Q(pk__in=cases_with(text).values("pk")))
    return cases.order_by("-updated_at", "-pk")


def case_rows(cases: Page[Case]) -> list[CaseRow]:
    """Return the lines of a page. Cost: three queries, whatever its length."""
    heads = [case.head for case in cases if case.head is not None]
    approvals = Counter(
        review.revision_id for review in latest_reviews(heads) if review.decision == Decision.APPROVE
    )
    elsewhere = set(ExternalApproval.objects.filter(revision__in=heads).values_list("revision_id", flat=True))
    attested = attested_among(cases)
    return [
        _case_row(case, approvals[case.head_id or 0], case.head_id in elsewhere, attested[case.pk])
        for case in cases
    ]


def filter_choices(user: User) -> FilterChoices:
    """Return what the filter offers. Cost: four queries."""
    cases = Case.objects.visible_to(user)

    def distinct(name: str) -> list[str]:
        return list(cases.exclude(**{name: ""}).order_by(name).values_list(name, flat=True).distinct())

    departments = access.departments_for(user, Act.READ_CASES)
    return FilterChoices(departments, distinct("kind"), distinct("language"), distinct("theme"))


def count_by_state(user: User, department: str = "") -> dict[str, int]:
    """Return how many cases are in each state, and how many approvals have expired. Cost: two queries."""
    cases = Case.objects.visible_to(user)
    if department:
        cases = cases.filter(department__code=department)
    counts = cases.order_by().values("state").annotate(number=Count("pk")).values_list("state", "number")
    found = {**dict.fromkeys(CaseState.values, 0), **dict(counts)}
    expired = cases.with_expired_approval().count()
    return {**found, CaseState.APPROVED.value: found[CaseState.APPROVED.value] - expired, EXPIRED: expired}


def themes_in(department: Department) -> list[str]:
    """Return the themes of the department's cases and vocabulary, for the editor to suggest. Cost: two queries."""
    cases = Case.objects.filter(department=department).exclude(theme="").order_by("theme")
    used = cases.values_list("theme", flat=True).distinct()[:200]
    offered = [
        tag.removeprefix(THEME_PREFIX) for tag in vocabulary(department) if tag.startswith(THEME_PREFIX)
    ]
    return sorted({*used, *offered})


def templates_of(departments: list[Department]) -> list[CaseTemplate]:
    """Return the templates of these departments, by department and name. Cost: one query."""
    templates = CaseTemplate.objects.filter(department__in=departments).select_related("department")
    return list(templates.order_by("department__name", "name"))


def own_draft(case: Case, user: User) -> CaseDraft | None:
    """Return what this person has typed and not yet saved as a revision."""
    return CaseDraft.objects.filter(case=case, editor=user).first()


def editor_base(case: Case, user: User) -> EditorBase:
    """Return what the editor opens with. Cost: one query."""
    draft = own_draft(case, user)
    if draft is not None:
        return EditorBase(
            content_from_data(draft.content), draft.base_version, draft.sequence, draft.updated_at
        )
    return EditorBase(head_content(case), case.version, 0, None)


def head_content(case: Case) -> CaseContent:
    """Return what the head revision says, or the headings alone before the first one."""
    if case.head is not None:
        return case.head.content
    return CaseContent(prompt=[], rubrics=[], title=case.title, kind=case.kind, language=case.language)


def get_template(department: Department, template_id: int) -> CaseTemplate:
    """Return a template of the department; raises NotFound."""
    template = CaseTemplate.objects.filter(department=department, pk=template_id).first()
    if template is None:
        raise NotFound(_("The department has no such template."))
    return template


def copy_source(case: Case, user: User) -> tuple[CaseContent, int]:
    """Return what a copy of the case says and the revision that is: 0 for the person's own draft. One query at most."""
    draft = own_draft(case, user) if case.head is None else None
    if draft is not None:
        return content_from_data(draft.content), 0
    return head_content(case), case.version


def list_revisions(case: Case) -> list[CaseRevision]:
    """Return the revisions, newest first, without their texts. Cost: one query."""
    revisions = case.revisions.select_related("author", "external_approval").defer("content_text")
    return list(revisions.order_by("-number"))


def get_revision(case: Case, number: int) -> CaseRevision:
    """Return one revision of the case; raises NotFound."""
    revision = case.revisions.select_related("author").filter(number=number).first()
    if revision is None:
        raise NotFound(_("This case has no revision %(number)s.") % {"number": number})
    return revision


def revision_before(revision: CaseRevision) -> CaseRevision | None:
    """Return the revision that this one replaced."""
    earlier = revision.case.revisions.filter(number__lt=revision.number)
    return earlier.select_related("author").order_by("-number").first()


def kind_label(kind: str) -> str:
    """Return how a kind reads; an imported one reads as it is written."""
    return str(dict(Kind.choices).get(kind, kind))


def _holds(text: str) -> Q:
    """Match the text in title or prompt_id. Korean comes composed or decomposed, depending on who typed it."""
    found = Q()
    for form in ("NFC", "NFD"):
        spelling = unicodedata.normalize(form, text)  # type: ignore[arg-type]
        found |= Q(title__icontains=spelling) | Q(prompt_id__icontains=spelling)
    return found


def _case_row(case: Case, approvals: int, approved_elsewhere: bool, is_attested: IsAttested) -> CaseRow:
    content = head_content(case)
    found = check_content(content, Context(is_attested=is_attested))
    findings = [finding for finding in found if finding.severity != Severity.ADVICE]
    errors = len(blocking(findings))
    if case.head is None:
        verdict, words = "", ""
    else:
        verdict = "bad" if errors else "warning" if findings else "ok"
        words = summary_of(errors, len(findings) - errors) if findings else ""
    return CaseRow(
        case=case,
        title=case.title or case.prompt_id,
        kind=kind_label(case.kind),
        criteria=len(content.rubrics),
        best=signed(content.max_points),
        has_red_line=any(criterion.red_line for criterion in content.rubrics),
        approvals=_approvals(case, approvals, approved_elsewhere),
        verdict=verdict,
        findings=words,
    )


def _approvals(case: Case, approvals: int, approved_elsewhere: bool) -> str:
    if approved_elsewhere:
        return _("Elsewhere")
    if case.head is None or (case.state == CaseState.DRAFT and not approvals):
        return _("None")
    return f"{approvals} / {case.department.required_approvals}"
