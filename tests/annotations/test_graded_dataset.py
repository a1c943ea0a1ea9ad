"""A closed session as files for others: every verdict once, nobody's name, and the same agreement on both sides."""

import csv
import hashlib
import io
import json
import re
import tracemalloc
import zipfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from sklearn.metrics import cohen_kappa_score, f1_score

from annotations.graded_dataset.formats import category_of
from annotations.models import (
    Assignment,
    Desk,
    GoldVerdict,
    Grade,
    GradeEvent,
    GradingSession,
    Resolution,
    SessionItem,
    SessionRater,
    SessionRun,
)
from annotations.selectors.agreement import report_agreement
from annotations.services.graded_dataset import export_grades, export_grades_archive
from annotations.services.sessions import close_session, end_grading
from annotations.services.verdicts import import_verdicts
from annotations.stats import RatingTable, agreement, human_macro_f1
from builder.common.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from builder.content import Criterion
from builder.models import AuditEvent, Membership, Role
from exports.models import Release, ReleaseItem, Split
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import make_release, make_run, make_session
from tests.cast import Cast
from tests.exports.builders import write_jsonl

pytestmark = pytest.mark.django_db
META_FIELDS = {
    "prompt", "prompt_id", "completion", "completion_id", "rubric", "category", "binary_labels",
    "anonymized_physician_ids", "canary",
}  # fmt: skip


def closed(cast: Cast, *, close: bool = True) -> GradingSession:
    """Return a session of two cases and one run: three graders, a tie-free first case, an abstention in the second."""
    contents = [
        case("One", (5, "accuracy"), (-10, "accuracy"), red=[1]),
        case("Two", (5, "accuracy"), (3, "context_awareness")),
    ]
    release = make_release(cast, name="set", contents=contents)
    answered(release, "aspen", {0: 1, 1: 1}, by=cast.lou)
    grades = {(0, 1): ["+o", "+o", "o+"], (1, 1): ["+?", "+o", ".+"]}
    return graded(cast, release, {"aspen": grades}, close=close)


def rows_of(
    session: GradingSession, cast: Cast, folder: Path, file_format: str = "jsonl", **given: str
) -> list[Any]:
    """Return what an export wrote, line by line."""
    path = folder / f"{file_format}.{len(list(folder.iterdir()))}"
    export_grades(session=session, file_format=file_format, path=path, by=cast.ana, **given)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table_of(session: GradingSession, cast: Cast, folder: Path) -> list[dict[str, str]]:
    """Return the CSV's rows."""
    path = folder / "grades.csv"
    export_grades(session=session, file_format="csv", path=path, by=cast.ana)
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_one_row_for_every_verdict(cast: Cast, tmp_path: Path) -> None:
    """Two criteria by three graders, then two by two and one by one: eleven verdicts, in a fixed order."""
    session = closed(cast)
    rows = rows_of(session, cast, tmp_path)
    assert [(row["prompt_id"], row["grader"], row["criterion_index"], row["verdict"]) for row in rows] == [
        ("set-0", "grader-1", 0, "met"), ("set-0", "grader-1", 1, "not_met"),
        ("set-0", "grader-2", 0, "met"), ("set-0", "grader-2", 1, "not_met"),
        ("set-0", "grader-3", 0, "not_met"), ("set-0", "grader-3", 1, "met"),
        ("set-1", "grader-1", 0, "met"), ("set-1", "grader-1", 1, "cannot_judge"),
        ("set-1", "grader-2", 0, "met"), ("set-1", "grader-2", 1, "not_met"),
        ("set-1", "grader-3", 1, "met"),
    ]  # fmt: skip
    first, last = rows[0], rows[-1]
    assert first["run"] == "aspen" and first["epoch"] == 1 and first["split"] == "public"
    assert (first["criterion"], first["points"], first["red_line"]) == ("One, criterion 0.", 5, False)
    assert rows[1]["red_line"] and first["tags"] == ["axis:accuracy"]
    assert first["item_sha256"] == ReleaseItem.objects.get(prompt_id="set-0").sha256
    assert first["release"] == "set==1.0.0" and first["release_sha256"] == session.release.sha256
    assert first["completion_id"] == hashlib.sha256(b"set-0Record an ECG.").hexdigest()
    assert first["completion_sha256"] == hashlib.sha256(b"Record an ECG.").hexdigest()
    # Two of three say met; of one met and one not met (the third could not judge) nothing follows.
    assert (first["outcome"], last["outcome"]) == ("met", "undecided")
    assert first["desk"] == "in-app" and first["counts"] and first["released"] is None


