"""One request to a Label Studio: sent once or, where that does no harm, a few times; answered in JSON or refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from secrets import SystemRandom
from typing import Any, TypeVar

import msgspec

from annotations.labelstudio import answers
from annotations.labelstudio.errors import BadAnswer, LabelStudioError
from annotations.labelstudio.refusals import error_of

Result = TypeVar("Result")
_READS = {"GET", "HEAD"}
_DICE = SystemRandom()


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much, in seconds and bytes. `total` ends an answer that only drips.

    `attempts` and the two waits are those of requests that may be repeated.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 300.0
    largest_answer: int = 64 * 1024 * 1024
    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 10.0


class Wire:
    """Sends requests through the SDK's HTTP client, whose `request` and error it is given.

    `requests` counts them, those that renew a token not counted.
    """

    def __init__(
        self,
        *,
        request: Callable[..., Any],
        close: Callable[[], None],
        api_error: type[Exception],
        secret: str,
        limits: Limits,
        sleep: Callable[[float], None],
    ) -> None:
        self._request, self._api_error, self._secret = request, api_error, secret
        self._limits, self._sleep = limits, sleep
        self.close = close
        self.requests = 0

    def repeated(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Return the JSON of an answer; only for what does no harm when done twice."""
        return self._repeat(lambda: self.json(method, path, params=params, body=body))

    def delete(self, path: str) -> None:
        """Delete, repeatedly if need be: what is gone can't go twice. Raises Missing if it wasn't there."""
        self._repeat(lambda: self._send("DELETE", path))

    def json(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Return the JSON of an answer to one request, sent once."""
        response = self._send(method, path, params=params, body=body)
        try:
            return answers.decoded(response.content)
        except BadAnswer:
            # A page instead of JSON is another site, and stays one; JSON cut short is an accident.
            is_page = "json" not in response.headers.get("content-type", "")
            raise BadAnswer(permanent=is_page, may_have_happened=method not in _READS) from None

    def form_status(self, path: str) -> int:
        """Return the status of an answer to an empty form, sent as a browser does it: with the page's own token."""
        page = self._answer("GET", path, None, None)
        token = page.cookies.get("csrftoken")
        if not token:
            return int(page.status_code)
        self.requests += 1
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-CSRFToken": token,
            "Referer": str(page.url),
        }
        return int(self._request(path, method="POST", content=b"", headers=headers).status_code)

    def _send(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        response = self._answer(method, path, params, body)
        if 200 <= response.status_code < 300:
            return response
        raise error_of(
            response.status_code,
            response.content,
            write=method not in _READS,
            retry_after=response.headers.get("retry-after", ""),
            secret=self._secret,
        )

    def _answer(self, method: str, path: str, params: Mapping[str, Any] | None, body: Any) -> Any:
        self.requests += 1
        content = None if body is None else msgspec.json.encode(body)
        headers = None if body is None else {"Content-Type": "application/json"}
        try:
            return self._request(path, method=method, params=params, content=content, headers=headers)
        except self._api_error as error:
            # Only renewing the access token raises this: the request itself wasn't sent.
            status, words = getattr(error, "status_code", None), getattr(error, "body", None)
            raise error_of(status or 401, msgspec.json.encode(str(words)), write=False) from None
        except ValueError:
            # What answered the renewal of the token isn't JSON: another site, or a proxy whose server is away.
            raise BadAnswer() from None

    def _repeat(self, ask: Callable[[], Result]) -> Result:
        """Ask until it is answered, a few times, waiting longer each time."""
        for attempt in range(1, self._limits.attempts):
            try:
                return ask()
            except LabelStudioError as error:
                if error.permanent:
                    raise
                self._sleep(self._wait(attempt, error.retry_after))
        return ask()

    def _wait(self, attempt: int, retry_after: float | None) -> float:
        # Jitter, so that many workers don't come back in the same moment.
        wait = self._limits.first_wait * 2 ** (attempt - 1) * _DICE.uniform(0.5, 1.5)
        return float(min(max(wait, retry_after or 0.0), self._limits.longest_wait))
