"""The pages of releases: freezing, reading, verifying, staging, downloading; and who may."""

import io
import zipfile

import pytest
from django.test import Client
from django.urls import reverse

from builder.models import AuditEvent
from exports.models import Release, Stage
from exports.services.releases import freeze_release
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_approved


@pytest.fixture
def release(cast: Cast) -> Release:
    """Four approved cases, one of them held out."""
    for number in range(4):
        make_approved(cast, title=f"Case {number}")
    return freeze_release(
        department=cast.department,
        name="ed",
        version="1.0.0",
        stage=Stage.CANDIDATE,
        by=cast.lou,
        held_out=0.25,
        seed=1,
    )


def page(name: str, *args: object) -> str:
    return reverse(f"exports:{name}", args=args)


def test_lead_freezes_by_hand(cast: Cast, client: Client) -> None:
    wanted, _other = make_approved(cast, title="Wanted"), make_approved(cast, title="Other")
    client.force_login(cast.lou)
    shown = client.get(page("release-new")).content.decode()
    assert "2 cases" in shown and "Wanted" in shown
    data = {
        "name": "ed",
        "version": "1.0.0",
        "stage": "candidate",
        "selection": "hand",
        "cases": [wanted.pk],
        "held_out": 0,
    }
    answer = client.post(page("release-new"), data)
    assert answer.status_code == 302
    assert [item.prompt_id for item in Release.objects.get().items.all()] == [wanted.prompt_id]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "1"}, "1.0.0"),
        ({"selection": "hand"}, "Tick at least one case"),
        ({"selection": "tag"}, "Choose at least one tag"),
        ({"held_out": 20}, "seed"),
        ({"name": ""}, "Choose a name"),
        ({"held_out": 100}, "99"),
    ],
)
def test_bad_freeze_says_why_and_freezes_nothing(
    cast: Cast, client: Client, change: dict, words: str
) -> None:
    make_approved(cast)
    client.force_login(cast.lou)
    data = {"name": "ed", "version": "1.0.0", "stage": "candidate", "selection": "all", "held_out": 0}
    answer = client.post(page("release-new"), data | change)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Release.objects.exists()


def test_taken_name_is_told_as_a_conflict(cast: Cast, client: Client, release: Release) -> None:
    client.force_login(cast.lou)
    data = {"name": "ed", "version": "1.0.0", "stage": "final", "selection": "all", "held_out": 0}
    answer = client.post(page("release-new"), data)
    assert answer.status_code == 409
    assert "already a release" in answer.content.decode()


def test_detail_tells_what_is_inside(cast: Cast, client: Client, release: Release) -> None:
    client.force_login(cast.ana)
    shown = client.get(page("release-detail", "ed", "1.0.0")).content.decode()
    for words in (
        "Case 0",
        "3 public, 1 held out",
        release.sha256,
        "4 cases approved by 2 reviewers",
        "export_release",
    ):
        assert words in shown
    assert client.get(page("release-manifest", "ed", "1.0.0")).content.decode() == release.manifest_text
    assert "Rubric" in client.get(page("release-item", "ed", "1.0.0", 1)).content.decode()
    assert client.get(page("release-item", "ed", "1.0.0", 99)).status_code == 404


def test_verify_says_so(cast: Cast, client: Client, release: Release) -> None:
    client.force_login(cast.ana)
    shown = client.post(page("release-verify", "ed", "1.0.0"), follow=True).content.decode()
    assert "4 of 4 cases and the manifest match" in shown


def test_stage_goes_forward_only(cast: Cast, client: Client, release: Release) -> None:
    client.force_login(cast.lou)
    assert client.post(page("release-state", "ed", "1.0.0"), {"stage": "final"}).status_code == 422
    done = client.post(page("release-state", "ed", "1.0.0"), {"stage": "final", "reason": "Pilot done"})
    assert done.status_code == 302
    assert list(release.states.values_list("stage", flat=True)) == ["candidate", "final"]
    again = client.post(page("release-state", "ed", "1.0.0"), {"stage": "candidate", "reason": "Back"})
    assert again.status_code == 422


def test_download_holds_back_what_is_held_out(cast: Cast, client: Client, release: Release) -> None:
    client.force_login(cast.ana)
    answer = client.post(page("release-download", "ed", "1.0.0"), {"format": "healthbench"})
    assert answer["Content-Type"] == "application/zip"
    assert _lines(answer.getvalue(), "healthbench.jsonl") == 3
    refused = client.post(
        page("release-download", "ed", "1.0.0"), {"format": "canonical", "recipient": "Lab"}
    )
    assert refused.status_code == 422
    data = {"format": "canonical", "recipient": "Lab", "reason": "Joint study"}
    assert (
        _lines(client.post(page("release-download", "ed", "1.0.0"), data).getvalue(), "canonical.jsonl") == 4
    )
    assert AuditEvent.objects.filter(verb="release:export", why="Joint study").count() == 1


def _lines(archive: bytes, name: str) -> int:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        (path,) = [each for each in opened.namelist() if each.endswith(name)]
        return len(opened.read(path).decode().splitlines())


def test_roles_and_departments(cast: Cast, client: Client, release: Release) -> None:
    pages = ["release-detail", "release-manifest", "release-state", "release-download"]
    client.force_login(cast.eve)
    assert "ed 1.0.0" not in client.get(page("release-list")).content.decode()
    assert [client.get(page(name, "ed", "1.0.0")).status_code for name in pages] == [404] * 4
    client.force_login(cast.ada)
    assert [client.get(page(name, "ed", "1.0.0")).status_code for name in pages] == [200, 200, 403, 403]
    client.force_login(cast.gia)
    assert [client.get(page(name, "ed", "1.0.0")).status_code for name in pages] == [404] * 4


def test_queries_do_not_grow(cast: Cast, client: Client, release: Release) -> None:
    client.force_login(cast.lou)
    counts = [
        queries_of(client, page("release-list")),
        queries_of(client, page("release-detail", "ed", "1.0.0")),
    ]
    for number in range(5):
        make_approved(cast, title=f"More {number}")
    for minor in range(1, 6):
        freeze_release(
            department=cast.department, name="ed", version=f"1.{minor}.0", stage="final", by=cast.lou
        )
    assert [
        queries_of(client, page("release-list")),
        queries_of(client, page("release-detail", "ed", "1.5.0")),
    ] == counts
