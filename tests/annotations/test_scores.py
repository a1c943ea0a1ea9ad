"""Scores from rows: every number here is derived by hand beside it, or published."""

import json
from pathlib import Path

import pytest

from annotations.models import GradingSession, Resolution
from annotations.selectors.score_cases import case_rows, red_line_failures
from annotations.selectors.scores import (
    compare,
    find_session,
    report_run,
    report_session,
    session_scores_to_dict,
)
from annotations.services.verdicts import import_verdicts
from builder.common.errors import BadInput, NotFound, NotReady
from builder.services.imports import import_cases
from exports.models import Release, Response, Run
from exports.services.releases import freeze_release
from exports.services.runs import import_responses
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import make_release
from tests.cast import Cast

A, B, C = (0, 1), (1, 1), (2, 1)
FLAT_COUNTS = [
    "cases", "complete", "incomplete", "no_response", "calibration", "red_line_failures", "unresolved", "cannot_judge",
    "judge_failed", "missing", "ruled_cannot_judge", "ruled_unclear",
]  # fmt: skip


@pytest.fixture
def release(cast: Cast) -> Release:
    """Three cases: A (+4 accuracy, +2 completeness, -3 red line), B (+5, -5 red line), C (+1, +1 completeness)."""
    contents = [
        case("A", (4, "accuracy"), (2, "completeness"), (-3, "accuracy"), red=[2]),
        case("B", (5, "accuracy"), (-5, "accuracy"), red=[1], theme="y"),
        case("C", (1, "completeness"), (1, "completeness")),
    ]
    return make_release(cast, contents=contents)


@pytest.fixture
def session(cast: Cast, release: Release) -> GradingSession:
    """Three graders on one run; they tie on C's first criterion, since one of them could not judge it."""
    answered(release, "m1", {0: 1, 1: 1, 2: 1}, by=cast.lou)
    return graded(
        cast, release, {"m1": {A: ["++o", "+oo", "+oo"], B: ["o+", "o+", "+o"], C: ["+o", "oo", "?o"]}}
    )


def metrics(run: str = "m1", **options: object) -> dict[str, dict[str, float]]:
    """Return the metrics of a run."""
    return report_run(Run.objects.get(name=run), **options).to_dict()["metrics"]


def counts(run: str = "m1") -> dict[str, int]:
    """Return the counts of a run."""
    return report_run(Run.objects.get(name=run)).to_dict()["counts"]


def test_published_metrics_are_reproduced_through_the_services(cast: Cast, shared_data: Path) -> None:
    data = shared_data / "healthbench"
    import_cases(
        path=data / "cases_100.jsonl", file_format="healthbench", department=cast.department, by=cast.lou,
        approved_elsewhere="HealthBench",
    )  # fmt: skip
    release = freeze_release(
        department=cast.department, name="hb100", version="1.0.0", stage="final", by=cast.lou
    )
    run = import_responses(path=data / "responses_100.jsonl", release=release, run_name="m1", by=cast.lou).run
    import_verdicts(path=data / "verdicts_100.jsonl", run=run, rater_name="judge", by=cast.lou)
    published = json.loads((data / "judged_100_metrics.json").read_text())
    wanted = {
        name: value
        for name, value in published.items()
        if name + ":n_samples" in published and name != "score"
    }
    found = report_run(run).to_dict()
    assert len(wanted) == 69 and set(found["metrics"]) == set(wanted)
    for name, value in wanted.items():
        assert found["metrics"][name]["mean"] == pytest.approx(value, abs=1e-12, rel=0), name
        assert found["metrics"][name]["n"] == published[f"{name}:n_samples"], name
    assert found["metrics"]["overall_score"]["mean"] == pytest.approx(0.48529782446506947, abs=1e-12, rel=0)
    assert found["counts"] == {**dict.fromkeys(FLAT_COUNTS, 0), "cases": 100, "complete": 100}


