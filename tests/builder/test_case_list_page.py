"""The list of cases: whose, which, and at a constant price."""

import unicodedata

import pytest
from django.test import Client
from django.urls import reverse

from builder.models import Case, CaseState
from builder.services.cases import create_case, retire_case
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_approved, make_content, make_draft, make_submitted

LIST = "/cases/"


def titles(client: Client, query: str = "") -> set[str]:
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    return {row.title for row in response.context["rows"]}


def test_everybody_sees_their_own_departments_alone(cast: Cast, as_user) -> None:
    make_draft(cast, title="Chest pain")
    create_case(department=cast.elsewhere, content=make_content("Elsewhere pain"), by=cast.eve)
    for person, seen in (
        (cast.ada, {"Chest pain"}), (cast.rui, {"Chest pain"}), (cast.ana, {"Chest pain"}), (cast.gia, set()),
        (cast.eve, {"Elsewhere pain"}), (cast.ola, {"Chest pain", "Elsewhere pain"}),
    ):  # fmt: skip
        assert titles(as_user(person)) == seen


def test_anonymous_visitor_is_sent_to_sign_in(client: Client, db: None) -> None:
    response = client.get(LIST)
    assert response.status_code == 302
    assert "login" in response["Location"]


def test_new_case_is_offered_to_authors_only(cast: Cast, as_user) -> None:
    link = reverse("builder:case-new")
    assert link in as_user(cast.ada).get(LIST).content.decode()
    assert link not in as_user(cast.rui).get(LIST).content.decode()


def test_filters_narrow_the_list(cast: Cast, as_user) -> None:
    make_draft(cast, title="Draft in English")
    make_submitted(cast, title="고칼륨혈증 환자", language="ko", kind="safety")
    make_approved(cast, title="Approved dilemma", kind="ethics-dilemma", example_tags=["theme:hedging"])
    retired = make_draft(cast, title="Old one")
    retire_case(case=retired, reason="Superseded", by=cast.lou)
    client = as_user(cast.ada)
    assert titles(client) == {"Draft in English", "고칼륨혈증 환자", "Approved dilemma"}
    assert titles(client, "?state=in_review") == {"고칼륨혈증 환자"}
    assert titles(client, "?state=retired") == {"Old one"}
    assert len(titles(client, "?state=any")) == 4
    assert titles(client, "?kind=ethics-dilemma") == {"Approved dilemma"}
    assert titles(client, "?language=ko") == {"고칼륨혈증 환자"}
    assert titles(client, "?theme=hedging") == {"Approved dilemma"}
    assert titles(client, "?department=ED&q=DRAFT") == {"Draft in English"}
    assert titles(client, "?department=XX&kind=nonsense&state=none") == titles(client)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_search_finds_korean_however_it_was_typed(cast: Cast, as_user, form: str) -> None:
    make_draft(cast, title=unicodedata.normalize("NFC", "고칼륨혈증"))
    make_draft(cast, title=unicodedata.normalize("NFD", "저칼륨혈증"))
    make_draft(cast, title="Chest pain")
    response = as_user(cast.ada).get(LIST, {"q": unicodedata.normalize(form, "칼륨")})
    assert len(response.context["rows"]) == 2


def test_search_finds_the_number_of_a_case(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    make_draft(cast, title="Another")
    assert titles(as_user(cast.ada), f"?q={case.prompt_id[4:]}") == {case.title}


def test_rows_say_what_matters(cast: Cast, as_user) -> None:
    make_approved(cast)
    row = as_user(cast.ada).get(LIST).context["rows"][0]
    assert (row.criteria, row.best, row.has_red_line, row.approvals, row.verdict) == (
        3,
        "+12",
        True,
        "2 / 2",
        "ok",
    )


def test_number_of_queries_does_not_grow(cast: Cast, as_user) -> None:
    client = as_user(cast.ada)

    def queries() -> int:
        return queries_of(client, LIST)

    for number in range(2):
        make_approved(cast, title=f"Case {number}")
    few = queries()
    for number in range(2, 12):
        make_approved(cast, title=f"Case {number}")
    assert queries() == few


def test_long_list_has_pages_that_keep_the_filter(cast: Cast, as_user) -> None:
    for number in range(26):
        create_case(department=cast.department, content=make_content(f"Case {number}"), by=cast.ada)
    client = as_user(cast.ada)
    first = client.get(LIST, {"q": "Case"})
    assert len(first.context["rows"]) == 25
    assert "?q=Case&amp;page=2" in first.content.decode()
    assert len(client.get(LIST, {"q": "Case", "page": 2}).context["rows"]) == 1


def test_new_case_opens_its_editor_with_one_empty_turn(cast: Cast, as_user) -> None:
    client = as_user(cast.ada)
    answer = client.post(
        reverse("builder:case-new"), {"department": "ED", "title": "흉통", "kind": "safety", "language": "ko"}
    )
    case = Case.objects.get()
    assert answer.url == reverse("builder:case-edit", args=[case.pk])
    assert (case.title, case.kind, case.language, case.state) == ("흉통", "safety", "ko", CaseState.DRAFT)
    draft = case.drafts.get(editor=cast.ada)
    assert draft.content["prompt"] == [{"role": "user", "content": ""}]


def test_new_case_asks_for_what_is_missing(cast: Cast, as_user) -> None:
    answer = as_user(cast.ada).post(reverse("builder:case-new"), {"language": "en"})
    assert answer.status_code == 422
    assert "Give the case a title" in answer.content.decode()
    assert not Case.objects.exists()


def test_new_case_needs_a_department_one_writes_in(cast: Cast, as_user) -> None:
    url = reverse("builder:case-new")
    assert as_user(cast.rui).get(url).status_code == 403
    data = {"department": "XX", "title": "T", "kind": "safety", "language": "en"}
    assert as_user(cast.ada).post(url, data).status_code == 422
    assert not Case.objects.exists()
