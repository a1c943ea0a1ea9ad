"""What the pages print of a harness's numbers beside ours: words and cells, no queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import ComparisonFinding
from annotations.selectors.comparison import AnswerScores
from annotations.selectors.results import interval_words


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer in the table of differences, as text."""

    prompt_id: str
    place: int
    epoch: int
    reported: str
    expected: str
    ours: str
    difference: str


def answer_rows(answers: Iterable[AnswerScores]) -> list[AnswerRow]:
    """Return the rows of the table."""
    return [
        AnswerRow(
            each.prompt_id, each.place, each.epoch, precise(each.reported), precise(each.expected),
            precise(each.ours), precise(each.difference, signed=True),
        )
        for each in answers
    ]  # fmt: skip


def finding_sentence(found: dict[str, Any]) -> str:
    """Say what became of the harness's numbers; `found` is `results_to_dict`."""
    if found["finding"] is None:
        return _(
            "The log brought no verdicts, so the harness’s score can’t be checked. Grade the answers here."
        )
    harness = found["harness"] or found["format"]
    sentences = {
        ComparisonFinding.SAME: _("%(harness)s and we compute the same score from these verdicts."),
        ComparisonFinding.EXPLAINED: _(
            "The scores differ because %(harness)s computes otherwise: its formula gives exactly what it reported."
        ),
        ComparisonFinding.UNEXPLAINED: _(
            "What %(harness)s reported is not what its formula makes of these verdicts. Look at the answers below "
            "before you use its number."
        ),
        ComparisonFinding.NOT_REPORTED: _(
            "%(harness)s reported no score; ours is computed from its verdicts."
        ),
    }
    return sentences[ComparisonFinding(found["finding"])] % {"harness": harness}


def facts(found: dict[str, Any]) -> list[dict[str, str]]:
    """Return the scores side by side, for components/facts.html."""
    rows = [{"term": _("Reported by the harness"), "value": precise(found["reported_score"]), "note": ""}]
    if found["finding"] is not None:
        rows += [
            {
                "term": _("Expected by the harness’s formula"),
                "value": precise(found["expected_score"]),
                "note": "",
            },
            {"term": _("Our score"), "value": precise(found["our_score"]), "note": interval_words(found)},
            {"term": _("Answers it scored"), "value": f"{found['n_reported']:,}", "note": _unlike(found)},
        ]
    rows += [
        {"term": _("Harness"), "value": _named(found), "note": ""},
        {"term": _("Grader"), "value": found["grader"] or "–", "note": ""},
    ]
    return rows


def precise(value: float | None, *, signed: bool = False) -> str:
    """Return a score with the digits in which harnesses may differ."""
    if value is None:
        return "–"
    text = f"{value:+.9f}" if signed else f"{value:.9f}"
    return text.replace("-", "−")


def _unlike(found: dict[str, Any]) -> str:
    count = found["n_other"]
    if not count:
        return _("none differs from ours") if found["n_reported"] else ""
    return ngettext("%(count)s differs from ours", "%(count)s differ from ours", count) % {
        "count": f"{count:,}"
    }


def _named(found: dict[str, Any]) -> str:
    return " ".join(each for each in (found["harness"], found["harness_version"]) if each) or found["format"]


def colour(found: dict[str, Any]) -> str:
    """Return the colour of the finding's tag."""
    colours = {
        ComparisonFinding.SAME: "green", ComparisonFinding.EXPLAINED: "blue", ComparisonFinding.UNEXPLAINED: "red",
    }  # fmt: skip
    return colours.get(found["finding"], "grey")
