"""A bundle is whole or it says what isn't: every byte of every file is covered."""

import json
import random
import shutil
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from builder.common.errors import BadInput, Conflict
from exports.formats import verify
from exports.formats.bundle import zip_bundle
from exports.formats.registry import FORMATS, get_format
from exports.records import CaseRecord
from exports.services.bundles import verify_release
from tests.exports.builders import (
    make_bundle,
    make_records,
    make_release_record,
    varied_contents,
    write_bundle,
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A canonical bundle of four cases, one of them held out."""
    make_bundle(tmp_path / "bundle", held_out=[1])
    return tmp_path / "bundle"


def files_of(directory: Path) -> list[str]:
    """Return the paths of a bundle's files, relative to it."""
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def problems_of(directory: Path) -> list[str]:
    """Return what the verifier finds wrong."""
    with pytest.raises(verify.Damaged) as damaged:
        verify.check(directory)
    return damaged.value.problems


@pytest.mark.parametrize("file_format", FORMATS)
def test_bundle_holds_what_it_says_and_is_whole(tmp_path: Path, file_format: str) -> None:
    manifest = make_bundle(tmp_path / "a" / "b", file_format, held_out=[1])
    names = set(files_of(tmp_path / "a" / "b"))
    assert names == {each["path"] for each in manifest["files"]} | {"manifest.json"}
    assert {"README.md", "verify.py", "grader_template.txt", get_format(file_format).file_name} <= names
    readme = (tmp_path / "a" / "b" / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in readme for name in names)
    sentence = verify.check(tmp_path / "a" / "b")
    assert sentence.startswith("OK: trial==1.0.0 (final, ")
    assert "3 cases here and 1 withheld" in sentence


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_flipped_byte_is_found_and_its_file_named(tmp_path: Path, file_format: str) -> None:
    """Sixty positions drawn over all files, any other value for the byte."""
    make_bundle(tmp_path / "b", file_format)
    draw = random.Random(20)
    files = [tmp_path / "b" / name for name in files_of(tmp_path / "b")]
    for _time in range(60):
        path = draw.choices(files, weights=[each.stat().st_size for each in files])[0]
        whole = path.read_bytes()
        place = draw.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ draw.randrange(1, 256)]) + whole[place + 1 :])
        assert any(path.name in problem for problem in problems_of(tmp_path / "b")), (
            path.name,
            place,
        )
        path.write_bytes(whole)
    assert verify.check(tmp_path / "b").startswith("OK")


def test_every_byte_of_a_manifest_counts(bundle: Path) -> None:
    """Every 7th byte of the manifest, with its lowest bit flipped."""
    path = bundle / "manifest.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert problems_of(bundle)[0].startswith("manifest.json")


def test_place_of_a_change_is_told(bundle: Path) -> None:
    path = bundle / "canonical.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b"12-lead", b"11-lead") + lines[2])
    start, end = len(lines[0]) + 1, len(lines[0]) + len(lines[1])
    assert problems_of(bundle) == [f"canonical.jsonl, line 2: changed (within bytes {start} to {end})."]


def test_missing_and_added_lines_are_told(bundle: Path) -> None:
    path = bundle / "canonical.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b"{}\n")
    assert "line 4: lines were added" in problems_of(bundle)[0]
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    assert "line 3: lines are missing" in problems_of(bundle)[0]


def test_field_of_the_manifest_is_named(bundle: Path) -> None:
    path = bundle / "manifest.json"
    path.write_text(path.read_text().replace('"n_withheld": 1', '"n_withheld": 0'))
    assert problems_of(bundle)[0].endswith('"n_withheld" or its hash was changed.')
    number = int(problems_of(bundle)[0].split("line ")[1].split(":")[0])
    assert '"n_withheld"' in path.read_text().splitlines()[number - 1]


