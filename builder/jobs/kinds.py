"""The kinds of job: rooms register theirs from their AppConfig, so that no import points backwards."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

from builder.jobs.context import JobContext

if TYPE_CHECKING:
    from builder.models import Job

MAX_ATTEMPTS = 5
Text = str | Promise


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of job: what people call it, what it does, and where they go when it has ended."""

    name: str
    label: Text
    function: Callable[[JobContext], dict[str, Any]]
    done_url: Callable[["Job"], str] | None
    done_label: Text
    start_url: Callable[["Job"], str] | None
    summary: Callable[["Job"], str] | None
    names_runs: bool
    max_attempts: int


_kinds: dict[str, JobKind] = {}


def register_job(
    kind: str, label: Text, function: Callable[[JobContext], dict[str, Any]], *,
    done_url: Callable[["Job"], str] | None = None, done_label: Text = "",
    start_url: Callable[["Job"], str] | None = None, summary: Callable[["Job"], str] | None = None,
    names_runs: bool = False, max_attempts: int = MAX_ATTEMPTS,
) -> None:  # fmt: skip
    """Tell how jobs of this kind are done; registering a kind again replaces it.

    `function` must be idempotent: it may run more than once. It returns what the job's result shall hold, a
    dictionary that JSON can carry. A DomainError it raises ends the job with that sentence; any other exception is
    tried again, `max_attempts` times in all. `label` is lazily translated. For a successful job `summary` says in
    a sentence what came out and `done_url` leads there; `start_url` leads to the page that asks for such a job.
    With `names_runs` the details of a job are kept from whoever grades in an open session.
    """
    _kinds[kind] = JobKind(
        kind, label, function, done_url, done_label, start_url, summary, names_runs, max_attempts
    )


def find_kind(name: str) -> JobKind | None:
    """Return the kind of this name; None where an older or newer version of the product made the job."""
    return _kinds.get(name)


def kind_names() -> list[str]:
    """Return the names of all kinds this process can run."""
    return list(_kinds)
