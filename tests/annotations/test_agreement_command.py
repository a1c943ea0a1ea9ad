"""`agreement`, as a newcomer meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotations.stats import RatingTable, pairwise_cohen_kappa
from builder.content import Criterion
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import make_release
from tests.cast import Cast
from tests.factories import make_content

CSV = "unit,rater,value\n" + "".join(
    f"u{unit},{rater},{value}\n"
    for unit, values in enumerate(["110", "111", "000", "001", "110", "111"])
    for rater, value in zip("abc", values, strict=True)
)


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    """Six units, three raters."""
    path = tmp_path / "ratings.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def output(capsys, *args: object) -> str:  # type: ignore[no-untyped-def]
    """Run the command and return what it prints."""
    call_command("agreement", *map(str, args))
    return str(capsys.readouterr().out)


def test_a_file_needs_no_database(ratings: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    text = output(capsys, "--ratings", ratings)
    assert "18 ratings of 6 units by 3 raters" in text
    # a and b agree on all six units; c differs from them on three: pairs 3/3 on three units, 1/3 on three.
    assert [line.split()[1] for line in text.splitlines() if line.startswith("percent_agreement")] == [
        "0.6667"
    ]
    assert "a and b: 1.0000, 6 units" in text
    assert "few units" in text


def test_columns_stand_under_their_heads(ratings: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    lines = output(capsys, "--ratings", ratings).splitlines()
    head = next(line for line in lines if line.startswith("coefficient"))
    rows = [line for line in lines if line.startswith(("percent", "kripp", "gwet", "fleiss"))]
    assert len(rows) == 4
    for word in ("value", "units", "raters"):
        end = head.index(word) + len(word)
        assert all(row[end - 1] != " " and row[end : end + 1] in ("", " ") for row in rows), word


def test_json_of_a_file(ratings: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    found = json.loads(output(capsys, "--ratings", ratings, "--json"))
    assert set(found) == {"estimates", "pairwise"}
    assert found["pairwise"]["raters"] == ["a", "b", "c"]
    assert found["pairwise"]["kappa"][0][0] is None
    rows = [line.split(",") for line in CSV.splitlines()[1:]]
    table = RatingTable.from_long(*[[row[n] for row in rows] for n in range(3)])
    assert found["pairwise"]["kappa"][0][2] == pytest.approx(pairwise_cohen_kappa(table).kappa[0, 2])


def test_a_missing_value_is_left_out_and_told(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "r.csv"
    path.write_text(CSV + "u9,a,\n", encoding="utf-8")
    assert "1 row without a value is left out." in output(capsys, "--ratings", path)


def test_a_bad_file_ends_with_a_sentence_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("unit,rater,value\nu,a,1\nu,a,0\n", encoding="utf-8")
    with pytest.raises(CommandError) as ended:
        call_command("agreement", "--ratings", str(path))
    assert ended.value.returncode == 2
    assert str(ended.value) == f"{path}, line 3: unit u already has a rating by rater a."


def test_in_a_shell(ratings: Path, tmp_path: Path) -> None:
    """No traceback, the sentence on stderr, exit code 2; and no database is touched for a good file."""
    environment = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}
    command = [sys.executable, "manage.py", "agreement", "--ratings"]

    def run(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, str(path)], capture_output=True, text=True, env=environment, check=False
        )

    assert "18 ratings of 6 units by 3 raters" in run(ratings).stdout
    empty = tmp_path / "empty.csv"
    empty.touch()
    done = run(empty)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().endswith(
        "line 1: the columns unit, rater, value were expected, but the file is empty."
    )
    assert len(done.stderr.strip().splitlines()) == 1


def test_coefficients_are_chosen(ratings: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    names = ["gwet_ac1", "krippendorff_alpha"]
    found = json.loads(output(capsys, "--ratings", ratings, "--coefficients", *names, "--json"))
    assert [estimate["name"] for estimate in found["estimates"]] == names


def test_an_unknown_coefficient_is_refused(ratings: Path) -> None:
    with pytest.raises(CommandError, match="there is no coefficient kappa: use percent_agreement"):
        call_command("agreement", "--ratings", str(ratings), "--coefficients", "kappa")


def test_clusters_widen_the_interval(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    """Twelve cases of eight units each: raters agree on all units of a case or on none."""
    lines = ["unit,rater,value,case"]
    for case_number in range(12):
        for unit in range(8):
            first, second = unit % 2, unit % 2 if case_number % 3 else 1 - unit % 2
            lines += [
                f"{case_number}-{unit},{r},{v},c{case_number}" for r, v in (("a", first), ("b", second))
            ]
    path = tmp_path / "clustered.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def width(*options: str) -> float:
        [estimate] = json.loads(
            output(capsys, "--ratings", path, "--coefficients", "krippendorff_alpha", "--json", *options)
        )["estimates"]
        return float(estimate["ci_high"] - estimate["ci_low"])

    assert width("--cluster", "case") > 2 * width()
    assert "intervals resample case" in output(capsys, "--ratings", path, "--cluster", "case")


def test_sessions_have_their_own_clusters() -> None:
    with pytest.raises(CommandError, match="go with --ratings") as ended:
        call_command("agreement", "--session", "1", "--cluster", "case")
    assert ended.value.returncode == 2


def test_a_number_that_must_not_be_trusted_is_named_in_one_line(ratings: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    text = output(capsys, "--ratings", ratings)
    assert "Warning: all: Only 6 units have two ratings: the interval is rough." in text.splitlines()


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="No such file") as ended:
        call_command("agreement", "--ratings", "nowhere.csv")
    assert ended.value.returncode == 2


def test_a_session(cast: Cast, capsys) -> None:  # type: ignore[no-untyped-def]
    release = make_release(cast, name="set", contents=[case("A", (1, "accuracy"), (2, "accuracy"))])
    answered(release, "m1", {0: 1}, by=cast.lou)
    session = graded(cast, release, {"m1": {(0, 1): ["+o", "++", "?."]}})
    text = output(capsys, "--session", session.pk)
    assert (
        f"Session {session.pk} of set==1.0.0: 1 answer to 1 case, judged by grader-1, grader-2, grader-3"
        in text
    )
    assert "grader-1 and grader-2" in text
    assert "Not counted as not met: 1 cannot judge, 0 judge failed, 1 missing." in text
    assert "example.org" not in text
    found = json.loads(output(capsys, "--session", session.pk, "--json"))
    assert found["session"] == session.pk
    assert set(found) >= {"estimates", "pairwise", "by_axis", "by_criterion", "by_rater"}


def test_a_session_whose_criteria_span_cases(cast: Cast, capsys) -> None:  # type: ignore[no-untyped-def]
    contents = [make_content(name, rubrics=[Criterion("Is polite.", 1)]) for name in "AB"]
    release = make_release(cast, name="set", contents=contents)
    answered(release, "m1", {0: 1, 1: 1}, by=cast.lou)
    session = graded(cast, release, {"m1": {(0, 1): ["+", "+", "+"], (1, 1): ["o", "o", "+"]}})
    # Values + + + o o +: D_o = (0 + 2 * 2 / 2) / 6 = 1 / 3, D_e = 2 * 4 * 2 / (6 * 5) = 8 / 15, so alpha is 3 / 8.
    assert "  Is polite.: 0.3750 (" in output(capsys, "--session", session.pk)


def test_sessions_are_pooled(cast: Cast, capsys) -> None:  # type: ignore[no-untyped-def]
    release = make_release(cast, name="set", contents=[case("A", (1, "accuracy"))])
    answered(release, "m1", {0: 1}, by=cast.lou)
    ids = [graded(cast, release, {"m1": {(0, 1): ["+"]}}, graders=[who]).pk for who in (cast.gia, cast.gus)]
    found = json.loads(output(capsys, "--session", *ids, "--json"))
    assert found["sessions"] == ids and found["raters"] == ["grader-1", "grader-2"]
    assert found["estimates"][0]["n_units_pairable"] == 1


def test_a_session_that_is_not_there_or_open(cast: Cast) -> None:
    with pytest.raises(CommandError, match="There is no session 99") as ended:
        call_command("agreement", "--session", "99")
    assert ended.value.returncode == 1
    release = make_release(cast, contents=[case("A", (1, "accuracy"))])
    answered(release, "m1", {0: 1}, by=cast.lou)
    session = graded(cast, release, {"m1": {}}, close=False)
    with pytest.raises(CommandError, match="when grading has ended"):
        call_command("agreement", "--session", str(session.pk))
