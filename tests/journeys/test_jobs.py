"""Somebody waits for a job: the page moves by itself, tells the end once, and then asks no more."""

import re

import pytest
from playwright.sync_api import Request, expect

from builder.jobs import holds, register_job
from builder.jobs.holds import Hold, Progress
from builder.models import Job
from builder.services.jobs import enqueue_job
from tests.cast import Cast
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser


def test_the_page_follows_the_job_to_its_end(visit: Visit, cast: Cast, meanwhile: Meanwhile) -> None:
    register_job("errand", "Import of cases", lambda _context: {}, summary=lambda _job: "12 cases are in.")
    job = enqueue_job(kind="errand", arguments={}, by=cast.ada)
    visitor = visit(cast.ada)
    page = visitor.page
    asked: list[str] = []

    def note(request: Request) -> None:
        if "seen=" in request.url:
            asked.append(request.url)

    page.on("request", note)
    page.goto(f"/jobs/{job.uuid}/")
    expect(page.get_by_role("heading", name="It begins in a moment.")).to_be_visible()
    visitor.keys.reach(page.get_by_role("button", name="Cancel this job"))
    with meanwhile:
        assert holds.take("worker", job.pk)
        Hold(job.pk, "worker", 1).renew(Progress(3, 12, "Writing"))
    expect(page.get_by_label("Writing: 3 of 12")).to_be_visible()
    expect(page.locator("#job-news")).to_have_text("It is being done now.")
    # Whoever stood on the button stands there still, though all around it is new.
    expect(page.get_by_role("button", name="Cancel this job")).to_be_focused()
    inspect(page)
    with meanwhile:
        job = Job.objects.get(pk=job.pk)
        assert Hold(job.pk, "worker", 1).end("successful")
    expect(page.get_by_role("heading", name="It is done.")).to_be_visible()
    expect(page.get_by_text("12 cases are in.")).to_be_visible()
    expect(page.locator("#job-news")).to_have_text("It is done.")
    count = len(asked)
    page.wait_for_timeout(4500)
    assert len(asked) == count


def test_the_job_is_cancelled_by_keyboard(visit: Visit, cast: Cast) -> None:
    register_job("errand", "Import of cases", lambda _context: {})
    job = enqueue_job(kind="errand", arguments={}, by=cast.ada)
    visitor = visit(cast.ada)
    visitor.page.goto("/account/")
    visitor.keys.reach(visitor.page.get_by_role("link", name="Jobs"))
    visitor.keys.go("Enter")
    visitor.keys.reach(visitor.page.get_by_role("link", name="Import of cases"))
    visitor.keys.go("Enter")
    expect(visitor.page).to_have_url(re.compile(f"/jobs/{job.uuid}/$"))
    visitor.keys.reach(visitor.page.get_by_role("button", name="Cancel this job"))
    visitor.keys.go("Enter")
    expect(visitor.page.get_by_role("heading", name="It was cancelled.")).to_be_visible()
    inspect(visitor.page)
