"""The discussion of a case: what reviewers raised, where it stands in the rubric now, and what was answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.errors import NotFound
from builder.content import CaseContent
from builder.diff import Piece, word_diff
from builder.models import Case, CaseRevision, Decision, Review, ReviewThread, ThreadMessage, User
from builder.selectors.changes import pair_criteria
from builder.selectors.reviews import current_reviews, decides_blind


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message; a proposed wording comes as a word diff from what the criterion says now."""

    pk: int
    author: User
    at: datetime
    text: str
    proposed_wording: str
    pieces: list[Piece]
    adopts: int | None
    may_adopt: bool


@dataclass(frozen=True, slots=True)
class ThreadView:
    """One point of the discussion. `place` is its criterion in the head revision, from 0; None is the whole case.

    `pieces` lead from what the criterion said when the point was raised to what it says now, if it is still there.
    """

    thread: ReviewThread
    place: int | None
    is_gone: bool
    label: str
    raised: str
    pieces: list[Piece]
    messages: list[MessageView]

    @property
    def is_open(self) -> bool:
        """Whether nobody has resolved it."""
        return self.thread.resolved_at is None


@dataclass(frozen=True, slots=True)
class Discussion:
    """The points a person may read, open ones first, and what they may do with them."""

    threads: list[ThreadView]
    may_take_part: bool
    may_adopt: bool

    @property
    def open_count(self) -> int:
        """How many points are open."""
        return sum(each.is_open for each in self.threads)

    @property
    def open_threads(self) -> list[ThreadView]:
        """The open points, in the order of the rubric."""
        return [each for each in self.threads if each.is_open]

    @property
    def resolved_threads(self) -> list[ThreadView]:
        """The resolved points, in the order of the rubric."""
        return [each for each in self.threads if not each.is_open]


def discussion_of(case: Case, user: User, reviews: list[Review] | None = None) -> Discussion:
    """Return the discussion as the person may read it. Cost: up to eight queries, whatever its length.

    Whoever is yet to decide on the head revision reads neither what other reviewers raised on it, nor what they wrote
    since it was saved: everybody judges for themselves. What its writers say is read at once. `reviews` are those of
    the head revision, where the caller has them already.
    """
    found = _visible(case, user, reviews)
    places = places_in(case.head.content, [each for each, _messages in found]) if case.head else {}
    may_take_part = access.may_discuss(user, case)
    may_adopt = may_take_part and access.may(user, Act.WRITE_CASES, case.department)
    views = [
        _thread_view(each, messages, places.get(each.pk), case, may_adopt=may_adopt)
        for each, messages in found
    ]
    views.sort(key=lambda each: (not each.is_open, each.place is not None, each.place or 0, each.thread.pk))
    return Discussion(views, may_take_part, may_adopt)


def count_open_points(case: Case, user: User) -> int:
    """Return how many open points the person may read. Cost: up to six queries."""
    return sum(thread.resolved_at is None for thread, _messages in _visible(case, user, None))


def find_thread(case: Case, user: User, thread_id: int) -> ThreadView:
    """Return one point the person may read; raises NotFound."""
    for each in discussion_of(case, user).threads:
        if each.thread.pk == thread_id:
            return each
    raise NotFound(_("There is no such point in the discussion of this case."))


def places_in(content: CaseContent, threads: Iterable[ReviewThread]) -> dict[int, int]:
    """Return where the criteria of threads stand in a content, by thread; a criterion that is gone is left out.

    A criterion is found again by its id, else by its text, else at the same place when no other came to stand there.
    Cost: one query.
    """
    about = [each for each in threads if each.criterion_index is not None]
    revisions = CaseRevision.objects.filter(pk__in={each.revision_id for each in about})
    tables = {revision.pk: criterion_places(revision.content, content) for revision in revisions}
    found = {each.pk: tables[each.revision_id].get(each.criterion_index or 0) for each in about}
    return {pk: place for pk, place in found.items() if place is not None}


def criterion_places(old: CaseContent, new: CaseContent) -> dict[int, int]:
    """Return where each criterion of an old rubric stands in a new one. Pure."""
    pairs = pair_criteria(old.rubrics, new.rubrics)
    places = {before: after for before, after in pairs if before is not None and after is not None}
    fresh = {after for before, after in pairs if before is None}
    for before, after in pairs:
        if after is None and before is not None and before in fresh:
            places[before] = before
    return places


def _visible(
    case: Case, user: User, reviews: list[Review] | None
) -> list[tuple[ReviewThread, list[ThreadMessage]]]:
    messages = ThreadMessage.objects.select_related("author").order_by("pk")
    threads = list(
        case.threads.select_related("opened_by", "resolved_by", "revision", "review")
        .defer("revision__content_text")
        .prefetch_related(Prefetch("messages", messages))
    )
    whole = [(each, list(each.messages.all())) for each in threads]
    head = case.head
    if not threads or head is None:
        return whole
    decided = current_reviews(head) if reviews is None else reviews
    if not decides_blind(case, user, decided, may_review=_reviews_it(case, user)):
        return whole
    known = {user.pk, *writers_of([case]).get(case.pk, set())}
    return [
        (each, [one for one in messages if one.created_at < head.created_at or one.author_id in known])
        for each, messages in whole
        if each.revision_id != head.pk or each.opened_by_id in known
    ]


def writers_of(cases: Iterable[Case]) -> dict[int, set[int]]:
    """Return who saved a revision of each case. Cost: one query."""
    found: dict[int, set[int]] = {}
    saved = CaseRevision.objects.filter(case__in=list(cases)).values_list("case_id", "author_id")
    for case_id, author_id in saved.distinct():
        found.setdefault(case_id, set()).add(author_id)
    return found


def _reviews_it(case: Case, user: User) -> bool:
    """Whether the person is one of those who decide on the case. Cost: up to three queries."""
    return (
        access.may(user, Act.REVIEW_CASES, case.department)
        and not access.wrote_part_of(user, case)
        and not access.is_barred(user, case)
    )


def _thread_view(
    thread: ReviewThread, messages: list[ThreadMessage], place: int | None, case: Case, *, may_adopt: bool
) -> ThreadView:
    is_gone = thread.criterion_index is not None and place is None
    present = case.head.content.rubrics[place].criterion if case.head and place is not None else ""
    return ThreadView(
        thread=thread,
        place=place,
        is_gone=is_gone,
        label=_label(thread, place),
        raised=_raised(thread),
        pieces=word_diff(thread.criterion_text, thread.criterion_text if is_gone else present),
        messages=[
            MessageView(
                pk=each.pk,
                author=each.author,
                at=each.created_at,
                text=each.text,
                proposed_wording=each.proposed_wording,
                pieces=word_diff(present, each.proposed_wording) if each.proposed_wording else [],
                adopts=each.adopts_id,
                may_adopt=bool(each.proposed_wording) and may_adopt and not is_gone
                and thread.resolved_at is None and each.proposed_wording != present,
            )
            for each in messages
        ],
    )  # fmt: skip


def _label(thread: ReviewThread, place: int | None) -> str:
    if thread.criterion_index is None:
        return _("The whole case")
    if place is None:
        return _("A criterion that is gone")
    return _("Criterion %(number)s") % {"number": place + 1}


def _raised(thread: ReviewThread) -> str:
    values: Mapping[str, object] = {"person": thread.opened_by, "number": thread.revision.number}
    if thread.review is not None and thread.review.decision == Decision.REQUEST_CHANGES:
        return _("%(person)s asked for a change to revision %(number)s") % values
    return _("%(person)s raised this on revision %(number)s") % values
