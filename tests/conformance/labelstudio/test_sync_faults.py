"""Whatever happens between us and a real Label Studio: in three passes both sides hold the same, once."""

import time
from collections.abc import Iterator

import pytest

from annotations.labelstudio.wire import Limits
from annotations.services.label_studio import pull, push
from annotations.services.label_studio.sync import Step
from builder.jobs import TryLater
from tests.annotations.label_studio.rows import everything
from tests.cast import Cast
from tests.conformance.labelstudio.fault_proxy import Fault, FaultProxy, Rule, running_proxy
from tests.conformance.labelstudio.server import LabelStudioInTest
from tests.conformance.labelstudio.sessions import SIGNS, Graded

pytestmark = pytest.mark.django_db
PASSES, LASTS = 3, 1.6
HASTY = Limits(connect=0.5, read=1.0, total=3.0, attempts=2, first_wait=0.02, longest_wait=0.1)
# The requests to which it happens, in one go: method, address, and which of them.
WRITES = [("POST", r"/import", 2), ("POST", r"/api/projects/?$", 1), ("GET", r"/api/tasks/", 1)]
READS = [("GET", r"/api/tasks/", 2), ("GET", r"/api/projects/\d+", 1)]
COMPARES = [*READS, ("DELETE", r"/api/tasks/", 1)]


@pytest.fixture
def proxy(label_studio: LabelStudioInTest, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Return a proxy before the server; batches and pages are small, so that there are many requests."""
    monkeypatch.setattr(push, "BATCH", 3)
    monkeypatch.setattr(pull, "PAGE", 3)
    with running_proxy(label_studio.url) as between:
        yield between


def inject(proxy: FaultProxy, fault: Fault, places: list[tuple[str, str, int]]) -> list[Rule]:
    """Ask for the fault at each of the places; an outage ends everything at once, so one of it is enough."""
    chosen = places[:1] if fault is Fault.REFUSED else places
    return [
        proxy.inject(fault, method=method, path=path, nth=nth, seconds=LASTS) for method, path, nth in chosen
    ]


def converge(graded: Graded, proxy: FaultProxy, steps: list[Step]) -> int:
    """Pass until nothing differs, at most three times; return how many passes it took."""
    for number in range(1, PASSES + 1):
        try:
            graded.sync(steps)
        except TryLater:
            assert number < PASSES, "the third pass failed as well"
            # A job waits longer before its next attempt.
            time.sleep(LASTS)
        # What the server does late it has done before the next pass begins, or that one couldn't be the last.
        proxy.drain()
        if not graded.differences():
            return number
    raise AssertionError(graded.differences())


@pytest.mark.parametrize("fault", Fault)
def test_push(cast: Cast, label_studio: LabelStudioInTest, proxy: FaultProxy, fault: Fault) -> None:
    graded = Graded(cast, label_studio, url=proxy.url, limits=HASTY, n_cases=3)
    rules = inject(proxy, fault, WRITES)
    converge(graded, proxy, [Step.PUSH, Step.PULL])
    assert all(rule.fired == 1 for rule in rules)
    assert len(label_studio.tasks(graded.project.remote_id)) == 6


@pytest.mark.parametrize("fault", Fault)
def test_pull(cast: Cast, label_studio: LabelStudioInTest, proxy: FaultProxy, fault: Fault) -> None:
    graded = Graded(cast, label_studio, url=proxy.url, limits=HASTY, n_cases=3)
    graded.send_graded()
    rules = inject(proxy, fault, READS)
    converge(graded, proxy, [Step.PULL])
    assert all(rule.fired == 1 for rule in rules)
    assert len(everything(graded.session)) == 18


@pytest.mark.parametrize("fault", Fault)
def test_reconcile(cast: Cast, label_studio: LabelStudioInTest, proxy: FaultProxy, fault: Fault) -> None:
    graded = Graded(cast, label_studio, url=proxy.url, limits=HASTY, n_cases=3)
    graded.send_graded((*SIGNS[:4], "", ""))
    # Two tasks arrived twice, one of them graded; the doubles carry nobody's work.
    doubled = label_studio.tasks(graded.project.remote_id)[3:5]
    label_studio.import_tasks(graded.project.remote_id, [{"data": each["data"]} for each in doubled])
    rules = inject(proxy, fault, COMPARES)
    converge(graded, proxy, [Step.RECONCILE])
    assert all(rule.fired == 1 for rule in rules)
    assert len(label_studio.tasks(graded.project.remote_id)) == 6 and len(everything(graded.session)) == 12


@pytest.mark.parametrize(
    "steps", [[Step.PUSH], [Step.PULL], [Step.RECONCILE]], ids=["push", "pull", "reconcile"]
)
def test_a_server_that_is_dead_for_a_while(
    cast: Cast, label_studio: LabelStudioInTest, proxy: FaultProxy, steps: list[Step]
) -> None:
    graded = Graded(cast, label_studio, url=proxy.url, limits=HASTY, n_cases=3)
    if steps != [Step.PUSH]:
        graded.send_graded()
    proxy.die()
    with pytest.raises(TryLater, match="can't be reached"):
        graded.sync(steps)
    proxy.revive()
    assert converge(graded, proxy, [*steps, Step.PULL]) == 1
