"""Run the tests on a PostgreSQL server of their own: `python tests/postgres.py [arguments of pytest]`.

Starts a throw-away server on a free port of 127.0.0.1, sets DATABASE_URL, runs pytest, and removes the server
again. Without arguments it runs the tests that touch the database, except the browser's. Exits with pytest's
code. Where no server is installed it says so and exits with 0, but with 1 under CI, which must leave nothing out.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_ARGUMENTS = ["-m", "database and not browser"]
SERVER_USER = "postgres"
# Durability is worth nothing here: the data lives for one run.
SERVER_OPTIONS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=64MB",
    "timezone=UTC",
)
HOW_TO_INSTALL = (
    "Install it (Debian, Ubuntu: make system-packages, or apt-get install postgresql) and run this again."
)


class CannotStart(Exception):
    """The server could not be started; the message says why and how to mend it."""


def find_binaries() -> Path | None:
    """Return the folder of the newest usable `initdb` and `pg_ctl`; None when there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    if pg_config := shutil.which("pg_config"):
        done = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(done.stdout.strip() or "/nonexistent"))
    if initdb := shutil.which("initdb"):
        folders.append(Path(initdb).resolve().parent)
    return next((each for each in folders if (each / "initdb").exists() and (each / "pg_ctl").exists()), None)


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def server_command(*arguments: str | Path) -> list[str]:
    """Return the command as the user a server may run as: PostgreSQL refuses to run as root."""
    command = [str(each) for each in arguments]
    if os.geteuid() != 0:
        return command
    if runuser := shutil.which("runuser"):
        return [runuser, "-u", SERVER_USER, "--", *command]
    raise CannotStart("PostgreSQL refuses to run as root, and runuser is missing. Run this as another user.")


def run_tool(*arguments: str | Path) -> None:
    """Run one of PostgreSQL's tools; its own words become the error."""
    # To a file, not a pipe: the started server inherits it, and a pipe would never end.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            server_command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd="/",
            check=False,
        )
        if done.returncode != 0:
            said.seek(0)
            raise CannotStart(f"{Path(arguments[0]).name} failed:\n{said.read().strip()}")


def make_folder() -> Path:
    """Make the server's folder; under root it belongs to the user the server runs as."""
    # Short on purpose: a Unix socket's path may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="cwpg-"))
    if os.geteuid() == 0:
        try:
            owner = pwd.getpwnam(SERVER_USER)
        except KeyError:
            folder.rmdir()
            raise CannotStart(
                f"There is no user {SERVER_USER} for the server to run as. {HOW_TO_INSTALL}"
            ) from None
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(binaries: Path) -> Iterator[str]:
    """Start a server, yield the URL of its database, and always stop and remove it."""
    folder = make_folder()
    data = folder / "data"
    try:
        run_tool(
            binaries / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        port = free_port()
        settings = (
            *SERVER_OPTIONS,
            f"port={port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={folder}",
        )
        with (data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            for name, value in (each.split("=", 1) for each in settings):
                configuration.write(f"{name} = '{value}'\n")
        run_tool(binaries / "pg_ctl", "start", "-D", data, "-w", "-t", "60", "-l", folder / "log")
        try:
            yield f"postgres://tests@127.0.0.1:{port}/postgres"
        finally:
            run_tool(binaries / "pg_ctl", "stop", "-D", data, "-m", "immediate", "-w", "-t", "60")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Run pytest with the arguments on a server of its own; return its exit code."""
    binaries = find_binaries()
    if binaries is None:
        say = "No PostgreSQL server is installed (initdb and pg_ctl were not found)."
        if os.environ.get("CI"):
            print(f"{say} {HOW_TO_INSTALL}", file=sys.stderr)
            return 1
        print(f"{say} The tests on PostgreSQL are left out. {HOW_TO_INSTALL}")
        return 0
    print(f"Running the tests on PostgreSQL ({binaries}) …", flush=True)
    try:
        with running_server(binaries) as url:
            command = [sys.executable, "-m", "pytest", *(arguments or DEFAULT_ARGUMENTS)]
            return subprocess.run(
                command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=False
            ).returncode
    except CannotStart as error:
        print(f"The PostgreSQL server for the tests could not be started. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    # A terminated run still stops and removes its server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
