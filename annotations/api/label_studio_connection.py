"""Endpoint of a department's connection to its Label Studio."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.services.label_studio.connections import (
    ConnectionReport,
    check_connection,
    disconnect,
    save_connection,
)
from builder.access import Act, get_department_for
from builder.api.base import ApiView, StrictShape, answers
from builder.common.errors import NotFound


class ConnectionIn(StrictShape):
    """How a Label Studio is reached; an empty token keeps the stored one."""

    url = serializers.CharField(max_length=300)
    token = serializers.CharField(max_length=4_000, allow_blank=True, default="", write_only=True)
    webhook_base_url = serializers.CharField(max_length=300, allow_blank=True, default="")


class ConnectionOut(serializers.Serializer[Any]):
    """A stored connection; its token is never shown."""

    url = serializers.CharField()
    webhook_base_url = serializers.CharField()
    version = serializers.CharField()
    account = serializers.CharField()
    checked_at = serializers.DateTimeField(allow_null=True)
    is_connected = serializers.BooleanField(help_text="Whether a token is stored.")
    problem = serializers.CharField(help_text="What needs attention, in a sentence; empty when nothing does.")


class ConnectionView(ApiView):
    """The Label Studio of a department the caller leads."""

    @extend_schema(responses=answers(ConnectionOut))
    def get(self, request: Request, code: str) -> Response:
        """Show how the department's Label Studio is reached."""
        return self._shown(self._stored(code))

    @extend_schema(request=ConnectionIn, responses=answers(ConnectionOut))
    def put(self, request: Request, code: str) -> Response:
        """Try a connection and keep it; 422 says why it doesn't work."""
        department = get_department_for(self.person, Act.CHANGE_SETTINGS, code)
        report = save_connection(department=department, by=self.person, **self.body(ConnectionIn))
        return self._shown(report.connection)

    @extend_schema(request=None, responses=answers(ConnectionOut))
    def post(self, request: Request, code: str) -> Response:
        """Ask again whether the stored connection works."""
        report: ConnectionReport = check_connection(connection=self._stored(code), by=self.person)
        return self._shown(report.connection)

    @extend_schema(responses=answers(None, 204))
    def delete(self, request: Request, code: str) -> Response:
        """Forget the token; 409 while graders still work there."""
        disconnect(connection=self._stored(code), by=self.person)
        return Response(status=204)

    def _stored(self, code: str) -> Any:
        department = get_department_for(self.person, Act.CHANGE_SETTINGS, code)
        stored = access.find_connection(department)
        if stored is None:
            raise NotFound("This department has no Label Studio.")
        return stored

    def _shown(self, stored: Any) -> Response:
        stored.is_connected = bool(stored.token)
        return Response(ConnectionOut(stored).data)
