"""The care of graders by hand, and made-up graders: the careless are found, the careful nearly never suspected."""

from collections import Counter

import numpy as np
import pytest

from annotations.stats.cluster_shares import ClusterResamples, cluster_differences, cluster_shares
from annotations.stats.grader_counts import GraderCounts, VerdictTable
from annotations.stats.quality import GoldShare, GraderQuality, Speed, reading_seconds, review_graders
from annotations.stats.rates import wilson_interval
from annotations.stats.verdict_runs import longest_run, run_lengths
from tests.annotations.stats.simulated_graders import Study, draw_a_line, drift, simulate, tire


def table(*rows: tuple[int, int, int, int, int]) -> VerdictTable:
    """Return verdicts given as grader, answer, criterion, position, met; each answer is a case, units are in tens."""
    grader, answer, criterion, position, met = np.array(rows).T
    return VerdictTable(grader, answer * 10 + criterion, answer, answer, criterion, position, met)


def of(study: Study) -> list[GraderQuality]:
    """Review a study's graders."""
    return review_graders(study.table(), int(study.grader.max()) + 1)


class TestByHand:
    """Three graders on two answers of two criteria.

    answer 0: a + +   b + o   c + o        answer 1: a o o   b o +   c (none)
    """

    @pytest.fixture
    def found(self) -> list[GraderQuality]:
        """Return the review of the three."""
        return review_graders(
            table(
                (0, 0, 0, 1, 1), (0, 0, 1, 1, 1), (0, 1, 0, 2, 0), (0, 1, 1, 2, 0),
                (1, 0, 0, 2, 1), (1, 0, 1, 2, 0), (1, 1, 0, 1, 0), (1, 1, 1, 1, 1),
                (2, 0, 0, 1, 1), (2, 0, 1, 1, 0),
            ),
            3,
        )  # fmt: skip

    def test_pairs(self, found: list[GraderQuality]) -> None:
        """a with b and c: + yes yes, + no no, o yes, o no: 3 of 6. b: yes yes, no yes, yes, no: 4 of 6. c: 3 of 4."""
        assert [quality.pairwise.value for quality in found] == [3 / 6, 4 / 6, 3 / 4]
        assert [quality.pairwise.n for quality in found] == [6, 6, 4]

    def test_majority_of_the_others(self, found: list[GraderQuality]) -> None:
        """a: others ++ yes, oo no, o yes, + no. b: ++ yes, (+o) tie, o yes, o no. c: ++ yes, (+o) tie."""
        assert [quality.majority.value for quality in found] == [2 / 4, 2 / 3, 1.0]
        assert [quality.n_ties for quality in found] == [0, 1, 1]

    def test_beside_the_others_on_units_with_three(self, found: list[GraderQuality]) -> None:
        """a: own 2 of 4, b and c among themselves 2 of 2. b and c: own 3 of 4, the other two 1 of 2."""
        assert [quality.beside.value for quality in found] == [-0.5, 0.25, 0.25]

    def test_shares_of_met(self, found: list[GraderQuality]) -> None:
        assert [quality.share_met for quality in found] == [0.5, 0.5, 0.5]

    def test_nothing_is_told_of_others_when_it_must_not_be(self, found: list[GraderQuality]) -> None:
        told = str(found[0].before_the_end().to_dict())
        assert found[0].before_the_end().pairwise.value is None and "0.25" not in told and "-0.5" not in told
        assert found[0].before_the_end().met_drift.change.value is None


def test_thirds_go_by_the_graders_own_order() -> None:
    """Nine answers with one verdict each, given in the order 9, 8, … 1: the first third are answers 9, 8, 7."""
    rows = [(0, answer, 0, 10 - answer, int(answer >= 7)) for answer in range(1, 10)]
    rows += [(1, answer, 0, answer, 1) for answer in range(1, 10)]
    first, second = review_graders(table(*rows), 2)
    assert first.met_drift.thirds == (1.0, 0.0, 0.0) and first.met_drift.change.value == -1.0
    assert first.agreement_drift.thirds == (1.0, 0.0, 0.0)
    assert second.agreement_drift.thirds == (0.0, 0.0, 1.0) and second.agreement_drift.change.value == 1.0
    assert not first.flags  # three verdicts a third say nothing for sure


