"""What a form over a service shares: the service's complaint becomes an error of the form."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from django import forms

from builder.common.errors import BadInput, Conflict, NotReady

T = TypeVar("T")


def offer(form: forms.BaseForm, name: str, choices: Iterable[tuple[str, Any]]) -> None:
    """Set what a field lets people choose, where that depends on the person or on what is shown."""
    cast(forms.ChoiceField, form.fields[name]).choices = list(choices)


class ServiceForm(forms.Form):
    """A plain form whose work is done by one service."""

    _refusal = 422

    @property
    def status(self) -> int:
        """What a page that shows this form answers with: 200 until something is wrong with it."""
        return self._refusal if self.errors else 200

    def attempt(self, verb: Callable[[], T]) -> T | None:
        """Call the service; return None, with the error beside its field, when it refuses what was typed.

        A refusal of the person (NotAllowed, NotFound) isn't theirs to mend and becomes an error page.
        """
        try:
            return verb()
        except (BadInput, Conflict, NotReady) as error:
            field = error.data.get("field")
            self.add_error(field if field in self.fields else None, error.message)
            self._refusal = error.status
            return None
