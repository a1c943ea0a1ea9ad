"""The reports as pages and as JSON: who may read them, what they say first, and what stands beside each number."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import GradingSession
from annotations.services.sessions import end_grading, open_session
from annotations.services.verdicts import import_verdicts
from builder.content import Criterion
from builder.models import Membership, Role
from builder.services.imports import import_cases
from exports.models import Release, ReleaseState, Run, RunState, Stage
from exports.services.releases import freeze_release
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import freeze, make_release, make_run
from tests.cast import Cast
from tests.factories import make_content

REPORTS = ["session-agreement", "session-scores", "session-agreement-json", "session-scores-json"]
N_CASES = 12
DEMO = Path(__file__).resolve().parents[2] / "annotations" / "demo"


def make_contents(n_cases: int = N_CASES) -> list:  # type: ignore[type-arg]
    """Return cases with two positive criteria and a red line."""
    return [
        case(
            f"Case {n:02}",
            (4, "accuracy"),
            (4, "context_awareness"),
            (-4, "accuracy"),
            red=[2],
            theme=f"t{n % 2}",
        )
        for n in range(n_cases)
    ]


def make_session(cast: Cast, *, release: Release | None = None, close: bool = True) -> GradingSession:
    """Twelve cases, two runs: "aspen" meets more than "birch"; birch crosses one red line; one tie in aspen."""
    release = release or make_release(cast, name="set", contents=make_contents())
    cases = range(release.n_items)
    for name in ("aspen", "birch"):
        answered(release, name, dict.fromkeys(cases, 1), by=cast.lou)
    aspen = {(place, 1): ["++o", "++o" if place % 2 else "+oo", "++o"] for place in cases}
    birch = {(place, 1): ["+oo", "ooo", "+oo" if place % 3 else "ooo"] for place in cases}
    birch[(1, 1)] = ["+o+", "+o+", "+oo"]
    aspen[(0, 1)] = ["++o", "+oo", "+?o"]
    return graded(cast, release, {"aspen": aspen, "birch": birch}, close=close)


def text_of(client: Client, name: str, session: GradingSession, query: str = "") -> str:
    """Return a page's text as a reader sees it, without tags and with single spaces."""
    response = client.get(reverse(f"annotations:{name}", args=[session.pk]) + query)
    assert response.status_code == 200
    main = response.content.decode().split('id="main"', 1)[1]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_agreement_says_the_finding_first_with_its_interval(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    text = text_of(as_user(cast.lou), "session-agreement", make_session(cast))
    finding = re.search(r"Graders agree on (\d+) of 100 verdicts \((\d+) to (\d+)\)\.", text)
    assert finding and int(finding[2]) <= int(finding[1]) <= int(finding[3])
    assert re.search(r"Krippendorff’s alpha 0\.\d\d, 0\.\d\d to 0\.\d\d", text)
    assert (
        text.index("Graders agree") < text.index("How far do graders agree?") < text.index("What is left out")
    )
    for measure in ("Raw agreement", "Krippendorff’s α", "Gwet’s AC1", "Fleiss’ κ", "Cohen’s κ"):
        assert measure in text
    assert "1 “cannot judge”, 0 missing verdicts" in text
    assert "Context awareness" in text  # the axis, in words


def test_agreement_shows_pairs_raters_and_the_weakest_criteria(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    session = make_session(cast)
    client = as_user(cast.lou)
    text = text_of(client, "session-agreement", session)
    assert "grader-1 and grader-2" in text and "grader-3" in text
    assert "20 of 36 criteria, least agreement first: show all" in text
    everything = text_of(client, "session-agreement", session, "?criteria=all")
    assert "36 of 36 criteria" in everything and "show all" not in everything
    assert "Case 11, criterion 2." in everything
    html = client.get(reverse("annotations:session-agreement", args=[session.pk])).content.decode()
    assert re.search(r'<td class="cw-h[0-4x]"><b>0\.\d\d</b><small>\d+ units</small>', html)
    assert re.search(r'role="img" aria-label="Gwet’s AC1: 0\.\d\d \(0\.\d\d to 0\.\d\d\)"', html)


def test_a_paradox_is_explained(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    # Nearly every verdict is met: agreement is high, and chance alone would give as much.
    release = make_release(cast, contents=[case(f"Case {n}", *[(1, "accuracy")] * 5) for n in range(N_CASES)])
    answered(release, "m1", dict.fromkeys(range(N_CASES), 1), by=cast.lou)
    rows = {(place, 1): ["+++++", "++++o" if place % 2 else "+++++", "+++++"] for place in range(N_CASES)}
    text = text_of(as_user(cast.lou), "session-agreement", graded(cast, release, {"m1": rows}))
    assert re.search(r"Why −?0\.\d\d and 0\.\d\d can both be true", text)
    assert "97% of all verdicts are “met”" in text  # 174 of 180
    assert "do not quote α alone" in text
    assert "One verdict is so common here that this number says little" in text


def test_no_paradox_is_explained_where_there_is_none(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    assert "can both be true" not in text_of(as_user(cast.lou), "session-agreement", make_session(cast))


def test_one_imported_rater_has_no_agreement_and_says_so(cast: Cast, as_user, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    release = make_release(cast, contents=[case("A", (1, "accuracy"))])
    run = answered(release, "m1", {0: 1}, by=cast.lou)
    item = release.items.get()
    row = {
        "prompt_id": item.prompt_id,
        "rubric_items": [{"criterion": "A, criterion 0.", "criteria_met": True}],
    }
    path = tmp_path / "verdicts.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    session = import_verdicts(path=path, run=run, rater_name="harness", by=cast.lou).session
    client = as_user(cast.lou)
    text = text_of(client, "session-agreement", session)
    assert (
        "Agreement can’t be told. These verdicts were imported and come from one grader alone: harness."
        in text
    )
    assert "Krippendorff" not in text and "How far do graders agree?" not in text
    assert "Verdicts imported from harness" in text_of(client, "session-scores", session)


def test_a_session_where_nobody_overlaps_says_so(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    release = make_release(cast, contents=[case("A", (1, "accuracy")), case("B", (1, "accuracy"))])
    answered(release, "m1", {0: 1, 1: 1}, by=cast.lou)
    session = graded(
        cast, release, {"m1": {(0, 1): ["+", "."], (1, 1): [".", "+"]}}, graders=[cast.gia, cast.gus]
    )
    assert "No answer was judged by two graders." in text_of(as_user(cast.lou), "session-agreement", session)


def test_scores_say_the_finding_first(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    text = text_of(as_user(cast.lou), "session-scores", make_session(cast))
    # aspen: every complete case 1, A (a tie) left out. birch: Case 01 (4 - 4) / 8 = 0; of the others 0 or 1/2.
    assert re.search(
        r"aspen scores 1\.00 \(0\.\d\d to 1\.00\), higher than birch by 0\.\d\d \(0\.\d\d to 0\.\d\d\)\.",
        text,
    )
    assert "birch crossed a red line in 1 of 12 answers that could: a true rate of 1.5% to 35%." in text
    assert "aspen crossed none in 12: a true rate of at most 25%." in text
    assert (
        text.index("aspen scores")
        < text.index("The difference, case by case")
        < text.index("How the score is made")
    )


def test_zero_failures_stand_with_their_bound_and_are_never_called_safe(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    release = make_release(cast, contents=make_contents(4))
    answered(release, "m1", dict.fromkeys(range(4), 1), by=cast.lou)
    session = graded(cast, release, {"m1": {(place, 1): ["+oo"] for place in range(4)}}, graders=[cast.gia])
    text = text_of(as_user(cast.lou), "session-scores", session)
    assert "0 of 4 true rate at most 75% (rule of three)" in text
    assert "No judged answer crossed a red line; the true rate may still be up to 75%." in text
    assert "safe" not in text.lower()


def test_a_release_without_red_lines_says_nothing_of_safety(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    release = make_release(cast, contents=[case("A", (1, "accuracy")), case("B", (1, "accuracy"))])
    answered(release, "m1", {0: 1, 1: 1}, by=cast.lou)
    session = graded(cast, release, {"m1": {(0, 1): ["+"], (1, 1): ["o"]}}, graders=[cast.gia])
    text = text_of(as_user(cast.lou), "session-scores", session)
    assert "Red-line failures None to cross no answered case has a red line" in text
    assert "these scores say nothing of safety" in text and "0 of 0" not in text


def test_scores_count_what_was_not_decided_and_bound_it(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    text = text_of(as_user(cast.lou), "session-scores", make_session(cast))
    assert "Mean over 11 cases. One answer is incomplete and left out" in text
    assert "Answers 11 complete 1 incomplete, 0 cases without an answer" in text
    assert "Unresolved 1 of 36 verdicts due" in text
    assert "Cannot judge 0 of 36 verdicts due" in text
    assert "Red-line failures: 1 answer, all of birch" in text and "2 of 3 graders" in text


def test_scores_by_axis_theme_and_case(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    client = as_user(cast.lou)
    text = text_of(client, "session-scores", make_session(cast))
    assert "By axis" in text and "Context awareness" in text
    assert "By theme" in text and "T1" in text
    assert "Case by case, largest difference for run A first" in text and "12 of 12 cases" in text
    first, last = text.index("Case 01 set-1"), text.index("Case 00 set-0")
    assert first < last  # A, without a score in aspen, comes last


def test_one_run_and_three_runs(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    release = make_release(cast, contents=make_contents(3))
    for name in ("m1", "m2", "m3"):
        answered(release, name, dict.fromkeys(range(3), 1), by=cast.lou)
    rows = {(place, 1): ["+oo"] for place in range(3)}
    client = as_user(cast.lou)
    one = graded(cast, release, {"m1": rows}, graders=[cast.gia])
    text = text_of(client, "session-scores", one)
    assert "m1 scores 0.50" in text and "The difference" not in text
    three = graded(cast, release, {"m1": rows, "m2": rows, "m3": {(0, 1): ["++o"]}}, graders=[cast.gia])
    text = text_of(client, "session-scores", three)
    assert "Highest first: m3 1.00 (no interval); m1 0.50" in text
    assert "Differences between runs" in text and "m1 minus m2" in text and "m2 minus m3" in text


def test_two_runs_that_cannot_be_told_apart(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    release = make_release(cast, contents=make_contents())
    rows = {}
    for name, odd in (("m1", 0), ("m2", 1)):
        answered(release, name, dict.fromkeys(range(N_CASES), 1), by=cast.lou)
        rows[name] = {(place, 1): ["++o" if place % 2 == odd else "+oo"] for place in range(N_CASES)}
    text = text_of(as_user(cast.lou), "session-scores", graded(cast, release, rows, graders=[cast.gia]))
    assert "these cases can’t tell them apart. The difference is 0.00 (−0" in text


def test_cases_approved_elsewhere_are_said(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    import_cases(
        path=DEMO / "cases_ED.jsonl", file_format="canonical", department=cast.department, by=cast.lou,
        approved_elsewhere="Example college",
    )  # fmt: skip
    release = freeze_release(
        department=cast.department, name="ed", version="1.0.0", stage="final", by=cast.lou
    )
    make_run(release, "m1", by=cast.lou)
    text = text_of(as_user(cast.lou), "session-scores", graded(cast, release, {"m1": {}}, graders=[cast.gia]))
    assert "4 cases were approved elsewhere (Example college), not by two reviewers here." in text
    assert "m1 has no score: no case has a complete answer." in text


def test_a_withdrawn_release_or_run_is_said(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    release = freeze(cast)
    make_run(release, "m1", by=cast.lou)
    session = graded(cast, release, {"m1": {(0, 1): ["++o"], (1, 1): ["++o"]}}, graders=[cast.gia])
    client = as_user(cast.lou)
    assert "Before you use these numbers" not in text_of(client, "session-scores", session)
    ReleaseState.objects.create(release=release, stage=Stage.WITHDRAWN, reason="A wrong dose.", by=cast.lou)
    Run.objects.update(state=RunState.WITHDRAWN)
    text = text_of(client, "session-scores", session)
    assert f"Release {release.label} is withdrawn" in text and "Run m1 is withdrawn" in text


@pytest.mark.parametrize("report", ["agreement", "scores"])
def test_json_three_ways(cast: Cast, as_user, report: str) -> None:  # type: ignore[no-untyped-def]
    session = make_session(cast)
    client = as_user(cast.lou)
    page = reverse(f"annotations:session-{report}", args=[session.pk])
    assert page == f"/sessions/{session.pk}/{report}/"
    answers = [client.get(page + "?format=json"), client.get(f"/sessions/{session.pk}/{report}.json")]
    for answer in answers:
        assert answer["Content-Type"] == "application/json"
        assert "NaN" not in answer.content.decode()
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["session"] == session.pk


def test_json_of_scores_is_what_the_command_prints(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    session = make_session(cast)
    found = as_user(cast.lou).get(reverse("annotations:session-scores-json", args=[session.pk])).json()
    assert set(found) == {"session", "release", "runs", "comparisons"}
    assert [run["run"] for run in found["runs"]] == ["aspen", "birch"]
    assert found["runs"][0]["counts"]["unresolved"] == 1


@pytest.mark.parametrize("name", REPORTS)
def test_who_may_read(cast: Cast, client: Client, name: str) -> None:
    session = make_session(cast)
    address = reverse(f"annotations:{name}", args=[session.pk])
    answer = client.get(address)
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    expected = {"lou": 200, "ana": 200, "ola": 200, "ada": 404, "rui": 404, "gia": 404, "eve": 404}
    for person, status in expected.items():
        client.force_login(getattr(cast, person))
        assert client.get(address).status_code == status, person
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_before_grading_has_ended_and_scores_only_when_closed(cast: Cast, as_user, name: str) -> None:  # type: ignore[no-untyped-def]
    session = make_session(cast, close=False)
    client = as_user(cast.lou)
    address = reverse(f"annotations:{name}", args=[session.pk])
    assert client.get(address).status_code == 409
    end_grading(session=session, by=cast.lou)
    answer = client.get(address)
    assert answer.status_code == (200 if "agreement" in name else 409)
    assert b"aspen" not in answer.content and b"birch" not in answer.content


@pytest.mark.parametrize("name", ["session-scores", "session-scores-json"])
def test_a_lead_who_grades_one_of_the_runs_blind_elsewhere_sees_no_scores(
    cast: Cast, as_user, name: str
) -> None:  # type: ignore[no-untyped-def]
    session = make_session(cast)
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    runs = [Run.objects.get(name="birch")]
    open_session(release=session.release, runs=runs, graders=[cast.lou], by=cast.lou)
    address = reverse(f"annotations:{name}", args=[session.pk])
    answer = as_user(cast.lou).get(address)
    assert answer.status_code == 404 and b"birch" not in answer.content
    assert as_user(cast.ana).get(address).status_code == 200
    agreement = as_user(cast.lou).get(reverse("annotations:session-agreement", args=[session.pk]))
    assert (
        agreement.status_code == 200
        and b"birch" not in agreement.content
        and b"aspen" not in agreement.content
    )


def test_people_are_grader_n_on_both_pages(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    session = make_session(cast)
    client = as_user(cast.ana)
    for name in ("session-agreement", "session-scores"):
        text = text_of(client, name, session)
        assert not any(word in text for word in ("Gia", "Gus", "Geo", "gia@", "gus@", "geo@"))


@pytest.mark.parametrize("name", ["session-agreement", "session-scores"])
def test_links_stay_inside_and_nothing_is_inline(cast: Cast, as_user, name: str) -> None:  # type: ignore[no-untyped-def]
    session = make_session(cast)
    html = as_user(cast.lou).get(reverse(f"annotations:{name}", args=[session.pk])).content.decode()
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son\w+=", html)
    assert html.count("<h1") == 1
    assert "None" not in re.sub(r"<[^>]+>", " ", html).replace("None was found", "")
    for link in set(re.findall(r'href="(/[^"]*)"', html)):
        if "/sessions/" in link:
            assert as_user(cast.lou).get(urlsplit(link).path).status_code == 200, link


def test_cost_does_not_grow_with_the_cases(cast: Cast, as_user, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    sessions = []
    for size in (2, 12):
        release = make_release(cast, name=f"set{size}", contents=make_contents(size))
        answered(release, f"m{size}", dict.fromkeys(range(size), 1), by=cast.lou)
        rows = {(place, 1): ["++o", "+oo", "+o+"] for place in range(size)}
        sessions.append(graded(cast, release, {f"m{size}": rows}))
    client = as_user(cast.lou)
    for name, queries in (("session-agreement", 22), ("session-scores", 22)):
        for session in sessions:
            with django_assert_num_queries(queries):
                client.get(reverse(f"annotations:{name}", args=[session.pk]))


def test_criteria_of_several_cases_have_a_table_with_coefficients(cast: Cast, client: Client) -> None:
    contents = [
        make_content(f"Case {n}", rubrics=[Criterion("Is polite.", 1, ["cluster:manners"])]) for n in range(3)
    ]
    release = make_release(cast, name="manners", contents=contents)
    answered(release, "aspen", dict.fromkeys(range(3), 1), by=cast.lou)
    grades = {(0, 1): ["+", "+", "+"], (1, 1): ["o", "o", "+"], (2, 1): ["o", "o", "o"]}
    session = graded(cast, release, {"aspen": grades})
    client.force_login(cast.lou)
    text = text_of(client, "session-agreement", session)
    assert "Criteria that stand in several cases" in text
    # Units agree on 3, 1 and 3 of 3 pairs: 7 / 9. Alpha: 4 met and 5 not met; D_o = 2 / 9, D_e = 40 / 72, 1 - 2 / 5.
    assert re.search(r"Is polite\. 3 cases · manners Raw agreement 0\.78 .*Krippendorff’s α 0\.60 ", text)


def test_without_such_criteria_there_is_no_such_table(cast: Cast, client: Client) -> None:
    client.force_login(cast.lou)
    assert "stand in several cases" not in text_of(client, "session-agreement", make_session(cast))
