"""HTTP/1.1 messages as bytes: enough of the protocol for a proxy that takes them whole and sends them on."""

import asyncio
from dataclasses import dataclass, replace

# What concerns one connection and not the message.
_OF_THE_CONNECTION = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "expect",
}
LONGEST_HEAD = 256 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer. `first` is its first line, `headers` in their order, `body` unchunked."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def method(self) -> str:
        """Return a request's method."""
        return self.first.split(" ", 2)[0]

    @property
    def path(self) -> str:
        """Return a request's path with its query."""
        return self.first.split(" ", 2)[1]

    @property
    def status(self) -> int:
        """Return an answer's status."""
        return int(self.first.split(" ", 2)[1])

    def header(self, name: str) -> str:
        """Return a header's value, empty where it isn't there."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def on_a_connection(self, *, stays: bool) -> "Message":
        """Return the message with the headers of a connection that stays open or ends after it."""
        kept = [
            (key, value)
            for key, value in self.headers
            if key.lower() not in _OF_THE_CONNECTION and key.lower() != "content-length"
        ]
        return replace(self, headers=(*kept, ("Connection", "keep-alive" if stays else "close")))

    def encode(self, *, length: int | None = None, with_body: bool = True) -> bytes:
        """Return the bytes; `length` is what it says of its body where that isn't so (or there is none to send)."""
        lines = [self.first, *(f"{key}: {value}" for key, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body) if length is None else length}")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head + self.body if with_body else head


def answer(status: int, reason: str, text: str, *headers: tuple[str, str]) -> Message:
    """Return an answer that the server didn't give."""
    return Message(
        f"HTTP/1.1 {status} {reason}",
        (("Content-Type", "text/plain; charset=utf-8"), *headers),
        text.encode(),
    )


async def read_message(reader: asyncio.StreamReader, *, is_answer_to: str = "") -> Message | None:
    """Read a request or, with `is_answer_to` its method, an answer; None when the connection ended before it."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head[:-4].split("\r\n")
    headers = tuple((key, value.strip()) for key, _colon, value in (line.partition(":") for line in lines))
    message = Message(first, headers, b"")
    return replace(message, body=await _read_body(reader, message, is_answer_to))


async def _read_body(reader: asyncio.StreamReader, message: Message, is_answer_to: str) -> bytes:
    if is_answer_to == "HEAD" or (is_answer_to and message.status in {204, 304}):
        return b""
    if message.header("transfer-encoding").lower() == "chunked":
        return await _read_chunks(reader)
    if length := message.header("content-length"):
        return await reader.readexactly(int(length))
    # An answer of unknown length ends with its connection; a request without a length has no body.
    return await reader.read() if is_answer_to else b""


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    while (await reader.readline()).strip():
        pass  # headers after the body
    return body
