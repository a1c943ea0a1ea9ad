"""Calling the API as a program does: with a token."""

import secrets
from typing import Any

import msgspec
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from builder.content import CaseContent
from builder.models import User
from builder.services.people import create_api_token

API = "/api/v1/"


class Caller:
    """One person's program. Every method returns the response; addresses are given under the API's root."""

    def __init__(self, user: User | None) -> None:
        self.client = APIClient(raise_request_exception=True)
        if user is not None:
            _token, key = create_api_token(name=secrets.token_hex(8), by=user)
            self.client.credentials(HTTP_AUTHORIZATION=f"Token {key}")

    def get(self, address: str, **query: Any) -> Any:
        """Call GET."""
        return self.client.get(API + address, query)

    def send(self, method: str, address: str, body: Any = None) -> Any:
        """Call any method with a JSON body."""
        return self.client.generic(
            method, API + address, msgspec.json.encode(body) if body is not None else b"",
            content_type="application/json",
        )  # fmt: skip

    def post(self, address: str, body: Any = None) -> Any:
        """Call POST."""
        return self.send("POST", address, body)

    def put(self, address: str, body: Any = None) -> Any:
        """Call PUT."""
        return self.send("PUT", address, body)

    def upload(self, address: str, content: bytes, name: str = "cases.jsonl", **fields: Any) -> Any:
        """Call POST with a file and form fields."""
        return self.client.post(
            API + address, {"file": SimpleUploadedFile(name, content), **fields}, format="multipart"
        )


def as_json(content: CaseContent) -> dict[str, Any]:
    """Return a content as a program would send it."""
    found: dict[str, Any] = msgspec.to_builtins(content)
    return found
