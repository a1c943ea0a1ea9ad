"""A harness's own numbers beside ours: the same, explained by its formula, or not; every number derived beside it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotations.models import ComparisonFinding, ResultsComparison
from annotations.selectors.comparison import list_differences
from annotations.selectors.results import get_results
from annotations.services.results import ResultsImport, import_results
from annotations.services.sessions import open_session
from builder.common.errors import NotFound
from exports.formats.promptfoo.reading import READER as PROMPTFOO
from exports.formats.promptfoo.scoring import DEFAULT, default_case_score
from exports.models import Release
from tests.annotations.graded import answered, case
from tests.annotations.harness_logs import log_rows, write_log
from tests.annotations.rows import make_release
from tests.annotations.test_results_recorded import GOLDEN, release_of
from tests.cast import Cast
from tests.conformance.harnesses.cases import recorded_records
from tests.costs import queries_of

Rows = list[dict[str, Any]]


@pytest.fixture
def release(cast: Cast) -> Release:
    """A: +3 and -1. B: +2 and +2."""
    return make_release(
        cast, name="set", contents=[case("A", (3, "accuracy"), (-1, "x")), case("B", (2, "x"), (2, "x"))]
    )


@pytest.fixture
def rows(release: Release) -> Rows:
    """A: 3/3 and (3 - 1)/3. B: 2/4; with the scores that a harness gives by HealthBench's formula."""
    rows = log_rows(release, {(0, 1): "+o", (0, 2): "++", (1, 1): "+o"})
    for row, score in zip(rows, (1.0, 2 / 3, 0.5), strict=True):
        row["score"] = score
    return rows


def bring(rows: Rows, release: Release, cast: Cast, folder: Path, **options: Any) -> ResultsImport:
    """Import the rows as run m1."""
    path = write_log(folder / "log.jsonl", rows)
    return import_results(path=path, release=release, run_name="m1", by=cast.ana, **options)


def test_the_same_scores_are_the_same(cast: Cast, release: Release, rows: Rows, tmp_path: Path) -> None:
    run = bring(rows, release, cast, tmp_path).run
    found = get_results(run)
    assert (found["finding"], found["n_reported"], found["n_unexplained"], found["n_other"]) == (
        "same",
        3,
        0,
        0,
    )
    # A's mean is 5/6, B's 1/2: (5/6 + 1/2) / 2 = 2/3.
    assert found["our_score"] == found["expected_score"] == pytest.approx(2 / 3, abs=1e-15)
    assert found["ci_low"] < found["our_score"] < found["ci_high"]
    assert list_differences(run) == []


@pytest.mark.parametrize(
    ("off", "finding"), [(0.9e-9, "same"), (1.1e-9, "unexplained"), (-0.3, "unexplained")]
)
def test_a_difference_over_a_billionth_is_told(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, off: float, finding: str
) -> None:
    rows[1]["score"] += off
    run = bring(rows, release, cast, tmp_path).run
    assert get_results(run)["finding"] == finding
    differing = list_differences(run)
    assert len(differing) == (finding == "unexplained")
    for each in differing:
        assert (each.prompt_id, each.epoch) == ("set-0", 2)
        assert each.difference == pytest.approx(off, abs=1e-15) and each.ours == pytest.approx(2 / 3)


def test_a_score_beside_a_failed_grading_is_not_explained(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    """The harness counted the failure as not met; we don't."""
    rows[0]["rubric_items"][1] |= {"criteria_met": None, "status": "judge_failed"}
    run = bring(rows, release, cast, tmp_path).run
    assert get_results(run)["finding"] == ComparisonFinding.UNEXPLAINED
    [only] = list_differences(run)
    assert (only.epoch, only.reported, only.expected, only.difference) == (1, 1.0, None, None)


def test_a_harness_that_reports_nothing(cast: Cast, release: Release, rows: Rows, tmp_path: Path) -> None:
    for row in rows:
        del row["score"]
    found = get_results(bring(rows, release, cast, tmp_path).run)
    assert (found["finding"], found["n_reported"]) == ("not_reported", 0)


def test_a_log_without_verdicts_cant_be_checked(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path
) -> None:
    for row in rows:
        del row["rubric_items"]
    run = bring(rows, release, cast, tmp_path).run
    found = get_results(run)
    assert found["finding"] is None and found["session"] is None and not ResultsComparison.objects.exists()
    assert list_differences(run) == []


def test_another_formula_of_the_harness_explains_its_scores(cast: Cast, tmp_path: Path) -> None:
    """promptfoo without the bundle's scoring function: (A + N) / (P + N) instead of A / P."""
    source = GOLDEN / "harness_logs" / "promptfoo-0.121.20.json"
    log, expected = json.loads(source.read_text(encoding="utf-8")), {}
    for result, row in zip(log["results"]["results"], PROMPTFOO.rows(source), strict=True):
        marks = [
            (item.points or 0, {"met": True, "not_met": False}.get(item.verdict or ""))
            for item in row.items or ()
        ]
        result["score"] = expected[row.prompt_id, row.epoch] = default_case_score(marks)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(log), encoding="utf-8")
    release = release_of(recorded_records(), cast)
    run = import_results(path=path, release=release, run_name="m1", by=cast.ana).run
    found = get_results(run)
    assert (found["finding"], found["formula"]) == (ComparisonFinding.EXPLAINED, DEFAULT.sentence)
    assert found["n_other"] > 0 == found["n_unexplained"]
    for each in list_differences(run):
        assert (
            each.reported == pytest.approx(expected[each.prompt_id, each.epoch]) == each.expected != each.ours
        )
    result["score"] -= 0.25
    path.write_text(json.dumps(log), encoding="utf-8")
    second = import_results(path=path, release=release, run_name="m2", by=cast.ana).run
    assert get_results(second)["finding"] == ComparisonFinding.UNEXPLAINED


