"""Another tool's verdicts: all or none, once, under their rater, and every complaint names its line and field."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotations.models import (
    Desk,
    Grade,
    GradingSession,
    Rater,
    RaterKind,
    SessionKind,
    SessionState,
    Verdict,
)
from annotations.selectors.scores import report_run
from annotations.services import verdicts as service
from annotations.services.verdicts import import_verdicts
from builder.common.errors import BadInput, Conflict, NotAllowed, NotReady
from builder.models import AuditEvent
from exports.models import Run, RunState
from tests.annotations.graded import answered, case
from tests.annotations.rows import make_release
from tests.cast import Cast

Rows = list[dict[str, Any]]


@pytest.fixture
def run(cast: Cast) -> Run:
    """Two cases with two and one criteria; the first has two answers."""
    release = make_release(
        cast, name="set", contents=[case("A", (3, "accuracy"), (-1, "accuracy")), case("B", (2, "x"))]
    )
    return answered(release, "m1", {0: 2, 1: 1}, by=cast.lou)


@pytest.fixture
def rows() -> Rows:
    """A good file."""
    return [
        {
            "prompt_id": "set-0",
            "epoch": 1,
            "rater": "file",
            "rubric_items": items(("A", 0, True), ("A", 1, False)),
        },
        {"prompt_id": "set-0", "epoch": 2, "rubric_items": items(("A", 0, None), ("A", 1, True))},
        {"prompt_id": "set-1", "rubric_items": items(("B", 0, True))},
    ]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Rows], Path]:
    """Return a function that writes rows to a file."""

    def to_file(rows: Rows, name: str = "verdicts.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return to_file


def items(*verdicts: tuple[str, int, object]) -> list[dict[str, Any]]:
    """Return rubric items of (case, criterion's place, criteria_met)."""
    return [
        {"criterion": f"{title}, criterion {place}.", "criteria_met": met, "explanation": "Because."}
        for title, place, met in verdicts
    ]


def nothing_written() -> bool:
    """Whether no row of an import is there."""
    return not (
        GradingSession.objects.exists() or Grade.objects.exists() or Rater.objects.exists()
        or AuditEvent.objects.filter(verb="verdicts:import").exists()
    )  # fmt: skip


def test_verdicts_land_in_a_closed_session_of_their_rater(cast: Cast, run: Run, rows: Rows, write) -> None:  # type: ignore[no-untyped-def]
    rows[1]["rubric_items"][0]["status"] = "cannot_judge"
    result = import_verdicts(path=write(rows), run=run, rater_name="judge", by=cast.ana)
    assert (result.created, result.responses, result.verdicts) == (True, 3, 5)
    session = GradingSession.objects.get()
    assert (session.kind, session.state, session.overlap) == (SessionKind.IMPORTED, SessionState.CLOSED, 1)
    assert session.closed_by == cast.ana and session.release == run.release
    member = session.session_raters.get()
    assert (member.rater.name, member.rater.kind, member.desk, member.label) == (
        "judge", RaterKind.EXTERNAL, Desk.IMPORTED, "judge",
    )  # fmt: skip
    given = Grade.objects.order_by("assignment__position", "criterion_index").values_list(
        "verdict", flat=True
    )
    assert list(given) == [Verdict.MET, Verdict.NOT_MET, Verdict.CANNOT_JUDGE, Verdict.MET, Verdict.MET]
    assert Grade.objects.first().explanation == "Because."
    assert AuditEvent.objects.filter(verb="verdicts:import", actor=cast.ana).count() == 1


def test_null_is_missing_unless_the_item_says_more(cast: Cast, run: Run, rows: Rows, write) -> None:  # type: ignore[no-untyped-def]
    rows[0]["rubric_items"][0] |= {"criteria_met": None, "status": "judge_failed"}
    rows[2]["rubric_items"][0] |= {"criteria_met": None, "status": "cannot_judge"}
    import_verdicts(path=write(rows), run=run, rater_name="judge", by=cast.lou)
    report = report_run(run)
    found = {why: report.counts[why] for why in ("missing", "cannot_judge", "judge_failed", "unresolved")}
    assert found == {"missing": 1, "cannot_judge": 1, "judge_failed": 1, "unresolved": 0}
    assert report.counts["complete"] == 0 and report.overall.mean is None


BAD: dict[str, tuple[Callable[[Rows], object], str]] = {
    "unknown prompt_id": (lambda r: r[1].update(prompt_id="set-9"), "line 2: prompt_id: set-9"),
    "unknown epoch": (lambda r: r[1].update(epoch=3), "line 2: prompt_id: set-0 with epoch 3"),
    "no prompt_id": (lambda r: r[1].pop("prompt_id"), "line 2: prompt_id: a text was expected"),
    "epoch of 0": (lambda r: r[1].update(epoch=0), "line 2: epoch: a whole number from 1"),
    "epoch too large": (
        lambda r: r[1].update(epoch=40_000),
        "line 2: epoch: a whole number from 1 to 32767 was expected, not 40000",
    ),
    "epoch true": (lambda r: r[1].update(epoch=True), "line 2: epoch: a whole number from 1"),
    "list shorter than the rubric": (lambda r: r[1]["rubric_items"].pop(), "line 2: rubric_items: a list of length 2"),
    "list longer than the rubric": (
        lambda r: r[2]["rubric_items"].extend(items(("B", 1, True))), "line 3: rubric_items: a list of length 1"),
    "empty list": (lambda r: r[1].update(rubric_items=[]), "line 2: rubric_items: a list"),
    "no list": (lambda r: r[1].update(rubric_items="all met"), "line 2: rubric_items: a list"),
    "an item that is no object": (lambda r: r[1].update(rubric_items=[True, True]), r"\[0\]: an object"),
    "criterion's text differs": (
        lambda r: r[1]["rubric_items"][1].update(criterion="A, criterion 1"),
        r"line 2: rubric_items\[1\].criterion: the text differs"),
    "criteria in another order": (lambda r: r[1]["rubric_items"].reverse(), r"line 2: rubric_items\[0\].criterion"),
    "points differ": (
        lambda r: r[1]["rubric_items"][0].update(points=4), r"line 2: rubric_items\[0\].points: 3 was expected"),
    "points are text": (
        lambda r: r[1]["rubric_items"][0].update(points="3"), r"line 2: rubric_items\[0\].points: a number"),
    "verdict is text": (
        lambda r: r[1]["rubric_items"][0].update(criteria_met="yes"),
        r"line 2: rubric_items\[0\].criteria_met: true, false or null"),
    "verdict is 1": (
        lambda r: r[1]["rubric_items"][0].update(criteria_met=1), r"line 2: rubric_items\[0\].criteria_met: true"),
    "no verdict": (
        lambda r: r[1]["rubric_items"][0].pop("criteria_met"), r"line 2: rubric_items\[0\].criteria_met: true"),
    "unknown status": (
        lambda r: r[1]["rubric_items"][0].update(status="tired"), r"line 2: rubric_items\[0\].status: cannot_judge"),
    "a status beside a verdict": (
        lambda r: r[1]["rubric_items"][1].update(status="cannot_judge"), r"line 2: rubric_items\[1\].status"),
    "second verdict for one answer": (
        lambda r: r.append(dict(r[0])), "line 4: prompt_id: set-0 with epoch 1 was already judged on line 1"),
    "rater is a number": (lambda r: r[1].update(rater=7), "line 2: rater: a text"),
    "no row at all": (lambda r: r.clear(), "holds no verdict"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_lines_name_line_and_field_and_write_nothing(
    cast: Cast, run: Run, rows: Rows, write, what: str
) -> None:  # type: ignore[no-untyped-def]
    change, message = BAD[what]
    change(rows)
    path = write(rows)
    with pytest.raises(BadInput, match=message):
        import_verdicts(path=path, run=run, rater_name="judge", by=cast.lou)
    assert nothing_written()
    with pytest.raises(CommandError, match=message) as ended:
        call_command("import_verdicts", path, run="m1", rater="judge", by=cast.lou.email)
    assert ended.value.returncode == 1


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"prompt_id": ', "line 1: bad JSON"),
        (b"\xff\xfe", "line 1: not valid UTF-8"),
        (b'{"a":' + b"[" * 100_000, "line 1: "),
        (b'{"prompt_id": "set-0", "epoch": NaN}', "line 1: epoch: a finite number"),
        (b"[]", "line 1: a JSON object"),
    ],
    ids=["bad JSON", "bad UTF-8", "deep JSON", "NaN", "no object"],
)
def test_malformed_files(cast: Cast, run: Run, tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "verdicts.jsonl"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match=message):
        import_verdicts(path=path, run=run, rater_name="judge", by=cast.lou)
    assert nothing_written()


def test_a_file_that_is_not_there(cast: Cast, run: Run, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be read"):
        import_verdicts(path=tmp_path / "nowhere.jsonl", run=run, rater_name="judge", by=cast.lou)


def test_the_same_file_again_changes_nothing_and_says_so(
    cast: Cast, run: Run, rows: Rows, write, capsys
) -> None:  # type: ignore[no-untyped-def]
    path = write(rows)
    for expected in ("Imported 4 verdicts of judge on 3 answers of m1", "Nothing changed"):
        call_command("import_verdicts", path, run="m1", rater="judge", by=cast.lou.email)
        assert expected in capsys.readouterr().out
    assert GradingSession.objects.count() == 1 and Grade.objects.count() == 4
    assert AuditEvent.objects.filter(verb="verdicts:import").count() == 1


def test_another_file_of_the_same_rater_is_a_conflict(cast: Cast, run: Run, rows: Rows, write) -> None:  # type: ignore[no-untyped-def]
    import_verdicts(path=write(rows), run=run, rater_name="judge", by=cast.lou)
    rows[2]["rubric_items"][0]["criteria_met"] = False
    with pytest.raises(Conflict, match="from another file"):
        import_verdicts(path=write(rows, "other.jsonl"), run=run, rater_name="judge", by=cast.lou)
    assert Grade.objects.filter(verdict="not_met").count() == 1
    second = import_verdicts(path=write(rows, "other.jsonl"), run=run, rater_name="second", by=cast.lou)
    assert second.created and GradingSession.objects.count() == 2


def test_an_interrupted_import_is_hidden_and_done_again(
    cast: Cast, run: Run, rows: Rows, write, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    path = write(rows)
    monkeypatch.setattr(service, "BATCH", 1)
    write_batch, calls = service._write_batch, []

    def fail_on_second(*args: Any, **kwargs: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write_batch(*args, **kwargs)

    monkeypatch.setattr(service, "_write_batch", fail_on_second)
    with pytest.raises(KeyboardInterrupt):
        import_verdicts(path=path, run=run, rater_name="judge", by=cast.lou)
    [half] = GradingSession.objects.all()
    assert half.state == SessionState.IMPORTING and half.assignments.count() == 1
    assert not GradingSession.objects.visible_to(cast.lou).exists()
    monkeypatch.setattr(service, "_write_batch", write_batch)
    result = import_verdicts(path=path, run=run, rater_name="judge", by=cast.lou)
    assert result.created and GradingSession.objects.get() == result.session
    assert result.session.state == SessionState.CLOSED and Grade.objects.count() == 4


def test_an_empty_line_between_is_no_fault(cast: Cast, run: Run, rows: Rows, tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    path.write_text("\n\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert import_verdicts(path=path, run=run, rater_name="judge", by=cast.lou).responses == 3


@pytest.mark.parametrize("name", ["", "  ", "x" * 151, "somebody@example.org"])
def test_a_rater_needs_a_name_that_is_no_address(cast: Cast, run: Run, rows: Rows, write, name: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput, match="grader"):
        import_verdicts(path=write(rows), run=run, rater_name=name, by=cast.lou)
    assert nothing_written()


def test_roles_and_the_state_of_the_run(cast: Cast, run: Run, rows: Rows, write) -> None:  # type: ignore[no-untyped-def]
    path = write(rows)
    for stranger in (cast.gia, cast.ada, cast.eve):
        with pytest.raises(NotAllowed):
            import_verdicts(path=path, run=run, rater_name="judge", by=stranger)
    Run.objects.filter(pk=run.pk).update(state=RunState.WITHDRAWN)
    run.refresh_from_db()
    with pytest.raises(NotReady):
        import_verdicts(path=path, run=run, rater_name="judge", by=cast.lou)
    assert nothing_written()


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\u200b", "x" * 151])
def test_a_rater_has_a_name_people_can_read(cast: Cast, run: Run, rows: Rows, write, name: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput, match="Give the grader a name"):
        import_verdicts(path=write(rows), run=run, rater_name=name, by=cast.lou)
    assert not GradingSession.objects.exists()
