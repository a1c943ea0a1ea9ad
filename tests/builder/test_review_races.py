"""Reviewers, their conflicts of interest and authors at the same moment: nothing counts twice, nothing is lost."""

from functools import partial

from builder.common.errors import NotReady
from builder.models import Case, CaseState, ConflictOfInterest, Decision
from builder.services.conflicts import declare_conflict
from builder.services.reviews import review_case
from builder.services.threads import adopt_proposal, open_thread, reply_to_thread
from tests import test_races
from tests.cast import Cast
from tests.factories import make_submitted
from tests.test_races import AGREE, THREADS, at_once, tally

crowd = test_races.crowd  # the fixture


def test_a_conflict_declared_during_an_approval_never_leaves_it_counting(crowd: Cast) -> None:
    for place in range(4):
        case = make_submitted(crowd, title=f"Case {place}")
        review_case(case=case, revision_number=1, decision=Decision.APPROVE, votes=AGREE, by=crowd.rui)
        approve = partial(
            review_case, case=case, revision_number=1, decision=Decision.APPROVE, votes=AGREE, by=crowd.rob
        )
        declared = at_once(approve, partial(declare_conflict, case=case, statement="Mine.", by=crowd.rui))[1]
        assert isinstance(declared, ConflictOfInterest)
        assert Case.objects.get(pk=case.pk).state == CaseState.IN_REVIEW


def test_of_adoptions_one_reaches_the_draft(crowd: Cast) -> None:
    case = make_submitted(crowd)
    thread = open_thread(case=case, text="Vague.", criterion_index=0, by=crowd.rui)
    message = reply_to_thread(thread=thread, text="", proposed_wording="Asks for an ECG now.", by=crowd.rui)
    results = at_once(
        *[partial(adopt_proposal, thread=thread, message_id=message.pk, by=crowd.ada)] * THREADS
    )
    assert tally(results, NotReady) == (1, THREADS - 1)
    assert thread.messages.filter(adopts=message).count() == 1