def test_an_overall_that_its_formula_doesnt_give_is_told(cast: Cast, tmp_path: Path) -> None:
    source = GOLDEN / "harness_logs" / "inspect_ai-0.3.285.json"
    log = json.loads(source.read_text(encoding="utf-8"))
    metrics = log["results"]["scores"][0]["metrics"]
    reported = {name: metric["value"] for name, metric in metrics.items()}
    for metric in metrics.values():
        metric["value"] += 0.01
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log), encoding="utf-8")
    run = import_results(
        path=path, release=release_of(recorded_records(), cast), run_name="m1", by=cast.ana
    ).run
    found = get_results(run)
    assert found["finding"] == ComparisonFinding.UNEXPLAINED and found["n_unexplained"] == 0
    assert found["reported_score"] - 0.01 in [pytest.approx(value) for value in reported.values()]


def test_the_command_and_the_score_report_say_so(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows[1]["score"] = 0.25
    path = write_log(tmp_path / "log.jsonl", rows)
    call_command("import_results", path, release=release.label, run="m1", by=cast.ana.email)
    said = capsys.readouterr().out
    assert "Our score: 0.666667. our-harness reported scores of 3 answers, none of the run." in said
    assert "NOT EXPLAINED" in said and "for 1 of 3 answers" in said
    call_command("score", "m1", "--json")
    found = json.loads(capsys.readouterr().out)["harness"]
    assert (found["finding"], found["n_unexplained"], found["harness"]) == ("unexplained", 1, "our-harness")
    call_command("score", "m1")
    assert "our-harness 1.2 reported none for the run: Not explained" in capsys.readouterr().out


def test_run_page_results_page_and_api_show_the_same(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, client: Client
) -> None:
    rows[1]["score"] = 0.25
    result = bring(rows, release, cast, tmp_path)
    client.force_login(cast.ana)
    page = client.get(reverse("exports:run-detail", args=["m1"])).content.decode()
    assert "Our score: 0.6667" in page and "Not explained" in page
    assert reverse("annotations:results", args=["m1"]) in page
    page = client.get(reverse("annotations:results", args=["m1"])).content.decode()
    # Reported 1/4, by the formula 2/3: the difference is -5/12.
    assert "0.250000000" in page and "0.666666667" in page and "−0.416666667" in page
    assert reverse("exports:run-response", args=["m1", 0, 2]) in page
    found = client.get("/api/v1/runs/m1/results/").json()
    assert found == get_results(result.run)
    [row] = client.get("/api/v1/runs/m1/results/differences/").json()["results"]
    assert (row["prompt_id"], row["epoch"], row["reported"]) == ("set-0", 2, 0.25)
    assert client.get("/api/v1/runs/m1/").json()["harness"] == "our-harness"


def test_a_run_of_plain_answers_has_no_such_page(cast: Cast, release: Release, client: Client) -> None:
    run = answered(release, "plain", {0: 1}, by=cast.lou)
    with pytest.raises(NotFound):
        get_results(run)
    client.force_login(cast.ana)
    for address in (reverse("annotations:results", args=["plain"]), "/api/v1/runs/plain/results/"):
        assert client.get(address).status_code == 404


def test_who_grades_the_run_blind_sees_nothing_of_it(
    cast: Cast, release: Release, rows: Rows, tmp_path: Path, client: Client
) -> None:
    run = bring(rows, release, cast, tmp_path).run
    addresses = [
        reverse("exports:run-detail", args=["m1"]), reverse("annotations:results", args=["m1"]),
        "/api/v1/runs/m1/results/", "/api/v1/runs/m1/results/differences/",
    ]  # fmt: skip
    client.force_login(cast.lou)
    assert [client.get(each).status_code for each in addresses] == [200] * 4
    cast.department.memberships.create(user=cast.lou, role="grader")
    open_session(release=release, runs=[run], graders=[cast.lou, cast.gia], by=cast.lou)
    assert [client.get(each).status_code for each in addresses] == [404] * 4


def test_the_pages_cost_the_same_for_many_differences(cast: Cast, tmp_path: Path, client: Client) -> None:
    client.force_login(cast.ana)
    costs = []
    for n_cases in (2, 70):
        contents = [case(f"{place}", (3, "x"), (-1, "x")) for place in range(n_cases)]
        release = make_release(cast, name=f"set{n_cases}", contents=contents)
        rows = [
            row | {"score": 0.1} for row in log_rows(release, {(place, 1): "+o" for place in range(n_cases)})
        ]
        path = write_log(tmp_path / f"{n_cases}.jsonl", rows)
        import_results(path=path, release=release, run_name=f"m{n_cases}", by=cast.ana)
        address = reverse("annotations:results", args=[f"m{n_cases}"])
        costs.append(queries_of(client, address))
        page = client.get(address).content.decode()
        assert page.count("answers/") == min(n_cases, 50)
    assert costs[0] == costs[1]
