"""A scripted OpenAI-compatible endpoint on 127.0.0.1, usable as the model under test and as its grader.

The model `judge` grades, every other one answers. Faults come where the script asks for them, and only there.
"""

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from exports.records import CaseRecord
from tests.conformance.harnesses.script import met

JUDGE = "judge"
# What every answer ends with: it has to survive the templates of the harnesses and the grader's prompt.
TAIL = "says \"yes\" \\ 'no'\n{{ 7 * 7 }} {% endraw %} {# c #} 답변 🫀 ¿sí?"
SILENCE = 30.0  # longer than any time-out of a test

# (criterion or conversation's hash, number of the call for it from 1) -> a fault's name, or an empty text
Script = Callable[[str, int], str]


class Loopback:
    """The state that the requests share."""

    def __init__(self, records: Iterable[CaseRecord], faults: Script) -> None:
        self.criteria = sorted(
            {each.criterion for record in records for each in record.content.rubrics}, key=len
        )
        self.faults = faults
        self.lock = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.answers: list[str] = []
        self.conversations: list[list[dict[str, str]]] = []
        self.base_url = ""
        self.closing = threading.Event()

    def fault(self, key: str) -> str:
        with self.lock:
            self.calls[key] += 1
            return self.faults(key, self.calls[key])

    def answer(self, messages: list[dict[str, str]]) -> str:
        """Answer the same conversation differently each time, so that samples can't be confused."""
        asked = hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()[:12]
        with self.lock:
            self.calls[f"answered {asked}"] += 1
            text = f"Answer {self.calls[f'answered {asked}']} to {asked} {TAIL}"
            self.answers.append(text)
            self.conversations.append(messages)
        return text

    def criterion_in(self, prompt: str) -> str:
        """Return the criterion a grader is asked about: the one whose line comes last, the longest of these."""
        found = [(prompt.rfind(f"] {each}"), len(each), each) for each in self.criteria]
        return max(found)[2]

    def answer_in(self, prompt: str) -> str:
        with self.lock:
            return max(self.answers, key=lambda each: (prompt.rfind(each), len(each)))

    def verdict(self, prompt: str, criterion: str) -> str:
        decided = met(self.answer_in(prompt), criterion)
        return json.dumps({"explanation": f"Scripted: {decided}. {{{{ 1 }}}} 판정", "criteria_met": decided})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Loopback

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(raw)
        messages = body["messages"]
        prompt = messages[-1]["content"]
        grading = body["model"] == JUDGE
        criterion = self.state.criterion_in(prompt) if grading else ""
        fault = self.state.fault(criterion or "answer")
        if fault == "silent":
            self.state.closing.wait(SILENCE)
            self.close_connection = True
            return
        if fault in {"too_many", "broken"}:
            self._refuse(429 if fault == "too_many" else 500)
            return
        text = self.state.verdict(prompt, criterion) if grading else self.state.answer(messages)
        if fault == "malformed":
            text = text[: len(text) // 2]
        elif fault == "not_json":
            text = "I would rather not say. {criteria_met: perhaps}"
        if body.get("stream"):
            self._stream(text, cut=fault == "stream_cut")
        else:
            self._reply(_completion(body["model"], text), cut=fault in {"cut", "stream_cut"})

    def _refuse(self, status: int) -> None:
        headers = {"Retry-After": "0"} if status == 429 else {}
        self._send(
            status, json.dumps({"error": {"message": "scripted", "type": "scripted"}}).encode(), headers
        )

    def _reply(self, body: dict[str, Any], cut: bool) -> None:
        data = json.dumps(body).encode()
        self._send(200, data[: len(data) // 2] if cut else data, {}, len(data))
        self.close_connection = cut

    def _send(self, status: int, data: bytes, headers: dict[str, str], length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, text: str, cut: bool) -> None:
        """Send the text in two events, in chunks, so that a client can tell a cut from the end."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        half = len(text) // 2
        self._event(text[:half], None)
        if cut:
            self.close_connection = True
            return
        self._event(text[half:], None)
        self._event("", "stop")
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _event(self, text: str, finish: str | None) -> None:
        delta = {"role": "assistant", "content": text}
        event = {
            "id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": "scripted",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }  # fmt: skip
        self._chunk(f"data: {json.dumps(event)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _completion(model: str, text: str) -> dict[str, Any]:
    return {
        "id": "scripted", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }  # fmt: skip


def no_faults(_key: str, _call: int) -> str:
    """Ask for no fault."""
    return ""


@contextmanager
def loopback(records: Iterable[CaseRecord], faults: Script = no_faults) -> Iterator[Loopback]:
    """Serve on a free port until the block ends."""
    state = Loopback(records, faults)
    handler = type("Handler", (_Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        state.base_url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield state
        finally:
            state.closing.set()
            server.shutdown()
            thread.join()
