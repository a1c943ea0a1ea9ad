"""Takes the README's pictures from a fresh demonstration: `make screenshots`."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

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
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()


def main() -> None:
    """Take every picture of the README."""
    program = find_chromium() or sys.exit(HOW_TO_INSTALL)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demonstration(), running_chromium(program) as browser:
        for name in SHOTS:
            take(browser, name)
            sys.stdout.write(f"docs/images/{name}.png\n")
