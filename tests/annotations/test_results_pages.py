"""Uploading a harness's log by page and by API: a job brings it in, and what can be told at once is told at once."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from annotations.models import GradingSession
from annotations.services import result_uploads
from annotations.services.result_uploads import upload_results
from builder.common.errors import BadInput
from builder.jobs.worker import run_due_jobs
from builder.models import Job, JobState
from exports.models import Release, Run, RunState
from tests.annotations.graded import answered
from tests.annotations.harness_logs import log_rows
from tests.annotations.rows import freeze
from tests.cast import Cast

LOG = "log.jsonl"


@pytest.fixture
def release(cast: Cast) -> Release:
    """Two cases with three criteria each."""
    return freeze(cast)


@pytest.fixture
def text(release: Release) -> bytes:
    """A log of both."""
    rows = log_rows(release, {(0, 1): "++o", (1, 1): "+oo"})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def address(release: Release) -> str:
    """Return the address of the page."""
    return reverse("annotations:results-new", args=[release.name, release.version])


def post(client: Client, release: Release, content: bytes, name: str = LOG, **change: Any):  # type: ignore[no-untyped-def]
    data = {"file": SimpleUploadedFile(name, content), "run": "m1", "parameters": "temperature=0"}
    return client.post(address(release), data | change)


def test_a_log_is_uploaded_and_a_job_brings_it_in(
    cast: Cast, release: Release, text: bytes, client: Client
) -> None:
    client.force_login(cast.ana)
    page = client.get(
        reverse("exports:release-detail", args=[release.name, release.version])
    ).content.decode()
    assert address(release) in page
    assert "promptfoo" in client.get(address(release)).content.decode()
    answer = post(client, release, text)
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, reverse("builder:job", args=[job.uuid]))
    assert not Run.objects.exists()
    run_due_jobs()
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.SUCCESSFUL, "")
    run = Run.objects.get()
    assert (run.name, run.state, run.parameters) == ("m1", RunState.READY, {"temperature": "0"})
    page = client.get(reverse("builder:job", args=[job.uuid])).content.decode()
    assert "2 answers and 6 verdicts came in." in page
    assert reverse("exports:run-detail", args=["m1"]) in page


def test_the_same_request_is_one_job_and_the_same_log_changes_nothing(
    cast: Cast, release: Release, text: bytes, client: Client
) -> None:
    client.force_login(cast.ana)
    first, second = (post(client, release, text, key="abc") for _click in range(2))
    assert first["Location"] == second["Location"] and Job.objects.count() == 1
    client.force_login(cast.lou)
    assert post(client, release, text, key="abc", run="m2")["Location"] != first["Location"]
    post(client, release, text, key="other")
    run_due_jobs()
    assert Run.objects.count() == 2
    assert Job.objects.order_by("pk").last().result["created"] is False  # type: ignore[union-attr]


def test_what_is_wrong_with_the_log_is_told_by_the_job(
    cast: Cast, release: Release, text: bytes, client: Client
) -> None:
    client.force_login(cast.ana)
    post(
        client,
        release,
        text.replace(b"Tells the patient to wait at home", b"Tells the patient to go home", 1),
    )
    run_due_jobs()
    job = Job.objects.get()
    assert job.state == JobState.FAILED and job.attempts == 1
    assert (
        job.error
        == f"{LOG}, line 1: rubric_items[2].criterion: the text differs from the release’s criterion."
    )
    assert not Run.objects.exists()
    page = client.get(reverse("builder:job", args=[job.uuid])).content.decode()
    assert "rubric_items[2].criterion" in page and address(release) in page


def test_a_folder_comes_as_a_zip(cast: Cast, release: Release, text: bytes, client: Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("logs/log.jsonl", text)
    client.force_login(cast.ana)
    post(client, release, packed.getvalue(), name="logs.zip")
    run_due_jobs()
    assert Run.objects.get().log_format == "canonical" and GradingSession.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"run": "a b"}, 422, "A run’s name has up to 150"), ({"run": ""}, 422, "Name the run"),
        ({"file": ""}, 422, "Choose the log"), ({"rater": "a@b"}, 422, "without @"),
        ({"format": "hf_dataset"}, 422, "hf_dataset"), ({"parameters": "x"}, 422, "name=value"),
        ({"run": "taken"}, 409, "is taken"),
    ],
)  # fmt: skip
def test_what_can_be_told_at_once_is(
    cast: Cast, release: Release, text: bytes, client: Client, change: dict[str, Any], status: int, words: str
) -> None:
    other = Release.objects.create(
        department=cast.department, name="other", version="1.0.0", manifest_text="{}", sha256="1" * 64, n_items=0,
        frozen_by=cast.lou,
    )  # fmt: skip
    answered(other, "taken", {}, by=cast.lou)
    client.force_login(cast.ana)
    answer = post(client, release, text, **change)
    assert answer.status_code == status
    assert words.replace("’", "'") in answer.content.decode().replace("&#x27;", "'").replace("’", "'")
    assert not Job.objects.exists()


def test_a_file_over_the_limit_is_refused_before_it_is_kept(
    cast: Cast, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_uploads, "MAX_LOG_BYTES", 10)
    with pytest.raises(BadInput, match="Split the run"):
        upload_results(upload=SimpleUploadedFile(LOG, b"x" * 11), release=release, run_name="m1", by=cast.ana)
    assert not Job.objects.exists()


def test_an_interrupted_job_goes_on_where_it_was(
    cast: Cast, release: Release, text: bytes, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from annotations.services import results
    from annotations.services.results import import_results

    path = tmp_path / LOG
    path.write_bytes(text)
    write_batch, calls = results._write_batch, []

    def fail_on_second(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        write_batch(*args)

    monkeypatch.setattr(results, "BATCH", 1)
    monkeypatch.setattr(results, "_write_batch", fail_on_second)
    with pytest.raises(KeyboardInterrupt):
        import_results(
            path=path, release=release, run_name="m1", by=cast.ana, parameters={"temperature": "0"}
        )
    assert Run.objects.get().state == RunState.IMPORTING
    monkeypatch.setattr(results, "_write_batch", write_batch)
    client.force_login(cast.ana)
    post(client, release, text)
    run_due_jobs()
    assert Run.objects.get().state == RunState.READY and Job.objects.get().result["verdicts"] == 6


def test_by_api(cast: Cast, release: Release, text: bytes, client: Client) -> None:
    client.force_login(cast.ana)

    def send(**change: Any):  # type: ignore[no-untyped-def]
        body = {"file": SimpleUploadedFile(LOG, text), "release": release.label, "run": "m1", "param": "a=1"}
        return client.post("/api/v1/results/", body | change)

    answer = send()
    assert answer.status_code == 202 and answer.json()["kind"] == "results:import"
    run_due_jobs()
    found = client.get(f"/api/v1/jobs/{answer.json()['uuid']}/").json()
    assert (found["state"], found["result"]["run"], found["result"]["answers"]) == ("successful", "m1", 2)
    assert client.get("/api/v1/runs/m1/results/").json()["finding"] == "not_reported"
    assert send(format="nonsense").status_code == 422 and send(run="").status_code == 422
    assert send(release="nothing==1.0.0").status_code == 404
    client.force_login(cast.ada)
    assert send().status_code == 403
    client.force_login(cast.eve)
    assert send().status_code == 404


def test_only_who_may_bring_answers_sees_the_way(cast: Cast, release: Release, client: Client) -> None:
    for person, status in ((cast.ada, 403), (cast.ola, 403), (cast.gia, 404), (cast.eve, 404)):
        client.force_login(person)
        assert client.get(address(release)).status_code == status
        page = client.get(reverse("exports:release-detail", args=[release.name, release.version]))
        assert address(release) not in page.content.decode()
