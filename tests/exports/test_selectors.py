"""Read models: what they count, and that their cost doesn't grow with the rows."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from builder.common.providers import BLINDED_RUNS, Registry
from builder.content import Criterion
from builder.models import Case, CaseState, ExternalApproval
from exports import access, selectors
from exports.models import Release, Run
from exports.services.releases import freeze_release
from exports.services.runs import import_responses
from tests.cast import Cast
from tests.exports.builders import answers_to, make_release, write_jsonl
from tests.factories import make_approved, make_draft


def add_run(release: Release, name: str, cast: Cast, tmp_path: Path, answered: int = 1) -> Run:
    """Import a run that answers the first cases twice."""
    path = write_jsonl(tmp_path / f"{name}.jsonl", answers_to(release, epochs=2)[: 2 * answered])
    return import_responses(path=path, release=release, run_name=name, by=cast.ana).run


def test_release_list_counts_the_runs_the_person_sees(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = make_release(cast)
    run = add_run(release, "m1", cast, tmp_path)
    add_run(release, "m2", cast, tmp_path)
    registry = Registry()
    registry.register(BLINDED_RUNS, lambda user: [run.pk] if user == cast.lou else [])
    monkeypatch.setattr(access, "registry", registry)
    counts = {
        person.name: [(row.label, row.present_stage, row.n_runs) for row in selectors.list_releases(person)]
        for person in (cast.ana, cast.lou, cast.ada, cast.eve, cast.gia)
    }
    assert counts == {
        "Ana": [("trial==1.0.0", "final", 2)],
        "Lou": [("trial==1.0.0", "final", 1)],
        "Ada": [("trial==1.0.0", "final", 0)],
        "Eve": [],
        "Gia": [],
    }


def test_run_list_counts_answers(cast: Cast, tmp_path: Path) -> None:
    release = make_release(cast, 3)
    add_run(release, "m1", cast, tmp_path, answered=2)
    [run] = selectors.list_runs(cast.ana)
    assert (run.n_responses, run.n_answered, run.n_items) == (4, 2, 3)
    assert [run.name for run in selectors.list_runs(cast.ana, release)] == ["m1"]
    other = make_release(cast, 1, version="2.0.0")
    assert list(selectors.list_runs(cast.ana, other)) == []
    assert list(selectors.list_runs(cast.eve)) == []
    assert [answer.epoch for answer in selectors.list_responses(run)] == [1, 2, 1, 2]


def test_overview_counts_what_the_frozen_texts_say(cast: Cast) -> None:
    rubrics = [Criterion("Asks.", 5, ["axis:accuracy"]), Criterion("Rambles.", -2, ["axis:clarity"])]
    make_approved(cast, title="One")
    make_approved(cast, title="Two", kind="practice", language="ko", rubrics=rubrics, example_tags=[])
    release = freeze_release(
        department=cast.department,
        name="trial",
        version="1.0.0",
        stage="final",
        by=cast.lou,
        held_out=0.5,
        seed=1,
    )
    overview = selectors.release_overview(release)
    assert overview.coverage.themes == ["emergency_referrals", ""]
    assert list(overview.coverage.rows()) == [("Practice", [0, 1], 1), ("Safety", [1, 0], 1)]
    assert overview.coverage.totals() == [1, 1]
    axes = {
        axis.axis: (axis.positive, axis.negative, axis.points_given, axis.points_taken)
        for axis in overview.axes
    }
    assert axes == {
        "accuracy": (2, 1, 13, 10), "communication_quality": (1, 0, 4, 0), "clarity": (0, 1, 0, 2),
    }  # fmt: skip
    assert (overview.signs.positive, overview.signs.negative, overview.signs.criteria) == (3, 2, 5)
    assert (overview.red_lines, overview.cases_with_red_line) == (1, 1)
    assert overview.languages == {"en": 1, "ko": 1}
    assert (overview.n_public, overview.release.n_held_out) == (1, 1)
    assert overview.approvals == {2: 2}
    assert (overview.stage, overview.approved_elsewhere) == ("final", [])


def test_approved_elsewhere_says_where_who_and_how_many(cast: Cast) -> None:
    for title in ("One", "Two"):
        case = make_draft(cast, title=title)
        Case.objects.filter(pk=case.pk).update(state=CaseState.APPROVED)
        ExternalApproval.objects.create(revision=case.head, source="A panel", vouched_by=cast.lou)
    release = make_release(cast, 1)
    assert selectors.approved_elsewhere(release) == [selectors.ElsewhereApproval("A panel", "Lou", 2)]
    assert selectors.release_overview(release).approvals == {2: 1}


def test_commands_name_the_release_and_the_person(cast: Cast) -> None:
    uses = {each.name: each for each in selectors.format_uses(make_release(cast), cast.ana)}
    assert uses["healthbench"].command == (
        "python manage.py export_release trial==1.0.0 --format healthbench --out trial-1.0.0-healthbench "
        "--by ana@example.org"
    )
    assert "python3 answer.py --mock" in uses["canonical"].run[0]
    assert uses["hf_dataset"].brings_back == ""
    assert uses["inspect_ai"].bring_command == (
        "python manage.py import_results FILE --release trial==1.0.0 --run RUN --by ana@example.org"
    )
    assert not any(
        "manage.py" in command or "`" in each.description for each in uses.values() for command in each.run
    )


def read_everything(cast: Cast, release: Release) -> None:
    """Read each list and touch what a page shows of it."""
    for row in selectors.list_releases(cast.ana):
        assert row.department.code and row.frozen_by.email and row.present_stage
    for run in selectors.list_runs(cast.ana):
        assert run.release.department.code and run.imported_by.email and run.n_responses
    for item in selectors.list_items(release):
        assert item.content.title and item.revision.case.prompt_id
    assert selectors.release_overview(release).axes
    assert selectors.check_frozen(release).is_whole


def test_cost_does_not_grow_with_rows(cast: Cast, tmp_path: Path) -> None:
    costs = []
    for version, cases in (("1.0.0", 2), ("2.0.0", 6)):
        release = make_release(cast, cases, version=version)
        for number in range(cases):
            add_run(release, f"run-{version}-{number}", cast, tmp_path)
        with CaptureQueriesContext(connection) as queries:
            read_everything(cast, Release.objects.get(pk=release.pk))
        costs.append(len(queries))
    assert costs[0] == costs[1]
