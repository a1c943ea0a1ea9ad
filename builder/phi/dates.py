"""Dates of birth: a date is one only beside a word that says so."""

import re
from collections.abc import Iterator

from builder.phi.spans import Span

_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = (
    r"(?P<date>\d{4}[ ]?[-/.][ ]?\d{1,2}[ ]?[-/.][ ]?\d{1,2}|\d{1,2}[ ]?[-/.][ ]?\d{1,2}[ ]?[-/.][ ]?\d{2,4}"
    r"|\d{2,4}년[ ]?\d{1,2}월[ ]?\d{1,2}일"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?[ ](?:of[ ])?{_MONTH},?[ ]\d{{2,4}}|{_MONTH}[ ]\d{{1,2}}(?:st|nd|rd|th)?,?[ ]\d{{2,4}}"
    r"|(?:19|20)?\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?!\d)"
)
_GAP = r"(?:[\s:=.,()#-]|\bis\b|\bwas\b|\bon\b|[은는이가]){0,6}?"
_LABELLED = re.compile(
    r"(?:\b(?:DOB|dob|DoB)|\bD\.[ ]?O\.[ ]?B\b|(?i:\bdate[ ]of[ ]birth|\bbirth[ -]?date|\bbirthday|\bborn\b)"
    r"|생년\s?월일|생일|출생\s?일?|태어난\s?날)" + _GAP + r"(?<!\d)" + _DATE
)
# 생 alone means "born"; 생검 is a biopsy, 생존 survival, 생균 a live germ.
_FOLLOWED = re.compile(
    r"(?<![\d.])"
    r"(?P<date>\d{2,4}[ ]?[-/.][ ]?\d{1,2}[ ]?[-/.][ ]?\d{1,2}\.?|\d{2,4}년[ ]?\d{1,2}월[ ]?\d{1,2}일|\d{6}|\d{8})"
    r"(?:생(?![가-힣])|생(?=[은는이의을로인입,)])|[ ]?(?:에[ ])?(?:출생|태어나|태어난))"
)


def find_birth_dates(text: str) -> Iterator[Span]:
    """Days of birth, in words and numbers; a year of birth alone identifies nobody."""
    for match in _LABELLED.finditer(text):
        yield Span(match.start("date"), match.end("date"), "birth_date")
    for match in _FOLLOWED.finditer(text):
        has_suffix = text[match.end("date") : match.end("date") + 1] == "생"
        yield Span(match.start("date"), match.end("date") + has_suffix, "birth_date")
