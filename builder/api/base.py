"""What every endpoint shares: who calls, how a body becomes values, and answers that no cache keeps."""

from collections.abc import Mapping
from typing import Any, cast

from django.http import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from builder.api.parsers import refuse_oversized
from builder.models import User

Shape = serializers.Serializer[Any]
# What the database's integer columns hold, small, plain and large, on SQLite and PostgreSQL alike.
MAX_SMALL, MAX_INTEGER, MAX_BIG = 2**15 - 1, 2**31 - 1, 2**63 - 1


class StrictShape(serializers.Serializer[Any]):
    """What a body may hold and nothing else: a misspelled choice would silently become the default."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse fields that aren't there."""
        unknown = [name for name in data if name not in self.fields] if isinstance(data, Mapping) else []
        if unknown:
            told = _("There is no such field. Is it misspelled?")
            raise serializers.ValidationError({name: [told] for name in unknown})
        return super().to_internal_value(data)


class ErrorOut(serializers.Serializer[Any]):
    """The one shape of every error."""

    code = serializers.CharField(help_text="A word for programs, such as bad_input or not_found.")
    message = serializers.CharField(help_text="One sentence for people.")
    fields_ = serializers.DictField(help_text="What is wrong, by field; empty when it is no field's fault.")

    def get_fields(self) -> dict[str, Any]:
        """Call the last field `fields`, a name that the framework keeps for itself."""
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found


ERRORS: dict[int, Any] = dict.fromkeys((401, 403, 404, 409, 422), ErrorOut)


def answers(out: Any, status: int = 200) -> dict[int, Any]:
    """Return what an endpoint may answer, for the schema: its own shape, and the errors."""
    return {status: out, **ERRORS}


class ApiView(GenericAPIView[Any]):
    """An endpoint: read the body, ask access, call a service or a selector, answer."""

    @property
    def person(self) -> User:
        """Who calls; anonymous callers were turned away before."""
        return cast(User, self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Turn away what is too large, and who isn't signed in."""
        refuse_oversized(request)
        super().initial(request, *args, **kwargs)

    def body(self, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the body as values of this shape, and nothing else of it; otherwise the answer is 422."""
        return self._checked(shape(data=self.request.data))

    def query(self, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the query string as values of this shape; otherwise the answer is 422."""
        return self._checked(shape(data=self.request.query_params))

    def listed(self, rows: Any, out: type[serializers.Serializer[Any]]) -> Response:
        """Answer with a page of rows."""
        return self.get_paginated_response(out(self.paginate_queryset(rows), many=True).data)

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Keep what a person may see out of shared caches and of a ward computer's disk."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if not answer.has_header("Cache-Control"):
            add_never_cache_headers(answer)
        return answer

    def _checked(self, serializer: serializers.Serializer[Any]) -> dict[str, Any]:
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