def test_when_and_how_long_and_in_which_order(cast: Cast, tmp_path: Path) -> None:
    session = closed(cast, close=False)
    mine = Assignment.objects.filter(rater__user=cast.gia).order_by("position").first()
    assert mine is not None
    mine.active_seconds = 42
    mine.save(update_fields=["active_seconds"])
    said = datetime(2026, 5, 8, 9, 30, 15, 999_000, tzinfo=UTC)
    for verdict, at in (("not_met", said.replace(hour=8)), ("met", said)):
        GradeEvent.objects.create(assignment=mine, criterion_index=0, verdict=verdict, at=at)
    close_session(session=session, reason="Done.", by=cast.lou)
    rows = [row for row in rows_of(session, cast, tmp_path) if row["grader"] == "grader-1"]
    [row] = [row for row in rows if row["position"] == 1 and row["criterion_index"] == 0]
    assert row["at"] == "2026-05-08T09:30:15Z" and row["active_seconds"] == 42
    assert {row["active_seconds"] for row in rows if row["position"] == 2} == {None}


def test_what_does_not_count_is_there_and_says_so(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast, name="set", contents=[case(f"C{n}", (5, "accuracy")) for n in range(3)])
    runs = {"aspen": {0: 1, 1: 1, 2: 1}, "birch": {0: 1}}
    for name, answers in runs.items():
        answered(release, name, answers, by=cast.lou)
    texts = {name: {(place, 1): ["+", "o", "+"] for place in answers} for name, answers in runs.items()}
    session = graded(cast, release, texts, close=False)
    SessionRun.objects.filter(run__name="birch").update(withdrawn_at=timezone.now())
    mine = Assignment.objects.filter(session=session, response__run__name="aspen")
    item = SessionItem.objects.get(session=session, response__run__name="aspen", response__item__position=0)
    SessionItem.objects.filter(pk=item.pk).update(is_calibration=True)
    mine.filter(response=item.response).update(is_calibration=True)
    GoldVerdict.objects.create(
        item=item, criterion_index=0, verdict="not_met", explanation="It waits.", by=cast.lou
    )
    mine.filter(response__item__position=1, rater__user=cast.gia).update(
        released_at=timezone.now(), released_cause="skipped"
    )
    mine.filter(response__item__position=2, rater__user=cast.geo).update(asked=[0])
    Resolution.objects.create(
        session=session, response=mine.filter(response__item__position=2)[0].response, criterion_index=0,
        verdict="not_met", reason="It says so nowhere.", by=cast.lou,
    )  # fmt: skip
    end_grading(session=session, by=cast.lou)
    close_session(session=session, reason="Done.", by=cast.lou)
    rows = rows_of(session, cast, tmp_path)
    assert len(rows) == 12
    calibration = [row for row in rows if row["calibration"]]
    assert {(row["gold"], row["gold_explanation"], row["outcome"], row["counts"]) for row in calibration} == {
        ("not_met", "It waits.", None, False)
    }
    assert [row["counts"] for row in rows if row["withdrawn"]] == [False] * 3
    [released] = [row for row in rows if row["released"]]
    assert (released["released"], released["counts"], released["grader"]) == ("skipped", False, "grader-1")
    [third] = [row for row in rows if row["third_opinion"]]
    assert third["counts"] and third["grader"] == "grader-3"
    assert (third["outcome"], third["resolution"], third["resolution_reason"]) == (
        "not_met", "not_met", "It says so nowhere.",
    )  # fmt: skip
    manifest = json.loads((tmp_path / "jsonl.0.manifest.json").read_text())
    told = {
        name: manifest["counts"][name] for name in ("calibration", "withdrawn", "released", "third_opinions")
    }
    assert told == {"calibration": 3, "withdrawn": 3, "released": 1, "third_opinions": 1}
    # The table holds what counts: answers 1 and 2 of aspen, without Gia's released verdict.
    table = table_of(session, cast, tmp_path)
    assert [[row[f"grader-{n}"] for n in (1, 2, 3)] for row in table] == [
        ["", "not_met", "met"],
        ["met", "not_met", "met"],
    ]
    assert [row["third_opinions"] for row in table] == ["", "grader-3"]
    # Labels: neither the released verdict nor the third opinion.
    labels = [sorted(row["binary_labels"]) for row in rows_of(session, cast, tmp_path, "meta-eval")]
    assert labels == [[False, True], [False, True]]


