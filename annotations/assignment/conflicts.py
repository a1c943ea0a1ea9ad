"""Conflicts that counting finds, each named in a sentence a lead can act on."""

from collections.abc import Sequence
from itertools import combinations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.assignment.design import Constraints, Grader, Infeasible, Unit
from annotations.assignment.shares import Sort, bounds_of


def check_overlap(units: Sequence[Unit], graders: Sequence[Grader], constraints: Constraints) -> None:
    """Raise Infeasible for an answer that needs more graders than there are, or than may grade its case."""
    for case, needed in sorted({(unit.case, unit.overlap) for unit in units}):
        if not 1 <= needed <= len(graders):
            raise Infeasible(
                _("Each answer can have from 1 to %(most)s graders, not %(overlap)s.")
                % {"most": len(graders), "overlap": needed},
                "overlap",
            )
        may = sum(case not in grader.barred for grader in graders)
        if may < needed:
            raise Infeasible(
                ngettext(
                    "Only %(may)s of the chosen people may grade answers to case “%(case)s”, since nobody grades their "
                    "own cases, but each answer needs %(needed)s grader.",
                    "Only %(may)s of the chosen people may grade answers to case “%(case)s”, since nobody grades their "
                    "own cases, but each answer needs %(needed)s graders.",
                    needed,
                )
                % {"may": may, "case": constraints.case_names.get(case, case), "needed": needed},
                "graders",
            )


def check_numbers(units: Sequence[Unit], graders: Sequence[Grader]) -> None:
    """Raise Infeasible when the quotas don't add up to what is needed, or somebody may not grade so many."""
    needed = sum(unit.overlap for unit in units)
    given = sum(grader.quota or 0 for grader in graders)
    free = sum(grader.quota is None for grader in graders)
    if given > needed or (not free and given < needed):
        raise Infeasible(
            _("How many each adds up to %(given)s answers, but %(needed)s are needed.")
            % {"given": given, "needed": needed},
            "graders",
        )
    for grader in graders:
        wanted = (needed - given) // free if grader.quota is None else grader.quota
        if wanted < 1:
            raise Infeasible(
                _("There are too few answers: %(person)s would get none. Choose fewer graders.")
                % {"person": grader.name},
                "graders",
            )
        may = sum(unit.case not in grader.barred for unit in units)
        if wanted > may:
            sentence = (
                _("%(person)s is to grade %(wanted)s answers, but may grade only %(may)s.")
                if grader.quota is not None
                else _(
                    "An equal share is %(wanted)s answers, but %(person)s may grade only %(may)s. Set how many each."
                )
            )
            raise Infeasible(sentence % {"person": grader.name, "wanted": wanted, "may": may}, "graders")


def check_mix(sorts: Sequence[Sort], graders: Sequence[Grader]) -> None:
    """Raise Infeasible when somebody would see answers of one run only although there are several."""
    if len({sort.run for sort in sorts}) < 2:
        return
    loads = bounds_of(sorts, graders).load_low
    few = int(loads.argmin())
    if loads[few] < 2:
        raise Infeasible(
            _(
                "%(person)s would get %(number)s of the answers and so not see answers of two runs. Choose fewer "
                "graders, more graders for each answer, or more for this person."
            )
            % {"person": graders[few].name, "number": int(loads[few])},
            "graders",
        )


def check_shared(sorts: Sequence[Sort], graders: Sequence[Grader], constraints: Constraints) -> None:
    """Raise Infeasible when counting alone shows that some pair can't share so many answers."""
    wanted = constraints.min_shared
    if wanted == 0 or len(graders) < 2:
        return
    for first, second in combinations(range(len(graders)), 2):
        both = sum(
            len(sort.units)
            for sort in sorts
            if sort.overlap > 1 and first in sort.allowed and second in sort.allowed
        )
        if both < wanted:
            raise Infeasible(
                _("%(one)s and %(other)s can share %(most)s answers at most; you asked for %(wanted)s.")
                % {
                    "one": graders[first].name, "other": graders[second].name, "most": both, "wanted": wanted,
                },
                "min_shared",
            )  # fmt: skip
    loads = bounds_of(sorts, graders).load_high
    for place in range(len(graders)):
        most = _colleagues(sorts, place, int(loads[place])) // (len(graders) - 1)
        if most < wanted:
            raise too_few_shared(int(loads[place]), most, wanted)
    pairs = len(graders) * (len(graders) - 1) // 2
    together = sum(len(sort.units) * sort.overlap * (sort.overlap - 1) // 2 for sort in sorts)
    if together // pairs < wanted:
        raise too_few_shared(int(loads.max()), together // pairs, wanted)


def too_few_shared(load: int, most: int, wanted: int) -> Infeasible:
    """Return the refusal of a minimum that pairs of graders with so many answers can't share."""
    return Infeasible(
        _(
            "With %(load)s answers each, pairs of graders share %(most)s answers at most; you asked for %(wanted)s. "
            "Let more people grade each answer, or ask for fewer shared answers."
        )
        % {"load": load, "most": most, "wanted": wanted},
        "min_shared",
    )


def _colleagues(sorts: Sequence[Sort], grader: int, load: int) -> int:
    """Return how often somebody with so many answers can share one with a colleague, those of most graders first."""
    total = 0
    for sort in sorted(sorts, key=lambda sort: -sort.overlap):
        if grader in sort.allowed:
            taken = min(load, len(sort.units))
            total, load = total + taken * (sort.overlap - 1), load - taken
    return total
