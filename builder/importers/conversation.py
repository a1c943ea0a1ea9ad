"""Reads a conversation that somebody pasted: labelled lines as people copy them, or the JSON of a chat program."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, get_args

from builder.common.errors import BadInput
from builder.common.jsonl import unstorable
from builder.content import Role, Turn

MAX_CHARACTERS = 1_000_000
MAX_TURNS = 400

_SYSTEM = ("system", "developer", "instruction", "시스템", "지시")
_MODEL = (
    "assistant", "ai", "ai assistant", "chatbot", "bot", "model", "chatgpt", "gpt", "gpt-4", "gpt-4o", "gpt-5",
    "claude", "gemini", "copilot", "llm", "어시스턴트", "챗봇", "모델", "인공지능", "챗gpt",
)  # fmt: skip
_PERSON = ("user", "human", "you", "me", "prompt", "사용자", "유저", "나")
_ASKING = (
    "patient", "pt", "client", "parent", "mother", "father", "caregiver", "carer", "family", "relative", "caller",
    "환자", "보호자", "엄마", "아빠", "가족",
)  # fmt: skip
_CLINICIAN = (
    "doctor", "dr", "physician", "clinician", "gp", "nurse", "pharmacist", "therapist", "midwife", "paramedic",
    "의사", "간호사", "약사", "의료진", "선생님", "전문의",
)  # fmt: skip
_QUESTION = ("q", "question", "질문", "문")
_ANSWER = ("a", "answer", "response", "답변", "답", "대답")
_GROUPS: dict[str, str] = {
    name: group
    for group, names in {
        "system": _SYSTEM, "model": _MODEL, "person": _PERSON, "asking": _ASKING, "clinician": _CLINICIAN,
        "question": _QUESTION, "answer": _ANSWER,
    }.items()
    for name in names
}  # fmt: skip
# A name at the start of a line, with what chat programs and word processors put around it; the colon may be full
# width. Every run is bounded: a text of a million odd characters is read in one pass.
_LABEL = re.compile(
    r"^[ \t]{0,8}(?:\d{1,3}[.)][ \t]{0,4}|[#>*_\[(-]{1,6}[ \t]{0,4}){0,2}(?P<name>[^\W\d_][^\n:：*()\[\]]{0,30}?)"
    r"[ \t]{0,3}(?:\([^)\n]{0,40}\)|\[[^\]\n]{0,40}\])?[ \t]{0,3}[*_\])]{0,4}[ \t]{0,3}[:：][ \t]*[*_]*[ \t]*",
    re.MULTILINE,
)
# "You said:", "나의 말:" are how two chat programs copy themselves; "Q1:" counts.
_TAIL = re.compile(r"(?: said|의 말)?[ \t.#]*\d{0,3}[ \t.]*$")
_CHAT_GROUPS = {"system", "model", "person"}
# How the programs' own files call a speaker, and the text of a message.
_FILE_ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", "model": "assistant", "bot": "assistant", "ai": "assistant",
}  # fmt: skip
_LISTS = (
    "messages",
    "conversations",
    "conversation",
    "chat_messages",
    "prompt",
    "turns",
    "history",
    "contents",
)


@dataclass(frozen=True, slots=True)
class PastedTurn:
    """One turn, and the name its speaker had in the text; an empty name when there was none."""

    speaker: str
    content: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """A pasted conversation: its turns, the role each speaker seems to have, and how many messages hold no text."""

    turns: list[PastedTurn]
    roles: dict[str, Role]
    left_out: int = 0

    def conversation(self, chosen: Mapping[str, str] | None = None) -> list[Turn]:
        """Return the turns, with the roles somebody chose for the speakers in place of the recognised ones."""
        wanted = {name: role for name, role in (chosen or {}).items() if role in get_args(Role)}
        roles: dict[str, Any] = {**self.roles, **wanted}
        return [Turn(roles[turn.speaker], turn.content) for turn in self.turns]


def read_conversation(text: str) -> Pasted:
    """Return the turns of a pasted text. Cost: linear.

    JSON may be a list of messages, an object that holds one, the export of a chat program or one message a line. In
    other text a line that begins with a known name and a colon begins a turn; a text without such lines is one turn
    of the person asking, so that nothing pasted is lost. Raises BadInput for what no case can hold.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_CHARACTERS:
        raise BadInput(
            f"The text has {len(text):,} characters; a million is the most.", field="text", reason="long"
        )
    if not text.strip():
        raise BadInput("Paste a conversation.", field="text", reason="empty")
    pasted = _from_json(text) or _from_lines(text)
    if problem := unstorable([turn.content for turn in pasted.turns]):
        raise BadInput(f"The text holds {problem}; remove it.", field="text", reason="character")
    if len(pasted.turns) > MAX_TURNS:
        raise BadInput(
            f"The text has {len(pasted.turns):,} turns; {MAX_TURNS} is the most.",
            field="text",
            reason="turns",
        )
    return pasted


