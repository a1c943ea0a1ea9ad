"""Agreement of a session: numbers by hand, everything in its group, nothing before grading has ended."""

import json
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from annotations.models import GradingSession
from annotations.selectors.agreement import report_agreement
from annotations.services.sessions import end_grading
from annotations.services.verdicts import import_verdicts
from builder.common.errors import BadInput, NotReady
from builder.content import CaseContent, Criterion
from exports.models import Run
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import make_release
from tests.cast import Cast
from tests.factories import make_content

ROWS = {(0, 1): ["+o", "++", "+o"], (1, 1): ["o+", "o+", "oo"], (2, 1): ["+?", "+o", "o."]}


def make_session(cast: Cast, *, close: bool = True) -> GradingSession:
    """Three cases of two criteria, one run, three graders."""
    contents = [case(name, (2, "accuracy"), (-1, "completeness"), red=[1]) for name in "ABC"]
    release = make_release(cast, contents=contents)
    answered(release, "m1", {0: 1, 1: 1, 2: 1}, by=cast.lou)
    return graded(cast, release, {"m1": ROWS}, close=close)


def test_raw_agreement_is_the_mean_share_of_equal_pairs(cast: Cast) -> None:
    # Units: A 3/3, 1/3; B 3/3, 1/3; C 1/3, and its second has one verdict only. Mean of five: 3 / 5.
    report = report_agreement(make_session(cast))
    assert report.estimate("percent_agreement").value == pytest.approx(3 / 5)
    assert (report.n_cases, report.n_answers, report.n_units, report.n_judged_once) == (3, 3, 6, 1)
    assert (report.n_met, report.n_verdicts) == (8, 16)
    assert (report.abstentions.cannot_judge, report.abstentions.missing) == ([1, 0, 0], 1)


def test_every_pair_has_cohens_kappa_on_the_units_both_judged(cast: Cast) -> None:
    report = report_agreement(make_session(cast))
    # Gia + o o + +, Gus + + o + + (A1 A2 B1 B2 C1); Geo + o o o o.
    gia, gus, geo = [1, 0, 0, 1, 1], [1, 1, 0, 1, 1], [1, 0, 0, 0, 0]
    expected = {("grader-1", "grader-2"): (gia, gus), ("grader-1", "grader-3"): (gia, geo),
                ("grader-2", "grader-3"): (gus, geo)}  # fmt: skip
    assert {(pair.a, pair.b) for pair in report.pairs} == set(expected)
    for place, pair in enumerate(report.pairs):
        a, b = expected[pair.a, pair.b]
        assert pair.n_units == 5
        assert pair.kappa.name == "cohen_kappa"
        assert pair.kappa.value == pytest.approx(cohen_kappa_score(a, b))
        assert pair.percent.value == pytest.approx(sum(x == y for x, y in zip(a, b, strict=True)) / 5)
        row, column = [(0, 1), (0, 2), (1, 2)][place]
        assert report.pairwise.kappa[row, column] == pytest.approx(pair.kappa.value)
    assert report.pairwise.raters == ["grader-1", "grader-2", "grader-3"]


def test_each_rater_against_the_rest(cast: Cast) -> None:
    report = report_agreement(make_session(cast))
    gia, _gus, geo = report.by_rater
    # Gia with Gus 4 of 5, with Geo 3 of 5; Geo with Gus 2 of 5.
    assert (gia.n_pairs, gia.agreeing_pairs, gia.cannot_judge) == (10, 7, 1)
    assert (geo.n_pairs, geo.agreeing_pairs) == (10, 5)
    assert geo.estimate.value == geo.share == 0.5
    assert (gia.n_verdicts, gia.n_met) == (5, 3)


def test_criteria_come_with_the_least_agreement_first(cast: Cast) -> None:
    rows = report_agreement(make_session(cast)).by_criterion
    assert [(row.title, row.criterion_index, row.agreeing_pairs, row.n_pairs) for row in rows] == [
        ("A", 1, 1, 3), ("B", 1, 1, 3), ("C", 0, 1, 3), ("A", 0, 3, 3), ("B", 0, 3, 3), ("C", 1, 0, 0),
    ]  # fmt: skip
    assert rows[0].red_line and rows[-1].share is None


def test_axes_use_their_own_units(cast: Cast) -> None:
    by_axis = report_agreement(make_session(cast)).by_axis
    found = {axis: (estimates[0].value, estimates[0].n_units_pairable) for axis, estimates in by_axis.items()}
    # Accuracy: A 1, B 1, C 1/3. Completeness: A 1/3, B 1/3.
    assert found["accuracy"] == pytest.approx((7 / 9, 3))
    assert found["completeness"] == pytest.approx((1 / 3, 2))


