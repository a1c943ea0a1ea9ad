"""The demonstration: loaded through the services, whole, and the same when loaded again."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from annotations.models import Grade, GradingSession, SessionState
from annotations.selectors.scores import report_session
from builder.models import AuditEvent, Case, CaseState, User
from builder.services.audit import verify_chain
from exports.models import Release, Response


def test_it_holds_a_finished_example_and_loading_it_again_changes_nothing(
    db: None, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("demo")
    first = capsys.readouterr().out
    assert "Krippendorff's alpha" in first and "lead@demo.example" in first
    approved = Case.objects.exclude(department__code="HOSP").filter(state=CaseState.APPROVED)
    assert approved.values("department").distinct().count() == 4
    assert approved.count() == 16
    assert all(case.head and case.head.reviews.count() == 2 for case in approved.select_related("head"))
    assert verify_chain() is None
    counts = _counts()

    call_command("demo")
    assert "Nothing changed" in capsys.readouterr().out
    assert _counts() == counts

    assert client.login(email="lead@demo.example", password="clinwright-demo")
    assert client.get("/").status_code == 200


def test_its_numbers_come_from_the_recorded_verdicts(db: None) -> None:
    """The careful system scores higher, crosses no red line, and two of its answers are tied on a criterion."""
    call_command("demo")
    session = GradingSession.objects.get(state=SessionState.CLOSED)
    careful, hasty = report_session(session)
    assert careful.overall.mean is not None and hasty.overall.mean is not None
    assert careful.overall.mean > hasty.overall.mean + 0.3
    assert (careful.red_lines.failures, hasty.red_lines.failures) == (0, 5)
    assert careful.counts["incomplete"] == careful.counts["unresolved"] == 2


@override_settings(DEMONSTRATION_ALLOWED=False)
def test_production_refuses_it(db: None) -> None:
    with pytest.raises(CommandError, match="published password"):
        call_command("demo")
    assert not User.objects.exists()


def _counts() -> list[int]:
    return [
        model.objects.count() for model in (User, Case, Release, Response, GradingSession, Grade, AuditEvent)
    ]
