"""Every fault of the proxy does what its name says, to a small server that writes down what it got."""

import contextlib
import gc
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conformance.labelstudio.fault_proxy import COMMITTED, Fault, FaultProxy, Seen, running_proxy

TEXT = "판정 " * 300


class Counter(ThreadingHTTPServer):
    """Commits each POST under its number."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.committed: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Says how many it has, in an answer that is long enough to be cut."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.committed.append(f"{self.path} {body}")
        self.do_GET()

    def do_GET(self) -> None:
        data = json.dumps({"count": len(self.server.committed), "text": TEXT}, ensure_ascii=False).encode()
        if self.path == "/dozing":
            time.sleep(0.3)
        if self.path == "/nothing":
            self.send_response(204)
            self.end_headers()
            return
        self.send_response(200)
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (data[:700], data[700:]):
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.close_connection = self.path == "/endless"

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def behind() -> Iterator[Counter]:
    """The server behind the proxy."""
    with Counter() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(behind: Counter) -> Iterator[FaultProxy]:
    """The proxy."""
    with running_proxy(f"http://127.0.0.1:{behind.server_port}") as running:
        yield running


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[httpx.Client]:
    """A client that keeps its connection and gives up after a second and a half."""
    with httpx.Client(base_url=proxy.url, timeout=1.5, trust_env=False) as found:
        yield found


def talk(url: str, request: bytes, wait: float = 1.0) -> bytes:
    """Send bytes, return all that comes until the peer says no more or nothing comes for a while."""
    address = urlsplit(url)
    said = b""
    with socket.create_connection((address.hostname, address.port), timeout=wait) as peer:
        peer.sendall(request)
        try:
            while part := peer.recv(65536):
                said += part
        except TimeoutError:
            pass
    return said


POST = b"POST /x HTTP/1.1\r\nHost: p\r\nContent-Length: 1\r\n\r\n1"


def test_without_a_fault_it_changes_nothing(proxy: FaultProxy, client: httpx.Client, behind: Counter) -> None:
    """Bodies in both directions arrive, whatever says how long they are, on one connection."""
    assert client.post("/x", content="물").json() == {"count": 1, "text": TEXT}
    assert client.post("/x", content=iter([b"a", b"b"])).json()["count"] == 2  # in chunks
    assert client.post("/x").json()["count"] == 3
    assert behind.committed == ["/x 물", "/x ab", "/x "]
    for path in ("/chunks", "/endless"):
        assert client.get(path).json()["text"] == TEXT
    assert (client.get("/nothing").status_code, client.get("/nothing").content) == (204, b"")
    assert int(client.head("/x").headers["Content-Length"]) > 900
    assert proxy.count() == 8 and proxy.count("POST") == 3 and proxy.count("GET", "chunks|endless") == 2


def test_only_the_named_requests_meet_the_fault(proxy: FaultProxy, client: httpx.Client) -> None:
    """Method, path, the first and the last of them; each rule counts for itself and the first one wins."""
    second = proxy.inject(Fault.BROKEN, method="POST", path=r"^/x", nth=2, times=2)
    other = proxy.inject(Fault.BAD_GATEWAY, path=r"\?page=3$")
    statuses = [client.post("/x").status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert client.get("/x?page=2").status_code == 200
    assert client.get("/x?page=3").status_code == 502
    assert (second.matched, second.fired, other.fired) == (4, 2, 1)
    assert [each.fault for each in proxy.seen if each.fault] == [
        Fault.BROKEN,
        Fault.BROKEN,
        Fault.BAD_GATEWAY,
    ]
    proxy.inject(Fault.BROKEN, times=99)
    proxy.heal()
    assert client.get("/x").status_code == 200
    proxy.forget()
    assert proxy.count() == 0


@pytest.mark.parametrize("fault", list(Fault))
def test_each_fault_commits_or_does_not(
    fault: Fault, proxy: FaultProxy, client: httpx.Client, behind: Counter
) -> None:
    """Exactly the faults that say so let the server have the request; afterwards all is well again."""
    rule = proxy.inject(fault, method="POST", seconds=0.2)
    with contextlib.suppress(httpx.TransportError):
        client.post("/x", content="1")
    proxy.drain()
    times = 2 if fault is Fault.DUPLICATED_REQUEST else int(fault in COMMITTED)
    assert behind.committed == ["/x 1"] * times
    assert rule.fired == 1
    with httpx.Client(base_url=proxy.url, timeout=5, trust_env=False) as another:
        assert another.post("/x", content="2").json()["count"] == times + 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.RESET_BEFORE, httpx.ReadError),
        (Fault.RESET_AFTER, httpx.ReadError),
        (Fault.HALF_CLOSE, httpx.RemoteProtocolError),
        (Fault.TRUNCATED, httpx.RemoteProtocolError),
        (Fault.REFUSED, httpx.ReadError),
        (Fault.BLACK_HOLE, httpx.ReadTimeout),
    ],
)
def test_what_the_client_sees_of_a_broken_connection(
    fault: Fault, error: type[Exception], proxy: FaultProxy, client: httpx.Client
) -> None:
    """Ends without a word, in the middle of one, or with a reset; a black hole needs the client's own patience."""
    proxy.inject(fault, seconds=3 if fault is Fault.BLACK_HOLE else 0.3)
    with pytest.raises(error):
        client.post("/x", content="1")


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Fault.TOO_MANY, 429), (Fault.BROKEN, 500), (Fault.BAD_GATEWAY, 502), (Fault.GATEWAY_TIMEOUT, 504)],
)
@pytest.mark.parametrize("commits", [True, False, None])
def test_an_invented_answer_hides_what_the_server_did(
    fault: Fault, status: int, commits: bool | None, proxy: FaultProxy, client: httpx.Client, behind: Counter
) -> None:
    """A test chooses whether the server had done it already; a real proxy says nothing of that either."""
    proxy.inject(fault, commits=commits)
    answer = client.post("/x", content="1")
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (status == 429)
    assert len(behind.committed) == int(fault in COMMITTED if commits is None else commits)


