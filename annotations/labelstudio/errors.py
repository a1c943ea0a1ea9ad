"""What can go wrong between this installation and a Label Studio, each with a sentence a person can act on.

No message holds the token: every sentence is written here, and words of the server are cut short and cleaned before
they are quoted.
"""

from django.utils.translation import gettext as _


class LabelStudioError(Exception):
    """Label Studio didn't do what was asked.

    `permanent`: asking again changes nothing until a person acts. `may_have_happened`: a write was under way and
    nobody knows whether the server carried it out, so read back before sending it again. `retry_after`: the seconds
    the server asked for, if it did.
    """

    permanent = False

    def __init__(
        self,
        sentence: str = "",
        *,
        permanent: bool | None = None,
        may_have_happened: bool = False,
        retry_after: float | None = None,
    ) -> None:
        self.sentence = sentence or self.default_sentence()
        super().__init__(self.sentence)
        if permanent is not None:
            self.permanent = permanent
        self.may_have_happened = may_have_happened
        self.retry_after = retry_after

    @classmethod
    def default_sentence(cls) -> str:
        """Return what to say where the place that raises knows nothing better."""
        return _("Label Studio didn't do what was asked. Nothing was lost here; try again later.")


class Unreachable(LabelStudioError):
    """No connection, no answer in time, an answer cut short, or a server that says it can't just now."""

    @classmethod
    def default_sentence(cls) -> str:
        """Say that it is away."""
        return _("Label Studio can't be reached just now. Nothing was lost here; it is tried again.")


class Unauthorised(LabelStudioError):
    """The token is wrong, withdrawn, switched off, or (`expired`) past its time."""

    permanent = True

    def __init__(self, sentence: str = "", *, expired: bool = False, may_have_happened: bool = False) -> None:
        self.expired = expired
        if expired and not sentence:
            sentence = _(
                "The access token for Label Studio has expired. Make a new one there (Account & Settings → Personal "
                "Access Token) and save it in the department's connection."
            )
        super().__init__(sentence, may_have_happened=may_have_happened)

    @classmethod
    def default_sentence(cls) -> str:
        """Say that the token doesn't work."""
        return _(
            "Label Studio doesn't accept the access token. It may be mistyped, withdrawn, or of the legacy kind, which "
            "the server may have switched off. Save a personal access token in the department's connection."
        )


class TooOld(LabelStudioError):
    """The server's version is one this product wasn't tried with and that lacks what it needs."""

    permanent = True

    @classmethod
    def default_sentence(cls) -> str:
        """Say which version is needed."""
        return _("This Label Studio is too old. Ask its administrator for an update.")


class Missing(LabelStudioError):
    """The project, task or webhook isn't there (any more), or this account may not see it."""

    permanent = True

    @classmethod
    def default_sentence(cls) -> str:
        """Say that it is gone."""
        return _(
            "Label Studio no longer has this, or the account may not see it. What came back before was kept here."
        )


class Conflict(LabelStudioError):
    """It is already there: for an annotation with our unique id that is a success."""

    permanent = True

    @classmethod
    def default_sentence(cls) -> str:
        """Say that it is there already."""
        return _("Label Studio already has this.")


class Refused(LabelStudioError):
    """The server understood and refuses; `status` is its HTTP status."""

    permanent = True

    def __init__(self, sentence: str = "", *, status: int = 0, may_have_happened: bool = False) -> None:
        self.status = status
        super().__init__(sentence, may_have_happened=may_have_happened)

    @classmethod
    def default_sentence(cls) -> str:
        """Say that it refused."""
        return _("Label Studio refuses this. The account may lack the right to do it.")


class AddressNotAllowed(LabelStudioError):
    """The address is one this installation must not connect to; no connection was made."""

    permanent = True

    @classmethod
    def default_sentence(cls) -> str:
        """Say who may allow it."""
        return _("This installation may not connect to that address. Its administrator can allow it.")


class BadAnswer(LabelStudioError):
    """Something answered, but not as Label Studio does: a login page, a proxy, a list cut short."""

    @classmethod
    def default_sentence(cls) -> str:
        """Say what it may be."""
        return _(
            "What answered doesn't speak like Label Studio. Check the address: it must be the one a browser shows on "
            "its first page, without anything behind it."
        )


class AnswerTooLarge(BadAnswer):
    """The answer is larger than the limit; a list may be asked for in smaller pages."""

    permanent = True
