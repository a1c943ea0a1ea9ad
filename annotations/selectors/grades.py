"""The grades of a session as one hash, so that a later change of any of them can be shown."""

import hashlib

from annotations.models import Grade, GradingSession
from builder.common.canonical_json import canonical_json


def hash_of_grades(session: GradingSession) -> str:
    """Return the SHA-256 over every grade of the session, in a fixed order. Cost: one pass over the grades."""
    digest = hashlib.sha256()
    rows = (
        Grade.objects.filter(assignment__session=session)
        .order_by("assignment_id", "criterion_index", "round")
        .values_list("assignment_id", "criterion_index", "round", "verdict", "explanation")
    )
    for row in rows.iterator(chunk_size=20_000):
        digest.update(canonical_json(list(row)).encode() + b"\n")
    return digest.hexdigest()
