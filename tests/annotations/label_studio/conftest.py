"""A Label Studio in memory, connected to the emergency department."""

from collections.abc import Callable, Iterable

import pytest

from annotations.models import GradingSession
from annotations.services.label_studio.sync import WHOLE, Means, Step, Synced, sync_session
from tests.annotations.label_studio.fake import FakeLabelStudio
from tests.annotations.label_studio.rows import make_connection, means
from tests.cast import Cast

Sync = Callable[..., Synced]


@pytest.fixture
def there(cast: Cast) -> FakeLabelStudio:
    """Return the server that the department is connected to."""
    make_connection(cast.department, "https://ls.example.org", "token", by=cast.lou)
    return FakeLabelStudio()


@pytest.fixture
def with_it(there: FakeLabelStudio) -> Means:
    """Return means that talk to it and don't wait."""
    return means(lambda _connection: there)


@pytest.fixture
def sync(cast: Cast, with_it: Means) -> Sync:
    """Return a function that synchronises a session as Lou."""

    def once(session: GradingSession, steps: Iterable[Step] = WHOLE, **given: object) -> Synced:
        return sync_session(session=session, by=cast.lou, steps=steps, means=given.get("means") or with_it)

    return once
