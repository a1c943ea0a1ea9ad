"""What differs between two contents of a case, part by part, for reviewers and for two people who wrote at once."""

from bisect import bisect_left
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from builder.content import CaseContent, Criterion, Evidence, Turn
from builder.diff import Piece, has_changed, pair_up, word_diff
from builder.selectors.case_checks import signed
from builder.vocabulary import axis_label

Pairs = list[tuple[int | None, int | None]]


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs: its name, its text as a word diff, and what else differs, in sentences."""

    label: str
    pieces: list[Piece]
    notes: list[str] = field(default_factory=list)

    @property
    def old(self) -> list[Piece]:
        """The old text, its lost words marked."""
        return [piece for piece in self.pieces if piece.kind != "added"]

    @property
    def new(self) -> list[Piece]:
        """The new text, its own words marked."""
        return [piece for piece in self.pieces if piece.kind != "removed"]


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between an old and a new content."""

    texts: list[Change]
    criteria: dict[int, Change]  # by place in the new rubric
    removed: list[Change]
    notes: list[str]

    @property
    def count(self) -> int:
        """How many parts differ."""
        return len(self.texts) + self.in_rubric + len(self.notes)

    @property
    def in_rubric(self) -> int:
        """How many criteria differ."""
        return len(self.criteria) + len(self.removed)


def compare(old: CaseContent, new: CaseContent) -> Changes:
    """Return what changed from the old content to the new one; parts that are the same are left out."""
    turns = pair_up([turn.content for turn in old.prompt], [turn.content for turn in new.prompt])
    criteria = pair_criteria(old.rubrics, new.rubrics)
    texts = [*_headings(old, new), *_turns(old, new, turns), *_reference(old, new), *_evidence(old, new)]
    changed, removed = _criteria(old, new, criteria)
    notes = [_("The turns stand in another order.")] if _moved_places(turns) else []
    return Changes(texts, changed, removed, notes)


def _headings(old: CaseContent, new: CaseContent) -> list[Change]:
    parts = (
        (_("Title"), old.title, new.title),
        (_("Kind"), old.kind, new.kind),
        (_("Language"), old.language, new.language),
        (_("Tags"), ", ".join(old.example_tags), ", ".join(new.example_tags)),
    )
    return [Change(label, word_diff(before, after)) for label, before, after in parts if before != after]


def _reference(old: CaseContent, new: CaseContent) -> list[Change]:
    if old.reference_answer == new.reference_answer:
        return []
    return [Change(_("Reference answer"), word_diff(old.reference_answer, new.reference_answer))]


def _turns(old: CaseContent, new: CaseContent, pairs: Pairs) -> list[Change]:
    changes = []
    for before, after in pairs:
        turn = None if before is None else old.prompt[before]
        fresh = None if after is None else new.prompt[after]
        if turn == fresh:
            continue
        place, shown = (before, turn) if after is None else (after, fresh)
        label = _("Turn %(number)s (%(role)s)") % {
            "number": (place or 0) + 1,
            "role": shown.role if shown else "",
        }
        pieces = word_diff(turn.content if turn else "", fresh.content if fresh else "")
        changes.append(Change(label, pieces, _turn_notes(turn, fresh)))
    return changes


def _turn_notes(was: Turn | None, now: Turn | None) -> list[str]:
    if was is None:
        return [_("This turn is new.")]
    if now is None:
        return [_("This turn is gone.")]
    return [] if was.role == now.role else [_("The speaker was: %(role)s.") % {"role": was.role}]


def _evidence(old: CaseContent, new: CaseContent) -> list[Change]:
    before = {item.evidence_id: item for item in old.evidence}
    after = {item.evidence_id: item for item in new.evidence}
    changes = []
    for number, identifier in enumerate({**after, **before}, start=1):
        texts = _evidence_text(before.get(identifier)), _evidence_text(after.get(identifier))
        pieces = word_diff(*texts)
        if has_changed(pieces):
            changes.append(Change(_("Evidence %(number)s") % {"number": number}, pieces))
    return changes


