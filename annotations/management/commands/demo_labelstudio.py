"""`demo_labelstudio`: the demonstration beside a real Label Studio, with a session that is graded there."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from annotations.management.label_studio_server import (
    ADMIN,
    ENVIRONMENT,
    HOST,
    PASSWORD,
    TOKEN,
    CannotStart,
    make_template,
    running_server,
    sign_up,
)
from annotations.models import (
    Desk,
    GradingSession,
    LabelStudioConnection,
    LabelStudioProject,
    ProjectState,
    SessionState,
)
from annotations.services.demonstration import HOSPITAL, RELEASE, SYSTEMS, DemoPeople, load_demonstration
from annotations.services.label_studio.connections import save_connection
from annotations.services.label_studio.requests import send_again
from annotations.services.label_studio.sync import sync_session
from annotations.services.sessions import GraderPlan, open_session
from builder.common.commands import ServiceCommand
from builder.management.commands.serve import find_free_port, stop_worker
from builder.models import Department
from exports.models import Release, Run

FIRST_PORT = 8080
SECONDS_TO_SERVE = 30


class Command(ServiceCommand):
    """Serve the demonstration and a Label Studio on 127.0.0.1 until Ctrl-C; running it again goes on where it was."""

    help = (
        "Serve the demonstration beside a real Label Studio, which `make labelstudio` installs, until Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the ports to start looking from."""
        parser.add_argument("--port", type=int, default=8000, help="the demonstration's port (default 8000)")
        parser.add_argument(
            "--label-studio-port",
            type=int,
            help=f"Label Studio's port (default: the same as before, or {FIRST_PORT})",
        )
        parser.add_argument(
            "--data",
            type=Path,
            default=ENVIRONMENT / "demo",
            help="where Label Studio keeps its data (default: %(default)s)",
        )
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="only prepare the empty Label Studio; `make labelstudio` does",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Start both, push a session, print the addresses and sign-ins, and wait."""
        if not settings.DEMONSTRATION_ALLOWED:
            raise CommandError(
                "The demonstration makes accounts with a published password, so production settings refuse it."
            )
        try:
            if options["prepare"]:
                self.say(f"Label Studio is ready: {make_template().name}.")
                return
            self._show(options["port"], options["label_studio_port"], options["data"])
        except CannotStart as error:
            raise CommandError(str(error), returncode=1) from error
        except KeyboardInterrupt:
            self.say("\nBoth servers are stopped. Run this again to go on.")

    def _show(self, port: int, label_studio_port: int | None, data: Path) -> None:
        allow_loopback()
        people = load_demonstration(lambda _step: None)
        if not data.is_dir():
            shutil.copytree(make_template(), data)
        self.say("Starting Label Studio …")
        with (
            running_server(data, port=label_studio_port or same_port()) as there,
            site(find_free_port(port)) as url,
        ):
            for grader in people.graders[:2]:
                sign_up(there.url, grader.email)
            session = self._push(there.url, url, people)
            self._print(there.url, url, session, people)
            while True:
                time.sleep(1)

    def _push(self, there: str, url: str, people: DemoPeople) -> GradingSession:
        """Connect the hospital, open the session if there is none, and bring both sides to the same."""
        hospital = Department.objects.get(code=HOSPITAL[0])
        found = save_connection(
            department=hospital, url=there, token=TOKEN, webhook_base_url=url, by=people.admin
        )
        if found.hook_problem:
            self.say(found.hook_problem)
        session = session_there(people)
        synced = sync_session(session=session, by=people.lead)
        # Who installs Label Studio anew empties it: what had no grade yet is sent again.
        for lost in LabelStudioProject.objects.filter(
            session_rater__session=session, state=ProjectState.LOST
        ):
            send_again(project=lost, by=people.lead)
            synced = sync_session(session=session, by=people.lead)
        self.say(f"Session {session.pk}: {synced.sent} tasks sent, grades of {synced.graded} answers came.")
        return session

    def _print(self, there: str, url: str, session: GradingSession, people: DemoPeople) -> None:
        self.say(
            f"\nClinwright    {url}/sessions/{session.pk}/label-studio/   sign in as {people.lead.email}"
        )
        self.say(f"Label Studio  {there}/   sign in as one of these:")
        for project in LabelStudioProject.objects.filter(session_rater__session=session).select_related(
            "session_rater__rater__user"
        ):
            self.say(
                f"  {getattr(project.person, 'email', ''):<22} project {project.remote_id}: {project.title}"
            )
        self.say(f"  {ADMIN:<22} the administrator")
        self.say(f"The password is {PASSWORD} everywhere. Grades come to Clinwright as they are submitted.")
        self.say("Ready (Ctrl-C stops both).")
        self.stdout.flush()


def allow_loopback() -> None:
    """Let this process, and those it starts, reach a Label Studio on this machine."""
    os.environ["LABEL_STUDIO_ALLOWED_HOSTS"] = HOST
    os.environ["LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES"] = "True"
    settings.LABEL_STUDIO_ALLOWED_HOSTS, settings.LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES = [HOST], True


def same_port() -> int:
    """Return the port that the stored connection names, since its projects belong to that address; else a free one."""
    stored = LabelStudioConnection.objects.filter(department__code=HOSPITAL[0]).first()
    if stored is None:
        return find_free_port(FIRST_PORT)
    port = urlsplit(stored.url).port or FIRST_PORT
    if find_free_port(port) != port:
        raise CannotStart(
            f"Port {port}, which this demonstration's Label Studio had before, is taken. Free it first."
        )
    return port


def session_there(people: DemoPeople) -> GradingSession:
    """Return the open session that two graders grade in Label Studio, opened now if there is none."""
    release = Release.objects.get(name=RELEASE[0], version=RELEASE[1])
    found = GradingSession.objects.filter(
        release=release, state=SessionState.OPEN, session_raters__desk=Desk.LABEL_STUDIO
    ).first()
    return found or open_session(
        release=release,
        runs=list(Run.objects.filter(release=release, name__in=SYSTEMS)),
        graders=[GraderPlan(each, Desk.LABEL_STUDIO) for each in people.graders[:2]],
        by=people.lead,
    )


@contextmanager
def site(port: int) -> Iterator[str]:
    """Serve the product in a process of its own; yield its address."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        deadline = time.monotonic() + SECONDS_TO_SERVE
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise CannotStart("The demonstration does not start; the lines above say why.")
            time.sleep(0.2)
        yield f"http://{HOST}:{port}"
    finally:
        stop_worker(process)


def listens(port: int) -> bool:
    """Whether anybody listens on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
