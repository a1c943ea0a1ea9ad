"""The verdicts and rulings of a session as one hash, so that a later change of any of them can be shown."""

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import Any

from annotations.models import Assignment, Grade, GradingSession, Resolution, SessionRun
from builder.common.canonical_json import canonical_json


def hash_of_grades(session: GradingSession) -> str:
    """Return the SHA-256 over every grade of the session and what decides whether it counts, in a fixed order.

    Beside the grades that is every ruling, every released assignment and every withdrawn run. A session without quotes
    and without any of these has the hash it always had, so that hashes on record can still be checked. Cost: four
    queries, one pass over the grades.
    """
    digest = hashlib.sha256()
    for row in chain(_grades(session), _rulings(session), _left_out(session)):
        digest.update(canonical_json(row).encode() + b"\n")
    return digest.hexdigest()


def _grades(session: GradingSession) -> Iterator[list[Any]]:
    rows = (
        Grade.objects.filter(assignment__session=session)
        .order_by("assignment_id", "criterion_index", "round")
        .values_list("assignment_id", "criterion_index", "round", "verdict", "explanation", "quote")
    )
    for *row, quote in rows.iterator(chunk_size=20_000):
        yield [*row, quote] if quote else row


def _rulings(session: GradingSession) -> Iterator[list[Any]]:
    fields = ("pk", "response_id", "criterion_index", "verdict", "reason", "by_id", "withdrawn_reason")
    rulings = Resolution.objects.filter(session=session).order_by("pk")
    for *row, withdrawn_at in rulings.values_list(*fields, "withdrawn_at"):
        yield ["ruling", *row, withdrawn_at is not None]


def _left_out(session: GradingSession) -> Iterator[list[Any]]:
    released = Assignment.objects.filter(session=session, released_at__isnull=False).order_by("pk")
    yield from (["released", pk] for pk in released.values_list("pk", flat=True))
    runs = SessionRun.objects.filter(session=session, withdrawn_at__isnull=False).order_by("run_id")
    yield from (["withdrawn", run] for run in runs.values_list("run_id", flat=True))
