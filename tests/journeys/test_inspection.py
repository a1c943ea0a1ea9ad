"""The inspections find what they look for."""

import pytest
from playwright.sync_api import Page

from tests.cast import Cast
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.inspection import check_accessibility, check_width

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Visit) -> Page:
    """The door."""
    visitor: Visitor = visit()
    visitor.page.goto("/accounts/login/")
    return visitor.page


def add(page: Page, html: str) -> None:
    """Put something at the top of the page."""
    page.evaluate("html => document.querySelector('main').insertAdjacentHTML('afterbegin', html)", html)


def test_a_field_without_a_label_is_found(page: Page) -> None:
    check_accessibility(page)
    add(page, "<input type='text'>")
    with pytest.raises(AssertionError, match="label"):
        check_accessibility(page)


def test_a_page_that_is_too_wide_is_found(page: Page) -> None:
    check_width(page)
    add(page, f"<pre>{'x' * 2000}</pre>")
    with pytest.raises(AssertionError, match="sideways"):
        check_width(page)


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("console.error('something broke')", "something broke"),
        ("setTimeout(() => { throw new Error('not caught') })", "not caught"),
        ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
        ("fetch('http://127.0.0.2:9/').catch(() => {})", "Content Security Policy"),
        ("fetch('/nowhere/').catch(() => {})", "404"),
    ],
)
def test_what_a_page_complains_about_is_written_down(visit: Visit, script: str, what: str) -> None:
    visitor = visit()
    visitor.page.goto("/accounts/login/")
    assert visitor.journal.problems == []
    visitor.page.evaluate(f"() => {{ {script} }}")
    for _moment in range(100):
        if visitor.journal.problems:
            break
        visitor.page.wait_for_timeout(50)
    assert what in "\n".join(visitor.journal.problems)
    visitor.journal.problems.clear()


def test_a_request_to_another_host_is_written_down(visit: Visit) -> None:
    visitor = visit()
    visitor.page.goto("data:text/html,<img alt='' src='http://127.0.0.2:9/mark.png'>")
    assert "another host: http://127.0.0.2:9/mark.png" in visitor.journal.problems
    visitor.journal.problems.clear()


def test_the_keyboard_gives_up_and_sees_what_is_covered(visit: Visit, cast: Cast) -> None:
    visitor = visit()
    visitor.page.goto("/accounts/login/")
    with pytest.raises(AssertionError, match="not among the next 3 stops"):
        visitor.keys.reach(visitor.page.get_by_text("Accounts come by invitation"), most=3)
    visitor.page.evaluate(
        """() => {
          const cover = document.body.appendChild(document.createElement('dialog'))
          cover.show()
          Object.assign(cover.style, { position: 'fixed', inset: 0, width: '100vw', height: '100vh', zIndex: 9 })
        }"""
    )
    with pytest.raises(AssertionError, match="hidden under <dialog"):
        visitor.keys.reach(visitor.page.locator("input[type=password]"))
