"""A proxy before a server that does, at requests a test names, what networks and servers do to people.

It takes each request whole, sends it on, takes the answer whole and sends that back, unless a fault was asked for:

    with running_proxy(server.url) as proxy:
        proxy.inject(Fault.RESET_AFTER, method="POST", path="/import", nth=2)

Only requests that match are counted, each rule for itself, so the same run meets the same faults. A request that was
sent on is finished even if its client is gone, as a real server would; `drain` waits for such.
"""

import asyncio
import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from tests.conformance.labelstudio.http_wire import LONGEST_HEAD, Message, answer, read_message

HOST = "127.0.0.1"
DRIPS = 40  # pieces of a slowly dripping answer


class Fault(StrEnum):
    """What may happen to a request. Committed: the server got it and did what it says."""

    LATENCY = "latency"  # sent on only after a while, even if the client has gone: it is committed late
    LATE_ANSWER = "late answer"  # committed at once, answered after a while
    RESET_BEFORE = "reset before the server got it"
    RESET_AFTER = "reset after the server committed"
    HALF_CLOSE = "half-close"  # committed; our side says it will send nothing more, and goes on listening
    SLOW_DRIP = "slow drip"  # committed; the answer comes whole, in small pieces
    TRUNCATED = "truncated body"  # committed; half of the answer
    TOO_MANY = "429"  # not committed; with Retry-After
    BROKEN = "500"  # not committed
    BAD_GATEWAY = "502"  # not committed
    GATEWAY_TIMEOUT = "504"  # committed: the proxy before the server lost its patience
    DUPLICATED_ANSWER = "duplicated response"  # committed once, answered twice on the same connection
    DUPLICATED_REQUEST = "duplicated request"  # committed twice: a proxy that tries again by itself
    REFUSED = "connection refused"  # nobody listens for a while
    BLACK_HOLE = "black hole"  # taken, never answered, not committed


INVENTED = {
    Fault.TOO_MANY: (429, "Too Many Requests", ("Retry-After", "1")),
    Fault.BROKEN: (500, "Internal Server Error", ("X-Fault", "1")),
    Fault.BAD_GATEWAY: (502, "Bad Gateway", ("X-Fault", "1")),
    Fault.GATEWAY_TIMEOUT: (504, "Gateway Timeout", ("X-Fault", "1")),
}
COMMITTED = frozenset(
    {
        Fault.LATENCY, Fault.LATE_ANSWER, Fault.RESET_AFTER, Fault.HALF_CLOSE, Fault.SLOW_DRIP, Fault.TRUNCATED,
        Fault.GATEWAY_TIMEOUT, Fault.DUPLICATED_ANSWER, Fault.DUPLICATED_REQUEST,
    }
)  # fmt: skip


@dataclass
class Rule:
    """A fault for the nth to the (nth + times − 1)th request of this method and path (a regular expression).

    `seconds` is how long it lasts where that matters; `commits` overrules whether the server gets the request first.
    """

    fault: Fault
    method: str = ""
    path: str = ""
    nth: int = 1
    times: int = 1
    seconds: float = 0.3
    commits: bool | None = None
    matched: int = 0
    fired: int = 0

    def fires(self, request: Message) -> bool:
        """Count a request; return whether the fault happens to it."""
        if (self.method and request.method != self.method) or not re.search(self.path, request.path):
            return False
        self.matched += 1
        if not self.nth <= self.matched < self.nth + self.times:
            return False
        self.fired += 1
        return True

    @property
    def reaches_the_server(self) -> bool:
        """Return whether the server gets the request."""
        return self.fault in COMMITTED if self.commits is None else self.commits


@dataclass
class Seen:
    """One request that came. `status` is the server's own answer, 0 while or where there is none."""

    number: int
    method: str
    path: str
    fault: Fault | None = None
    status: int = 0
    sent_bytes: int = 0
    answered_bytes: int = 0


# Called in the proxy's thread with "arrived" before a request is sent on and "committed" when the server answered.
Watcher = Callable[[str, Seen], None]


