"""The page of one case, its history, sending it from there, and its retirement."""

import pytest
from django.urls import reverse

from builder.content import CaseContent, Turn
from builder.models import AuditEvent, CaseState, Decision, Vote
from builder.services.cases import create_case, save_draft, save_revision
from builder.services.reviews import review_case
from tests.cast import Cast
from tests.factories import make_approved, make_content, make_draft, make_submitted

ALL_AGREE = {0: Vote.AGREE, 1: Vote.AGREE, 2: Vote.AGREE}


def url(name: str, *args: int) -> str:
    return reverse(f"builder:{name}", args=args)


@pytest.mark.parametrize(
    "name",
    ["case-preview", "case-history", "case-edit", "case-review", "case-retire", "case-live", "case-discard"],
)
def test_another_departments_person_finds_nothing(cast: Cast, as_user, name: str) -> None:
    case = make_submitted(cast)
    client = as_user(cast.eve)
    assert client.get(url(name, case.pk)).status_code == 404
    if name in ("case-edit", "case-review", "case-retire", "case-discard"):
        assert client.post(url(name, case.pk), {"reason": "x"}).status_code == 404
    assert client.get(url("case-revision", case.pk, 1)).status_code == 404
    for posted in ("case-autosave", "case-submit"):
        assert client.post(url(posted, case.pk)).status_code == 404


def test_readers_see_the_case_and_no_button_they_may_not_use(cast: Cast, as_user) -> None:
    case = make_approved(cast)
    for person, may_edit, may_retire in ((cast.ada, True, False), (cast.ana, False, False), (cast.lou, True, True),
                                         (cast.ola, False, True)):  # fmt: skip
        html = as_user(person).get(url("case-preview", case.pk)).content.decode()
        assert html.count("<h1") == 1
        assert "what should I do now?" in html and "Record an ECG" in html and "Example guideline" in html
        assert "<b>2 of 2</b>" in html
        assert (url("case-edit", case.pk) in html) is may_edit
        assert (url("case-retire", case.pk) in html) is may_retire


def test_author_reads_what_reviewers_asked_for(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    review_case(
        case=case, revision_number=1, decision=Decision.REQUEST_CHANGES, comment="Name the drug.",
        votes={1: Vote.DISAGREE}, vote_comments={1: "Too vague."}, by=cast.rui,
    )  # fmt: skip
    html = as_user(cast.ada).get(url("case-preview", case.pk)).content.decode()
    words = " ".join(html.split())
    assert "Rui asked for a change to revision 1" in words and "Name the drug." in words
    assert ">Criterion 2</h3>" in words and "Too vague." in words


def test_contested_criterion_is_shown(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    for person, vote in ((cast.rui, Vote.AGREE), (cast.rob, Vote.DISAGREE)):
        review_case(
            case=case, revision_number=1, decision=Decision.APPROVE, votes={**ALL_AGREE, 1: vote}, by=person
        )
    html = as_user(cast.ada).get(url("case-preview", case.pk)).content.decode()
    assert "1 criterion is contested." in html
    assert "1 agree, 1 disagree" in html


def test_reviewer_sees_no_colleagues_vote_before_deciding(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    review_case(
        case=case,
        revision_number=1,
        decision=Decision.APPROVE,
        comment="Splendid",
        votes=ALL_AGREE,
        by=cast.rui,
    )
    html = as_user(cast.rob).get(url("case-preview", case.pk)).content.decode()
    assert "1 colleague has decided" in html
    for told in ("Splendid", "agree, ", "1 of 2"):
        assert told not in html


def test_case_without_a_revision_says_so(cast: Cast, as_user) -> None:
    case = create_case(
        department=cast.department,
        content=CaseContent([Turn("user", "secret")], [], title="New"),
        by=cast.ada,
    )
    html = as_user(cast.rui).get(url("case-preview", case.pk)).content.decode()
    assert "No revision is saved yet" in html and "secret" not in html


def test_saved_revision_is_sent_from_its_page(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    assert "Send revision 1 to review" in client.get(url("case-preview", case.pk)).content.decode()
    assert client.post(url("case-submit", case.pk)).url == url("case-preview", case.pk)
    case.refresh_from_db()
    assert case.state == CaseState.IN_REVIEW


def test_sending_from_the_page_links_errors_into_the_editor(cast: Cast, as_user) -> None:
    case = make_draft(cast, prompt=[Turn("user", " ")])
    answer = as_user(cast.ada).post(url("case-submit", case.pk))
    assert answer.status_code == 422
    assert (
        f'<a href="{url("case-edit", case.pk)}#turns-0-content">This turn is empty.</a>'
        in answer.content.decode()
    )


def test_sending_waits_for_an_unsaved_draft(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    save_draft(case=case, data={"prompt": [], "rubrics": []}, base_version=1, sequence=0, by=cast.ada)
    html = as_user(cast.ada).get(url("case-preview", case.pk)).content.decode()
    assert "You have a draft with unsaved changes" in html and "Send revision" not in html


def test_history_lists_revisions_and_shows_what_each_changed(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    save_revision(case=case, content=make_content(kind="practice"), base_version=1, by=cast.lou)
    client = as_user(cast.ana)
    html = client.get(url("case-history", case.pk)).content.decode()
    assert html.index("Revision 2") < html.index("Revision 1")
    assert "Ada" in html and "Lou" in html
    html = client.get(url("case-revision", case.pk, 2)).content.decode()
    assert "<del>safety</del><ins>practice</ins>" in html
    assert client.get(url("case-revision", case.pk, 1)).status_code == 200
    assert client.get(url("case-revision", case.pk, 9)).status_code == 404


def test_retiring_needs_a_lead_or_administrator_and_a_reason(cast: Cast, as_user) -> None:
    case = make_approved(cast)
    for person in (cast.ada, cast.rui, cast.ana):
        assert as_user(person).get(url("case-retire", case.pk)).status_code == 403
    client = as_user(cast.ola)
    answer = client.post(url("case-retire", case.pk), {"reason": "  "})
    assert answer.status_code == 422 and "Say why the case is retired" in answer.content.decode()
    assert client.post(url("case-retire", case.pk), {"reason": "Superseded"}).status_code == 302
    case.refresh_from_db()
    assert case.state == CaseState.RETIRED
    assert AuditEvent.objects.get(verb="case:retire").why == "Superseded"
    assert client.post(url("case-retire", case.pk), {"reason": "Again"}).status_code == 409
    assert as_user(cast.lou).get(url("case-edit", case.pk)).status_code == 403
    assert url("case-edit", case.pk) not in client.get(url("case-preview", case.pk)).content.decode()
