"""The library, templates and tags: what authors reuse, on pages, through the API and in the editor."""

import pytest
from django.test import Client

from builder.common.errors import BadInput, Conflict, NotAllowed
from builder.content import Criterion, Turn
from builder.models import Case, CaseDraft, LibraryCriterion
from builder.selectors.cases import CaseFilters, head_content, list_cases
from builder.selectors.library import criterion_to_insert, find_criteria, list_library, uses_of, vocabulary
from builder.services.library import (
    add_to_library,
    keep_template,
    remove_template,
    retire_from_library,
    set_tags,
)
from tests.api_client import Caller, as_json
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_content, make_draft

pytestmark = pytest.mark.django_db
ECG = Criterion(criterion="Asks for an ECG within 10 minutes.", points=5, tags=["axis:accuracy"])
KO = Criterion(criterion="환자는 즉시 심전도를 받아야 한다고 말한다.", points=4)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_adding_is_once_and_retiring_makes_way(cast: Cast) -> None:
    row = add_to_library(criterion=ECG, department=cast.department, by=cast.ada)
    again = Criterion(criterion="  asks for an ECG  within 10 minutes. ", points=3)
    with pytest.raises(Conflict, match="already has"):
        add_to_library(criterion=again, department=cast.department, by=cast.ada)
    add_to_library(criterion=ECG, department=None, by=cast.lou)
    retire_from_library(row=row, by=cast.ada)
    assert not list_library(cast.ada, department="ED").exists()
    add_to_library(criterion=again, department=cast.department, by=cast.ada)
    assert LibraryCriterion.objects.count() == 2


def test_consensus_and_the_organization_are_for_leads(cast: Cast) -> None:
    for place, consensus in ((None, False), (cast.department, True)):
        with pytest.raises(NotAllowed, match="Only a lead"):
            add_to_library(criterion=ECG, department=place, by=cast.ada, is_consensus=consensus)
    marked = add_to_library(criterion=ECG, department=cast.department, by=cast.lou, is_consensus=True)
    with pytest.raises(NotAllowed):
        retire_from_library(row=marked, by=cast.ada)
    with pytest.raises(NotAllowed):
        add_to_library(criterion=KO, department=cast.elsewhere, by=cast.lou)


@pytest.mark.parametrize(
    "bad",
    [
        Criterion(criterion="", points=5), Criterion(criterion="Asks.", points=0),
        Criterion(criterion="Asks.", points=11), Criterion(criterion="Harms.", points=5, red_line=True),
        Criterion(criterion="x" * 2_001, points=5),
    ],
)  # fmt: skip
def test_a_criterion_no_case_could_use_is_refused(cast: Cast, bad: Criterion) -> None:
    with pytest.raises(BadInput):
        add_to_library(criterion=bad, department=cast.department, by=cast.ada)
    assert not LibraryCriterion.objects.exists()


def test_search_finds_words_by_their_beginning_and_korean_words_with_endings(cast: Cast) -> None:
    for each in (ECG, KO):
        add_to_library(criterion=each, department=cast.department, by=cast.ada)

    def found(text: str) -> list[str]:
        return [row.criterion for row in list_library(cast.ada, text)]

    assert found("ecg asks") == [ECG.criterion]
    assert found("with") == [ECG.criterion]
    assert found("환자") == found("심전도") == [KO.criterion]
    assert found("환불") == found("CG") == found("???") == found("%") == found("_") == []
    assert list_library(cast.eve, "").count() == 0


def test_case_list_finds_every_text_of_a_case_in_both_languages(cast: Cast) -> None:
    make_draft(cast, title="One", prompt=[Turn("user", "두통이 있어요.")], rubrics=[KO])
    make_draft(cast, title="Two", rubrics=[Criterion(criterion="Names the troponin curve.", points=5)])

    def found(text: str) -> list[str]:
        return [case.title for case in list_cases(cast.ada, CaseFilters(q=text))]

    assert found("환자") == ["One"]
    assert found("curve tropo") == ["Two"]
    assert found("tw") == ["Two"]
    assert found("???") == []
    assert not list_cases(cast.eve, CaseFilters(q="환자")).exists()


