"""How far graders agree on criteria like one that is being decided: a side note for the adjudicator."""

from dataclasses import dataclass

import numpy as np

from annotations.frames import SEED, agreement_units, session_ratings
from annotations.models import GradingSession
from annotations.selectors.counted import counted_grades
from annotations.selectors.shared_criteria import places_like
from annotations.stats import Estimate, agreement
from builder.content import MAX_CRITERIA
from exports.models import ReleaseItem

FEWEST_UNITS = 30  # fewer units with two verdicts make no coefficient worth reading
MOST_VERDICTS = 20_000  # more would make the adjudicator wait for a side note


@dataclass(frozen=True, slots=True)
class KindAgreement:
    """Gwet's AC1 of the criteria like one: the same in several cases, or all of the axis, if that is named."""

    axis: str
    estimate: Estimate


def kind_agreement(session: GradingSession, item: ReleaseItem, criterion_index: int) -> KindAgreement | None:
    """Return how far graders agree on criteria like this one; None where too few or too many units would tell it.

    Cost: one query, and up to 20,000 verdicts eight more, one pass over them and 1,000 resamples.
    """
    if not FEWEST_UNITS <= counted_grades([session]).count() <= MOST_VERDICTS:
        return None
    units = agreement_units([session])
    place = next(number for number, each in enumerate(units.items) if each.pk == item.pk)
    axis, places = places_like(units, (place, criterion_index))
    keys = units.case * MAX_CRITERIA + units.criterion
    mask = np.isin(keys, [case * MAX_CRITERIA + index for case, index in places])
    table = session_ratings([session], units).table(units, mask)
    if table.n_units_pairable < FEWEST_UNITS:
        return None
    [estimate] = agreement(table, ("gwet_ac1",), seed=SEED)
    return KindAgreement(axis, estimate) if estimate.value is not None else None