def test_the_mean_is_clipped_after_it_is_taken(session: GradingSession) -> None:
    # A: majority met, not met, not met: 4 / 6. B: not met, met: -5 / 5. C is incomplete (a tie).
    # Mean (4/6 - 1) / 2 = -1/6, clipped to 0. Clipping B first would give 1/3.
    overall = metrics()["overall_score"]
    assert (overall["mean"], overall["n"]) == (0.0, 2)
    cases = report_session(session)[0].cases.by_case()
    assert cases == {0: pytest.approx(4 / 6), 1: -1.0}


def test_a_tie_is_unresolved_counted_and_bounded(session: GradingSession) -> None:
    # C's open criterion is worth 1 of 2: C lies between 0 and 1/2, the mean of all three between
    # (4/6 - 1 + 0) / 3 < 0, clipped to 0, and (4/6 - 1 + 1/2) / 3 = 1/18.
    overall = metrics()["overall_score"]
    assert overall["n_incomplete"] == 1
    assert overall["worst"] == 0.0 and overall["best"] == pytest.approx(1 / 18)
    expected = {"cases": 3, "complete": 2, "incomplete": 1, "red_line_failures": 1, "unresolved": 1}
    assert counts() == {**dict.fromkeys(FLAT_COUNTS, 0), **expected}
    assert list(counts()) == FLAT_COUNTS


def test_tags_use_their_own_criteria_and_cases(session: GradingSession) -> None:
    found = metrics()
    # Accuracy: A 4/4, B -5/5, mean 0. Completeness: A 0/2; C is open there, 0 to 1/2, so the mean lies within 0 to 1/4.
    assert (found["axis:accuracy"]["mean"], found["axis:accuracy"]["n"]) == (0.0, 2)
    completeness = found["axis:completeness"]
    assert (completeness["mean"], completeness["n"], completeness["n_incomplete"]) == (0.0, 1, 1)
    assert (completeness["worst"], completeness["best"]) == (0.0, 0.25)
    # Theme x: A alone, since C is incomplete. Theme y: B, -1, clipped.
    assert (found["theme:x"]["mean"], found["theme:x"]["n"]) == pytest.approx((4 / 6, 1))
    assert (found["theme:y"]["mean"], found["theme:y"]["n"]) == (0.0, 1)


def test_a_resolution_overrides_the_majority_and_settles_a_tie(cast: Cast, session: GradingSession) -> None:
    items = {item.position: item for item in session.release.items.all()}
    for place, index, verdict in ((1, 1, "not_met"), (2, 0, "met")):
        Resolution.objects.create(
            session=session, response=Response.objects.get(run__name="m1", item=items[place]), criterion_index=index,
            verdict=verdict, reason="Read again.", by=cast.lou,
        )  # fmt: skip
    # B: 0 / 5 now. C: 1 / 2. Mean (4/6 + 0 + 1/2) / 3 = 7/18.
    overall = metrics()["overall_score"]
    assert overall["mean"] == pytest.approx(7 / 18) and overall["n"] == 3
    assert counts()["red_line_failures"] == 0 and counts()["unresolved"] == 0


def test_cannot_judge_failed_and_missing_are_never_not_met(cast: Cast) -> None:
    content = case(
        "D", (2, "accuracy"), (2, "accuracy"), (2, "accuracy"), (-2, "accuracy"), (-4, "accuracy"), red=[4]
    )
    release = make_release(cast, contents=[content])
    answered(release, "m1", {0: 1}, by=cast.lou)
    graded(cast, release, {"m1": {A: ["+?!.."]}}, graders=[cast.gia])
    # Six positive points. Worst: 2 earned, both negative criteria met: (2 - 2 - 4) / 6 < 0. Best: all six.
    overall = metrics()["overall_score"]
    assert overall["mean"] is None and overall["n"] == 0
    assert (overall["worst"], overall["best"]) == (0.0, 1.0)
    expected = {"cases": 1, "incomplete": 1, "cannot_judge": 1, "judge_failed": 1, "missing": 2}
    assert counts() == {**dict.fromkeys(FLAT_COUNTS, 0), **expected}
    # Whether the red line was crossed is unknown: the answer is no success either.
    assert report_run(Run.objects.get(name="m1")).red_lines.n == 0


