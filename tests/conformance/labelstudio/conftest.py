"""The real Label Studio that `make labelstudio` installed: one a process, emptied before each test."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from annotations.management.label_studio_server import (
    HOW_TO_INSTALL,
    RunningServer,
    is_installed,
    server_from_template,
)
from tests.conformance.labelstudio.fault_proxy import FaultProxy, running_proxy
from tests.conformance.labelstudio.server import EmptyDatabase, LabelStudioInTest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need the server, so that `-m "not labelstudio"` leaves them out."""
    for item in items:
        if "label_studio_server" in getattr(item, "fixturenames", ()):
            item.add_marker("labelstudio")


@pytest.fixture(scope="session")
def label_studio_server() -> Iterator[RunningServer]:
    """A server of this process; several processes have one each, so that none empties another's."""
    if not is_installed():
        pytest.skip(HOW_TO_INSTALL)
    with server_from_template() as server:
        yield server


@pytest.fixture(scope="session")
def empty_label_studio(label_studio_server: RunningServer) -> EmptyDatabase:
    """What the server is emptied with."""
    return EmptyDatabase()


@pytest.fixture
def label_studio(
    label_studio_server: RunningServer, empty_label_studio: EmptyDatabase, settings: Settings
) -> Iterator[LabelStudioInTest]:
    """An empty Label Studio that a department may be connected to."""
    settings.LABEL_STUDIO_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES = True
    found = LabelStudioInTest(label_studio_server, empty_label_studio)
    found.wipe()
    yield found
    found.wipe()


@pytest.fixture
def fault_proxy(label_studio: LabelStudioInTest) -> Iterator[FaultProxy]:
    """A proxy before the empty Label Studio: connect a department to its `url` and inject faults."""
    with running_proxy(label_studio.url) as proxy:
        yield proxy
        proxy.heal()
        # What is still under way would be committed into the next test's server.
        proxy.drain()
