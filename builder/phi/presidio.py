"""The adapter to Presidio: an optional second opinion on names, from a language model that is already on the machine.

It is asked for persons alone. Its other recognisers take a Korean resident number for a date, and those for e-mail and
web addresses fetch a list of domains from the network.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from builder.phi.names_en import is_full_name
from builder.phi.spans import Engine, Span

PACKAGE = "presidio_analyzer"
_LIKELY = 0.6
# Well below what a language model reads at once; the overlap is longer than any name.
_PIECE, _OVERLAP = 50_000, 200


class EngineMissing(Exception):
    """Presidio or its language model is switched on and not installed."""


class Person(Protocol):
    """One person as Presidio reports them."""

    start: int
    end: int
    score: float


class Analyzer(Protocol):
    """The part of Presidio's engine that is used."""

    def analyze(self, *, text: str, language: str, entities: list[str]) -> Iterable[Person]:
        """Return what the engine takes for these entities."""
        ...


def presidio_engine(model: str) -> Engine:
    """Return the engine that asks Presidio with this spaCy model; raises EngineMissing. It downloads nothing."""
    return engine_of(_analyzer(model))


def engine_of(analyzer: Analyzer) -> Engine:
    """Return an engine that asks this analyzer, and keeps the answers that read like a person's full name."""

    def ask(text: str) -> Iterator[Span]:
        for begin in range(0, max(len(text) - _OVERLAP, 1), _PIECE - _OVERLAP):
            piece = text[begin : begin + _PIECE]
            for person in analyzer.analyze(text=piece, language="en", entities=["PERSON"]):
                if person.score >= _LIKELY and is_full_name(piece, person.start, person.end):
                    yield Span(begin + person.start, begin + person.end, "name", is_sure=False)

    return ask


def problem_with(model: str) -> str:
    """Return what keeps Presidio from running with this model, or an empty text. Cost: no import of it."""
    for package in (PACKAGE, model):
        if find_spec(package) is None:
            return f"The package {package} is not installed."
    return ""


@cache
def _analyzer(model: str) -> Analyzer:
    if problem := problem_with(model):
        raise EngineMissing(problem)
    presidio: Any = import_module(PACKAGE)  # seconds: only where it is switched on
    provider: Any = import_module(f"{PACKAGE}.nlp_engine").NlpEngineProvider(
        nlp_configuration={"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
    )
    found: Analyzer = presidio.AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])
    return found
