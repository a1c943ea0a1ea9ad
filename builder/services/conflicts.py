"""Conflicts of interest: a reviewer's own statement that something ties them to a case."""

from django.db import transaction
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict
from builder.models import Case, ConflictOfInterest, User
from builder.services.audit import record
from builder.services.cases import lock_case
from builder.services.reviews import settle_case

MAX_STATEMENT_CHARACTERS = 2_000


@transaction.atomic
def declare_conflict(*, case: Case, statement: str, by: User) -> ConflictOfInterest:
    """Record that something ties the reviewer to the case; there is no taking it back.

    Where the department bars such reviewers, what they decided on the case no longer counts, and the case goes back
    to the state the other reviews add up to.
    """
    access.require(by, Act.REVIEW_CASES, case.department)
    statement = statement.strip()
    if not statement:
        raise BadInput(_("Say what ties you to this case."), field="statement")
    if len(statement) > MAX_STATEMENT_CHARACTERS:
        raise BadInput(
            _("A statement has at most %(most)s characters.") % {"most": MAX_STATEMENT_CHARACTERS},
            field="statement",
        )
    locked = lock_case(case)
    if locked.conflicts_of_interest.filter(person=by).exists():
        raise Conflict(_("You have already declared a conflict of interest on this case."), field="statement")
    conflict = ConflictOfInterest.objects.create(case=locked, person=by, statement=statement)
    record(by=by, verb="conflict:declare", what=locked, department=locked.department, why=statement)
    settle_case(locked, by=by)
    return conflict