def test_a_late_request_is_committed_after_its_client_gave_up(
    proxy: FaultProxy, client: httpx.Client, behind: Counter
) -> None:
    """The worst of all: who looks right after the time-out finds nothing there yet."""
    proxy.inject(Fault.LATENCY, seconds=2.0)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/x", content="1")
    assert behind.committed == []
    proxy.drain()
    assert behind.committed == ["/x 1"]


def test_what_a_gone_client_asked_for_is_seen_through(
    proxy: FaultProxy, client: httpx.Client, behind: Counter
) -> None:
    """Nobody but the proxy knows of such a request any more: it is not collected as garbage while a server is slow."""
    proxy.inject(Fault.LATENCY, seconds=0.6)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/dozing", content="1", timeout=0.2)
    while not behind.committed:
        time.sleep(0.01)
    gc.collect()
    proxy.drain()
    assert [each.status for each in proxy.seen] == [200]


def test_a_late_answer_was_committed_at_once(
    proxy: FaultProxy, client: httpx.Client, behind: Counter
) -> None:
    """Who looks right after the time-out finds it."""
    proxy.inject(Fault.LATE_ANSWER, seconds=2.0)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/x", content="1")
    assert behind.committed == ["/x 1"]


def test_a_slow_drip_is_whole(proxy: FaultProxy, client: httpx.Client) -> None:
    """It takes longer than the client waits for a piece, but no piece does."""
    proxy.inject(Fault.SLOW_DRIP, seconds=2.0)
    began = time.monotonic()
    assert client.get("/x").json()["text"] == TEXT
    assert time.monotonic() - began > 1.8


def test_a_truncated_answer_says_that_it_is_longer(proxy: FaultProxy) -> None:
    """Half the body, under the length of the whole; an answer without a body loses half its head."""
    proxy.inject(Fault.TRUNCATED, times=2)
    head, _, body = talk(proxy.url, b"GET /x HTTP/1.1\r\nHost: p\r\n\r\n").partition(b"\r\n\r\n")
    said = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert said // 2 <= len(body) <= said // 2 + 1
    short = talk(proxy.url, b"GET /nothing HTTP/1.1\r\nHost: p\r\n\r\n")
    assert short.startswith(b"HTTP/1.1 204") and b"\r\n\r\n" not in short


def test_a_duplicated_answer_comes_twice_for_one_request(proxy: FaultProxy, behind: Counter) -> None:
    """Two answers in the same connection, and the server knows of one request."""
    proxy.inject(Fault.DUPLICATED_ANSWER)
    said = talk(proxy.url, POST)
    first, second = said[: len(said) // 2], said[len(said) // 2 :]
    assert first == second and first.count(b"HTTP/1.1 200") == 1
    assert behind.committed == ["/x 1"]


def test_a_half_close_still_listens(proxy: FaultProxy) -> None:
    """Our side ends without an answer while the client may go on writing."""
    proxy.inject(Fault.HALF_CLOSE, seconds=1.0)
    address = urlsplit(proxy.url)
    with socket.create_connection((address.hostname, address.port), timeout=2) as peer:
        peer.sendall(POST)
        assert peer.recv(100) == b""
        peer.sendall(POST)  # a closed peer would have answered with a reset by the next write
        time.sleep(0.1)
        peer.sendall(POST)


def test_a_dead_server_refuses_until_it_is_back(proxy: FaultProxy, client: httpx.Client) -> None:
    """Nobody listens, at the same address, then somebody does."""
    port = proxy.port
    proxy.die()
    with pytest.raises(httpx.ConnectError):
        client.get("/x")
    proxy.revive()
    assert (client.get("/x").status_code, proxy.port) == (200, port)

    proxy.inject(Fault.REFUSED, seconds=0.5)
    with pytest.raises(httpx.ReadError):
        client.get("/x")
    with pytest.raises(httpx.ConnectError):
        client.get("/x")
    proxy.drain()
    assert client.get("/x").status_code == 200


def test_a_watcher_hears_of_both_moments(proxy: FaultProxy, client: httpx.Client, behind: Counter) -> None:
    """So a test may end its own program before or after the server committed."""
    heard: list[tuple[str, int, int]] = []

    def watch(what: str, seen: Seen) -> None:
        heard.append((what, seen.number, len(behind.committed)))

    proxy.watchers.append(watch)
    client.post("/x", content="1")
    proxy.inject(Fault.RESET_BEFORE)
    with pytest.raises(httpx.ReadError):
        client.post("/x", content="2")
    assert heard == [("arrived", 1, 0), ("committed", 1, 1), ("arrived", 2, 1)]


def test_requests_side_by_side_do_not_wait_for_each_other(proxy: FaultProxy) -> None:
    """A fault of one is none of the other's."""
    proxy.inject(Fault.LATENCY, path="/slow", seconds=1.0)
    took: dict[str, float] = {}

    def ask(path: str) -> None:
        began = time.monotonic()
        httpx.get(f"{proxy.url}{path}", timeout=5, trust_env=False)
        took[path] = time.monotonic() - began

    threads = [threading.Thread(target=ask, args=(path,)) for path in ("/slow", "/fast")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert took["/fast"] < 0.9 < took["/slow"]


def test_a_server_that_is_not_there_is_a_bad_gateway() -> None:
    """The proxy itself never hangs."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with running_proxy(f"http://127.0.0.1:{nobody.getsockname()[1]}") as proxy:
            assert httpx.get(f"{proxy.url}/x", trust_env=False).status_code == 502
