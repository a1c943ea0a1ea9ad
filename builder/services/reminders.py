"""Mails to reviewers about cases that have waited too long for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from builder.common.clock import day_text
from builder.models import Case, CaseState, ReviewReminder, Role, User
from builder.models.departments import REVIEWERS
from builder.selectors.review_queue import OVERDUE, awaiting_review, waiting_of
from builder.services.audit import record


@dataclass(frozen=True, slots=True)
class Reminder:
    """What became of one person's reminder: sent, sent before on the same day, or not sent because of `problem`."""

    person: User
    cases: int
    is_sent: bool
    problem: str = ""


def send_review_reminders(*, on: date, dry_run: bool = False) -> Iterator[Reminder]:
    """Mail every reviewer for whom a case is overdue, once a day, in their own language; yield what became of each.

    With `dry_run` nothing is sent and nothing written. Cost: a few queries for each reviewer of a department with
    cases in review.
    """
    for person in _reviewers():
        late = _overdue_for(person, on)
        if not late:
            continue
        if dry_run:
            yield Reminder(person, len(late), is_sent=False)
        elif claim := _claim(person, on, len(late)):
            yield _send(person, late, on, claim)
        else:
            yield Reminder(person, len(late), is_sent=False)


def _reviewers() -> list[User]:
    departments = Case.objects.filter(state=CaseState.IN_REVIEW).values("department")
    roles = [Role(role).value for role in REVIEWERS]
    members = User.objects.filter(
        is_active=True, memberships__role__in=roles, memberships__department__in=departments
    )
    return list(members.distinct().order_by("email"))


def _overdue_for(person: User, on: date) -> list[Case]:
    cases = awaiting_review(person).select_related("department")
    return [case for case in cases if waiting_of(case, on).status(on) == OVERDUE]


def _claim(person: User, on: date, cases: int) -> ReviewReminder | None:
    """Write down that the person is reminded on this day; None when that was done before, by this process or another.

    Written before the mail leaves: two processes at once send one mail, not two.
    """
    try:
        with transaction.atomic():
            return ReviewReminder.objects.create(person=person, sent_on=on, cases=cases)
    except IntegrityError:
        return None


def _send(person: User, late: list[Case], on: date, claim: ReviewReminder) -> Reminder:
    try:
        _mail(person, late, on).send()
    except (OSError, SMTPException) as error:
        claim.delete()
        return Reminder(person, len(late), is_sent=False, problem=f"{type(error).__name__}: {error}")
    record(by=None, verb="reminder:send", what=person, cases=len(late))
    return Reminder(person, len(late), is_sent=True)


def _mail(person: User, late: list[Case], on: date) -> EmailMessage:
    """Return the mail, in the person's language. It names cases by number: mail is read in places we don't know."""
    site = settings.SITE_URL.rstrip("/")
    count = {"number": len(late)}
    with override(person.language):
        subject = ngettext(
            "%(number)s case waits for your review", "%(number)s cases wait for your review", len(late)
        )
        told = ngettext(
            "%(number)s case has waited for your review longer than it should:",
            "%(number)s cases have waited for your review longer than they should:",
            len(late),
        )
        end = (
            _("Everything that waits for you: %(url)s") % {"url": f"{site}/"}
            if site
            else _("Open My work in Clinwright to read and vote.")
        )
        body = [
            _("Hello %(name)s,") % {"name": person},
            told % count,
            "\n".join(_line(case, on, site) for case in late),
            end,
        ]
        return EmailMessage(subject % count, "\n\n".join(body) + "\n", to=[person.email])


def _line(case: Case, on: date, site: str) -> str:
    waiting = waiting_of(case, on)
    since = ngettext("since %(since)s, %(days)s day", "since %(since)s, %(days)s days", waiting.days) % {
        "since": day_text(waiting.since),
        "days": waiting.days,
    }
    line = f"- {case.department.name}, {case.prompt_id}: {since}"
    return f"{line}\n  {site}{reverse('builder:case-review', args=[case.pk])}" if site else line
