"""A real Label Studio on this machine, for the demonstration and the tests; `make labelstudio` installs it.

It runs in an environment of its own, listens on 127.0.0.1 alone, tells nobody that it runs, and ends with the process
that started it. Its data lies in a directory copied from a template, so that it needn't migrate at every start.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from django.conf import settings

ENVIRONMENT = Path(settings.BASE_DIR) / ".labelstudio"
HOW_TO_INSTALL = "Label Studio is not installed; run make labelstudio"
HOST = "127.0.0.1"
ADMIN = "admin@example.org"
# Published, as the demonstration's own: the server can be reached from this machine alone.
PASSWORD = "clinwright-demo"  # noqa: S105
TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105
SECONDS_TO_START, SECONDS_TO_MIGRATE, SECONDS_TO_STOP = 60, 300, 10
DATABASE = "label_studio.sqlite3"

# Ends the server within a second of its parent, which may have been killed and so can't end it.
LAUNCH = """
import os, sys, threading, time
parent = int(sys.argv[1])
def watch():
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
sys.argv = ["label-studio", *sys.argv[2:]]
from label_studio.server import main
sys.exit(main())
"""
FACTS = (
    "import sys, importlib.metadata as m; print(m.version('label-studio'), '%d.%d' % sys.version_info[:2])"
)


class CannotStart(Exception):
    """The server could not be started; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers. `url` has no slash at its end."""

    url: str
    port: int
    pid: int
    data: Path

    @property
    def database(self) -> Path:
        """Return the path of its SQLite database."""
        return self.data / DATABASE


def template_path() -> Path:
    """Return where the migrated, empty data directory of the installed version lies; raises CannotStart."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "installed-requirements").is_file():
        raise CannotStart(HOW_TO_INSTALL)
    facts = subprocess.run([python, "-c", FACTS], capture_output=True, text=True, check=False)  # noqa: S603
    if facts.returncode:
        raise CannotStart(
            f"Label Studio's environment {ENVIRONMENT} is broken; delete it and run make labelstudio"
        )
    return ENVIRONMENT / "template-{}-py{}".format(*facts.stdout.split())


def is_installed() -> bool:
    """Return whether `make labelstudio` was run to its end."""
    try:
        return (template_path() / DATABASE).is_file()
    except CannotStart:
        return False


def make_template() -> Path:
    """Migrate an empty data directory once for every version; return its path."""
    template = template_path()
    if (template / DATABASE).is_file():
        return template
    with tempfile.TemporaryDirectory(dir=ENVIRONMENT, prefix="migrating-") as folder:
        fresh = Path(folder) / "data"
        fresh.mkdir()
        with running_server(fresh, patience=SECONDS_TO_MIGRATE):
            pass
        (fresh / "server.log").unlink()
        # In one step: who is interrupted leaves no half template.
        fresh.rename(template)
    return template


@contextmanager
def server_from_template(
    *, port: int | None = None, settings: dict[str, str] | None = None
) -> Iterator[RunningServer]:
    """Run a server with an empty copy of the template, in memory where the system has a place for that."""
    template = template_path()
    if not (template / DATABASE).is_file():
        raise CannotStart(HOW_TO_INSTALL)
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a directory of our own in it
    with tempfile.TemporaryDirectory(
        dir=memory if os.access(memory, os.W_OK) else None, prefix="clinwright-ls-"
    ) as folder:
        data = Path(folder) / "data"
        shutil.copytree(template, data)
        with running_server(data, port=port, settings=settings) as server:
            yield server


@contextmanager
def running_server(
    data: Path,
    *,
    port: int | None = None,
    patience: float = SECONDS_TO_START,
    settings: dict[str, str] | None = None,
) -> Iterator[RunningServer]:
    """Run a server with this data directory, and always end it; raises CannotStart with its own last words."""
    port = port or free_port()
    command = [
        str(ENVIRONMENT / "bin" / "python"), "-c", LAUNCH, str(os.getpid()), "start", "--no-browser",
        "--internal-host", HOST, "--port", str(port), "--data-dir", str(data), "--enable-legacy-api-token",
    ]  # fmt: skip
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, env=environment(data) | (settings or {}), cwd=data, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            url = f"http://{HOST}:{port}"
            _wait(process, url, data / "server.log", patience)
            yield RunningServer(url, port, process.pid, data)
        finally:
            _stop(process)


def environment(data: Path) -> dict[str, str]:
    """Return all that the server may know: nothing of ours, since it reads some of the same names as we do."""
    return {
        "PATH": os.defpath, "HOME": str(data), "LANG": "C.UTF-8",
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_USERNAME": ADMIN, "LABEL_STUDIO_PASSWORD": PASSWORD, "LABEL_STUDIO_USER_TOKEN": TOKEN,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true", "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false",
        "FEATURE_FLAGS_OFFLINE": "true", "CONVERTER_DOWNLOAD_RESOURCES": "false",
        "DEBUG": "false", "LOG_LEVEL": "WARNING",
        # Its webhooks reach us on 127.0.0.1, which it refuses otherwise.
        "SSRF_PROTECTION_ENABLED": "false",
    }  # fmt: skip


def free_port() -> int:
    """Return a port nobody listens on: Label Studio would silently take another one than it was told."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    why = (
        f"ended with {process.poll()}"
        if process.poll() is not None
        else f"did not answer in {patience:.0f} s"
    )
    said = log.read_text(encoding="utf-8", errors="replace")[-3000:]
    raise CannotStart(f"Label Studio {why}. Its last words:\n{said}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def sign_up(url: str, email: str) -> bool:
    """Make an account as an invited person does, unless there is one; return whether it was made."""
    with httpx.Client(base_url=url, timeout=SECONDS_TO_START, trust_env=False) as browser:
        as_admin = {"Authorization": f"Token {TOKEN}"}
        users = browser.get("/api/users/", headers=as_admin).raise_for_status().json()
        if email in {each["email"] for each in users}:
            return False
        invitation = urlsplit(
            browser.get("/api/invite", headers=as_admin).raise_for_status().json()["invite_url"]
        )
        page = f"{invitation.path}?{invitation.query}"
        browser.get(page).raise_for_status()
        form = {"email": email, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        done = browser.post(page, data=form, headers={"Referer": f"{url}{page}"})
    if done.status_code != 302:
        raise CannotStart(f"Label Studio lets nobody sign up: it answers {done.status_code}.")
    return True
