"""Readers of published exam benchmarks: MedQA, MedMCQA and PubMedQA, as files and as their Hugging Face copies."""

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from builder.common.canonical_json import canonical_json, sha256_text
from builder.common.errors import BadInput
from builder.common.jsonl import Line, read_jsonl, unstorable

# PubMedQA is published as one JSON object; its thousand labelled questions take 2.6 MB.
MAX_OBJECT_BYTES = 64 * 2**20
_DECISIONS = ("yes", "no", "maybe")
_MEDMCQA_OPTIONS = ("opa", "opb", "opc", "opd")


@dataclass(frozen=True, slots=True)
class ExamQuestion:
    """One multiple-choice question: `options` by letter (PubMedQA: yes, no, maybe), `answer` the key among them."""

    line: Line
    dataset: str
    source_id: str
    question: str
    options: dict[str, str]
    answer: str
    contexts: tuple[str, ...] = ()
    explanation: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def answer_text(self) -> str:
        """What the key says."""
        return self.options[self.answer]

    @property
    def distractors(self) -> dict[str, str]:
        """The wrong options."""
        return {letter: text for letter, text in self.options.items() if letter != self.answer}


@dataclass(frozen=True, slots=True)
class _Entry(Line):
    """One member of a file that is a single JSON object, named by its key instead of a line."""

    key: str = ""

    def error(self, field: str, expected: str) -> BadInput:
        """Return the error that names the member, the field and what was expected there."""
        return BadInput(f"{self.path.name}, entry {self.key}: {field}: {expected}")


def question_hash(question: ExamQuestion) -> str:
    """Return the SHA-256 of what the benchmark publishes of a question."""
    return sha256_text(
        canonical_json(
            {
                "question": question.question,
                "contexts": list(question.contexts),
                "options": question.options,
                "answer": question.answer,
                "explanation": question.explanation,
            }
        )
    )


def read_medqa(path: Path) -> Iterator[ExamQuestion]:
    """Yield MedQA's questions (JSON Lines: question, options by letter, answer_idx, answer)."""
    for line in read_jsonl(path):
        options = _lettered(line)
        answer = _text(line, "answer_idx")
        if answer not in options:
            raise line.error("answer_idx", f"one of {', '.join(options)} was expected, not {answer:.20}.")
        stated = line.data.get("answer")
        if stated is not None and stated != options[answer]:
            raise line.error("answer", f"the text of option {answer} was expected.")
        details = {key: line.data[key] for key in ("meta_info",) if key in line.data}
        question = _text(line, "question")
        yield ExamQuestion(
            line, "medqa", _digest(question, options), question, options, answer, details=details
        )


def read_medmcqa(path: Path) -> Iterator[ExamQuestion]:
    """Yield MedMCQA's questions (JSON Lines: opa … opd, cop).

    `cop` counts from 1 in the published files and from 0 in the Hugging Face copy, so the whole file is looked at
    first. Raises BadInput where neither a 0 nor a 4 tells which it is. Cost: the file is read twice.
    """
    first = _first_number(path)
    for line in read_jsonl(path):
        options = {
            letter: _text(line, name)
            for letter, name in zip(string.ascii_uppercase, _MEDMCQA_OPTIONS, strict=False)
        }
        answer = string.ascii_uppercase[_cop(line) - first]
        details = {
            key: line.data[key]
            for key in ("subject_name", "topic_name", "choice_type")
            if line.data.get(key) is not None
        }
        explanation = line.data.get("exp")
        yield ExamQuestion(
            line, "medmcqa", _text(line, "id"), _text(line, "question"), options, answer,
            explanation=explanation if isinstance(explanation, str) else "", details=details,
        )  # fmt: skip


