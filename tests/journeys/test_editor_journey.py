"""An author's bad day: no connection, a closed browser, two windows, a mouse, three hundred criteria."""

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from builder.content import Criterion
from builder.models import Case, CaseDraft
from tests.cast import Cast
from tests.factories import make_draft
from tests.journeys.browser import PHONE, Visitor
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser

KOREAN = "환자: 어제부터 가슴이 답답해요.\n의사: 언제 가장 심한가요?\n환자: 계단을 오를 때요. 지금 어떻게 해야 하나요?"
# Smaller than this and a finger misses (WCAG 2.5.8); hidden ones and links inside a sentence don't count.
SMALL = """() => [...document.querySelectorAll('main button, main select, main textarea, main input, main summary')]
  .filter((each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter((each) => !each.closest('.nhsuk-u-visually-hidden') && each.type !== 'hidden')
  .map((each) => [each.id || each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)"""


def edit(who: Visitor, case: Case) -> Page:
    """Open the editor and wait for its script."""
    who.page.goto(f"/cases/{case.pk}/edit/")
    expect(who.page.locator("#checks")).to_be_visible()
    return who.page


def draft_of(case: Case) -> dict[str, Any]:
    """Return what the draft says."""
    found: dict[str, Any] = CaseDraft.objects.get(case=case).content
    return found


def test_text_typed_without_a_connection_is_saved_when_it_is_back(
    visit: Visit, cast: Cast, meanwhile: Meanwhile
) -> None:
    case = make_draft(cast)
    author = visit(cast.ada)
    page = edit(author, case)
    author.context.set_offline(True)
    page.locator("#turns-0-content").fill("Typed in the lift.")
    expect(page.locator("#saved")).to_have_text("Not saved: no connection. Kept in this browser")
    author.keys.reach(page.locator("#turns-0-preview-button, #turns-0-content-preview-button"))
    page.get_by_role("button", name="Save revision").first.press("Enter")
    expect(page.locator("#turns-0-content")).to_have_value("Typed in the lift.")
    with meanwhile:
        assert not CaseDraft.objects.exists()

    author.context.set_offline(False)
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    with meanwhile:
        assert draft_of(case)["prompt"][0]["content"] == "Typed in the lift."
    assert page.evaluate("Object.keys(localStorage).filter((each) => each.startsWith('clinwright:'))") == []


def test_a_browser_closed_without_a_connection_offers_its_text_again(
    visit: Visit, cast: Cast, meanwhile: Meanwhile
) -> None:
    case = make_draft(cast)
    author = visit(cast.ada)
    page = edit(author, case)
    author.context.set_offline(True)
    page.locator("#reference").fill("Typed before the battery died.")
    expect(page.locator("#saved")).to_contain_text("Not saved")
    page.close()
    author.context.set_offline(False)

    author.page = author.context.new_page()
    author.keys.page = author.page
    page = edit(author, case)
    expect(page.locator("#reference")).to_have_value("Record an ECG and call the team.")
    expect(page.locator("#kept-copy")).to_contain_text("This browser kept a text of this case")
    inspect(page)
    author.keys.press_button("Bring it back")
    expect(page.locator("#reference")).to_have_value("Typed before the battery died.")
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    with meanwhile:
        said = draft_of(case)["ideal_completions_data"]["ideal_completion"]
        assert said == "Typed before the battery died."
    page.reload()
    expect(page.locator("#kept-copy")).to_be_hidden()


def test_two_windows_of_one_person_never_overwrite_each_other(
    visit: Visit, cast: Cast, meanwhile: Meanwhile
) -> None:
    case = make_draft(cast)
    author = visit(cast.ada)
    first = edit(author, case)
    second = author.context.new_page()
    second.goto(first.url)
    first.locator("#reference").fill("First window")
    expect(first.locator("#saved")).to_contain_text("Draft saved")
    second.locator("#reference").fill("Second window")
    expect(second.get_by_role("heading", name="You wrote in two windows at once")).to_be_focused()
    expect(second.locator("#conflict")).to_contain_text("First")
    expect(second.locator("#conflict")).to_contain_text("Second")
    with meanwhile:
        assert draft_of(case)["ideal_completions_data"]["ideal_completion"] == "First window"


def test_rows_are_moved_by_mouse_and_by_key(visit: Visit, cast: Cast, meanwhile: Meanwhile) -> None:
    case = make_draft(cast)
    # Both ends of the way are in sight: a page that is scrolled between press and move begins no drag.
    author = visit(cast.ada, size=(1280, 2000))
    page = edit(author, case)
    page.locator(".cw-rowitem summary").first.click()
    page.locator("#rubrics-0-criterion").fill("Typed just before the move.")
    handle, first = page.locator("[data-drag=rubrics-2]"), page.locator(".cw-rowitem").nth(0)
    handle.drag_to(first, target_position={"x": 60, "y": 4})
    expect(page.locator("#rubrics-0-criterion")).to_have_value("Tells the patient to wait at home.")
    expect(page.locator("#rubrics-1-criterion")).to_have_value("Typed just before the move.")
    author.keys.reach(page.get_by_role("button", name="Move criterion 1 down"), most=90)
    author.keys.press("Enter")
    author.keys.wait_on(page.get_by_role("button", name="Move criterion 2 down"))
    expect(page.locator("#rubrics-0-criterion")).to_have_value("Typed just before the move.")
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    page.wait_for_timeout(200)
    with meanwhile:
        points = [criterion["points"] for criterion in draft_of(case)["rubrics"]]
    assert points == [8, -10, 4]


