"""Imports of one log at the same moment: they add up to one, and nobody meets an error that isn't a sentence."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from annotations.models import Assignment, Grade, GradingSession, ResultsComparison, SessionState
from annotations.services import results
from annotations.services.results import import_results
from builder.common.errors import Conflict
from exports.models import Release, Response, Run, RunState
from tests.annotations.harness_logs import log_rows, write_log
from tests.annotations.rows import cases, make_release
from tests.annotations.test_results_import import power_cut
from tests.cast import Cast
from tests.test_races import at_once, crowd, events, tally

__all__ = ["crowd"]  # the fixture
THREADS, CASES, CRITERIA = 4, 12, 3


@pytest.fixture
def release(crowd: Cast) -> Release:
    """Twelve cases."""
    return make_release(crowd, contents=cases(CASES, CRITERIA))


@pytest.fixture
def act(crowd: Cast, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Import one log in batches of two answers."""
    monkeypatch.setattr(results, "BATCH", 2)
    path = write_log(tmp_path / "log.jsonl", log_rows(release, {(place, 1): "+o?" for place in range(CASES)}))
    return partial(import_results, path=path, release=release, run_name="m1", by=crowd.ana)


def assert_whole() -> None:
    """Everything is there once, and in sight."""
    assert Run.objects.get().state == RunState.READY
    assert GradingSession.objects.get().state == SessionState.CLOSED
    assert Response.objects.count() == Assignment.objects.count() == CASES
    assert Grade.objects.count() == CASES * CRITERIA and ResultsComparison.objects.count() == 1
    assert (events("run:import"), events("verdicts:import")) == (1, 1)


def test_of_imports_of_one_log_one_is_written(act: Callable[..., Any]) -> None:
    done, _told = tally(at_once(*[act] * THREADS), Conflict)
    assert done >= 1
    assert_whole()
    assert act().created is False


def test_imports_that_go_on_at_once_add_up_to_one(act: Callable[..., Any]) -> None:
    with pytest.raises(KeyboardInterrupt):
        act(progress=power_cut(3))
    assert Response.objects.count() == Assignment.objects.count() == 2
    found = at_once(*[act] * THREADS)
    assert tally(found, Conflict)[0] == THREADS and sum(each.created for each in found) == 1
    assert_whole()


def test_one_begins_anew_while_others_go_on(act: Callable[..., Any]) -> None:
    with pytest.raises(KeyboardInterrupt):
        act(progress=power_cut(5))
    tally(at_once(partial(act, restart=True), act, act), Conflict)
    if Run.objects.get().state == RunState.IMPORTING:
        act()
    assert_whole()
