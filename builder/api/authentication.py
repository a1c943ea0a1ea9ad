"""Who calls the API: a token in the Authorization header, or a signed-in browser."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from builder.models import User
from builder.services.people import find_user_of_key

_SCHEME = "Token"


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Token cw_…`."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        """Return the token's owner; None when the header names another scheme."""
        parts = get_authorization_header(request).decode("latin-1").split()
        if not parts or parts[0].lower() != _SCHEME.lower():
            return None
        user = find_user_of_key(parts[1]) if len(parts) == 2 else None
        if user is None:
            raise AuthenticationFailed(
                "This API token is unknown, revoked, or its owner's account is closed."
            )
        return user, parts[1]

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that an anonymous call is answered 401."""
        return _SCHEME


class SessionOr401Authentication(SessionAuthentication):
    """A signed-in browser, with CSRF protection; an anonymous call is answered 401, never a redirect."""

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme a program would use."""
        return _SCHEME


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the token in the OpenAPI schema."""

    target_class = "builder.api.authentication.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <key>`; make a key on the page API tokens.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the browser session in the OpenAPI schema."""

    target_class = "builder.api.authentication.SessionOr401Authentication"
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
