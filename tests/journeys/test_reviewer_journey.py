"""Reviewers vote, ask for changes and approve; nobody approves a case of their own."""

import msgspec
import pytest
from django.urls import reverse
from playwright.sync_api import expect

from builder.models import Case, CaseState, Decision, Membership, Review, Role
from builder.services.cases import save_revision, submit_case
from tests.cast import Cast
from tests.factories import make_submitted
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser

WISH = "Say within how many minutes the ECG should be recorded."


def vote(reviewer: Visitor, number: int, *, agree: bool) -> None:
    """Vote on a criterion with Space and the arrow keys."""
    fieldset = reviewer.page.get_by_role("group", name=f"Your vote on criterion {number}")
    reviewer.keys.reach(fieldset.get_by_role("radio"), most=30)
    reviewer.keys.press("Space")
    if not agree:
        reviewer.keys.press("ArrowRight")
    expect(fieldset.get_by_label("Agree" if agree else "Disagree", exact=True)).to_be_checked()


def comment_on(reviewer: Visitor, number: int, text: str) -> None:
    """Open the comment of a criterion and write it."""
    page, keys = reviewer.page, reviewer.keys
    keys.reach(page.locator("summary", has_text=f"on criterion {number}"), most=2)
    keys.press("Enter")
    keys.write(f"Comment on criterion {number} (optional)", text, most=2)


def approve(reviewer: Visitor, revision: int) -> None:
    """Agree with all three criteria and approve the revision."""
    for number in (1, 2, 3):
        vote(reviewer, number, agree=True)
    reviewer.keys.button(f"Approve revision {revision}")


def revise(case: Case, cast: Cast) -> None:
    """Let Ada change the first criterion and send the case again."""
    content = case.head.content
    first = msgspec.structs.replace(content.rubrics[0], criterion="Asks for a 12-lead ECG within 5 minutes.")
    changed = msgspec.structs.replace(content, rubrics=[first, *content.rubrics[1:]])
    save_revision(case=case, content=changed, base_version=case.version, by=cast.ada)
    case.refresh_from_db()
    submit_case(case=case, by=cast.ada)


def ask_for_changes(reviewer: Visitor) -> None:
    """Ask for changes, after having forgotten to say which: what was voted is still there."""
    page, keys = reviewer.page, reviewer.keys
    vote(reviewer, 1, agree=False)
    comment_on(reviewer, 1, WISH)
    vote(reviewer, 2, agree=True)
    vote(reviewer, 3, agree=True)
    keys.button("Ask for changes")
    expect(page).to_have_title("Error: Review: Chest pain on the ward – Clinwright")
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    expect(
        page.get_by_role("group", name="Your vote on criterion 1").get_by_label("Disagree")
    ).to_be_checked()
    expect(page.get_by_text(WISH)).to_be_visible()
    inspect(page)

    keys.reach(page.get_by_role("link", name="Say what should change."), most=1)
    keys.press("Enter")
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    keys.type("One criterion needs a number.")
    keys.button("Ask for changes")
    inspect(page)


def test_a_case_is_sent_back_and_then_approved_by_two(visit: Visit, cast: Cast, meanwhile: Meanwhile) -> None:
    case = make_submitted(cast)
    reviewer = visit(cast.rui)
    expect(reviewer.page.get_by_text("Review next: Chest pain on the ward")).to_be_visible()
    reviewer.keys.link("Read and vote")
    inspect(reviewer.page)
    ask_for_changes(reviewer)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.CHANGES_REQUESTED
        revise(case, cast)

    reviewer.page.goto("/")
    reviewer.keys.link("Read and vote")
    expect(reviewer.page.get_by_role("heading", name="What changed since revision 1")).to_be_visible()
    expect(reviewer.page.locator("ins").first).to_contain_text("5")
    inspect(reviewer.page)
    approve(reviewer, 2)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.IN_REVIEW

    second = visit(cast.rob)
    second.keys.link("Read and vote")
    approve(second, 2)
    inspect(second.page)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.APPROVED
        decisions = Review.objects.filter(revision=case.head).values_list("reviewer__name", "decision")
        assert sorted(decisions) == [("Rob", Decision.APPROVE), ("Rui", Decision.APPROVE)]


def test_the_author_is_never_asked_to_review(visit: Visit, cast: Cast) -> None:
    case = make_submitted(cast)
    Membership.objects.create(user=cast.ada, department=cast.department, role=Role.REVIEWER)
    author = visit(cast.ada)
    expect(author.page.get_by_text("No case waits for your review.")).to_be_visible()
    author.page.goto(reverse("builder:case-preview", args=[case.pk]))
    expect(author.page.get_by_role("heading", level=1)).to_have_text("Chest pain on the ward")
    expect(author.page.get_by_role("link", name="Review", exact=True)).to_have_count(0)
    assert author.context.request.get(reverse("builder:case-review", args=[case.pk])).status == 403
