"""Endpoints about API tokens."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.api.base import ApiView, answers
from builder.api.serializers.people import OwnedTokenOut, TokenIn, TokenMade, TokenOut
from builder.selectors.people import list_tokens, tokens_of
from builder.services.people import create_api_token, revoke_api_token


class TokensView(ApiView):
    """The caller's own tokens."""

    @extend_schema(responses=answers(TokenOut(many=True)))
    def get(self, request: Request) -> Response:
        """List the caller's tokens that still work, without their keys."""
        return self.listed(tokens_of(self.person), TokenOut)

    @extend_schema(request=TokenIn, responses=answers(TokenMade, 201))
    def post(self, request: Request) -> Response:
        """Make a token; the key is in this answer only."""
        token, key = create_api_token(name=self.body(TokenIn)["name"], by=self.person)
        return Response({**TokenOut(token).data, "key": key}, status=201)


class TokenView(ApiView):
    """One token."""

    @extend_schema(responses=answers(None, 204))
    def delete(self, request: Request, token_id: int) -> Response:
        """End a token: one's own, or, for an administrator, anybody's."""
        revoke_api_token(token_id=token_id, by=self.person)
        return Response(status=204)


class EverybodysTokensView(ApiView):
    """Everybody's tokens, for administrators."""

    @extend_schema(responses=answers(OwnedTokenOut(many=True)))
    def get(self, request: Request) -> Response:
        """List the tokens that still work with their owners, without their keys."""
        access.require_admin(self.person)
        return self.listed(list_tokens(), OwnedTokenOut)
