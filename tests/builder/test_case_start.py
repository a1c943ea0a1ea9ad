"""Ways to begin a case: from a template, a pasted conversation, or another case; on pages and over the API."""

import msgspec
import pytest
from django.urls import reverse

from builder.models import AuditEvent, Case, CaseDraft, CaseTemplate, Membership, Role
from builder.services.cases import duplicate_case
from tests.api_client import Caller
from tests.cast import Cast
from tests.factories import make_approved, make_content, make_draft
from tests.html_form import read_form

TEXT = "Patient: It hurts.\nDoctor: Where?\nPatient: Here.\nDoctor: Call the emergency number."
PASTE = reverse("builder:case-paste")


def look(client, text: str = TEXT, **fields: str):
    return client.post(PASTE, {"action": "look", "text": text, **fields})


def test_pasted_turns_are_shown_before_anything_is_kept(cast: Cast, as_user) -> None:
    answer = look(as_user(cast.ada))
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "Patient (user)" in html and "Doctor (assistant)" in html and "4 turns." in html
    assert not Case.objects.exists()


def test_a_pasted_conversation_starts_a_case_with_its_last_answer_as_reference(cast: Cast, as_user) -> None:
    client = as_user(cast.ada)
    fields = read_form(look(client).content.decode(), "paste-form")
    fields |= {"action": ["start"], "title": ["Pain"], "kind": ["practice"]}
    answer = client.post(PASTE, fields)
    case = Case.objects.get()
    assert answer.url == reverse("builder:case-edit", args=[case.pk])
    content = CaseDraft.objects.get().content
    assert [turn["content"] for turn in content["prompt"]] == ["It hurts.", "Where?", "Here."]
    assert content["ideal_completions_data"] == {"ideal_completion": "Call the emergency number."}
    assert AuditEvent.objects.get(verb="case:create").details_text.count("paste") == 1


def test_roles_can_be_changed_and_the_answer_kept_as_a_turn(cast: Cast, as_user) -> None:
    client = as_user(cast.ada)
    fields = read_form(look(client).content.decode(), "paste-form")
    fields = read_form(
        client.post(PASTE, {**fields, "action": "look", "role-0": "system"}).content.decode(), "paste-form"
    )
    assert fields["role-0"] == ["system"]
    del fields["last_is_reference"]
    client.post(PASTE, {**fields, "action": ["start"], "title": ["Pain"], "kind": ["practice"]})
    content = CaseDraft.objects.get().content
    assert [turn["role"] for turn in content["prompt"]] == ["system", "assistant", "system", "assistant"]


def test_a_changed_text_is_shown_again_before_it_is_kept(cast: Cast, as_user) -> None:
    client = as_user(cast.ada)
    fields = read_form(look(client).content.decode(), "paste-form")
    fields |= {"action": ["start"], "title": ["Pain"], "kind": ["practice"], "text": ["User: Other"]}
    answer = client.post(PASTE, fields)
    assert answer.status_code == 200 and "1 turn." in answer.content.decode()
    assert read_form(answer.content.decode(), "paste-form")["title"] == ["Pain"]
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "text", ["", "x" * 1_000_001, "User: x\n" * 401, '[{"role":"user","content":"\\ud800"}]']
)
def test_what_cannot_be_read_is_shown_again_whole(cast: Cast, as_user, text: str) -> None:
    answer = look(as_user(cast.ada), text)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert '<a href="#id_text">' in html
    assert read_form(html, "paste-form")["text"] == [text.replace("\n", "\r\n")]


def test_missing_details_are_asked_for_and_the_text_stays(cast: Cast, as_user) -> None:
    client = as_user(cast.ada)
    fields = read_form(look(client).content.decode(), "paste-form")
    answer = client.post(PASTE, {**fields, "action": ["start"]})
    html = answer.content.decode()
    assert answer.status_code == 422 and "Give the case a title" in html
    assert read_form(html, "paste-form")["text"] == [TEXT.replace("\n", "\r\n")]


def test_a_copy_says_where_it_came_from_and_changes_nothing_else(cast: Cast, as_user) -> None:
    case = make_approved(cast)
    client = as_user(cast.ada)
    url = reverse("builder:case-duplicate", args=[case.pk])
    assert "revision 1" in client.get(url).content.decode()
    assert client.post(url, {"title": "", "department": "ED"}).status_code == 422
    answer = client.post(url, {"title": "Its sister", "department": "ED"})
    copy = Case.objects.exclude(pk=case.pk).get()
    assert answer.url == reverse("builder:case-edit", args=[copy.pk])
    draft = msgspec.convert(CaseDraft.objects.get(case=copy).content, type(case.head.content))
    origin = {"copied_from": {"prompt_id": case.prompt_id, "revision": 1}}
    assert draft == msgspec.structs.replace(case.head.content, title="Its sister", metadata=origin)
    assert (copy.version, copy.state) == (0, "draft")
    before = (case.version, case.state)
    case.refresh_from_db()
    assert (case.version, case.state) == before
    assert f"copied from {case.prompt_id}, revision 1" in client.get(answer.url).content.decode()