def test_samples_and_runs_of_a_criterion_are_pooled(cast: Cast) -> None:
    release = make_release(cast, contents=[case("A", (1, "accuracy"))])
    answered(release, "m1", {0: 2}, by=cast.lou)
    answered(release, "m2", {0: 1}, by=cast.lou)
    grades = {"m1": {(0, 1): ["+", "+"], (0, 2): ["+", "o"]}, "m2": {(0, 1): ["o", "o"]}}
    [row] = report_agreement(graded(cast, release, grades, graders=[cast.gia, cast.gus])).by_criterion
    assert (row.agreeing_pairs, row.n_pairs) == (2, 3)


def test_shown_once_grading_has_ended(cast: Cast) -> None:
    session = make_session(cast, close=False)
    with pytest.raises(NotReady, match="grading has ended"):
        report_agreement(session)
    report = report_agreement(end_grading(session=session, by=cast.lou))
    assert report.estimate("percent_agreement").value == pytest.approx(3 / 5)


def test_json_has_no_nan_and_names_no_person_and_no_run(cast: Cast) -> None:
    report = report_agreement(make_session(cast))
    text = json.dumps(report.to_dict(), allow_nan=False)
    assert "m1" not in text and "@" not in text and "Gia" not in text
    found = json.loads(text)
    assert set(found) >= {
        "session",
        "release",
        "estimates",
        "pairwise",
        "by_axis",
        "by_criterion",
        "by_rater",
    }
    assert found["pairwise"]["raters"] == ["grader-1", "grader-2", "grader-3"]
    assert found["pairwise"]["kappa"][0][0] is None


def test_a_grader_without_a_verdict_keeps_a_place(cast: Cast) -> None:
    release = make_release(cast, contents=[case("A", (1, "accuracy"), (1, "accuracy"))])
    answered(release, "m1", {0: 1}, by=cast.lou)
    report = report_agreement(graded(cast, release, {"m1": {(0, 1): ["..", "+o", "+o"]}}))
    pairwise = report.to_dict()["pairwise"]
    assert pairwise["raters"] == ["grader-1", "grader-2", "grader-3"]
    assert pairwise["n"][1] == [0, 2, 2]
    assert pairwise["kappa"][0] == [None, None, None] and pairwise["kappa"][1][2] == 1.0
    assert report.by_rater[0].share is None and report.by_rater[0].share_met is None


def test_one_imported_rater_gives_no_number(cast: Cast, tmp_path: Path) -> None:
    session = _imported(cast, make_release(cast, contents=[case("A", (1, "accuracy"))]), "judge", tmp_path)
    report = report_agreement(session)
    assert report.raters == ["judge"] and report.pairs == []
    assert {estimate.status for estimate in report.estimates} == {"undefined_no_pairs"}
    assert all(estimate.value is None for estimate in report.estimates)
    json.dumps(report.to_dict(), allow_nan=False)


def test_sessions_of_one_release_are_pooled(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast, contents=[case("A", (1, "accuracy")), case("B", (1, "accuracy"))])
    first = _imported(cast, release, "judge", tmp_path)
    second = graded(cast, release, {"m1": {(0, 1): ["+"], (1, 1): ["o"]}}, graders=[cast.gia])
    report = report_agreement(first, second)
    assert report.raters == ["judge", "grader-2"]
    assert report.estimate("percent_agreement").value == 0.5  # the judge says met to both
    assert report.to_dict()["sessions"] == [first.pk, second.pk]


def test_sessions_that_cannot_be_pooled(cast: Cast) -> None:
    session = make_session(cast)
    again = graded(cast, session.release, {"m1": {(0, 1): ["+o"]}}, graders=[cast.gia])
    with pytest.raises(BadInput, match="grader-1 judged the same answer in two"):
        report_agreement(session, again)
    assert report_agreement(session, session).sessions == [session]
    other = make_release(cast, name="other", contents=[case("A", (1, "accuracy"))])
    answered(other, "m2", {0: 1}, by=cast.lou)
    elsewhere = graded(cast, other, {"m2": {(0, 1): ["+"]}}, graders=[cast.gia])
    with pytest.raises(BadInput, match="same release"):
        report_agreement(session, elsewhere)


