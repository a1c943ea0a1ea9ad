"""Releases through the API: freezing, stages, verification and bundles."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from builder.models import AuditEvent
from builder.services.people import create_department
from exports.formats.registry import FORMATS
from exports.models import Release
from exports.services.bundles import verify_release
from tests.api_client import Caller
from tests.cast import Cast
from tests.costs import queries_of
from tests.exports.builders import make_cases, make_release

FREEZE = {"department": "ED", "name": "trial", "version": "1.0.0", "stage": "candidate"}


def content_of(answer) -> bytes:
    """Return a download's bytes."""
    return b"".join(answer.streaming_content)


def test_a_release_is_frozen_verified_promoted_and_withdrawn(cast: Cast) -> None:
    make_cases(cast, 3)
    lou = Caller(cast.lou)
    made = lou.post("releases/", {**FREEZE, "held_out": 0.34, "seed": 7})
    assert made.status_code == 201
    release = Release.objects.get()
    body = made.json()
    assert (body["label"], body["stage"], body["sha256"]) == ("trial==1.0.0", "candidate", release.sha256)
    assert (body["n_items"], body["n_held_out"], body["manifest"]) == (3, 1, release.manifest)
    address = "releases/trial/1.0.0/"
    assert lou.get(address + "verification/").json() == {"is_whole": True, "n_items": 3, "problems": []}
    items = lou.get(address + "items/").json()["results"]
    assert [item["sha256"] for item in items] == [item["sha256"] for item in release.manifest["items"]]
    final = lou.post(address + "state/", {"stage": "final", "reason": "Tried out."})
    assert final.json()["stage"] == "final"
    again = lou.post(address + "state/", {"stage": "final", "reason": "Again."})
    assert (again.status_code, again.json()["code"]) == (409, "not_ready")
    withdrawn = lou.post(address + "state/", {"stage": "withdrawn", "reason": "A wrong dose."})
    assert withdrawn.json()["stage"] == "withdrawn"
    assert [row["stage"] for row in lou.get(address + "state/").json()["results"]] == [
        "candidate", "final", "withdrawn",
    ]  # fmt: skip
    taken = lou.post("releases/", FREEZE)
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict")


def test_cases_are_chosen_by_hand_or_tag(cast: Cast) -> None:
    first, _second = make_cases(cast, 2)
    lou = Caller(cast.lou)
    assert lou.post("releases/", {**FREEZE, "cases": [first.pk]}).json()["n_items"] == 1
    tagged = lou.post("releases/", {**FREEZE, "version": "1.0.1", "tags": ["theme:emergency_referrals"]})
    assert tagged.json()["n_items"] == 2
    assert lou.post("releases/", {**FREEZE, "version": "1.0.2", "tags": ["theme:none"]}).status_code == 409
    assert lou.post("releases/", {**FREEZE, "version": "1.0.3", "cases": [999]}).status_code == 404


def test_what_is_no_field_is_refused_by_name_and_changes_nothing(cast: Cast) -> None:
    make_cases(cast, 1)
    protected = {
        "frozen_by": cast.eve.pk,
        "sha256": "0" * 64,
        "n_items": 9,
        "manifest": {},
        "frozen_at": "2000-01-01",
    }
    answer = Caller(cast.lou).post("releases/", {**FREEZE, **protected})
    assert (answer.status_code, set(answer.json()["fields"])) == (422, set(protected))
    assert not Release.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": "1.0"}, "version"), ({"name": "a b"}, "name"), ({"held_out": 0.5}, "seed"),
        ({"stage": "withdrawn"}, "stage"), ({"held_out": 1.5, "seed": 1}, "held_out"), ({"cases": ["x"]}, "cases"),
        ({"seed": 2**70}, "seed"),
    ],
)  # fmt: skip
def test_bad_input_names_its_field(cast: Cast, change: dict, field: str) -> None:
    make_cases(cast, 1)
    answer = Caller(cast.lou).post("releases/", {**FREEZE, **change})
    assert (answer.status_code, field in answer.json()["fields"]) == (422, True)
    assert not Release.objects.exists()


@pytest.mark.parametrize("file_format", ["canonical", "healthbench"])
def test_a_bundle_is_a_zip_with_the_same_bytes_each_time(
    cast: Cast, tmp_path: Path, file_format: str
) -> None:
    make_release(cast)
    ana = Caller(cast.ana)
    answer = ana.get("releases/trial/1.0.0/bundle/", format=file_format)
    raw = content_of(answer)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="trial-1.0.0-{file_format}.zip"'
    assert answer["ETag"] == f'"{hashlib.sha256(raw).hexdigest()}"'
    assert content_of(ana.get("releases/trial/1.0.0/bundle/", format=file_format)) == raw
    unchanged = ana.client.get(
        "/api/v1/releases/trial/1.0.0/bundle/", {"format": file_format}, HTTP_IF_NONE_MATCH=answer["ETag"]
    )
    assert unchanged.status_code == 304
    zipfile.ZipFile(io.BytesIO(raw)).extractall(tmp_path)
    folder = tmp_path / f"trial-1.0.0-{file_format}"
    assert (folder / f"{file_format}.jsonl").is_file()
    verify_release(directory=folder)
    assert AuditEvent.objects.filter(verb="release:export", actor=cast.ana).exists()


