"""Exporting a release: who may, what is withheld, and what the audit trail keeps."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builder.common.errors import BadInput, Conflict, NotAllowed, NotReady
from builder.importers import read_cases
from builder.models import AuditEvent
from exports.formats import verify
from exports.models import Release
from exports.services import bundles
from exports.services.bundles import BundleResult, export_archive, export_release
from exports.services.releases import set_release_state
from tests.cast import Cast
from tests.exports.builders import make_release, read_jsonl_rows


def export(release: Release, directory: Path, cast: Cast, **options: Any) -> BundleResult:
    """Export as Ana, in the canonical format."""
    return export_release(
        release=release, directory=directory, **{"file_format": "canonical", "by": cast.ana, **options}
    )


def test_exported_release_is_whole_and_comes_back_identical(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast)
    result = export(release, tmp_path / "out", cast)
    assert (result.n_items, result.n_withheld, result.stage) == (2, 0, "final")
    assert verify.check(tmp_path / "out", release.sha256).startswith("OK: trial==1.0.0 (final, canonical)")
    cases = [case.content for case in read_cases(tmp_path / "out" / "canonical.jsonl")]
    assert cases == [item.content for item in release.items.order_by("position")]


def test_manifest_says_what_a_harness_needs(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast)
    export(release, tmp_path / "out", cast)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["release"] == release.manifest
    assert manifest["release_sha256"] == release.sha256
    paths = {each["path"] for each in manifest["files"]}
    assert paths >= {"README.md", "canonical.jsonl", "verify.py", "grader_template.txt"}
    assert manifest["score_formula"].startswith("healthbench: ")
    assert (manifest["licence"], manifest["format"], manifest["recipient"]) == (
        "see metadata",
        "canonical",
        "",
    )
    assert {"name", "version", "stage", "exporter_version", "n_items", "canary"} <= set(manifest)


def test_rebuild_is_identical_within_a_state_and_says_the_new_state(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast, stage="candidate")
    for name in ("one", "two"):
        export(release, tmp_path / name, cast)
    for path in (each for each in (tmp_path / "one").rglob("*") if each.is_file()):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
    set_release_state(release=release, stage="final", reason="Piloted.", by=cast.lou)
    assert export(release, tmp_path / "three", cast).stage == "final"
    data = [(tmp_path / name / "canonical.jsonl").read_bytes() for name in ("one", "three")]
    assert data[0] == data[1]


def test_held_out_items_need_a_recipient_and_a_reason(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast, 4, held_out=0.25, seed=3)
    public = export(release, tmp_path / "public", cast)
    assert (public.n_items, public.n_withheld) == (3, 1)
    assert {row["split"] for row in read_jsonl_rows(tmp_path / "public" / "canonical.jsonl")} == {"public"}
    with pytest.raises(BadInput, match="reason"):
        export(release, tmp_path / "lab", cast, recipient="Lab A")
    with pytest.raises(BadInput, match="recipient"):
        export(release, tmp_path / "lab", cast, reason="A trial.")
    with pytest.raises(BadInput, match="one line"):
        export(release, tmp_path / "lab", cast, recipient="Lab\nA", reason="A trial.")
    assert not (tmp_path / "lab").exists()
    full = export(release, tmp_path / "lab", cast, recipient=" Lab A ", reason="A trial.")
    assert (full.n_items, full.n_withheld) == (4, 0)
    event = AuditEvent.objects.filter(verb="release:export").last()
    details = json.loads(event.details_text)
    assert (event.why, details["recipient"], details["canary"], details["n_items"]) == (
        "A trial.", "Lab A", full.canary, 4,
    )  # fmt: skip


def test_release_without_a_public_item_stays_without_a_recipient(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast, 1, held_out=0.5, seed=1)
    with pytest.raises(NotReady, match="Name a recipient"):
        export(release, tmp_path / "out", cast)
    assert export(release, tmp_path / "out", cast, recipient="Lab A", reason="A trial.").n_items == 1


def test_taken_directory_is_refused_before_anything_is_recorded(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Conflict, match="not an empty folder"):
        export(release, tmp_path, cast)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert not AuditEvent.objects.filter(verb="release:export").exists()


def test_bundle_that_cannot_be_written_leaves_neither_files_nor_a_record(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="can't be written"):
        export(make_release(cast), tmp_path / "file" / "below", cast)
    assert not AuditEvent.objects.filter(verb="release:export").exists()


def test_bundle_appears_only_once_it_is_recorded(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**details: Any) -> None:
        raise RuntimeError("the audit trail can't be written")

    monkeypatch.setattr(bundles, "record", broken)
    with pytest.raises(RuntimeError):
        export(make_release(cast), tmp_path / "out", cast)
    assert list(tmp_path.iterdir()) == []


def test_only_leads_and_analysts_export(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast)
    for person in (cast.ada, cast.rui, cast.gia, cast.eve, cast.ola):
        with pytest.raises(NotAllowed):
            export(release, tmp_path / "out", cast, by=person)
    assert not (tmp_path / "out").exists()
    assert export(release, tmp_path / "out", cast, by=cast.lou).n_items == 2


def test_archive_holds_the_bundle_in_one_folder(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast)
    copies = []
    for _time in range(2):
        packed = export_archive(release=release, file_format="healthbench", by=cast.ana)
        copies.append(packed.content.read())
    assert packed.name == "trial-1.0.0-healthbench.zip"
    assert copies[0] == copies[1]
    with zipfile.ZipFile(io.BytesIO(copies[0])) as archive:
        archive.extractall(tmp_path)
    assert verify.check(tmp_path / "trial-1.0.0-healthbench").startswith("OK")
