"""More of the desk by keyboard: undo, words of the answer, flag, skip, practice, all keys, pictures, time."""

import json
import re

import pytest
from playwright.sync_api import Route, expect

from annotations.models import Assignment, Grade, GradeEvent, GradingSession
from annotations.services.sessions import open_session
from builder.content import Criterion
from builder.models import User
from tests.annotations.desk_rows import WHY, practising
from tests.annotations.rows import assignment_of, make_release, make_run, make_session
from tests.cast import Cast
from tests.factories import make_content
from tests.journeys.browser import DESK, PHONE, Visitor
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser

# Eight verdicts, and Enter to go on.
MOST_KEYS = 20
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def session(open_database: None, cast: Cast) -> GradingSession:
    """Two cases with eight criteria, the last a red line, answered by two runs: four answers for Gia and for Gus."""
    return make_session(cast, n_cases=2, n_criteria=8)


def verdicts_of(grader: Visitor) -> list[str]:
    """Return the ticked verdicts on the page, in order; empty where there is none."""
    rows = grader.page.locator("[data-criterion]").all()
    return [
        row.evaluate("each => each.querySelector('input[type=radio]:checked')?.value ?? ''") for row in rows
    ]


def sit_down(grader: Visitor, session: GradingSession, position: int = 1) -> None:
    """Open an answer, and wait until the next ones are fetched."""
    grader.page.goto(f"/sessions/{session.pk}/grade/{position}/")
    grader.page.wait_for_load_state("networkidle")


def press_and_wait(grader: Visitor, key: str) -> None:
    """Give a verdict, and wait until the page has read the server's answer.

    The test's clock governs the page's time-outs too: forwarded earlier, it would cut the answer off.
    """
    with grader.page.expect_response("**/save/") as answer:
        grader.keys.press(key)
    answer.value.finished()
    expect(grader.page.locator("#desk-state .cw-saved")).to_have_class("cw-saved")


