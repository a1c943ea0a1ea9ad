"""Secrets of other systems, such as access tokens, are kept encrypted: a copy of the database alone gives none away.

Fernet (AES-128 in CBC mode with an HMAC) under a key that is derived from a setting, so that the key and the database
lie in different places. The first key of FIELD_ENCRYPTION_KEYS writes, all of them read.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from builder.common.errors import NotReady

SHORTEST_KEY = 32


class SecretUnreadable(NotReady):
    """A stored secret can't be read with today's keys; it has to be entered again."""

    code = "secret_unreadable"


def seal(secret: str) -> str:
    """Return the secret encrypted, as text for a column. The same secret gives another text every time."""
    return _cipher().encrypt(secret.encode("utf-8")).decode("ascii")


def reveal(sealed: str) -> str:
    """Return the secret of a sealed text. Raises SecretUnreadable when no key of this installation opens it."""
    try:
        return _cipher().decrypt(sealed.encode("utf-8")).decode("utf-8")
    except (InvalidToken, UnicodeDecodeError):
        # Without its cause: a traceback must not carry the sealed text to a log.
        raise SecretUnreadable(
            _(
                "The stored access token can't be read: the installation's encryption key has changed. Enter the token "
                "again, or ask the administrator to add the old key to FIELD_ENCRYPTION_KEYS."
            )
        ) from None


def key_texts() -> list[str]:
    """Return the texts the keys are derived from: the setting's own, or else the secret key and its fallbacks."""
    return list(settings.FIELD_ENCRYPTION_KEYS) or [
        str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(_derived(text)) for text in key_texts()])


def _derived(text: str) -> bytes:
    # HKDF, not a password hash: what it is fed is long and random, and a page must not wait for it.
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"clinwright.field-encryption.v1")
    return base64.urlsafe_b64encode(derivation.derive(text.encode("utf-8")))
