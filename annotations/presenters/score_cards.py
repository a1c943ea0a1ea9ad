"""One run's card on the scores page: the score with its interval, and what stands beside it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.presenters import words
from annotations.presenters.plots import Plot, Scale
from annotations.presenters.score_differences import run_letter
from annotations.selectors.scores import RunReport


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a run's card."""

    term: str
    value: str
    note: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class RunCard:
    """One run: its score with interval, and what stands beside it."""

    letter: str
    shape: str
    name: str
    factors: str
    value: str
    low: str
    high: str
    note: str
    plot: Plot | None
    facts: list[Fact]


def run_card(place: int, report: RunReport, scale: Scale, of: int) -> RunCard:
    """Return the card of the run at a place of the report, from 0."""
    score, run = report.overall, report.run
    letter, shape = run_letter(place)
    factors = [run.model, run.get_model_class_display(), *_factors(run.prompting, run.retrieval)]
    plot = None
    if score.mean is not None:
        marks = [scale.mark(score.mean, score.ci_low, score.ci_high, run=shape)]
        plot = scale.plot(f"{run.name}: {words.score_text(score)}", marks)
    return RunCard(
        letter=letter if of > 1 else "",
        shape=shape,
        name=run.name,
        factors=", ".join(text for text in factors if text),
        value=words.number(score.mean),
        low=words.number(score.ci_low) if score.ci_low is not None else "",
        high=words.number(score.ci_high) if score.ci_high is not None else "",
        note=_score_note(report),
        plot=plot,
        facts=_card_facts(report),
    )


def _factors(prompting: str, retrieval: str) -> list[str]:
    found = [_("%(kind)s prompt") % {"kind": prompting}] if prompting else []
    if retrieval:
        found.append(
            _("no retrieval") if retrieval == "none" else _("retrieval: %(kind)s") % {"kind": retrieval}
        )
    return found


def _score_note(report: RunReport) -> str:
    score = report.overall
    if score.mean is None:
        return _("No case has a complete answer, so there is no score.")
    if not score.n_incomplete or score.worst is None or score.best is None:
        return _("Mean over %(cases)s.") % {"cases": words.count_cases(score.n)}
    return ngettext(
        "Mean over %(cases)s. One answer is incomplete and left out; whatever its open verdicts would be, the score "
        "of all cases lies between %(worst)s and %(best)s.",
        "Mean over %(cases)s. %(n)s answers are incomplete and left out; whatever their open verdicts would be, the "
        "score of all cases lies between %(worst)s and %(best)s.",
        score.n_incomplete,
    ) % {
        "cases": words.count_cases(score.n), "n": score.n_incomplete, "worst": words.number(score.worst),
        "best": words.number(score.best),
    }  # fmt: skip


def _card_facts(report: RunReport) -> list[Fact]:
    counts, of_units = report.counts, _("of %(n)s verdicts due") % {"n": f"{len(report.units):,}"}
    facts = [
        Fact(
            _("Red-line failures"), red_line_value(report), red_line_bound(report),
            "bad" if counts["red_line_failures"] else "",
        ),
        Fact(
            _("Answers"), _("%(n)s complete") % {"n": counts["complete"]},
            _("%(incomplete)s incomplete, %(none)s cases without an answer")
            % {"incomplete": counts["incomplete"], "none": counts["no_response"]},
        ),
        *_calibration(counts["calibration"]),
        Fact(_("Unresolved"), f"{counts['unresolved']:,}", of_units),
        Fact(_("Cannot judge"), f"{counts['cannot_judge']:,}", of_units),
        Fact(_("Missing"), f"{counts['missing']:,}", of_units),
    ]  # fmt: skip
    if counts["ruled_cannot_judge"]:
        facts.append(Fact(_("Ruled: cannot judge"), f"{counts['ruled_cannot_judge']:,}", of_units))
    if counts["ruled_unclear"]:
        facts.append(Fact(_("Ruled: unclear wording"), f"{counts['ruled_unclear']:,}", of_units))
    if counts["judge_failed"]:
        facts.append(Fact(_("Judge failed"), f"{counts['judge_failed']:,}", of_units))
    if report.worst_at_k:
        k = len(report.worst_at_k)
        note = _("mean over %(cases)s with all their samples") % {
            "cases": words.count_cases(report.worst_at_k_cases)
        }
        facts.insert(
            2, Fact(_("Worst of %(k)s answers") % {"k": k}, words.number(report.worst_at_k[-1]), note)
        )
    return facts


def _calibration(number: int) -> list[Fact]:
    """Return the fact that some cases trained the graders; nothing where none did."""
    if not number:
        return []
    return [Fact(_("For practice"), words.count_cases(number), _("their answers count for no number"))]


def red_line_value(report: RunReport) -> str:
    """Return how many of the judged answers crossed a red line."""
    rate = report.red_lines
    if not has_red_lines(report):
        return _("None to cross")
    return _("%(failures)s of %(n)s") % {"failures": rate.failures, "n": rate.n}


def red_line_bound(report: RunReport) -> str:
    """Return how high the true rate may be, or that nothing could be crossed."""
    if not has_red_lines(report):
        return _("no answered case has a red line")
    return words.rate_bound(report.red_lines)


def has_red_lines(report: RunReport) -> bool:
    """Whether any answered case has a red line."""
    return bool(report.units.red_line.any())