@dataclass
class FaultProxy:
    """The running proxy. Its methods may be called from any thread."""

    upstream: tuple[str, int]
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    watchers: list[Watcher] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _under_way: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: list[BaseException] = field(default_factory=list)
    # Without a reference the work for a client that has gone is collected as garbage before it is done.
    _at_work: "set[asyncio.Task[None] | None]" = field(default_factory=set)

    @property
    def url(self) -> str:
        """Return the address that clients use instead of the server's."""
        return f"http://{HOST}:{self.port}"

    def inject(
        self, fault: Fault, *, method: str = "", path: str = "", nth: int = 1, times: int = 1,
        seconds: float = 0.3, commits: bool | None = None,
    ) -> Rule:  # fmt: skip
        """Ask for a fault; see Rule. Of several that fit a request the one asked for first happens."""
        rule = Rule(fault, method, path, nth, times, seconds, commits)
        with self._lock:
            self.rules.append(rule)
        return rule

    def heal(self) -> None:
        """Take every fault back."""
        with self._lock:
            self.rules.clear()

    def count(self, method: str = "", path: str = "") -> int:
        """Return how many requests of this method and path (a regular expression) came."""
        with self._lock:
            return sum(method in {"", each.method} and bool(re.search(path, each.path)) for each in self.seen)

    def forget(self) -> None:
        """Begin counting anew."""
        with self._lock:
            self.seen.clear()

    def drain(self, patience: float = 60) -> None:
        """Wait until the server has nothing of ours left to do."""
        deadline = time.monotonic() + patience
        while self._under_way:
            assert time.monotonic() < deadline, f"{self._under_way} requests are still under way"
            time.sleep(0.01)

    def die(self) -> None:
        """Stop listening: connections are refused until `revive`."""
        asyncio.run_coroutine_threadsafe(self._stop_listening(), self._loop).result(10)

    def revive(self) -> None:
        """Listen again, on the same port."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, HOST, self.port, limit=LONGEST_HEAD, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        self._at_work.add(own)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                while request := await read_message(reader):
                    if not await self._handle(request, reader, writer):
                        break
            except (AssertionError, ValueError, LookupError, TypeError) as failure:
                self._failures.append(failure)
            finally:
                self._at_work.discard(own)
                writer.close()

    async def _handle(
        self, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; return whether the connection goes on."""
        with self._lock:
            fires = [rule for rule in self.rules if rule.fires(request)]
            rule = fires[0] if fires else None
            seen = Seen(
                len(self.seen) + 1, request.method, request.path, rule.fault if rule else None,
                sent_bytes=len(request.body),
            )  # fmt: skip
            self.seen.append(seen)
            self._under_way += 1
        try:
            self._tell("arrived", seen)
            if rule is None:
                return await _send(writer, request, await self._ask(request, seen))
            return await self._misbehave(rule, seen, request, reader, writer)
        finally:
            with self._lock:
                self._under_way -= 1

    async def _misbehave(
        self,
        rule: Rule,
        seen: Seen,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        if rule.fault is Fault.LATENCY:
            await self._pause(rule.seconds)
        given = await self._ask(request, seen) if rule.reaches_the_server else None
        if rule.fault is Fault.DUPLICATED_REQUEST:
            given = await self._ask(request, seen)
        if rule.fault in INVENTED:
            status, reason, header = INVENTED[rule.fault]
            invented = answer(status, reason, f"The fault proxy says {status}.", header)
            return await _send(writer, request, invented)
        spoil: Callable[[], Awaitable[bool]] = {
            Fault.LATENCY: lambda: _send(writer, request, _there(given)),
            Fault.LATE_ANSWER: lambda: self._send_late(rule, writer, request, _there(given)),
            Fault.RESET_BEFORE: lambda: _reset(writer),
            Fault.RESET_AFTER: lambda: _reset(writer),
            Fault.HALF_CLOSE: lambda: self._half_close(rule, reader, writer),
            Fault.SLOW_DRIP: lambda: self._drip(rule, writer, request, _there(given)),
            Fault.TRUNCATED: lambda: _truncate(writer, _there(given)),
            Fault.DUPLICATED_ANSWER: lambda: _send(writer, request, _there(given), copies=2),
            Fault.DUPLICATED_REQUEST: lambda: _send(writer, request, _there(given)),
            Fault.REFUSED: lambda: self._refuse(rule, writer),
            Fault.BLACK_HOLE: lambda: self._swallow(rule, reader),
        }[rule.fault]
        return await spoil()

    async def _ask(self, request: Message, seen: Seen) -> Message:
        try:
            reader, writer = await asyncio.open_connection(*self.upstream, limit=LONGEST_HEAD)
        except OSError:
            return answer(502, "Bad Gateway", "The server behind the fault proxy does not listen.")
        try:
            writer.write(request.on_a_connection(stays=False).encode())
            await writer.drain()
            given = await read_message(reader, is_answer_to=request.method)
        finally:
            writer.close()
        if given is None:
            return answer(502, "Bad Gateway", "The server behind the fault proxy gave no answer.")
        seen.status, seen.answered_bytes = given.status, len(given.body)
        self._tell("committed", seen)
        return given

    def _tell(self, what: str, seen: Seen) -> None:
        for watcher in tuple(self.watchers):
            watcher(what, seen)

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than the proxy lives."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    async def _send_late(
        self, rule: Rule, writer: asyncio.StreamWriter, request: Message, given: Message
    ) -> bool:
        await self._pause(rule.seconds)
        return await _send(writer, request, given)

    async def _half_close(
        self, rule: Rule, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write_eof()
        return await self._swallow(rule, reader)

    async def _drip(self, rule: Rule, writer: asyncio.StreamWriter, request: Message, given: Message) -> bool:
        whole = given.on_a_connection(stays=True).encode()
        size = max(1, -(-len(whole) // DRIPS))
        for start in range(0, len(whole), size):
            writer.write(whole[start : start + size])
            await writer.drain()
            await self._pause(rule.seconds / DRIPS)
        return True

    async def _refuse(self, rule: Rule, writer: asyncio.StreamWriter) -> bool:
        await self._stop_listening()
        await _reset(writer)
        await self._pause(rule.seconds)
        await self._listen()
        return False

    async def _swallow(self, rule: Rule, reader: asyncio.StreamReader) -> bool:
        """Say nothing until the client goes or the time is over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(), rule.seconds)
        return False

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        ready.set()
        self._loop.run_until_complete(self._closing.wait())
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        await self._stop_listening()
        others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        _done, late = await asyncio.wait(others, timeout=1) if others else (set(), set())
        for each in late:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _there(given: Message | None) -> Message:
    if given is None:
        raise ValueError("this fault needs the server's answer: don't inject it with commits=False")
    return given


async def _send(writer: asyncio.StreamWriter, request: Message, given: Message, *, copies: int = 1) -> bool:
    stays = request.header("connection").lower() != "close"
    told = given.header("content-length")
    whole = given.on_a_connection(stays=stays).encode(
        length=int(told) if request.method == "HEAD" and told else None
    )
    writer.write(whole * copies)
    await writer.drain()
    return stays


async def _truncate(writer: asyncio.StreamWriter, given: Message) -> bool:
    whole = given.on_a_connection(stays=True).encode()
    # An answer without a body is cut in its head.
    writer.write(whole[: len(whole) - max(1, len(given.body) // 2) - (0 if given.body else len(whole) // 2)])
    await writer.drain()
    return False


async def _reset(writer: asyncio.StreamWriter) -> bool:
    """End the connection as a crashed machine does: the peer's next read fails instead of ending."""
    endpoint: socket.socket = writer.get_extra_info("socket")
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


@contextmanager
def running_proxy(upstream: str) -> Iterator[FaultProxy]:
    """Run a proxy before a server of this machine until the block ends; then nothing of it is under way."""
    address = urlsplit(upstream)
    proxy = FaultProxy((address.hostname or HOST, address.port or 80))
    ready = threading.Event()
    thread = threading.Thread(target=proxy._run, args=(ready,), daemon=True, name="fault proxy")
    thread.start()
    assert ready.wait(10), "the fault proxy does not start"
    try:
        yield proxy
    finally:
        proxy._loop.call_soon_threadsafe(proxy._closing.set)
        thread.join(30)
    assert not proxy._failures, proxy._failures
