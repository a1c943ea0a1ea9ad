"""The commands of room 2: they say what they did, and refuse in one sentence with exit code 1."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from exports.models import Release, Response, Run
from exports.services.releases import set_release_state
from tests.cast import Cast
from tests.exports.builders import answers_to, make_cases, make_release, write_jsonl


def run_command(capsys: pytest.CaptureFixture[str], *words: Any) -> str:
    """Run a command and return what it printed."""
    capsys.readouterr()
    call_command(*(str(word) for word in words))
    return capsys.readouterr().out


def refusal(*words: Any) -> str:
    """Run a command that must fail with exit code 1 and return its sentence."""
    with pytest.raises(CommandError) as refused:
        call_command(*(str(word) for word in words))
    assert refused.value.returncode == 1
    return str(refused.value)


FREEZE = ("freeze_release", "--department", "ED", "--name", "trial", "--release-version", "1.0.0")


def test_loop_by_command(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_cases(cast, 4)
    by = ("--by", "lou@example.org")
    frozen = run_command(capsys, *FREEZE, "--held-out", "0.25", "--seed", "5", *by)
    release = Release.objects.get()
    assert "Frozen trial==1.0.0 (candidate): 4 cases." in frozen
    assert "Held out: 1." in frozen
    assert release.sha256 in frozen
    assert "is now final" in run_command(
        capsys, "set_release_state", "trial==1.0.0", "final", "--reason", "Piloted.", *by
    )
    out = tmp_path / "new" / "bundle"
    exported = run_command(
        capsys, "export_release", "trial==1.0.0", "--format", "canonical", "--out", out, *by
    )
    assert "Wrote 3 cases of trial==1.0.0 (final)" in exported
    assert "Withheld: 1 held-out" in exported
    assert f"python3 -I {out}/verify.py" in exported
    assert "python manage.py import_results FILE --release trial==1.0.0" in exported
    verified = run_command(capsys, "verify_release", out, "--expect", release.sha256)
    assert verified.startswith("OK: trial==1.0.0")
    lab = run_command(
        capsys, "export_release", "trial==1.0.0", "--format", "healthbench", "--out", tmp_path / "lab",
        "--for", "Lab A", "--reason", "A trial.", *by,
    )  # fmt: skip
    assert "Wrote 4 cases" in lab
    assert "For Lab A, held-out cases included" in lab
    path = write_jsonl(tmp_path / "answers.jsonl", answers_to(release)[:3])
    words = (
        "import_responses", path, "--release", "trial==1.0.0", "--run", "m1", "--model", "some-model",
        "--model-class", "fine-tuned", "--prompting", "plain", "--retrieval", "rag", "--param", "temperature=0.2",
        "--param", "note=a=b", *by,
    )  # fmt: skip
    imported = run_command(capsys, *words)
    assert "Imported 3 answers to trial==1.0.0 as run m1." in imported
    assert "1 of 4 cases have no answer" in imported
    assert Run.objects.get().parameters == {"temperature": "0.2", "note": "a=b"}
    assert "Nothing changed: run m1 already holds the 3 answers" in run_command(capsys, *words)


def test_freezing_by_tag_takes_several(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    make_cases(cast, 2)
    out = run_command(
        capsys,
        *FREEZE,
        "--tag",
        "theme:other",
        "theme:emergency_referrals",
        "--tag",
        "x",
        "--by",
        "lou@example.org",
    )
    assert "2 cases" in out


def test_refusals_are_sentences(cast: Cast, tmp_path: Path) -> None:
    lou, eve = ("--by", "lou@example.org"), ("--by", "eve@example.org")
    assert "nothing to freeze" in refusal(*FREEZE, *lou)
    assert "no active account" in refusal(*FREEZE, "--by", "nobody@example.org")
    assert "no such department" in refusal(*FREEZE, *eve)
    make_release(cast)
    export = ("export_release", "trial==1.0.0", "--format", "canonical", "--out")
    assert "no such release" in refusal(*export, tmp_path / "a", *eve)
    assert "written NAME==X.Y.Z" in refusal("export_release", "trial", *export[2:], tmp_path / "a", *lou)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    assert "not an empty folder" in refusal(*export, tmp_path / "full", *lou)
    assert "can't be read" in refusal("verify_release", tmp_path / "nowhere")
    path = write_jsonl(tmp_path / "answers.jsonl", [{"prompt_id": "x", "completion": "y"}])
    importing = ("import_responses", path, "--release", "trial==1.0.0", "--run", "m1")
    assert re.search(r"answers\.jsonl, line 1: prompt_id: x is not a case", refusal(*importing, *lou))
    assert "written K=V" in refusal(*importing, "--param", "novalue", *lou)
    assert "given twice" in refusal(*importing, "--param", "a=1", "--param", "a=2", *lou)
    assert not Run.objects.exists()
    assert not Response.objects.exists()
    assert not (tmp_path / "a").exists()


def test_prompts_leave_without_the_rubric(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_release(cast)
    words = ("export_release", "trial==1.0.0", "--prompts-only", "--by", "ana@example.org", "--out")
    out = run_command(capsys, *words, tmp_path / "b", "--format", "canonical")
    assert "The rubric, reference answers, evidence, tags and titles are left out." in out
    assert "python manage.py import_responses FILE --release trial==1.0.0" in out
    assert b"12-lead" not in (tmp_path / "b" / "canonical.jsonl").read_bytes()
    for name in (
        "inspect_ai",
        "lm_eval",
        "promptfoo",
        "xlsx",
    ):  # answers come home inside the harness's own log
        out = run_command(capsys, *words, tmp_path / name, "--format", name)
        assert "python manage.py import_results FILE --release trial==1.0.0" in out, name
    assert "can't leave the rubric out" in refusal(*words, tmp_path / "c", "--format", "healthbench")


def test_withdrawn_release_is_exported_with_a_warning(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = make_release(cast)
    set_release_state(release=release, stage="withdrawn", reason="A dose was wrong.", by=cast.lou)
    out = run_command(
        capsys, "export_release", "trial==1.0.0", "--format", "canonical", "--out", tmp_path / "b",
        "--by", "lou@example.org",
    )  # fmt: skip
    assert "WITHDRAWN" in out
    assert "(stage: withdrawn)" in (tmp_path / "b" / "README.md").read_text()


def test_verifying_touches_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the database fixture any query ends this test with an error."""
    from tests.exports.builders import make_bundle

    make_bundle(tmp_path / "b")
    assert run_command(capsys, "verify_release", tmp_path / "b").startswith("OK")
    path = tmp_path / "b" / "canonical.jsonl"
    path.write_bytes(path.read_bytes().replace(b"ECG", b"EEG", 1))
    assert "canonical.jsonl, line 1: changed" in refusal("verify_release", tmp_path / "b")
