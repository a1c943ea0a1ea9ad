"""How a department approves its cases."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.errors import BadInput
from builder.models import ConflictRule, ContestedRule, Department, User
from builder.services.audit import record

MOST_APPROVALS = 9
MOST_REVIEW_DAYS = 365
# A majority is never less than this share, and unanimity is what exceeds the other.
LEAST_THRESHOLD, MOST_THRESHOLD = 0.5, 0.99
_SETTINGS = (
    "required_approvals", "contested_rule", "consensus_threshold", "outside_approvals", "conflict_rule", "review_days",
)  # fmt: skip


@transaction.atomic
def change_department(
    *, department: Department, required_approvals: int, contested_rule: str, by: User,
    consensus_threshold: float | None = None, outside_approvals: int | None = None, conflict_rule: str | None = None,
    review_days: int | None = None,
) -> None:  # fmt: skip
    """Change how a department approves its cases; what is None stays as it is.

    A case already decided on is not decided anew: the change applies from the next review of a case on, and at
    freezing.
    """
    access.require(by, Act.CHANGE_SETTINGS, department)
    wanted = {
        "required_approvals": required_approvals, "contested_rule": contested_rule,
        "consensus_threshold": consensus_threshold, "outside_approvals": outside_approvals,
        "conflict_rule": conflict_rule, "review_days": review_days,
    }  # fmt: skip
    for name, value in wanted.items():
        if value is not None:
            setattr(department, name, value)
    _check(department)
    department.save(update_fields=_SETTINGS)
    record(
        by=by, verb="department:change", what=department, department=department,
        **{name: getattr(department, name) for name in _SETTINGS},
    )  # fmt: skip


def _check(department: Department) -> None:
    """Raise BadInput for settings that no department can have."""
    if not 1 <= department.required_approvals <= MOST_APPROVALS:
        raise BadInput(
            _("A case needs from 1 to %(most)s approvals.") % {"most": MOST_APPROVALS},
            field="required_approvals",
        )
    if department.contested_rule not in ContestedRule.values:
        raise BadInput(_("Choose what a contested criterion does."), field="contested_rule")
    if not LEAST_THRESHOLD <= department.consensus_threshold <= MOST_THRESHOLD:
        raise BadInput(
            _("The share that must be exceeded is from 50 to 99 per cent."), field="consensus_threshold"
        )
    if not 0 <= department.outside_approvals <= department.required_approvals:
        raise BadInput(
            _("At most as many approvals can come from other departments as a case needs."),
            field="outside_approvals",
        )
    if department.conflict_rule not in ConflictRule.values:
        raise BadInput(_("Choose what a conflict of interest does."), field="conflict_rule")
    if not 1 <= department.review_days <= MOST_REVIEW_DAYS:
        raise BadInput(
            _("A review is overdue after 1 to %(most)s days.") % {"most": MOST_REVIEW_DAYS},
            field="review_days",
        )
    try:
        department.clean_fields()
    except ValidationError as error:
        raise BadInput(" ".join(error.messages)) from error