def test_a_table_has_a_column_for_every_grader_and_runs_no_formula(cast: Cast, tmp_path: Path) -> None:
    session = closed(cast, close=False)
    Grade.objects.filter(assignment__rater__user=cast.gus, criterion_index=0).update(
        explanation='=HYPERLINK("http://x")', quote="@now"
    )
    close_session(session=session, reason="Done.", by=cast.lou)
    rows = table_of(session, cast, tmp_path)
    assert [[row[f"grader-{n}"] for n in (1, 2, 3)] for row in rows] == [
        ["met", "met", "not_met"], ["not_met", "not_met", "met"], ["met", "met", ""],
        ["cannot_judge", "not_met", "met"],
    ]  # fmt: skip
    assert rows[0]["grader-2 note"] == '\'=HYPERLINK("http://x")' and rows[0]["grader-2 quote"] == "'@now"
    assert [row["outcome"] for row in rows] == ["met", "not_met", "met", "undecided"]
    assert rows[1]["points"] == "-10" and rows[1]["red_line"] == "True"


def test_nobody_is_named(cast: Cast, tmp_path: Path) -> None:
    """Neither names nor addresses, and an id that differs between sessions and can't be tried out."""
    session = closed(cast)
    for file_format in ("jsonl", "csv", "meta-eval"):
        archive = export_grades_archive(session=session, file_format=file_format, by=cast.ana)
        with archive.content, zipfile.ZipFile(archive.content) as opened:
            content = b"".join(opened.read(name) for name in opened.namelist()).decode().lower()
        for person in (cast.gia, cast.gus, cast.geo, cast.lou, cast.ana):
            assert person.email not in content
            assert not re.search(rf"\b{person.name.lower()}\b", content)
    first = rows_of(session, cast, tmp_path, "meta-eval")
    other = make_session(cast, n_cases=1, n_runs=1)
    Grade.objects.create(
        assignment=Assignment.objects.filter(session=other)[0], criterion_index=0, verdict="met"
    )
    close_session(session=other, reason="Done.", by=cast.lou)
    ids = {rater for row in first for rater in row["anonymized_physician_ids"]}
    elsewhere = {
        rater
        for row in rows_of(other, cast, tmp_path, "meta-eval")
        for rater in row["anonymized_physician_ids"]
    }
    assert len(ids) == 3 and len(elsewhere) == 1 and not ids & elsewhere
    raters = SessionRater.objects.filter(session=session)
    guesses = {hashlib.sha256(f"{session.pk}:{rater.rater_id}".encode()).hexdigest()[:16] for rater in raters}
    assert not ids & guesses


