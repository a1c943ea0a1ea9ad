"""The optional engine: its answers are filtered, its absence is told, and nothing asks for it unless it is on."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from django.test import override_settings

from builder.checks.identifiers import engines
from builder.config.checks import second_opinion_installed
from builder.phi import find_identifiers
from builder.phi.presidio import EngineMissing, engine_of, presidio_engine, problem_with


@dataclass
class Answer:
    start: int
    end: int
    score: float


class FakeAnalyzer:
    """Takes every capitalised pair it was told for a person."""

    def __init__(self, *pairs: str, score: float = 0.85) -> None:
        self.pairs, self.score = pairs, score
        self.asked: list[tuple[int, str, list[str]]] = []

    def analyze(self, *, text: str, language: str, entities: list[str]) -> Iterable[Answer]:
        self.asked.append((len(text), language, entities))
        return [
            Answer(text.index(pair), text.index(pair) + len(pair), self.score)
            for pair in self.pairs
            if pair in text
        ]


TEXT = "Yesterday Quillon Vasterby fell; Coomassie Brilliant Blue Stain and Wells Criteria were used."


def test_it_adds_names_that_the_rules_miss():
    assert find_identifiers(TEXT) == []
    fake = FakeAnalyzer("Quillon Vasterby")
    assert [TEXT[span.start : span.end] for span in find_identifiers(TEXT, [engine_of(fake)])] == [
        "Quillon Vasterby"
    ]
    assert fake.asked == [(len(TEXT), "en", ["PERSON"])]


@pytest.mark.parametrize("pair", ["Wells Criteria", "Yesterday", "Brilliant Blue"])
def test_what_reads_like_no_person_is_dropped(pair: str):
    assert find_identifiers(TEXT, [engine_of(FakeAnalyzer(pair))]) == []


def test_a_weak_guess_is_dropped():
    assert find_identifiers(TEXT, [engine_of(FakeAnalyzer("Quillon Vasterby", score=0.4))]) == []


def test_long_texts_are_read_in_pieces():
    text = "x " * 60_000 + "Quillon Vasterby fell"
    fake = FakeAnalyzer("Quillon Vasterby")
    assert [text[s.start : s.end] for s in find_identifiers(text, [engine_of(fake)])] == ["Quillon Vasterby"]
    assert len(fake.asked) == 3
    assert max(size for size, _language, _entities in fake.asked) == 50_000


def test_its_absence_is_told():
    assert "is not installed" in problem_with("no_such_model")
    with pytest.raises(EngineMissing, match="is not installed"):
        presidio_engine("no_such_model")


def test_it_is_off_by_default_and_a_missing_model_fails_the_system_check():
    assert engines() == ()
    assert second_opinion_installed() == []
    with override_settings(PHI_PRESIDIO_MODEL="no_such_model"):
        assert [message.id for message in second_opinion_installed()] == ["builder.E002"]
