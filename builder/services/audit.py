"""Writing and verifying the audit trail."""

import json
from datetime import UTC
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from builder.common.canonical_json import canonical_json, sha256_text
from builder.models import AuditEvent, Department, User

FIRST_HASH = "0" * 64
_LOCK = 7_341_912  # any number of ours: the transaction-level lock that keeps the chain in one line


def record(
    *, by: User | None, verb: str, what: models.Model, department: Department | None = None, why: str = "",
    before: str = "", after: str = "", **details: Any,
) -> AuditEvent:  # fmt: skip
    """Append one event to the trail, inside the transaction of the act it tells of.

    `before` and `after` are hashes, never texts: texts live in revisions. `by` is None only for an act of the
    installation itself.
    """
    with transaction.atomic():
        _hold_the_chain()
        last = newest_event()
        event = AuditEvent(
            sequence=last.sequence + 1 if last else 1,
            at=timezone.now(),
            actor=by,
            verb=verb,
            object_type=what._meta.label_lower,
            object_id=str(what.pk),
            department=department,
            why=why,
            before_hash=before,
            after_hash=after,
            details_text=canonical_json(details),
            previous_hash=last.hash if last else FIRST_HASH,
        )
        event.hash = event_hash(event)
        event.save(force_insert=True)
    return event


def event_hash(event: AuditEvent) -> str:
    """Return the SHA-256 over every field of the event and the hash of the one before."""
    return sha256_text(
        canonical_json(
            {
                "sequence": event.sequence,
                "at": event.at.astimezone(UTC).isoformat(),
                "actor": event.actor_id,
                "verb": event.verb,
                "object": [event.object_type, event.object_id],
                "department": event.department_id,
                "why": event.why,
                "before": event.before_hash,
                "after": event.after_hash,
                "details": json.loads(event.details_text),
                "previous": event.previous_hash,
            }
        )
    )


def verify_chain() -> int | None:
    """Return the sequence number of the first broken event, or None when the trail is whole."""
    previous, expected = FIRST_HASH, 1
    for event in AuditEvent.objects.order_by("sequence").iterator():
        if event.sequence != expected or event.previous_hash != previous or event.hash != event_hash(event):
            return expected
        previous, expected = event.hash, expected + 1
    return None


def newest_event() -> AuditEvent | None:
    """Return the last event of the trail. Kept elsewhere, its hash shows later whether the trail's end was cut off."""
    return AuditEvent.objects.order_by("-sequence").only("sequence", "hash").first()


def _hold_the_chain() -> None:
    """Let one writer append at a time. SQLite's IMMEDIATE transactions already do."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
