"""What a case says: conversation, rubric, evidence and tags, in HealthBench's field names. Pure values, no database.

One revision of a case holds one `CaseContent`; its canonical JSON is what is hashed, frozen and exported.
"""

import re
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from builder.common.canonical_json import canonical_json, sha256_text

MIN_POINTS, MAX_POINTS = -10, 10
MAX_CRITERIA = 1_000
AXIS_PREFIX, THEME_PREFIX = "axis:", "theme:"
# Harnesses put a prompt_id into file names.
PROMPT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")

Role = Literal["system", "user", "assistant"]


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of the conversation."""

    role: Role
    content: str


class Criterion(msgspec.Struct, frozen=True, omit_defaults=True):
    """One observable statement about a response, with signed points."""

    criterion: str
    points: int | float
    tags: list[str] = msgspec.field(default_factory=list)
    criterion_id: str = ""
    red_line: bool = False
    guideline: str = ""
    jurisdiction: str = ""
    evidence: list[str] = msgspec.field(default_factory=list)
    extra: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def axis(self) -> str:
        """The axis named by the first `axis:` tag, or an empty text."""
        return _first_tag(self.tags, AXIS_PREFIX)

    @property
    def is_suggested(self) -> bool:
        """Whether an import made the criterion and no author took it over yet."""
        return bool(self.extra.get("suggested"))

    @property
    def confirmed_extra(self) -> dict[str, Any]:
        """Its `extra` once an author has taken it over."""
        return {name: value for name, value in self.extra.items() if name != "suggested"}


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """A passage of a guideline or law that criteria can cite."""

    evidence_id: str
    quote: str
    source: str
    edition: str = ""
    date: str = ""
    url: str = ""
    jurisdiction: str = ""
    review_by: str = ""


class CaseContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything one revision of a case says. `extra` keeps unknown fields of an imported row untouched."""

    prompt: list[Turn]
    rubrics: list[Criterion]
    example_tags: list[str] = msgspec.field(default_factory=list)
    ideal_completions_data: dict[str, Any] | UnsetType | None = UNSET
    title: str = ""
    kind: str = ""
    language: str = ""
    evidence: list[Evidence] = msgspec.field(default_factory=list)
    canary: str | UnsetType = UNSET
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    extra: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def theme(self) -> str:
        """The theme named by the first `theme:` tag, or an empty text."""
        return _first_tag(self.example_tags, THEME_PREFIX)

    @property
    def reference_answer(self) -> str:
        """The ideal completion, or an empty text."""
        data = self.ideal_completions_data
        return str(data.get("ideal_completion") or "") if isinstance(data, dict) else ""

    @property
    def max_points(self) -> float:
        """The sum of the positive points: a response's score is divided by it."""
        return sum(criterion.points for criterion in self.rubrics if criterion.points > 0)

    @property
    def last_user_turn(self) -> str:
        """The text the model must answer, for lists that show a case without a title."""
        return next((turn.content for turn in reversed(self.prompt) if turn.role == "user"), "")


def _first_tag(tags: list[str], prefix: str) -> str:
    return next((tag[len(prefix) :] for tag in tags if tag.startswith(prefix)), "")


def last_answer_as_reference(content: CaseContent) -> CaseContent:
    """Return the content without its last turn, when that is an answer, which becomes the reference answer."""
    if not content.prompt or content.prompt[-1].role != "assistant":
        return content
    ideal = {"ideal_completion": content.prompt[-1].content}
    return msgspec.structs.replace(content, prompt=content.prompt[:-1], ideal_completions_data=ideal)


def content_to_json(content: CaseContent) -> str:
    """Return the canonical JSON of the content."""
    return canonical_json(msgspec.to_builtins(content))


def content_from_json(text: str) -> CaseContent:
    """Return the content that `content_to_json` wrote; raises msgspec.ValidationError for any other shape."""
    return msgspec.json.decode(text, type=CaseContent)


def content_from_data(data: Any) -> CaseContent:
    """Return the content of a parsed JSON object; raises msgspec.ValidationError that names the field."""
    return msgspec.convert(data, type=CaseContent)


def content_hash(text: str) -> str:
    """Return the SHA-256 of a content's canonical JSON."""
    return sha256_text(text)
