"""The review with disagreement and re-approval as a Korean department lives it: by places, not by words."""

import pytest
from playwright.sync_api import expect

from builder.content import Criterion, Turn
from builder.models import Case, CaseState, Decision, Review, ReviewThread, User
from tests.cast import Cast
from tests.factories import make_submitted
from tests.journeys.browser import DESK, PHONE, Visitor
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser

RUBRIC = [
    Criterion("지금 바로 119에 전화하라고 말한다.", 8, ["axis:accuracy"], "c1"),
    Criterion("빨리 심전도를 찍으라고 한다.", 5, ["axis:completeness"], "c2"),
    Criterion("아침까지 기다리라고 한다.", -9, ["axis:accuracy"], "c3", red_line=True),
]
WORDING = "10분 안에 12유도 심전도를 찍으라고 한다."
WISH = "몇 분 안인지 적어 주세요."


def look(visitor: Visitor) -> None:
    """Inspect the page as it stands, on a phone and on a desk."""
    expect(visitor.page.locator("html")).to_have_attribute("lang", "ko")
    for width, height in (PHONE, DESK):
        visitor.page.set_viewport_size({"width": width, "height": height})
        inspect(visitor.page)


def follow(visitor: Visitor, selector: str) -> None:
    """Reach what the selector names with Tab, and go where it leads."""
    visitor.keys.reach(visitor.page.locator(selector).first, most=90)
    visitor.keys.go("Enter")


def vote(reviewer: Visitor, index: int, *, agree: bool) -> None:
    """Vote on a criterion with Space and the arrow keys."""
    radios = reviewer.page.locator(f"input[name=vote-{index}]")
    reviewer.keys.reach(radios, most=40)
    reviewer.keys.press("Space")
    if not agree:
        reviewer.keys.press("ArrowRight")
    value = "agree" if agree else "disagree"
    expect(reviewer.page.locator(f"input[name=vote-{index}][value={value}]")).to_be_checked()


def decide(reviewer: Visitor, decision: Decision) -> None:
    """Send the decision."""
    follow(reviewer, f"button[name=decision][value={decision.value}]")


def disagree_and_propose(reviewer: Visitor) -> None:
    """Disagree with the second criterion and say how it should read."""
    page, keys = reviewer.page, reviewer.keys
    vote(reviewer, 0, agree=True)
    vote(reviewer, 1, agree=False)
    keys.reach(page.locator("details:has([name=vote-1-wording]) summary"), most=3)
    keys.press("Enter")
    keys.reach(page.locator("[name=vote-1-wording]"), most=3)
    keys.retype(WORDING)
    vote(reviewer, 2, agree=True)
    keys.reach(page.locator("[name=comment]"))
    keys.type(WISH)
    look(reviewer)
    decide(reviewer, Decision.REQUEST_CHANGES)
    look(reviewer)


def adopt_and_send_again(author: Visitor, case: Case) -> None:
    """Take the wording over, save it as a revision, and send the case again."""
    page, keys = author.page, author.keys
    page.goto(f"/cases/{case.pk}/")
    expect(page.locator("#discussion")).to_contain_text(WISH)
    look(author)
    follow(author, "button[name=action][value=adopt]")
    expect(page.locator("button[name=action][value=adopt]")).to_have_count(0)
    follow(author, f"main a[href='/cases/{case.pk}/edit/']")
    expect(page.locator("#rubrics-1-criterion")).to_have_value(WORDING)
    look(author)
    keys.reach(page.locator("button[name=action][value=submit]"), most=90)
    keys.go("Enter")
    look(author)


def approve(reviewer: Visitor, case: Case) -> None:
    """Agree with everything and approve."""
    reviewer.page.goto(f"/cases/{case.pk}/review/")
    look(reviewer)
    for index in range(len(RUBRIC)):
        vote(reviewer, index, agree=True)
    decide(reviewer, Decision.APPROVE)


def test_disagreement_adoption_and_approval_in_korean(visit: Visit, cast: Cast, meanwhile: Meanwhile) -> None:
    User.objects.update(language="ko")
    prompt = [Turn("user", "62세 아버지가 20분째 가슴이 조인다고 하십니다. 아침까지 기다려도 될까요?")]
    case = make_submitted(cast, title="야간 흉통", language="ko", prompt=prompt, rubrics=RUBRIC)
    rui, ada, rob = (visit(each, language="ko") for each in (cast.rui, cast.ada, cast.rob))
    follow(rui, f"main a[href='/cases/{case.pk}/review/']")
    disagree_and_propose(rui)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.CHANGES_REQUESTED
        assert ReviewThread.objects.filter(case=case, resolved_at=None).count() == 2

    adopt_and_send_again(ada, case)
    with meanwhile:
        case.refresh_from_db()
        assert (case.state, case.version) == (CaseState.IN_REVIEW, 2)
        assert case.head is not None
        assert case.head.content.rubrics[1].criterion == WORDING

    rui.page.goto(f"/cases/{case.pk}/review/")
    # Whole words, as somebody reads them who looks for the difference.
    expect(rui.page.locator(".cw-rubric ins").first).to_have_text("10분 안에 12유도")
    approve(rui, case)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.IN_REVIEW
    approve(rob, case)
    look(rob)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.APPROVED
        assert Review.objects.filter(revision=case.head, decision=Decision.APPROVE).count() == 2
