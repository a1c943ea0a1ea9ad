"""Importing a run's answers: all or none, the same twice changes nothing, an interruption is resumed or dropped."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.common.errors import BadInput, Conflict, NotAllowed, NotReady
from builder.common.providers import BLINDED_RUNS, Registry
from builder.models import AuditEvent
from exports import access
from exports.models import Release, Response, Run, RunState
from exports.services import runs
from exports.services.releases import set_release_state
from exports.services.runs import RunImport, import_responses, withdraw_run
from tests.cast import Cast
from tests.exports.builders import answers_to, make_release, write_jsonl

FACTORS: dict[str, Any] = {
    "model": "some-model", "model_class": "general", "prompting": "plain", "retrieval": "none",
    "parameters": {"temperature": "0"},
}  # fmt: skip


@pytest.fixture
def release(cast: Cast) -> Release:
    """A release of three cases."""
    return make_release(cast, 3)


@pytest.fixture
def answers(release: Release, tmp_path: Path) -> Path:
    """A file that answers every case twice."""
    return write_jsonl(tmp_path / "answers.jsonl", answers_to(release, epochs=2))


def bring_in(path: Path, release: Release, cast: Cast, **options: Any) -> RunImport:
    """Import as Ana, as run m1."""
    return import_responses(
        path=path, release=release, **{"run_name": "m1", "by": cast.ana, **FACTORS, **options}
    )


def interrupt(
    path: Path, release: Release, cast: Cast, monkeypatch: pytest.MonkeyPatch, after: int = 4
) -> None:
    """Import in batches of two and lose the power after some written rows."""
    monkeypatch.setattr(runs, "BATCH", 2)

    def power_cut(rows: Iterable[Any], label: str) -> Iterator[Any]:
        for count, row in enumerate(rows):
            if label == "Writing" and count == after:
                raise KeyboardInterrupt
            yield row

    with pytest.raises(KeyboardInterrupt):
        bring_in(path, release, cast, progress=power_cut)


def test_answers_come_in_with_the_runs_factors(cast: Cast, release: Release, answers: Path) -> None:
    result = bring_in(answers, release, cast)
    assert (result.created, result.responses, result.n_items, result.unanswered) == (True, 6, 3, 0)
    run = Run.objects.get()
    assert run.state == RunState.READY
    assert {name: getattr(run, name) for name in FACTORS} == FACTORS
    expected = [(row["prompt_id"], row["epoch"], row["completion"]) for row in answers_to(release, 2)]
    assert list(run.responses.values_list("item__prompt_id", "epoch", "completion")) == expected
    event = AuditEvent.objects.get(verb="run:import")
    assert event.after_hash == run.source_sha256


def test_same_file_again_changes_nothing(cast: Cast, release: Release, answers: Path) -> None:
    bring_in(answers, release, cast)
    before = list(Response.objects.values())
    events = AuditEvent.objects.count()
    result = bring_in(answers, release, cast)
    assert (result.created, result.responses) == (False, 6)
    assert list(Response.objects.values()) == before
    assert AuditEvent.objects.count() == events


def test_cases_without_an_answer_are_counted(cast: Cast, release: Release, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "one.jsonl", answers_to(release)[:1])
    assert bring_in(path, release, cast).unanswered == 2


def test_another_file_or_other_factors_for_a_ready_run(
    cast: Cast, release: Release, answers: Path, tmp_path: Path
) -> None:
    bring_in(answers, release, cast)
    with pytest.raises(Conflict, match="m1 already has its answers"):
        bring_in(write_jsonl(tmp_path / "other.jsonl", answers_to(release)), release, cast)
    with pytest.raises(Conflict, match="another model, parameters"):
        bring_in(answers, release, cast, model="another", parameters={})


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([{"prompt_id": "unknown", "completion": "x"}], "prompt_id: unknown is not a case of this release"),
        ([0], "prompt_id: .* with epoch 1 was already answered on line 1"),
        (["{"], "bad JSON"),
        ([{"prompt_id": 5, "completion": "x"}], "prompt_id: a text was expected"),
        ([{"prompt_id": "unknown"}], "completion: a text was expected"),
    ],
)
def test_faulty_file_writes_nothing(
    cast: Cast, release: Release, tmp_path: Path, rows: list[Any], complaint: str
) -> None:
    good = answers_to(release)
    path = write_jsonl(tmp_path / "bad.jsonl", [good[0], *(good[row] if row == 0 else row for row in rows)])
    events = AuditEvent.objects.count()
    with pytest.raises(BadInput, match=rf"^bad\.jsonl, line 2: .*{complaint}"):
        bring_in(path, release, cast)
    assert not Run.objects.exists()
    assert AuditEvent.objects.count() == events


def test_empty_and_missing_files_are_refused(cast: Cast, release: Release, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no answer"):
        bring_in(write_jsonl(tmp_path / "empty.jsonl", []), release, cast)
    with pytest.raises(BadInput, match="can't be read"):
        bring_in(tmp_path / "nowhere.jsonl", release, cast)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(BadInput, match="a directory or a pipe"):
            bring_in(path, release, cast)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"run_name": "a b"}, "A run's name"), ({"run_name": ""}, "A run's name"),
        ({"run_name": "m1\n"}, "A run's name"), ({"model_class": "huge"}, "general / fine-tuned"),
        ({"prompting": "x" * 61}, "up to 60"), ({"model": "x" * 201}, "up to 200"),
    ],
)  # fmt: skip
def test_bad_factors_are_refused(
    cast: Cast, release: Release, answers: Path, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadInput, match=re.escape(complaint)):
        bring_in(answers, release, cast, **options)
    assert not Run.objects.exists()


def test_interrupted_import_is_out_of_sight_and_resumes(
    cast: Cast, release: Release, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(answers, release, cast, monkeypatch)
    assert Run.objects.get().state == RunState.IMPORTING
    assert Response.objects.count() == 4
    assert not access.visible_runs(cast.lou).exists()
    assert not AuditEvent.objects.filter(verb="run:import").exists()
    result = bring_in(answers, release, cast)
    assert (result.created, result.responses, result.resumed) == (True, 6, 4)
    assert Run.objects.get().state == RunState.READY
    assert AuditEvent.objects.filter(verb="run:import").count() == 1


@pytest.mark.parametrize("after", range(7))
def test_interruption_anywhere_loses_and_doubles_nothing(
    cast: Cast, release: Release, answers: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    if after < 6:
        interrupt(answers, release, cast, monkeypatch, after)
    bring_in(answers, release, cast)
    expected = [(row["prompt_id"], row["epoch"], row["completion"]) for row in answers_to(release, 2)]
    assert list(Response.objects.values_list("item__prompt_id", "epoch", "completion")) == expected


def test_interrupted_import_refuses_another_file_until_it_is_dropped(
    cast: Cast, release: Release, answers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(answers, release, cast, monkeypatch)
    other = write_jsonl(tmp_path / "other.jsonl", answers_to(release))
    with pytest.raises(Conflict, match="--restart"):
        bring_in(other, release, cast)
    assert Response.objects.count() == 4
    result = bring_in(other, release, cast, restart=True, model="corrected")
    assert (result.responses, result.resumed, result.run.model) == (3, 0, "corrected")
    assert Response.objects.count() == 3
    assert AuditEvent.objects.filter(verb="run:drop").count() == 1


def test_restart_never_drops_a_ready_run(cast: Cast, release: Release, answers: Path, tmp_path: Path) -> None:
    bring_in(answers, release, cast)
    other = write_jsonl(tmp_path / "other.jsonl", answers_to(release))
    with pytest.raises(Conflict, match="already has its answers"):
        bring_in(other, release, cast, restart=True)
    assert Response.objects.count() == 6


def test_faulty_file_with_restart_keeps_the_interrupted_rows(
    cast: Cast, release: Release, answers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(answers, release, cast, monkeypatch)
    with pytest.raises(BadInput):
        bring_in(write_jsonl(tmp_path / "bad.jsonl", ["{"]), release, cast, restart=True)
    assert Response.objects.count() == 4


def test_file_that_changes_while_it_is_read_leaves_the_run_out_of_sight(
    cast: Cast, release: Release, answers: Path
) -> None:
    def meddle(rows: Iterable[Any], label: str) -> Iterator[Any]:
        if label == "Writing":
            answers.write_text(answers.read_text().replace("Answer 1", "Answer X"))
        yield from rows

    with pytest.raises(Conflict, match="changed while it was read"):
        bring_in(answers, release, cast, progress=meddle)
    assert Run.objects.get().state == RunState.IMPORTING


def test_run_name_is_taken_without_saying_by_whom(cast: Cast, release: Release, answers: Path) -> None:
    bring_in(answers, release, cast)
    other = make_release(cast, 1, version="2.0.0")
    with pytest.raises(Conflict, match=r"^The run name m1 is taken\. Choose another name\.$"):
        bring_in(answers, other, cast)


def test_somebody_who_grades_a_run_blind_learns_nothing_of_it(
    cast: Cast, release: Release, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bring_in(answers, release, cast).run
    registry = Registry()
    registry.register(BLINDED_RUNS, lambda user: [run.pk] if user == cast.lou else [])
    monkeypatch.setattr(access, "registry", registry)
    with pytest.raises(Conflict, match="is taken"):
        bring_in(answers, release, cast, by=cast.lou)
    assert bring_in(answers, release, cast).created is False


def test_withdrawn_release_takes_no_answers(cast: Cast, release: Release, answers: Path) -> None:
    set_release_state(release=release, stage="withdrawn", reason="A dose was wrong.", by=cast.lou)
    with pytest.raises(NotReady, match="is withdrawn"):
        bring_in(answers, release, cast)


def test_only_leads_and_analysts_import(cast: Cast, release: Release, answers: Path) -> None:
    for person in (cast.ada, cast.rui, cast.gia, cast.eve, cast.ola):
        with pytest.raises(NotAllowed):
            bring_in(answers, release, cast, by=person)
    assert not Run.objects.exists()


def test_withdrawing_a_run_needs_a_reason_and_is_final(cast: Cast, release: Release, answers: Path) -> None:
    run = bring_in(answers, release, cast).run
    with pytest.raises(BadInput, match="why"):
        withdraw_run(run=run, reason=" ", by=cast.ana)
    with pytest.raises(NotAllowed):
        withdraw_run(run=run, reason="Wrong model.", by=cast.ada)
    assert withdraw_run(run=run, reason="Wrong model.", by=cast.ana).state == RunState.WITHDRAWN
    assert AuditEvent.objects.get(verb="run:withdraw").why == "Wrong model."
    assert Response.objects.count() == 6
    with pytest.raises(NotReady):
        withdraw_run(run=run, reason="Again.", by=cast.ana)
    with pytest.raises(Conflict, match="was withdrawn"):
        bring_in(answers, release, cast)
