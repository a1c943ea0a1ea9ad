"""Writing down what is right about a calibration answer."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from annotations.models import GoldVerdict, GradingSession, SessionItem, SessionState, Verdict
from annotations.selectors.calibration import Gold
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, NotReady
from builder.models import User
from builder.services.audit import record

DECISIVE = (Verdict.MET, Verdict.NOT_MET)


@transaction.atomic
def set_gold_verdicts(*, item: SessionItem, verdicts: Mapping[int, Gold], by: User) -> int:
    """Write what is right, by the criterion's place from 0; criteria that aren't named keep theirs.

    Returns how many criteria of the answer have a gold verdict now. An empty verdict takes one back. Only while the
    session is planned: later, graders were judged by it. Who writes any gets no calibration answers.
    """
    session = GradingSession.objects.select_for_update(no_key=True).get(pk=item.session_id)
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    if session.state != SessionState.DRAFT:
        raise NotReady(_("What is right can’t be changed any more: the session was opened."))
    if not item.is_calibration:
        raise BadInput(_("This isn’t a practice answer."), field="verdicts")
    _check(verdicts, len(item.response.item.content.rubrics))
    item.gold.filter(
        criterion_index__in=[index for index, gold in verdicts.items() if not gold.verdict]
    ).delete()
    GoldVerdict.objects.bulk_create(
        [
            GoldVerdict(
                item=item, criterion_index=index, verdict=gold.verdict, explanation=gold.explanation.strip(), by=by
            )
            for index, gold in sorted(verdicts.items())
            if gold.verdict
        ],
        update_conflicts=True,
        unique_fields=["item", "criterion_index"],
        update_fields=["verdict", "explanation", "by"],
    )  # fmt: skip
    record(
        by=by, verb="calibration:write", what=item, department=session.release.department, session=session.pk,
        criteria=sorted(verdicts),
    )  # fmt: skip
    return item.gold.count()


def _check(verdicts: Mapping[int, Gold], n_criteria: int) -> None:
    for index, gold in verdicts.items():
        if not 0 <= index < n_criteria:
            raise BadInput(_("There is no criterion %(number)s.") % {"number": index + 1}, field="verdicts")
        if gold.verdict and gold.verdict not in DECISIVE:
            raise BadInput(
                _("What is right is met or not_met, not %(verdict)s.") % {"verdict": gold.verdict},
                field="verdicts",
            )
        if gold.explanation.strip() and not gold.verdict:
            raise BadInput(
                _("Criterion %(number)s has a reason but no verdict. Choose met or not met.")
                % {"number": index + 1},
                field="verdicts",
            )
