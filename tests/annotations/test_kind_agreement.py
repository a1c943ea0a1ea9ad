"""The side note on how far graders agree on criteria like the one that is decided."""

import pytest

from annotations.models import GradingSession
from annotations.presenters.disagreements import kind_text
from annotations.selectors import kind_agreement as module
from annotations.selectors.kind_agreement import kind_agreement
from annotations.services.sessions import end_grading
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import make_release
from tests.cast import Cast

N = 40


@pytest.fixture
def session(cast: Cast) -> GradingSession:
    """Forty cases with one criterion each of the axis accuracy, and one more of another in the first.

    Two graders: both met in 20, both not met in 16, one each in 4.
    """
    contents = [
        case(f"Case {place}", (5, "accuracy"), *([(3, "completeness")] if place == 0 else []))
        for place in range(N)
    ]
    release = make_release(cast, contents=contents)
    answered(release, "m1", dict.fromkeys(range(N), 1), by=cast.lou)
    said = [["+", "+"]] * 20 + [["o", "o"]] * 16 + [["+", "o"]] * 4
    grades = {(place, 1): [sign + ("+" if place == 0 else "") for sign in said[place]] for place in range(N)}
    session = graded(cast, release, {"m1": grades}, graders=[cast.gia, cast.gus], close=False)
    return end_grading(session=session, by=cast.lou)


def test_the_axis_where_the_criterion_stands_in_one_case(session: GradingSession) -> None:
    # Raw agreement 36/40. Met: (20 · 2 + 4) / 80 = 0.55. AC1's chance is 2 · 0.55 · 0.45 = 0.495.
    # (0.9 - 0.495) / (1 - 0.495) = 0.80198.
    item = session.release.items.get(position=39)
    found = kind_agreement(session, item, 0)
    assert found is not None
    assert found.axis == "accuracy" and found.estimate.n_units_pairable == N
    assert found.estimate.value == pytest.approx(0.405 / 0.505)
    assert kind_text(found).startswith("Agreement on criteria of the axis “Accuracy”: AC1 0.80 (")
    assert kind_text(found).endswith(", 40 units.")


def test_too_few_units_say_nothing(session: GradingSession) -> None:
    item = session.release.items.get(position=0)
    assert kind_agreement(session, item, 1) is None
    assert kind_text(None) == ""


def test_too_many_verdicts_are_not_waited_for(
    session: GradingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = session.release.items.get(position=39)
    # 40 cases and one criterion more, judged by two.
    monkeypatch.setattr(module, "MOST_VERDICTS", 81)
    assert kind_agreement(session, item, 0) is None
    monkeypatch.setattr(module, "MOST_VERDICTS", 82)
    assert kind_agreement(session, item, 0) is not None


def test_the_same_words_in_several_cases_come_before_the_axis(cast: Cast) -> None:
    contents = [case("Same", (5, "accuracy"), (2, "accuracy")) for _place in range(30)]
    release = make_release(cast, contents=contents)
    answered(release, "m1", dict.fromkeys(range(30), 1), by=cast.lou)
    grades = {(place, 1): ["+o", "+o" if place else "oo"] for place in range(30)}
    session = graded(cast, release, {"m1": grades}, graders=[cast.gia, cast.gus], close=False)
    session = end_grading(session=session, by=cast.lou)
    found = kind_agreement(session, release.items.get(position=3), 0)
    assert found is not None
    # 29 of 30 agree, nearly all met: 59 of 60. Chance 2 · 59/60 · 1/60.
    chance = 2 * 59 / 60 / 60
    assert (found.axis, found.estimate.n_units_pairable) == ("", 30)
    assert found.estimate.value == pytest.approx((29 / 30 - chance) / (1 - chance))
    assert kind_text(found).startswith("Agreement on this criterion in all of its cases: AC1 0.97")