def test_found_criteria_come_from_library_and_cases_once(cast: Cast) -> None:
    case = make_draft(cast, rubrics=[ECG, Criterion(criterion="Asks for an ECG twice.", points=3)])
    row = add_to_library(criterion=ECG, department=cast.department, by=cast.ada)
    found = find_criteria(cast.ada, cast.department, "ECG")
    assert [each.source for each in found] == [f"library-{row.pk}", f"case-{case.pk}-1"]
    copy = criterion_to_insert(cast.ada, cast.department, found[1].source)
    assert (copy.criterion, copy.points, copy.criterion_id, copy.evidence) == (
        "Asks for an ECG twice.",
        3,
        "",
        [],
    )
    assert uses_of(row, cast.ada) == [case]
    assert uses_of(row, cast.eve) == []


@pytest.mark.parametrize(
    "source", ["", "library-", "library-999", "case-1", "case-1-99", "case-x-0", "other-1", "library-²"]
)
def test_a_source_that_is_gone_is_named(cast: Cast, source: str) -> None:
    with pytest.raises(BadInput, match="no longer there"):
        criterion_to_insert(cast.ada, cast.department, source)


def test_nothing_of_another_department_is_inserted(cast: Cast) -> None:
    case = make_draft(cast, rubrics=[ECG])
    row = add_to_library(criterion=ECG, department=cast.department, by=cast.ada)
    for source in (f"library-{row.pk}", f"case-{case.pk}-0"):
        with pytest.raises(BadInput):
            criterion_to_insert(cast.eve, cast.elsewhere, source)


def test_the_editor_finds_and_inserts_without_script(cast: Cast) -> None:
    row = add_to_library(criterion=ECG, department=cast.department, by=cast.ada)
    case, client = make_draft(cast), signed_in(cast.ada)
    address = f"/cases/{case.pk}/edit/"
    begun = {"base_version": "1", "sequence": "0", "turns-0-role": "user", "turns-0-content": "My chest hurts.",
             "find": "ecg"}  # fmt: skip
    shown = client.post(address, {**begun, "action": "find"})
    assert f'value="insert:library-{row.pk}"' in shown.content.decode()
    client.post(address, {**begun, "action": f"insert:library-{row.pk}"})
    draft = CaseDraft.objects.get(case=case).content
    assert [(each["criterion"], each["points"], each["tags"]) for each in draft["rubrics"]] == [
        (ECG.criterion, 5, ["axis:accuracy"])
    ]
    assert draft["prompt"][0]["content"] == "My chest hurts."
    gone = client.post(address, {**begun, "action": "insert:library-999"})
    assert gone.status_code == 422 and "My chest hurts." in gone.content.decode()
    fragment = client.get(f"/cases/{case.pk}/criteria/?find=ecg").content.decode()
    assert ECG.criterion in fragment and "<html" not in fragment


def test_pages_add_show_and_retire(cast: Cast) -> None:
    case, client = make_draft(cast, rubrics=[ECG]), signed_in(cast.ada)
    filled = client.get(f"/library/new/?case={case.pk}&criterion=1").content.decode()
    assert ECG.criterion in filled
    assert "criterion=1" in client.get(f"/cases/{case.pk}/").content.decode()
    bad = client.post("/library/new/", {"criterion": "", "points": "zero", "place": "ED"})
    assert bad.status_code == 422
    answer = client.post("/library/new/", {"criterion": ECG.criterion, "points": "5", "place": "ED"})
    row = LibraryCriterion.objects.get()
    assert answer["Location"] == f"/library/{row.pk}/"
    assert str(case) in client.get(f"/library/{row.pk}/").content.decode()
    assert client.post("/library/new/", {"criterion": ECG.criterion, "points": "5", "place": "ED"}).status_code in (
        409, 422,
    )  # fmt: skip
    client.post(f"/library/{row.pk}/retire/")
    assert "The library is empty" in client.get("/library/").content.decode()


