"""A grader judges answers blind: with digits alone, with breaks, with notes, on a phone, and in Korean."""

import pytest
from django.utils import translation
from playwright.sync_api import expect

from annotations.models import Grade, GradingSession
from annotations.services.sessions import open_session
from builder.content import Turn
from builder.models import User
from tests.annotations.rows import assignment_of, make_release, make_run, make_session
from tests.cast import Cast
from tests.factories import make_content
from tests.journeys.browser import PHONE, Visitor
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import check_width, inspect

pytestmark = pytest.mark.browser

# Eight verdicts and Enter, with room for looking around.
MOST_KEYS = 20
# What a Korean input method sends for the first keys of the desk: no letter or digit, only the key's place.
INPUT_METHOD = {"key": "Process", "windowsVirtualKeyCode": 229}


@pytest.fixture
def session(open_database: None, cast: Cast) -> GradingSession:
    """Two cases with eight criteria, answered by two runs: four answers for Gia and for Gus."""
    return make_session(cast, n_cases=2, n_criteria=8)


def sit_down(grader: Visitor, position: int) -> None:
    """Follow the one thing My work asks for, to the desk."""
    grader.keys.link("Grade the next answer")
    expect(grader.page).to_have_title(f"Grade answer {position} of 4 – Clinwright")


def current(grader: Visitor) -> int:
    """Return the number of the criterion the desk stands on."""
    return int(grader.page.locator('[aria-current="true"]').get_attribute("data-criterion") or -1) + 1


def delivered(grader: Visitor) -> None:
    """Wait until the server has everything that was given."""
    waits = "Object.keys(localStorage).some(each => each.startsWith('clinwright.private'))"
    for _moment in range(100):
        if not grader.page.evaluate(waits):
            return
        grader.page.wait_for_timeout(100)
    raise AssertionError("The server didn't get everything.")


def verdicts_of(grader: Visitor) -> list[str]:
    """Return the ticked verdicts on the page, in order; empty where there is none."""
    rows = grader.page.locator("[data-criterion]").all()
    return [
        row.evaluate("each => each.querySelector('input[type=radio]:checked')?.value ?? ''") for row in rows
    ]


def test_eight_criteria_are_judged_with_digits_alone(
    visit: Visit, cast: Cast, session: GradingSession, meanwhile: Meanwhile
) -> None:
    grader = visit(cast.gia)
    inspect(grader.page)
    sit_down(grader, 1)
    inspect(grader.page)
    expect(grader.page.locator("#criterion-8")).to_be_in_viewport(ratio=1)
    assert not any(run.name in grader.page.content() for run in session.runs.all())

    before = grader.keys.pressed
    grader.keys.press("1", "2", "3", "1", "1", "2", "1", "2")
    expect(grader.page.locator("#desk-state")).to_contain_text("8 of 8 judged")
    grader.keys.press("Enter")
    assert grader.keys.pressed - before <= MOST_KEYS
    expect(grader.page).to_have_title("Grade answer 2 of 4 – Clinwright")
    delivered(grader)
    with meanwhile:
        grades = Grade.objects.filter(assignment=assignment_of(cast.gia, session, 1)).order_by(
            "criterion_index"
        )
        given = [str(grade.verdict) for grade in grades]
        assert given == ["met", "not_met", "cannot_judge", "met", "met", "not_met", "met", "not_met"]


def test_a_break_loses_nothing(visit: Visit, cast: Cast, session: GradingSession) -> None:
    grader = visit(cast.gia)
    sit_down(grader, 1)
    grader.keys.press(*"11111111")
    grader.keys.go("Enter")
    grader.keys.press("1", "2")
    grader.keys.reach_back(grader.page.get_by_role("button", name="Save and pause"))
    grader.keys.go("Enter")
    expect(grader.page.get_by_text("Your verdicts are saved.")).to_be_visible()
    expect(grader.page.locator("label", has_text="1 of 4 answers graded")).to_be_visible()
    inspect(grader.page)
    grader.leave()

    grader = visit(cast.gia)
    sit_down(grader, 2)
    assert verdicts_of(grader) == ["met", "not_met", *[""] * 6]
    assert current(grader) == 3