def test_a_finding_is_mended_with_one_key_and_nothing_is_saved_by_it(
    visit: Visit, cast: Cast, meanwhile: Meanwhile
) -> None:
    wrong = Criterion("Tells the patient to wait at home.", 10, ["axis:accuracy"], "c3", red_line=True)
    case = make_draft(cast, rubrics=[Criterion("Asks for an ECG.", 8, ["axis:accuracy"], "c1"), wrong])
    author = visit(cast.ada)
    page = edit(author, case)
    mend = page.locator("#checks .cw-mend").first
    expect(mend).to_be_visible()
    author.keys.reach(mend, most=120)
    author.keys.press("Enter")
    expect(page.locator("#case-fields > [role=status]")).to_contain_text("Look at it before you save")
    expect(page.locator("#rubrics-1-points")).to_have_value("-10")
    inspect(page)
    with meanwhile:
        case.refresh_from_db()
        assert case.version == 1 and case.head.content.rubrics[1].points == 10


def test_a_preview_shows_markdown_and_runs_nothing(visit: Visit, cast: Cast) -> None:
    case = make_draft(cast)
    author = visit(cast.ada)
    page = edit(author, case)
    page.locator("#turns-0-content").fill("**Bold**\n\n- one\n- two\n\n<img src=x onerror=alert(1)>")
    button = page.locator("#turns-0-content-preview-button")
    button.press("Enter")
    shown = page.locator("#turns-0-content-preview")
    expect(shown.locator("strong")).to_have_text("Bold")
    expect(shown.locator("li")).to_have_count(2)
    expect(shown.locator("img")).to_have_count(0)
    expect(button).to_have_attribute("aria-expanded", "true")
    page.locator("#turns-0-content").fill("*Other*")
    expect(shown.locator("em")).to_have_text("Other")
    inspect(page)
    button.press("Enter")
    expect(shown).to_be_empty()


def test_three_hundred_criteria_stay_usable(visit: Visit, cast: Cast, meanwhile: Meanwhile) -> None:
    rubrics = [
        Criterion(f"Names sign number {n}.", 1 + n % 9, ["axis:accuracy"], f"c{n}") for n in range(300)
    ]
    case = make_draft(cast, kind="practice", rubrics=rubrics)
    author = visit(cast.ada)
    page = edit(author, case)
    field = page.locator("#turns-0-content")
    field.focus()
    began = time.monotonic()
    page.keyboard.type("a" * 100)
    # 100 keys; a handler that looked at every row for each key and row would take far longer.
    assert time.monotonic() - began < 5
    expect(page.locator("#saved")).to_contain_text("Draft saved", timeout=30_000)
    page.locator("#add-rubrics").press("Enter")
    expect(page.locator("#rubrics-300-criterion")).to_be_focused(timeout=30_000)
    page.keyboard.type("Names one more sign.")
    page.locator("#rubrics-300-points").fill("3")
    page.locator("#add-rubrics").focus()
    expect(page.locator("#rubric-sum")).to_contain_text("301 criteria", timeout=30_000)
    with meanwhile:
        assert len(draft_of(case)["rubrics"]) == 301


@pytest.mark.parametrize("language", ["en-GB", "ko-KR"])
def test_a_pasted_conversation_becomes_a_case(
    visit: Visit, cast: Cast, meanwhile: Meanwhile, language: str
) -> None:
    author = visit(cast.ada, language=language, size=PHONE)
    page = author.page
    page.goto("/cases/new/paste/")
    author.keys.reach(page.locator("#id_text, [name=text]"))
    author.keys.type(KOREAN)
    author.keys.reach(page.locator("button[value=look]"))
    author.keys.go("Enter")
    expect(page.locator(".cw-turn--assistant")).to_contain_text("언제 가장 심한가요?")
    inspect(page)
    assert page.evaluate(SMALL) == []
    author.keys.reach(page.locator("[name=title]"))
    author.keys.type("가슴 답답함")
    author.keys.reach(page.locator("[name=kind]"))
    author.keys.press("ArrowDown")
    author.keys.reach(page.locator("button[value=start]"))
    author.keys.go("Enter")
    expect(page.locator("h1")).to_have_text("가슴 답답함")
    inspect(page)
    assert page.evaluate(SMALL) == []
    with meanwhile:
        content = CaseDraft.objects.get().content
    assert [turn["role"] for turn in content["prompt"]] == ["user", "assistant", "user"]
    assert content["language"] == "ko"
