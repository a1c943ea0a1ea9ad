"""The reader of JSON Lines: one line in memory, and every complaint names file and line."""

import json
import os
import tracemalloc
from pathlib import Path

import pytest

from builder.common.errors import BadInput
from builder.common.jsonl import MAX_DEPTH, read_jsonl


def file_with(tmp_path: Path, *lines: bytes) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


def test_lines_keep_their_numbers_and_values(tmp_path: Path) -> None:
    path = file_with(
        tmp_path, b'\xef\xbb\xbf{"a": 1}', b"", b'  {"b": "\xed\x95\x9c\\uae00"}\r', b"   ", b'{"c": 1.0}'
    )
    assert [(line.number, line.data) for line in read_jsonl(path)] == [
        (1, {"a": 1}),
        (3, {"b": "한글"}),
        (5, {"c": 1.0}),
    ]


def test_pairs_of_surrogates_are_characters(tmp_path: Path) -> None:
    (line,) = read_jsonl(file_with(tmp_path, b'{"a": "\\ud83e\\ude7a"}'))
    assert line.data == {"a": "🩺"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"a": ', "bad JSON"),
        (b"[", "Each line must be one whole JSON object"),
        (b'{"a": 1} x', "bad JSON"),
        (b"[1]", "a JSON object was expected"),
        (b'"text"', "a JSON object was expected"),
        (b"null", "a JSON object was expected"),
        (b'{"rubrics": [{"points": NaN}]}', "points: a finite number was expected, not NaN"),
        (b'{"points": -Infinity}', "points: a finite number was expected, not -Infinity"),
        (b'{"points": 1e999}', "points: the number is too large"),
        (b'{"points": -1e999}', "points: the number is too large"),
        (b'{"met": true, "met": false}', "met: the field is given twice in one object"),
        (b'{"items": [{"a": 1, "b": 2, "\\u0061": 1}]}', "a: the field is given twice in one object"),
        (b'{"a": "\xff"}', "not valid UTF-8 at byte 8"),
        (b'{"a": "\xed\xa0\x80"}', "not valid UTF-8"),
        (b'{"a": "x\\u0000"}', "the NUL character"),
        (b'{"x\\u0000": 1}', "the NUL character"),
        (b'{"a": "x\x00"}', "bad JSON"),
        (b'{"a": "\\ud83e alone"}', "half of a surrogate pair"),
        (b'{"a": ["\\ude7a"]}', "half of a surrogate pair"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'{"a":' + b"9" * 5_000 + b"}", "bad JSON"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, line: bytes, problem: str) -> None:
    rows = read_jsonl(file_with(tmp_path, b'{"fine": true}', line, b"not read any more"))
    assert next(rows).data == {"fine": True}
    with pytest.raises(BadInput) as refused:
        next(rows)
    assert refused.value.message.startswith("rows.jsonl, line 2: ")
    assert problem in refused.value.message
    assert refused.value.data["line"] == 2


def test_depth_has_a_limit_that_every_later_reader_can_bear(tmp_path: Path) -> None:
    """A text the parser could just read would be stored and then break a page, whose stack is fuller."""

    def nested(depth: int) -> bytes:
        return b'{"a": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    (line,) = read_jsonl(file_with(tmp_path, nested(MAX_DEPTH)))
    assert json.dumps(line.data).encode() == nested(MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 500, 950, 2_000):
        with pytest.raises(BadInput, match="line 1: the JSON is nested too deeply"):
            next(read_jsonl(file_with(tmp_path, nested(depth))))


def test_line_of_64_mebibytes_is_refused_without_holding_it(tmp_path: Path) -> None:
    path = file_with(tmp_path, b'{"a": 1}', b'{"a": "' + b"x" * 64 * 2**20 + b'"}')
    rows = read_jsonl(path)
    next(rows)
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match=r"rows.jsonl, line 2: the line is longer than 8 MiB"):
            next(rows)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 * 2**20


def test_missing_file_directory_and_pipe_are_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, problem in (
        (tmp_path / "absent.jsonl", "No such file or directory"), (tmp_path, "is a directory or a pipe"),
        (pipe, "is a directory or a pipe"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=problem) as refused:
            next(read_jsonl(path))
        assert str(path) in refused.value.message
