"""The pages of runs: bringing answers in, reading them, and who may."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from exports.models import Release, Run
from exports.services.releases import freeze_release
from tests.cast import Cast
from tests.factories import make_approved


@pytest.fixture
def release(cast: Cast) -> Release:
    """Two approved cases."""
    for number in range(2):
        make_approved(cast, title=f"Case {number}")
    return freeze_release(department=cast.department, name="ed", version="1.0.0", stage="final", by=cast.lou)


def answers(release: Release, **change: object) -> SimpleUploadedFile:
    rows = [
        {"prompt_id": item.prompt_id, "completion": f"Answer {item.position}"} for item in release.items.all()
    ]
    rows[-1] |= change
    return SimpleUploadedFile("answers.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())


def post(client: Client, file: SimpleUploadedFile, **change: object):  # type: ignore[no-untyped-def]
    data = {
        "release": "ed==1.0.0",
        "run": "m1",
        "file": file,
        "model": "secret-model",
        "parameters": "temperature=0",
    }
    return client.post(reverse("exports:run-new"), data | change)


def test_answers_come_in_and_can_be_read(cast: Cast, client: Client, release: Release) -> None:
    client.force_login(cast.ana)
    assert post(client, answers(release)).status_code == 302
    assert Run.objects.get().parameters == {"temperature": "0"}
    detail = client.get(reverse("exports:run-detail", args=["m1"])).content.decode()
    assert "secret-model" in detail and "Answer" in detail
    place = release.items.first().position  # type: ignore[union-attr]
    one = client.get(reverse("exports:run-response", args=["m1", place, 1])).content.decode()
    assert f"Answer {place}" in one
    assert client.get(reverse("exports:run-response", args=["m1", place, 9])).status_code == 404
    again = post(client, answers(release))
    assert again.status_code == 302 and Run.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [({"prompt_id": "nobody"}, "line 2"), ({"completion": 5}, "line 2"), ({"epoch": 0}, "line 2")],
)
def test_bad_line_is_named_and_nothing_comes_in(
    cast: Cast, client: Client, release: Release, change: dict[str, object], words: str
) -> None:
    client.force_login(cast.ana)
    answer = post(client, answers(release, **change))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Run.objects.exists()


def test_bad_parameters_are_told(cast: Cast, client: Client, release: Release) -> None:
    client.force_login(cast.ana)
    answer = post(client, answers(release), parameters="temperature")
    assert answer.status_code == 422 and "name=value" in answer.content.decode()


def test_others_see_nothing(cast: Cast, client: Client, release: Release) -> None:
    client.force_login(cast.ana)
    post(client, answers(release))
    for person, status in ((cast.eve, 404), (cast.ada, 404), (cast.gia, 404), (cast.lou, 200)):
        client.force_login(person)
        assert client.get(reverse("exports:run-detail", args=["m1"])).status_code == status
        page = client.get(reverse("exports:run-list")).content.decode()
        assert (reverse("exports:run-detail", args=["m1"]) in page) == (status == 200)
    client.force_login(cast.eve)
    assert post(client, answers(release), run="m2").status_code == 422
    assert Run.objects.count() == 1