def test_a_meta_evaluation_has_healthbenchs_fields(cast: Cast, tmp_path: Path) -> None:
    session = closed(cast)
    rows = rows_of(session, cast, tmp_path, "meta-eval")
    assert all(row.keys() == META_FIELDS for row in rows)
    assert [(row["rubric"], row["category"]) for row in rows] == [
        ("One, criterion 0.", "axis:accuracy"), ("One, criterion 1.", "axis:accuracy"),
        ("Two, criterion 0.", "axis:accuracy"), ("Two, criterion 1.", "axis:context_awareness"),
    ]  # fmt: skip
    assert all(len(row["binary_labels"]) == len(row["anonymized_physician_ids"]) for row in rows)
    assert [len(row["binary_labels"]) for row in rows] == [3, 3, 2, 2]
    assert rows[0]["prompt"][-1]["role"] == "user" and rows[0]["completion"] == "Record an ECG."
    manifest = json.loads((tmp_path / "meta-eval.0.manifest.json").read_text())
    assert manifest["counts"]["labels_left_out"] == 1 and manifest["counts"]["labels"] == 10


def test_a_criterion_goes_by_its_cluster_else_by_its_axis() -> None:
    both = ["axis:accuracy", "cluster:hedging_x"]
    assert category_of(Criterion("a", 1, both)) == "cluster:hedging_x"
    assert category_of(Criterion("a", 1, ["axis:accuracy"])) == "axis:accuracy"
    assert category_of(Criterion("a", 1, ["level:example"])) == "uncategorised"


def test_agreement_from_the_file_is_the_sessions_own(cast: Cast, tmp_path: Path) -> None:
    """There and back: every coefficient of ours, and F1 and kappa by scikit-learn, of the file's labels alone."""
    signs = ["+o+", "o++", "++o", "ooo", "+++", "o+o"]
    release = make_release(
        cast,
        name="set",
        contents=[case(f"C{n}", (5, "accuracy"), (3, "accuracy"), (-2, "accuracy")) for n in range(12)],
    )
    answered(release, "aspen", dict.fromkeys(range(12), 1), by=cast.lou)
    grades = {(n, 1): [signs[n % 6], signs[(n * n) % 6], signs[n % 4] if n % 5 else "?.o"] for n in range(12)}
    session = graded(cast, release, {"aspen": grades})
    rows = rows_of(session, cast, tmp_path, "meta-eval")
    long = [
        (unit, row["prompt_id"], rater, int(met))
        for unit, row in enumerate(rows)
        for rater, met in zip(row["anonymized_physician_ids"], row["binary_labels"], strict=True)
    ]
    unit, prompt, rater, met = (list(column) for column in zip(*long, strict=True))
    table = RatingTable.from_long(unit, rater, met, cluster=prompt, categories=(0, 1))
    ours = {estimate.name: estimate for estimate in report_agreement(session).estimates}
    for estimate in agreement(table, seed=0):
        assert estimate.value == pytest.approx(ours[estimate.name].value, abs=1e-12), estimate.name
    labels: dict[str, dict[int, int]] = defaultdict(dict)
    for place, _prompt, name, verdict in long:
        labels[name][place] = verdict
    mine = human_macro_f1(unit, rater, met)
    for name, value in zip(mine.raters, mine.macro_f1, strict=True):
        pairs = [
            (own, labels[other][place])
            for other in labels if other != name
            for place, own in labels[name].items() if place in labels[other]
        ]  # fmt: skip
        assert value == pytest.approx(
            f1_score([b for _a, b in pairs], [a for a, _b in pairs], average="macro")
        )
    found = sorted(
        pair.kappa.value for pair in report_agreement(session).pairs if pair.kappa.value is not None
    )
    names = sorted(labels)
    kappas = []
    for place, a in enumerate(names):
        for b in names[place + 1 :]:
            both = labels[a].keys() & labels[b].keys()
            kappas.append(cohen_kappa_score([labels[a][u] for u in both], [labels[b][u] for u in both]))
    assert found == pytest.approx(sorted(kappas))


