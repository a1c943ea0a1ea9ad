"""The front door of the API, and what answers at an address that isn't there."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder.api.base import ApiView, answers
from builder.common.errors import NotFound

ROOT_NAME = "root"


class RootView(ApiView):
    """What there is."""

    @extend_schema(responses=answers(OpenApiTypes.OBJECT))
    def get(self, request: Request) -> Response:
        """List the endpoints: names and addresses, with what goes into an address in braces."""
        base = request.build_absolute_uri(reverse(f"api:{ROOT_NAME}"))
        return Response({name: base + route for name, route in endpoints()})


class NothingHereView(ApiView):
    """Every address under the API that no endpoint has: JSON for programs, and no redirect to one with a slash."""

    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Turn anonymous callers away first, so that they don't learn which addresses exist."""
        super().initial(request, *args, **kwargs)
        raise NotFound(
            _("There is no endpoint at this address. Addresses end with a slash; /api/v1/ lists them.")
        )


def endpoints() -> Iterator[tuple[str, str]]:
    """Yield every endpoint's name and its address under the root, such as `cases/{case_id}/`."""
    for pattern in _patterns(get_resolver("builder.config.api_urls")):
        route = str(pattern.pattern)
        if pattern.name and pattern.name != ROOT_NAME:
            yield pattern.name, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from _patterns(each)
        else:
            yield each
