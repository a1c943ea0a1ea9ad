"""The approval rule, derived by hand: who must approve, when a criterion stands, and until when it all counts."""

from datetime import date

import pytest

from builder.approval import (
    ApprovalRule,
    Given,
    Missing,
    expiry_of,
    is_approved,
    is_expired,
    missing_approvals,
    standing_of,
)
from builder.content import Evidence
from tests.factories import make_content

YES, NO = Given(approves=True), Given(approves=False)
YES_OUTSIDE = Given(approves=True, outside=True)


@pytest.mark.parametrize(
    ("given", "rule", "missing", "approved"),
    [
        ([], ApprovalRule(2), (2, 0), False),
        ([YES], ApprovalRule(2), (1, 0), False),
        ([YES, YES], ApprovalRule(2), (0, 0), True),
        ([YES, YES, NO], ApprovalRule(2), (0, 0), False),
        ([YES, NO], ApprovalRule(1), (0, 0), False),
        ([YES, YES], ApprovalRule(2, outside_approvals=1), (1, 1), False),
        ([YES, YES_OUTSIDE], ApprovalRule(2, outside_approvals=1), (0, 0), True),
        ([YES_OUTSIDE], ApprovalRule(3, outside_approvals=2), (2, 1), False),
        ([YES, YES, YES, YES_OUTSIDE], ApprovalRule(2, outside_approvals=2), (1, 1), False),
        ([YES, Given(approves=False, outside=True)], ApprovalRule(2, outside_approvals=1), (1, 1), False),
    ],
)
def test_what_is_missing(
    given: list[Given], rule: ApprovalRule, missing: tuple[int, int], approved: bool
) -> None:
    assert missing_approvals(given, rule) == Missing(*missing)
    assert is_approved(given, rule) is approved


@pytest.mark.parametrize(
    ("agree", "disagree", "cannot_judge", "approvals", "threshold", "contested"),
    [
        (2, 0, 0, 2, 0.5, False),
        (1, 1, 0, 2, 0.5, True),  # half is not more than half
        (2, 1, 0, 2, 0.5, False),  # 2/3 > 1/2
        (2, 2, 0, 2, 0.5, True),
        (1, 0, 1, 2, 0.5, True),  # all who decided agree, but one is fewer than min(2, 2)
        (2, 0, 5, 2, 0.5, False),  # can't judge counts for neither side
        (2, 1, 9, 2, 0.5, False),
        (1, 0, 0, 1, 0.5, False),  # min(2, 1) = 1
        (0, 0, 3, 1, 0.5, True),  # nobody decided
        (0, 0, 0, 1, 0.5, True),
        (3, 2, 0, 2, 0.6, True),  # exactly the threshold doesn't exceed it
        (2, 1, 0, 2, 0.66, False),  # 0.666… > 0.66
        (2, 1, 0, 2, 0.67, True),
        (9, 1, 0, 2, 0.99, True),
        (9, 0, 0, 9, 0.99, False),
    ],
)
def test_when_a_criterion_is_contested(
    agree: int, disagree: int, cannot_judge: int, approvals: int, threshold: float, contested: bool
) -> None:
    rule = ApprovalRule(approvals, threshold=threshold)
    standing = standing_of(agree, disagree, cannot_judge, rule)
    assert standing.is_contested is contested
    assert (standing.agree, standing.disagree, standing.cannot_judge) == (agree, disagree, cannot_judge)


def evidence(*dates: str) -> list[Evidence]:
    return [Evidence(f"e{index}", "Quote.", "Source", review_by=day) for index, day in enumerate(dates)]


@pytest.mark.parametrize(
    ("dates", "expiry"),
    [
        ([], None),
        ([""], None),
        (["2027-03-01", "2026-12-31", ""], date(2026, 12, 31)),
        (["next spring", "2026-13-01", "2026-02-30"], None),
        (["soon", " 2028-02-29 "], date(2028, 2, 29)),
    ],
)
def test_approval_lasts_until_the_earliest_date(dates: list[str], expiry: date | None) -> None:
    assert expiry_of(make_content(evidence=evidence(*dates))) == expiry


def test_it_counts_through_its_last_day() -> None:
    last = date(2026, 12, 31)
    assert not is_expired(last, date(2026, 12, 31))
    assert is_expired(last, date(2027, 1, 1))
    assert not is_expired(None, date(9999, 1, 1))
