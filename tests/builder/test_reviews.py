"""The approval rule: two persons, never the author, and a criterion needs a majority."""

import pytest

from builder.common.errors import BadInput, Conflict, NotAllowed
from builder.models import AuditEvent, Case, CaseState, Decision, ExternalApproval, Vote
from builder.selectors.reviews import standings
from builder.services.audit import verify_chain
from builder.services.cases import save_revision
from builder.services.reviews import review_case
from tests.cast import Cast
from tests.factories import make_approved, make_content, make_draft, make_submitted

ALL_AGREE = {0: Vote.AGREE, 1: Vote.AGREE, 2: Vote.AGREE}


def test_two_approvals_approve(cast: Cast) -> None:
    case = make_submitted(cast)
    review_case(case=case, revision_number=1, decision=Decision.APPROVE, votes=ALL_AGREE, by=cast.rui)
    case.refresh_from_db()
    assert case.state == CaseState.IN_REVIEW
    review_case(case=case, revision_number=1, decision=Decision.APPROVE, votes=ALL_AGREE, by=cast.rob)
    case.refresh_from_db()
    assert case.state == CaseState.APPROVED
    assert AuditEvent.objects.filter(verb="case:approve").count() == 1
    assert verify_chain() is None


def test_one_person_twice_is_one_approval(cast: Cast) -> None:
    case = make_submitted(cast)
    for _time in range(2):
        review_case(case=case, revision_number=1, decision=Decision.APPROVE, votes=ALL_AGREE, by=cast.rui)
    case.refresh_from_db()
    assert case.state == CaseState.IN_REVIEW


def test_author_may_not_review(cast: Cast) -> None:
    case = make_submitted(cast)
    save_revision(case=case, content=make_content("Edited by the lead"), base_version=1, by=cast.lou)
    case.refresh_from_db()
    case.state = CaseState.IN_REVIEW
    case.save()
    with pytest.raises(NotAllowed, match="wrote part of this case"):
        review_case(case=case, revision_number=2, decision=Decision.APPROVE, votes=ALL_AGREE, by=cast.lou)
    with pytest.raises(NotAllowed, match="no role"):
        review_case(case=case, revision_number=2, decision=Decision.APPROVE, votes=ALL_AGREE, by=cast.ada)


def test_new_revision_unapproves(cast: Cast) -> None:
    case = make_approved(cast)
    save_revision(case=case, content=make_content("Another title"), base_version=1, by=cast.ada)
    case.refresh_from_db()
    assert case.state == CaseState.DRAFT
    assert case.version == 2


def test_vote_on_an_old_revision_is_refused(cast: Cast) -> None:
    case = make_submitted(cast)
    with pytest.raises(Conflict, match="revision 1"):
        review_case(case=case, revision_number=7, decision=Decision.APPROVE, votes=ALL_AGREE, by=cast.rui)


def test_approval_needs_every_vote_and_changes_need_a_reason(cast: Cast) -> None:
    case = make_submitted(cast)
    with pytest.raises(BadInput, match="criterion 3"):
        review_case(
            case=case,
            revision_number=1,
            decision=Decision.APPROVE,
            votes={0: "agree", 1: "agree"},
            by=cast.rui,
        )
    with pytest.raises(BadInput, match="what should change"):
        review_case(case=case, revision_number=1, decision=Decision.REQUEST_CHANGES, votes={}, by=cast.rui)


def test_criterion_with_a_tie_is_contested(cast: Cast) -> None:
    """Votes agree/agree, agree/disagree, agree/agree: 1 of 2 is not more than half, so only the second is contested."""
    case = make_submitted(cast)
    review_case(case=case, revision_number=1, decision=Decision.APPROVE, votes=ALL_AGREE, by=cast.rui)
    review_case(
        case=case,
        revision_number=1,
        decision=Decision.APPROVE,
        votes={**ALL_AGREE, 1: Vote.DISAGREE},
        by=cast.rob,
    )
    case.refresh_from_db()
    assert [standing.is_contested for standing in standings(case.head, cast.department)] == [
        False,
        True,
        False,
    ]


def test_a_case_approved_elsewhere_stays_approved_when_a_reviewer_agrees(cast: Cast) -> None:
    case = make_draft(cast)
    ExternalApproval.objects.create(revision=case.head, source="The old registry", vouched_by=cast.lou)
    Case.objects.filter(pk=case.pk).update(state=CaseState.APPROVED)
    for by, decision, state in (
        (cast.rui, Decision.APPROVE, CaseState.APPROVED),
        (cast.rob, Decision.REQUEST_CHANGES, CaseState.CHANGES_REQUESTED),
        (cast.rob, Decision.APPROVE, CaseState.APPROVED),
    ):
        review_case(
            case=case, revision_number=1, decision=decision, comment="Read it.", votes=ALL_AGREE, by=by
        )
        case.refresh_from_db()
        assert case.state == state
