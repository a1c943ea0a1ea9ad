"""The only hands of a journey by keyboard: Tab until one stands there, then type."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

# More stops than this between two fields of one task is a page nobody works on by keyboard.
MOST_STOPS = 60
# The start of what covers the middle of the focused element; empty when nothing does.
_COVER = """() => {
  const element = document.activeElement
  const box = element.getBoundingClientRect()
  const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
  const inner = element.labels?.[0]
  return !at || element.contains(at) || at.contains(element) || inner?.contains(at) ? '' : at.outerHTML.slice(0, 200)
}"""


class Keys:
    """A keyboard in front of a page. It has no mouse and never sets a field's value."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    def press(self, *keys: str) -> None:
        """Press keys one after the other, counting them."""
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self.page.keyboard.type(text)

    def retype(self, text: str) -> None:
        """Replace what the focused field holds."""
        self.press("Control+A")
        self.type(text)

    def go(self, key: str) -> None:
        """Press a key that leads to another page, and wait until that page is there."""
        with self._page_changes():
            self.press(key)

    def press_button(self, name: str, *, most: int = MOST_STOPS) -> None:
        """Reach a button that changes the page it is on, and press it."""
        self.reach(self.page.get_by_role("button", name=name, exact=True), most=most)
        self.press("Enter")

    def wait_on(self, target: Locator) -> None:
        """Wait until the page has put the focus on the target and changes nothing any more."""
        expect(target).to_be_focused()
        # Some milliseconds after new rows are in, htmx sets their focus once more.
        expect(self.page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)

    @contextmanager
    def _page_changes(self) -> Iterator[None]:
        with self.page.expect_event("framenavigated"):
            yield
        self.page.wait_for_load_state("load")

    def stands_on(self, target: Locator) -> bool:
        """Whether the focus is on the target."""
        return bool(target.evaluate_all("found => found.includes(document.activeElement)"))

    def reach(self, target: Locator, *, most: int = MOST_STOPS, key: str = "Tab") -> None:
        """Press Tab until the focus is on the target, which nothing may cover."""
        for _stop in range(most):
            self.press(key)
            if self.stands_on(target):
                covered_by = self.page.evaluate(_COVER)
                assert not covered_by, f"the focused {target} is hidden under {covered_by}"
                return
        raise AssertionError(f"{target} is not among the next {most} stops of {key}")

    def reach_back(self, target: Locator, *, most: int = MOST_STOPS) -> None:
        """Go the other way round, with Shift and Tab."""
        self.reach(target, most=most, key="Shift+Tab")

    def link(self, name: str, *, most: int = MOST_STOPS) -> None:
        """Reach a link and follow it."""
        self.reach(self.page.get_by_role("link", name=name, exact=True), most=most)
        self.go("Enter")

    def button(self, name: str, *, most: int = MOST_STOPS) -> None:
        """Reach a button that leads to another page, and press it."""
        self.reach(self.page.get_by_role("button", name=name, exact=True), most=most)
        self.go("Enter")

    def write(self, label: str, text: str, *, most: int = MOST_STOPS) -> None:
        """Reach a text field by its label and type into it."""
        self.reach(self.page.get_by_label(label, exact=True), most=most)
        self.type(text)

    def tick(self, label: str, *, most: int = MOST_STOPS) -> None:
        """Reach a checkbox by its label and tick it."""
        self.reach(self.page.get_by_label(label, exact=True), most=most)
        self.press("Space")
        expect(self.page.locator(":focus")).to_be_checked()

    def choose(self, label: str, option: str, *, most: int = MOST_STOPS) -> None:
        """Reach a list of choices by its label and type what it should say."""
        self.reach(self.page.get_by_label(label, exact=True), most=most)
        self.type(option)
        expect(self.page.locator(":focus").locator("option:checked")).to_have_text(option)