def test_held_out_items_leave_for_a_recipient_and_a_reason_only(cast: Cast) -> None:
    release = make_release(cast, cases=4, held_out=0.5, seed=1)
    held_out = set(release.items.filter(split="held-out").values_list("prompt_id", flat=True))
    ana, address = Caller(cast.ana), "releases/trial/1.0.0/bundle/"

    def lines(answer) -> str:
        archive = zipfile.ZipFile(io.BytesIO(content_of(answer)))
        return archive.read("trial-1.0.0-canonical/canonical.jsonl").decode()

    public = lines(ana.get(address, recipient="Vendor", reason="Trial"))
    assert not any(prompt_id in public for prompt_id in held_out)
    assert ana.post(address, {"recipient": "Vendor"}).status_code == 422
    assert ana.post(address, {"reason": "Trial"}).status_code == 422
    everything = lines(ana.post(address, {"recipient": "Vendor", "reason": "Trial"}))
    assert all(prompt_id in everything for prompt_id in held_out)
    event = AuditEvent.objects.filter(verb="release:export").latest("sequence")
    assert event.why == "Trial" and "Vendor" in event.details_text


def test_roles_decide(cast: Cast) -> None:
    make_release(cast)
    state = {"stage": "withdrawn", "reason": "x"}
    for user in (cast.ada, cast.rui):
        caller = Caller(user)
        assert caller.get("releases/trial/1.0.0/").status_code == 200
        assert caller.get("releases/trial/1.0.0/bundle/").status_code == 403
    for user in (cast.ada, cast.ana, cast.ola):
        caller = Caller(user)
        assert caller.post("releases/", {**FREEZE, "version": "2.0.0"}).status_code == 403
        assert caller.post("releases/trial/1.0.0/state/", state).status_code == 403
    for user in (cast.gia, cast.eve):
        caller = Caller(user)
        assert caller.get("releases/").json()["results"] == []
        for rest in ("", "items/", "verification/", "bundle/", "state/"):
            answer = caller.get("releases/trial/1.0.0/" + rest)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (user, rest)
        assert caller.post("releases/trial/1.0.0/state/", state).status_code == 404
    assert Caller(cast.eve).post("releases/", FREEZE).status_code == 404


def test_list_queries_do_not_grow_with_rows(cast: Cast) -> None:
    make_release(cast)
    lou = Caller(cast.lou)

    def counts() -> list[int]:
        addresses = ("releases/", "releases/trial/1.0.0/items/", "releases/trial/1.0.0/state/")
        return [queries_of(lou, address) for address in addresses]

    few = counts()
    create_department(code="IM", name="Internal medicine", lead_email=cast.lou.email, by=None)
    for minor in range(1, 8):
        lou.post("releases/", {**FREEZE, "version": f"1.{minor}.0"})
    lou.post("releases/trial/1.0.0/state/", {"stage": "withdrawn", "reason": "x"})
    assert lou.get("releases/").json()["count"] == 8
    assert counts() == few


def test_formats_are_listed_with_what_they_can(cast: Cast) -> None:
    listed = {each["name"]: each for each in Caller(cast.ada).get("formats/").json()["results"]}
    assert list(listed) == list(FORMATS)
    assert listed["healthbench"]["prompts_only"] is False
    assert listed["hf_dataset"]["reads_back"] == ""
    assert listed["canonical"]["same_formula"] is True
    assert listed["canonical"]["formula"].startswith("Per case: sum of the points")


def test_bundle_without_the_rubric(cast: Cast) -> None:
    make_release(cast)
    ana = Caller(cast.ana)
    address = "releases/trial/1.0.0/bundle/"
    with zipfile.ZipFile(
        io.BytesIO(content_of(ana.get(f"{address}?format=inspect_ai&prompts_only=true")))
    ) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"12-lead" not in everything and b'"prompts_only": true' in everything
    refused = ana.get(f"{address}?format=healthbench&prompts_only=true")
    assert refused.status_code == 422
    assert "leave the rubric out" in refused.json()["message"]
    assert AuditEvent.objects.filter(verb="release:export").count() == 1
