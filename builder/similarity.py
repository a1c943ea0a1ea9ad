"""How alike two texts are, in any script: character n-grams, and small sketches of them for whole departments. Pure.

Letters and digits alone count, without regard to case. Scripts that write a syllable or a word in one character
(Hangul, Han, Kana) are cut into pairs, the others into runs of four; so two unrelated Korean texts share almost
nothing, as two unrelated English ones do.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from builder.content import CaseContent

# One byte for each of 64 minima: similar texts agree in most of them, and a department of 5,000 fits into 5 MB.
SKETCH_BYTES = 64
# Four neighbouring bytes that all agree make two texts worth comparing, from any even place on: of pairs alike to
# 60 % about one in a hundred has none, of pairs alike to 80 % hardly any.
BAND_BYTES = 4
# A longer text is known by its beginning.
MOST_CHARACTERS = 100_000
_CHUNK = 1 << 15

_DENSE = np.array(
    [
        [0x1100, 0x11FF], [0x2E80, 0x2FDF], [0x3040, 0x30FF], [0x3130, 0x318F], [0x3400, 0x4DBF], [0x4E00, 0x9FFF],
        [0xAC00, 0xD7AF], [0xF900, 0xFAFF], [0x20000, 0x3FFFF],
    ],
    dtype=np.uint32,
)  # fmt: skip
# Multipliers and offsets of the 64 hash functions; fixed for ever, since stored sketches depend on them.
_DRAW = np.random.Generator(np.random.PCG64(20_250_507))
_FACTORS = (_DRAW.integers(1, 2**32, SKETCH_BYTES, dtype=np.uint64) | np.uint64(1)).astype(np.uint32)
_OFFSETS = _DRAW.integers(0, 2**32, SKETCH_BYTES, dtype=np.uint64).astype(np.uint32)

Shingles = NDArray[np.uint32]
Sketch = NDArray[np.uint8]


def normalised(text: str) -> str:
    """Return the letters, marks and digits of a text, composed and folded, without anything between them."""
    folded = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).casefold()
    return "".join(filter(_counts, folded))


def shingles(text: str) -> Shingles:
    """Return the hashes of a text's n-grams, each once and in order; empty for a text without letters or digits."""
    plain = normalised(text)
    if not plain:
        return np.empty(0, dtype=np.uint32)
    points = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    # A text shorter than one n-gram is one n-gram; the zeros after its end belong to no character.
    padded = np.concatenate([points, np.zeros(3, dtype=np.uint32)])
    size = len(points)
    pairs = _mixed(_mixed(padded[:size]) + padded[1 : size + 1])
    runs = _mixed(_mixed(pairs + padded[2 : size + 2]) + padded[3 : size + 3])
    place = np.searchsorted(_DENSE[:, 0], points, side="right") - 1
    dense = (place >= 0) & (points <= _DENSE[place, 1])
    # The last n-grams hang over the end; a text keeps them only when it has no whole one.
    whole = np.arange(size) < np.where(dense, size - 1, size - 3)
    hashes = np.where(dense, pairs, runs)
    return np.unique(hashes[whole] if whole.any() else hashes[:1])


def similarity(one: Shingles, other: Shingles) -> float:
    """Return the share of n-grams two texts have in common, from 0 to 1; 0 when either has none."""
    if not len(one) or not len(other):
        return 0.0
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)


def sketches_of(texts: Sequence[str]) -> Sketch:
    """Return one sketch a text: an array of shape (texts, 64). A text without letters has only zeros."""
    parts = [shingles(text) for text in texts]
    found = np.zeros((len(parts), SKETCH_BYTES), dtype=np.uint8)
    rows = [row for row, part in enumerate(parts) if len(part)]
    while rows:
        taken: list[int] = []
        size = 0
        while rows and (not taken or size + len(parts[rows[0]]) <= _CHUNK):
            size += len(parts[rows[0]])
            taken.append(rows.pop(0))
        hashes = np.concatenate([parts[row] for row in taken])
        starts = np.cumsum([0, *(len(parts[row]) for row in taken[:-1])])
        for function in range(SKETCH_BYTES):
            values = _mixed(hashes * _FACTORS[function] + _OFFSETS[function])
            found[taken, function] = np.minimum.reduceat(values, starts) & 0xFF
    return found


def compared_texts(content: CaseContent) -> list[str]:
    """Return the texts that are sketched, in their order: the conversation, then the criteria.

    System turns are left out: a department often begins all its cases with the same one. A criterion that an
    importer suggested is empty here until an author confirms it: thousands of them read alike by their making.
    """
    spoken = "\n".join(turn.content for turn in content.prompt if turn.role != "system")
    return [spoken, *("" if each.is_suggested else each.criterion for each in content.rubrics)]


def alike(stored: Sketch, wanted: Sketch) -> NDArray[np.bool_]:
    """Return which of the stored sketches share a band with any of the wanted ones."""
    found = np.zeros(len(stored), dtype=np.bool_)
    for shift in (0, BAND_BYTES // 2):
        bands = np.ascontiguousarray(np.roll(stored, shift, axis=1)).view(np.uint32)
        asked = np.ascontiguousarray(np.roll(wanted, shift, axis=1)).view(np.uint32)
        for band in range(SKETCH_BYTES // BAND_BYTES):
            found |= np.isin(bands[:, band], asked[:, band])
    return found


def estimated(stored: Sketch, wanted: Sketch) -> NDArray[np.float64]:
    """Return the estimated similarities, shape (stored, wanted): agreeing bytes, less those that agree by chance."""
    packed = np.packbits(stored[:, None, :] == wanted[None, :, :], axis=2).view(np.uint64)[..., 0]
    agree = np.bitwise_count(packed) / SKETCH_BYTES
    return np.asarray(np.clip((agree - 1 / 256) / (1 - 1 / 256), 0.0, 1.0))


def same_sketch(stored: Sketch, wanted: Sketch) -> NDArray[np.bool_]:
    """Return which of the stored sketches are equal to any of the wanted ones: the same words, almost surely."""
    words, asked = np.ascontiguousarray(stored).view(np.uint64), np.ascontiguousarray(wanted).view(np.uint64)
    found = np.isin(words[:, 0], asked[:, 0])
    for word in range(1, words.shape[1]):
        found[found] = np.isin(words[found, word], asked[:, word])
    return found


def _counts(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _mixed(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Spread 32 bits over 32 bits, so that near values get far hashes."""
    mixed = (values ^ (values >> np.uint32(16))) * np.uint32(0x7FEB352D)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.asarray(mixed ^ (mixed >> np.uint32(16)))
