"""The state of a benchmark: counts, pictures and files say the same, at a constant number of queries."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from builder.common.csv_file import plain_cell
from builder.content import Criterion, Evidence, content_hash, content_to_json
from builder.models import Case, CaseRevision, CaseState, Department, ExternalApproval
from builder.selectors.dashboard import MOST_ROWS, MOST_THEMES, Table, dashboard
from builder.selectors.plots import bars_plot, two_sided_plot
from builder.services.cases import retire_case
from tests.api_client import Caller
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_approved, make_content, make_draft, make_submitted


def table(department: Department, key: str, **given: object) -> Table:
    return next(each for each in dashboard(department, **given).all_tables if each.key == key)


def rows(department: Department, key: str, **given: object) -> dict[str, list[object]]:
    """Return the rows of a table by their first cell."""
    return {str(row[0]): list(row[1:]) for row in table(department, key, **given).rows}


def make_many(cast: Cast, number: int, **fields: object) -> list[Case]:
    """Make drafts in bulk, each with a theme of its own."""
    cases = Case.objects.bulk_create(
        Case(
            department=cast.department, prompt_id=f"many-{i}", created_by=cast.ada, title=f"Case {i}", kind="practice",
            language="en", theme=f"theme {i}",
        )
        for i in range(number)
    )  # fmt: skip
    text = content_to_json(make_content(**fields))
    revisions = CaseRevision.objects.bulk_create(
        CaseRevision(case=case, number=1, content_text=text, sha256=content_hash(text), author=cast.ada)
        for case in cases
    )
    for case, revision in zip(cases, revisions, strict=True):
        case.head, case.version = revision, 1
    Case.objects.bulk_update(cases, ["head", "version"])
    return cases


def test_cases_are_counted_by_state(cast: Cast):
    make_draft(cast)
    make_submitted(cast)
    make_approved(cast)
    retire_case(case=make_draft(cast), reason="Old.", by=cast.lou)
    found = dashboard(cast.department)
    assert (found.cases, found.approved) == (3, 1)
    assert [row[1] for row in table(cast.department, "states").rows] == [1, 1, 0, 1, 1]
    assert dashboard(cast.elsewhere).cases == 0


def test_the_grid_shows_gaps_and_what_is_approved(cast: Cast):
    make_approved(cast)  # emergency_referrals, safety
    make_draft(cast, kind="knowledge", example_tags=["theme:hedging"])
    make_draft(cast, kind="knowledge", example_tags=["theme:hedging"])
    make_draft(cast, kind="", example_tags=[])
    coverage = dashboard(cast.department).coverage
    by_theme = {row.theme: row for row in coverage.rows}
    assert coverage.rows[0].theme == "hedging"
    kinds = coverage.kinds
    assert len(kinds) == 7 and kinds[-1] == "No kind"
    hedging = by_theme["hedging"].cells[kinds.index("Knowledge")]
    assert (hedging.number, hedging.approved, hedging.level) == (2, 0, 3)
    safety = by_theme["emergency_referrals"].cells[kinds.index("Safety")]
    assert (safety.number, safety.approved, safety.level) == (1, 1, 1)
    # 3 themes × 7 kinds, three of the pairs with a case.
    assert coverage.gaps == 18
    assert by_theme["No theme"].total == 1
    assert rows(cast.department, "coverage")["hedging"] == [2, 0, 0, 0, 0, 0, 0, 2]


def test_criteria_are_counted_by_axis_and_sign(cast: Cast):
    make_draft(cast)
    make_draft(cast, rubrics=[Criterion("Answers.", 2.5, ["axis:accuracy"]), Criterion("Is kind.", 1)])
    # The usual rubric: +8 and −10 (a red line) for accuracy, +4 for communication.
    assert rows(cast.department, "axes") == {
        "Accuracy": [3, 2, 2, 1, 1], "Communication": [1, 1, 1, 0, 0], "No axis": [1, 1, 1, 0, 0],
    }  # fmt: skip
    assert rows(cast.department, "signs") == {
        "Criteria": [4, 1], "Points": [15.5, 10], "Cases without any": [0, 1],
    }  # fmt: skip
    assert table(cast.department, "signs").note.startswith("1 case has no negative criterion")


def test_retired_cases_and_drafts_without_revision_have_no_criteria(cast: Cast):
    retire_case(case=make_draft(cast), reason="Old.", by=cast.lou)
    Case.objects.create(department=cast.department, prompt_id="empty", created_by=cast.ada)
    assert rows(cast.department, "axes") == {}
    assert table(cast.department, "axes").bars is None


def test_approvals_age_and_end(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    today = noon.date()
    ages = {"old": 800, "middle": 200, "new": 90, "newer": 0}
    for name, days in ages.items():
        with monkeypatch.context() as patch:
            patch.setattr(timezone, "now", lambda then=noon - timedelta(days=days): then)
            make_approved(cast, title=name)
    Case.objects.filter(title="old").update(expires_on=today - timedelta(days=1))
    Case.objects.filter(title="new").update(expires_on=today + timedelta(days=90))
    Case.objects.filter(title="newer").update(expires_on=today + timedelta(days=91))
    assert [row[1] for row in table(cast.department, "ages", today=today).rows] == [2, 0, 1, 0, 1]
    ending = table(cast.department, "expiring", today=today)
    assert [(row[0], row[2]) for row in ending.rows] == [("old", -1), ("new", 90)]
    assert ending.links[0] == reverse("builder:case-preview", args=[Case.objects.get(title="old").pk])
    assert dashboard(cast.department, today).expired == 1


def test_an_approval_from_elsewhere_has_an_age(cast: Cast):
    case = make_draft(cast)
    Case.objects.filter(pk=case.pk).update(state=CaseState.APPROVED)
    ExternalApproval.objects.create(revision=case.head, source="A college", vouched_by=cast.lou)
    assert [row[1] for row in table(cast.department, "ages").rows] == [1, 0, 0, 0, 0]


def test_authors_load(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    make_draft(cast)
    make_submitted(cast)
    # Ada began two cases and saved two revisions.
    assert rows(cast.department, "authors") == {"Ada": [1, 1, 0, 0, 2, 2]}
    later = timezone.now() + timedelta(days=31)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert rows(cast.department, "authors") == {"Ada": [1, 1, 0, 0, 2, 0]}


def test_languages(cast: Cast):
    make_approved(cast)
    make_draft(cast, language="ko")
    make_draft(cast, language="")
    assert rows(cast.department, "languages") == {"English": [1, 1], "Korean": [1, 0], "No language": [1, 0]}


def test_bars_are_drawn_to_scale():
    plot = bars_plot("Cases", [("a", 3, 1), ("b", 0, 2), ("c", 0, 0)], first="one", rest="two")
    assert plot is not None
    first, second, third = plot.bars
    # 360 − 132 − 36 = 192 units for the longest bar of 4; a legend of 22 below three rows of 26.
    assert (first.width, first.rest_width, first.value) == (144.0, 48.0, "4")
    assert (second.width, second.rest_width, second.rest_x) == (0, 96.0, 132.0)
    assert (third.width, third.rest_width, third.value_x) == (0, 0, 136.0)
    assert (plot.base, plot.height) == (82, 104)
    assert bars_plot("Nothing", [("a", 0, 0)]) is None


def test_two_sides_share_one_scale():
    plot = two_sided_plot("Points", [("a", 3, 1), ("b", 0, 0.5)])
    assert plot is not None
    # It starts at 132 + 36 = 168 and has 360 − 168 − 36 = 156 units for 3 + 1 points: 39 for each.
    first, second = plot.rows
    assert plot.zero == 168 + 39
    assert (first.up_width, first.down_width, first.down_x) == (117.0, 39.0, 168.0)
    assert (second.up_width, second.down_width, second.down_label) == (0, 19.5, "−0.5")
    assert two_sided_plot("Nothing", []) is None


# ---- the page, the files, the API ----


def test_the_page_shows_pictures_with_their_tables(cast: Cast, client: Client):
    make_approved(cast)
    client.force_login(cast.ana)
    text = client.get(reverse("builder:benchmark", args=["ED"])).content.decode()
    assert text.count('<svg class="cw-plot" viewBox="0 0 360') == 6
    assert 'aria-label="Cases by state"' in text
    for key in ("coverage", "states", "axes", "signs", "languages", "ages", "expiring", "authors"):
        assert f'href="{reverse("builder:benchmark-csv", args=["ED", key])}"' in text


def test_an_empty_department_has_a_page(cast: Cast, client: Client):
    client.force_login(cast.ana)
    assert client.get(reverse("builder:benchmark", args=["ED"])).status_code == 200


def test_the_list_leads_to_the_only_department(cast: Cast, client: Client):
    client.force_login(cast.ana)
    assert client.get(reverse("builder:benchmark-list"))["Location"] == reverse(
        "builder:benchmark", args=["ED"]
    )
    client.force_login(cast.ola)
    text = client.get(reverse("builder:benchmark-list")).content.decode()
    assert reverse("builder:benchmark", args=["XX"]) in text
    client.force_login(cast.gia)
    assert "no department" in client.get(reverse("builder:benchmark-list")).content.decode()


def test_a_file_holds_every_row_and_no_formula(cast: Cast, client: Client):
    make_many(cast, MOST_THEMES + 5)
    make_draft(cast, example_tags=['theme:=HYPERLINK("http://example.org")'])
    client.force_login(cast.ana)
    answer = client.get(reverse("builder:benchmark-csv", args=["ED", "coverage"]))
    assert answer["Content-Disposition"] == 'attachment; filename="ED-coverage.csv"'
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(lines) == 1 + MOST_THEMES + 6
    assert any(line[0].startswith("'=HYPERLINK") for line in lines)
    page = client.get(reverse("builder:benchmark", args=["ED"])).content.decode()
    assert "6 themes with fewer cases are in the CSV file." in page
    assert client.get(reverse("builder:benchmark-csv", args=["ED", "nothing"])).status_code == 404


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "  =x"])
def test_a_cell_is_never_a_formula(cell: str):
    assert plain_cell(cell) == f"'{cell}"
    assert plain_cell(-1) == -1
    assert plain_cell("Ada") == "Ada"


def test_the_api_says_what_the_page_says(cast: Cast):
    make_approved(cast)
    body = Caller(cast.ana).get("departments/ED/benchmark/").json()
    assert (body["department"], body["cases"], body["approved"], body["gaps"]) == ("ED", 1, 1, 5)
    tables = {each["key"]: each for each in body["tables"]}
    assert tables["states"]["rows"][3] == {"state": "Approved", "cases": 1}
    assert tables["authors"]["rows"][0]["approved"] == 1
    assert Caller(cast.gia).get("departments/ED/benchmark/").status_code == 403


def test_the_page_costs_the_same_for_many_cases(cast: Cast, client: Client):
    client.force_login(cast.ana)
    address = reverse("builder:benchmark", args=["ED"])
    make_draft(cast)
    make_approved(cast)
    few = queries_of(client, address)
    make_many(cast, 3 * MOST_ROWS)
    for number in range(3):
        make_approved(
            cast, title=f"More {number}", evidence=[Evidence("e", "q", "s", review_by="2020-01-01")]
        )
    assert queries_of(client, address) == few


def test_hostile_texts_are_only_texts(cast: Cast, client: Client):
    nasty = "<script>alert(1)</script>"
    criteria = [Criterion("y", 5, [f"axis:{nasty}"])]
    make_draft(cast, title=nasty, rubrics=criteria, example_tags=[f"theme:{nasty}"])
    Case.objects.update(kind=nasty, language="<b>")
    client.force_login(cast.ana)
    text = client.get(reverse("builder:benchmark", args=["ED"])).content.decode()
    assert nasty not in text
    assert "&lt;script&gt;" in text


def test_points_that_add_up_to_infinity_break_nothing(cast: Cast, client: Client):
    """A draft may hold any number; the check of its points keeps it from review."""
    huge = [Criterion(f"Names the dose, part {place}.", 1e308, ["axis:accuracy"]) for place in range(2)]
    make_draft(cast, rubrics=huge)
    client.force_login(cast.lou)
    assert client.get("/departments/ED/benchmark/").status_code == 200
    assert Caller(cast.lou).get("departments/ED/benchmark/").status_code == 200
