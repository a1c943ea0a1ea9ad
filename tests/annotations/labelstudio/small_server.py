"""A small HTTP server of our own for what a real Label Studio never does: it answers as it is told, and counts."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


# Bytes at once, or in parts as they come; None closes the connection without a word.
Answer = Callable[[Asked], bytes | Iterable[bytes] | None]


def answer(status: int, body: Any = None, **headers: str) -> bytes:
    """Return an HTTP answer: bytes and text go out as they are, anything else as JSON."""
    kind = "application/json"
    if isinstance(body, str):
        kind, content = "text/html", body.encode()
    else:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + content


@dataclass(slots=True)
class SmallServer:
    """Listens on loopback. `connections` counts every connection, `asked` keeps every request."""

    answers: Answer
    connections: int = 0
    asked: list[Asked] = field(default_factory=list)
    listener: socket.socket = field(default_factory=socket.socket)
    tls: ssl.SSLContext | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Answer one connection after the other until the listener is closed."""
        while True:
            try:
                connection, _peer = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(5)
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                self._serve(connection)
            except OSError:
                continue
            finally:
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            if not part:
                return
            received += part
        head, _end, body = received.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in rest)}
        while len(body) < int(headers.get("content-length", "0")):
            body += connection.recv(65536)
        method, path, _version = first.split(" ")
        asked = Asked(method, path, headers, body)
        self.asked.append(asked)
        answered = self.answers(asked)
        for part in [answered] if isinstance(answered, bytes) else answered or ():
            connection.sendall(part)


@contextmanager
def small_server(answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[SmallServer]:
    """Run a server while the block runs."""
    server = SmallServer(answers, tls=tls)
    server.listener.bind(("127.0.0.1", 0))
    server.listener.listen(64)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        # shutdown wakes the thread that waits in accept; close alone doesn't.
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join(10)
