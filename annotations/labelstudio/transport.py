"""How bytes get to a Label Studio and back: to a checked address only, once, and within bounds.

It stands below the SDK's own HTTP client, so that nothing the SDK does can go elsewhere.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import httpcore
import httpx
from django.utils.translation import gettext as _

from annotations.labelstudio.errors import AddressNotAllowed, AnswerTooLarge, BadAnswer, Unreachable
from annotations.labelstudio.wire import Limits
from builder.common.remote_addresses import AddressGuard, AddressRefused, RemoteAddress

_READS = {"GET", "HEAD", "OPTIONS"}
_NOT_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
)
_FAILED = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


class CheckedBackend(httpcore.SyncBackend):
    """Connects to the numeric address that was checked, while certificate and Host stay those of the name."""

    def __init__(self, guard: AddressGuard, address: RemoteAddress) -> None:
        self._guard, self._address = guard, address

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check and connect; the addresses are tried in order and share the time."""
        try:
            numbers = self._guard.resolve(self._address)
        except AddressRefused as refused:
            raise AddressNotAllowed(str(refused)) from None
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        ends = None if timeout is None else time.monotonic() + timeout
        problem: Exception = httpcore.ConnectTimeout()
        for number in numbers:
            left = None if ends is None else ends - time.monotonic()
            if left is not None and left <= 0:
                break
            try:
                return super().connect_tcp(number, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: a Label Studio has no socket file."""
        raise AddressNotAllowed()


class CheckedTransport(httpx.BaseTransport):
    """One connection a request, to the one address it was made for; errors come out as ours.

    Connections aren't kept: bytes that a proxy sent twice would otherwise be read as the next request's answer.
    """

    def __init__(
        self,
        guard: AddressGuard,
        address: RemoteAddress,
        limits: Limits,
    ) -> None:
        self._address, self._limits = address, limits
        self._pool = httpcore.ConnectionPool(
            # The system's certificates, where an organisation's own authority is installed.
            ssl_context=ssl.create_default_context() if address.scheme == "https" else None,
            max_keepalive_connections=0,
            network_backend=CheckedBackend(guard, address),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the answer, whose body is still to be read."""
        self._check_target(request.url)
        write = request.method not in _READS
        ends = time.monotonic() + self._limits.total
        try:
            answer = self._pool.handle_request(_core_request(request))
        except (*_NOT_SENT, *_FAILED) as error:
            raise _unreachable(error, write) from error
        headers = httpx.Headers(answer.headers)
        if headers.get("content-encoding", "identity") != "identity":
            answer.close()
            raise BadAnswer(may_have_happened=write)
        body = BoundedBody(answer, write, ends, self._limits.largest_answer)
        return httpx.Response(answer.status, headers=headers, stream=body, extensions=answer.extensions)

    def _check_target(self, url: httpx.URL) -> None:
        port = url.port or {"http": 80, "https": 443}.get(url.scheme)
        if (url.scheme, url.host, port) != (self._address.scheme, self._address.host, self._address.port):
            raise AddressNotAllowed()

    def close(self) -> None:
        """Let the connections go."""
        self._pool.close()


class BoundedBody(httpx.SyncByteStream):
    """An answer's body that ends in time and below a size."""

    def __init__(self, answer: httpcore.Response, write: bool, ends: float, largest: int) -> None:
        self._answer, self._write, self._ends, self._largest = answer, write, ends, largest

    def __iter__(self) -> Iterator[bytes]:
        """Yield the parts, whose sizes are added up."""
        size = 0
        try:
            for part in self._answer.iter_stream():
                size += len(part)
                if size > self._largest:
                    raise AnswerTooLarge(may_have_happened=self._write)
                if time.monotonic() > self._ends:
                    raise Unreachable(_too_slow(), may_have_happened=self._write)
                yield part
        except _FAILED as error:
            raise _unreachable(error, self._write) from error

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()


def make_client(guard: AddressGuard, address: RemoteAddress, limits: Limits) -> httpx.Client:
    """Return the client the SDK is to use. It follows no redirect, since the token would go along."""
    return httpx.Client(
        transport=CheckedTransport(guard, address, limits),
        timeout=httpx.Timeout(limits.read, connect=limits.connect),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"},
        follow_redirects=False,
        trust_env=False,
    )


def _core_request(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _unreachable(error: Exception, write: bool) -> Unreachable:
    """Return what to say. What was never sent can't have happened."""
    may_have_happened = write and not isinstance(error, _NOT_SENT)
    if isinstance(error, httpcore.TimeoutException):
        return Unreachable(_too_slow(), may_have_happened=may_have_happened)
    if isinstance(error, httpcore.ConnectError):
        if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
            return Unreachable(
                _(
                    "Label Studio's certificate isn't trusted here, or is another server's, so nothing was sent. Its "
                    "administrator can mend it, or install the organisation's authority on this server."
                )
            )
        return Unreachable(
            _(
                "Label Studio can't be reached: no connection to its address. Check the address, and whether the "
                "server runs. Nothing was lost here."
            )
        )
    return Unreachable(
        _("The connection to Label Studio broke off. Nothing was lost here; it is tried again."),
        may_have_happened=may_have_happened,
    )


def _too_slow() -> str:
    return _("Label Studio didn't answer in time. Nothing was lost here; it is tried again.")
