"""My work: what waits for one person, the one thing to continue first, and how the departments they lead stand."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.clock import day_text, moment_text, today
from builder.common.providers import WORK_QUEUES, WorkItem, WorkQueue, registry
from builder.models import Case, CaseDraft, CaseState, Decision, Department, Review, User
from builder.selectors.cases import EXPIRED
from builder.selectors.people import DepartmentRoles, administrators, department_roles
from builder.selectors.review_queue import REVIEW, first_with_reviews, place_of, review_queue

QUEUE_LENGTH = 6
WRITE, GRADE, ADJUDICATE = "write", "grade", "adjudicate"
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
        yield review_queue(user, QUEUE_LENGTH)


def _writing(user: User, departments: list[Department]) -> WorkQueue:
    """Cases the person has in hand: own drafts, own cases sent back, and anything typed and not yet saved."""
    draft = CaseDraft.objects.filter(case=OuterRef("pk"), editor=user)
    in_hand = Q(state__in=(CaseState.DRAFT, CaseState.CHANGES_REQUESTED))
    expired = Q(state=CaseState.APPROVED, expires_on__lt=today())
    own = Case.objects.written_by(user).filter(in_hand | expired)
    cases = (
        Case.objects.active()
        .filter(Q(pk__in=own.values("pk")) | Exists(draft), department__in=departments)
        .annotate(draft_saved_at=Subquery(draft.values("updated_at")[:1]))
        .order_by(Coalesce("draft_saved_at", "updated_at").desc())
    )
    return WorkQueue(
        key=WRITE,
        title=_("Write"),
        items=[_written_item(case, reviews) for case, reviews in first_with_reviews(cases, QUEUE_LENGTH)],
        empty=_("You have no draft, and no case was sent back to you."),
        total=cases.count(),
        more_url=reverse("builder:case-list"),
        more_label=_("All cases"),
    )


def _written_item(case: Case, reviews: list[Review]) -> WorkItem:
    parts = [place_of(case)]
    saved_at = getattr(case, "draft_saved_at", None)
    status, page = str(case.state), "builder:case-edit"
    if case.state == CaseState.CHANGES_REQUESTED:
        parts += [
            _("%(person)s asked for changes: %(comment)s")
            % {"person": review.reviewer, "comment": Truncator(review.comment).chars(90)}
            for review in reviews
            if review.decision == Decision.REQUEST_CHANGES
        ]
        # The discussion stands on the case's page; with a draft in hand the author has read it.
        page = page if saved_at else "builder:case-preview"
    elif saved_at is not None:
        parts.append(_("Typed %(when)s and not yet saved as a revision.") % {"when": moment_text(saved_at)})
        status = CaseState.DRAFT
    elif case.expires_on is not None and case.has_expired_approval():
        parts.append(
            _("The approval expired on %(day)s: renew the evidence and save a new revision.")
            % {"day": day_text(case.expires_on)}
        )
        status = EXPIRED
    else:
        parts.append(
            _("Revision %(number)s, saved %(when)s.")
            % {"number": case.version, "when": moment_text(case.updated_at)}
        )
    return WorkItem(
        title=str(case),
        url=reverse(page, args=[case.pk]),
        detail=" ".join(parts),
        status=status,
    )


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
    expired = Count("pk", filter=Q(expires_on__lt=today()))
    rows = Case.objects.filter(department__in=departments).values("department_id", "state").order_by()
    counts: dict[tuple[int, str], int] = {}
    for row in rows.annotate(cases=Count("pk"), expired=expired):
        place, state = row["department_id"], row["state"]
        lapsed = row["expired"] if state == CaseState.APPROVED else 0
        counts[place, state] = row["cases"] - lapsed
        counts[place, EXPIRED] = counts.get((place, EXPIRED), 0) + lapsed
    shown = [(state.value, str(state.label)) for state in SUMMARY_STATES]
    if any(number for (_place, state), number in counts.items() if state == EXPIRED):
        shown.append((EXPIRED, _("Approval expired")))
    return [
        DepartmentSummary(
            department, [(state, label, counts.get((department.pk, state), 0)) for state, label in shown]
        )
        for department in departments
    ]
