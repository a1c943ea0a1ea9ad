"""The department's rule at work: approvals from outside, conflicts of interest, can't judge, expiring evidence."""

from datetime import date, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse

from builder import access
from builder.common import clock
from builder.common.errors import BadInput, Conflict, NotAllowed, NotReady
from builder.content import Evidence
from builder.models import (
    AuditEvent,
    Case,
    CaseState,
    ConflictOfInterest,
    CriterionVote,
    Membership,
    Review,
    Role,
    User,
)
from builder.selectors.cases import CaseFilters, count_by_state, list_cases
from builder.selectors.reviews import standings
from builder.selectors.work import work_of
from builder.services.cases import save_revision, submit_case
from builder.services.conflicts import declare_conflict
from builder.services.departments import change_department
from builder.services.imports import import_cases
from builder.services.reviews import review_case
from exports.services.releases import freeze_release
from tests.api_client import as_json
from tests.cast import Cast, make_user
from tests.exports.builders import write_jsonl
from tests.factories import make_approved, make_content, make_draft, make_submitted

AGREE = {0: "agree", 1: "agree", 2: "agree"}


def approve(case: Case, by: User, votes: dict[int, str] | None = None, **more) -> Review:
    review = review_case(
        case=case, revision_number=case.version, decision="approve", votes=votes or AGREE, by=by, **more
    )
    case.refresh_from_db()
    return review


def rule(cast: Cast, **settings) -> None:
    given = {"required_approvals": 2, "contested_rule": "block", **settings}
    change_department(department=cast.department, by=cast.lou, **given)


def freeze(cast: Cast, version: str = "1.0.0", **more):
    return freeze_release(
        department=cast.department, name="set", version=version, stage="candidate", by=cast.lou, **more
    )


def guest(cast: Cast) -> User:
    """Make a person who only reviews here, and grades in the other department."""
    person = make_user("gwen")
    Membership.objects.create(user=person, department=cast.department, role=Role.REVIEWER)
    Membership.objects.create(user=person, department=cast.elsewhere, role=Role.GRADER)
    return person


def test_who_counts_as_from_outside(cast: Cast) -> None:
    person = guest(cast)
    assert access.is_from_outside(person, cast.department)
    assert not access.is_from_outside(cast.rui, cast.department)  # no role elsewhere
    assert not access.is_from_outside(cast.eve, cast.department)  # no role here
    Membership.objects.create(user=person, department=cast.department, role=Role.AUTHOR)
    assert not access.is_from_outside(person, cast.department)  # not only a reviewer here


def test_an_approval_from_outside_is_waited_for(cast: Cast, as_user) -> None:
    rule(cast, outside_approvals=1)
    case = make_submitted(cast)
    approve(case, cast.rui)
    url = reverse("builder:case-review", args=[case.pk])
    sent = {f"vote-{index}": "agree" for index in range(3)} | {"revision": "1", "decision": "approve"}
    page = as_user(cast.rob).post(url, sent, follow=True)
    assert "It needs 1 more approval. 1 of them must come from another department." in page.text
    assert "0 of 1 from other departments." in page.text
    case.refresh_from_db()
    assert case.state == CaseState.IN_REVIEW
    person = guest(cast)
    assert approve(case, person).is_outside
    assert case.state == CaseState.APPROVED
    Membership.objects.filter(user=person).delete()  # they leave; what they approved stays approved
    release = freeze(cast)
    assert release.manifest["items"][0]["approval"] == {"reviewers": 3, "outside": 1}
    assert release.manifest["outside_approvals"] == 1


def test_freezing_applies_the_present_rule(cast: Cast) -> None:
    case = make_approved(cast)
    rule(cast, outside_approvals=2)
    with pytest.raises(NotReady, match=rf"2 of them from other departments.*{case.prompt_id}"):
        freeze(cast)
    assert freeze_manifest_of_a_plain_rule(cast) == {"reviewers": 2}


