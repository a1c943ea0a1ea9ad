"""Judges: macro F1, human baseline, bias, confusion by sign and the alternative annotator test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from annotations.stats import alt_test, confusion_by_sign, human_macro_f1, judge_bias, judge_macro_f1


def pairs(seed: int, n: int = 200) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    human = rng.random(n) < 0.7
    judge = np.where(rng.random(n) < 0.8, human, ~human)
    return judge.astype(int), human.astype(int)


def test_macro_f1_equals_scikit_learn() -> None:
    judge, human = pairs(0)
    ours = judge_macro_f1(judge, human)
    assert ours.macro_f1 == pytest.approx(f1_score(human, judge, average="macro"), abs=1e-14)
    assert ours.f1_met == pytest.approx(f1_score(human, judge), abs=1e-14)
    assert ours.ci_low is not None and ours.ci_high is not None and ours.macro_f1 is not None
    assert ours.ci_low < ours.macro_f1 < ours.ci_high
    assert ours.status == "ok"


def test_every_pair_counts_and_people_are_not_reduced_to_a_majority() -> None:
    # One unit, judge met; three people met, met, not met: TP 2, FP 1. Second unit, judge not met; people not
    # met, met: TN 1, FN 1. F1 met 4/6, not met 2/4: macro 7/12. Against majorities it would be 1.
    ours = judge_macro_f1([1, 1, 1, 0, 0], [1, 1, 0, 0, 1], cluster=[0, 0, 0, 1, 1])
    assert ours.macro_f1 == pytest.approx(7 / 12)
    assert (ours.precision_met, ours.recall_met) == pytest.approx((2 / 3, 2 / 3))


def test_interval_resamples_clusters() -> None:
    judge, human = pairs(1)
    repeated = judge_macro_f1(np.repeat(judge, 4), np.repeat(human, 4), cluster=np.repeat(np.arange(200), 4))
    plain = judge_macro_f1(judge, human)
    assert repeated.se == pytest.approx(plain.se, rel=0.1)


def test_no_verdict_is_dropped_and_counted() -> None:
    ours = judge_macro_f1([1, None, 0, -1, float("nan")], [1, 1, 0, 0, 0])
    assert (ours.n_pairs, ours.n_dropped) == (2, 3)


def test_macro_f1_degenerate() -> None:
    one_class = judge_macro_f1([1, 1, 1], [1, 1, 1])
    assert (one_class.macro_f1, one_class.f1_met, one_class.f1_not_met) == (None, 1.0, None)
    assert one_class.status == "undefined_no_variation"
    perfect = judge_macro_f1([1, 0] * 20, [1, 0] * 20)
    assert (perfect.macro_f1, perfect.status, perfect.ci_low) == (1.0, "boundary", None)
    assert judge_macro_f1([1, 0], [1, 1], cluster=["a", "a"]).status == "single_unit"
    never_met = judge_macro_f1([0, 0, 0], [1, 1, 0])
    assert (never_met.f1_met, never_met.precision_met) == (0.0, None)
    with pytest.raises(ValueError, match="2 verdicts of the judge but 1"):
        judge_macro_f1([1, 0], [1])
    with pytest.raises(ValueError, match="must be 1"):
        judge_macro_f1([2], [1])
    with pytest.raises(ValueError, match="cluster labels"):
        judge_macro_f1([1, 0], [1, 0], cluster=["a"])


def test_human_baseline_leaves_each_person_out() -> None:
    # Unit 0: a met, b met, c not met. Unit 1: a not met, b not met. Against the others:
    # a: met-met 1, met-not 1, not-not 1: F1 met 2/3, not met 2/3. b the same. c: not-met against two mets: 0.
    baseline = human_macro_f1([0, 0, 0, 1, 1], ["a", "b", "c", "a", "b"], [1, 1, 0, 0, 0])
    assert baseline.n_pairs == [3, 3, 2]
    assert baseline.macro_f1[:2] == pytest.approx([2 / 3, 2 / 3])
    # c gives no met-met and no not-not pair: both F1 are 0, defined because the classes occur.
    assert baseline.macro_f1[2] == 0.0
    assert baseline.mean == pytest.approx((3 * 2 / 3 + 3 * 2 / 3) / 8)


def test_human_baseline_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    unit, rater = np.divmod(np.arange(300), 5)
    keep = rng.random(300) < 0.6
    verdict = np.where(rng.random(300) < 0.75, unit % 2, 1 - unit % 2)
    unit, rater, verdict = unit[keep], rater[keep], verdict[keep]
    baseline = human_macro_f1(unit, rater, verdict)
    for place, person in enumerate(baseline.raters):
        mine, others = [], []
        for i in np.flatnonzero(rater == person):
            for j in np.flatnonzero((unit == unit[i]) & (rater != person)):
                mine.append(verdict[i])
                others.append(verdict[j])
        assert baseline.n_pairs[place] == len(mine)
        assert baseline.macro_f1[place] == pytest.approx(f1_score(others, mine, average="macro"), abs=1e-14)


def test_judge_bias_is_a_paired_difference() -> None:
    judge, human = pairs(2)
    ours = judge_bias(judge, human * 0.5)
    assert ours.mean_difference == pytest.approx((judge - human * 0.5).mean())
    assert ours.ci_low is not None and ours.ci_low < (ours.mean_difference or 0)
    clustered = judge_bias(judge, human * 0.5, cluster=np.arange(200) // 10)
    assert clustered.n_clusters == 20


def test_confusion_by_sign() -> None:
    positive, negative = confusion_by_sign(
        [1, 1, 0, 0, 1, 0, None, 1], [1, 0, 1, 0, 0, 1, 1, None], [5, 5, 5, 5, -5, -5, 5, -5]
    )
    assert (positive.both_met, positive.judge_only, positive.human_only, positive.neither) == (1, 1, 1, 1)
    assert (positive.false_met, positive.false_not_met) == (0.5, 0.5)
    assert (negative.both_met, negative.judge_only, negative.human_only, negative.neither) == (0, 1, 1, 0)
    empty, _ = confusion_by_sign([], [], [])
    assert empty.false_met is None
    with pytest.raises(ValueError, match="same length"):
        confusion_by_sign([1], [1], [1, 2])


def test_alt_test_by_hand() -> None:
    # Annotators a, b, c on 40 units; the judge copies a. Leave a out: judge and a are equally close always,
    # so W_f = W_h = 1 and their difference is 0 < 0.2 everywhere: rejected with p 0. Leave b out: against a
    # and c, the judge agrees with a always. On the 10 units where b alone differs (a = c) the judge wins; on
    # the 5 where c alone differs (a = b) they tie; on the rest all agree: W_h - W_f is -1 ten times in 40 and
    # 0 else.
    a = np.zeros(40, dtype=int)
    b, c = a.copy(), a.copy()
    b[:10] = 1
    c[10:15] = 1
    result = alt_test(a, np.stack([a, b, c], axis=1), annotators=["a", "b", "c"])
    first, second, third = result.annotators
    assert (first.judge_wins, first.annotator_wins, first.p_value) == (1.0, 1.0, 0.0)
    assert (second.judge_wins, second.annotator_wins) == (1.0, 0.75)
    lost = np.array([-1.0] * 10 + [0.0] * 30)
    assert second.p_value == pytest.approx(stats.ttest_1samp(lost, 0.2, alternative="less").pvalue)
    assert (third.judge_wins, third.annotator_wins) == (1.0, 0.875)
    assert (result.omega, result.rho, result.passes, result.status) == (1.0, 1.0, True, "ok")


def test_alt_test_of_a_coin_does_not_pass() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 100)
    people = np.where(rng.random((100, 3)) < 0.95, truth[:, None], 1 - truth[:, None])
    result = alt_test(rng.integers(0, 2, 100), people)
    assert (result.omega, result.passes) == (0.0, False)


def test_alt_test_with_rmse_counts_near_misses() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(3, 1, 60)
    people = truth[:, None] + rng.normal(0, 0.5, (60, 4))
    near = alt_test(truth, people, scoring="rmse")
    far = alt_test(truth + 5, people, scoring="rmse")
    assert near.passes and not far.passes
    # Against three others the mean truth is closer than one noisy annotator most of the time.
    assert near.rho is not None and near.rho > 0.6 and far.rho == 0.0


def test_alt_test_takes_text_missing_cells_and_few_units() -> None:
    people: list[list[Any]] = [["met", "met", None], ["not", "not", "met"], ["met", None, None]] * 5
    result = alt_test(["met", "not", "met"] * 5, people)
    assert result.n_units == 10
    assert [t.n for t in result.annotators] == [10, 10, 5]
    # Below 30 units Wilcoxon's test would serve; here every unit is alike, so none is needed.
    assert {t.test for t in result.annotators} <= {"wilcoxon", "none"}
    assert result.status == "few_units"


def test_alt_test_uses_wilcoxon_below_30_units() -> None:
    rng = np.random.default_rng(5)
    people = rng.integers(0, 2, (20, 3))
    result = alt_test(rng.integers(0, 2, 20), people)
    assert {t.test for t in result.annotators} == {"wilcoxon"}


def test_alt_test_degenerate() -> None:
    assert alt_test([1, 0], [[1], [0]]).status == "undefined_no_pairs"
    assert alt_test([None, None], [[1, 1], [0, 1]]).status == "undefined_no_pairs"
    two = alt_test([1, 0] * 20, [[1, 1], [0, 0]] * 20)
    assert two.status == "few_annotators"
    for arguments, message in (
        (([1], [[1, 1], [0, 0]]), "one judge verdict"),
        (([1], [["a", "b"]], 0.2, "rmse"), "needs numbers"),
        (([1], [[1, 2]], 0.2, "cosine"), "Unknown scoring"),
    ):
        with pytest.raises(ValueError, match=message):
            alt_test(*arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 annotators but 1 names"):
        alt_test([1], [[1, 1]], annotators=["a"])
