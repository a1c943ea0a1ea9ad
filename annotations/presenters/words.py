"""Numbers and states as a reader meets them: two decimals, a real minus sign, an interval beside every value."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotations.stats import Estimate, Rate, Score

MINUS = "−"
HIGH, MODERATE, LOW = 0.8, 0.4, 0.2

COEFFICIENTS = {
    "percent_agreement": gettext_lazy("Raw agreement"),
    "krippendorff_alpha": gettext_lazy("Krippendorff’s α"),
    "gwet_ac1": gettext_lazy("Gwet’s AC1"),
    "fleiss_kappa": gettext_lazy("Fleiss’ κ"),
    "cohen_kappa": gettext_lazy("Cohen’s κ"),
}
EXPLANATIONS = {
    "percent_agreement": gettext_lazy("Share of grader pairs that gave the same verdict"),
    "krippendorff_alpha": gettext_lazy("Corrects for chance; allows missing verdicts"),
    "gwet_ac1": gettext_lazy("Corrects for chance; steady when one verdict dominates"),
    "fleiss_kappa": gettext_lazy("Corrects for chance; for any number of graders"),
    "cohen_kappa": gettext_lazy("Corrects for chance; for two graders at a time"),
}
STATUSES = {
    "few_units": gettext_lazy("Few cases: the interval is rough."),
    "boundary": gettext_lazy("Almost no disagreement: the interval is an exact bound, on one side only."),
    "single_unit": gettext_lazy("Only one case has two verdicts, so there is no interval."),
    "ci_refused": gettext_lazy("Too many resamples had no value, so no interval is given."),
    "undefined_no_variation": gettext_lazy(
        "Every verdict was the same, so agreement beyond chance can’t be told."
    ),
    "undefined_no_pairs": gettext_lazy("Nothing was judged by two graders, so there is nothing to compare."),
    "not_applicable": gettext_lazy("Not defined for this number of graders."),
    "no_difference": gettext_lazy("Both runs score the same on every case, so there is no interval."),
}
DIFFERENCE_STATUSES = {
    "single_unit": gettext_lazy("Only one case in common, so there is no interval."),
    "undefined_no_pairs": gettext_lazy("No case has a score in both runs."),
}


def number(value: float | None, digits: int = 2) -> str:
    """Return 0.76, −0.20, or a dash for nothing."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float | None) -> str:
    """Return +0.07 or −0.07; nothing stands before 0.00."""
    text = number(value)
    return f"+{text}" if value is not None and float(f"{value:.2f}") > 0 else text


def percent(value: float | None) -> str:
    """Return 20%, and a decimal below 10%."""
    if value is None:
        return "–"
    hundredths = value * 100
    return f"{hundredths:.0f}%" if hundredths >= 9.95 or hundredths == 0 else f"{hundredths:.1f}%"


def hundred(value: float) -> str:
    """Return the share as a count out of a hundred; 100 only when it is all, 0 only when it is none."""
    count = round(value * 100)
    return str(min(count, 99) if value < 1 else count) if value > 0 else "0"


def interval(low: float | None, high: float | None, *, sign: bool = False) -> str:
    """Return "0.68 to 0.84", or that there is none."""
    if low is None or high is None:
        return _("no interval")
    show = signed if sign else number
    return _("%(low)s to %(high)s") % {"low": show(low), "high": show(high)}


def with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return "0.76 (0.68 to 0.84)"."""
    return "–" if value is None else f"{number(value)} ({interval(low, high)})"


def estimate_text(estimate: Estimate) -> str:
    """Return an estimate with its interval."""
    return with_interval(estimate.value, estimate.ci_low, estimate.ci_high)


def score_text(score: Score) -> str:
    """Return a score with its interval."""
    return with_interval(score.mean, score.ci_low, score.ci_high)


def status_text(status: str) -> str:
    """Return what a reader must know of an estimate; nothing where it can be used as it is."""
    return str(STATUSES[status]) if status in STATUSES else ""


def difference_status(status: str) -> str:
    """Return what a reader must know of a difference between runs."""
    return str(DIFFERENCE_STATUSES[status]) if status in DIFFERENCE_STATUSES else status_text(status)


def strength(estimate: Estimate) -> str:
    """Return the agreement in words, as far apart as its interval reaches: "moderate to high"."""
    if estimate.value is None:
        return _("Can’t be told")
    ends = [end for end in (estimate.ci_low, estimate.ci_high) if end is not None] or [estimate.value]
    words = list(dict.fromkeys(_strength_word(end) for end in (min(ends), max(ends))))
    return (
        words[0]
        if len(words) == 1
        else _("%(low)s to %(high)s") % {"low": words[0], "high": words[1].lower()}
    )


def _strength_word(value: float) -> str:
    if value >= HIGH:
        return _("High")
    if value >= MODERATE:
        return _("Moderate")
    return _("Low") if value >= LOW else _("Little or none")


def p_text(p_value: float | None) -> str:
    """Return "p = 0.03", or "p < 0.001"."""
    if p_value is None:
        return ""
    return (
        "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}" if p_value < 0.095 else f"p = {p_value:.2f}"
    )


def short_bound(rate: Rate) -> str:
    """Return how high the true rate may be, without the method."""
    if rate.failures == 0:
        return _("at most %(high)s") % {"high": percent(rate.ci_high)}
    return _("%(low)s to %(high)s") % {"low": percent(rate.ci_low), "high": percent(rate.ci_high)}


def rate_bound(rate: Rate) -> str:
    """Return how high the true rate may be; zero failures are never printed without it."""
    if rate.ci_low is None or rate.ci_high is None:
        return _("no answer could be judged on its red lines")
    if rate.failures == 0:
        return _("true rate at most %(high)s (rule of three)") % {"high": percent(rate.ci_high)}
    return _("true rate %(low)s to %(high)s (Wilson)") % {
        "low": percent(rate.ci_low),
        "high": percent(rate.ci_high),
    }


def count_graders(number_of: int) -> str:
    """Return "3 graders"."""
    return ngettext("%(n)s grader", "%(n)s graders", number_of) % {"n": number_of}


def count_cases(number_of: int) -> str:
    """Return "16 cases"."""
    return ngettext("%(n)s case", "%(n)s cases", number_of) % {"n": number_of}


def count_answers(number_of: int) -> str:
    """Return "32 answers"."""
    return ngettext("%(n)s answer", "%(n)s answers", number_of) % {"n": number_of}
