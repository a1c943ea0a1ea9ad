"""Messages as Label Studio sends them, each over a connection of its own, to the product behind gunicorn."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.grading_load import HOST, PATIENCE, gunicorn

WORKERS, THREADS, WARM_UP = 2, 4, 16


def time_webhooks(session_id: int, posts: int, folder: Path) -> dict[str, Any]:
    """Send so many messages about a session's project, one after the other; return p50, p95 and the slowest in seconds.

    Before every other message the pull that waits is done, as far as the table of jobs knows: such a message asks for a
    new one, which costs most. The others find one waiting.
    """
    from django.urls import reverse

    from annotations.models import LabelStudioProject
    from annotations.services.label_studio.requests import PULL
    from annotations.services.label_studio.webhooks import webhook_headers
    from builder.models import Job, JobState

    project = LabelStudioProject.objects.select_related("connection").get(session_rater__session=session_id)
    path = reverse("api:label-studio-webhook", args=[project.connection_id, project.pk])
    headers = {**webhook_headers(project.connection), "Content-Type": "application/json"}
    body, seconds = json.dumps({"action": "ANNOTATION_UPDATED"}), []
    waiting = Job.objects.filter(kind=PULL, state=JobState.READY)
    with gunicorn(folder / "gunicorn.log", workers=WORKERS, threads=THREADS) as port:
        for number in range(WARM_UP + posts):
            if number % 2 == 0:
                waiting.update(state=JobState.SUCCESSFUL)
            began = time.perf_counter()
            connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            seconds.append(time.perf_counter() - began)
            connection.close()
            assert answer.status == 204, answer.status
    asked = Job.objects.filter(kind=PULL).count()
    assert asked == (WARM_UP + posts) // 2, asked
    measured = seconds[WARM_UP:]
    return {
        "p50": statistics.median(measured),
        "p95": statistics.quantiles(measured, n=100, method="inclusive")[94],
        "slowest": max(measured),
        "tasks": project.tasks.count(),
    }
