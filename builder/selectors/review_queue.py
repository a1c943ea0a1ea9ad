"""The cases that wait for one reviewer: since when, whether too long, and what is new to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from builder.common.clock import day_of, day_text, today
from builder.common.providers import WorkItem, WorkQueue
from builder.models import Case, CaseRevision, Review, ThreadMessage, User
from builder.selectors.changes import compare
from builder.selectors.reviews import latest_reviews
from builder.selectors.threads import writers_of

REVIEW = "review"
OVERDUE, DUE_TODAY, NEW, IN_REVIEW = "overdue", "due_today", "new", "in_review"
# A case that came to review by another way than being sent there waits since it changed.
_SINCE = Coalesce("submitted_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a case has waited for its reviewers, and when that is too long."""

    since: date
    days: int
    due: date

    def status(self, on: date) -> str:
        """Return whether it is overdue, due on that day, or neither (an empty text)."""
        return OVERDUE if self.due < on else DUE_TODAY if self.due == on else ""


def review_queue(user: User, length: int) -> WorkQueue:
    """Return what waits for the person, oldest first. Cost: eight queries, and the texts of its first items."""
    cases = awaiting_review(user)
    rows = first_with_reviews(cases, length)
    news = _news(rows, user)
    total = cases.count()
    late = overdue_among(cases, today()) if total else 0
    note = ngettext("%(late)s is overdue", "%(late)s are overdue", late) % {"late": late}
    return WorkQueue(
        key=REVIEW,
        title=_("Review"),
        items=[_review_item(case, reviews, news.get(case.pk)) for case, reviews in rows],
        empty=_("No case waits for your review."),
        total=total,
        note=note if late else _("Not cases you wrote"),
    )


def awaiting_review(user: User) -> QuerySet[Case]:
    """Return the cases that wait for the person, the one that waits longest first."""
    return Case.objects.awaiting_review_by(user).order_by(_SINCE, "pk")


def overdue_among(cases: QuerySet[Case], on: date) -> int:
    """Return how many of these cases have waited longer than their departments' days. Cost: one query."""
    waits = cases.values_list(_SINCE, "department__review_days")
    return sum(_waiting(since, days, on).status(on) == OVERDUE for since, days in waits)


def waiting_of(case: Case, on: date) -> Waiting:
    """Return how long a case under review has waited on a day; its department is needed. Pure."""
    return _waiting(case.submitted_at or case.updated_at, case.department.review_days, on)


def first_with_reviews(cases: QuerySet[Case], length: int) -> list[tuple[Case, list[Review]]]:
    """Return the first cases, each with the latest reviews of its head revision. Cost: two queries."""
    # The texts of revisions can be long, and a queue shows none of them.
    rows = cases.select_related("department", "head__author").defer("head__content_text")[:length]
    reviews: dict[int, list[Review]] = {}
    for review in latest_reviews(case.head for case in rows if case.head):
        reviews.setdefault(review.revision_id, []).append(review)
    return [(case, reviews.get(case.head_id or 0, [])) for case in rows]


def place_of(case: Case) -> str:
    """Return where a case belongs and its number, as lines of queues begin."""
    return f"{case.department.name}, {case.prompt_id}."


def _waiting(since: datetime, review_days: int, on: date) -> Waiting:
    day = day_of(since)
    return Waiting(day, (on - day).days, day + timedelta(days=review_days))


def _review_item(case: Case, reviews: list[Review], news: str | None) -> WorkItem:
    on = today()
    waiting = waiting_of(case, on)
    text = _("Revision %(number)s by %(author)s.") % {
        "number": case.version,
        "author": case.head.author if case.head else "",
    }
    since = (
        _("Waits since today.")
        if waiting.days < 1
        else ngettext(
            "Waits since %(day)s, %(days)s day.", "Waits since %(day)s, %(days)s days.", waiting.days
        )
        % {"day": day_text(waiting.since, "MONTH_DAY_FORMAT"), "days": waiting.days}
    )
    # How they decided stays unsaid until the person has decided too.
    decided = _("%(decided)s of %(needed)s colleagues have decided.") % {
        "decided": len(reviews),
        "needed": case.department.required_approvals,
    }
    return WorkItem(
        title=str(case),
        url=reverse("builder:case-review", args=[case.pk]),
        detail=" ".join(part for part in (place_of(case), text, since, decided, news) if part),
        status=waiting.status(on) or (NEW if news is None else IN_REVIEW),
    )


def _news(rows: list[tuple[Case, list[Review]]], user: User) -> dict[int, str]:
    """Return what is new since the person last decided, for those cases they have decided on before.

    Cost: four queries, and a comparison of two texts for each of those cases.
    """
    found = Review.objects.filter(reviewer=user, revision__case__in=[case for case, _reviews in rows])
    last = {review.revision.case_id: review for review in found.select_related("revision").order_by("pk")}
    known = [(case, reviews) for case, reviews in rows if case.pk in last]
    heads = CaseRevision.objects.in_bulk([case.head_id for case, _reviews in known])
    messages = list(
        ThreadMessage.objects.filter(thread__case__in=[case for case, _reviews in known])
        .exclude(author=user)
        .select_related("thread")
        .defer("text", "proposed_wording")
    )
    writers = writers_of([case for case, _reviews in known])
    return {
        case.pk: _new_to_them(
            heads[case.head_id or 0], last[case.pk], [m for m in messages if m.author_id in writers[case.pk]]
        )
        for case, _reviews in known
    }


def _new_to_them(head: CaseRevision, last: Review, messages: Iterable[ThreadMessage]) -> str:
    changes = compare(last.revision.content, head.content).count
    text = ngettext(
        "%(count)s change since revision %(number)s, which you decided on.",
        "%(count)s changes since revision %(number)s, which you decided on.",
        changes,
    ) % {"count": changes, "number": last.revision.number}
    answers = sum(
        each.thread.case_id == head.case_id and each.created_at > last.created_at for each in messages
    )
    if not answers:
        return text
    return f"{text} " + ngettext("%(count)s new answer.", "%(count)s new answers.", answers) % {
        "count": answers
    }
