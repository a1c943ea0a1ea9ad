"""Fixtures of the journeys: a browser, a server, and people who visit it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connections
from django.http.response import HttpResponseBase
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser

from builder.models import User
from tests.journeys.browser import DESK, HOW_TO_INSTALL, Visitor, find_chromium, running_chromium

Visit = Callable[..., Visitor]
Meanwhile = AbstractContextManager[Any]


class PatientServer(ThreadedWSGIServer):
    """Ends only after its last thread, which would otherwise close a connection that is no longer shared."""

    daemon_threads = False


class Server(LiveServerThread):
    """The site on a free port of this machine, in a thread that sees the test's database."""

    server_class = PatientServer

    def __init__(self) -> None:
        shared = {
            each.alias: each
            for each in connections.all()
            if each.vendor == "sqlite" and each.is_in_memory_db()
        }
        super().__init__("127.0.0.1", OneAtATime, connections_override=shared)
        self.daemon = True

    def __enter__(self) -> "Server":
        for each in self.connections_override.values():
            each.inc_thread_sharing()
        self.start()
        self.is_ready.wait()
        if self.error:
            raise self.error
        return self

    def __exit__(self, *_error: object) -> None:
        self.terminate()
        for each in self.connections_override.values():
            each.dec_thread_sharing()

    @property
    def url(self) -> str:
        """The address of the site."""
        return f"http://{self.host}:{self.port}"


class OneAtATime(StaticFilesHandler):
    """Answers requests in turn: a database in memory has one connection, which threads would share."""

    turn = threading.RLock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> HttpResponseBase:
        with self.turn:
            return super().__call__(environ, start_response)


@pytest.fixture(scope="package")
def chromium() -> str:
    """The path of Debian's Chromium; the tests are skipped where it is absent, which fails them under CI."""
    program = find_chromium()
    if program is None:
        pytest.skip(HOW_TO_INSTALL)
    return program


@pytest.fixture(scope="package")
def server(chromium: str, django_db_setup: None) -> Iterator[Server]:
    """The site."""
    with Server() as running:
        yield running


@pytest.fixture(scope="package")
def browser(chromium: str, server: Server) -> Iterator[Browser]:
    """The browser; it ends before the server, which waits for the connections it holds open."""
    # Playwright keeps an event loop in this thread, which Django takes for a reason to refuse the database.
    with pytest.MonkeyPatch.context() as patch, running_chromium(chromium) as running:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield running


@pytest.fixture
def meanwhile(server: Server) -> Meanwhile:
    """Hold this while the test itself uses the database, so that no request is under way."""
    return OneAtATime.turn


@pytest.fixture
def visit(browser: Browser, server: Server, open_database: None) -> Iterator[Visit]:
    """Return a function that lets a person in; afterwards no page may have complained about anything."""
    visitors: list[Visitor] = []

    def arrive(who: User | None = None, *, language: str = "en-GB", size: tuple[int, int] = DESK) -> Visitor:
        visitor = Visitor.arrive(browser, server.url, language=language, size=size)
        visitors.append(visitor)
        if who is not None:
            visitor.sign_in(who.email)
        return visitor

    yield arrive
    for visitor in visitors:
        visitor.leave()
    with OneAtATime.turn:
        problems = [problem for visitor in visitors for problem in visitor.journal.problems]
    assert not problems, "\n".join(problems)
