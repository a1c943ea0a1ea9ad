"""Another department's releases and runs are "no such thing", and so is a run one grades blind."""

from pathlib import Path

import pytest

from builder.access import Act
from builder.common.errors import BadInput, NotAllowed, NotFound
from builder.common.providers import BLINDED_RUNS, Registry, navigation_for
from builder.models import User
from exports import access
from exports.models import Release, Run, RunState
from exports.services.runs import import_responses
from tests.cast import Cast
from tests.exports.builders import answers_to, make_release, write_jsonl


@pytest.fixture
def release(cast: Cast) -> Release:
    """A frozen release of the emergency department."""
    return make_release(cast)


@pytest.fixture
def run(cast: Cast, release: Release, tmp_path: Path) -> Run:
    """A run on it, named m1."""
    path = write_jsonl(tmp_path / "answers.jsonl", answers_to(release))
    return import_responses(path=path, release=release, run_name="m1", by=cast.ana).run


def test_release_is_read_by_its_departments_readers(cast: Cast, release: Release) -> None:
    for person in (cast.ada, cast.rui, cast.lou, cast.ana, cast.ola):
        assert access.get_release(person, "trial", "1.0.0") == release
        assert access.get_release_by_label(person, "trial==1.0.0").present_stage == "final"


def test_everybody_else_gets_the_answer_of_a_release_that_is_not_there(cast: Cast, release: Release) -> None:
    messages = set()
    for person, version in ((cast.gia, "1.0.0"), (cast.eve, "1.0.0"), (cast.lou, "9.9.9")):
        with pytest.raises(NotFound) as missing:
            access.get_release(person, "trial", version)
        messages.add(missing.value.message)
    assert len(messages) == 1


def test_reading_is_not_doing(cast: Cast, release: Release) -> None:
    with pytest.raises(NotAllowed):
        access.get_release_for(cast.ada, Act.EXPORT_RELEASES, "trial", "1.0.0")
    with pytest.raises(NotFound):
        access.get_release_for(cast.eve, Act.EXPORT_RELEASES, "trial", "1.0.0")
    assert access.get_release_for(cast.ana, Act.EXPORT_RELEASES, "trial", "1.0.0") == release


@pytest.mark.parametrize("label", ["trial", "trial==", "==1.0.0", "trial=1.0.0", ""])
def test_label_is_name_and_version(label: str) -> None:
    with pytest.raises(BadInput, match="NAME==X"):
        access.split_label(label)


def test_run_is_read_by_leads_and_analysts(cast: Cast, run: Run) -> None:
    for person in (cast.lou, cast.ana, cast.ola):
        assert access.get_run(person, "m1") == run
    for person in (cast.ada, cast.rui, cast.gia, cast.eve):
        with pytest.raises(NotFound):
            access.get_run(person, "m1")
        with pytest.raises(NotFound):
            access.get_run_for(person, Act.IMPORT_RUNS, "m1")
    with pytest.raises(NotAllowed):
        access.get_run_for(cast.ola, Act.IMPORT_RUNS, "m1")


def test_run_being_imported_is_nobodys(cast: Cast, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.IMPORTING)
    with pytest.raises(NotFound):
        access.get_run(cast.lou, "m1")


def test_run_one_grades_blind_is_no_such_thing(cast: Cast, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    registry.register(BLINDED_RUNS, lambda user: [run.pk] if user in (cast.lou, cast.ola) else [])
    monkeypatch.setattr(access, "registry", registry)
    for person in (cast.lou, cast.ola):
        with pytest.raises(NotFound):
            access.get_run(person, "m1")
    assert access.get_run(cast.ana, "m1") == run


def test_navigation_shows_what_a_person_may_read(cast: Cast) -> None:
    def labels(person: User) -> set[str]:
        return {item.label for item in navigation_for(person)} & {"Releases", "Runs"}

    assert labels(cast.lou) == labels(cast.ana) == labels(cast.ola) == {"Releases", "Runs"}
    assert labels(cast.ada) == {"Releases"}
    assert labels(cast.gia) == set()
