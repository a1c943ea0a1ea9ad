"""What a form over a service shares: the service's complaint becomes an error of the form."""

from collections.abc import Callable
from typing import TypeVar

from django import forms

from builder.common.errors import BadInput, Conflict, NotReady

T = TypeVar("T")


class ServiceForm(forms.Form):
    """A plain form whose work is done by one service; `status` is what a page that shows its errors answers with."""

    status = 422

    def attempt(self, verb: Callable[[], T]) -> T | None:
        """Call the service; return None, with the error beside its field, when it refuses what was typed.

        A refusal of the person (NotAllowed, NotFound) isn't theirs to mend and becomes an error page.
        """
        try:
            return verb()
        except (BadInput, Conflict, NotReady) as error:
            field = error.data.get("field")
            self.add_error(field if field in self.fields else None, error.message)
            self.status = error.status
            return None
