"""A lead freezes a release, takes it out of the house, brings answers in and opens a session."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from annotations.models import GradingSession, SessionState
from exports.models import Release, Run
from tests.cast import Cast
from tests.exports.builders import answers_to, make_cases, write_jsonl
from tests.exports.builders import make_release as freeze
from tests.journeys.browser import Visitor
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser


def freeze_release(lead: Visitor) -> None:
    """Freeze everything that is approved as a candidate."""
    lead.page.goto("/")
    lead.keys.link("Releases")
    inspect(lead.page)
    lead.keys.link("Freeze a release")
    inspect(lead.page)
    lead.keys.write("Name", "ed-triage")
    lead.keys.write("Version", "1.0.0")
    lead.keys.button("Freeze the release")
    expect(lead.page.get_by_text("ed-triage==1.0.0 is frozen")).to_be_visible()
    inspect(lead.page)


def verify(lead: Visitor) -> None:
    """Let the site hash every case again."""
    lead.keys.button("Verify now")
    expect(lead.page.get_by_text("2 of 2 cases and the manifest match what was frozen.")).to_be_visible()


def promote(lead: Visitor) -> None:
    """Make the candidate final."""
    lead.keys.link("Change the stage")
    inspect(lead.page)
    lead.keys.reach(lead.page.get_by_role("radio"))
    lead.keys.press("Space")
    expect(lead.page.get_by_label("Final: for use")).to_be_checked()
    lead.keys.write("Reason", "The pilot found nothing to mend.", most=2)
    lead.keys.reach(lead.page.locator("main button[type=submit]"), most=3)
    lead.keys.go("Enter")
    expect(lead.page.get_by_text("The stage of ed-triage==1.0.0 is changed.")).to_be_visible()


def download(lead: Visitor, folder: Path) -> Path:
    """Download the canonical bundle and unpack it."""
    lead.keys.link("Download a bundle")
    inspect(lead.page)
    lead.keys.reach(lead.page.get_by_role("button", name="Download the bundle"))
    with lead.page.expect_download() as waiting:
        lead.keys.press("Enter")
    archive = folder / waiting.value.suggested_filename
    waiting.value.save_as(archive)
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(folder)
    return next(folder.rglob("verify.py")).parent


def run_verify(bundle: Path) -> subprocess.CompletedProcess[str]:
    """Run the bundle's own program, with the standard library alone."""
    command = [sys.executable, "-I", "-S", str(bundle / "verify.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def bring_in_answers(lead: Visitor, answers: Path) -> None:
    """Upload a file of answers as the run m1."""
    page, keys = lead.page, lead.keys
    # Entered well before the key: only some moments later does the browser hand its dialogue over.
    with page.expect_file_chooser() as waiting:
        keys.write("Name of the run", "m1")
        keys.reach(page.get_by_label("File of answers"), most=2)
        keys.press("Enter")
    waiting.value.set_files(answers)
    keys.write("Model", "example-model", most=3)
    keys.button("Bring in the answers")
    inspect(page)


def open_session(lead: Visitor) -> None:
    """Let Gia and Gus grade every answer of m1."""
    page, keys = lead.page, lead.keys
    keys.link("Grading sessions")
    inspect(page)
    keys.link("Open a session")
    inspect(page)
    keys.link("ed-triage==1.0.0")
    inspect(page)
    for label in ("m1 (example-model) – 2 answers", "Gia", "Gus"):
        keys.tick(label)
    keys.button("Show what this asks of each grader")
    expect(page.get_by_role("heading", name="What this session asks")).to_be_visible()
    inspect(page)
    keys.button("Open the session")
    expect(page.get_by_text("0 of 4 assigned answers are judged.")).to_be_visible()
    inspect(page)


def test_a_release_goes_out_and_its_answers_come_in(
    visit: Visit, cast: Cast, meanwhile: Meanwhile, tmp_path: Path
) -> None:
    make_cases(cast, 2)
    lead = visit(cast.lou)
    inspect(lead.page)
    freeze_release(lead)
    verify(lead)
    promote(lead)

    bundle = download(lead, tmp_path)
    assert (done := run_verify(bundle)).returncode == 0, done.stdout + done.stderr
    cases = bundle / "canonical.jsonl"
    cases.write_bytes(cases.read_bytes().replace(b"ECG", b"EKG", 1))
    assert "canonical.jsonl" in (done := run_verify(bundle)).stdout + done.stderr
    assert done.returncode == 1

    with meanwhile:
        answers = write_jsonl(tmp_path / "answers.jsonl", answers_to(Release.objects.get()))
    lead.page.goto("/releases/ed-triage/1.0.0/")
    lead.keys.link("Bring in answers")
    inspect(lead.page)
    bring_in_answers(lead, answers)
    expect(lead.page.get_by_text("2 answers came in.")).to_be_visible()
    open_session(lead)
    with meanwhile:
        session = GradingSession.objects.get()
        assert (session.state, session.overlap) == (SessionState.OPEN, 2)
        assert [run.name for run in session.runs.all()] == ["m1"]


def test_a_wrong_answers_file_names_its_line_and_brings_nothing_in(
    visit: Visit, cast: Cast, meanwhile: Meanwhile, tmp_path: Path
) -> None:
    rows = answers_to(freeze(cast))
    rows[1]["prompt_id"] = "somewhere-else"
    lead = visit(cast.lou)
    lead.page.goto("/runs/new/")
    bring_in_answers(lead, write_jsonl(tmp_path / "answers.jsonl", rows))
    summary = lead.page.locator(".nhsuk-error-summary")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("line 2")
    expect(lead.page).to_have_title("Error: Bring in answers – Clinwright")
    with meanwhile:
        assert not Run.objects.exists()
