"""A lead ends the grading, closes the session and reads what came out."""

import pytest
from playwright.sync_api import Page, expect

from annotations.models import GradingSession
from tests.cast import Cast
from tests.exports.builders import make_release
from tests.journeys.browser import DESK, PHONE, Visitor
from tests.journeys.conftest import Visit
from tests.journeys.inspection import inspect
from tests.journeys.rows import GOOD, POOR, make_graded_session

pytestmark = pytest.mark.browser


def inspect_both(page: Page) -> None:
    """Inspect a page on the desk and on a phone."""
    for width, height in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": height})
        inspect(page)


def end_grading(lead: Visitor, session: GradingSession) -> None:
    """Find the session in the list and end its grading."""
    lead.keys.link("Grading sessions")
    lead.keys.link(f"Session {session.pk}")
    lead.keys.link("End grading")
    inspect(lead.page)
    lead.keys.button("End grading")
    expect(lead.page.get_by_text("Grading has ended. Agreement can be read now.")).to_be_visible()


def close(lead: Visitor) -> None:
    """Close the session with a reason, after having forgotten it once."""
    lead.keys.link("Close session")
    expect(lead.page.get_by_role("heading", name="verdicts are undecided")).to_be_visible()
    inspect(lead.page)
    lead.keys.button("Close session")
    expect(lead.page.locator(".nhsuk-error-summary")).to_be_focused()
    lead.keys.write("Why is the session closed?", "Every answer has two graders.")
    lead.keys.button("Close session")
    expect(lead.page.get_by_text("The session is closed.")).to_be_visible()
    inspect(lead.page)


def test_a_session_is_closed_and_its_reports_are_read(visit: Visit, cast: Cast) -> None:
    session = make_graded_session(cast, make_release(cast, cases=3))
    lead = visit(cast.lou)
    page = lead.page
    end_grading(lead, session)

    lead.keys.link("Agreement")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Agreement: trial==1.0.0")
    expect(page.get_by_text("Krippendorff").first).to_be_visible()
    assert GOOD not in page.content() and POOR not in page.content()
    inspect_both(page)
    page.go_back()

    close(lead)
    lead.keys.link("Scores")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Scores: trial==1.0.0")
    for name in (GOOD, POOR):
        expect(page.get_by_text(name).first).to_be_visible()
    inspect_both(page)
    lead.keys.link("Agreement")
    inspect_both(page)

    answer = lead.context.request.get(f"/sessions/{session.pk}/scores.json")
    assert answer.status == 200
    assert [run["run"] for run in answer.json()["runs"]] == [GOOD, POOR]
