"""The real Label Studio of a test: emptied before each one, with people who sign in and grade as people do."""

import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx

from annotations.management.label_studio_server import ADMIN, PASSWORD, TOKEN, RunningServer, template_path
from annotations.management.label_studio_server import DATABASE as DATABASE_NAME

# Seconds a request may take on a busy machine.
PATIENCE = 120.0
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class EmptyDatabase:
    """The database as the template has it, in memory, to be written over the server's own while it runs."""

    def __init__(self) -> None:
        self._clean = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(
            sqlite3.connect(f"file:{template_path() / DATABASE_NAME}?mode=ro", uri=True)
        ) as template:
            template.backup(self._clean)

    def write_over(self, database: Path) -> None:
        """Empty a running server: every row goes, and ids begin at 1 again."""
        with closing(sqlite3.connect(database, timeout=60)) as live:
            self._clean.backup(live)


class Person:
    """Somebody with an account: their browser session, and their two kinds of token."""

    def __init__(self, url: str, email: str, password: str = PASSWORD) -> None:
        self.email, self.password = email, password
        self._http = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False)
        self.id = 0

    def sign_up(self, invitation: str) -> Self:
        """Make the account under an invitation, as a person fills in the form."""
        return self._enter(invitation, what_fails="not invited")

    def sign_in(self) -> Self:
        """Sign in with address and password."""
        return self._enter("/user/login/", what_fails="not let in")

    def _enter(self, page: str, *, what_fails: str) -> Self:
        form = self._http.get(page)
        token = _CSRF.search(form.text)
        assert token, f"{self.email} {what_fails}: {form.status_code} {form.text[:300]}"
        answer = self._http.post(
            page,
            data={"csrfmiddlewaretoken": token[1], "email": self.email, "password": self.password},
            headers={"Referer": str(form.url)},
        )
        assert answer.status_code == 302, (
            f"{self.email} {what_fails}: {answer.status_code} {answer.text[:300]}"
        )
        self.id = int(self.ask("GET", "/api/current-user/whoami")["id"])
        return self

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask the API as this person's browser does; return the answer's JSON (None without a body)."""
        headers = {
            "X-CSRFToken": self._http.cookies.get("csrftoken", ""),
            "Referer": f"{self._http.base_url}",
        }
        answer = self._http.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:600]}"
        return answer.json() if answer.content else None

    def legacy_token(self) -> str:
        """Return the token of the old kind, which never expires."""
        return str(self.ask("GET", "/api/current-user/token")["token"])

    def personal_token(self) -> str:
        """Make a personal access token and return it: it is shown this once."""
        return str(self.ask("POST", "/api/token/", {})["token"])

    def annotate(self, task: int, result: Iterable[Mapping[str, Any]], **more: object) -> dict[str, Any]:
        """Submit a task with this result; return the annotation."""
        body = {"result": list(result), "lead_time": 12.5, **more}
        return dict(self.ask("POST", f"/api/tasks/{task}/annotations/", body))

    def change(self, annotation: int, result: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Submit an annotation anew."""
        return dict(self.ask("PATCH", f"/api/annotations/{annotation}/", {"result": list(result)}))

    def grade(
        self, task: int, verdicts: Mapping[int, str], notes: Mapping[int, str] | None = None, **more: object
    ) -> dict[str, Any]:
        """Submit a task of rubric grading: criterion's place to met, not_met or cannot_judge."""
        return self.annotate(task, grading_result(verdicts, notes or {}), **more)

    def leave(self) -> None:
        """Close the connections."""
        self._http.close()


def grading_result(verdicts: Mapping[int, str], notes: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return what the page submits for these verdicts and notes (compare with one graded by hand)."""
    choices = [
        {
            "from_name": f"verdict_{place}",
            "to_name": f"crit_{place}",
            "type": "choices",
            "value": {"choices": [verdict]},
        }
        for place, verdict in verdicts.items()
    ]
    texts = [
        {
            "from_name": f"note_{place}",
            "to_name": f"crit_{place}",
            "type": "textarea",
            "value": {"text": [note]},
        }
        for place, note in notes.items()
    ]
    return [*choices, *texts]


@dataclass
class LabelStudioInTest:
    """An empty Label Studio. `url` is the server's own address; `token` is the administrator's, of the old kind."""

    server: RunningServer
    empty: EmptyDatabase
    token: str = TOKEN
    people: list[Person] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return the address."""
        return self.server.url

    def wipe(self) -> None:
        """Empty the server and send everybody home."""
        for person in self.people:
            person.leave()
        self.people.clear()
        self.empty.write_over(self.server.database)

    def admin(self) -> Person:
        """Sign the administrator in."""
        return self._came(Person(self.url, ADMIN).sign_in())

    def person(self, email: str) -> Person:
        """Invite somebody, who signs up and is in."""
        invitation = str(self.ask("GET", "/api/invite")["invite_url"])
        return self._came(Person(self.url, email).sign_up(invitation[invitation.index("/user/") :]))

    def _came(self, person: Person) -> Person:
        self.people.append(person)
        return person

    def ask(self, method: str, path: str, body: object = None, *, token: str = "", expect: int = 0) -> Any:
        """Ask the API with a token of the old kind (the administrator's); return the answer's JSON.

        `expect` is the status it must have; without it any success will do.
        """
        answer = httpx.request(
            method, f"{self.url}{path}", json=body, timeout=PATIENCE, trust_env=False,
            headers={"Authorization": f"Token {token or self.token}"},
        )  # fmt: skip
        fits = answer.status_code == expect if expect else answer.is_success
        assert fits, f"{method} {path}: {answer.status_code} {answer.text[:600]}"
        return answer.json() if answer.content else None

    def make_project(self, title: str, label_config: str) -> int:
        """Make a project, return its id."""
        body = {"title": title, "label_config": label_config}
        return int(self.ask("POST", "/api/projects/", body)["id"])

    def import_tasks(self, project: int, tasks: Iterable[Mapping[str, Any]]) -> list[int]:
        """Import tasks of the form {"data": …, "annotations": […]}; return their ids in order."""
        path = f"/api/projects/{project}/import?return_task_ids=true"
        return [int(each) for each in self.ask("POST", path, list(tasks))["task_ids"]]

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """Return every task of a project with its annotations, by id."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self.ask("GET", f"/api/tasks/?project={project}&fields=all&page_size=500&page={page}")
            found += answer["tasks"]
            if len(found) >= answer["total"]:
                return sorted(found, key=lambda each: int(each["id"]))
            page += 1

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read from its database: what really is there, whatever its API says."""
        with closing(sqlite3.connect(f"file:{self.server.database}?mode=ro", uri=True, timeout=60)) as found:
            return found.execute(query, values).fetchall()

    def execute(self, statement: str, *values: object) -> None:
        """Write to its database: what no API can do, such as an older version or a moved clock."""
        with closing(sqlite3.connect(self.server.database, timeout=60)) as found, found:
            found.execute(statement, values)


@contextmanager
def took_at_most(seconds: float) -> Iterator[None]:
    """Fail when the block took longer."""
    began = time.perf_counter()
    yield
    assert (took := time.perf_counter() - began) <= seconds, f"{took:.1f} s"


def moment(text: str) -> datetime:
    """Read one of the server's times."""
    return datetime.fromisoformat(text)
