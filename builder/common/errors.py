"""The one family of errors that services raise and that pages, API and commands translate."""

from typing import Any


class DomainError(Exception):
    """Something a person asked for can't be done; the message says why and how to mend it."""

    code = "error"
    status = 400

    def __init__(self, message: object, **data: Any) -> None:
        super().__init__(str(message))
        self.message = str(message)
        self.data = data


class BadInput(DomainError):
    """What was sent is not what was expected."""

    code = "bad_input"
    status = 422


class NotFound(DomainError):
    """There is no such thing, or it is not this person's to see; both look the same on purpose."""

    code = "not_found"
    status = 404


class NotAllowed(DomainError):
    """This person's role doesn't include the act."""

    code = "not_allowed"
    status = 403


class NotReady(DomainError):
    """The object isn't in a state that allows the act."""

    code = "not_ready"
    status = 409


class Conflict(DomainError):
    """Somebody else changed the object meanwhile, or another one holds the name."""

    code = "conflict"
    status = 409