def test_templates_and_tags_on_pages(cast: Cast) -> None:
    case, ada, lou = make_draft(cast), signed_in(cast.ada), signed_in(cast.lou)
    ada.post(f"/cases/{case.pk}/template/", {"name": "Chest pain, first look"})
    assert "Chest pain, first look" in ada.get("/library/templates/").content.decode()
    assert ada.post(f"/cases/{case.pk}/template/", {"name": " "}).status_code == 422
    lou.post("/departments/ED/tags/", {"tags": "theme:sepsis\n setting:ward \n\ntheme:sepsis"})
    assert vocabulary(cast.department) == ["setting:ward", "theme:sepsis"]
    editor = ada.get(f"/cases/{case.pk}/edit/").content.decode()
    assert "setting:ward" in editor and '<option value="sepsis">' in editor
    assert lou.post("/departments/ED/tags/", {"tags": "x" * 101}).status_code == 422


def test_a_template_holds_what_the_case_said_then(cast: Cast) -> None:
    case = make_draft(cast)
    template = keep_template(department=cast.department, name="T", content=head_content(case), by=cast.ada)
    other = make_content("Another")
    again = keep_template(department=cast.department, name="T", content=other, by=cast.ada)
    assert (again.pk, again.content["title"]) == (template.pk, "Another")
    with pytest.raises(NotAllowed):
        remove_template(template=template, by=cast.rui)
    with pytest.raises(NotAllowed):
        set_tags(department=cast.department, tags=["a"], by=cast.ada)


def test_the_api_does_what_the_pages_do(cast: Cast) -> None:
    ada, lou = Caller(cast.ada), Caller(cast.lou)
    body = {"department": "ED", "criterion": KO.criterion, "points": 4}
    made = ada.post("library/", body)
    assert (made.status_code, made.json()["points"], made.json()["department"]) == (201, 4, "ED")
    assert ada.post("library/", body).status_code == 409
    assert ada.post("library/", {**body, "department": None}).status_code == 403
    assert lou.post("library/", {**body, "department": None}).status_code == 201
    assert ada.get("library/", q="환자").json()["count"] == 2
    case = ada.post("cases/", {"department": "ED", "content": as_json(make_content(rubrics=[KO]))}).json()
    address = f"library/{made.json()['id']}/"
    assert [each["id"] for each in ada.get(address).json()["used_in"]] == [case["id"]]
    found = ada.get(f"cases/{case['id']}/criteria/", q="심전도").json()
    assert found[0]["text"] == KO.criterion
    assert ada.post(address + "retire/").json()["is_retired"] is True
    kept = ada.post(f"cases/{case['id']}/template/", {"name": "T"})
    assert kept.status_code == 201
    assert [each["name"] for each in ada.get("templates/").json()["results"]] == ["T"]
    assert ada.send("DELETE", f"templates/{kept.json()['id']}/").status_code == 204
    assert ada.put("departments/ED/tags/", {"tags": ["a"]}).status_code == 403
    assert lou.put("departments/ED/tags/", {"tags": ["theme:a"]}).json() == {"tags": ["theme:a"]}
    assert ada.get("departments/ED/tags/").json() == {"tags": ["theme:a"]}


def test_the_library_costs_the_same_with_more_rows(cast: Cast) -> None:
    client = signed_in(cast.ada)

    def add(count: int) -> None:
        for number in range(count):
            text = f"Asks for test {Case.objects.count()}-{LibraryCriterion.objects.count()}-{number}."
            add_to_library(
                criterion=Criterion(criterion=text, points=1), department=cast.department, by=cast.ada
            )

    add(2)
    few = queries_of(client, "/library/")
    add(10)
    assert queries_of(client, "/library/") == few
