"""`score`, as a newcomer meets it."""

import json

import pytest
from django.core.management import CommandError, call_command

from exports.models import Release
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import make_release
from tests.cast import Cast

FIRST, SECOND = (0, 1), (1, 1)


@pytest.fixture
def release(cast: Cast) -> Release:
    """Two cases and two runs, the second of which is graded by nobody yet."""
    contents = [
        case("A", (4, "accuracy"), (-2, "accuracy"), red=[1]),
        case("B", (1, "accuracy"), (1, "completeness")),
    ]
    release = make_release(cast, name="set", contents=contents)
    for name in ("m1", "m2", "m3"):
        answered(release, name, {0: 1, 1: 1}, by=cast.lou)
    return release


def output(capsys, *args: object) -> str:  # type: ignore[no-untyped-def]
    """Run the command and return what it prints."""
    call_command("score", *map(str, args))
    return str(capsys.readouterr().out)


def test_one_run_prints_an_object(cast: Cast, release: Release, capsys) -> None:  # type: ignore[no-untyped-def]
    session = graded(cast, release, {"m1": {FIRST: ["+o"], SECOND: ["+o"]}}, graders=[cast.gia])
    found = json.loads(output(capsys, "m1", "--json"))
    assert (found["run"], found["release"], found["session"]) == ("m1", "set==1.0.0", session.pk)
    overall = found["metrics"]["overall_score"]
    assert set(overall) >= {"mean", "n", "std_error", "ci_low", "ci_high"}
    assert (overall["mean"], overall["n"]) == (0.75, 2)
    assert set(found["counts"]) == {
        "cases", "complete", "incomplete", "no_response", "calibration", "red_line_failures", "unresolved",
        "cannot_judge", "judge_failed", "missing", "ruled_cannot_judge", "ruled_unclear",
    }  # fmt: skip


def test_several_runs_print_runs_and_comparisons(cast: Cast, release: Release, capsys) -> None:  # type: ignore[no-untyped-def]
    runs = {
        name: {FIRST: [sign + "o"], SECOND: ["+o"]} for name, sign in (("m1", "+"), ("m2", "o"), ("m3", "+"))
    }
    graded(cast, release, runs, graders=[cast.gia])
    found = json.loads(output(capsys, "m1", "m2", "m3", "--json"))
    assert set(found) == {"runs", "comparisons"}
    assert [run["run"] for run in found["runs"]] == ["m1", "m2", "m3"]
    pairs = {(row["a"], row["b"]): row["mean_difference"] for row in found["comparisons"]}
    assert pairs == {("m1", "m2"): 0.5, ("m1", "m3"): 0.0, ("m2", "m3"): -0.5}
    assert {row["status"] for row in found["comparisons"]} == {"few_units", "no_difference"}
    text = output(capsys, "m1", "m2")
    assert "m1 minus m2: 0.5000" in text and "2 cases in common" in text


def test_json_has_no_nan_where_nothing_is_complete(cast: Cast, release: Release, capsys) -> None:  # type: ignore[no-untyped-def]
    graded(cast, release, {"m1": {FIRST: ["?o"]}, "m2": {}}, graders=[cast.gia])
    text = output(capsys, "m1", "m2", "--json")
    assert "NaN" not in text and "Infinity" not in text
    found = json.loads(text)
    assert found["runs"][0]["metrics"]["overall_score"]["mean"] is None
    assert found["comparisons"][0]["mean_difference"] is None


def test_text_says_what_stands_beside_the_mean(cast: Cast, release: Release, capsys) -> None:  # type: ignore[no-untyped-def]
    graded(cast, release, {"m1": {FIRST: ["++", "+o"], SECOND: ["+?", "+o"]}}, graders=[cast.gia, cast.gus])
    text = output(capsys, "m1")
    assert "m1 on set==1.0.0" in text and "judged by grader-1, grader-2" in text
    assert "answers: 1 complete, 1 incomplete; 0 of 2 cases without an answer" in text
    assert "verdicts that decide nothing: 1 unresolved, 0 cannot judge, 0 judge failed, 0 missing" in text
    # Case A's tie: 2/4 or 4/4; case B has 1/2. Bounds (1/2 + 1/2) / 2 and (1 + 1/2) / 2.
    assert "the score lies between 0.5000 and 0.7500" in text
    assert "red lines: no judged answer has one" in text


def test_zero_red_lines_come_with_their_bound(cast: Cast, release: Release, capsys) -> None:  # type: ignore[no-untyped-def]
    graded(cast, release, {"m1": {FIRST: ["+o"], SECOND: ["+o"]}}, graders=[cast.gia])
    assert "crossed in 0 of 1 answers that could (true rate 0.000 to 1.000)" in output(capsys, "m1")


def test_several_closed_sessions_end_with_exit_code_1_and_are_listed(
    cast: Cast, release: Release, capsys
) -> None:  # type: ignore[no-untyped-def]
    ids = [graded(cast, release, {"m1": {FIRST: [sign + "o"]}}, graders=[cast.gia]).pk for sign in "+o"]
    with pytest.raises(CommandError) as ended:
        call_command("score", "m1")
    assert ended.value.returncode == 1
    assert all(str(pk) in str(ended.value) for pk in ids) and "--session" in str(ended.value)
    assert json.loads(output(capsys, "m1", "--session", ids[1], "--json"))["session"] == ids[1]


def test_by_one_rater(cast: Cast, release: Release, capsys) -> None:  # type: ignore[no-untyped-def]
    graded(cast, release, {"m1": {FIRST: ["+o", "oo"], SECOND: ["++", "++"]}}, graders=[cast.gia, cast.gus])
    found = json.loads(output(capsys, "m1", "--rater", cast.gus.email, "--json"))
    assert (found["rater"], found["metrics"]["overall_score"]["mean"]) == ("grader-2", 0.5)
    assert "judged by grader-2 alone" in output(capsys, "m1", "--rater", cast.gus.email)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nobody"], "There is no run nobody"),
        (["m1"], "no closed session"),
        (["m1", "m1"], "named twice"),
        (["m1", "--session", "99"], "no closed session"),
    ],
)
def test_what_is_not_there(cast: Cast, release: Release, args: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as ended:
        call_command("score", *args)
    assert ended.value.returncode == 1
