"""A long CSV of ratings becomes a table, or one sentence that names the line."""

import math
from pathlib import Path

import pytest

from annotations.ratings_file import BadRatingsFile, read_ratings
from annotations.stats import RatingTable, agreement

HEAD = "unit,rater,value\n"


def written(tmp_path: Path, text: str | bytes) -> str:
    """Return the path of a file with this text."""
    path = tmp_path / "ratings.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def alpha(table: RatingTable, **options: str) -> float:
    """Return Krippendorff's alpha."""
    [estimate] = agreement(table, "krippendorff_alpha", ci="none", **options)
    assert estimate.value is not None
    return estimate.value


def test_numbers_are_numbers_and_minus_one_is_a_value(tmp_path: Path) -> None:
    rows = "".join(
        f"u{u},{r},{v}\n"
        for u, pair in enumerate([(-1, -1), (0, 2), (2, 2)])
        for r, v in zip("ab", pair, strict=True)
    )
    table = read_ratings(written(tmp_path, HEAD + rows), metric="interval")
    assert table.categories == (-1, 0, 2) and table.n_missing == 0
    # Values -1 -1 0 2 2 2: within-unit squares (0 - 2)^2 x 2 ordered pairs / (2 - 1) = 8; all 30 ordered pairs:
    # 2 (-1,0): 1, 6 (-1,2): 9, 3 (0,2): 4, each in both orders, so 2 (2 + 54 + 12) = 136 over 5. 1 - 8 / 27.2.
    assert alpha(table, metric="interval") == pytest.approx(1 - 8 / (136 / 5), abs=1e-12)


def test_one_and_one_point_zero_are_one_value_but_ids_are_as_written(tmp_path: Path) -> None:
    table = read_ratings(written(tmp_path, HEAD + "1,a,1\n1,b,1.0\n01,a,2\n01,b,2\n"))
    assert table.categories == (1.0, 2.0) and table.n_units == 2


def test_text_is_text(tmp_path: Path) -> None:
    """A value of None or null is a word somebody wrote; NA and nothing are missing."""
    table = read_ratings(written(tmp_path, HEAD + "u,a,None\nu,b,null\nu,c,NA\nu,d,\nu,NA,mild\n"))
    assert table.categories == ("None", "mild", "null")
    assert (table.n_missing, table.rater_names) == (2, ["NA", "a", "b"])


def test_raters_are_listed_by_name_and_those_without_a_value_are_not(tmp_path: Path) -> None:
    table = read_ratings(written(tmp_path, HEAD + "u,c,1\nu,b,\nu,a,2\n"))
    assert table.rater_names == ["a", "c"]
    assert table.matrix().tolist() == [[1, 0]]  # a gave 2, c gave 1


def test_other_columns_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    text = '\ufeffvalue,note,unit,rater\r\n\r\n1,"two\nlines",u,a\r\n1,,u,b\r\n\r\n'
    assert read_ratings(written(tmp_path, text)).n_ratings == 2


def test_a_file_without_any_value(tmp_path: Path) -> None:
    table = read_ratings(written(tmp_path, HEAD + "u,a,\nu,b,\n"))
    assert [estimate.status for estimate in agreement(table, "gwet_ac1")] == ["undefined_no_pairs"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "line 1: the columns unit, rater, value were expected, but the file is empty."),
        ("\n \n", {}, "line 1: the columns unit, rater, value were expected, but the file is empty."),
        ("unit,rater\nu,a\n", {}, "line 1: the columns unit, rater, value were expected; value is missing."),
        ("unit,rater,value,value\nu,a,1,2\n", {}, "line 1: the column value stands there twice."),
        (HEAD + "u,a,1\n", {"cluster": "case"},
         "line 1: the columns unit, rater, value, case were expected; case is missing."),
        (HEAD, {}, "line 2: a rating was expected, but the file holds none."),
        (HEAD + "u,a,1\n,b,1\n", {}, "line 3: unit is empty."),
        (HEAD + "u,a,1\nv\n", {}, "line 3: rater is empty."),
        (HEAD + "u,a,1\nu,b,1,2\n", {}, "line 3: 3 fields were expected, but there are 4."),
        (HEAD + "u,a,1,9\nu,b,1,9\n", {}, "line 2: 3 fields were expected, but there are 4."),
        (HEAD + "u,a,1\n\nu,a,\n", {}, "line 4: unit u already has a rating by rater a."),
        ("unit,rater,value,note\nu,a,1,\"two\nlines\"\nu,a,1,\n", {},
         "line 4: unit u already has a rating by rater a."),
        (HEAD + "u,a,1\nu,b,2\nv,a,two\n", {}, "line 4: the value two is text, but the values above are numbers."),
        (HEAD + "u,a,one\nu,b,2\n", {}, "line 3: the value 2 is a number, but the values above are text."),
        (HEAD + "u,a,\nu,b,yes\n", {"metric": "interval"},
         "line 3: the interval metric needs numbers, but the value is the text yes."),
        (HEAD + "u,a,1\nu,b,-2\n", {"metric": "ratio"},
         "line 3: the ratio metric needs numbers of zero or more, but the value is -2."),
        (HEAD + "u,a,1\nu,b,inf\n", {}, "line 3: the nominal metric needs finite numbers, but the value is inf."),
        ("unit,rater,value,case\nu,a,1,x\nu,b,1,y\n", {"cluster": "case"},
         "line 3: unit u is in cluster y, but in x above."),
        (b"unit,rater,value\nu,a,1\nu,caf\xe9,1\n", {},
         "line 3: the text is not UTF-8: save the file as CSV UTF-8."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, text: str | bytes, options: dict[str, str], message: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(BadRatingsFile) as refused:
        read_ratings(path, **options)
    assert str(refused.value) == f"{path}, {message}"


def test_an_open_quotation_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRatingsFile, match=r"ratings\.csv: can't be read as CSV: .*EOF inside string"):
        read_ratings(written(tmp_path, HEAD + 'u,a,"1\nu,b,1\n'))


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadRatingsFile, match=f"{tmp_path}: can't be read: Is a directory"):
        read_ratings(str(tmp_path))


def test_a_long_file_is_read_as_a_short_one(tmp_path: Path) -> None:
    """Beyond the size of one block of pandas nothing is guessed anew."""
    rows = "".join(f"u{place // 2},{'ab'[place % 2]},{place // 2 % 3}\n" for place in range(60_000))
    table = read_ratings(written(tmp_path, HEAD + rows), metric="ordinal")
    assert table.categories == (0, 1, 2) and math.isclose(alpha(table, metric="ordinal"), 1.0)
