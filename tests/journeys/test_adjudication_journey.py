"""A lead settles what graders disagree about, by keyboard alone, in English and in Korean: by places, not by words."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from annotations.models import Assignment, GradingSession, Resolution, Ruling
from annotations.selectors.disagreements import list_disagreements
from annotations.services.grades import GivenVerdict, save_grades
from builder.models import User
from tests.annotations.disputed import annotate, disputed, number_of
from tests.cast import Cast
from tests.journeys.browser import DESK, PHONE, Visitor
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser

RULINGS = [str(ruling) for ruling in Ruling.values]


def look(visitor: Visitor, language: str) -> None:
    """Inspect the page as it stands, on a phone and on a desk; no system and no grader is named on it."""
    expect(visitor.page.locator("html")).to_have_attribute("lang", language)
    for width, height in (PHONE, DESK):
        visitor.page.set_viewport_size({"width": width, "height": height})
        inspect(visitor.page)
    words = visitor.page.locator("main").inner_text()
    assert "m1" not in words and "Gus" not in words


def follow(visitor: Visitor, selector: str) -> None:
    """Reach what the selector names with Tab, and go where it leads."""
    visitor.keys.reach(visitor.page.locator(selector).first, most=90)
    visitor.keys.go("Enter")


def rule(visitor: Visitor, ruling: str, reason: str) -> None:
    """Choose a ruling with Space and the arrow keys, say why, and go on."""
    page, keys = visitor.page, visitor.keys
    keys.reach(page.locator("input[name=verdict]"), most=60)
    keys.press("Space", *["ArrowRight"] * RULINGS.index(ruling))
    expect(page.locator(f"input[name=verdict][value={ruling}]")).to_be_checked()
    keys.reach(page.locator("textarea[name=reason]"), most=3)
    keys.type(reason)
    follow(visitor, "form.cw-rule button[type=submit]")


def ask_geo(visitor: Visitor, language: str) -> None:
    """Ask Geo as a third about everything that is in dispute in this answer."""
    follow(visitor, ".cw-rule a[href$='/third/']")
    look(visitor, language)
    visitor.keys.reach(visitor.page.locator("select[name=grader]"), most=40)
    visitor.keys.type("Geo")
    follow(visitor, "main button[type=submit]")


def take_back(visitor: Visitor, language: str) -> None:
    """Take the newest ruling back."""
    follow(visitor, "a[href$='/withdraw/']")
    look(visitor, language)
    visitor.keys.reach(visitor.page.locator("textarea[name=reason]"), most=40)
    visitor.keys.type("It was the other answer.")
    follow(visitor, "main button[type=submit]")


def unit(session: GradingSession, place: int, number: int) -> str:
    """Return the address of one decision."""
    return reverse("annotations:session-disagreement", args=[session.pk, number_of(session, place), number])


@pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("ko-KR", "ko")])
def test_disagreements_are_settled_by_keyboard(
    visit: Visit, cast: Cast, meanwhile: Meanwhile, locale: str, language: str
) -> None:
    session = disputed(cast)
    annotate(session, cast.gia, 0, 2, explanation="It sends them home.", quote="Record an ECG")
    User.objects.update(language=language)
    lead = visit(cast.lou, language=locale)
    the_list = reverse("annotations:session-disagreements", args=[session.pk])

    follow(lead, f"a[href='{the_list}']")
    look(lead, language)
    follow(lead, ".cw-head a.nhsuk-button")
    assert lead.page.url.endswith(unit(session, 0, 3))
    look(lead, language)
    expect(lead.page.locator("mark")).to_have_text("Record an ECG")

    follow(lead, "form.cw-rule button[type=submit]")
    expect(lead.page.locator(".nhsuk-error-summary")).to_be_focused()
    look(lead, language)
    rule(lead, "not_met", "It only says to prepare.")
    assert lead.page.url.endswith(unit(session, 1, 1) + "#decision")

    follow(lead, f"form.cw-rule a[href='{unit(session, 0, 1)}#decision']")
    ask_geo(lead, language)
    assert lead.page.url.endswith(unit(session, 1, 1) + "#decision")
    rule(lead, "unclear", "What is meant is not said.")
    assert lead.page.url.endswith(the_list)
    expect(lead.page.locator("#to-decide .cw-count")).to_have_text("0")
    look(lead, language)

    take_back(lead, language)
    expect(lead.page.locator("#to-decide .cw-count")).to_have_text("1")
    look(lead, language)
    with meanwhile:
        third = Assignment.objects.get(session=session, rater__user=cast.geo)
        save_grades(assignment=third, verdicts={0: GivenVerdict("met")}, by=cast.geo)
        standing = Resolution.objects.get(withdrawn_at=None)
        found = list_disagreements(session)
    assert (standing.verdict, standing.reason) == ("not_met", "It only says to prepare.")
    assert ([row.criterion_index for row in found.decided], len(found.to_decide)) == ([0], 1)