def _evidence_text(item: Evidence | None) -> str:
    if item is None:
        return ""
    parts = (item.quote, item.source, item.edition, item.date, item.url, item.jurisdiction, item.review_by)
    return "\n".join(part for part in parts if part)


def pair_criteria(old: list[Criterion], new: list[Criterion]) -> Pairs:
    """Match criteria by their id, and those without a common one by their text; return (old place, new place)."""
    places = {criterion.criterion_id: place for place, criterion in enumerate(old) if criterion.criterion_id}
    match = {
        place: places.pop(criterion.criterion_id)
        for place, criterion in enumerate(new) if criterion.criterion_id in places
    }  # fmt: skip
    rest_old = [place for place in range(len(old)) if place not in match.values()]
    rest_new = [place for place in range(len(new)) if place not in match]
    found = pair_up(
        [old[place].criterion for place in rest_old], [new[place].criterion for place in rest_new]
    )
    gone: Pairs = []
    for before, after in found:
        if after is None and before is not None:
            gone.append((rest_old[before], None))
        elif after is not None and before is not None:
            match[rest_new[after]] = rest_old[before]
    return [(match.get(place), place) for place in range(len(new))] + gone


def _criteria(old: CaseContent, new: CaseContent, pairs: Pairs) -> tuple[dict[int, Change], list[Change]]:
    changed: dict[int, Change] = {}
    removed = []
    moved = _moved_places(pairs)
    for before, after in pairs:
        was = None if before is None else old.rubrics[before]
        now = None if after is None else new.rubrics[after]
        if was == now and after not in moved:
            continue
        pieces = word_diff(was.criterion if was else "", now.criterion if now else "")
        if after is None:
            label = _("Criterion %(number)s before, now gone") % {"number": (before or 0) + 1}
            points = signed(was.points if was else 0)
            removed.append(Change(label, pieces, [_("Points were %(points)s.") % {"points": points}]))
        else:
            label = _("Criterion %(number)s") % {"number": after + 1}
            notes = _criterion_notes(was, now) if was and now else [_("This criterion is new.")]
            if after in moved:
                notes.append(_("It moved here from place %(number)s.") % {"number": (before or 0) + 1})
            changed[after] = Change(label, pieces, notes)
    return changed, removed


def _criterion_notes(was: Criterion, now: Criterion) -> list[str]:
    notes = []
    if was.points != now.points:
        notes.append(
            _("Points were %(old)s, now %(new)s.") % {"old": signed(was.points), "new": signed(now.points)}
        )
    if was.red_line != now.red_line:
        notes.append(_("It was no red line.") if now.red_line else _("It was a red line."))
    if was.axis != now.axis:
        notes.append(_("The axis was: %(axis)s.") % {"axis": axis_label(was.axis) or _("none")})
    if was.guideline != now.guideline:
        notes.append(_("The guideline reference was: %(text)s.") % {"text": was.guideline or _("none")})
    if was.jurisdiction != now.jurisdiction:
        notes.append(_("It applied in: %(place)s.") % {"place": was.jurisdiction or _("no stated place")})
    if was.evidence != now.evidence:
        notes.append(_("It cited: %(list)s.") % {"list": ", ".join(was.evidence) or _("nothing")})
    return notes


def _moved_places(pairs: Pairs) -> set[int]:
    """Return the fewest new places whose items must have moved: the others stand in their old order.

    Those others are a longest rising run of old places. Cost: n log n.
    """
    kept = [(before, after) for before, after in pairs if before is not None and after is not None]
    lows: list[int] = []  # the smallest old place at which a rising run of each length can end
    lengths = []
    for before, _after in kept:
        length = bisect_left(lows, before)
        lows[length : length + 1] = [before]
        lengths.append(length)
    moved, wanted = set(), len(lows) - 1
    for (_before, after), length in zip(reversed(kept), reversed(lengths), strict=True):
        if length == wanted:
            wanted -= 1
        else:
            moved.add(after)
    return moved