def select_words(grader: Visitor, words: str) -> None:
    """Select words of the answer, as with the mouse."""
    grader.page.locator(".cw-turn--answer p").first.evaluate(
        """(paragraph, words) => {
          const node = paragraph.firstChild
          const start = node.data.indexOf(words)
          getSelection().setBaseAndExtent(node, start, node, start + words.length)
        }""",
        words,
    )


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_eight_criteria_take_at_most_twenty_keys(
    visit: Visit, cast: Cast, session: GradingSession, language: str, size: tuple[int, int]
) -> None:
    User.objects.filter(pk=cast.gia.pk).update(language=language)
    grader = visit(cast.gia, language=language, size=size)
    sit_down(grader, session)
    inspect(grader.page)
    before = grader.keys.pressed
    if size == PHONE:
        grader.keys.reach(grader.page.locator(".cw-jump a").nth(1))
        grader.keys.press("Enter")
        inspect(grader.page)
        grader.keys.reach(grader.page.locator("[data-criterion] input[value=met]").first)
    grader.keys.press(*"12311212", "Enter")
    grader.page.wait_for_url("**/grade/2/")
    assert grader.keys.pressed - before <= MOST_KEYS
    expect(grader.page.locator("html")).to_have_attribute("lang", language)
    inspect(grader.page)
    assert grader.page.locator("[data-criterion]").count() == 8


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_moves_while_the_mouse_is_down(
    visit: Visit, cast: Cast, open_database: None, size: tuple[int, int]
) -> None:
    """A verdict would be lost: where the button comes up again, there is something else.

    What a judged criterion offers (Clear) takes a line of its own where the others fill theirs, whatever the font.
    """
    n_criteria = 24
    rubrics = [Criterion(f"Names step {n}.", 5, [f"axis:{'m' * (4 + n)}"]) for n in range(n_criteria)]
    release = make_release(cast, contents=[make_content("Chest pain", rubrics=rubrics)])
    session = open_session(
        release=release, runs=[make_run(release, "run-a", by=cast.lou)], graders=[cast.gia], by=cast.lou
    )
    grader = visit(cast.gia, size=size)
    sit_down(grader, session)
    page = grader.page
    if size == PHONE:
        page.locator(".cw-jump a").nth(1).click()
    heights = (
        "() => [...document.querySelectorAll('.cw-crit')].map(each => each.getBoundingClientRect().height)"
    )
    for index in range(n_criteria):
        choice = page.locator(f"#criterion-{index + 1} .cw-seg label").nth(index % 3)
        choice.hover()
        before = page.evaluate(heights)
        page.mouse.down()
        assert page.evaluate(heights) == before
        page.mouse.up()
    assert verdicts_of(grader) == ["met", "not_met", "cannot_judge"] * (n_criteria // 3)


def test_undo_takes_back_the_last_acts_one_by_one(
    visit: Visit, cast: Cast, session: GradingSession, meanwhile: Meanwhile
) -> None:
    grader = visit(cast.gia)
    keys = grader.keys
    sit_down(grader, session)
    keys.press("1", "2", "ArrowUp", "3")
    assert verdicts_of(grader)[:3] == ["met", "cannot_judge", ""]
    keys.press("z")
    assert verdicts_of(grader)[:3] == ["met", "not_met", ""]
    keys.press("z")
    assert verdicts_of(grader)[:3] == ["met", "", ""]
    keys.press("z", "z")
    assert verdicts_of(grader) == [""] * 8
    expect(grader.page.locator("#desk-live")).to_contain_text("saved")
    keys.press("z")
    expect(grader.page.locator("#desk-live")).to_have_text("There is nothing to take back on this page.")
    with meanwhile:
        events = GradeEvent.objects.filter(assignment=assignment_of(cast.gia, session, 1)).order_by("pk")
        assert [(event.criterion_index, event.verdict) for event in events] == [
            (0, "met"), (1, "not_met"), (1, "cannot_judge"), (1, "not_met"), (1, ""), (0, ""),
        ]  # fmt: skip
        assert not Grade.objects.exists()


def test_a_red_line_keeps_the_words_that_cross_it(
    visit: Visit, cast: Cast, session: GradingSession, meanwhile: Meanwhile
) -> None:
    grader = visit(cast.gia)
    page, keys = grader.page, grader.keys
    sit_down(grader, session)
    ask = page.get_by_label("Which words of the answer cross this line?")
    expect(ask).to_be_hidden()
    keys.press(*"2222222", "1")
    expect(ask).to_be_visible()
    expect(page.locator("#desk-live")).to_contain_text("Which words of the answer cross this line?")
    inspect(page)
    select_words(grader, "an ECG now")
    keys.press("q")
    expect(ask).to_have_value("an ECG now")
    expect(page.locator(".cw-turn--answer mark")).to_have_text("an ECG now")
    inspect(page)
    expect(page.locator("#desk-state")).to_contain_text("saved")
    with meanwhile:
        assert Grade.objects.get(criterion_index=7).quote == "an ECG now"
    keys.press("z")
    expect(page.locator(".cw-turn--answer mark")).to_have_count(0)
    keys.press("q")
    expect(ask).to_be_focused()
    keys.type("Record")
    keys.press("Enter")
    expect(page.locator(".cw-turn--answer mark")).to_have_text("Record")
    # Asked, never blocking.
    keys.press("z", "Enter")
    page.wait_for_url("**/grade/2/")
    page.go_back()
    page.wait_for_url("**/grade/1/")
    keys.press("2")


def test_words_are_picked_on_a_phone(visit: Visit, cast: Cast, session: GradingSession) -> None:
    grader = visit(cast.gia, size=PHONE)
    page = grader.page
    sit_down(grader, session)
    page.locator(".cw-jump a").nth(1).click()
    page.locator("#criterion-8 .cw-seg label").first.click()
    row = page.locator("#criterion-8")
    row.get_by_role("button", name="Use the selected text").click()
    expect(page.locator("#pane-answer")).to_be_visible()
    expect(page.locator("#pane-criteria")).to_be_hidden()
    inspect(page)
    select_words(grader, "Record an ECG")
    page.locator("#desk-picking").get_by_role("button", name="Use the selected text").click()
    expect(row.get_by_label("Which words of the answer cross this line?")).to_have_value("Record an ECG")
    inspect(page)


def test_flag_and_skip_by_keyboard(
    visit: Visit, cast: Cast, session: GradingSession, meanwhile: Meanwhile
) -> None:
    grader = visit(cast.gia)
    page, keys = grader.page, grader.keys
    sit_down(grader, session)
    keys.press("1", "f")
    expect(page.get_by_label("What should the lead look at?")).to_be_focused()
    keys.type("Two drugs mixed up?")
    keys.reach(page.get_by_role("button", name="Flag", exact=True))
    keys.go("Enter")
    expect(page.locator("#desk-flag summary")).to_contain_text("Flagged")
    inspect(page)
    page.locator("#criterion-2").focus()
    keys.press("s")
    keys.type("I treated this patient.")
    inspect(page)
    keys.reach(page.get_by_role("button", name="Skip", exact=True))
    keys.go("Enter")
    page.wait_for_url("**/grade/2/?skipped=1")
    inspect(page)
    page.locator("#criterion-1").focus()
    keys.go("z")
    page.wait_for_url("**/grade/1/")
    assert verdicts_of(grader)[0] == "met"
    with meanwhile:
        assert assignment_of(cast.gia, session, 1).flag_note == "Two drugs mixed up?"


def test_all_keys_are_a_question_mark_away(visit: Visit, cast: Cast, session: GradingSession) -> None:
    grader = visit(cast.gia)
    page, keys = grader.page, grader.keys
    sit_down(grader, session)
    keys.press("Shift+Slash")
    expect(page.get_by_role("dialog", name="All keys")).to_be_visible()
    inspect(page)
    keys.press("1")
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert verdicts_of(grader) == [""] * 8
    keys.press("1")
    assert verdicts_of(grader)[0] == "met"


def test_keys_do_nothing_outside_the_criteria(visit: Visit, cast: Cast, session: GradingSession) -> None:
    grader = visit(cast.gia)
    sit_down(grader, session)
    grader.page.locator("#pane-answer").focus()
    grader.keys.press("1", "2", "Enter", "z", "s", "q")
    assert verdicts_of(grader) == [""] * 8
    assert grader.page.url.endswith("/grade/1/")
    expect(grader.page.locator("#skip-reason")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_practice_shows_the_right_verdicts_afterwards(
    visit: Visit, cast: Cast, open_database: None, meanwhile: Meanwhile, language: str
) -> None:
    session = practising(cast, n=1, n_criteria=8)
    User.objects.filter(pk=cast.gia.pk).update(language=language)
    grader = visit(cast.gia, language=language)
    page, keys = grader.page, grader.keys
    sit_down(grader, session)
    inspect(page)
    keys.press(*"11111112")
    # Until the grader goes on, a slip can be mended.
    keys.press("z", "1")
    with meanwhile:
        assert Assignment.objects.filter(done_at__isnull=False).count() == 0
    assert WHY not in page.content()
    keys.go("Enter")
    page.wait_for_url("**/grade/1/compare/")
    inspect(page)
    expect(page.get_by_text(WHY)).to_be_visible()
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    inspect(page)
    keys.reach(page.locator("#feedback-on"))
    keys.go("Enter")
    page.wait_for_url("**/grade/2/")
    page.goto(f"/sessions/{session.pk}/grade/1/")
    expect(page.locator("[data-criterion] input:not(:disabled)")).to_have_count(0)
    inspect(page)


def test_pictures_are_shown_and_no_other_host_is_asked(
    visit: Visit, cast: Cast, session: GradingSession
) -> None:
    response = assignment_of(cast.gia, session, 1).response
    response.completion = (
        f"![strip](data:image/png;base64,{PIXEL})\n\n![scan](https://a.example/x.png)\n\n|a|b|\n|-|-|\n|1|2|"
    )
    response.save()
    grader = visit(cast.gia)
    sit_down(grader, session)
    picture = grader.page.get_by_role("img", name="strip")
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 1
    expect(grader.page.get_by_text("Image not shown: scan (https://a.example/x.png)")).to_be_visible()
    inspect(grader.page)


def test_the_time_stops_while_nobody_works(visit: Visit, cast: Cast, session: GradingSession) -> None:
    """Ten seconds of work; then ten minutes of which the first 60 s count; then 20 s in a hidden tab, which don't."""
    grader = visit(cast.gia)
    page = grader.page
    sent: list[int] = []
    page.clock.install()
    sit_down(grader, session)
    page.on(
        "request",
        lambda request: (
            sent.append(json.loads(request.post_data or "{}")["seconds"]) if "/save/" in request.url else None
        ),
    )
    for wait in (10_000, 600_000):
        page.clock.fast_forward(wait)
        press_and_wait(grader, "1")
    hide = "state => { Object.defineProperty(document, 'visibilityState', { get: () => state, configurable: true });"
    fire = " document.dispatchEvent(new Event('visibilitychange')) }"
    page.evaluate(hide + fire, "hidden")
    page.clock.fast_forward(20_000)
    page.evaluate(hide + fire, "visible")
    page.clock.fast_forward(5_000)
    press_and_wait(grader, "1")
    assert 10 <= sent[0] <= 15
    assert 60 <= sent[1] <= 65
    assert 5 <= sent[2] <= 10
    assert re.search(r"\d+ s|minutes|:\d\d:", page.locator("#pane-criteria").inner_text()) is None


def test_what_the_server_may_have_already_is_sent_again_as_it_was(
    visit: Visit, cast: Cast, session: GradingSession, meanwhile: Meanwhile
) -> None:
    """An answer is lost on the way; sent again together with the next verdict, its time would count twice."""
    grader = visit(cast.gia)
    page = grader.page
    sit_down(grader, session)
    sent: list[list[str]] = []

    def lose_the_first(route: Route) -> None:
        sent.append([each["key"] for each in json.loads(route.request.post_data or "{}")["verdicts"]])
        answer = route.fetch()
        if len(sent) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route("**/save/", lose_the_first)
    grader.keys.press("1")
    expect(page.locator("#desk-state .cw-saved--failed")).to_be_visible()
    grader.keys.press("2")
    expect(page.locator("#desk-state .cw-saved")).to_have_class("cw-saved")
    assert [len(keys) for keys in sent] == [1, 1, 1]
    assert sent[0] == sent[1] != sent[2]
    with meanwhile:
        assert GradeEvent.objects.filter(assignment=assignment_of(cast.gia, session, 1)).count() == 2
    grader.journal.problems.clear()


def test_without_script_everything_can_be_done(visit: Visit, cast: Cast, session: GradingSession) -> None:
    grader = visit(cast.gia)
    page = grader.page
    page.route("**/*.js", lambda route: route.abort())
    page.goto(f"/sessions/{session.pk}/grade/1/")
    grader.journal.problems.clear()
    expect(page.locator("#pane-answer")).to_be_visible()
    expect(page.locator("#pane-criteria")).to_be_visible()
    page.locator("#criterion-8 .cw-seg label").first.click()
    page.locator("#quote-7").fill("an ECG now")
    page.locator("#desk-next").click()
    page.wait_for_url("**/grade/2/")
    page.locator("#desk-back").click()
    page.wait_for_url("**/grade/1/")
    expect(page.locator("#quote-7")).to_have_value("an ECG now")
    page.locator("#desk-skip summary").click()
    page.locator("#skip-reason").fill("Not mine.")
    page.get_by_role("button", name="Skip", exact=True).click()
    page.wait_for_url("**/grade/2/?skipped=1")
    page.locator("#desk-unskip").click()
    page.wait_for_url("**/grade/1/")
    grader.journal.problems.clear()
