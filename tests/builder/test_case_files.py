"""Files of cases by page and API: looked at first, then brought in by a job."""

import json
import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from builder.importers.workbook_template import template_workbook
from builder.jobs.worker import run_due_jobs
from builder.models import Case, Job
from tests.api_client import Caller, as_json
from tests.builder.importers.test_exams import MEDQA
from tests.cast import Cast
from tests.factories import make_content

pytestmark = pytest.mark.django_db
MEDQA_LINE = json.dumps(MEDQA).encode() + b"\n"


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def choose(client: Client, content: bytes, name: str = "cases.jsonl", file_format: str = "auto"):
    """Choose a file on the page, and return what its preview answers (or the page with the error)."""
    upload = SimpleUploadedFile(name, content)
    body = {"department": "ED", "file": upload, "file_format": file_format}
    return client.post("/cases/import/", body, follow=True)


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def test_a_file_is_looked_at_and_then_brought_in_by_a_job(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    shown = choose(ada, MEDQA_LINE)
    assert shown.status_code == 200
    assert "cases.jsonl" in shown.content.decode() and "exam questions" in shown.content.decode()
    assert not Case.objects.exists()
    sent = ada.post("/cases/import/preview/")
    job = Job.objects.get()
    assert sent["Location"] == f"/jobs/{job.uuid}/"
    assert ada.get("/cases/import/preview/").status_code == 404
    run_due_jobs()
    job.refresh_from_db()
    assert (job.state, job.result["created"]) == ("successful", 1), job.error
    case = Case.objects.get()
    assert (case.state, case.created_by) == ("draft", cast.ada)
    assert "1 case was brought in." in ada.get(f"/jobs/{job.uuid}/").content.decode()
    assert "suggested, not confirmed yet" in ada.get(f"/cases/{case.pk}/").content.decode()


def test_the_kept_file_is_its_uploaders(cast: Cast) -> None:
    choose(signed_in(cast.ada), MEDQA_LINE)
    lou = signed_in(cast.lou)
    assert lou.get("/cases/import/preview/").status_code == 404
    assert lou.post("/cases/import/preview/").status_code == 404
    assert not Job.objects.exists()


BOMB = BytesIO()
with zipfile.ZipFile(BOMB, "w", zipfile.ZIP_DEFLATED) as _archive:
    _archive.writestr("[Content_Types].xml", "<Types/>")
    _archive.writestr("xl/workbook.xml", "<workbook/>")
    _archive.writestr("xl/worksheets/sheet1.xml", b" " * (49 * 1024 * 1024))

BAD_FILES = {
    "wrong sheet": (workbook({"Budget": [["a", "b"], [1, 2]]}), "c.xlsx"),
    "unpacks to 49 MB": (BOMB.getvalue(), "c.xlsx"),
    "no workbook": (b"PK\x03\x04 and nothing else", "c.xlsx"),
    "half a surrogate": (b'{"prompt_id": "a\\ud800"}\n', "c.jsonl"),
    "bad JSON": (b"{", "c.jsonl"),
    "binary": (bytes(range(256)), "c.bin"),
    "blank": (b"\n\n", "c.jsonl"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_ends_in_a_sentence(cast: Cast, name: str) -> None:
    content, file_name = BAD_FILES[name]
    shown = choose(signed_in(cast.ada), content, file_name)
    text = shown.content.decode()
    assert shown.status_code == (200 if name == "blank" else 422), text[-2000:]
    assert file_name in text
    assert "Bring in" not in text.replace("Bring in cases", "")
    answer = Caller(cast.ada).upload("cases/import/preview/", content, file_name, department="ED")
    assert answer.status_code == 200
    assert answer.json()["cases"] == 0 and bool(answer.json()["problems"]) == (name != "blank")
    assert not Case.objects.exists()


def test_an_empty_file_and_no_file_are_refused_in_the_form(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    assert "The file is empty" in choose(ada, b"").content.decode()
    missing = ada.post("/cases/import/", {"department": "ED", "file_format": "auto"})
    assert missing.status_code == 422 and "Choose the file" in missing.content.decode()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_template_downloads_in_both_languages(cast: Cast, language: str) -> None:
    answer = Caller(cast.ada).client.get(f"/api/v1/cases/import/template/?language={language}")
    assert answer.status_code == 200 and answer.content.startswith(b"PK")
    assert zipfile.ZipFile(BytesIO(answer.content)).testzip() is None
    assert Caller(cast.ada).get("cases/import/template/", language="fr").status_code == 422
    page = signed_in(cast.ada).get("/cases/import/template.xlsx")
    assert page.status_code == 200 and page.content.startswith(b"PK")
    assert len(template_workbook(language)) > 1000


def test_the_api_brings_a_file_in_by_a_job(cast: Cast) -> None:
    line = json.dumps({**as_json(make_content()), "prompt_id": "ed-a"}).encode()
    ada = Caller(cast.ada)
    looked = ada.upload("cases/import/preview/", line, department="ED").json()
    assert (looked["cases"], looked["criteria"], looked["problems"]) == (1, 3, [])
    answer = ada.upload("cases/import/job/", line, department="ED")
    assert (answer.status_code, answer.json()["kind"]) == (202, "cases:import")
    run_due_jobs()
    done = ada.get(f"jobs/{answer.json()['uuid']}/").json()
    assert (done["state"], done["result"]["created"]) == ("successful", 1)
    for caller, extra, status in (
        (cast.rui, {}, 403), (cast.eve, {}, 404), (cast.ada, {"approved_elsewhere": "Elsewhere"}, 403),
    ):  # fmt: skip
        assert (
            Caller(caller).upload("cases/import/job/", line, department="ED", **extra).status_code == status
        )
    assert Case.objects.count() == Job.objects.count() == 1
