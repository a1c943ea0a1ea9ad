"""The gate: what identifies a person keeps a case from review until it is removed or attested with a reason."""

import html
import json
import re

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from builder.checks.identifiers import CHECK_ID, passage_hash
from builder.common.errors import BadInput, NotAllowed, NotFound, NotReady
from builder.content import CaseContent, Criterion, Turn
from builder.models import AuditEvent, Case, CaseState, IdentifierAttestation
from builder.selectors.cases import CaseFilters, case_rows, list_cases
from builder.selectors.identifiers import identifiers_page
from builder.services.audit import verify_chain
from builder.services.cases import retire_case, save_draft, save_revision, submit_case
from builder.services.identifiers import attest_identifier
from tests.api_client import Caller, as_json
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_content, make_draft

NAME, NUMBER = "Brockway", "010-1234-5678"
TURNS = [Turn("user", f"Mr {NAME} has chest pain; call {NUMBER}.")]


def make_named(cast: Cast, **fields: object) -> Case:
    """Make a draft whose only turn holds a name and a telephone number."""
    return make_draft(cast, **{"prompt": TURNS, **fields})


def attest_all(case: Case, cast: Cast) -> None:
    """Give a reason for every passage."""
    for found in identifiers_page(case, cast.ada).open:
        attest_identifier(case=case, reference=found.reference, reason="Made up for this case.", by=cast.ada)


def test_identifiers_keep_a_case_from_review(cast: Cast):
    case = make_named(cast)
    with pytest.raises(BadInput, match="looks like a name") as refused:
        submit_case(case=case, by=cast.ada)
    findings = refused.value.data["findings"]
    assert [(f.check_id, f.field) for f in findings] == [(CHECK_ID, "prompt[0].content")] * 2
    assert "B•••••••" in findings[0].message
    assert "01•-••••-5678" in findings[1].message
    assert NAME not in str(findings) and NUMBER not in str(findings)
    assert Case.objects.get(pk=case.pk).state == CaseState.DRAFT


def test_each_passage_needs_its_own_reason(cast: Cast):
    case = make_named(cast)
    first, second = identifiers_page(case, cast.ada).open
    attest_identifier(case=case, reference=first.reference, reason="Made up.", by=cast.ada)
    with pytest.raises(BadInput, match="telephone") as refused:
        submit_case(case=case, by=cast.ada)
    assert len(refused.value.data["findings"]) == 1
    attest_identifier(case=case, reference=second.reference, reason="Made up too.", by=cast.ada)
    assert submit_case(case=case, by=cast.ada).state == CaseState.IN_REVIEW


def test_a_removed_passage_needs_none(cast: Cast):
    case = make_named(cast)
    save_revision(case=case, content=make_content(), base_version=1, by=cast.ada)
    assert submit_case(case=case, by=cast.ada).state == CaseState.IN_REVIEW


def test_a_reason_survives_revisions_but_belongs_to_one_case(cast: Cast):
    case = make_named(cast)
    attest_all(case, cast)
    moved = make_content(
        prompt=[Turn("user", "What now?")],
        ideal_completions_data={
            "ideal_completion": f"Tell Mr  {NAME.upper()[0]}{NAME[1:]} to call {NUMBER}."
        },
    )
    save_revision(case=case, content=moved, base_version=1, by=cast.ada)
    assert submit_case(case=case, by=cast.ada).state == CaseState.IN_REVIEW
    other = make_named(cast)
    assert len(identifiers_page(other, cast.ada).open) == 2
    with pytest.raises(BadInput):
        submit_case(case=other, by=cast.ada)


def test_another_passage_of_the_same_kind_is_asked_about(cast: Cast):
    case = make_named(cast)
    attest_all(case, cast)
    content = make_content(prompt=[Turn("user", f"Mr {NAME} and Mrs Vandermeer")])
    save_revision(case=case, content=content, base_version=1, by=cast.ada)
    case.refresh_from_db()
    assert [found.masked for found in identifiers_page(case, cast.ada).open] == ["V•••••••••"]


