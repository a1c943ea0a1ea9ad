"""How many queries an answer costs: a list's cost must not grow with its rows."""

from collections.abc import Callable
from typing import Any, Protocol

from django.db import connection
from django.test.utils import CaptureQueriesContext


class Reader(Protocol):
    """Django's test client, or a program that calls the API."""

    def get(self, address: str) -> Any:
        """Call GET."""
        ...


def queries_of(reader: Reader, address: str) -> int:
    """Return how many queries the page or endpoint at the address costs; it must answer 200."""
    with CaptureQueriesContext(connection) as captured:
        assert reader.get(address).status_code == 200
    return len(captured)


def queries_in(act: Callable[[], Any]) -> int:
    """Return how many queries an act costs."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)