def test_cost_does_not_grow_with_cases_or_graders(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    for size, graders in ((2, [cast.gia, cast.gus]), (8, [cast.gia, cast.gus, cast.geo])):
        contents = [case(f"Case {n}", (2, "accuracy"), (-1, "completeness")) for n in range(size)]
        release = make_release(cast, name=f"set{size}", contents=contents)
        answered(release, f"run{size}", dict.fromkeys(range(size), 1), by=cast.lou)
        rows = {(place, 1): ["+o", "oo", "++"] for place in range(size)}
        session = graded(cast, release, {f"run{size}": rows}, graders=graders)
        with django_assert_num_queries(16):
            report_agreement(session).to_dict()


def _imported(cast: Cast, release, rater: str, folder: Path) -> GradingSession:  # type: ignore[no-untyped-def]
    """Import one rater's verdicts of met on every case's only criterion."""
    items = list(release.items.order_by("position"))
    run = answered(release, "m1", {item.position: 1 for item in items}, by=cast.lou)
    rows = [
        {"prompt_id": item.prompt_id, "rubric_items": [
            {"criterion": item.content.rubrics[0].criterion, "criteria_met": True}]}
        for item in items
    ]  # fmt: skip
    path = folder / "verdicts.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert Run.objects.get(name="m1") == run
    return import_verdicts(path=path, run=run, rater_name=rater, by=cast.lou).session


def shared_case(title: str, *criteria: Criterion) -> CaseContent:
    """Return a case with these criteria."""
    return make_content(title, rubrics=list(criteria))


def make_shared(cast: Cast) -> GradingSession:
    """Three cases. Two criteria share a tag in two wordings, three share their words, one stands alone."""
    tag = ["axis:accuracy", "cluster:red_flags"]
    contents = [
        shared_case(
            "A", Criterion("Asks about red flags.", 2, tag), Criterion("Is polite.", 1, ["axis:accuracy"])
        ),
        shared_case(
            "B", Criterion("Names the red flags.", 3, tag), Criterion("Is  polite.", 1, ["axis:accuracy"])
        ),
        shared_case("C", Criterion("Names the dose.", 3, ["cluster:dose"]), Criterion("Is polite.", 1)),
    ]
    release = make_release(cast, contents=contents)
    answered(release, "m1", {0: 1, 1: 1, 2: 1}, by=cast.lou)
    grades = {(0, 1): ["++", "++"], (1, 1): ["oo", "+o"], (2, 1): ["+o", "++"]}
    return graded(cast, release, {"m1": grades}, graders=[cast.gia, cast.gus])


def test_a_criterion_of_several_cases_has_coefficients(cast: Cast) -> None:
    report = report_agreement(make_shared(cast))
    flags, polite = report.shared_criteria
    # Red flags: A + +, B o +. Politeness: A + +, B o o, C o +.
    assert (flags.cluster, flags.n_wordings, flags.n_cases) == ("cluster:red_flags", 2, 2)
    assert (polite.cluster, polite.criterion, polite.n_wordings, polite.n_cases) == ("", "Is polite.", 1, 3)
    assert flags.estimate("percent_agreement").value == pytest.approx(1 / 2)
    # Values + + o + : D_o = 2 / 4, D_e = 2 * 3 * 1 / (4 * 3) = 1 / 2, so alpha is 0.
    assert flags.estimate("krippendorff_alpha").value == pytest.approx(0)
    assert polite.estimate("percent_agreement").value == pytest.approx(2 / 3)
    # Values + + o o o +: D_o = 2 / 6, D_e = 2 * 3 * 3 / (6 * 5) = 3 / 5, so alpha is 1 - 5 / 9.
    assert polite.estimate("krippendorff_alpha").value == pytest.approx(4 / 9)
    assert polite.members == [("chest-pain-0", 1), ("chest-pain-1", 1), ("chest-pain-2", 1)]


def test_the_json_has_a_coefficient_where_a_criterion_spans_cases_and_raw_agreement_elsewhere(
    cast: Cast,
) -> None:
    rows = {row["criterion"]: row for row in report_agreement(make_shared(cast)).to_dict()["by_criterion"]}
    assert set(rows) == {"Asks about red flags.", "Is polite.", "Names the dose."}
    assert [e["name"] for e in rows["Is polite."]["estimates"]] == [
        "percent_agreement", "krippendorff_alpha", "gwet_ac1",
    ]  # fmt: skip
    assert rows["Is polite."]["n_pairs"] == 3 and rows["Is polite."]["percent_agreement"] == pytest.approx(
        2 / 3
    )
    assert rows["Asks about red flags."]["prompt_ids"] == ["chest-pain-0", "chest-pain-1"]
    alone = rows["Names the dose."]
    assert (alone["estimates"], alone["cluster"], alone["percent_agreement"]) == ([], None, 1.0)


def test_words_repeated_within_one_case_are_not_shared(cast: Cast) -> None:
    twice = shared_case("A", Criterion("Is polite.", 2), Criterion("Is polite.", 1))
    release = make_release(cast, contents=[twice, case("B", (1, "accuracy"))])
    answered(release, "m1", {0: 1, 1: 1}, by=cast.lou)
    session = graded(cast, release, {"m1": {(0, 1): ["++", "++"]}}, graders=[cast.gia, cast.gus])
    assert report_agreement(session).shared_criteria == []
