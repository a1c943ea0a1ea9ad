"""My work: what waits for one person, the one thing to continue first, and how the departments they lead stand."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.clock import moment_text
from builder.common.providers import WORK_QUEUES, WorkItem, WorkQueue, registry
from builder.models import Case, CaseDraft, CaseState, Decision, Department, Review, User
from builder.selectors.people import DepartmentRoles, administrators, department_roles
from builder.selectors.reviews import latest_reviews

QUEUE_LENGTH = 6
WRITE, REVIEW, GRADE, ADJUDICATE = "write", "review", "grade", "adjudicate"
SUMMARY_STATES = (CaseState.DRAFT, CaseState.IN_REVIEW, CaseState.CHANGES_REQUESTED, CaseState.APPROVED)


@dataclass(frozen=True, slots=True)
class NextThing:
    """The one thing to continue first."""

    heading: str
    action: str
    item: WorkItem

    @property
    def percent(self) -> int | None:
        """How much of it is done, 0 to 100, when that is known."""
        return None if self.item.progress is None else round(100 * self.item.progress)


@dataclass(frozen=True, slots=True)
class DepartmentSummary:
    """How many cases of a department stand where, in the order of SUMMARY_STATES."""

    department: Department
    counts: list[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Work:
    """Everything the page shows."""

    waiting: int
    next_thing: NextThing | None
    queues: list[WorkQueue]
    summaries: list[DepartmentSummary]
    roles: list[DepartmentRoles]
    settings_of: set[int]
    may_write: bool
    administrators: list[User]

    @property
    def has_no_role(self) -> bool:
        """Whether nobody has said yet what this person does here."""
        return not self.roles


def work_of(user: User) -> Work:
    """Return the person's work. Cost: a number of queries that doesn't grow with the cases."""
    roles = department_roles(user)
    writes_in = access.departments_for(user, Act.WRITE_CASES)
    queues = [*_own_queues(user, writes_in), *registry.call(WORK_QUEUES, user)]
    waiting = sum(_size(queue) for queue in queues)
    next_thing, rest = _take_next(queues)
    led = access.departments_for(user, Act.CHANGE_SETTINGS)
    return Work(
        waiting=waiting,
        next_thing=next_thing,
        queues=rest,
        summaries=_summaries(led),
        roles=roles,
        settings_of={department.pk for department in led},
        may_write=bool(writes_in),
        administrators=[] if roles else administrators(),
    )


def _own_queues(user: User, writes_in: list[Department]) -> Iterable[WorkQueue]:
    if writes_in:
        yield _writing(user, writes_in)
    if access.departments_for(user, Act.REVIEW_CASES):
        yield _reviewing(user)


def _writing(user: User, departments: list[Department]) -> WorkQueue:
    """Cases the person has in hand: own drafts, own cases sent back, and anything typed and not yet saved."""
    draft = CaseDraft.objects.filter(case=OuterRef("pk"), editor=user)
    own = Case.objects.written_by(user).filter(state__in=(CaseState.DRAFT, CaseState.CHANGES_REQUESTED))
    cases = (
        Case.objects.active()
        .filter(Q(pk__in=own.values("pk")) | Exists(draft), department__in=departments)
        .annotate(draft_saved_at=Subquery(draft.values("updated_at")[:1]))
        .order_by(Coalesce("draft_saved_at", "updated_at").desc())
    )
    return WorkQueue(
        key=WRITE,
        title=_("Write"),
        items=[_written_item(case, reviews) for case, reviews in _first_with_reviews(cases)],
        empty=_("You have no draft, and no case was sent back to you."),
        total=cases.count(),
        more_url=reverse("builder:case-list"),
        more_label=_("All cases"),
    )


def _reviewing(user: User) -> WorkQueue:
    cases = Case.objects.awaiting_review_by(user).order_by("updated_at")
    return WorkQueue(
        key=REVIEW,
        title=_("Review"),
        items=[_review_item(case, reviews) for case, reviews in _first_with_reviews(cases)],
        empty=_("No case waits for your review."),
        total=cases.count(),
        note=_("Not cases you wrote"),
    )


def _first_with_reviews(cases: QuerySet[Case]) -> list[tuple[Case, list[Review]]]:
    """Return the first cases, each with the latest reviews of its head revision. Cost: two queries."""
    # The texts of revisions can be long, and a queue shows none of them.
    rows = cases.select_related("department", "head__author").defer("head__content_text")[:QUEUE_LENGTH]
    reviews: dict[int, list[Review]] = {}
    for review in latest_reviews(case.head for case in rows if case.head):
        reviews.setdefault(review.revision_id, []).append(review)
    return [(case, reviews.get(case.head_id or 0, [])) for case in rows]


def _written_item(case: Case, reviews: list[Review]) -> WorkItem:
    parts = [_place(case)]
    saved_at = getattr(case, "draft_saved_at", None)
    status = case.state
    if case.state == CaseState.CHANGES_REQUESTED:
        parts += [
            _("%(person)s asked for changes: %(comment)s")
            % {"person": review.reviewer, "comment": Truncator(review.comment).chars(90)}
            for review in reviews
            if review.decision == Decision.REQUEST_CHANGES
        ]
    elif saved_at is not None:
        parts.append(_("Typed %(when)s and not yet saved as a revision.") % {"when": moment_text(saved_at)})
        status = CaseState.DRAFT
    else:
        parts.append(
            _("Revision %(number)s, saved %(when)s.")
            % {"number": case.version, "when": moment_text(case.updated_at)}
        )
    return WorkItem(
        title=str(case),
        url=reverse("builder:case-edit", args=[case.pk]),
        detail=" ".join(parts),
        status=status,
    )


def _review_item(case: Case, reviews: list[Review]) -> WorkItem:
    approvals = sum(review.decision == Decision.APPROVE for review in reviews)
    text = _("Revision %(number)s by %(author)s. %(approvals)s of %(needed)s approvals.") % {
        "number": case.version,
        "author": case.head.author if case.head else "",
        "approvals": approvals,
        "needed": case.department.required_approvals,
    }
    return WorkItem(
        title=str(case),
        url=reverse("builder:case-review", args=[case.pk]),
        detail=f"{_place(case)} {text}",
        status=CaseState.IN_REVIEW,
    )


def _place(case: Case) -> str:
    return f"{case.department.name}, {case.prompt_id}."


def _take_next(queues: list[WorkQueue]) -> tuple[NextThing | None, list[WorkQueue]]:
    """Take out what to continue first: something begun, else the first item of the first queue that has one."""
    open_items = [(queue, item) for queue in queues for item in queue.items if item.progress != 1]
    begun = [(queue, item) for queue, item in open_items if item.progress]
    if not open_items:
        return None, queues
    chosen_queue, chosen_item = (begun or open_items)[0]
    rest = []
    for queue in queues:
        if queue is not chosen_queue:
            rest.append(queue)
        else:
            others = [item for item in queue.items if item is not chosen_item]
            rest.append(
                replace(queue, items=others, total=_size(queue) - 1, empty=_("Nothing else waits here."))
            )
    return _next_thing(chosen_queue, chosen_item), rest


def _next_thing(queue: WorkQueue, item: WorkItem) -> NextThing:
    words = {
        WRITE: (_("Continue writing"), _("Open the case")),
        REVIEW: (_("Review next"), _("Read and vote")),
        GRADE: (_("Continue grading"), _("Grade the next answer")),
        ADJUDICATE: (_("Settle next"), _("Open the disagreement")),
    }
    heading, action = words.get(queue.key, (queue.title, _("Continue")))
    return NextThing(f"{heading}: {item.title}", action, item)


def _size(queue: WorkQueue) -> int:
    """Return how many items wait, more than are listed perhaps; a finished one doesn't wait."""
    return max(queue.total, sum(item.progress != 1 for item in queue.items))


def _summaries(departments: list[Department]) -> list[DepartmentSummary]:
    """Return the case counts of each department. Cost: one query."""
    if not departments:
        return []
    rows = Case.objects.filter(department__in=departments).values("department_id", "state").order_by()
    counts = {(row["department_id"], row["state"]): row["cases"] for row in rows.annotate(cases=Count("pk"))}
    return [
        DepartmentSummary(
            department,
            [
                (state.value, str(state.label), counts.get((department.pk, state.value), 0))
                for state in SUMMARY_STATES
            ],
        )
        for department in departments
    ]
