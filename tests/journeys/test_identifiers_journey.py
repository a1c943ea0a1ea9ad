"""What identifies a person stops a case before review, until every passage is gone or has its reason."""

import pytest
from playwright.sync_api import expect

from builder.content import Turn
from builder.models import CaseState, IdentifierAttestation, User
from tests.cast import Cast
from tests.factories import make_draft
from tests.journeys.browser import DESK, PHONE
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser

TURNS = {
    "en": "Mrs Brockway has chest pain. Call her son on 07700 900123.",
    "ko": "환자 김도현(45세/남)이 흉통으로 내원하였다. 연락처는 010-1234-5678이다.",
}
REASON = {"en": "Invented for this case.", "ko": "이 증례를 위해 지어낸 것입니다."}
REPEATED = {"en": "Mrs Brockway is invented.", "ko": "김도현은 지어낸 이름입니다."}


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_case_is_stopped_and_let_through(
    visit: Visit, cast: Cast, meanwhile: Meanwhile, language: str, size: tuple[int, int]
) -> None:
    """By keyboard, and by places rather than words, so that both languages go the same way."""
    case = make_draft(cast, language=language, prompt=[Turn("user", TURNS[language])])
    User.objects.filter(pk=cast.ada.pk).update(language=language)
    author = visit(cast.ada, language=language, size=size)
    page, keys = author.page, author.keys
    page.goto(f"/cases/{case.pk}/")
    submit = page.locator("form[action$='/submit/'] button")
    keys.reach(submit)
    keys.go("Enter")
    stopped = page.locator(".nhsuk-error-summary a")
    expect(stopped).to_have_count(2)
    inspect(page)

    keys.reach(stopped.first)
    keys.go("Enter")
    expect(page).to_have_url(f"{page.url.split('/cases/')[0]}/cases/{case.pk}/identifiers/")
    assert TURNS[language][:6] not in page.content()
    inspect(page)

    keys.reach(page.locator("#passage-1-reason"))
    keys.type(REPEATED[language])
    keys.press("Tab")
    keys.go("Enter")
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    expect(page.locator("#passage-1-reason")).to_have_value(REPEATED[language])
    inspect(page)

    for left in (1, 0):
        keys.reach(page.locator("#passage-1-reason"))
        keys.retype(REASON[language])
        keys.press("Tab")
        keys.go("Enter")
        expect(page.locator("textarea")).to_have_count(left)
    inspect(page)

    page.goto(f"/cases/{case.pk}/")
    keys.reach(submit)
    keys.go("Enter")
    expect(page.locator(".nhsuk-error-summary")).to_have_count(0)
    with meanwhile:
        case.refresh_from_db()
        assert case.state == CaseState.IN_REVIEW
        assert IdentifierAttestation.objects.filter(case=case).count() == 2
