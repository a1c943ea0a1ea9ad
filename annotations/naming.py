"""Whether an answer's own text gives away the system that wrote it. Knows no rows."""

import re
from collections.abc import Iterable

# Names of well-known systems and their makers, as they occur when a model introduces itself.
FAMILIES = (
    "openai", "chatgpt", "gpt-3", "gpt-4", "gpt-5", "anthropic", "claude", "google ai", "deepmind", "gemini",
    "gemma", "med-palm", "meta ai", "llama", "mistral", "mixtral", "qwen", "deepseek", "grok", "cohere", "copilot",
    "hyperclova", "clova", "exaone", "upstage", "챗gpt", "클로드", "제미나이", "하이퍼클로바", "엑사원",
)  # fmt: skip
# Parts of a model's name that are ordinary words.
ORDINARY = frozenset(
    {
        "answer", "answers", "assistant", "baseline", "clinical", "doctor", "example", "final", "general", "guideline",
        "health", "hospital", "instruct", "large", "medical", "medicine", "model", "small", "system", "trial",
    }
)  # fmt: skip
SHORTEST, SHORTEST_PART = 3, 5
_PARTS = re.compile(r"[^\W\d_]+")


def names_of(run_name: str, model: str) -> tuple[str, ...]:
    """Return the words that would name a system: its run, its model, and the maker or family within them."""
    whole = {name.strip().lower() for name in (run_name, model, *re.split(r"[/:]", model))}
    parts = {part.lower() for name in (run_name, model) for part in _PARTS.findall(name)}
    usable = {part for part in parts if len(part) >= SHORTEST_PART and part not in ORDINARY}
    return tuple(sorted({name for name in whole if len(name) >= SHORTEST and name not in ORDINARY} | usable))


def names_system(text: str, names: Iterable[str]) -> bool:
    """Say whether the text holds one of the names, or a well-known one, as a word of its own. Case doesn't matter."""
    lower = text.lower()
    # Cost: most texts hold none, which plain searches tell ten times as fast as an expression.
    found = [name for name in (*FAMILIES, *names) if name in lower]
    return any(_stands_alone(name, lower) for name in found)


def _stands_alone(name: str, text: str) -> bool:
    """Whether the name occurs with no Latin letter or digit beside it; Korean particles may follow it."""
    return re.search(rf"(?<![0-9a-z]){re.escape(name)}(?![0-9a-z])", text) is not None
