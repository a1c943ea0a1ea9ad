"""Overdue reviews: marked on My work, and mailed to each reviewer once a day in their own language."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.test import override_settings

from builder.common.clock import today
from builder.models import AuditEvent, Case, Decision, ReviewReminder, User
from builder.selectors.review_queue import waiting_of
from builder.selectors.work import work_of
from builder.services.conflicts import declare_conflict
from builder.services.reminders import send_review_reminders
from builder.services.reviews import review_case
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_submitted


class BrokenBackend(EmailBackend):
    """A mail server that answers nobody."""

    def send_messages(self, messages) -> int:
        """Refuse."""
        raise ConnectionRefusedError("nobody there")


BROKEN = f"{__name__}.BrokenBackend"


def waiting(cast: Cast, days: int, title: str = "Chest pain") -> Case:
    """Make a case that was sent to review so many days ago."""
    case = make_submitted(cast, title=title)
    case.submitted_at = datetime.now(UTC) - timedelta(days=days)
    case.save()
    return case


def run(**options: object) -> str:
    """Run the command and return what it said."""
    out = StringIO()
    call_command("send_reminders", stdout=out, **options)
    return out.getvalue()


def test_days_are_counted(cast: Cast) -> None:
    case = waiting(cast, 7)
    on = today()
    assert waiting_of(case, on).days == 7
    assert waiting_of(case, on).status(on) == "due_today"  # 7 days are the department's
    assert waiting_of(case, on).status(on + timedelta(days=1)) == "overdue"
    assert waiting_of(case, on).status(on - timedelta(days=1)) == ""


def test_the_queue_marks_what_waits_too_long(cast: Cast) -> None:
    for days, title in ((0, "Young"), (20, "Old"), (7, "Today"), (30, "Oldest")):
        waiting(cast, days, title)
    work = work_of(cast.rui)
    queue = next(each for each in work.queues if each.key == "review")
    found = [(each.title, each.status) for each in [work.next_thing.item, *queue.items]]
    assert found == [("Oldest", "overdue"), ("Old", "overdue"), ("Today", "due_today"), ("Young", "new")]
    assert "30 days" in work.next_thing.item.detail
    assert queue.note == "2 are overdue"


def test_each_reviewer_gets_one_mail_a_day(cast: Cast, mailoutbox: list[mail.EmailMessage]) -> None:
    late, second = waiting(cast, 8, "Secret title"), waiting(cast, 12)
    waiting(cast, 3)
    out = run()
    assert sorted(message.to[0] for message in mailoutbox) == [
        "lou@example.org",
        "rob@example.org",
        "rui@example.org",
    ]
    message = mailoutbox[0]
    assert message.subject == "2 cases wait for your review"
    assert late.prompt_id in message.body and second.prompt_id in message.body
    assert "8 days" in message.body and "12 days" in message.body
    assert "Secret title" not in message.body
    assert "Reminded rui@example.org of 2 overdue cases." in out
    assert "rui@example.org was already reminded today" in run()
    assert len(mailoutbox) == 3
    assert AuditEvent.objects.filter(verb="reminder:send").count() == 3
    results = list(send_review_reminders(on=today() + timedelta(days=1)))
    assert [each.is_sent for each in results] == [True] * 3 and len(mailoutbox) == 6


def test_only_who_is_waited_for_is_reminded(cast: Cast, mailoutbox: list[mail.EmailMessage]) -> None:
    case = waiting(cast, 8)
    votes = dict.fromkeys(range(3), "agree")
    review_case(case=case, revision_number=1, decision=Decision.APPROVE, votes=votes, by=cast.rui)
    declare_conflict(case=case, statement="I treated her.", by=cast.rob)
    User.objects.filter(pk=cast.lou.pk).update(is_active=False)
    assert run() == "No review is overdue.\n"
    assert mailoutbox == []


@override_settings(SITE_URL="https://clinwright.example.org/")
def test_mail_is_in_the_readers_language_and_has_links(
    cast: Cast, mailoutbox: list[mail.EmailMessage]
) -> None:
    case = waiting(cast, 8)
    User.objects.filter(pk=cast.rui.pk).update(language="ko")
    run()
    bodies = {message.to[0]: message.body for message in mailoutbox}
    link = f"https://clinwright.example.org/cases/{case.pk}/review/"
    assert all(link in body for body in bodies.values())
    # The date is written as each language writes it.
    assert "년 " in bodies["rui@example.org"] and "년 " not in bodies["rob@example.org"]


def test_without_an_address_mail_has_no_links(cast: Cast, mailoutbox: list[mail.EmailMessage]) -> None:
    waiting(cast, 8)
    run()
    assert "http" not in mailoutbox[0].body and "Open My work" in mailoutbox[0].body


def test_dry_run_sends_and_writes_nothing(cast: Cast, mailoutbox: list[mail.EmailMessage]) -> None:
    waiting(cast, 8)
    assert "Would remind rui@example.org of 1 overdue case." in run(dry_run=True)
    assert mailoutbox == [] and not ReviewReminder.objects.exists()


def test_mail_that_could_not_leave_is_tried_again(cast: Cast, mailoutbox: list[mail.EmailMessage]) -> None:
    waiting(cast, 8)
    with override_settings(EMAIL_BACKEND=BROKEN), pytest.raises(CommandError, match="3 of 3 mails"):
        run()
    assert (
        not ReviewReminder.objects.exists() and not AuditEvent.objects.filter(verb="reminder:send").exists()
    )
    run()
    assert len(mailoutbox) == 3


def test_queries_of_my_work_do_not_grow_with_decided_cases(cast: Cast, as_user) -> None:
    client = as_user(cast.rob)

    def with_more(number: int) -> int:
        for _case in range(number):
            waiting(cast, 8)
        return queries_of(client, "/")

    with_more(2)
    few = with_more(0)
    assert with_more(6) == few
