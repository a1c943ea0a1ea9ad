"""A harness's log comes home: answers and verdicts at once, all or none, once, and every complaint names its place."""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotations import log_files
from annotations.models import (
    Assignment,
    Desk,
    Grade,
    GradingSession,
    Rater,
    RaterKind,
    ResultsComparison,
    SessionKind,
    SessionState,
    Verdict,
)
from annotations.selectors.scores import report_run
from annotations.services import results as service
from annotations.services.results import ResultsImport, import_results
from builder.common.errors import BadInput, Conflict, NotAllowed, NotReady
from builder.models import AuditEvent
from exports.models import Release, ReleaseState, Response, Run, RunState, Stage
from exports.services.runs import import_responses
from tests.annotations.graded import case
from tests.annotations.harness_logs import log_rows, write_log
from tests.annotations.rows import make_release
from tests.cast import Cast

Rows = list[dict[str, Any]]
SIGNS = {(0, 1): "+o", (0, 2): "++", (1, 1): "+"}


@pytest.fixture
def release(cast: Cast) -> Release:
    """Two cases with two and one criteria."""
    return make_release(
        cast, name="set", contents=[case("A", (3, "accuracy"), (-1, "accuracy")), case("B", (2, "x"))]
    )


@pytest.fixture
def rows(release: Release) -> Rows:
    """A good log: two answers to the first case, one to the second."""
    return log_rows(release, SIGNS)


def bring(path: Path, release: Release, cast: Cast, **options: Any) -> ResultsImport:
    """Import as Ana, as run m1."""
    return import_results(path=path, release=release, **{"run_name": "m1", "by": cast.ana, **options})


def nothing_written() -> bool:
    """Whether no row of an import is there."""
    return not (
        Run.objects.exists() or GradingSession.objects.exists() or Rater.objects.exists()
        or AuditEvent.objects.filter(verb__in=("run:import", "verdicts:import")).exists()
    )  # fmt: skip


def content() -> list[tuple[Any, ...]]:
    """Return all that came in, without what counts rows."""
    answers = Response.objects.order_by("run__name", "item__position", "epoch")
    grades = Grade.objects.order_by(
        "assignment__session__session_runs__run__name", "assignment__position", "criterion_index"
    )
    return [
        *answers.values_list("run__name", "item__prompt_id", "epoch", "completion", "reported_score"),
        *grades.values_list(
            "assignment__position", "assignment__response__item__prompt_id", "assignment__response__epoch",
            "criterion_index", "verdict", "explanation",
        ),
    ]  # fmt: skip


