"""Chromium for the journeys, and the people who sit in front of it."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.cast import PASSWORD
from tests.journeys.keyboard import Keys

# Root has no sandbox to start in, and the rest keeps the browser from asking hosts of its own.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOW_TO_INSTALL = (
    "Chromium is not installed. On Debian or Ubuntu run `make system-packages`; elsewhere install it and name "
    "its program in the environment variable CHROMIUM."
)
DESK = (1280, 800)
PHONE = (390, 844)
# Milliseconds a page may take on a busy machine.
PATIENCE = 10_000
# How a page says that a person should mend something; the browser reports them like any failed request.
_MENDABLE = re.compile(r"the server responded with a status of (409|422) ")


def find_chromium() -> str | None:
    """Return the path of the browser; None when there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def running_chromium(program: str) -> Iterator[Browser]:
    """Start the browser, and always end it."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Journal:
    """What must never happen on any page: errors in the console, a broken policy, a request to another host."""

    host: str
    problems: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Write down what every page of a context says from now on."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(f"script: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _MENDABLE.search(message.text):
            where = message.page.url if message.page else ""
            self.problems.append(f"console ({where}): {message.text}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != self.host:
            self.problems.append(f"another host: {request.url}")


@dataclass
class Visitor:
    """A person at a screen: a browser context of their own, with one page."""

    context: BrowserContext
    page: Page
    keys: Keys
    journal: Journal

    @classmethod
    def arrive(cls, browser: Browser, url: str, *, language: str, size: tuple[int, int]) -> "Visitor":
        """Open a window of this language and size (width and height in pixels)."""
        width, height = size
        context = browser.new_context(
            base_url=url,
            locale=language,
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        journal = Journal(urlsplit(url).netloc)
        journal.watch(context)
        page = context.new_page()
        return cls(context, page, Keys(page), journal)

    def sign_in(self, email: str) -> None:
        """Sign in at the door, by keyboard."""
        self.page.goto("/")
        self.keys.reach(self.page.locator("input[type=email]"))
        self.keys.type(email)
        self.keys.reach(self.page.locator("input[type=password]"))
        self.keys.type(PASSWORD)
        self.keys.go("Enter")

    def leave(self) -> None:
        """Close the window as somebody does who is called away."""
        self.context.close()
