"""The audit trail: a chain of hashes in which any change is found."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from builder.common.guards import drop_guards
from builder.models import AuditEvent
from builder.services.audit import FIRST_HASH, event_hash, record, verify_chain
from tests.cast import Cast


@pytest.fixture
def trail(cast: Cast) -> list[AuditEvent]:
    """Five events of three people, and no guard: what an intruder with the database password would meet."""
    events = [
        record(by=cast.ada, verb="case:create", what=cast.department, department=cast.department),
        record(
            by=cast.lou,
            verb="case:retire",
            what=cast.department,
            why="문구가 겹친다 – a duplicate",
            after="a" * 64,
        ),
        record(by=None, verb="department:create", what=cast.elsewhere, roles=["lead"], created=3),
        record(by=cast.ola, verb="role:grant", what=cast.ada, before="b" * 64),
        record(by=cast.ada, verb="case:submit", what=cast.department),
    ]
    drop_guards(connection)
    return events


def test_whole_trail_is_whole(trail: list[AuditEvent]) -> None:
    assert verify_chain() is None
    assert [event.sequence for event in AuditEvent.objects.all()] == [1, 2, 3, 4, 5]
    assert trail[0].previous_hash == FIRST_HASH
    assert [event.previous_hash for event in trail[1:]] == [event.hash for event in trail[:-1]]


def test_empty_trail_is_whole(db: None) -> None:
    assert verify_chain() is None


@pytest.mark.parametrize(
    "change",
    [
        {"verb": "case:approve"}, {"why": "a better reason"}, {"actor": None}, {"details_text": '{"created":4}'},
        {"before_hash": "c" * 64}, {"after_hash": "c" * 64}, {"object_id": "77"}, {"object_type": "builder.case"},
        {"department": None, "hash": "d" * 64}, {"previous_hash": "e" * 64}, {"sequence": 99},
    ],
)  # fmt: skip
def test_changed_event_is_found(trail: list[AuditEvent], change: dict[str, object]) -> None:
    AuditEvent.objects.filter(sequence=2).update(**change)
    assert verify_chain() == 2


def test_changed_time_is_found(trail: list[AuditEvent]) -> None:
    AuditEvent.objects.filter(sequence=4).update(at=trail[3].at + timedelta(microseconds=1))
    assert verify_chain() == 4


def test_event_rewritten_with_a_fitting_hash_breaks_the_next(trail: list[AuditEvent]) -> None:
    event = AuditEvent.objects.get(sequence=3)
    event.why = "rewritten"
    AuditEvent.objects.filter(sequence=3).update(why=event.why, hash=event_hash(event))
    assert verify_chain() == 4


def test_removed_event_is_found(trail: list[AuditEvent]) -> None:
    AuditEvent.objects.filter(sequence=1).delete()
    assert verify_chain() == 1


def test_swapped_events_are_found(trail: list[AuditEvent]) -> None:
    AuditEvent.objects.filter(sequence=2).update(sequence=99)
    AuditEvent.objects.filter(sequence=3).update(sequence=2)
    AuditEvent.objects.filter(sequence=99).update(sequence=3)
    assert verify_chain() == 2


def test_act_that_is_rolled_back_leaves_no_trace(cast: Cast) -> None:
    class Refused(Exception):
        """What an act may end in."""

    with pytest.raises(Refused), transaction.atomic():
        record(by=cast.ada, verb="case:create", what=cast.department)
        raise Refused
    assert not AuditEvent.objects.exists()
    record(by=cast.ada, verb="case:create", what=cast.department)
    assert AuditEvent.objects.get().sequence == 1
    assert verify_chain() is None


def test_command_prints_the_newest_hash_and_tells_of_a_broken_chain(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    record(by=cast.ola, verb="test:one", what=cast.department)
    call_command("verify_audit")
    newest = AuditEvent.objects.latest("sequence")
    assert capsys.readouterr().out == f"OK: 1 events, each in its place. Newest hash {newest.hash}\n"
    drop_guards(connection)
    AuditEvent.objects.update(why="changed")
    with pytest.raises(CommandError, match="broken at event 1"):
        call_command("verify_audit")