def test_the_trail_holds_reason_and_hash_and_never_the_passage(cast: Cast):
    case = make_named(cast)
    attest_all(case, cast)
    events = AuditEvent.objects.filter(verb="identifier:attest")
    assert [json.loads(event.details_text)["kind"] for event in events] == ["name", "phone"]
    assert {event.why for event in events} == {"Made up for this case."}
    told = " ".join(f"{event.why} {event.details_text}" for event in AuditEvent.objects.all())
    assert NAME not in told and "5678" not in told
    row = IdentifierAttestation.objects.get(kind="phone")
    assert (
        row.passage_hash
        == passage_hash(case.pk, "phone", NUMBER)
        == json.loads(events[1].details_text)["passage"]
    )
    assert verify_chain() is None


def test_the_hash_is_keyed(cast: Cast):
    plain = passage_hash(1, "phone", NUMBER)
    assert plain != passage_hash(2, "phone", NUMBER)
    assert plain == passage_hash(1, "phone", "０１０-1234-5678")
    with override_settings(SECRET_KEY="another key, long enough for the purpose"):
        assert passage_hash(1, "phone", NUMBER) != plain
    assert len(passage_hash(1, "name", "\ud800")) == 64


@pytest.mark.parametrize(
    "reason",
    ["", "   ", f"{NAME} is made up.", "brockway", f"Not {NUMBER}.", "Ask Mrs Vandermeer.", "x" * 1001],
)
def test_a_reason_is_needed_and_must_not_repeat_an_identifier(cast: Cast, reason: str):
    case = make_named(cast)
    reference = identifiers_page(case, cast.ada).open[0].reference
    with pytest.raises(BadInput) as refused:
        attest_identifier(case=case, reference=reference, reason=reason, by=cast.ada)
    assert refused.value.data["field"] == "reason"
    assert not IdentifierAttestation.objects.exists()


def test_only_what_stands_in_the_case_is_attested(cast: Cast):
    case = make_named(cast)
    with pytest.raises(NotFound):
        attest_identifier(case=case, reference="0" * 64, reason="Made up.", by=cast.ada)
    reference = identifiers_page(case, cast.ada).open[0].reference
    for person in (cast.rui, cast.ana, cast.eve, cast.ola):
        with pytest.raises(NotAllowed):
            attest_identifier(case=case, reference=reference, reason="Made up.", by=person)
    retire_case(case=case, reason="Old.", by=cast.lou)
    with pytest.raises(NotReady):
        attest_identifier(case=case, reference=reference, reason="Made up.", by=cast.ada)


def test_a_second_reason_changes_nothing(cast: Cast):
    case = make_named(cast)
    reference = identifiers_page(case, cast.ada).open[0].reference
    first = attest_identifier(case=case, reference=reference, reason="Made up.", by=cast.ada)
    again = attest_identifier(case=case, reference=reference, reason="Something else.", by=cast.lou)
    assert (again.pk, again.reason) == (first.pk, "Made up.")
    assert AuditEvent.objects.filter(verb="identifier:attest").count() == 1


def test_the_page_reads_the_own_draft(cast: Cast):
    case = make_draft(cast)
    draft = as_json(make_content(prompt=TURNS))
    save_draft(case=case, data=draft, base_version=1, sequence=0, by=cast.ada)
    assert len(identifiers_page(case, cast.ada).open) == 2
    assert identifiers_page(case, cast.ada).is_draft
    assert identifiers_page(case, cast.lou).open == []
    assert identifiers_page(case, cast.rui).open == []


def test_the_list_of_cases_counts_only_what_is_open(cast: Cast):
    make_named(cast)

    def verdicts() -> list[str]:
        return [row.verdict for row in case_rows(list_cases(cast.ada, CaseFilters()))]

    assert verdicts() == ["bad"]
    attest_all(Case.objects.get(), cast)
    assert verdicts() != ["bad"]


# ---- pages ----


def page_of(case: Case) -> str:
    return reverse("builder:case-identifiers", args=[case.pk])


