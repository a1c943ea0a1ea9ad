"""How much of the gold set the rules find, and how often they are wrong; printed with `pytest -s`."""

import sys
from collections import Counter
from dataclasses import dataclass, field

import pytest

from builder.phi import KINDS, find_identifiers
from tests.builder.phi.gold_set import HALVES, LANGUAGES, Sentence, clean_sentences, sentences


@dataclass
class Tally:
    """Spans of the gold set by kind, those of them that were found, and what was found beside them."""

    wanted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right: int = 0
    wrong: int = 0

    def add(self, sentence: Sentence) -> None:
        """Count one sentence: a span counts as found when one of its own kind overlaps it."""
        spans = find_identifiers(sentence.text)
        for kind, start, end in sentence.spans:
            self.wanted[kind] += 1
            self.found[kind] += any(s.kind == kind and s.start < end and start < s.end for s in spans)
        for s in spans:
            is_right = any(
                s.kind == kind and s.start < end and start < s.end for kind, start, end in sentence.spans
            )
            self.right += is_right
            self.wrong += not is_right

    def recall(self, kinds: set[str]) -> float:
        """Return the share of these kinds' spans that were found."""
        return sum(self.found[kind] for kind in kinds) / sum(self.wanted[kind] for kind in kinds)

    @property
    def precision(self) -> float:
        """Return the share of what was found that is in the gold set."""
        return self.right / (self.right + self.wrong)


def tally_of(language: str, half: str) -> Tally:
    tally = Tally()
    for sentence in (*sentences(language, half), *clean_sentences(language, half)):
        tally.add(sentence)
    return tally


STRUCTURED = set(KINDS) - {"name"}


def test_the_gold_set_is_large_enough_and_clean():
    spans = [s.spans for language in LANGUAGES for half in HALVES for s in sentences(language, half)]
    clean = [s for language in LANGUAGES for half in HALVES for s in clean_sentences(language, half)]
    assert sum(map(len, spans)) >= 400
    assert len({s.text for s in clean}) >= 400
    assert {kind for each in spans for kind, _start, _end in each} == set(KINDS)


@pytest.mark.parametrize("half", HALVES)
def test_recall_and_precision(half: str):
    total = Tally()
    for language in LANGUAGES:
        tally = tally_of(language, half)
        sys.stdout.write(
            f"\n{half} {language}: structured {tally.recall(STRUCTURED):.3f}, names {tally.recall({'name'}):.3f}, "
            f"precision {tally.precision:.3f}, spans {sum(tally.wanted.values())}\n"
        )
        assert tally.recall(STRUCTURED) >= 0.98
        assert tally.recall({"name"}) >= 0.80
        assert tally.precision >= 0.90
        for name in ("wanted", "found"):
            getattr(total, name).update(getattr(tally, name))
    for kind in KINDS:
        sys.stdout.write(f"  {kind}: {total.found[kind]} of {total.wanted[kind]}\n")
    assert total.recall(STRUCTURED) >= 0.99