def test_pairwise_agreement_is_that_of_all_pairs() -> None:
    """Against a plain count over a random study with holes."""
    study = simulate(11, graders=5, cases=20)
    rows = study.table()
    said = {(g, u): m for g, u, m in zip(rows.grader, rows.unit, rows.met, strict=True)}
    for grader, quality in enumerate(of(study)):
        pairs = [said[g, u] == m for (g, u), m in said.items() if g != grader]
        own = [(said[grader, u] == m) for (g, u), m in said.items() if g != grader and (grader, u) in said]
        assert len(pairs) > len(own) == quality.pairwise.n
        assert quality.pairwise.value == pytest.approx(np.mean(own), abs=1e-12)


class TestRuns:
    """Runs of one verdict in the grader's own order, beside the same answers in another."""

    def test_other_orders_are_counted_right(self) -> None:
        """The quick way through blocks of answers gives what laying the answers out gives."""
        from annotations.stats.verdict_runs import _Blocks

        rng = np.random.default_rng(4)
        for _ in range(200):
            sizes = rng.integers(1, 5, rng.integers(2, 9))
            verdicts = (rng.random(sizes.sum()) < rng.uniform(0.3, 0.95)).astype(np.int64)
            starts = np.cumsum(sizes) - sizes
            parts = np.split(verdicts, starts[1:])
            order = np.array([rng.permutation(len(sizes)) for _ in range(5)])
            laid_out = [run_lengths(np.concatenate([parts[i] for i in each])).max() for each in order]
            assert _Blocks.of(verdicts, starts).longest(order).tolist() == laid_out

    def test_all_alike_is_no_surprise_in_any_order(self) -> None:
        run = longest_run(np.ones(80, dtype=np.int64), np.repeat(np.arange(10), 8))
        assert (run.length, run.expected, run.p_value, run.is_remarkable) == (80, 80, 1.0, False)

    def test_nothing_has_no_run(self) -> None:
        empty = np.zeros(0, dtype=np.int64)
        assert longest_run(empty, empty).length == 0


class TestUniformAnswers:
    """Answers with one verdict throughout, beside the colleagues'."""

    def test_on_the_same_answers(self) -> None:
        """Twelve answers of four: a says met to all, b to every third, c to every second; the others' mean is 5/12."""
        rows = []
        for answer in range(12):
            for grader, uniform in ((0, True), (1, answer % 3 == 0), (2, answer % 2 == 0)):
                rows += [(grader, answer, n, answer, 1 if uniform else n % 2) for n in range(4)]
        found = review_graders(table(*rows), 3)
        first = found[0].uniform
        assert (first.n_uniform, first.n_answers, first.paired) == (12, 12, True)
        assert first.others == pytest.approx(5 / 12) and first.more is not None
        assert first.more.value == pytest.approx(7 / 12) and found[0].flags == ("uniform",)
        assert not found[1].flags

    def test_with_nothing_in_common_on_all_answers(self) -> None:
        """Each answer has one grader: a's are all alike, none of b's is."""
        rows = [
            (answer % 2, answer, n, answer, n % 2 if answer % 2 else 1)
            for answer in range(60)
            for n in range(4)
        ]
        first = review_graders(table(*rows), 2)[0]
        assert not first.uniform.paired and first.uniform.others == 0.0 and first.pairwise.value is None

    def test_three_verdicts_are_too_few(self) -> None:
        rows = [(grader, answer, n, answer, 1) for grader in (0, 1) for answer in range(12) for n in range(3)]
        assert review_graders(table(*rows), 2)[0].uniform.n_answers == 0


class TestSpeed:
    """Working time beside the time that reading takes."""

    def test_reading_time(self) -> None:
        """600 words at 600 a minute and eight criteria at a second: 68 s."""
        assert reading_seconds(np.array([600.0]), np.array([8.0])).tolist() == [68.0]

    def test_three_of_ten_are_surely_more_than_one_in_twenty(self) -> None:
        """Wilson's lower bound of 3 in 10 is 0.108, of 1 in 10 it is 0.018."""
        words, criteria = np.full(10, 100.0), np.full(10, 5.0)  # 15 s
        for fast, flagged in ((3, True), (1, False)):
            seconds = np.array([14.0] * fast + [15.0] * (10 - fast))
            speed = Speed.of(seconds, words, criteria)
            assert (speed.n_fast, speed.is_remarkable) == (fast, flagged)
        assert wilson_interval(3, 10)[0] == pytest.approx(0.1078, abs=1e-4)

    def test_nine_answers_are_too_few(self) -> None:
        assert not Speed.of(np.ones(9), np.full(9, 100.0), np.full(9, 5.0)).is_remarkable

    def test_medians(self) -> None:
        speed = Speed.of(np.array([10.0, 40.0, 90.0]), np.zeros(3), np.array([5.0, 4.0, 3.0]))
        assert (speed.per_answer, speed.per_criterion) == (40.0, 10.0)