def freeze_manifest_of_a_plain_rule(cast: Cast) -> dict[str, int]:
    rule(cast, outside_approvals=0)
    manifest = freeze(cast).manifest
    assert "outside_approvals" not in manifest and "consensus_threshold" not in manifest
    return manifest["items"][0]["approval"]


def test_the_threshold_is_the_departments(cast: Cast) -> None:
    case = make_submitted(cast)
    for person, vote in ((cast.rui, "agree"), (cast.rob, "agree"), (cast.lou, "disagree")):
        approve(case, person, {**AGREE, 1: vote})
    assert [each.is_contested for each in standings(case.head, cast.department)] == [False, False, False]
    rule(cast, consensus_threshold=0.7)  # 2 of 3 agree: 0.67
    assert [each.is_contested for each in standings(case.head, cast.department)] == [False, True, False]
    with pytest.raises(NotReady, match=r"don't agree on these criteria: .* \(2\)"):
        freeze(cast)


def test_cannot_judge_counts_for_neither_side(cast: Cast) -> None:
    case = make_submitted(cast)
    approve(case, cast.rui, {**AGREE, 2: "cannot_judge"})
    approve(case, cast.rob)
    assert case.state == CaseState.APPROVED
    found = standings(case.head, cast.department)
    assert (found[2].agree, found[2].disagree, found[2].cannot_judge) == (1, 0, 1)
    assert [each.is_contested for each in found] == [False, False, True]
    approve(case, cast.lou)
    assert not standings(case.head, cast.department)[2].is_contested


def test_barred_reviewer_stops_counting(cast: Cast, as_user) -> None:
    case = make_approved(cast)
    declare_conflict(case=case, statement="I treated this patient.", by=cast.rui)
    case.refresh_from_db()
    assert case.state == CaseState.IN_REVIEW
    assert [each.agree for each in standings(case.head, cast.department)] == [1, 1, 1]
    with pytest.raises(NotAllowed, match="conflict of interest"):
        approve(case, cast.rui)
    assert work_of(cast.rui).waiting == 0
    assert as_user(cast.rui).get(reverse("builder:case-review", args=[case.pk])).status_code == 403
    page = as_user(cast.ana).get(reverse("builder:case-preview", args=[case.pk])).text
    assert "Rui declared a conflict of interest and doesn’t review this case." in page
    assert "I treated this patient." not in page and "<b>1 of 2</b>" in page
    event = AuditEvent.objects.get(verb="conflict:declare")
    assert (event.actor, event.why) == (cast.rui, "I treated this patient.")


def test_a_barred_persons_change_request_stops_blocking(cast: Cast) -> None:
    case = make_submitted(cast)
    review_case(
        case=case, revision_number=1, decision="request_changes", comment="No.", votes={}, by=cast.rui
    )
    declare_conflict(case=case, statement="My sister wrote it.", by=cast.rui)
    case.refresh_from_db()
    assert case.state == CaseState.IN_REVIEW
    approve(case, cast.rob)
    approve(case, cast.lou)
    assert case.state == CaseState.APPROVED


def test_told_conflict_stands_beside_the_review_and_in_the_release(cast: Cast, as_user) -> None:
    rule(cast, conflict_rule="tell")
    case = make_submitted(cast)
    declare_conflict(case=case, statement="I wrote the guideline.", by=cast.rui)
    approve(case, cast.rui)
    approve(case, cast.rob)
    assert case.state == CaseState.APPROVED
    page = as_user(cast.ana).get(reverse("builder:case-preview", args=[case.pk])).text
    assert "Rui declared a conflict of interest: I wrote the guideline." in page
    assert freeze(cast).manifest["items"][0]["approval"] == {"reviewers": 2, "conflicts_of_interest": 1}
    rule(cast, conflict_rule="bar")
    with pytest.raises(NotReady, match="now needs 2 approvals"):
        freeze(cast, "1.0.1")


