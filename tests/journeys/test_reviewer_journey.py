"""A review with disagreement, by keyboard: a wording is proposed, adopted, sent again and approved by two."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from builder.models import CaseState, Decision, Membership, Review, ReviewThread, Role
from tests.cast import Cast
from tests.factories import make_submitted
from tests.journeys.browser import DESK, PHONE, Visitor
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser

WISH = "Say within how many minutes the ECG should be recorded."
BETTER = "Asks for a 12-lead ECG within 5 minutes of arrival."


def look(visitor: Visitor) -> None:
    """Check the page at both widths."""
    for width, height in (PHONE, DESK):
        visitor.page.set_viewport_size({"width": width, "height": height})
        inspect(visitor.page)


def vote(reviewer: Visitor, number: int, words: str = "Agree") -> None:
    """Vote on a criterion with Space and the arrow keys."""
    fieldset = reviewer.page.get_by_role("group", name=f"Your vote on criterion {number}")
    reviewer.keys.reach(fieldset.get_by_role("radio"), most=30)
    reviewer.keys.press("Space")
    for _step in range(["Agree", "Disagree", "Can’t judge"].index(words)):
        reviewer.keys.press("ArrowRight")
    expect(fieldset.get_by_label(words, exact=True)).to_be_checked()


def comment_on(reviewer: Visitor, number: int, text: str, wording: str = "") -> None:
    """Open what stands beside a vote, write a comment and, if there is one, another wording."""
    page, keys = reviewer.page, reviewer.keys
    keys.reach(page.locator("summary", has_text=f"for criterion {number}"), most=2)
    keys.press("Enter")
    keys.write(f"Comment on criterion {number} (optional)", text, most=2)
    if wording:
        keys.reach(page.get_by_label(f"How criterion {number} should read (optional)"), most=1)
        keys.retype(wording)


def approve(reviewer: Visitor, revision: int) -> None:
    """Agree with all three criteria and approve the revision."""
    for number in (1, 2, 3):
        vote(reviewer, number)
    reviewer.keys.button(f"Approve revision {revision}")


def ask_for_changes(reviewer: Visitor) -> None:
    """Ask for changes, after having forgotten to say which: what was voted and written is still there."""
    page, keys = reviewer.page, reviewer.keys
    vote(reviewer, 1, "Disagree")
    comment_on(reviewer, 1, WISH, BETTER)
    vote(reviewer, 2, "Can’t judge")
    comment_on(reviewer, 2, "Plain to whom?")
    vote(reviewer, 3)
    keys.button("Ask for changes")
    expect(page).to_have_title("Error: Review: Chest pain on the ward – Clinwright")
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    first = page.get_by_role("group", name="Your vote on criterion 1")
    expect(first.get_by_label("Disagree")).to_be_checked()
    expect(page.get_by_text(WISH)).to_be_visible()
    expect(page.get_by_label("How criterion 1 should read (optional)")).to_have_value(BETTER)
    look(reviewer)

    keys.reach(page.get_by_role("link", name="Say what should change."), most=1)
    keys.press("Enter")
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    keys.type("One criterion needs a number.")
    keys.button("Ask for changes")
    expect(page.get_by_text("You asked for changes to revision 1.")).to_be_visible()
    look(reviewer)


def adopt_and_answer(author: Visitor) -> None:
    """Take the proposed wording into the draft with one key, answer the other point, and send the case again."""
    page, keys = author.page, author.keys
    keys.link("Open the case")
    expect(page.get_by_text(WISH)).to_be_visible()
    expect(page.locator("#discussion ins").first).to_contain_text("5")
    look(author)
    keys.reach(page.get_by_role("button", name="Adopt this wording"))
    keys.go("Enter")
    expect(page.get_by_text("The wording is in your draft")).to_be_visible()
    expect(page.get_by_text("1 resolved point")).to_be_visible()
    keys.reach(page.locator("summary", has_text="(Criterion 2, raised by Rui)"))
    keys.press("Enter")
    keys.reach(page.locator("#discussion textarea:visible"), most=2)
    keys.type("To somebody who has never been a patient.")
    keys.reach(page.get_by_role("button", name="Answer (Criterion 2, raised by Rui)"), most=1)
    keys.go("Enter")
    expect(page.get_by_text("Your answer is there.")).to_be_visible()
    look(author)
    keys.link("Go on with your draft")
    expect(page.locator("#rubrics-0-criterion")).to_have_value(BETTER)
    keys.button("Send for review", most=200)


def read_again_and_approve(reviewer: Visitor) -> None:
    """See what is new, resolve the point that is left, and approve the new revision."""
    page, keys = reviewer.page, reviewer.keys
    page.goto("/")
    expect(
        page.get_by_text("1 change since revision 1, which you decided on. 2 new answers.")
    ).to_be_visible()
    keys.link("Read and vote")
    expect(page.get_by_role("heading", name="What changed since revision 1")).to_be_visible()
    expect(page.locator(".cw-rubric ins").first).to_contain_text("5")
    expect(page.get_by_text("To somebody who has never been a patient.")).to_be_visible()
    look(reviewer)
    keys.reach(page.locator("summary", has_text="(Criterion 2, raised by Rui)"), most=120)
    keys.press("Enter")
    keys.reach(page.get_by_role("button", name="Resolve (Criterion 2, raised by Rui)"), most=4)
    keys.go("Enter")
    expect(page.get_by_text("The point is resolved.")).to_be_visible()
    approve(reviewer, 2)


def test_disagreement_proposal_adoption_and_approval_by_two(
    visit: Visit, cast: Cast, meanwhile: Meanwhile
) -> None:
    case = make_submitted(cast)
    reviewer = visit(cast.rui)
    expect(reviewer.page.get_by_text("Review next: Chest pain on the ward")).to_be_visible()
    reviewer.keys.link("Read and vote")
    look(reviewer)
    ask_for_changes(reviewer)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.CHANGES_REQUESTED

    adopt_and_answer(visit(cast.ada))
    with meanwhile:
        case.refresh_from_db()
        assert (case.state, case.version) == (CaseState.IN_REVIEW, 2)
        assert case.head.content.rubrics[0].criterion == BETTER

    read_again_and_approve(reviewer)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.IN_REVIEW

    second = visit(cast.rob)
    second.keys.link("Read and vote")
    approve(second, 2)
    look(second)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.APPROVED
        decisions = Review.objects.filter(revision=case.head).values_list("reviewer__name", "decision")
        assert sorted(decisions) == [("Rob", Decision.APPROVE), ("Rui", Decision.APPROVE)]
        # Only the request itself is left: nobody said that it is settled.
        assert [each.criterion_index for each in ReviewThread.objects.filter(resolved_at=None)] == [None]


def test_a_conflict_of_interest_is_declared(visit: Visit, cast: Cast, meanwhile: Meanwhile) -> None:
    make_submitted(cast)
    reviewer = visit(cast.rui)
    reviewer.keys.link("Read and vote")
    reviewer.keys.link("Declare a conflict of interest", most=80)
    look(reviewer)
    reviewer.keys.write("What ties you to this case?", "I treated this patient.")
    reviewer.keys.button("Declare it")
    expect(reviewer.page.get_by_text("Your conflict of interest is declared.")).to_be_visible()
    look(reviewer)
    reviewer.page.goto("/")
    expect(reviewer.page.get_by_text("No case waits for your review.")).to_be_visible()


def test_the_author_is_never_asked_to_review(visit: Visit, cast: Cast) -> None:
    case = make_submitted(cast)
    Membership.objects.create(user=cast.ada, department=cast.department, role=Role.REVIEWER)
    author = visit(cast.ada)
    expect(author.page.get_by_text("No case waits for your review.")).to_be_visible()
    author.page.goto(reverse("builder:case-preview", args=[case.pk]))
    expect(author.page.get_by_role("heading", level=1)).to_have_text("Chest pain on the ward")
    expect(author.page.get_by_role("link", name="Review", exact=True)).to_have_count(0)
    assert author.context.request.get(reverse("builder:case-review", args=[case.pk])).status == 403
