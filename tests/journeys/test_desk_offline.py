"""The connection is lost in the middle of grading: what was given arrives once, in order, and for nobody else."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.cast import PASSWORD
from tests.journeys.browser import DESK
from tests.journeys.stopped_server import Site, running_site

pytestmark = pytest.mark.browser

EVENTS = """
    select a.position, e.criterion_index, e.verdict, e.explanation from annotations_gradeevent e
    join annotations_assignment a on a.id = e.assignment_id
    join annotations_rater r on r.id = a.rater_id join builder_user u on u.id = r.user_id
    where a.session_id = 1 and u.email = ? order by e.id
"""
VERDICTS = {"1": "met", "2": "not_met", "3": "cannot_judge"}
WAITING = "No connection."


@pytest.fixture(scope="module")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site in a process of its own."""
    with running_site(Path(tmp_path_factory.mktemp("site"))) as running:
        yield running


@pytest.fixture
def window(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser at a ward's computer."""
    context = browser.new_context(
        base_url=site.url, locale="en-GB", viewport={"width": DESK[0], "height": DESK[1]}
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


def sit_down(page: Page, person: str, position: int = 1) -> None:
    """Sign in and open an answer; the next ones are fetched ahead."""
    sign_in(page, person)
    page.goto(f"/sessions/1/grade/{position}/")
    page.wait_for_load_state("networkidle")


def sign_in(page: Page, person: str) -> None:
    """Sign in at the door."""
    page.goto("/accounts/login/")
    page.fill("input[name=login]", f"{person}@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^http://[^/]+/$"))


def judge(page: Page, n_criteria: int, first: int = 0) -> list[tuple[int, str]]:
    """Judge criteria of the answer on the desk by digits, from the first on; return what was said."""
    said = []
    for index in range(first, n_criteria):
        key = "123"[index % 3]
        page.keyboard.press(key)
        said.append((index, VERDICTS[key]))
    return said


def criteria(page: Page) -> int:
    """Return how many criteria the answer on the desk has."""
    return page.locator("[data-criterion]").count()


def kept(page: Page) -> list[str]:
    """Return the names of what this browser keeps for any account."""
    names: list[str] = page.evaluate(
        "Object.keys(localStorage).filter(each => each.startsWith('clinwright.private'))"
    )
    return names


def test_thirty_verdicts_given_while_the_server_is_down_arrive_once_and_in_order(
    site: Site, window: BrowserContext
) -> None:
    page = window.new_page()
    sit_down(page, "gia")
    site.stop()
    given = []
    for position in (1, 2, 3):
        expect(page).to_have_title(f"Grade answer {position} of 6 – Clinwright")
        n_criteria = criteria(page)
        given += [(position, *said) for said in judge(page, n_criteria)]
        expect(page.locator("#desk-state")).to_contain_text(f"{n_criteria} of {n_criteria} judged")
        expect(page.locator("#desk-state")).to_contain_text(WAITING)
        page.keyboard.press("Enter")
    assert len(given) >= 30
    assert page.url.endswith("/grade/4/")
    assert len(kept(page)) == len(given)
    assert site.rows(EVENTS, "gia@example.org") == []

    site.start()
    expect(page.locator("#desk-state")).to_contain_text("saved", timeout=60_000)
    found = [row[:3] for row in site.rows(EVENTS, "gia@example.org")]
    assert found == given
    assert kept(page) == []
    expect(page.locator("label[for=desk-progress]")).to_have_text("3 of 6")


def test_going_back_while_the_server_is_down_shows_what_was_given(site: Site, window: BrowserContext) -> None:
    page = window.new_page()
    sit_down(page, "gus")
    site.stop()
    try:
        judge(page, criteria(page))
        page.keyboard.press("Enter")
        expect(page).to_have_title(re.compile("Grade answer 2 of"))
        page.keyboard.press("[")
        expect(page).to_have_title(re.compile("Grade answer 1 of"))
        assert page.locator("[data-criterion] input:checked").count() == criteria(page)
        page.keyboard.press("z")
        assert page.locator("[data-criterion] input:checked").count() == criteria(page) - 1
        page.go_back()
        expect(page).to_have_title(re.compile("Grade answer 2 of"))
        for position in range(2, 7):
            expect(page).to_have_title(re.compile(f"Grade answer {position} of"))
            judge(page, criteria(page))
            page.keyboard.press("Enter")
        # What was taken back is the one criterion that is still open.
        expect(page).to_have_title(re.compile("Grade answer 1 of"))
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        expect(page.locator("#desk-state")).to_contain_text("the next answer isn’t here yet")
    finally:
        site.start()
    expect(page.locator("#desk-state")).to_contain_text("saved", timeout=60_000)
    first = [row[2] for row in site.rows(EVENTS, "gus@example.org") if row[0] == 1]
    assert first[-2:] == ["", "met"]
    assert kept(page) == []


def test_after_a_reload_the_queue_goes_on(site: Site, window: BrowserContext) -> None:
    page = window.new_page()
    sit_down(page, "geo")
    page.route("**/save/", lambda route: route.abort())
    said = judge(page, 3)
    page.keyboard.press("n")
    page.keyboard.type("About 1 of 2")
    page.keyboard.press("Escape")
    expect(page.locator("#desk-state")).to_contain_text(WAITING)
    page.unroute("**/save/")
    with page.expect_response("**/save/"):
        page.reload()
    expect(page.locator("#desk-state")).to_contain_text("saved")
    assert page.locator("[data-criterion] input:checked").count() == 3
    rows = site.rows(EVENTS, "geo@example.org")
    assert [row[1:3] for row in rows] == said
    assert kept(page) == []


@pytest.mark.parametrize(("places", "is_secure"), [((3, 4), True), ((5, 6), False)])
def test_two_tabs_send_each_verdict_once(
    site: Site, window: BrowserContext, places: tuple[int, int], is_secure: bool
) -> None:
    """Also where the browser has no lock manager, because the page comes over plain HTTP.

    Each is written once, in order. A verdict may travel twice: the browser hands the turn over a moment before the
    other tab sees what was removed from the storage; then its key keeps it from counting again.
    """
    if not is_secure:
        window.add_init_script(
            "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined })"
        )
    one, other = window.new_page(), window.new_page()
    sit_down(one, "geo", places[0])
    other.goto(f"/sessions/1/grade/{places[1]}/")
    assert one.evaluate("Boolean(navigator.locks)") is is_secure
    window.route("**/save/", lambda route: route.abort())
    n_before = len(site.rows(EVENTS, "geo@example.org"))
    for page in (one, other):
        page.bring_to_front()
        page.locator("#criterion-1").focus()
        judge(page, 4)
        expect(page.locator("#desk-state")).to_contain_text(WAITING)
    # What was answered counts: a try that the abort above still caught never reached the server.
    sent: list[str] = []
    window.on(
        "response",
        lambda answer: sent.append(answer.request.post_data or "") if "/save/" in answer.url else None,
    )
    window.unroute("**/save/")
    for page in (one, other):
        page.evaluate("dispatchEvent(new Event('online'))")
    for page in (one, other):
        expect(page.locator("#desk-state")).to_contain_text("saved", timeout=60_000)
    new = site.rows(EVENTS, "geo@example.org")[n_before:]
    assert [row[:2] for row in new] == [(place, index) for place in places for index in range(4)]
    keys = [verdict["key"] for body in sent for verdict in json.loads(body)["verdicts"]]
    assert len(set(keys)) == 8
    assert max(Counter(keys).values()) <= 2


def test_what_another_account_left_is_neither_shown_nor_sent(site: Site, window: BrowserContext) -> None:
    page = window.new_page()
    sit_down(page, "gia", 5)
    window.route("**/save/", lambda route: route.abort())
    judge(page, 2)
    expect(page.locator("#desk-state")).to_contain_text(WAITING)
    left = kept(page)
    assert len(left) == 2
    # The sign-in of the first ends without a sign-out, as after a night; somebody else sits down.
    window.clear_cookies()
    second = window.new_page()
    sit_down(second, "gus", 5)
    window.unroute("**/save/")
    before = site.rows(EVENTS, "gus@example.org")
    ticked = second.locator("[data-criterion] input:checked").count()
    assert ticked == len({row[1] for row in before if row[0] == 5})
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#desk-state")).to_contain_text("somebody else is signed in")
    second.evaluate("dispatchEvent(new Event('online'))")
    second.wait_for_load_state("networkidle")
    assert site.rows(EVENTS, "gus@example.org") == before
    assert kept(second) == left

    window.clear_cookies()
    sit_down(second, "gia", 5)
    expect(second.locator("#desk-state")).to_contain_text("saved")
    assert [row[1:3] for row in site.rows(EVENTS, "gia@example.org") if row[0] == 5] == [
        (0, "met"), (1, "not_met"),
    ]  # fmt: skip
    assert kept(second) == []


def test_signing_out_asks_and_then_erases(site: Site, window: BrowserContext) -> None:
    page = window.new_page()
    sit_down(page, "gia", 4)
    page.route("**/save/", lambda route: route.abort())
    judge(page, 2)
    expect(page.locator("#desk-state")).to_contain_text(WAITING)
    page.goto("/")
    asked: list[str] = []

    def stay(dialog) -> None:  # type: ignore[no-untyped-def]
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("button", name="Sign out").click()
    assert "Sign out and lose them?" in asked[0]
    assert len(kept(page)) == 2
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    assert kept(page) == []


def test_what_the_server_refuses_stays_in_sight(site: Site, window: BrowserContext) -> None:
    page = window.new_page()
    sit_down(page, "gus", 5)
    refusal = '{"message": "Grading has ended: this session is no longer open.", "code": "not_ready"}'
    page.route(
        "**/save/", lambda route: route.fulfill(status=409, body=refusal, content_type="application/json")
    )
    page.locator("#criterion-1").focus()
    page.keyboard.press("n")
    page.keyboard.type("My long thought")
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    panel = page.locator("#desk-kept")
    expect(panel).to_contain_text("Grading has ended")
    expect(panel).to_contain_text("Answer 5, criterion 1: Can’t judge")
    expect(panel).to_contain_text("My long thought")
    expect(page.locator("textarea[name=note-0]")).to_have_value("My long thought")
    page.unroute("**/save/")
    page.reload()
    expect(panel).to_contain_text("My long thought")
    window.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.get_by_role("button", name="Copy").click()
    expect(panel.get_by_role("button", name="Copied")).to_be_visible()
    assert "My long thought" in page.evaluate("navigator.clipboard.readText()")
    panel.get_by_role("button", name="I don’t need it").click()
    expect(panel).to_be_hidden()
    assert kept(page) == []
