"""What the buttons of a session's page about Label Studio ask for."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import GradingSession, LabelStudioProject
from annotations.services.label_studio.requests import ACTS, request_sync, send_again
from builder.forms.service_form import ServiceForm
from builder.models import Job, User

AGAIN = "again"


class SyncForm(ServiceForm):
    """One button: `key` is the page's own random value, so that pressing twice asks once."""

    act = forms.ChoiceField(choices=[(each, each) for each in (*ACTS, AGAIN)])
    project = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    key = forms.CharField(max_length=64, required=False)

    def __init__(self, *args: Any, projects: dict[int, LabelStudioProject], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._projects = projects

    def clean(self) -> dict[str, Any]:
        """Refuse a project that isn't one of this session's."""
        data = super().clean() or self.cleaned_data
        if data.get("act") == AGAIN and data.get("project") not in self._projects:
            self.add_error(None, _("There is no such project in this session."))
        return data

    def ask(self, session: GradingSession, *, by: User) -> Job | None:
        """Ask for it; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(lambda: self._ask(session, data["act"], data.get("project"), data["key"], by))

    def _ask(self, session: GradingSession, act: str, project: int | None, key: str, by: User) -> Job:
        if act == AGAIN and project is not None:
            send_again(project=self._projects[project], by=by)
            act = "sync"
        return request_sync(session=session, act=act, by=by, key=f"{key}:{act}" if key else "")


def new_key() -> str:
    """Return the random value of a page."""
    return str(uuid.uuid4())
