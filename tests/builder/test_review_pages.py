"""The review page: votes, decisions, what changed, and who may see what."""

import pytest
from django.urls import reverse

from builder.content import Criterion, Turn
from builder.models import Case, CaseState, CriterionVote, Decision, Review, Vote
from builder.services.cases import retire_case, save_revision, submit_case
from builder.services.reviews import review_case
from tests.cast import Cast
from tests.factories import make_approved, make_content, make_draft, make_submitted
from tests.html_form import read_form

ALL_AGREE = {0: Vote.AGREE, 1: Vote.AGREE, 2: Vote.AGREE}
AGREED = {"vote-0": "agree", "vote-1": "agree", "vote-2": "agree"}


def url(case: Case) -> str:
    return reverse("builder:case-review", args=[case.pk])


def revised(cast: Cast, case: Case, **fields) -> Case:
    """Save and submit a next revision of Ada's."""
    save_revision(case=case, content=make_content(**fields), base_version=case.version, by=cast.ada)
    case.refresh_from_db()
    submit_case(case=case, by=cast.ada)
    case.refresh_from_db()
    return case


def test_approving_takes_every_vote_and_says_what_happens_next(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    client = as_user(cast.rui)
    assert "Approve revision 1" in client.get(url(case)).content.decode()
    data = {**AGREED, "vote-1": "disagree", "vote-1-comment": "Vague", "revision": "1", "decision": "approve"}
    answer = client.post(url(case), data, follow=True)
    assert answer.redirect_chain == [(reverse("builder:case-preview", args=[case.pk]), 302)]
    assert "You approved revision 1. It needs 1 more approval." in answer.content.decode()
    review = Review.objects.get()
    assert (review.reviewer, review.decision) == (cast.rui, Decision.APPROVE)
    assert list(CriterionVote.objects.values_list("vote", "comment")) == [
        ("agree", ""), ("disagree", "Vague"), ("agree", ""),
    ]  # fmt: skip
    answer = as_user(cast.rob).post(
        url(case), {**AGREED, "revision": "1", "decision": "approve"}, follow=True
    )
    assert "The case is approved" in answer.content.decode()
    case.refresh_from_db()
    assert case.state == CaseState.APPROVED


def test_incomplete_approval_names_each_missing_vote(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    data = {"vote-1": "agree", "vote-1-comment": "Kept words", "revision": "1", "decision": "approve"}
    answer = as_user(cast.rui).post(url(case), data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert '<a href="#vote-0">Vote on criterion 1 before you approve.</a>' in html
    assert '<a href="#vote-2">Vote on criterion 3 before you approve.</a>' in html
    assert 'id="vote-0"' in html and "Kept words" in html
    assert html.count("<title>Error:") == 1
    assert not Review.objects.exists()


def test_asking_for_changes_needs_a_comment_but_no_votes(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    client = as_user(cast.rui)
    data = {"revision": "1", "decision": "request_changes"}
    answer = client.post(url(case), {**data, "comment": "  "})
    assert answer.status_code == 422
    assert '<a href="#comment">Say what should change.</a>' in answer.content.decode()
    assert client.post(url(case), {**data, "comment": "Name the drug."}).status_code == 302
    case.refresh_from_db()
    assert case.state == CaseState.CHANGES_REQUESTED


@pytest.mark.parametrize(
    "broken",
    [{"decision": ""}, {"decision": "maybe"}, {"vote-0": "perhaps"}, {"revision": "one"}, {"revision": ""}],
)
def test_nonsense_is_refused(cast: Cast, as_user, broken: dict[str, str]) -> None:
    case = make_submitted(cast)
    data = {**AGREED, "revision": "1", "decision": "approve", **broken}
    assert as_user(cast.rui).post(url(case), data).status_code == 422
    assert not Review.objects.exists()


def test_decision_on_an_older_revision_keeps_the_comment_and_shows_the_new_one(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    revised(cast, case, title="Another title")
    data = {**AGREED, "revision": "1", "decision": "approve", "comment": "I typed this"}
    answer = as_user(cast.rui).post(url(case), data)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "The author saved revision 2 after you opened revision 1" in html
    assert "I typed this" in html and "Approve revision 2" in html
    assert 'name="revision" value="2"' in html
    assert not Review.objects.exists()


def test_colleagues_votes_are_hidden_until_one_has_decided(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    review_case(
        case=case, revision_number=1, decision=Decision.APPROVE, comment="Splendid case",
        votes={**ALL_AGREE, 0: Vote.DISAGREE}, vote_comments={0: "I would drop it"}, by=cast.rob,
    )  # fmt: skip
    client = as_user(cast.rui)
    html = client.get(url(case)).content.decode()
    assert "Rob" in html and "(you see how after your own decision)" in html
    for told in ("Splendid case", "I would drop it", "Rob: disagrees", "1 of 2 approvals", "cw-vote--"):
        assert told not in html
    client.post(url(case), {**AGREED, "revision": "1", "decision": "approve"})
    html = client.get(url(case)).content.decode()
    assert "Rob: disagrees" in html and "I would drop it" in html
    assert "1 of 2 agree: contested" in " ".join(html.split())
    assert "You have decided: Approve" in html


def test_earlier_decision_is_filled_in_again(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    client = as_user(cast.rui)
    data = {**AGREED, "vote-2": "disagree", "revision": "1", "decision": "approve", "comment": "Fine"}
    client.post(url(case), data)
    response = client.get(url(case))
    form = response.context["form"]
    assert [form[f"vote-{index}"].value() for index in range(3)] == ["agree", "agree", "disagree"]
    assert form["comment"].value() == "Fine"


def test_changes_since_the_last_approved_revision_are_marked(cast: Cast, as_user) -> None:
    case = make_approved(cast)
    rubrics = [
        Criterion("Asks for a 12-lead ECG within five minutes.", 8, ["axis:accuracy"], "c1"),
        Criterion("Explains the next step in plain words.", 6, ["axis:communication_quality"], "c2"),
        Criterion("Gives aspirin.", 3, ["axis:accuracy"], "c4"),
        Criterion("Recommends hot baths instead.", -10, ["axis:accuracy"], "c5", red_line=True),
    ]
    revised(
        cast,
        case,
        prompt=[Turn("user", "Chest pain on the ward: what should I do tonight?")],
        rubrics=rubrics,
    )
    revised(
        cast, case, prompt=[Turn("user", "Chest pain on the ward: what should I do today?")], rubrics=rubrics
    )
    html = " ".join(as_user(cast.lou).get(url(case)).content.decode().split())
    assert "What changed since revision 1" in html
    assert "what should I do <del>now</del><ins>today</ins>?" in html
    assert "within <del>ten</del><ins>five</ins> minutes." in html
    assert "Points were +4, now +6." in html
    assert "This criterion is new." in html
    assert "Criterion 3 before, now gone" in html


def test_korean_changes_are_marked_by_the_word(cast: Cast, as_user) -> None:
    case = make_approved(cast, prompt=[Turn("user", "가슴이 아픈데 집에서 기다릴까요?")])
    revised(cast, case, prompt=[Turn("user", "가슴이 아픈데 병원에서 기다릴까요?")])
    html = as_user(cast.rui).get(url(case)).content.decode()
    assert "가슴이 아픈데 <del>집에서</del><ins>병원에서</ins> 기다릴까요?" in html


def test_reviewer_compares_with_what_they_decided_on_last_or_choose(cast: Cast, as_user) -> None:
    case = make_approved(cast)
    revised(cast, case, title="Second")
    review_case(
        case=case, revision_number=2, decision=Decision.REQUEST_CHANGES, comment="No", votes={}, by=cast.rui
    )
    revised(cast, case, title="Third")
    client = as_user(cast.rui)
    assert client.get(url(case)).context["page"].compared.number == 2
    assert client.get(url(case), {"against": "1"}).context["page"].compared.number == 1
    for nonsense in ("99", "x", "-1", "9" * 50):
        assert client.get(url(case), {"against": nonsense}).context["page"].compared.number == 2


def test_first_revision_has_nothing_to_compare_with(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    response = as_user(cast.rui).get(url(case))
    assert response.context["page"].compared is None
    assert "What changed" not in response.content.decode()


def test_only_reviewers_who_wrote_nothing_of_it_decide(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    data = {**AGREED, "revision": "1", "decision": "approve"}
    for person, status in (
        (cast.ada, 403),
        (cast.ana, 403),
        (cast.ola, 403),
        (cast.gia, 404),
        (cast.eve, 404),
    ):
        client = as_user(person)
        assert client.get(url(case)).status_code == status
        assert client.post(url(case), data).status_code == status
    revised(cast, case, title="Other")
    save_revision(case=case, content=make_content("Lou's"), base_version=2, by=cast.lou)
    case.refresh_from_db()
    submit_case(case=case, by=cast.ada)
    assert as_user(cast.lou).get(url(case)).status_code == 403
    assert not Review.objects.exists()


def test_draft_and_retired_cases_have_nothing_to_decide(cast: Cast, as_user) -> None:
    draft, retired = make_draft(cast), make_submitted(cast, title="Old")
    retire_case(case=retired, reason="Old", by=cast.lou)
    client = as_user(cast.rui)
    for case in (draft, retired):
        assert client.get(url(case)).status_code == 409
        assert "isn’t in review" in client.get(url(case)).content.decode().replace("&#x27;", "’")


def test_page_carries_its_form_whole(cast: Cast, as_user) -> None:
    """A browser without script sends the revision it showed and one vote per criterion."""
    case = make_submitted(cast)
    html = (
        as_user(cast.rui).get(url(case)).content.decode().replace(f'action="{url(case)}"', 'id="case-form"')
    )
    fields = read_form(html)
    assert fields["revision"] == ["1"]
    assert html.count("<h1") == 1
    for index in range(3):
        assert html.count(f'name="vote-{index}"') == 3
