"""`agreement`, as a newcomer meets it."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotations.stats import RatingTable, pairwise_cohen_kappa
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import make_release
from tests.cast import Cast

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


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("unit,rater\nu,a\n", [], "line 1: the columns unit, rater, value were expected; value is missing"),
        (CSV + "u0,a,1\n", [], "line 20: unit u0 already has a rating by rater a"),
        ("unit,rater,value\nu,a,yes\nu,b,no\n", ["--metric", "interval"], "the values are text"),
        ("", [], "can't be read as CSV"),
        ("unit,rater,value\n", [], "line 2: a rating was expected"),
        ("unit,rater,value\nu,a,1\n,b,1\n", [], "line 3: unit is empty"),
        ("unit,rater,value\nu,a,1\nu,b,1,2\n", [], "line 3"),
    ],
    ids=[
        "no column",
        "twice",
        "text on an interval scale",
        "empty",
        "header only",
        "no unit",
        "too many fields",
    ],
)
def test_a_bad_file_ends_with_a_sentence_and_exit_code_2(
    tmp_path: Path, text: str, options: list[str], message: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=message) as ended:
        call_command("agreement", "--ratings", str(path), *options)
    assert ended.value.returncode == 2 and "bad.csv" in str(ended.value)


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
