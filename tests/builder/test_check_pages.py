"""Where checks are shown: the panel, the help pages, the API, and the gate before review."""

import pytest
from django.urls import reverse
from django.utils import timezone

from builder.checks import CHECKS
from builder.common.errors import BadInput
from builder.content import Criterion, Evidence
from builder.selectors.case_checks import case_checks_panel, checks_panel, summary_of
from builder.services.cases import submit_case
from tests.api_client import Caller
from tests.cast import Cast
from tests.factories import make_content, make_draft

pytestmark = pytest.mark.django_db
WRONG_SIGN = [
    Criterion("Fails to ask about pregnancy.", 5, ["axis:accuracy"], "c1"),
    Criterion("Sends the patient home.", -10, ["axis:accuracy"], "c2", red_line=True),
]


def test_every_check_has_a_help_page(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    client = as_user(cast.gia)
    listed = client.get(reverse("builder:check-help-list")).content.decode()
    for check in CHECKS:
        address = reverse("builder:check-help", args=[check.check_id])
        assert f'href="{address}"' in listed
        page = client.get(address)
        assert page.status_code == 200
        assert check.check_id in page.content.decode()


@pytest.mark.parametrize("check_id", ["nothing", "rubric.", "..", "%00", "rubric.sign<script>"])
def test_an_unknown_check_has_none(cast: Cast, as_user, check_id: str) -> None:  # type: ignore[no-untyped-def]
    assert as_user(cast.ada).get(f"/help/checks/{check_id}/").status_code == 404


def test_the_panel_counts_by_severity_and_links_to_help(cast: Cast) -> None:
    panel = checks_panel(make_content(rubrics=WRONG_SIGN))
    assert (panel.errors, panel.warnings, panel.advice) == (0, 1, 1)
    assert panel.summary == "1 warning, 1 piece of advice"
    sign, size = panel.findings
    assert (sign.level, sign.code, sign.target) == ("warning", "rubric.sign", "rubrics-0-points")
    assert (sign.mend_key, sign.mend_label) == ("rubric.sign:rubrics[0].points", "Change the points to −5")
    assert sign.help_url == "/help/checks/rubric.sign/"
    assert (size.level, size.mend_key, size.mend_label) == ("advice", "", "")
    assert summary_of(0, 0) == "No problem found"


def test_the_live_panel_knows_the_date_and_the_department(cast: Cast, as_user) -> None:  # type: ignore[no-untyped-def]
    make_draft(cast)
    past = Evidence("e1", "A passage.", "A guideline", review_by="2020-01-01", jurisdiction="INT")
    case = make_draft(cast, evidence=[past])
    assert {"evidence.expired", "case.near_duplicate"} <= {
        finding.code for finding in case_checks_panel(case, case.head.content).findings
    }
    html = as_user(cast.ada).get(reverse("builder:case-live", args=[case.pk])).content.decode()
    assert "evidence.expired" in html and "case.near_duplicate" in html
    assert 'href="/help/checks/evidence.expired/"' in html


def test_evidence_is_good_on_its_last_day(cast: Cast) -> None:
    today = timezone.localdate().isoformat()
    case = make_draft(cast, evidence=[Evidence("e1", "A passage.", "A guideline", review_by=today)])
    assert "evidence.expired" not in {
        each.code for each in case_checks_panel(case, case.head.content).findings
    }


def test_warnings_and_advice_do_not_keep_a_case_from_review(cast: Cast) -> None:
    case = make_draft(cast, rubrics=WRONG_SIGN)
    assert submit_case(case=case, by=cast.ada).state == "in_review"


def test_errors_do(cast: Cast) -> None:
    case = make_draft(cast, rubrics=WRONG_SIGN[1:])
    with pytest.raises(BadInput) as refused:
        submit_case(case=case, by=cast.ada)
    assert {finding.check_id for finding in refused.value.data["findings"]} == {"rubric.no_positive"}


def test_the_api_gives_findings_with_help_and_mend(cast: Cast) -> None:
    case = make_draft(cast, rubrics=WRONG_SIGN)
    findings = Caller(cast.ada).get(f"cases/{case.pk}/").json()["findings"]
    sign = next(finding for finding in findings if finding["check_id"] == "rubric.sign")
    assert sign == {
        "check_id": "rubric.sign", "severity": "warning", "field": "rubrics[0].points",
        "message": "This describes something bad, and earns +5. Should it lose points?",
        "help_url": "/help/checks/rubric.sign/",
        "mend": {"field": "rubrics[0].points", "value": -5, "summary": "Change the points to −5"},
    }  # fmt: skip
    size = next(finding for finding in findings if finding["check_id"] == "rubric.size")
    assert size["severity"] == "advice" and size["mend"] is None