def test_conflict_is_declared_once_by_who_reviews(cast: Cast) -> None:
    case = make_submitted(cast)
    for person in (cast.ada, cast.ana, cast.eve, cast.gia):
        with pytest.raises(NotAllowed):
            declare_conflict(case=case, statement="x", by=person)
    for statement, error in (("  ", BadInput), ("x" * 2001, BadInput)):
        with pytest.raises(error):
            declare_conflict(case=case, statement=statement, by=cast.rui)
    declare_conflict(case=case, statement="I treated her.", by=cast.rui)
    with pytest.raises(Conflict, match="already declared"):
        declare_conflict(case=case, statement="Again.", by=cast.rui)
    assert ConflictOfInterest.objects.count() == 1


def test_conflict_page(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    client, url = as_user(cast.rui), reverse("builder:case-conflict", args=[case.pk])
    assert "what you decided on it no longer counts" in client.get(url).text
    refused = client.post(url, {"statement": " "})
    assert refused.status_code == 422 and '<a href="#id_statement">' in refused.text
    assert client.post(url, {"statement": "I treated her."}).status_code == 302
    again = client.post(url, {"statement": "I treated her."})
    assert again.status_code == 409 and "already declared" in again.text


def test_person_removed_from_the_department_reviews_no_more(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    approve(case, cast.rui)
    Membership.objects.filter(user=cast.rui).delete()
    assert as_user(cast.rui).get(reverse("builder:case-review", args=[case.pk])).status_code == 404
    with pytest.raises(NotAllowed, match="no role"):
        approve(case, cast.rui)
    approve(case, cast.rob)  # what they approved while they were there counts
    assert case.state == CaseState.APPROVED


def test_something_said_without_a_vote_is_not_lost(cast: Cast) -> None:
    case = make_submitted(cast)
    for said in ({"vote_comments": {1: "Vague."}}, {"proposals": {1: "Names the drug."}}):
        with pytest.raises(BadInput, match=r"criterion 2\. Vote on it too"):
            review_case(
                case=case, revision_number=1, decision="request_changes", comment="See there.", votes={0: "agree"},
                by=cast.rui, **said,
            )  # fmt: skip
    assert not Review.objects.exists()


def test_a_proposal_that_changes_nothing_is_none(cast: Cast) -> None:
    case = make_submitted(cast)
    text = case.head.content.rubrics[0].criterion
    approve(case, cast.rui, proposals={0: f" {text}\r\n", 1: "Explains it."})
    assert list(CriterionVote.objects.values_list("proposed_wording", flat=True)) == ["", "Explains it.", ""]


@pytest.mark.parametrize("place", [-1, 3, 99])
def test_votes_on_criteria_that_do_not_exist(cast: Cast, place: int) -> None:
    case = make_submitted(cast)
    with pytest.raises(BadInput, match="There is no criterion"):
        approve(case, cast.rui, {**AGREE, place: "agree"})


def reviewed_by(day: str) -> dict[str, object]:
    return {"evidence": [Evidence("e1", "Quote.", "Guideline", review_by=day)]}


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch):
    """Return a function that makes it another day."""
    return lambda day: monkeypatch.setattr(
        clock, "localdate", lambda *args: day if not args else args[0].date()
    )


def test_an_approval_ends_with_its_evidence(cast: Cast, as_user, on) -> None:
    on(date(2026, 3, 31))
    lasting = make_approved(cast, title="Lasting")
    case = make_approved(cast, title="Ending", **reviewed_by("2026-03-31"))
    assert case.expires_on == date(2026, 3, 31)
    assert set(Case.objects.approved()) == {lasting, case}
    assert not case.has_expired_approval()
    on(date(2026, 4, 1))
    assert list(Case.objects.approved()) == [lasting]
    assert case.state == CaseState.APPROVED and case.has_expired_approval()
    with pytest.raises(NotReady, match=rf"expired with their evidence: {case.prompt_id} \(2026-03-31\)"):
        freeze(cast, case_ids=[lasting.pk, case.pk])
    assert [item.prompt_id for item in freeze(cast).items.all()] == [lasting.prompt_id]
    page = as_user(cast.ana).get(reverse("builder:case-preview", args=[case.pk])).text
    assert "The approval expired on 31 March 2026." in page and "Approval expired" in page
    assert "Approval expired" in as_user(cast.ana).get(reverse("builder:case-list")).text


def test_lists_tell_expired_from_approved(cast: Cast, on) -> None:
    on(date(2026, 3, 31))
    lasting = make_approved(cast)
    case = make_approved(cast, **reviewed_by("2026-03-31"))
    on(date(2026, 4, 1))
    counts = count_by_state(cast.ana)
    assert (counts["approved"], counts["expired"]) == (1, 1)
    assert list(list_cases(cast.ana, CaseFilters(state="approved"))) == [lasting]
    assert list(list_cases(cast.ana, CaseFilters(state="expired"))) == [case]
    assert {state: n for state, _label, n in work_of(cast.lou).summaries[0].counts} == {
        "draft": 0, "in_review": 0, "changes_requested": 0, "approved": 1, "expired": 1,
    }  # fmt: skip
    item = work_of(cast.ada).next_thing.item
    assert (item.title, item.status) == (str(case), "expired")
    assert "The approval expired on 31 March 2026" in item.detail


def test_renewing_is_a_new_revision_with_its_review(cast: Cast, on) -> None:
    on(date(2026, 3, 31))
    case = make_approved(cast, **reviewed_by("2026-03-31"))
    on(date(2026, 4, 1))
    assert work_of(cast.ada).waiting == 1
    save_revision(case=case, content=make_content(**reviewed_by("2027-03-31")), base_version=1, by=cast.ada)
    case.refresh_from_db()
    submit_case(case=case, by=cast.ada)
    for person in (cast.rui, cast.rob):
        approve(case, person)
    assert list(Case.objects.approved()) == [case]
    assert work_of(cast.ada).waiting == 0


def test_approving_what_has_already_expired_says_so(cast: Cast, as_user, on) -> None:
    on(date(2026, 3, 31))
    case = make_submitted(cast, **reviewed_by("2026-03-31"))
    approve(case, cast.rui)
    on(date(2026, 4, 1))
    sent = {f"vote-{index}": "agree" for index in range(3)} | {"revision": "1", "decision": "approve"}
    page = as_user(cast.rob).post(reverse("builder:case-review", args=[case.pk]), sent, follow=True)
    assert "Its evidence is past its review date" in page.text


def test_imported_cases_carry_their_expiry(cast: Cast, tmp_path) -> None:
    row = {"prompt_id": "case-a", **as_json(make_content(**reviewed_by("2020-01-31")))}
    import_cases(
        path=write_jsonl(tmp_path / "cases.jsonl", [row]), file_format="canonical", department=cast.department,
        by=cast.lou, approved_elsewhere="Registry",
    )  # fmt: skip
    case = Case.objects.get()
    assert case.expires_on == date(2020, 1, 31)
    assert case.state == CaseState.APPROVED and not Case.objects.approved().exists()


def test_cases_of_an_earlier_version_get_their_dates(cast: Cast) -> None:
    migration = import_module("builder.migrations.0003_review_rules_and_threads")
    approved = make_approved(cast, **reviewed_by("2027-03-31"))
    vague, waiting = make_draft(cast, **reviewed_by("next spring")), make_submitted(cast)
    Case.objects.update(expires_on=None, submitted_at=None)
    migration.fill_in_dates(apps, None)
    dates = dict(Case.objects.values_list("pk", "expires_on"))
    assert dates == {approved.pk: date(2027, 3, 31), vague.pk: None, waiting.pk: None}
    waiting.refresh_from_db()
    assert waiting.submitted_at == waiting.updated_at


def test_a_draft_has_no_approval_to_expire(cast: Cast) -> None:
    case = make_draft(cast, **reviewed_by("2020-01-31"))
    assert not case.has_expired_approval(clock.today() + timedelta(days=1))