def test_a_note_takes_letters_and_digits_as_text(
    visit: Visit, cast: Cast, session: GradingSession, meanwhile: Meanwhile
) -> None:
    grader = visit(cast.gia)
    page, keys = grader.page, grader.keys
    sit_down(grader, 1)
    keys.press("2", "ArrowUp", "n")
    expect(page.get_by_label("Note on criterion 1", exact=True)).to_be_focused()
    keys.type("Names 1 of 3 steps, no number. 2 are missing.")
    assert verdicts_of(grader) == ["not_met", *[""] * 7]
    inspect(page)
    with page.expect_response(lambda answer: answer.url.endswith("/save/")):
        keys.press("Escape")
    assert current(grader) == 1
    keys.press("1")
    expect(page.locator("#desk-state")).to_contain_text("saved")
    with meanwhile:
        grade = Grade.objects.get(assignment=assignment_of(cast.gia, session, 1))
        assert (grade.verdict, grade.explanation) == ("met", "Names 1 of 3 steps, no number. 2 are missing.")


def test_the_keys_can_be_switched_off_and_the_radios_still_do_everything(
    visit: Visit, cast: Cast, session: GradingSession
) -> None:
    grader = visit(cast.gia)
    page, keys = grader.page, grader.keys
    sit_down(grader, 1)
    keys.reach_back(page.get_by_label("Keys", exact=True))
    keys.press("Space")
    first = page.get_by_role("group", name="Criterion 1:").get_by_role("radio")
    keys.reach(first)
    keys.press("1", "2")
    assert verdicts_of(grader) == [""] * 8
    keys.press("Space", "ArrowRight")
    assert verdicts_of(grader) == ["not_met", *[""] * 7]
    expect(page.locator("#desk-state")).to_contain_text("saved")

    page.reload()
    expect(page.get_by_label("Keys", exact=True)).not_to_be_checked()
    assert verdicts_of(grader) == ["not_met", *[""] * 7]


def test_the_desk_on_a_phone(visit: Visit, cast: Cast) -> None:
    long = make_content(prompt=[Turn("user", "It began this morning. " * 100)])
    release = make_release(cast, contents=[long] * 4)
    open_session(
        release=release,
        runs=[make_run(release, "m1", by=cast.lou)],
        graders=[cast.gia],
        overlap=1,
        by=cast.lou,
    )
    grader = visit(cast.gia, size=PHONE)
    sit_down(grader, 1)
    page = grader.page
    inspect(page)
    expect(page.locator("#heading-answer")).to_be_in_viewport()
    expect(page.locator("#heading-criteria")).not_to_be_in_viewport()
    grader.keys.reach(page.get_by_role("link", name="Criteria, 0 of 3"))
    grader.keys.press("Enter")
    expect(page.locator("#heading-criteria")).to_be_in_viewport()
    grader.keys.reach(page.get_by_role("group", name="Criterion 1:").get_by_role("radio"))
    grader.keys.press("Space")
    expect(page.locator(".cw-jump")).to_contain_text("1 of 3")
    grader.keys.reach_back(page.get_by_role("link", name="Answer", exact=True))
    grader.keys.press("Enter")
    expect(page.locator("#heading-answer")).to_be_in_viewport()


@pytest.mark.parametrize("size", [(1280, 800), PHONE], ids=["desk", "phone"])
def test_the_desk_in_korean(visit: Visit, cast: Cast, session: GradingSession, size: tuple[int, int]) -> None:
    User.objects.filter(pk=cast.gia.pk).update(language="ko")
    grader = visit(cast.gia, language="ko", size=size)
    page = grader.page
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    with translation.override("ko"):
        work = translation.gettext("My work")
        met = translation.gettext("Met")
    expect(page.get_by_role("heading", level=1)).to_have_text(work)
    inspect(page)
    page.goto(f"/sessions/{session.pk}/grade/")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    inspect(page)

    if size == PHONE:
        page.locator(".cw-jump a").nth(1).click()
        inspect(page)
    page.locator("#criterion-1").focus()
    hands = grader.context.new_cdp_session(page)
    for code in ("Digit1", "Digit2", "KeyN"):
        hands.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "code": code, **INPUT_METHOD})
        hands.send("Input.dispatchKeyEvent", {"type": "keyUp", "code": code, **INPUT_METHOD})
    assert verdicts_of(grader) == ["met", "not_met", *[""] * 6]
    expect(page.locator('textarea[name="note-2"]')).to_be_focused()
    expect(page.locator("#criterion-1 label").first).to_contain_text(met)
    check_width(page)
