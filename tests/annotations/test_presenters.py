"""Numbers and plots as the reports print them."""

import pytest

from annotations.presenters import words
from annotations.presenters.plots import difference_scale, stack_differences, unit_scale
from annotations.presenters.score_differences import run_letter
from annotations.stats import STATUSES, Estimate, red_line_rate


def estimate(value: float | None, low: float | None, high: float | None, status: str = "ok") -> Estimate:
    """Return an estimate with an interval."""
    return Estimate(
        "krippendorff_alpha", value, None, low, high, "none", None, None, 9, 9, 18, 2, 2, 0, 0, status, ""
    )


@pytest.mark.parametrize(
    ("value", "text"), [(0.756, "0.76"), (-0.2, "−0.20"), (-0.001, "0.00"), (None, "–"), (1.0, "1.00")]
)
def test_numbers(value: float | None, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.07, "+0.07"), (-0.07, "−0.07"), (0.001, "0.00"), (-0.001, "0.00")]
)
def test_signed_numbers(value: float, text: str) -> None:
    assert words.signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.2, "20%"), (0.0234, "2.3%"), (0.0, "0%"), (1.0, "100%"), (0.0996, "10%")]
)
def test_percent(value: float, text: str) -> None:
    assert words.percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.891, "89"), (0.999, "99"), (1.0, "100"), (0.0, "0")])
def test_out_of_a_hundred_rounds_to_all_only_when_it_is_all(value: float, text: str) -> None:
    assert words.hundred(value) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "p < 0.001"), (0.0312, "p = 0.031"), (0.4567, "p = 0.46"), (None, "")]
)
def test_p_values(p: float | None, text: str) -> None:
    assert words.p_text(p) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.63, 0.78, "Moderate"),
        (0.75, 0.81, "Moderate to high"),
        (-0.1, 0.1, "Little or none"),
        (0.3, 0.5, "Low to moderate"),
    ],
)
def test_words_reach_as_far_as_the_interval(low: float, high: float, text: str) -> None:
    assert words.strength(estimate((low + high) / 2, low, high)) == text


def test_no_value_is_said() -> None:
    assert words.strength(estimate(None, None, None)) == "Can’t be told"
    assert words.estimate_text(estimate(None, None, None)) == "–"
    assert words.estimate_text(estimate(0.5, None, None)) == "0.50 (no interval)"


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_of_an_estimate_has_words(status: str) -> None:
    assert bool(words.status_text(status)) == (status != "ok")


@pytest.mark.parametrize("status", ["few_units", "single_unit", "no_difference", "undefined_no_pairs"])
def test_every_status_of_a_difference_has_words(status: str) -> None:
    assert words.difference_status(status) and words.difference_status("ok") == ""


def test_red_lines_have_a_bound() -> None:
    assert words.rate_bound(red_line_rate(0, 128)) == "true rate at most 2.3% (rule of three)"
    assert words.rate_bound(red_line_rate(3, 128)) == "true rate 0.8% to 6.7% (Wilson)"
    assert "no answer" in words.rate_bound(red_line_rate(0, 0))


def test_unit_scale_goes_from_0_to_1_and_further_down_when_it_must() -> None:
    scale = unit_scale([0.4])
    assert [tick.label for tick in scale.ticks] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert (scale.x(0), scale.x(0.5), scale.x(1)) == (8.0, 120.0, 232.0)
    assert scale.plot("x", []).zero is None
    lower = unit_scale([-0.31])
    assert lower.ticks[0].label == "−0.4" and lower.plot("x", []).zero == lower.x(0)


def test_what_lies_outside_a_scale_is_drawn_at_its_edge() -> None:
    mark = unit_scale([0.0]).mark(1.2, -3, 7)
    assert (mark.low, mark.x, mark.high) == (8.0, 232.0, 232.0)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.07, 0.02, 0.12], ["−0.05", "0.00", "+0.05", "+0.10", "+0.15"]),
        ([0.47, 0.36, 0.61], ["−0.2", "0.0", "+0.2", "+0.4", "+0.6", "+0.8"]),
        ([None], ["−0.05", "0.00", "+0.05"]),
    ],
)
def test_difference_scale_holds_zero_and_the_values(values: list[float | None], labels: list[str]) -> None:
    scale = difference_scale(values)
    assert [tick.label for tick in scale.ticks] == labels
    assert all(scale.low <= value <= scale.high for value in values if value is not None)


def test_dots_are_stacked_by_twentieths_and_keep_their_side() -> None:
    plot = stack_differences([0.30, 0.31, -0.2, 0.01], "label")
    assert sorted(mark.run for mark in plot.marks) == ["a", "a", "b", "same"]
    first, second = (mark for mark in plot.marks if mark.run == "a")
    assert first.x == second.x and second.y < first.y
    assert plot.zero == next(mark.x for mark in plot.marks if mark.run == "same")
    assert all(0 <= mark.x <= plot.width and 0 <= mark.y <= plot.base for mark in plot.marks)


def test_a_tall_column_still_fits() -> None:
    plot = stack_differences([0.5] * 400, "label")
    assert min(mark.y for mark in plot.marks) >= 0 and max(mark.y for mark in plot.marks) < plot.base


def test_runs_take_turns_in_shape() -> None:
    assert [run_letter(place) for place in range(3)] == [("A", "a"), ("B", "b"), ("C", "a")]