def test_answers_and_verdicts_come_in_at_once(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    result = bring(write_log(tmp_path / "log.jsonl", rows), release, cast)
    found = (result.created, result.responses, result.judged, result.verdicts, result.unanswered)
    assert found == (True, 3, 3, 5, 0)
    run = Run.objects.get()
    assert (run.state, run.model, run.harness, run.harness_version, run.grader, run.log_format) == (
        RunState.READY, "some-model", "our-harness", "1.2", "some-grader", "canonical",
    )  # fmt: skip
    session = GradingSession.objects.get()
    assert (session.kind, session.state, session.closed_by) == (
        SessionKind.IMPORTED,
        SessionState.CLOSED,
        cast.ana,
    )
    assert session.source_sha256 == run.source_sha256
    member = session.session_raters.get()
    assert (member.rater.name, member.rater.kind, member.desk) == (
        "canonical:some-grader", RaterKind.EXTERNAL, Desk.IMPORTED,
    )  # fmt: skip
    verbs = AuditEvent.objects.filter(actor=cast.ana).values_list("verb", flat=True)
    assert list(verbs) == ["verdicts:import", "run:import"]
    # A: answers 3/3 and (3 - 1)/3, mean 5/6. B: 2/2. Mean 11/12.
    assert report_run(run).overall.mean == pytest.approx(11 / 12, abs=1e-15)


def test_a_failed_grading_and_a_missing_one_are_never_not_met(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    path = write_log(tmp_path / "log.jsonl", log_rows(release, {(0, 1): "!o", (0, 2): "?.", (1, 1): "+"}))
    result = bring(path, release, cast)
    given = dict.fromkeys(Verdict.values, 0)
    for verdict in Grade.objects.values_list("verdict", flat=True):
        given[verdict] += 1
    assert given == {"met": 1, "not_met": 1, "cannot_judge": 1, "judge_failed": 1} and result.verdicts == 4
    counts = report_run(result.run).counts
    assert (counts["complete"], counts["incomplete"]) == (1, 2)
    assert (counts["judge_failed"], counts["cannot_judge"], counts["missing"]) == (1, 1, 1)


def test_a_log_without_verdicts_brings_answers_only(
    cast: Cast, release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_log(tmp_path / "log.jsonl", log_rows(release, {(0, 1): "", (1, 1): ""}))
    call_command("import_results", path, release=release.label, run="m1", by=cast.ana.email)
    said = capsys.readouterr().out
    assert "Imported 2 answers" in said and "holds no verdict" in said
    assert Run.objects.get().state == RunState.READY and not GradingSession.objects.exists()
    assert bring(path, release, cast).created is False


def test_answers_that_were_not_graded_stay_without_verdicts(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    path = write_log(tmp_path / "log.jsonl", log_rows(release, {(0, 1): "+o", (0, 2): "", (1, 1): "+"}))
    result = bring(path, release, cast)
    assert (result.responses, result.judged, result.verdicts) == (3, 2, 3)
    assert report_run(result.run).counts["missing"] == 2


def test_a_sample_that_ended_without_an_answer_is_no_answer(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    rows[2] |= {"completion": "", "error": "The model timed out."}
    del rows[2]["rubric_items"]
    result = bring(write_log(tmp_path / "log.jsonl", rows), release, cast)
    assert (result.responses, result.failed, result.unanswered) == (2, 1, 1)
    assert report_run(result.run).counts["no_response"] == 1


def test_the_same_log_again_changes_nothing(cast: Cast, release: Release, rows: Rows, tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.jsonl", rows)
    bring(path, release, cast)
    before, events = content(), AuditEvent.objects.count()
    result = bring(path, release, cast)
    assert (result.created, result.responses, result.verdicts) == (False, 3, 5)
    assert bring(path, release, cast, restart=True).created is False
    assert content() == before and AuditEvent.objects.count() == events


def test_another_log_or_another_rater_for_the_same_run_is_refused(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    path = write_log(tmp_path / "log.jsonl", rows)
    bring(path, release, cast)
    before = content()
    rows[0]["rubric_items"][0]["criteria_met"] = False
    with pytest.raises(Conflict, match="m1 already has its answers, from another file"):
        bring(write_log(tmp_path / "other.jsonl", rows), release, cast)
    with pytest.raises(Conflict, match="another grader"):
        bring(path, release, cast, rater_name="somebody-else")
    with pytest.raises(Conflict, match="another model"):
        bring(path, release, cast, model="another")
    assert content() == before


def test_a_run_of_plain_answers_and_a_log_dont_mix(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    path = write_log(tmp_path / "log.jsonl", rows)
    import_responses(path=path, release=release, run_name="m1", by=cast.ana)
    with pytest.raises(Conflict, match="import_verdicts"):
        bring(path, release, cast)
    assert not GradingSession.objects.exists()


def test_what_a_person_says_goes_before_what_the_log_says(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    path = write_log(
        tmp_path / "log.jsonl", [row | {"parameters": {"temperature": "1", "seed": 7}} for row in rows]
    )
    result = bring(
        path,
        release,
        cast,
        model="named",
        rater_name="judge",
        parameters={"temperature": "0"},
        prompting="plain",
    )
    assert result.run.model == "named" and result.run.prompting == "plain"
    assert result.run.parameters == {"temperature": "0", "seed": "7"}
    assert result.session is not None and result.session.raters.get().name == "judge"


@pytest.mark.parametrize(
    ("grader", "rater"),
    [
        ("", "canonical"),
        ("a@b", "canonical:a_b"),
        ("x" * 300, "canonical:" + "x" * 140),
        (" g\n1 ", "canonical:g 1"),
    ],
)
def test_the_rater_is_named_by_format_and_grader(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, grader: str, rater: str
) -> None:
    path = write_log(tmp_path / "log.jsonl", [row | {"grader_model": grader} for row in rows])
    bring(path, release, cast)
    assert Rater.objects.get().name == rater


BAD: dict[str, tuple[Callable[[Rows], object], str]] = {
    "unknown prompt_id": (lambda r: r[1].update(prompt_id="set-9"), "line 2: prompt_id: set-9 is not a case"),
    "the same sample twice": (lambda r: r[1].update(epoch=1), "line 2: prompt_id: set-0 with epoch 1 is there twice"),
    "epoch of 0": (lambda r: r[1].update(epoch=0), "line 2: epoch: a whole number from 1"),
    "epoch beyond the limit": (lambda r: r[1].update(epoch=32_768), "line 2: epoch: a whole number from 1 to 32767"),
    "another release": (
        lambda r: [each.update(release_sha256="f" * 64) for each in r], "log.jsonl is the log of another release"),
    "another item": (lambda r: r[1].update(item_sha256="f" * 64), "line 2: item_sha256: the hash of set-0 differs"),
    "edited criterion": (
        lambda r: r[1]["rubric_items"][1].update(criterion="A, criterion 1"),
        r"line 2: rubric_items\[1\].criterion: the text differs"),
    "shifted list": (
        lambda r: r[1]["rubric_items"].reverse(), r"line 2: rubric_items\[0\].criterion: this is another criterion"),
    "short list": (lambda r: r[1]["rubric_items"].pop(), "line 2: rubric_items: 2 verdicts were expected"),
    "long list": (
        lambda r: r[2]["rubric_items"].append(dict(r[2]["rubric_items"][0])), "line 3: rubric_items: 1 verdicts"),
    "points differ": (
        lambda r: r[1]["rubric_items"][0].update(points=4), r"line 2: rubric_items\[0\].points: 3 was expected"),
    "another conversation": (
        lambda r: r[1].update(prompt=[{"role": "user", "content": "Something else?"}]),
        "line 2: prompt: the conversation differs"),
    "verdict is text": (
        lambda r: r[1]["rubric_items"][0].update(criteria_met="yes"), r"line 2: rubric_items\[0\].criteria_met"),
    "no completion": (lambda r: r[1].pop("completion"), "line 2: completion"),
    "another run's line": (lambda r: r[1].update(model="other"), "line 2: model"),
    "no answer at all": (lambda r: [each.update(completion="", error="x", rubric_items=None) for each in r],
        "holds no answer"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_rows_name_file_and_place_and_write_nothing(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, what: str
) -> None:
    change, message = BAD[what]
    change(rows)
    path = write_log(tmp_path / "log.jsonl", rows)
    with pytest.raises(BadInput, match=message) as refused:
        bring(path, release, cast)
    assert refused.value.message.startswith("log.jsonl") and "\n" not in refused.value.message
    assert nothing_written()
    with pytest.raises(CommandError, match=message) as ended:
        call_command("import_results", path, release=release.label, run="m1", by=cast.ana.email)
    assert ended.value.returncode == 1


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"prompt_id": "set-0", "completion": "x", "score": NaN}', "line 1: score: a finite number"),
        (b'{"prompt_id": "set-0", "completion": "x"}\n{"prompt', "line 2: bad JSON"),
        (b'{"prompt_id": "set-0", "completion": "x"}\n\xff\xfe', "line 2: not valid UTF-8"),
        (b'{"prompt_id": "set-0", "completion": "x"}\n{"a":' + b"[" * 100_000, "line 2: "),
        (
            b'{"prompt_id": "set-0", "completion": "' + b"x" * 9 * 2**20 + b'"}',
            "line 1: the line is longer than 8 MiB",
        ),
        (b"", "the log is empty"),
    ],
    ids=["NaN", "truncated", "bad UTF-8", "deep JSON", "a long line", "empty"],
)
def test_malformed_logs_are_refused_in_a_sentence(
    cast: Cast, release: Release, tmp_path: Path, raw: bytes, message: str
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match=message):
        bring(path, release, cast, file_format="canonical")
    if b"prompt_id" in raw:
        with pytest.raises(BadInput, match=message):
            bring(path, release, cast)
    assert nothing_written()


def test_a_system_turn_in_front_is_no_difference_but_another_is(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    said = [{"role": turn.role, "content": turn.content} for turn in release.items.first().content.prompt]  # type: ignore[union-attr]
    rows[0]["prompt"] = [{"role": "system", "content": "Be brief."}, *said]
    assert bring(write_log(tmp_path / "log.jsonl", rows), release, cast).created
    rows[0]["prompt"] = [{"role": "user", "content": "Be brief."}, *said]
    with pytest.raises(BadInput, match="line 1: prompt: the conversation differs"):
        bring(write_log(tmp_path / "log.jsonl", rows), release, cast, run_name="m2")


def test_an_unknown_or_ambiguous_log_asks_for_its_format(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_log(tmp_path / "log.jsonl", rows)
    other = tmp_path / "notes.md"
    other.write_text("# Notes")
    with pytest.raises(
        BadInput, match=r"notes\.md is not recognised as a harness’s log.*--format.*canonical"
    ):
        bring(other, release, cast)
    with pytest.raises(BadInput, match="hf_dataset brings no results home"):
        bring(path, release, cast, file_format="hf_dataset")
    with pytest.raises(BadInput, match="There is no format nonsense"):
        bring(path, release, cast, file_format="nonsense")
    twin = {**log_files.FORMATS, "twin": log_files.FORMATS["canonical"]}
    monkeypatch.setattr(log_files, "FORMATS", twin)
    with pytest.raises(BadInput, match=r"several formats.*--format: canonical, canonical"):
        bring(path, release, cast)
    assert nothing_written()
    assert bring(path, release, cast, file_format="canonical").created


def test_only_leads_and_analysts_import_and_never_to_a_withdrawn_release(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    path = write_log(tmp_path / "log.jsonl", rows)
    for person in (cast.ada, cast.rui, cast.gia, cast.eve, cast.ola):
        with pytest.raises(NotAllowed):
            bring(path, release, cast, by=person)
    ReleaseState.objects.create(release=release, stage=Stage.WITHDRAWN, by=cast.lou)
    with pytest.raises(NotReady, match="withdrawn"):
        bring(path, release, cast)
    assert nothing_written()


def power_cut(after: int) -> Callable[[Iterable[Any], str], Iterator[Any]]:
    """Return a watch that loses the power when so many rows were handed to the writer."""

    def watch(rows: Iterable[Any], label: str) -> Iterator[Any]:
        for count, row in enumerate(rows):
            if label == "Writing" and count == after:
                raise KeyboardInterrupt
            yield row

    return watch


@pytest.mark.parametrize("after", range(4))
def test_an_interrupted_import_is_out_of_sight_and_resumes(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    path = write_log(tmp_path / "log.jsonl", rows)
    monkeypatch.setattr(service, "BATCH", 1)
    if after < 3:
        with pytest.raises(KeyboardInterrupt):
            bring(path, release, cast, progress=power_cut(after))
        assert (Response.objects.count(), Assignment.objects.count()) == (after, after)
        assert not Run.objects.visible_to(cast.lou).exists()
        assert not GradingSession.objects.visible_to(cast.lou).exists()
    result = bring(path, release, cast)
    assert (result.created, result.responses, result.verdicts) == (True, 3, 5)
    assert result.resumed == (after if after < 3 else 0)
    interrupted = content()
    bring(path, release, cast, run_name="m2")
    assert [row[1:] for row in content()[:3]] == [row[1:] for row in interrupted[:3]]
    assert GradingSession.objects.filter(state=SessionState.CLOSED).count() == 2


def test_what_an_interruption_left_is_dropped_on_demand_only(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 1)
    path = write_log(tmp_path / "log.jsonl", rows)
    with pytest.raises(KeyboardInterrupt):
        bring(path, release, cast, progress=power_cut(2))
    other = write_log(tmp_path / "other.jsonl", log_rows(release, {(1, 1): "o"}))
    with pytest.raises(Conflict, match="--restart"):
        bring(other, release, cast)
    with pytest.raises(Conflict, match="harness’s log was interrupted"):
        import_responses(path=path, release=release, run_name="m1", by=cast.ana, restart=True)
    with pytest.raises(BadInput):
        bring(
            write_log(tmp_path / "bad.jsonl", [{"prompt_id": "set-0", "completion": 7}]),
            release,
            cast,
            restart=True,
        )
    assert Response.objects.count() == 2
    result = bring(other, release, cast, restart=True)
    assert (result.responses, result.verdicts, result.resumed) == (1, 1, 0)
    assert Response.objects.count() == GradingSession.objects.count() == 1
    assert AuditEvent.objects.filter(verb="run:drop").count() == 1


@pytest.mark.parametrize("after", [1, 2, 3])
def test_what_a_killed_drop_leaves_can_still_be_resumed(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(service, "BATCH", 1)
    path, is_open, calls = write_log(tmp_path / "log.jsonl", rows), service._is_open, []
    with pytest.raises(KeyboardInterrupt):
        bring(path, release, cast, progress=power_cut(2))

    def fail_at(run: Run) -> bool:
        calls.append(1)
        if len(calls) == after:
            raise KeyboardInterrupt
        return is_open(run)

    monkeypatch.setattr(service, "_is_open", fail_at)
    with pytest.raises(KeyboardInterrupt):
        bring(path, release, cast, restart=True)
    assert Response.objects.count() == Assignment.objects.count() == 3 - after
    monkeypatch.setattr(service, "_is_open", is_open)
    result = bring(path, release, cast)
    assert (result.responses, result.verdicts, result.resumed) == (3, 5, 3 - after)


def test_a_log_that_changes_while_it_is_read_stays_out_of_sight(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    path = write_log(tmp_path / "log.jsonl", rows)

    def meddle(rows: Iterable[Any], label: str) -> Iterator[Any]:
        if label == "Writing":
            path.write_text(path.read_text().replace("Answer 1", "Answer X"))
        yield from rows

    with pytest.raises(Conflict, match="changed while it was read"):
        bring(path, release, cast, progress=meddle)
    assert Run.objects.get().state == RunState.IMPORTING


def test_run_and_session_appear_at_one_moment(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("the power is gone")

    path = write_log(tmp_path / "log.jsonl", rows)
    monkeypatch.setattr(service, "finish_run", fail)
    with pytest.raises(RuntimeError):
        bring(path, release, cast)
    assert Run.objects.get().state == RunState.IMPORTING
    assert GradingSession.objects.get().state == SessionState.IMPORTING
    assert (
        not ResultsComparison.objects.exists()
        and not AuditEvent.objects.filter(verb="verdicts:import").exists()
    )


def test_a_folder_and_its_zip_come_in_as_its_log(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    log = write_log(tmp_path / "out" / "inner" / "log.jsonl", rows)
    packed = tmp_path / "out.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(log, "out/inner/log.jsonl")
        archive.writestr("__MACOSX/out/._log.jsonl", "rubbish")
    assert bring(packed, release, cast).created
    # The zip of one file is that file.
    assert bring(log, release, cast).created is False


def hostile_zip(path: Path, name: str = "log.jsonl", text: bytes = b"{}", **attributes: Any) -> Path:
    """Write a zip with one member."""
    member = zipfile.ZipInfo(name)
    for attribute, value in attributes.items():
        setattr(member, attribute, value)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text, zipfile.ZIP_DEFLATED)
    return path


def test_hostile_zips_are_refused_and_leave_nothing(cast: Cast, release: Release, tmp_path: Path) -> None:
    path = tmp_path / "log.zip"
    for name in ("../log.jsonl", "/etc/log.jsonl", "a/../../log.jsonl"):
        with pytest.raises(BadInput, match="leads out of the folder"):
            bring(hostile_zip(path, name), release, cast)
    with pytest.raises(BadInput, match="leads out of the folder"):
        bring(hostile_zip(path, external_attr=0o120777 << 16), release, cast)
    with pytest.raises(BadInput, match=r"log.zip, log.jsonl: unpacked, it is unreasonably large"):
        bring(hostile_zip(path, text=bytes(20 * 2**20)), release, cast)
    whole = hostile_zip(path, text=b'{"a": 1}' * 100).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"log\.zip is not a whole zip file"):
        bring(path, release, cast)
    assert nothing_written() and sorted(each.name for each in tmp_path.iterdir()) == ["log.zip"]


def test_a_zip_says_its_fault_without_the_names_of_our_folders(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    path = tmp_path / "log.zip"
    with pytest.raises(BadInput, match=r"^log\.zip is not a whole zip file \(File name too long\)\."):
        bring(hostile_zip(path, "a/" + "b" * 300 + ".jsonl"), release, cast)
    with pytest.raises(BadInput) as refused:
        bring(hostile_zip(path, "../a\n\x1b[2J.jsonl"), release, cast)
    assert refused.value.message.isprintable() and nothing_written()


def test_a_zips_list_of_files_is_bounded_before_it_is_read(
    cast: Cast, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hostile_zip(tmp_path / "log.zip")
    monkeypatch.setattr(log_files, "MAX_DIRECTORY_BYTES", 46)
    monkeypatch.setattr(log_files.zipfile, "ZipFile", None)  # it would fail if it were reached
    with pytest.raises(BadInput, match=r"^log\.zip holds more than 10000 files\.$"):
        bring(path, release, cast)


def test_a_folder_with_a_link_is_refused(cast: Cast, release: Release, rows: Rows, tmp_path: Path) -> None:
    """What a link leads to would be read, but neither hashed nor measured."""
    log = write_log(tmp_path / "elsewhere" / "samples_x_1.jsonl", rows)
    for folder, name, target in (("a", "samples_x_1.jsonl", log), ("b", "inner", log.parent)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).symlink_to(target)
        with pytest.raises(BadInput, match=f"^{folder} holds a link, {name}"):
            bring(tmp_path / folder, release, cast)
    assert nothing_written()


def test_what_a_zip_claims_of_its_size_is_not_believed(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path = hostile_zip(tmp_path / "log.zip", text=text)
    monkeypatch.setattr(log_files, "MAX_LOG_BYTES", len(text) - 1)
    with pytest.raises(BadInput, match=r"log\.zip is larger than"):
        bring(path, release, cast)


def test_a_log_of_two_gibibytes_is_refused_before_it_is_read(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    with path.open("wb") as target:
        target.truncate(2 * 2**30)
    with pytest.raises(BadInput, match=r"^log.jsonl is larger than 1 GiB"):
        bring(path, release, cast)
    with pytest.raises(BadInput, match=r"is larger than 1 GiB"):
        bring(tmp_path, release, cast)
    with pytest.raises(BadInput, match="is not there"):
        bring(tmp_path / "nowhere", release, cast)
    assert nothing_written()
