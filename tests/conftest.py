"""Fixtures every test may use."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import translation
from pytest_django.plugin import blocking_manager_key

from builder.common.guards import drop_guards, install_guards
from tests.cast import Cast, make_cast

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "django_db_setup"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that touch the database, so that `-m database` runs them alone on PostgreSQL."""
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI nothing may be left out but for the absent third-party data: any other skip fails by name."""
    report = yield
    reason = str(report.longrepr)
    if (
        os.environ.get("CI")
        and report.skipped
        and not hasattr(report, "wasxfail")
        and "../shared/data" not in reason
    ):
        report.outcome = "failed"
        report.longrepr = f"CI allows no skip: {reason}"
    return report


@pytest.fixture
def shared_data() -> Path:
    """The third-party data beside the checkout; a test that needs it is skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("third-party data is not beside this checkout (../shared/data)")
    return SHARED_DATA


@pytest.fixture(autouse=True, scope="session")
def job_files(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A directory for the files of jobs: a database in memory has no place beside it."""
    settings.JOB_FILES_DIR = str(tmp_path_factory.mktemp("job-files"))


@pytest.fixture(autouse=True)
def _english() -> None:
    """Begin in English: a page that an earlier test read in Korean leaves its language behind in the process."""
    translation.activate("en")


@pytest.fixture
def cast(db: None) -> Cast:
    """Everybody."""
    return make_cast()


GUARDS_AWAY = pytest.StashKey[bool]()


@pytest.fixture
def open_database(transactional_db: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """A database that other threads and the browser see; its clean-up needs the insert-only guards away."""
    yield
    drop_guards(connection)
    request.node.stash[GUARDS_AWAY] = True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Put the guards back when the clean-up is over: the next test of this process counts on them."""
    yield
    if item.stash.get(GUARDS_AWAY, False):
        with item.config.stash[blocking_manager_key].unblock():
            install_guards(connection)


@pytest.fixture
def as_user(client: Client):  # type: ignore[no-untyped-def]
    """Return a function that signs the test client in as a person."""

    def sign_in(user):  # type: ignore[no-untyped-def]
        client.force_login(user)
        return client

    return sign_in
