"""Serve the product on this machine, for the demonstration and for development."""

import os
import socket
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.wsgi import get_wsgi_application

HOST = "127.0.0.1"
PORTS_TO_TRY = 50
SECONDS_TO_STOP = 10


class Command(BaseCommand):
    """Serve on 127.0.0.1 until Ctrl-C, with a worker for jobs; when the port is taken, on the next free one."""

    help = "Serve the product on this machine until Ctrl-C (see docs for a hospital's installation)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the port to start looking from."""
        parser.add_argument(
            "--port",
            type=int,
            default=8000,
            help="the port to use; when taken, the next free one (default 8000)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find a port and serve on it."""
        port = find_free_port(options["port"])
        if port != options["port"]:
            self.stdout.write(f"Port {options['port']} is taken; using {port}.")
        self.serve(port)

    def serve(self, port: int) -> None:
        """Run the server in this process until it is interrupted."""
        # Imported late: gunicorn needs a Unix, and the other commands don't need gunicorn.
        from gunicorn.app.base import BaseApplication

        workers: list[subprocess.Popen[bytes]] = []

        def be_ready(server: object) -> None:
            self.stdout.write(self.style.SUCCESS(f"Ready: http://{HOST}:{port}/") + "  (Ctrl-C stops)")
            self.stdout.flush()
            workers.append(start_worker())

        def end(server: object) -> None:
            for worker in workers:
                stop_worker(worker)

        class LocalServer(BaseApplication):
            def load_config(self) -> None:
                chosen = {"bind": f"{HOST}:{port}", "workers": 1, "threads": 8, "loglevel": "warning"}
                for name, value in {
                    **chosen,
                    "when_ready": be_ready,
                    "on_exit": end,
                    "control_socket_disable": True,
                }.items():
                    if name in self.cfg.settings:
                        self.cfg.set(name, value)

            def load(self) -> object:
                return get_wsgi_application()

        # A gunicorn configuration meant for production must not change the demonstration.
        os.environ.pop("GUNICORN_CMD_ARGS", None)
        LocalServer().run()


def start_worker() -> subprocess.Popen[bytes]:
    """Start a process that runs jobs and ends with this one, even if this one is killed."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "work", "--parent", str(os.getpid())]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 -- our own command


def stop_worker(worker: "subprocess.Popen[bytes]") -> None:
    """End the worker; one that hangs is killed, since its job is only done again later."""
    worker.terminate()
    try:
        worker.wait(timeout=SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def find_free_port(first: int) -> int:
    """Return the first free port from `first` on; raises CommandError when fifty in a row are taken."""
    for port in range(first, min(first + PORTS_TO_TRY, 65_536)):
        with socket.socket() as probe:
            # As the server does: a port whose last connections are still closing counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise CommandError(f"No free port from {first} on. Name another one: --port 9000 (make demo PORT=9000).")
