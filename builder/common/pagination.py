"""Page numbers, the same for the API and the pages."""

from collections.abc import Sequence
from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from rest_framework.pagination import PageNumberPagination

T = TypeVar("T", bound=Model)
ROWS_PER_PAGE = 50


def page_of(rows: "QuerySet[T] | Sequence[T]", request: HttpRequest, size: int = ROWS_PER_PAGE) -> "Page[T]":
    """Return the page that `?page=` asks for, the first or the last where there is no such one. Cost: two queries."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


class NumberedPages(PageNumberPagination):
    """`?page=2&page_size=100`, at most 200 rows a page."""

    page_size_query_param = "page_size"
    max_page_size = 200
