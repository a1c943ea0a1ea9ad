"""Where a Label Studio calls us. The call is a hint: its body isn't read, what changed is asked for."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.services.label_studio.requests import hint_pull, note_webhook
from annotations.services.label_studio.webhooks import SECRET_HEADER, TRIAL, note_trial, recognise
from builder.api.base import ApiView
from builder.api.parsers import TooLarge

# Label Studio's own messages hold one task and one annotation.
LARGEST_BODY = 1024 * 1024


class WebhookView(ApiView):
    """A message from Label Studio; recognised by its secret header alone."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Turn away what is too large, and who isn't the connection's Label Studio, whatever the method."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            raise TooLarge
        super().initial(request, *args, **kwargs)
        self.connection = recognise(kwargs["connection_id"], request.headers.get(SECRET_HEADER, ""))

    @extend_schema(exclude=True)
    def post(self, request: Request, connection_id: int, project_id: int) -> Response:
        """Take the hint: ask for what changed, soon, once."""
        if project_id == TRIAL:
            note_trial(self.connection)
        else:
            project = access.get_label_studio_project(self.connection, project_id)
            note_webhook(project)
            hint_pull(project)
        return Response(status=204)
