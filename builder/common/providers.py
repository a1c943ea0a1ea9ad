"""What a room to the right contributes to pages of a room to the left, so that no import points backwards.

The right room's AppConfig registers callables here; the left room calls them by kind.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builder.models import User


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the main navigation."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One line of a queue on My work."""

    title: str
    url: str
    detail: str = ""
    status: str = ""
    progress: float | None = None


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """One queue of My work: what waits for this person, and what to say when nothing does."""

    key: str
    title: str
    items: list[WorkItem]
    empty: str
    total: int = 0
    note: str = ""
    more_url: str = ""
    more_label: str = ""


@dataclass(slots=True)
class Registry:
    """Callables by kind. `call` runs them in order of registration and joins what they return."""

    _by_kind: dict[str, list[Callable[..., Iterable[Any]]]] = field(default_factory=dict)

    def register(self, kind: str, provider: Callable[..., Iterable[Any]]) -> None:
        """Add a provider once; registering it again changes nothing."""
        providers = self._by_kind.setdefault(kind, [])
        if provider not in providers:
            providers.append(provider)

    def call(self, kind: str, *args: Any, **kwargs: Any) -> list[Any]:
        """Return everything the providers of this kind return for the arguments."""
        return [item for provider in self._by_kind.get(kind, []) for item in provider(*args, **kwargs)]


registry = Registry()

# The kinds, and what a provider gets and gives:
NAVIGATION = "navigation"  # (user) -> NavItem …
WORK_QUEUES = "work_queues"  # (user) -> WorkQueue …
RELEASE_PANELS = "release_panels"  # (release, user) -> WorkQueue …
RUN_PANELS = "run_panels"  # (run, user) -> WorkQueue …
DEPARTMENT_LINKS = "department_links"  # (department) -> NavItem … beside the department's settings
BLINDED_RUNS = "blinded_runs"  # (user) -> primary keys of runs whose identity this person must not learn


def navigation_for(user: "User") -> list[NavItem]:
    """Return the navigation entries of the rooms to the right."""
    return registry.call(NAVIGATION, user)
