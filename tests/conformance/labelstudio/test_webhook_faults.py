"""Whatever happens to the messages of a real Label Studio: what they hint at comes home, once.

Label Studio sends a message once and waits a second. Where it reached us, the pull it asks for brings everything;
where it didn't, the next poll does.
"""

from typing import Any

import pytest

from annotations.models import GradeEvent
from annotations.services.label_studio.requests import PULL
from annotations.services.label_studio.sync import Step
from builder.jobs.worker import run_due_jobs
from builder.models import Job, JobState
from tests.annotations.label_studio.rows import everything, verdicts
from tests.cast import Cast
from tests.conformance.labelstudio.fault_proxy import Fault, FaultProxy, running_proxy
from tests.conformance.labelstudio.server import LabelStudioInTest
from tests.conformance.labelstudio.sessions import SIGNS, Graded
from tests.conformance.labelstudio.test_sync_faults import converge

# Longer than Label Studio waits for an answer.
LASTS = 1.2
FAULTS = tuple(Fault)


def waiting_pulls() -> int:
    return Job.objects.filter(kind=PULL, state=JobState.READY).count()


def annotate(graded: Graded, task: int, signs: str) -> None:
    """Grade a task as Gia; Label Studio sends its message before it answers."""
    body = {"result": verdicts(signs), "completed_by": graded.accounts[graded.cast.gia.email]}
    graded.there.ask("POST", f"/api/tasks/{task}/annotations/", body, expect=201)


def suffer(graded: Graded, between: FaultProxy, fault: Fault, task: int, signs: str) -> bool:
    """Grade a task while this happens to the message; return whether we heard it."""
    between.heal()
    rule = between.inject(fault, method="POST", path="/webhook/", seconds=LASTS)
    annotate(graded, task, signs)
    between.drain()
    assert rule.fired == 1, between.seen
    assert waiting_pulls() == int(rule.reaches_the_server), between.seen[-1]
    return rule.reaches_the_server


@pytest.fixture
def sent(open_database: None, cast: Cast, label_studio: LabelStudioInTest) -> Graded:
    """Return a session with a task for each fault, whose project there is still to be made."""
    return Graded(cast, label_studio, n_cases=(len(FAULTS) + 1) // 2)


def test_webhook(sent: Graded, live_server: Any) -> None:
    with running_proxy(live_server.url) as between:
        connection = sent.cast.department.label_studio
        # Our server answers to that name, not to a number.
        connection.webhook_base_url = between.url.replace("127.0.0.1", "localhost")
        connection.save()
        sent.sync()
        tasks = [task["id"] for task in sent.there.tasks(sent.project.remote_id or 0)]
        for number, (fault, task) in enumerate(zip(FAULTS, tasks, strict=False), start=1):
            heard = suffer(sent, between, fault, task, SIGNS[number % len(SIGNS)])
            if heard:
                run_due_jobs()
                assert sent.differences() == [], fault
            assert converge(sent, between, [Step.PULL]) == 1, fault
            assert waiting_pulls() == 0
            assert len(everything(sent.session)) == GradeEvent.objects.count() == 3 * number, fault
