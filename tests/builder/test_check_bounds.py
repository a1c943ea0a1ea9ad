"""Hostile texts: every check ends, soon, and says something clear."""

import random
import time

import pytest

from builder.checks import CHECKS, check_content
from builder.checks.findings import NOTHING_KNOWN
from builder.checks.words import LANGUAGES, lexicon
from builder.content import CaseContent, Criterion, Turn

PIECES = [
    "a, ", "and ", "and and ", "both ", "to ", " ", "if the blood pressure ", "above 1", "0", "-", "recommends ",
    "ing ", "(", "[", "“", "Justification: ", "하고 ", "이상 ", "혈압", "기준 1", "\u200b", "\u202e", "\ud83d",
    "'", ".", ";",
    "the law ", "of the above ", "Act ", "ab-", "x,y,", "not ", "\u05d0", "gives a ",
]  # fmt: skip


def case_of(text: str, criteria: int = 1) -> CaseContent:
    """Return a case whose texts are this one."""
    return CaseContent(
        [Turn("user", text)],
        [Criterion(f"{text}{number}", 5, ["axis:a"]) for number in range(criteria)],
        title=text,
    )


def seconds(content: CaseContent) -> float:
    """Return the best of two runs; readings that were kept don't count, since every text is new."""
    start = time.perf_counter()
    check_content(content)
    return time.perf_counter() - start


@pytest.mark.parametrize("piece", PIECES)
def test_no_pattern_explodes(piece: str) -> None:
    """Twenty times the text takes about twenty times as long at most, and no pattern looks at one text for a second."""
    text = piece * (2_000 // len(piece))
    for language in LANGUAGES:
        for name, pattern in lexicon(language).patterns.items():
            start = time.perf_counter()
            pattern.search(text)
            assert time.perf_counter() - start < 1.0, (language, name)


@pytest.mark.parametrize("unit", ["Recommends rest and fluids, ", "휴식을 권고하고 설명한다. ", "word ", "x"])
def test_time_grows_in_proportion(unit: str) -> None:
    """From 50,000 to 500,000 characters the checks of this package take at most thirty times as long."""
    ours = [check for check in CHECKS if check.family != "identifiers"]

    def taken(size: int) -> float:
        best = 1e9
        for attempt in range(3):
            content = case_of(f"{attempt}{size}" + unit * (size // len(unit)))
            start = time.perf_counter()
            for check in ours:
                list(check.findings(content, NOTHING_KNOWN))
            best = min(best, time.perf_counter() - start)
        return best

    small, large = taken(50_000), taken(500_000)
    assert large <= 30 * max(small, 0.01)


def test_a_million_characters_and_three_hundred_criteria() -> None:
    """The largest case that can be saved is read to its end."""
    rng = random.Random(0)
    words = [
        "Recommends",
        "rest",
        "and",
        "fluids",
        "if",
        "fever",
        "above",
        "39",
        "°C",
        "휴식을",
        "권고한다",
        "(",
        "“",
        ",",
    ]
    texts = [" ".join(rng.choices(words, k=420)) for _ in range(300)]
    content = CaseContent(
        [Turn("user", " ".join(texts) * 2)], [Criterion(text, 5, ["axis:a"]) for text in texts]
    )
    assert len(content.prompt[0].content) > 1_000_000
    ours = [check for check in CHECKS if check.family != "identifiers"]
    start = time.perf_counter()
    found = [finding for check in ours for finding in check.findings(content, NOTHING_KNOWN)]
    assert time.perf_counter() - start < 30
    assert {"rubric.size", "rubric.no_negative"} <= {finding.check_id for finding in found}


def test_three_hundred_criteria_find_their_duplicates() -> None:
    """The quick way of many criteria finds what the slow way of few does."""
    texts = [f"Names the side effect number {number} of the medicine." for number in range(298)]
    twins = [
        "Asks whether the patient takes any blood thinners.",
        "Asks if the patient takes any blood thinners.",
    ]
    rubric = [Criterion(text, 5, ["axis:a"]) for text in [twins[0], *texts, twins[1]]]
    found = [
        each.field
        for each in check_content(CaseContent([], rubric))
        if each.check_id == "rubric.near_duplicate"
    ]
    assert found == ["rubrics[299].criterion"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("pain\u200b", "U+200B"), ("\u202egnihtyna\u202c", "U+202E"), ("a\x00b", "U+0000"), ("\ufeffHello", "U+FEFF"),
        ("\U000e0041tag", "U+E0041"),
    ],
)  # fmt: skip
def test_what_nobody_sees_is_named(text: str, named: str) -> None:
    finding = next(each for each in check_content(case_of(text)) if each.check_id == "text.invisible")
    assert named in finding.message
    assert finding.mend is not None and not set(finding.mend.value) & set(
        "\u200b\u202e\u202c\x00\ufeff\U000e0041"
    )


@pytest.mark.parametrize("text", ["\ud800", "\udfff\ud800", "a\ud83d", "항생제\udc00", "\ud800" * 100])
def test_half_characters_stop_no_check(text: str) -> None:
    found = check_content(case_of(text, criteria=3))
    assert "text.surrogate" in {finding.check_id for finding in found}


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "!!!", "…", "\u200b", "\u05d0\u05d1\u05d2 \u200f(1)", "123", "a", "가"]
)
def test_hardly_any_text_stops_no_check(text: str) -> None:
    check_content(case_of(text, criteria=3))
