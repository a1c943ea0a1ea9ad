"""Two editors and three windows on one case: whatever the order of their saves, no text is overwritten unseen."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.common.errors import Conflict, NotReady
from builder.content import content_to_json
from builder.models import Case, CaseState, User
from builder.selectors.cases import editor_base, own_draft
from builder.services.cases import create_case, discard_draft, save_draft, save_revision, submit_case
from tests.api_client import Caller
from tests.cast import Cast
from tests.factories import make_content

BY_SERVICES, BY_API = 1_000, 250
# Windows 0 and 1 are Ada's, window 2 is Lou's.
WINDOWS = (0, 1, 2)
ACTS = ("open", "autosave", "autosave", "save", "save", "revise", "submit", "discard", "go on")
STEPS = st.lists(st.tuples(st.sampled_from(WINDOWS), st.sampled_from(ACTS)), min_size=4, max_size=12)


def body_of(text: str) -> dict[str, Any]:
    """Return a case that says the text."""
    data: dict[str, Any] = msgspec.to_builtins(make_content(text))
    return data


@dataclass(frozen=True)
class Refusal:
    """A 409: both texts as it tells them (the caller's is absent when nothing was sent), and the stored version."""

    yours: str
    theirs: str
    version: int


class Services:
    """The services, called as the pages call them."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def opened(self, by: User) -> tuple[str, int, int]:
        base = editor_base(Case.objects.get(pk=self.case.pk), by)
        return base.content.title, base.base_version, base.sequence

    def autosave(self, text: str, base: int, sequence: int, by: User) -> int | Refusal:
        data = body_of(text)
        return self._try(
            lambda: (
                save_draft(case=self.case, data=data, base_version=base, sequence=sequence, by=by).sequence
            )
        )

    def revise(self, text: str, base: int, by: User) -> int | Refusal:
        content = make_content(text)
        return self._try(
            lambda: save_revision(case=self.case, content=content, base_version=base, by=by).number
        )

    def discard(self, sequence: int, by: User) -> int | Refusal:
        return self._try(lambda: discard_draft(case=self.case, sequence=sequence, by=by) or 0)

    def submit(self, by: User) -> None:
        with suppress(NotReady):
            submit_case(case=self.case, by=by)

    def draft(self, by: User) -> tuple[str, int] | None:
        draft = own_draft(self.case, by)
        return (draft.content["title"], draft.sequence) if draft else None

    def _try(self, act: Callable[[], int]) -> int | Refusal:
        try:
            with transaction.atomic():
                return act()
        except Conflict as error:
            yours = error.data.get("yours") or {"title": ""}
            return Refusal(yours["title"], error.data["theirs"]["title"], error.data["version"])


class Api(Services):
    """The same acts over the REST API."""

    callers: dict[int, Caller]

    def __init__(self, case: Case, callers: dict[int, Caller]) -> None:
        super().__init__(case)
        self.callers = callers

    def opened(self, by: User) -> tuple[str, int, int]:
        draft = self._call("GET", "draft/", by)
        if draft.status_code == 200:
            told = draft.json()
            return told["content"]["title"], told["base_version"], told["sequence"]
        told = self._call("GET", "", by).json()
        return told["content"]["title"], told["version"], 0

    def autosave(self, text: str, base: int, sequence: int, by: User) -> int | Refusal:
        body = {"content": body_of(text), "base_version": base, "sequence": sequence}
        return self._answer(self._call("PUT", "draft/", by, body), "sequence")

    def revise(self, text: str, base: int, by: User) -> int | Refusal:
        body = {"content": body_of(text), "base_version": base}
        return self._answer(self._call("PUT", "", by, body), "version")

    def discard(self, sequence: int, by: User) -> int | Refusal:
        return self._answer(self._call("DELETE", f"draft/?sequence={sequence}", by), "")

    def submit(self, by: User) -> None:
        assert self._call("POST", "submit/", by).status_code in (200, 409)

    def draft(self, by: User) -> tuple[str, int] | None:
        answer = self._call("GET", "draft/", by)
        return (
            (answer.json()["content"]["title"], answer.json()["sequence"])
            if answer.status_code == 200
            else None
        )

    def _call(self, method: str, address: str, by: User, body: Any = None) -> Any:
        with transaction.atomic():
            return self.callers[by.pk].send(method, f"cases/{self.case.pk}/{address}", body)

    def _answer(self, response: Any, name: str) -> int | Refusal:
        if response.status_code == 204:
            return 0
        told = response.json()
        if response.status_code == 409:
            return Refusal(
                told.get("yours", {"title": ""})["title"], told["theirs"]["title"], told["version"]
            )
        assert response.status_code == 200, told
        return int(told[name])


@dataclass
class Window:
    """What one window shows: the text it began from, and every text its person was shown in it or typed in it."""

    by: User
    base: int = 0
    sequence: int = 0
    seen: set[str] = field(default_factory=set)
    refused: Refusal | None = None


@dataclass
class Stage:
    """A case, its windows, and what the database holds of it."""

    case: Case
    acts: Services
    windows: list[Window]
    typed: int = 0

    def stored(self) -> dict[str, str]:
        """Return every text that is the newest of its place: the head revision, and each person's draft."""
        case = Case.objects.select_related("head").get(pk=self.case.pk)
        texts = {f"draft of {draft.editor_id}": draft.content["title"] for draft in case.drafts.all()}
        return texts | ({"head": case.head.content.title} if case.head else {})

    def step(self, window: Window, act: str) -> None:
        """Do one act; whatever text it takes away must be one its person was shown or typed in this window."""
        before = self.stored()
        acts: dict[str, Callable[[Window], object]] = {
            "open": self.open, "autosave": self.autosave, "save": self.save, "revise": self.revise,
            "submit": lambda each: self.acts.submit(each.by), "discard": self.discard, "go on": self.go_on,
        }  # fmt: skip
        acts[act](window)
        after = self.stored()
        lost = {text for place, text in before.items() if after.get(place) != text} - set(after.values())
        assert lost <= window.seen, f"{act} took away {lost}, which {window.by} never saw there"

    def open(self, window: Window) -> None:
        text, window.base, window.sequence = self.acts.opened(window.by)
        window.seen, window.refused = {text}, None
        if text != self.case_title():
            # The page of a draft that is older than the head shows both.
            window.seen.add(self.case_title())

    def case_title(self) -> str:
        case = Case.objects.select_related("head").get(pk=self.case.pk)
        return case.head.content.title if case.head else ""

    def write(self, window: Window) -> str:
        self.typed += 1
        text = f"Text {self.typed} of {window.by}"
        window.seen.add(text)
        return text

    def autosave(self, window: Window, text: str = "") -> bool:
        before, text = self.stored(), text or self.write(window)
        answer = self.acts.autosave(text, window.base, window.sequence, window.by)
        if isinstance(answer, Refusal):
            return self.refuse(window, answer, text, before)
        window.sequence, window.refused = answer, None
        assert self.acts.draft(window.by) == (text, answer)
        return True

    def save(self, window: Window) -> None:
        """Save as the editor's button does: the draft first, whose number tells of other windows."""
        text = self.write(window)
        if self.autosave(window, text):
            self.revise(window, text)

    def revise(self, window: Window, text: str = "") -> None:
        before, text = self.stored(), text or self.write(window)
        answer = self.acts.revise(text, window.base, window.by)
        if isinstance(answer, Refusal):
            self.refuse(window, answer, text, before)
            return
        window.base, window.refused = answer, None
        assert self.stored()["head"] == text

    def discard(self, window: Window) -> None:
        before = self.stored()
        answer = self.acts.discard(window.sequence, window.by)
        if isinstance(answer, Refusal):
            self.refuse(window, answer, "", before)

    def refuse(self, window: Window, told: Refusal, text: str, before: dict[str, str]) -> bool:
        """A refusal changes nothing, and brings both texts: what was sent, and the newest one in its way."""
        assert self.stored() == before
        assert told.yours == text
        assert told.theirs in (before.get("head"), before.get(f"draft of {window.by.pk}"))
        window.refused = told
        return False

    def go_on(self, window: Window) -> None:
        """After a refusal, read both texts and go on from them."""
        told = window.refused
        if told is None:
            return
        window.seen.add(told.theirs)
        window.base, window.refused = told.version, None
        draft = self.acts.draft(window.by)
        if draft and draft[0] == told.theirs:
            window.sequence = draft[1]


def play(stage: Stage, steps: list[tuple[int, str]]) -> None:
    """Play one interleaving from a case with one revision that all three windows have open."""
    for window in stage.windows:
        stage.open(window)
    for number, act in steps:
        stage.step(stage.windows[number], act)
    history = [revision.content.title for revision in stage.case.revisions.order_by("number")]
    assert len(set(history)) == len(history), "a revision was saved twice"
    numbers = list(stage.case.revisions.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def staged(cast: Cast, make: Callable[[Case], Services]) -> Stage:
    """Set a new case of Ada's with one revision on the stage."""
    content = make_content("First")
    case = create_case(department=cast.department, content=content, by=cast.ada)
    save_revision(case=case, content=content, base_version=0, by=cast.ada)
    case.refresh_from_db()
    assert case.state == CaseState.DRAFT and content_to_json(case.head.content)
    return Stage(case, make(case), [Window(cast.ada), Window(cast.ada), Window(cast.lou)])


def rolled_back(play_one: Callable[[], None]) -> None:
    """Play in a savepoint that is undone, so that a thousand cases don't pile up in the department."""
    with transaction.atomic():
        play_one()
        transaction.set_rollback(True)


def many(number: int) -> settings:
    """Return the settings of a test that plays so many interleavings, the same ones every time."""
    return settings(
        max_examples=number, deadline=None, database=None, derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip


@many(BY_SERVICES)
@given(steps=STEPS)
def test_services_overwrite_no_text_unseen(cast: Cast, steps: list[tuple[int, str]]) -> None:
    rolled_back(lambda: play(staged(cast, Services), steps))


@many(BY_API)
@given(steps=STEPS)
def test_the_api_overwrites_no_text_unseen(
    cast: Cast, callers: dict[int, Caller], steps: list[tuple[int, str]]
) -> None:
    rolled_back(lambda: play(staged(cast, lambda case: Api(case, callers)), steps))


@pytest.fixture
def callers(cast: Cast) -> dict[int, Caller]:
    """The programs of both editors."""
    return {user.pk: Caller(user) for user in (cast.ada, cast.lou)}
