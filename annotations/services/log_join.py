"""Joining a log's answers to the frozen cases: what differs from the release is refused in a sentence."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.utils.translation import gettext as _

from builder.common.errors import BadInput
from builder.content import CaseContent
from exports.formats.base import LogHeader, LogRow
from exports.formats.log_json import MAX_EPOCH
from exports.models import Release, ReleaseItem
from exports.records import VerdictItem

CHUNK = 500
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class JoinedRow:
    """An answer of the log whose case and rubric are the release's; `items` is None where it was not graded."""

    number: int
    item_id: int
    row: LogRow

    @property
    def items(self) -> tuple[VerdictItem, ...] | None:
        """The verdicts, in rubric order."""
        return self.row.items


@dataclass(slots=True)
class Tally:
    """What a log holds: answers, those with verdicts, and samples that ended in the harness without an answer."""

    answers: int = 0
    judged: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """What is needed of a frozen case; texts are kept as hashes, so that a large release stays small in memory."""

    item_id: int
    place: int
    sha256: str
    prompt: bytes
    has_system: bool
    criteria: bytes
    points: tuple[float, ...]


class Join:
    """The frozen cases of a release, to which the rows of a log are joined. Cost: one pass over the items."""

    def __init__(self, release: Release) -> None:
        rows = ReleaseItem.objects.filter(release=release).order_by("position")
        self._known = {
            item.prompt_id: _known(item, place) for place, item in enumerate(rows.iterator(chunk_size=CHUNK))
        }

    def rows(self, rows: Iterable[LogRow], tally: Tally) -> Iterator[JoinedRow]:
        """Yield the answers, each once, and count them; raises BadInput at the first that isn't the release's.

        A sample that ended in an error without an answer is counted and left out: its case has no response.
        """
        seen: set[int] = set()
        for number, row in enumerate(rows, start=1):
            known = self._find(row)
            key = known.place * (MAX_EPOCH + 1) + row.epoch  # one integer: a large log has many
            if key in seen:
                raise _error(row, "prompt_id", _("%(id)s with epoch %(epoch)s is there twice.") % _named(row))
            seen.add(key)
            self._check(row, known)
            if _ended_without_answer(row):
                tally.failed += 1
                continue
            tally.answers += 1
            tally.judged += row.items is not None
            yield JoinedRow(number, known.item_id, row)

    def _find(self, row: LogRow) -> _Known:
        known = self._known.get(row.prompt_id)
        if known is None:
            raise _error(row, "prompt_id", _("%(id)s is not a case of this release.") % _named(row))
        if not 1 <= row.epoch <= MAX_EPOCH:
            raise _error(row, "epoch", _("a number from 1 to %(limit)s was expected.") % {"limit": MAX_EPOCH})
        return known

    def _check(self, row: LogRow, known: _Known) -> None:
        if row.item_sha256 and row.item_sha256 != known.sha256:
            raise _error(
                row, "item_sha256",
                _("the hash of %(id)s differs: the log is of another release.") % _named(row),
            )  # fmt: skip
        if row.prompt is not None and not row.item_sha256:
            self._check_prompt(row, known)
        if row.reported_score is not None and not math.isfinite(row.reported_score):
            raise _error(row, "score", _("a finite number was expected."))
        if row.items is not None:
            self._check_items(row, row.items, known)

    def _check_prompt(self, row: LogRow, known: _Known) -> None:
        """A harness may put one system turn in front of a case that has none; nothing else may differ."""
        turns = list(row.prompt or ())
        if turns and turns[0].get("role") == "system" and not known.has_system:
            turns = turns[1:]
        if _hash_of(_turns(turns)) != known.prompt:
            raise _error(
                row, "prompt", _("the conversation differs from the release’s case %(id)s.") % _named(row)
            )

    def _check_items(self, row: LogRow, items: tuple[VerdictItem, ...], known: _Known) -> None:
        if len(items) != len(known.points):
            raise _error(
                row, "rubric_items",
                _("%(wanted)s verdicts were expected, one per criterion in rubric order, not %(found)s.")
                % {"wanted": len(known.points), "found": len(items)},
            )  # fmt: skip
        if _hash_of(item.criterion for item in items) != known.criteria:
            raise self._other_text(row, items, known)
        for index, (item, points) in enumerate(zip(items, known.points, strict=True)):
            if item.points is not None and item.points != points:
                raise _error(
                    row, f"rubric_items[{index}].points",
                    _("%(wanted)s was expected, as in the release, not %(found)s.")
                    % {"wanted": points, "found": item.points},
                )  # fmt: skip

    def _other_text(self, row: LogRow, items: tuple[VerdictItem, ...], known: _Known) -> BadInput:
        """Say which criterion differs, and whether its text stands elsewhere in the rubric."""
        rubrics = ReleaseItem.objects.get(pk=known.item_id).content.rubrics
        ours = [criterion.criterion for criterion in rubrics]
        index = next(place for place, item in enumerate(items) if item.criterion != ours[place])
        if items[index].criterion in ours:
            problem = _("this is another criterion of the rubric; the list is shifted or in another order.")
        else:
            problem = _("the text differs from the release’s criterion.")
        return _error(row, f"rubric_items[{index}].criterion", problem)


def check_header(header: LogHeader, release: Release, file: str) -> None:
    """Raise BadInput when the log names another release, or a score that is no number."""
    if header.release_sha256 and header.release_sha256 != release.sha256:
        raise BadInput(
            _("%(file)s is the log of another release: it names the hash %(theirs)s…, %(release)s has %(ours)s….")
            % {
                "file": file, "theirs": header.release_sha256[:12], "release": release.label,
                "ours": release.sha256[:12],
            }
        )  # fmt: skip
    if header.reported_score is not None and not math.isfinite(header.reported_score):
        raise BadInput(_("%(file)s: the score of the run is no finite number.") % {"file": file})


def _known(item: ReleaseItem, place: int) -> _Known:
    content: CaseContent = item.content
    return _Known(
        item_id=item.pk,
        place=place,
        sha256=item.sha256,
        prompt=_hash_of(_turns({"role": turn.role, "content": turn.content} for turn in content.prompt)),
        has_system=any(turn.role == "system" for turn in content.prompt),
        criteria=_hash_of(criterion.criterion for criterion in content.rubrics),
        points=tuple(criterion.points for criterion in content.rubrics),
    )


def _turns(turns: Iterable[dict[str, Any]]) -> Iterator[str]:
    for turn in turns:
        yield turn["role"]
        yield turn["content"]


def _hash_of(texts: Iterable[str]) -> bytes:
    """Return a hash of texts in order; each length goes in, so that no two lists hash alike."""
    digest = blake2b(digest_size=16)
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.digest()


def _ended_without_answer(row: LogRow) -> bool:
    judged = any(item.verdict in ("met", "not_met") for item in row.items or ())
    return bool(row.error) and not row.completion.strip() and not judged


def _named(row: LogRow) -> dict[str, Any]:
    return {"id": row.prompt_id[:_SHOWN], "epoch": row.epoch}


def _error(row: LogRow, field: str, problem: str) -> BadInput:
    return BadInput(f"{row.place}: {field}: {problem}")
