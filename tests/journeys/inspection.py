"""What every page of a journey must pass, whatever is on it."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
GRAVE = ("serious", "critical")
_OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
# What sticks out of the page, for the message; a scrolling region of its own may hold wider things.
_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= width) return []
  const wide = [...document.body.querySelectorAll('*')].filter((each) => each.getBoundingClientRect().right > width + 1)
  const names = wide.slice(0, 5).map((each) => each.outerHTML.slice(0, 120))
  return [`${document.documentElement.scrollWidth} of ${width} px`, ...names]
}"""
_axe = Axe()


def check_accessibility(page: Page) -> None:
    """Let axe look: nothing serious or critical may be found by the rules of WCAG 2.0 to 2.2, A and AA."""
    result = _axe.run(page, options=_OPTIONS)
    found = [
        f"{each['id']} ({each['impact']}): {each['help']} – {node['html'][:200]}"
        for each in result.response["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
    assert not found, f"{page.url}\n" + "\n".join(found)


def check_width(page: Page) -> None:
    """Refuse a page that scrolls sideways."""
    for _moment in range(20):
        found = page.evaluate(_TOO_WIDE)
        if not found:
            return
        # After the window was resized the header puts links that don't fit under "More", a moment later.
        page.wait_for_timeout(50)
    raise AssertionError(f"{page.url} scrolls sideways: {found}")


def inspect(page: Page) -> None:
    """Check what holds for every page: one main heading, no sideways scrolling, and axe."""
    assert page.locator("h1").count() == 1, f"{page.url} has {page.locator('h1').count()} main headings"
    check_width(page)
    check_accessibility(page)
