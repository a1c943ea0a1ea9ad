"""The scripted endpoint does what the script says, or the faults of the other tests would be none."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from exports.formats import grader
from tests.conformance.harnesses import script
from tests.conformance.harnesses.cases import hard_records
from tests.conformance.harnesses.loopback import JUDGE, Loopback, loopback

QUESTION = {"model": "under-test", "messages": [{"role": "user", "content": "A question?"}]}


def ask(server: Loopback, body: dict[str, object], timeout: float = 5) -> tuple[int, str, dict[str, str]]:
    """Return status, text and headers of one reply."""
    address = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=timeout)
    try:
        connection.request(
            "POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"}
        )
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), dict(reply.getheaders())
    finally:
        connection.close()


def content(text: str) -> str:
    """Return the message in a reply."""
    said: str = json.loads(text)["choices"][0]["message"]["content"]
    return said


def test_it_answers_and_judges_by_the_script() -> None:
    """Every criterion of the hard set gets the verdict of its own text, through the prompt of the bundles."""
    records = hard_records()
    with loopback(records) as server:
        for record in records:
            turns = [{"role": turn.role, "content": turn.content} for turn in record.content.prompt]
            answer = content(ask(server, {"model": "under-test", "messages": turns})[1])
            for criterion in record.content.rubrics:
                line = grader.criterion_line(criterion.points, criterion.criterion)
                prompt = grader.fill(grader.conversation_text(turns, answer), line)
                reply = content(
                    ask(server, {"model": JUDGE, "messages": [{"role": "user", "content": prompt}]})[1]
                )
                assert json.loads(reply)["criteria_met"] == script.met(answer, criterion.criterion)


@pytest.mark.parametrize(("fault", "status"), [("too_many", 429), ("broken", 500)])
def test_refusals(fault: str, status: int) -> None:
    """Too many requests say when to come again."""
    with loopback(hard_records(), lambda _key, call: fault if call == 1 else "") as server:
        code, _text, headers = ask(server, QUESTION)
        assert code == status
        assert ("Retry-After" in headers) == (status == 429)
        assert ask(server, QUESTION)[0] == 200


def test_replies_that_are_broken() -> None:
    """Half a text, no JSON, a connection that ends in the middle, and none that comes."""
    faults = iter(["malformed", "not_json", "cut", "silent", "stream_cut", ""])
    with loopback(hard_records(), lambda _key, _call: next(faults)) as server:
        half = content(ask(server, QUESTION)[1])
        assert half and server.answers[0].startswith(half) and half != server.answers[0]
        assert "rather not" in content(ask(server, QUESTION)[1])
        with pytest.raises(http.client.IncompleteRead):
            ask(server, QUESTION)
        with pytest.raises(TimeoutError):
            ask(server, QUESTION, timeout=0.2)
        with pytest.raises(http.client.IncompleteRead):
            ask(server, {**QUESTION, "stream": True})
        events = ask(server, {**QUESTION, "stream": True})[1].split("\n\n")
        assert events[-2:] == ["data: [DONE]", ""]
        parts = [
            json.loads(each.removeprefix("data: "))["choices"][0]["delta"]["content"] for each in events[:-2]
        ]
        assert "".join(parts) == server.answers[-1]