def read_pubmedqa(path: Path) -> Iterator[ExamQuestion]:
    """Yield PubMedQA's labelled questions: the published JSON object by PMID, or JSON Lines with a `pubid`."""
    entries = _entries(path) if _is_one_object(path) else read_jsonl(path)
    for line in entries:
        lower = {key.lower(): value for key, value in line.data.items()}
        pmid = line.key if isinstance(line, _Entry) else str(lower.get("pubid") or "")
        if not pmid:
            raise line.error("pubid", "the PMID was expected.")
        context = lower["context"] if isinstance(lower.get("context"), dict) else lower
        contexts = context.get("contexts")
        if not isinstance(contexts, list) or not all(isinstance(text, str) for text in contexts):
            raise line.error("CONTEXTS", "a list of texts was expected.")
        decision = lower.get("final_decision")
        if decision not in _DECISIONS:
            raise line.error("final_decision", f"yes, no or maybe was expected, not {decision!r:.20}.")
        details = {key: lower[key] for key in _PUBMEDQA_DETAILS if lower.get(key) is not None}
        yield ExamQuestion(
            line, "pubmedqa", pmid, _text_of(line, lower, "question"), {each: each for each in _DECISIONS},
            decision, tuple(contexts), _text_of(line, lower, "long_answer"), details,
        )  # fmt: skip


# The two annotators' own answers and what the question is filed under.
_PUBMEDQA_DETAILS = ("reasoning_required_pred", "reasoning_free_pred", "year", "meshes")

READERS: dict[str, Callable[[Path], Iterator[ExamQuestion]]] = {
    "medqa": read_medqa,
    "medmcqa": read_medmcqa,
    "pubmedqa": read_pubmedqa,
}


def recognise_exam(path: Path) -> str | None:
    """Return which exam benchmark a file is, from its first question, or None."""
    if _is_one_object(path):
        return "pubmedqa"
    first = next(read_jsonl(path), None)
    names = {key.lower() for key in first.data} if first else set()
    for dataset, expected in _FIELDS.items():
        if expected <= names:
            return dataset
    return None


_FIELDS = {
    "medqa": {"question", "options", "answer_idx"},
    "medmcqa": {"question", "cop", *_MEDMCQA_OPTIONS},
    "pubmedqa": {"pubid", "question", "final_decision"},
}


def _first_number(path: Path) -> int:
    seen = {_cop(line) for line in read_jsonl(path)}
    if 0 in seen and 4 in seen:
        raise BadInput(f"{path.name}: cop counts from 0 in some lines and from 1 in others.")
    if 0 in seen:
        return 0
    if 4 in seen or not seen:
        return 1
    raise BadInput(
        f"{path.name}: cop is never 0 and never 4, so it can't be told whether it counts from 0 or 1. "
        "Import a larger part of the file."
    )


def _cop(line: Line) -> int:
    value = line.data.get("cop")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 4:
        raise line.error("cop", f"a whole number from 0 to 4 was expected, not {value!r:.20}.")
    return value


def _lettered(line: Line) -> dict[str, str]:
    options = line.data.get("options")
    if (
        not isinstance(options, dict)
        or len(options) < 2
        or not all(isinstance(text, str) and text.strip() for text in options.values())
    ):
        raise line.error("options", "an object of at least two letters with their texts was expected.")
    if any(len(letter) > 10 for letter in options):
        raise line.error("options", "letters were expected as keys.")
    return dict(sorted(options.items()))


def _digest(question: str, options: dict[str, str]) -> str:
    """Return an id for a question whose file has none: the same question always gets the same."""
    return sha256_text(canonical_json({"question": question, "options": options}))[:16]


def _is_one_object(path: Path) -> bool:
    """Whether the file is one JSON object over several lines or of objects, rather than JSON Lines of questions."""
    try:
        with path.open("rb") as source:
            start = source.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError:
        return False  # the reader of lines says what is wrong
    if not start.startswith(b"{"):
        return False
    key_end = start.find(b":")
    return key_end > 0 and start[key_end + 1 :].lstrip().startswith(b"{") and b'"' in start[:key_end]


def _entries(path: Path) -> Iterator[Line]:
    if path.stat().st_size > MAX_OBJECT_BYTES:
        raise BadInput(f"{path.name}: a JSON object of at most {MAX_OBJECT_BYTES // 2**20} MiB was expected.")
    try:
        data = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(
            f"{path.name}: bad JSON ({error}). An object of questions by PMID was expected."
        ) from error
    for number, (key, value) in enumerate(data.items(), start=1):
        entry = _Entry(path, number, value, key)
        if problem := unstorable({key: value}):
            raise entry.error("text", f"it holds {problem}; remove it.")
        yield entry


def _text(line: Line, name: str) -> str:
    return _text_of(line, line.data, name)


def _text_of(line: Line, data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        raise line.error(name, "a text was expected.")
    return value
