"""Attesting that what looks like a person's identifier may stay in a case."""

import re

from django.db import transaction
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.checks.identifiers import engines
from builder.common.errors import BadInput, NotFound, NotReady
from builder.models import Case, CaseState, IdentifierAttestation, User
from builder.phi import find_identifiers, same_passage
from builder.selectors.identifiers import find_reference
from builder.services.audit import record
from builder.services.cases import lock_case

MAX_REASON = 1_000


@transaction.atomic
def attest_identifier(*, case: Case, reference: str, reason: str, by: User) -> IdentifierAttestation:
    """Say why one passage may stay; it then no longer keeps the case from review, in this and any later revision.

    `reference` is the passage's keyed hash, as the page and the API list it; it must stand in the saved text or in
    the person's draft. The trail holds reason and hash, never the passage: a reason that repeats it is refused.
    Returns the attestation there is when somebody was faster.
    """
    access.require(by, Act.WRITE_CASES, case.department)
    locked = lock_case(case)
    if locked.state == CaseState.RETIRED:
        raise NotReady(_("This case is retired and can't be changed."))
    found = find_reference(locked, by, reference)
    if found is None:
        raise NotFound(_("This passage no longer stands in the case, or it was found to be harmless."))
    words = _reason(reason, found.passage)
    row, is_new = IdentifierAttestation.objects.get_or_create(
        case=locked, kind=found.kind, passage_hash=reference, defaults={"reason": words, "attested_by": by}
    )
    if is_new:
        record(
            by=by, verb="identifier:attest", what=locked, department=locked.department, why=words,
            kind=found.kind, passage=reference, field=found.field,
        )  # fmt: skip
    return row


def _reason(reason: str, passage: str) -> str:
    words = reason.strip()
    if not words:
        raise BadInput(_("Say why the passage may stay."), field="reason")
    if len(words) > MAX_REASON:
        raise BadInput(_("The reason is longer than 1,000 characters."), field="reason")
    same = same_passage(passage)
    repeats = re.search(rf"(?<![a-z0-9]){re.escape(same)}(?![a-z0-9])", same_passage(words))
    if repeats or find_identifiers(words, engines()):
        raise BadInput(
            _(
                "The reason is kept in the audit trail, so it must not hold the passage or another identifier."
            ),
            field="reason",
        )
    return words