# ---- JSON ----
def _from_json(text: str) -> Pasted | None:
    messages = _messages(_parsed(text))
    if messages is None:
        return None
    turns, roles, left_out = [], dict[str, Role](), 0
    for message in messages:
        speaker = _speaker(message)
        content = _text_of(message)
        if speaker.lower() not in _FILE_ROLES or not content.strip():
            left_out += 1
            continue
        roles[speaker] = _FILE_ROLES[speaker.lower()]
        turns.append(PastedTurn(speaker, content))
    return Pasted(turns, roles, left_out) if turns else None


def _parsed(text: str) -> Any:
    stripped = text.strip()
    if stripped[:1] not in "[{":
        return None
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in stripped.split("\n") if line.strip()]
    except (ValueError, RecursionError):
        return None


def _messages(value: Any) -> list[dict[str, Any]] | None:
    """Return the messages a parsed file holds, or None when it is no conversation."""
    if isinstance(value, dict) and isinstance(value.get("mapping"), dict):
        return _branch(value)
    if isinstance(value, dict):
        value = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), None)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) and not _speaker(value[0]):
        return _messages(value[0])
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return None
    return value if any(_speaker(each) for each in value) else None


def _branch(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages of the branch that the export says was open last, from its end back to the root."""
    nodes = {key: node for key, node in value["mapping"].items() if isinstance(node, dict)}
    place = value.get("current_node")
    if place not in nodes:
        parents = {node.get("parent") for node in nodes.values()}
        place = next((key for key in reversed(nodes) if key not in parents), None)
    found: list[dict[str, Any]] = []
    while isinstance(place, str) and (node := nodes.pop(place, None)) is not None:
        if isinstance(node.get("message"), dict):
            found.append(node["message"])
        place = node.get("parent")
    return found[::-1]


def _speaker(message: dict[str, Any]) -> str:
    author = message.get("author")
    named = author.get("role") if isinstance(author, dict) else author
    for value in (
        message.get("role"),
        message.get("from"),
        message.get("sender"),
        message.get("speaker"),
        named,
    ):
        if isinstance(value, str) and value:
            return value
    return ""


def _text_of(message: dict[str, Any]) -> str:
    for key in ("content", "value", "text", "parts"):
        if text := _flat(message.get(key)):
            return text
    return ""


def _flat(value: Any) -> str:
    """Return a message's text, which some programs split into parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _flat(value.get("parts") or value.get("text"))
    if isinstance(value, list):
        return "\n".join(part for each in value if (part := _flat(each)))
    return ""


# ---- labelled lines ----
def _from_lines(text: str) -> Pasted:
    labels = list(_labels(text))
    if not labels:
        return Pasted([PastedTurn("", text.strip("\n"))], {"": "user"})
    turns = []
    if before := text[: labels[0].start()].strip():
        turns.append(PastedTurn("", before))
    ends = [*(after.start() for _label, after in pairwise(labels)), len(text)]
    for label, end in zip(labels, ends, strict=True):
        if content := text[label.end() : end].strip():
            turns.append(PastedTurn(_name(label), content))
    roles = _roles(turn.speaker for turn in turns)
    return Pasted(
        turns or [PastedTurn("", text.strip("\n"))], roles or {"": "user"}, len(labels) - _named(turns)
    )


def _labels(text: str) -> Iterator[re.Match[str]]:
    """Yield the labels that begin a turn.

    One label alone may be a heading ("Patient: 61 years"), and "A:" without "Q:" is the assessment of a SOAP note: such
    lines stay in the text.
    """
    found = [label for label in _LABEL.finditer(text) if _group(label["name"])]
    groups = Counter(_group(label["name"]) for label in found)
    if not groups["question"]:
        found = [label for label in found if _group(label["name"]) != "answer"]
    if len(found) == 1 and _group(found[0]["name"]) not in _CHAT_GROUPS:
        return
    yield from found


def _name(label: re.Match[str]) -> str:
    return label["name"].strip(" \t.")


def _group(name: str) -> str:
    plain = _TAIL.sub("", name.strip(" \t.").lower())
    if plain.startswith(("dr ", "dr.", "doctor ")):
        plain = "doctor"
    return _GROUPS.get(plain, "")


def _roles(speakers: Iterable[str]) -> dict[str, Role]:
    """Return each speaker's role. A clinician answers a patient, but asks where a model answers."""
    names = list(dict.fromkeys(speakers))
    groups = {_group(name) for name in names}
    answers: set[str] = {"model", "answer"}
    if not groups & answers:
        answers.add("clinician")
    roles: dict[str, Role] = {}
    for name in names:
        group = _group(name)
        roles[name] = "system" if group == "system" else "assistant" if group in answers else "user"
    return roles


def _named(turns: list[PastedTurn]) -> int:
    return sum(bool(turn.speaker) for turn in turns)