def test_missing_extra_and_linked_files_are_told(bundle: Path, tmp_path: Path) -> None:
    shutil.move(bundle / "README.md", tmp_path / "elsewhere.md")
    (bundle / "json.py").write_text("import os")
    assert problems_of(bundle) == [
        "README.md: the file is missing.", "json.py: this file is not part of the bundle.",
    ]  # fmt: skip
    (bundle / "json.py").unlink()
    (bundle / "README.md").symlink_to(tmp_path / "elsewhere.md")
    assert "a link or a folder" in problems_of(bundle)[0]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"a": NaN}', "[" * 200_000, '{"files": 5}', '{"a": "\\ud800"}', "\ufeff{}"],
)
def test_no_manifest_makes_it_stumble(bundle: Path, text: str) -> None:
    (bundle / "manifest.json").write_text(text, encoding="utf-8")
    assert problems_of(bundle)[0].startswith("manifest.json")


def test_file_that_cannot_be_read_is_told(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> dict[str, object]:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(verify, "describe_file", refuse)
    assert "canonical.jsonl can't be read: Permission denied." in problems_of(bundle)


def test_consistent_manifest_of_another_shape_is_refused(bundle: Path) -> None:
    (bundle / "manifest.json").write_text(verify.manifest_text({"release": {"items": 3}, "files": []}))
    assert problems_of(bundle) == ["manifest.json: the manifest lacks something that every bundle has."]


def forge(bundle: Path, change: dict[str, object]) -> None:
    """Rewrite the manifest so that it agrees with itself again."""
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8")) | change
    (bundle / "manifest.json").write_text(verify.manifest_text(manifest), encoding="utf-8")


def test_changed_case_with_matching_file_hashes_is_found_by_the_release_hash(bundle: Path) -> None:
    """Somebody who rewrites the file and its entry still lacks the case's hash in the release."""
    path = bundle / "canonical.jsonl"
    path.write_bytes(path.read_bytes().replace(b"12-lead", b"11-lead", 1))
    manifest = json.loads((bundle / "manifest.json").read_text())
    files = [
        {"path": each["path"], **verify.describe_file(bundle / each["path"])} for each in manifest["files"]
    ]
    forge(bundle, {"files": files})
    assert problems_of(bundle) == ["canonical.jsonl, line 1: case-0 is not as released."]


def test_forged_release_or_canary_is_found(bundle: Path) -> None:
    whole = (bundle / "manifest.json").read_text(encoding="utf-8")
    forge(bundle, {"canary": str(uuid.uuid4())})
    assert "canary" in problems_of(bundle)[0]
    (bundle / "manifest.json").write_text(whole, encoding="utf-8")
    forge(bundle, {"release_sha256": "0" * 64})
    assert "another hash" in problems_of(bundle)[0]


def test_wholly_rewritten_bundle_fails_the_expected_hash(bundle: Path, tmp_path: Path) -> None:
    expected = json.loads((bundle / "manifest.json").read_text())["release_sha256"]
    assert verify.check(bundle, expected).startswith("OK")
    make_bundle(tmp_path / "other")
    with pytest.raises(verify.Damaged, match="not of the one you expect"):
        verify.check(tmp_path / "other", expected)


def test_bundle_with_another_set_of_cases_than_it_says_is_refused(tmp_path: Path) -> None:
    records = make_records(varied_contents())
    write_bundle(
        records[:3],
        tmp_path / "b",
        release=make_release_record(records),
        bundle_format=get_format("healthbench"),
    )
    assert problems_of(tmp_path / "b") == ["healthbench.jsonl: 4 cases were expected, not 3."]


def test_bundles_own_script_runs_alone(bundle: Path, tmp_path: Path) -> None:
    """Copied byte for byte, isolated from the site's packages, from any directory; its folder is the default."""
    assert (bundle / "verify.py").read_bytes() == Path(verify.__file__).read_bytes()
    script = [sys.executable, "-I", "-S", str(bundle / "verify.py")]
    whole = subprocess.run(script, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.startswith("OK: trial==1.0.0")
    make_bundle(tmp_path / "other")
    (tmp_path / "other" / "README.md").write_text("changed")
    damaged = subprocess.run([*script, str(tmp_path / "other")], capture_output=True, text=True, check=False)
    assert damaged.returncode == 1
    assert damaged.stderr.startswith("DAMAGED: README.md, line 1: changed")


def test_service_says_the_same_as_a_domain_error(bundle: Path) -> None:
    assert verify_release(directory=bundle).startswith("OK")
    (bundle / "verify.py").unlink()
    with pytest.raises(BadInput, match=r"verify\.py: the file is missing"):
        verify_release(directory=bundle)
    with pytest.raises(BadInput, match=r"manifest\.json can't be read"):
        verify_release(directory=bundle / "nowhere")


@pytest.mark.parametrize("file_format", FORMATS)
def test_rebuilding_gives_the_same_bytes(tmp_path: Path, file_format: str) -> None:
    for name in ("one", "two"):
        make_bundle(tmp_path / name, file_format)
        with (tmp_path / f"{name}.zip").open("wb") as target:
            zip_bundle(tmp_path / name, target, "trial")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    for name in files_of(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_canary_names_release_format_and_recipient(tmp_path: Path) -> None:
    canaries = [
        make_bundle(tmp_path / f"{index}", file_format, recipient=recipient)["canary"]
        for index, (file_format, recipient) in enumerate(
            [("canonical", ""), ("healthbench", ""), ("canonical", "Lab A"), ("canonical", "Lab B")]
        )
    ]
    assert len(set(canaries)) == 4
    assert {uuid.UUID(canary).version for canary in canaries} == {5}


def test_held_out_cases_leave_only_for_a_recipient(tmp_path: Path) -> None:
    withheld = make_bundle(tmp_path / "public", held_out=[1])
    assert (withheld["n_items"], withheld["n_withheld"]) == (3, 1)
    assert withheld["splits"] == {"public": 3, "held-out": 1}
    assert "case-1" not in (tmp_path / "public" / "canonical.jsonl").read_text()
    full = make_bundle(tmp_path / "lab", recipient="Lab A", held_out=[1])
    assert (full["n_items"], full["n_withheld"]) == (4, 0)
    assert "made for Lab A" in (tmp_path / "lab" / "README.md").read_text()
    assert verify.check(tmp_path / "lab").startswith("OK")


def test_target_must_be_new_or_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    make_bundle(tmp_path / "empty")
    with pytest.raises(Conflict, match="not an empty folder"):
        make_bundle(tmp_path / "empty")
    (tmp_path / "file").write_text("x")
    with pytest.raises(Conflict, match="not an empty folder"):
        make_bundle(tmp_path / "file")
    with pytest.raises(BadInput, match="can't be written"):
        make_bundle(tmp_path / "file" / "below")


def test_nothing_stays_of_a_bundle_that_fails_halfway(tmp_path: Path) -> None:
    def broken(records: object, directory: Path, context: object) -> None:
        (directory / "half.jsonl").write_text("half")
        raise RuntimeError("the disk melts")

    records: list[CaseRecord] = make_records(varied_contents())
    bundle_format = replace(get_format("canonical"), write=broken)
    with pytest.raises(RuntimeError):
        write_bundle(
            records, tmp_path / "b", release=make_release_record(records), bundle_format=bundle_format
        )
    assert list(tmp_path.iterdir()) == []


def test_bundle_of_the_first_schema_still_verifies(bundle: Path) -> None:
    """Bundles that left before formats had a place for the id, or could leave the rubric out."""
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    for key in ("id_path", "prompts_only", "harness_formula"):
        del manifest[key]
    manifest["schema"] = "clinwright-bundle/1"
    text = verify.manifest_text(manifest)
    assert text == json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    (bundle / "manifest.json").write_text(text, encoding="utf-8")
    assert verify.check(bundle).startswith("OK: trial==1.0.0")


def test_manifest_has_a_line_for_each_case_and_file(bundle: Path) -> None:
    """So that two manifests can be compared line by line, and a damage be told by its line."""
    text = (bundle / "manifest.json").read_text(encoding="utf-8")
    assert json.loads(text)["schema"] == "clinwright-bundle/2"
    for word in ('"prompt_id":"case-', '"path":"'):
        lines = [line for line in text.splitlines() if word in line]
        assert len(lines) >= 4 and all(line.count(word) == 1 for line in lines)