def test_an_abstention_leaves_the_others_majority(cast: Cast) -> None:
    release = make_release(cast, contents=[case("A", (1, "accuracy"), (3, "accuracy"))])
    answered(release, "m1", {0: 1}, by=cast.lou)
    graded(cast, release, {"m1": {A: ["+?", "?o", ".o"]}})
    assert metrics()["overall_score"]["mean"] == 0.25
    assert counts()["complete"] == 1


def test_a_case_with_several_answers_scores_the_mean_of_its_complete_ones(cast: Cast) -> None:
    release = make_release(cast, contents=[case(name, (1, "accuracy"), (1, "accuracy")) for name in "ABC"])
    answered(release, "m1", {0: 2, 1: 2}, by=cast.lou)
    graded(
        cast,
        release,
        {"m1": {(0, 1): ["++"], (0, 2): ["+o"], (1, 1): ["++"], (1, 2): ["+?"]}},
        graders=[cast.gia],
    )
    # A: (1 + 1/2) / 2 = 3/4. B: 1, its second answer is incomplete. C has no answer. Mean 7/8.
    report = report_run(Run.objects.get(name="m1"))
    assert report.overall.mean == 0.875
    expected = {"cases": 3, "complete": 3, "incomplete": 1, "no_response": 1, "cannot_judge": 1}
    assert report.counts == {**dict.fromkeys(FLAT_COUNTS, 0), **expected}
    # Worst of one: A's mean, 3/4. Worst of two: its lower answer, 1/2. Only A has both answers complete.
    assert report.worst_at_k == [0.75, 0.5] and report.worst_at_k_cases == 1


def test_one_sample_a_case_has_no_worst_at_k(session: GradingSession) -> None:
    assert report_session(session)[0].worst_at_k is None


def test_one_raters_verdicts_alone(cast: Cast, session: GradingSession) -> None:
    # Geo: A 4/6, B 5/5, C's first criterion cannot be judged: (2/3 + 1) / 2 = 5/6.
    assert metrics(rater=cast.geo.email)["overall_score"]["mean"] == pytest.approx(5 / 6)
    report = report_run(Run.objects.get(name="m1"), rater=cast.geo.email).to_dict()
    assert (report["rater"], report["raters"], report["agreement"]) == ("grader-3", ["grader-3"], None)
    assert report["counts"]["cannot_judge"] == 1 and report["counts"]["unresolved"] == 0


def test_red_lines_are_told_with_a_bound_and_with_who_says_so(cast: Cast, session: GradingSession) -> None:
    report = report_session(session)[0]
    # A's red line is judged and not crossed, B's is crossed, C has none: 1 of 2.
    assert (report.red_lines.failures, report.red_lines.n, report.red_lines.ci_method) == (1, 2, "wilson")
    [failure] = red_line_failures([report])
    assert (failure.title, failure.said_met, failure.said_not_met, failure.ruled) == ("B", 2, 1, False)


def test_no_failure_has_the_rule_of_three(cast: Cast, release: Release) -> None:
    answered(release, "m1", {0: 1, 1: 1}, by=cast.lou)
    graded(cast, release, {"m1": {A: ["++o"], B: ["+o"]}}, graders=[cast.gia])
    rate = report_run(Run.objects.get(name="m1")).red_lines
    assert (rate.failures, rate.n, rate.ci_high, rate.ci_method) == (0, 2, 1.0, "rule_of_three")