def test_the_same_session_gives_the_same_bytes(cast: Cast, tmp_path: Path, client: Client) -> None:
    session = closed(cast)
    for file_format in ("jsonl", "csv", "meta-eval"):
        contents = []
        for language in ("en", "ko"):
            cast.lou.language = language
            cast.lou.save(update_fields=["language"])
            client.force_login(cast.lou)
            address = reverse("api:session-graded-dataset", args=[session.pk])
            answer = client.get(f"{address}?format={file_format}", headers={"accept-language": language})
            contents.append(b"".join(answer.streaming_content))
        assert contents[0] == contents[1]


def test_manifest_and_readme_say_what_the_file_is(cast: Cast, tmp_path: Path) -> None:
    session = closed(cast, close=False)
    SessionRater.objects.filter(session=session, position=2).update(desk=Desk.LABEL_STUDIO)
    close_session(session=session, reason="Done.", by=cast.lou)
    path = tmp_path / "out" / "grades.jsonl"
    result = export_grades(session=session, file_format="jsonl", path=path, by=cast.ana)
    manifest = json.loads(path.with_name("grades.jsonl.manifest.json").read_text())
    readme = path.with_name("grades.jsonl.README.md").read_text()
    content = path.read_bytes()
    assert manifest == result.manifest
    assert manifest["files"] == [
        {"path": "grades.jsonl", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    ]
    counts = manifest["counts"]
    assert (
        counts["answers"],
        counts["verdicts"],
        counts["met"],
        counts["not_met"],
        counts["cannot_judge"],
    ) == (2, 11, 6, 4, 1)
    assert manifest["graders"][1] == {"grader": "grader-2", "desk": "label-studio", "person": True}
    assert "1 grader worked in Label Studio" in readme and manifest["independence_note"] in readme
    assert manifest["canary"] in content.decode() and manifest["canary"] in readme
    assert {row["canary"] for row in map(json.loads, content.splitlines())} == {manifest["canary"]}


class TestHeldOut:
    """Held-out cases leave for a named recipient and a reason only: neither their texts nor what was said of them."""

    @pytest.fixture
    def session(self, cast: Cast) -> GradingSession:
        """Return a session whose second case is held out."""
        session = closed(cast)
        hold_out(session.release, "set-1")
        session.release.refresh_from_db()
        return session

    def test_they_stay_here_and_are_counted(
        self, cast: Cast, tmp_path: Path, session: GradingSession
    ) -> None:
        for file_format in ("jsonl", "csv", "meta-eval"):
            path = tmp_path / file_format
            result = export_grades(session=session, file_format=file_format, path=path, by=cast.ana)
            assert "Two, criterion" not in path.read_text() and "set-1" not in path.read_text()
            assert result.manifest["withheld"] == {"cases": 1, "answers": 1, "verdicts": 5}
            assert (
                "5 verdicts on 1 answers to 1 held-out cases"
                in path.with_name(f"{file_format}.README.md").read_text()
            )

    def test_they_go_to_a_recipient_under_another_canary(
        self, cast: Cast, tmp_path: Path, session: GradingSession
    ) -> None:
        public = rows_of(session, cast, tmp_path)
        whole = rows_of(session, cast, tmp_path, recipient="Dr Novak", reason="Replication")
        assert (len(public), len(whole)) == (6, 11)
        assert public[0]["canary"] != whole[0]["canary"]
        told = AuditEvent.objects.filter(verb="grades:export").order_by("-sequence").first()
        assert told is not None and told.why == "Replication" and "Dr Novak" in told.details_text

    @pytest.mark.parametrize("given", [{"recipient": "Dr Novak"}, {"reason": "Replication"}])
    def test_one_without_the_other_is_refused(
        self, cast: Cast, tmp_path: Path, session: GradingSession, given: dict[str, str]
    ) -> None:
        with pytest.raises(BadInput):
            rows_of(session, cast, tmp_path, **given)

    def test_a_session_of_held_out_cases_alone_needs_a_recipient(
        self, cast: Cast, tmp_path: Path, session: GradingSession
    ) -> None:
        hold_out(session.release, "set-0")
        with pytest.raises(NotReady, match="held-out"):
            rows_of(session, cast, tmp_path)
        assert len(rows_of(session, cast, tmp_path, recipient="Dr Novak", reason="Replication")) == 11


def hold_out(release: Release, prompt_id: str) -> None:
    """Let an item count as held out: frozen rows are guarded, so the guard is asked to look away."""
    from django.db import connection

    from builder.common.guards import drop_guards, install_guards

    drop_guards(connection)
    ReleaseItem.objects.filter(release=release, prompt_id=prompt_id).update(split=Split.HELD_OUT)
    Release.objects.filter(pk=release.pk).update(n_held_out=release.n_held_out + 1)
    install_guards(connection)
    release.refresh_from_db()


class TestWhoAndWhen:
    """Only of a closed session, by those who may export, and never to somebody who still grades one of its runs."""

    def test_not_before_it_is_closed(self, cast: Cast, tmp_path: Path, client: Client) -> None:
        session = closed(cast, close=False)
        with pytest.raises(NotReady, match="when the session is closed"):
            rows_of(session, cast, tmp_path)
        end_grading(session=session, by=cast.lou)
        client.force_login(cast.lou)
        for address in ("annotations:session-grades", "api:session-graded-dataset"):
            assert client.get(reverse(address, args=[session.pk])).status_code == 409
        assert not list(tmp_path.iterdir())

    def test_a_grader_may_not(self, cast: Cast, tmp_path: Path) -> None:
        session = closed(cast)
        with pytest.raises(NotAllowed):
            export_grades(session=session, file_format="jsonl", path=tmp_path / "x", by=cast.gia)

    def test_whoever_grades_a_run_blind_elsewhere_may_not(
        self, cast: Cast, tmp_path: Path, client: Client
    ) -> None:
        from annotations.services.sessions import open_session

        session = closed(cast)
        Membership.objects.create(user=cast.ana, department=cast.department, role=Role.GRADER)
        run = session.runs.get()
        open_session(release=session.release, runs=[run], graders=[cast.ana], by=cast.lou)
        with pytest.raises(NotFound):
            rows_of(session, cast, tmp_path)
        client.force_login(cast.ana)
        assert client.get(reverse("annotations:session-grades", args=[session.pk])).status_code == 404

    def test_an_existing_file_stays(self, cast: Cast, tmp_path: Path) -> None:
        session = closed(cast)
        for suffix in ("", ".manifest.json", ".README.md"):
            folder = tmp_path / f"x{suffix}"
            folder.mkdir()
            (folder / f"g{suffix}").write_text("mine")
            with pytest.raises(Conflict):
                export_grades(session=session, file_format="csv", path=folder / "g", by=cast.ana)
            assert [each.read_text() for each in folder.iterdir()] == ["mine"]
        assert not AuditEvent.objects.filter(verb="grades:export").exists()

    def test_an_unknown_format_is_refused(self, cast: Cast, tmp_path: Path) -> None:
        with pytest.raises(BadInput):
            export_grades(session=closed(cast), file_format="parquet", path=tmp_path / "x", by=cast.ana)


def test_imported_verdicts_leave_too_but_are_no_peoples_labels(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast, name="set", contents=[case("One", (5, "accuracy"), (3, "accuracy"))])
    run, item = make_run(release, "m", by=cast.ana), release.items.get()
    items = [
        {
            "criterion": each.criterion,
            "points": each.points,
            "criteria_met": place == 0,
            "explanation": "Seen.",
        }
        for place, each in enumerate(item.content.rubrics)
    ]
    path = write_jsonl(
        tmp_path / "v.jsonl", [{"prompt_id": item.prompt_id, "epoch": 1, "rubric_items": items}]
    )
    session = import_verdicts(path=path, run=run, rater_name="tool", by=cast.ana).session
    rows = rows_of(session, cast, tmp_path)
    assert [(row["grader"], row["desk"], row["verdict"], row["explanation"]) for row in rows] == [
        ("tool", "imported", "met", "Seen."), ("tool", "imported", "not_met", "Seen."),
    ]  # fmt: skip
    with pytest.raises(NotReady, match="people"):
        rows_of(session, cast, tmp_path, "meta-eval")


class TestDoors:
    """The command, the page and the API send the same."""

    def test_the_command_says_what_left(
        self, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        session, path = closed(cast), tmp_path / "m.jsonl"
        call_command(
            "export_grades",
            str(session.pk),
            "--format",
            "meta-eval",
            "--out",
            str(path),
            "--by",
            cast.ana.email,
        )
        said = capsys.readouterr().out
        assert f"Wrote 4 rows of 11 verdicts of session {session.pk} to {path}." in said
        assert "Withheld: 0 verdicts on 0 held-out cases" in said and "neither met nor not met: 1" in said
        with pytest.raises(CommandError, match="already exists"):
            call_command(
                "export_grades",
                str(session.pk),
                "--format",
                "csv",
                "--out",
                str(path),
                "--by",
                cast.ana.email,
            )

    def test_the_page_sends_a_zip(self, cast: Cast, tmp_path: Path, client: Client) -> None:
        session = closed(cast)
        client.force_login(cast.lou)
        address = reverse("annotations:session-grades", args=[session.pk])
        assert client.get(address).status_code == 200
        assert client.post(address, {"format": "nothing"}).status_code == 422
        answer = client.post(address, {"format": "csv"})
        assert answer["Content-Disposition"] == f'attachment; filename="session-{session.pk}-csv.zip"'
        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as opened:
            folder = f"session-{session.pk}-csv"
            assert sorted(opened.namelist()) == [
                f"{folder}/README.md",
                f"{folder}/grades.csv",
                f"{folder}/manifest.json",
            ]
            manifest = json.loads(opened.read(f"{folder}/manifest.json"))
            data = opened.read(f"{folder}/grades.csv")
        assert manifest["files"][0]["sha256"] == hashlib.sha256(data).hexdigest()

    def test_the_api_sends_held_out_cases_for_a_recipient(self, cast: Cast, client: Client) -> None:
        session = closed(cast)
        hold_out(session.release, "set-1")
        client.force_login(cast.ana)
        address = reverse("api:session-graded-dataset", args=[session.pk])
        assert client.post(address, {"format": "jsonl"}, content_type="application/json").status_code == 422
        wanted = {"format": "jsonl", "recipient": "Dr Novak", "reason": "Replication"}
        answer = client.post(address, wanted, content_type="application/json")
        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as opened:
            rows = opened.read(f"session-{session.pk}-jsonl/grades.jsonl").splitlines()
        assert len(rows) == 11


def test_a_large_session_is_never_held_in_memory(cast: Cast, tmp_path: Path) -> None:
    """Six hundred answers of 20 KB each: texts of 12 MB pass, and less than a third of that is held."""
    session = make_session(cast, n_cases=300, n_criteria=3, graders=[cast.gia])
    for response in (rows := list(session.items.select_related("response"))):
        response.response.completion = "word " * 4_000
    type(rows[0].response).objects.bulk_update([row.response for row in rows], ["completion"], batch_size=100)
    Grade.objects.bulk_create(
        Grade(assignment=each, criterion_index=n, verdict="met")
        for each in Assignment.objects.filter(session=session)
        for n in range(3)
    )
    close_session(session=session, reason="Done.", by=cast.lou)
    tracemalloc.start()
    export_grades(session=session, file_format="meta-eval", path=tmp_path / "m", by=cast.ana)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "m").stat().st_size > 36_000_000
    assert peak < 16_000_000