def test_a_passage_is_attested_on_the_page(cast: Cast, client: Client):
    case = make_named(cast)
    client.force_login(cast.ada)
    text = client.get(page_of(case)).content.decode()
    references = re.findall(r'name="reference" value="([0-9a-f]{64})"', text)
    assert len(references) == 2
    assert NAME not in text and NUMBER not in text
    assert f'href="{reverse("builder:case-edit", args=[case.pk])}#turns-0-content"' in text
    sent = client.post(page_of(case), {"reference": references[0], "reason": "Made up."})
    assert (sent.status_code, sent["Location"]) == (302, page_of(case))
    text = client.get(page_of(case)).content.decode()
    assert re.findall(r'name="reference" value="([0-9a-f]{64})"', text) == references[1:]
    assert "Made up." in text


def test_a_refused_reason_is_shown_again_beside_its_passage(cast: Cast, client: Client):
    case = make_named(cast)
    client.force_login(cast.ada)
    found = identifiers_page(case, cast.ada).open[1]
    answer = client.post(page_of(case), {"reference": found.reference, "reason": "Ask Mrs Vandermeer."})
    text = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert '<a href="#passage-2-reason">' in text
    assert 'id="passage-2-reason_error"' in text and 'id="passage-1-reason_error"' not in text
    assert "Ask Mrs Vandermeer." in text
    assert client.post(page_of(case), {"reference": "nonsense", "reason": "Made up."}).status_code == 422
    assert client.post(page_of(case), {"reference": "0" * 64, "reason": "Made up."}).status_code == 404


def test_readers_see_the_list_without_a_form(cast: Cast, client: Client):
    case = make_named(cast)
    client.force_login(cast.rui)
    text = client.get(page_of(case)).content.decode()
    assert "B•••••••" in text
    assert 'name="reason"' not in text


def test_a_refused_submission_links_to_the_page(cast: Cast, client: Client):
    case = make_named(cast)
    client.force_login(cast.ada)
    answer = client.post(reverse("builder:case-submit", args=[case.pk]))
    assert answer.status_code == 422
    assert answer.content.decode().count(f'<li><a href="{page_of(case)}">') == 2


def test_the_page_costs_the_same_for_many_passages(cast: Cast, client: Client):
    client.force_login(cast.ada)
    few = make_named(cast)
    names = [Criterion(f"Calls Mr Brockw{chr(97 + i // 26)}{chr(97 + i % 26)}.", 5) for i in range(60)]
    many = make_named(cast, rubrics=names)
    attest_identifier(
        case=many,
        reference=identifiers_page(many, cast.ada).open[0].reference,
        reason="Made up.",
        by=cast.ada,
    )
    assert len(identifiers_page(many, cast.ada).open) > 50
    assert queries_of(client, page_of(many)) == queries_of(client, page_of(few))


# ---- API ----


def test_the_api_lists_and_attests(cast: Cast):
    case = make_named(cast)
    ada, address = Caller(cast.ada), f"cases/{case.pk}/identifiers/"
    listed = ada.get(address).json()["results"]
    assert [(row["kind"], row["masked"], row["is_attested"]) for row in listed] == [
        ("name", "B•••••••", False), ("phone", "01•-••••-5678", False),
    ]  # fmt: skip
    assert listed[0]["places"] == [{"field": "prompt[0].content", "words": "Turn 1"}]
    refused = ada.post(f"cases/{case.pk}/submit/", {})
    assert refused.status_code == 422
    for row in listed:
        answer = ada.post(address, {"reference": row["reference"], "reason": "Made up."})
        assert answer.status_code == 201
    assert [row["attested_by"] for row in answer.json()["results"]] == [str(cast.ada)] * 2
    findings = ada.get(f"cases/{case.pk}/").json()["findings"]
    assert CHECK_ID not in {finding["check_id"] for finding in findings}
    assert ada.post(f"cases/{case.pk}/submit/", {}).json()["state"] == "in_review"
    assert ada.post(address, {"reference": "f" * 64, "reason": "Made up."}).status_code == 404
    assert ada.post(address, {"reference": "short", "reason": ""}).status_code == 422
    assert Caller(cast.rui).post(address, {"reference": "f" * 64, "reason": "x"}).status_code == 403


def test_an_empty_case_has_a_page(cast: Cast):
    case = make_draft(cast)
    content = CaseContent(prompt=[], rubrics=[])
    save_revision(case=case, content=content, base_version=1, by=cast.ada)
    page = identifiers_page(case, cast.ada)
    assert (page.open, page.attested) == ([], [])