def test_a_copy_of_an_unsaved_case_takes_the_authors_own_draft_alone(cast: Cast) -> None:
    case = make_draft(cast)
    unsaved = duplicate_case(case=case, department=cast.department, by=cast.ada)
    mine = duplicate_case(case=unsaved, department=cast.department, by=cast.ada)
    assert CaseDraft.objects.get(case=mine).content["rubrics"]
    theirs = duplicate_case(case=unsaved, department=cast.department, by=cast.lou)
    assert CaseDraft.objects.get(case=theirs).content["rubrics"] == []


def test_a_template_fills_a_new_case(cast: Cast, as_user) -> None:
    content = msgspec.to_builtins(make_content("Template", language="ko"))
    template = CaseTemplate.objects.create(
        department=cast.department, name="Chest pain", content=content, created_by=cast.lou
    )
    client = as_user(cast.ada)
    url = reverse("builder:case-new")
    assert "Emergency: Chest pain" in client.get(url).content.decode()
    answer = client.post(url, {"department": "ED", "title": "Mine", "template": template.pk})
    assert answer.status_code == 302
    made = CaseDraft.objects.get().content
    assert (made["title"], made["kind"], made["language"]) == ("Mine", "safety", "ko")
    assert len(made["rubrics"]) == 3
    assert client.post(url, {"department": "ED", "title": "Mine", "kind": ""}).status_code == 422
    assert client.post(url, {"department": "ED", "title": "x", "template": "999"}).status_code == 422
    template.refresh_from_db()
    assert template.content == content


def test_a_template_stays_in_its_department(cast: Cast, as_user) -> None:
    template = CaseTemplate.objects.create(
        department=cast.elsewhere, name="T", content=msgspec.to_builtins(make_content()), created_by=cast.eve
    )
    fields = {"department": "ED", "title": "x", "template": template.pk}
    assert as_user(cast.ada).post(reverse("builder:case-new"), fields).status_code == 422
    Membership.objects.create(user=cast.ada, department=cast.elsewhere, role=Role.AUTHOR)
    answer = as_user(cast.ada).post(reverse("builder:case-new"), fields)
    assert answer.status_code == 422 and "another department" in answer.content.decode()


def test_the_api_begins_cases_in_the_same_ways(cast: Cast) -> None:
    ada, case = Caller(cast.ada), make_draft(cast)
    template = CaseTemplate.objects.create(
        department=cast.department, name="T", content=msgspec.to_builtins(make_content()), created_by=cast.lou
    )
    for source in (
        {"template": template.pk},
        {"copy_of": case.pk},
        {"conversation": TEXT, "roles": {"Doctor": "user"}},
    ):
        answer = ada.post("cases/start/", {"department": "ED", "title": "Begun", **source})
        assert answer.status_code == 201, answer.json()
        made = answer.json()
        assert (made["title"], made["version"]) == ("Begun", 0)
        assert ada.get(f"cases/{made['id']}/draft/").json()["content"]["title"] == "Begun"
    turns = ada.get(f"cases/{made['id']}/draft/").json()["content"]["prompt"]
    assert [turn["role"] for turn in turns] == ["user"] * 4


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"template": 1, "conversation": "User: x"}, 422),
        ({"template": 999}, 404),
        ({"copy_of": 999}, 404),
        ({"conversation": " "}, 422),
        ({"conversation": "User: x", "roles": {"User": "robot"}}, 422),
        ({"conversation": "x" * 1_000_001}, 422),
    ],
)
def test_the_api_refuses_what_begins_no_case(cast: Cast, body: dict[str, object], status: int) -> None:
    answer = Caller(cast.ada).post("cases/start/", {"department": "ED", **body})
    assert answer.status_code == status and answer.json()["message"]
    assert not Case.objects.exists()


def test_the_api_shows_a_pasted_conversation_without_keeping_it(cast: Cast) -> None:
    told = Caller(cast.rui).post("cases/conversation/", {"conversation": TEXT}).json()
    assert [(turn["speaker"], turn["role"]) for turn in told["turns"][:2]] == [
        ("Patient", "user"),
        ("Doctor", "assistant"),
    ]
    assert not Case.objects.exists()
