"""What a tried connection to Label Studio is told in: one line each for what works and what doesn't."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from annotations.labelstudio.ports import TRIED_VERSION
from annotations.services.label_studio.connections import ConnectionReport


@dataclass(frozen=True, slots=True)
class Line:
    """One finding; `level` is ok, warning or error, as components/check.html has it."""

    level: str
    title: str
    text: str = ""


def connection_lines(report: ConnectionReport) -> list[Line]:
    """Return the findings, what works first."""
    return [*_basics(report), *_token_lines(report), *_hook_lines(report)]


def _basics(report: ConnectionReport) -> Iterator[Line]:
    check = report.check
    text = "" if check.version == TRIED_VERSION else _("Tried with %(version)s.") % {"version": TRIED_VERSION}
    yield Line("ok", _("Label Studio %(version)s answers") % {"version": check.version}, text)
    yield Line("ok", _("You act there as %(account)s") % {"account": check.identity.email})
    yield Line("ok", _("This account may create projects"))


def _token_lines(report: ConnectionReport) -> Iterator[Line]:
    check = report.check
    if check.token_expires_at:
        day = date_format(check.token_expires_at, "DATE_FORMAT")
        yield Line("ok", _("The access token is valid until %(day)s") % {"day": day})
    if check.legacy_tokens:
        yield Line(
            "warning", _("Legacy tokens are switched on in this Label Studio"),
            _("They never expire. Its administrator can switch them off under Organization, API tokens."),
        )  # fmt: skip
    if check.signup_is_open:
        yield Line(
            "warning", _("Anybody who reaches this Label Studio can make an account there"),
            _("Its administrator can close that with DISABLE_SIGNUP_WITHOUT_LINK=true."),
        )  # fmt: skip


def _hook_lines(report: ConnectionReport) -> Iterator[Line]:
    if report.hears_us is None:
        yield Line("info", _("Verdicts come when a sync asks for them"), _("No address for messages is set."))
    elif report.hears_us:
        yield Line("ok", _("Its messages reach us, so that verdicts come at once"))
    else:
        yield Line("warning", _("Its messages don’t reach us"), report.hook_problem)