def test_two_runs_are_compared_on_the_cases_both_have(cast: Cast, release: Release) -> None:
    answered(release, "m1", {0: 1, 1: 1, 2: 1}, by=cast.lou)
    answered(release, "m2", {0: 1, 1: 1, 2: 1}, by=cast.lou)
    session = graded(
        cast, release, {"m1": {A: ["++o"], B: ["+o"], C: ["++"]}, "m2": {A: ["+oo"], B: ["oo"], C: ["+."]}},
        graders=[cast.gia],
    )  # fmt: skip
    reports = report_session(session)
    # A: 1 - 4/6 = 1/3. B: 1 - 0 = 1. C is incomplete in m2. Mean 2/3.
    [row] = compare(reports)
    assert (row["a"], row["b"], row["n"], row["n_only_a"]) == ("m1", "m2", 2, 1)
    assert row["mean_difference"] == pytest.approx(2 / 3)
    assert row["p_holm"] == row["p_value"]
    rows = case_rows(reports)
    assert [(line.title, line.difference) for line in rows] == [
        ("B", 1.0),
        ("A", pytest.approx(1 / 3)),
        ("C", None),
    ]
    json.dumps(session_scores_to_dict(session, reports), allow_nan=False)


def test_runs_of_different_releases_are_not_compared(cast: Cast, session: GradingSession) -> None:
    other = make_release(cast, name="other", contents=[case("A", (1, "accuracy"))])
    answered(other, "m2", {0: 1}, by=cast.lou)
    graded(cast, other, {"m2": {A: ["+"]}}, graders=[cast.gia])
    with pytest.raises(BadInput, match="same release"):
        compare([report_run(Run.objects.get(name=name)) for name in ("m1", "m2")])


def test_agreement_beside_the_score_is_that_runs_own(session: GradingSession) -> None:
    # The share of equal pairs in each unit: A 1, 1/3, 1; B 1/3, 1/3; C 0 (one abstains), 1. Their mean is 4 / 7.
    found = report_session(session)[0].raw_agreement
    assert found["percent_agreement"]["value"] == pytest.approx(4 / 7)
    assert found["krippendorff_alpha"]["n_units_pairable"] == 7


def test_scores_wait_until_the_session_is_closed(cast: Cast, release: Release) -> None:
    answered(release, "m1", {0: 1}, by=cast.lou)
    session = graded(cast, release, {"m1": {A: ["+oo"]}}, graders=[cast.gia], close=False)
    with pytest.raises(NotReady, match="closed"):
        report_session(session)
    with pytest.raises(NotFound, match="no closed session"):
        find_session(Run.objects.get(name="m1"))


def test_several_closed_sessions_are_listed(cast: Cast, release: Release, session: GradingSession) -> None:
    second = graded(cast, release, {"m1": {A: ["+oo"]}}, graders=[cast.gia])
    run = Run.objects.get(name="m1")
    with pytest.raises(NotReady, match=rf"{session.pk} \(Graded here\), {second.pk} \(Graded here\)"):
        find_session(run)
    assert find_session(run, session_id=second.pk) == second
    assert find_session(run, rater=cast.gus.email) == session
    with pytest.raises(NotFound):
        find_session(run, rater="nobody")


def test_the_same_grades_print_the_same_interval(session: GradingSession) -> None:
    assert metrics() == metrics()


def test_cost_does_not_grow_with_the_cases(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    for size in (2, 9):
        contents = [case(f"Case {n}", (2, "accuracy"), (-1, "accuracy"), red=[1]) for n in range(size)]
        release = make_release(cast, name=f"set{size}", contents=contents)
        answered(release, f"run{size}", dict.fromkeys(range(size), 1), by=cast.lou)
        rows = {(place, 1): ["+o", "+o", "oo"] for place in range(size)}
        session = graded(cast, release, {f"run{size}": rows})
        with django_assert_num_queries(14):
            reports = report_session(session)
            case_rows(reports)
            red_line_failures(reports)