class TestCalibration:
    """The share of right verdicts, with Wilson's interval."""

    def test_published_interval(self) -> None:
        """Newcombe (1998), table I: 81 of 263 has 0.2553 to 0.3662, 15 of 148 has 0.0624 to 0.1605."""
        for hits, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)):
            share = GoldShare.of(hits, n)
            assert share.ci_low == pytest.approx(low, abs=5e-5)
            assert share.ci_high == pytest.approx(high, abs=5e-5)

    def test_low_only_when_sure(self) -> None:
        """Wilson's upper bound of 5 of 10 is 0.763, of 6 of 10 it is 0.832."""
        assert GoldShare.of(5, 10).is_low and not GoldShare.of(6, 10).is_low


class TestIntervals:
    """Shares of whole clusters."""

    def test_it_covers(self) -> None:
        """95 % intervals of a share over 60 clusters of five, 400 times: 91 to 98 in 100 hold the truth."""
        rng, covered = np.random.default_rng(8), 0
        for seed in range(400):
            level = rng.beta(4, 2, 60)
            hits = rng.binomial(5, level).astype(float)[:, None]
            [share] = cluster_shares(hits, np.full((60, 1), 5.0), ClusterResamples(60, 400, seed))
            covered += bool((share.ci_low or 0.0) <= 4 / 6 <= (share.ci_high or 1.0))
        assert 0.91 <= covered / 400 <= 0.98

    def test_a_cluster_that_moves_both_shares_cancels(self) -> None:
        """Clusters between 0 and 1, the second share always one in ten below: no width at all is left to chance."""
        n = np.full((30, 1), 10.0)
        first = np.linspace(1, 10, 30).round()[:, None]
        [found] = cluster_differences((first, n), (first - 1, n), ClusterResamples(30, 500, seed=0))
        assert found.value == pytest.approx(-0.1) and found.status == "no_variation"

    def test_full_agreement_gets_a_bound(self) -> None:
        """No miss in 20 clusters: at most 1 - 0.05^(1/20) = 13.9 % of them disagree."""
        full = np.full((20, 1), 3.0)
        [share] = cluster_shares(full, full, ClusterResamples(20, 500, seed=0))
        assert (share.status, share.ci_high) == ("boundary", 1.0)
        assert share.ci_low == pytest.approx(0.05 ** (1 / 20))

    def test_one_cluster_has_no_interval(self) -> None:
        [share] = cluster_shares(np.ones((1, 1)), np.full((1, 1), 2.0), ClusterResamples(1, 500, seed=0))
        assert (share.value, share.ci_low, share.status) == (0.5, None, "single_unit")

    def test_nothing_at_all(self) -> None:
        counts = GraderCounts(VerdictTable(*(np.zeros(0, dtype=np.int64) for _ in range(7))), 2)
        assert counts.n_cases == 0
        assert [quality.pairwise.status for quality in review_graders(counts.table, 2)] == [
            "undefined_no_pairs"
        ] * 2


class TestMadeUpGraders:
    """Known habits in studies of twenty graders, 60 answers each."""

    def test_a_straight_liner_is_found(self) -> None:
        study = simulate(5)
        draw_a_line(study, 0)
        tire(study, 1, answers=10)
        flags = [quality.flags for quality in of(study)]
        assert "uniform" in flags[0] and "run" in flags[1]

    def test_a_drifter_is_found(self) -> None:
        study = simulate(5)
        drift(study, 2)
        assert "agreement_drift" in of(study)[2].flags

    def test_a_guesser_is_found(self) -> None:
        study = simulate(5)
        study.said[study.own(3)] = np.random.default_rng(6).integers(0, 2, study.said[study.own(3)].shape)
        assert "agreement" in of(study)[3].flags

    def test_the_careful_are_nearly_never_suspected(self) -> None:
        """Measured: 11 of 600 graders of 30 studies (1.8 %); here ten studies, at most 1 in 20."""
        found: Counter[str] = Counter()
        suspected = 0
        for seed in range(10):
            for quality in of(simulate(seed)):
                found.update(quality.flags)
                suspected += bool(quality.flags)
        assert suspected <= 10, found

    def test_the_same_verdicts_give_the_same_numbers(self) -> None:
        study = simulate(3, graders=4, cases=20)
        assert [quality.to_dict() for quality in of(study)] == [quality.to_dict() for quality in of(study)]
