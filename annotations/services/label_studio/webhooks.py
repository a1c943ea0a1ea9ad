"""Where a Label Studio tells us that something changed, and how its message is recognised.

Label Studio signs nothing and sends each message once: the secret header says who speaks, the body is never read.
"""

from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from annotations.models import LabelStudioConnection, LabelStudioProject
from builder.common.errors import DomainError, NotAllowed
from builder.common.secret_text import SecretUnreadable, reveal

# A fixed header is all that Label Studio can send along.
SECRET_HEADER = "X-Clinwright-Secret"  # noqa: S105 - the name, not the secret
TRIAL = 0  # in the place of a project: the connection tries itself out
MOST_REFUSALS, REFUSALS_FOR = 60, 60  # so many wrong secrets in so many seconds are answered one by one


class Unsigned(DomainError):
    """The message doesn't say who sends it."""

    code, status = "not_authenticated", 401


class TooMany(DomainError):
    """Somebody is guessing."""

    code, status = "too_many", 429


def webhook_url(connection: LabelStudioConnection, project: LabelStudioProject | None = None) -> str:
    """Return the address Label Studio is to call for a project, or for the trial; empty where it can't reach us."""
    base = connection.webhook_base_url.rstrip("/")
    if not base:
        return ""
    return base + reverse("api:label-studio-webhook", args=[connection.pk, project.pk if project else TRIAL])


def webhook_headers(connection: LabelStudioConnection) -> dict[str, str]:
    """Return the header that proves that a message comes from this Label Studio."""
    return {SECRET_HEADER: reveal(connection.webhook_secret)}


def recognise(connection_id: int, said: str) -> LabelStudioConnection:
    """Return the connection whose secret a message carries; whether there is such a connection isn't told.

    Raises Unsigned without a secret, NotAllowed for a wrong one, TooMany when wrong ones pour in.
    """
    if not said:
        raise Unsigned(_("This address expects messages from Label Studio."))
    connection = LabelStudioConnection.objects.filter(pk=connection_id).first()
    if connection is not None and _knows_secret(connection, said):
        return connection
    refusals = f"label-studio-webhook:{connection_id}"
    cache.add(refusals, 0, REFUSALS_FOR)
    if cache.incr(refusals) > MOST_REFUSALS:
        raise TooMany(_("Too many wrong messages came. Wait a minute."))
    raise NotAllowed(_("This message isn't from the Label Studio of this connection."))


def note_trial(connection: LabelStudioConnection) -> None:
    """Remember that a message of the trial arrived."""
    LabelStudioConnection.objects.filter(pk=connection.pk).update(webhook_seen_at=timezone.now())


def _knows_secret(connection: LabelStudioConnection, said: str) -> bool:
    try:
        expected = reveal(connection.webhook_secret)
    except SecretUnreadable:
        return False
    return constant_time_compare(said, expected)
