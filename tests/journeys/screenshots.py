"""Takes the documents' pictures from a fresh demonstration: `make screenshots`."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.journeys.browser import HOW_TO_INSTALL, find_chromium, running_chromium

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "images"
ADDRESS = "127.0.0.1:8391"
PASSWORD = "clinwright-demo"
SHOTS = {
    "scores": ("lead", "/sessions/1/scores/", 800),
    "agreement": ("lead", "/sessions/1/agreement/", 800),
    "release": ("lead", "/releases/hospital-demo/1.0.0/", 800),
    "editor": ("author", "/cases/5/edit/", 900),
    "desk": ("grader-1", "/sessions/2/grade/2/", 800),
    "authoring-start": ("author", "/cases/new/", 700),
    "authoring-criteria": ("author", "/cases/17/edit/", 800),
    "authoring-checks": ("author", "/cases/17/edit/", 720),
    "authoring-identifiers": ("author", "/cases/17/identifiers/", 820),
    "authoring-review": ("reviewer-2", "/cases/17/review/", 800),
}
FAULTY = "Fails to ask when the last tablet was taken and whether an appropriate dose was given."
# The numbers and the name are invented; 07700 900 is kept free for that.
PERSON = " I am Mrs Brockway, call me on 07700 900123."


def write_criteria(page: Page) -> None:
    """Open one criterion of the rubric."""
    page.locator("#rubrics-5-criterion").evaluate("field => { field.closest('details').open = true }")
    page.locator("#rubric").evaluate("heading => heading.scrollIntoView()")


def meet_checks(page: Page) -> None:
    """Write what the checks and the identifier gate stop at; it stays in the author's draft."""
    with page.expect_response(lambda answer: "/live/" in answer.url):
        page.locator("#turns-0-content").press("Control+End")
        page.locator("#turns-0-content").press_sequentially(PERSON)
        page.locator("#rubrics-3-criterion").evaluate("field => { field.closest('details').open = true }")
        page.locator("#rubrics-3-criterion").fill(FAULTY)
    expect(page.locator("button[value^='mend:rubric.sign']")).to_be_visible()
    expect(page.locator("#checks [data-level=error]")).to_have_count(2)
    page.locator("#rubrics-3-criterion").evaluate(
        "field => field.closest('li').scrollIntoView({block: 'center'})"
    )


def vote_and_propose(page: Page) -> None:
    """Disagree with a criterion and propose another wording."""
    for number in range(4):
        page.locator(f"input[name=vote-{number}][value=agree]").check()
    page.locator("input[name=vote-4][value=disagree]").check()
    page.locator("details:has([name=vote-4-wording]) summary").click()
    page.locator("[name=vote-4-comment]").fill("Plain to whom?")
    page.locator("[name=vote-4-wording]").fill("Uses no medical word without explaining it.")
    page.locator("input[name=vote-1]").first.evaluate("field => field.closest('tr').scrollIntoView()")


BEFORE: dict[str, Callable[[Page], None]] = {
    "authoring-criteria": write_criteria,
    "authoring-checks": meet_checks,
    "authoring-review": vote_and_propose,
}


@contextmanager
def demonstration() -> Iterator[None]:
    """Serve the demonstration from a database of its own; the server ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3"}
        manage = [sys.executable, str(ROOT / "manage.py")]
        for command in ("migrate", "demo"):
            subprocess.run(
                [*manage, command, "--verbosity", "0"], env=environment, check=True, stdout=subprocess.DEVNULL
            )
        server = subprocess.Popen(
            [*manage, "runserver", "--noreload", ADDRESS], env=environment, stderr=subprocess.DEVNULL
        )
        try:
            _wait()
            yield
        finally:
            server.terminate()
            server.wait()


def _wait() -> None:
    for _attempt in range(100):
        try:
            urllib.request.urlopen(f"http://{ADDRESS}/accounts/login/")
        except urllib.error.URLError:
            time.sleep(0.2)
        else:
            return
    sys.exit("The demonstration didn't start.")


def take(browser: Browser, name: str) -> None:
    """Sign in as the shot's person and save the picture."""
    person, path, height = SHOTS[name]
    context = browser.new_context(viewport={"width": 1280, "height": height}, locale="en-GB")
    page = context.new_page()
    page.goto(f"http://{ADDRESS}/accounts/login/")
    page.fill("input[name=login]", f"{person}@demo.example")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"http://{ADDRESS}/")
    page.goto(f"http://{ADDRESS}{path}", wait_until="networkidle")
    if prepare := BEFORE.get(name):
        prepare(page)
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()


def main() -> None:
    """Take every picture of the documents, in the order of SHOTS: what an author writes in one stands in the next."""
    program = find_chromium() or sys.exit(HOW_TO_INSTALL)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demonstration(), running_chromium(program) as browser:
        for name in SHOTS:
            take(browser, name)
            sys.stdout.write(f"docs/images/{name}.png\n")
