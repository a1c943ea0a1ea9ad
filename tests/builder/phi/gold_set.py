"""The gold set: sentences with their identifiers marked, and sentences without any; people and numbers are made up.

A span is written `[[kind:text]]`; `{d8}` stands for eight digits, `{rrn}` for a resident number, and so on, made anew
from the place of the sentence. The halves named `held_out` were written together with the others and not looked at
while the rules were tuned.
"""

import random
import re
from dataclasses import dataclass
from pathlib import Path

from builder.phi.checksums import has_resident_check_digit, is_nhs_number

FOLDER = Path(__file__).resolve().parent / "gold"
HALVES = ("dev", "held_out")
LANGUAGES = ("en", "ko")
_MARK = re.compile(r"\[\[(\w+):(.*?)\]\]")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MEDICARE_LETTERS = "ACDEFGHJKMNPQRTUVWXY"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text, and the kind, start and end of each identifier in it."""

    text: str
    spans: tuple[tuple[str, int, int], ...] = ()


def sentences(language: str, half: str) -> list[Sentence]:
    """Return the sentences that hold identifiers."""
    return [
        _parsed(_filled(line, random.Random(f"{language}{half}{number}")))
        for number, line in enumerate(_lines(f"{language}_{half}"))
    ]


def clean_sentences(language: str, half: str) -> list[Sentence]:
    """Return the sentences that hold none."""
    return [Sentence(line) for line in _lines(f"clean_{language}_{half}")]


def _lines(name: str) -> list[str]:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip()]


def _parsed(line: str) -> Sentence:
    text, spans, last = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[last : mark.start()]
        spans.append((mark[1], len(text), len(text) + len(mark[2])))
        text += mark[2]
        last = mark.end()
    return Sentence(text + line[last:], tuple(spans))


def _filled(line: str, chance: random.Random) -> str:
    return _PLACEHOLDER.sub(lambda found: _made(found[1], chance), line)


def _made(what: str, chance: random.Random) -> str:
    if what == "d3u":  # an area code of North America
        return f"{chance.randrange(201, 779)}"
    if re.fullmatch(r"d\d", what):
        return _digits(chance, int(what[1]))
    if re.fullmatch(r"n\d", what):
        return str(chance.randrange(10 ** (int(what[1]) - 1), 10 ** int(what[1])))
    if re.fullmatch(r"l\d", what):
        return "".join(chance.choice("ABCDEFGHJKLMNP") for _ in range(int(what[1])))
    return _number(what, chance)


def _digits(chance: random.Random, count: int) -> str:
    return str(chance.randrange(1, 10)) + "".join(str(chance.randrange(10)) for _ in range(count - 1))


def _number(what: str, chance: random.Random) -> str:
    def d(count: int) -> str:
        return _digits(chance, count)

    area, exchange, line = str(chance.randrange(201, 779)), str(chance.randrange(200, 1000)), d(4)
    mobile = f"{chance.randrange(2000, 9999)}"
    social = (str(chance.randrange(1, 665)).zfill(3), str(chance.randrange(1, 100)).zfill(2), d(4))
    made = {
        "us_paren": f"({area}) {exchange}-{line}", "us_dash": f"{area}-{exchange}-{line}",
        "us_dot": f"{area}.{exchange}.{line}", "us_intl": f"+1 {area} {exchange} {line}",
        "uk_mobile": f"07700 900{d(3)}", "uk_land": f"020 7946 0{d(3)}",
        "kr_mobile": f"010-{mobile}-{line}", "kr_mobile_dot": f"010.{mobile}.{line}",
        "kr_mobile_plain": f"010{mobile}{line}", "kr_mobile_sp": f"010 {mobile} {line}",
        "kr_land": f"02-{d(3)}-{line}", "kr_land3": f"051-{d(3)}-{line}", "kr_070": f"070-{d(4)}-{line}",
        "ssn": "-".join(social), "ssn_plain": "".join(social), "ssn_space": " ".join(social),
        "member": f"{chance.choice('ABCWX')}{d(9)}", "mbi": _medicare(chance),
        "kr_ins": f"{d(1)}-{d(10)}", "kr_dl": f"{chance.randrange(11, 27)}-{d(2)}-{d(6)}-{d(2)}",
        "nhs": _grouped(_nhs(chance), " "), "nhs_plain": _nhs(chance), "nhs_dash": _grouped(_nhs(chance), "-"),
    }  # fmt: skip
    if what in made:
        return made[what]
    return _resident(what, chance)


def _grouped(number: str, gap: str) -> str:
    return gap.join((number[:3], number[3:6], number[6:]))


def _nhs(chance: random.Random) -> str:
    while True:
        number = _digits(chance, 10)
        if is_nhs_number(number):
            return number


def _medicare(chance: random.Random) -> str:
    """Return a Medicare beneficiary number: digits (d) and letters (l) at fixed places."""
    made = {"d": lambda: str(chance.randrange(10)), "l": lambda: chance.choice(_MEDICARE_LETTERS)}
    return f"{chance.randrange(1, 10)}" + "".join(
        made[each]() if each in made else each for each in "ldd-lld-lldd"
    )


def _resident(what: str, chance: random.Random) -> str:
    """Return a resident number: `new` ones and half of the others have no check digit, `frn` are foreigners'."""
    digits = "5678" if what.startswith("frn") else "1234"
    while True:
        sex = chance.choice(digits)
        year = chance.randrange(0, 24) if sex in "3478" else chance.randrange(30, 100)
        front = f"{year:02}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
        back = f"{sex}{chance.randrange(10**6):06}"
        if has_resident_check_digit(front + back) != what.endswith("_new"):
            gap = {"rrn_plain": "", "rrn_space": " "}.get(what, "-")
            return f"{front}{gap}{back}"
