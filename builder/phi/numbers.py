"""Numbers that states, hospitals and insurers give to one person."""

import re
from collections.abc import Iterator

from builder.phi.checksums import has_resident_check_digit, is_nhs_number, resident_birth_date
from builder.phi.spans import Span, digits_of, follows

_RESIDENT = re.compile(
    r"(?<![0-9A-Za-z-])\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ ]{0,2}(?P<dash>-?)[ ]{0,2}(?P<sex>\d)"
    r"(?:\d{6}|[*xX•●○]{6})(?![0-9A-Za-z*-])"
)
_RESIDENT_LABEL = re.compile(r"주민|외국인|resident registration|\b(?:RRN|FRN|ARC)\b", re.IGNORECASE)

_NHS = re.compile(r"(?<![0-9A-Za-z.+-])\d{3}(?P<gap>[ -]?)\d{3}(?P=gap)\d{4}(?![0-9A-Za-z-])")
_NHS_LABEL = re.compile(r"\bNHS\b")

_SSN = re.compile(r"(?<![0-9A-Za-z.+-])\d{3}(?P<gap>[- ]?)\d{2}(?P=gap)\d{4}(?![0-9A-Za-z-])")
_SSN_LABEL = re.compile(r"\bSSN\b|social security|\bITIN\b|tax(?:payer)? id", re.IGNORECASE)
_NOT_ISSUED = re.compile(r"000|666|9")

# What may stand between a label and its number: `no.`, `number is`, `: #`, 번호는.
_GAP = r"(?:[\s:#=.,()\[\]\"'-]|(?i:\b(?:no|nos|number|num|id|is|was|of|card|code)\b)|번호|[은는이가]){1,12}?"
_VALUE = r"(?P<value>(?<![A-Za-z0-9])[A-Z]{0,4}-?\d[0-9A-Z]*(?:-[0-9A-Z]+){0,4})(?![0-9A-Za-z])"
_PASSPORT = re.compile(
    r"(?i:\bpassport)" + _GAP + _VALUE + r"|여권(?:" + _GAP + r")" + _VALUE.replace("value", "ko")
)
_LICENCE = re.compile(
    r"(?:(?i:\blicen[cs]e[ ](?:no|number|id|\#))|(?i:\bdriv(?:ing|er'?s?'?)[ ]licen[cs]e)|운전\s?면허증?)"
    + _GAP
    + _VALUE
)
_KOREAN_LICENCE = re.compile(r"(?<![\d-])(?:1[1-9]|2[0-8])-\d{2}-\d{6}-\d{2}(?![\d-])")
_INSURANCE = re.compile(
    r"(?:(?i:\b(?:insurance|policy|member(?:ship)?|subscriber|beneficiary|medicare|medicaid)\b)"
    r"|건강\s?보험\s?증?|보험\s?증|증)" + _GAP + _VALUE
)
_MEDICARE = re.compile(r"(?<![\w-])[1-9][A-Z][0-9A-Z]\d-[A-Z][0-9A-Z]\d-[A-Z]{2}\d{2}(?![\w-])")
_RECORD = re.compile(
    r"(?:\b(?:MRN|UHID|PID)|(?i:\b(?:medical[ ]record|med[ ]?rec|record[ ](?:no|number|id)|hospital[ ](?:no|number|id)"
    r"|chart(?:[ ](?:no|number|id))?|patient[ ](?:id|no|number)|accession[ ](?:no|number)|lab[ ](?:id|no|number)"
    r"|specimen[ ](?:id|no|number)|case[ ]record))"
    r"|(?<!시험 )(?<!시험)(?<!연구 )(?<!연구)(?<!사업자)(?<!사업자 )(?<!주민)(?<!외국인)(?<!외국인 )(?<!법인)"
    r"(?:등록|병록|차트|챠트|환자|병원|진료|검체|접수)\s?번호)" + _GAP + _VALUE
)
_TRIAL = re.compile(r"NCT|KCT|CRD|ISRCTN|PMC|CRIS|EUCTR")
_DATE = re.compile(r"(?:19|20)\d{2}-\d{1,2}-\d{1,2}")


def find_resident_numbers(text: str) -> Iterator[Span]:
    """Korean resident and foreigner registration numbers, with their last six digits readable or starred."""
    for match in _RESIDENT.finditer(text):
        digits = digits_of(match.group())
        if resident_birth_date(digits) is None:
            continue
        is_sure = has_resident_check_digit(digits) or follows(text, match.start(), _RESIDENT_LABEL)
        # Thirteen digits in a row that begin with a date are often a bar code of the 1800s.
        if match["dash"] or is_sure or match["sex"] not in "90":
            yield Span(*match.span(), "resident_number", is_sure)


def find_nhs_numbers(text: str) -> Iterator[Span]:
    """NHS numbers: after their label, or grouped by spaces with the right check digit."""
    for match in _NHS.finditer(text):
        is_named = follows(text, match.start(), _NHS_LABEL, 30)
        if is_named or (match["gap"] == " " and is_nhs_number(digits_of(match.group()))):
            yield Span(*match.span(), "nhs_number", is_named)


def find_social_security(text: str) -> Iterator[Span]:
    """Social security numbers of the USA: with dashes, or after their label."""
    for match in _SSN.finditer(text):
        is_named = follows(text, match.start(), _SSN_LABEL)
        digits = digits_of(match.group())
        is_issued = not _NOT_ISSUED.match(digits) and digits[3:5] != "00" and digits[5:] != "0000"
        if is_named or (match["gap"] == "-" and is_issued):
            yield Span(*match.span(), "social_security", is_named)


def find_labelled_numbers(text: str) -> Iterator[Span]:
    """Passports, driving licences, insurance and record numbers: their shape says little, so their label must."""
    for pattern, kind, fewest in (
        (_PASSPORT, "passport", 6), (_LICENCE, "driving_licence", 6), (_INSURANCE, "insurance_number", 5),
        (_RECORD, "record_number", 5),
    ):  # fmt: skip
        for match in pattern.finditer(text):
            group = "ko" if match.re is _PASSPORT and match["ko"] else "value"
            value = match[group]
            is_other = _TRIAL.match(value) or _DATE.fullmatch(value)
            if len(digits_of(value)) >= fewest and len(value) <= 24 and not is_other:
                yield Span(match.start(group), match.end(group), kind)
    for match in _KOREAN_LICENCE.finditer(text):
        yield Span(*match.span(), "driving_licence")
    for match in _MEDICARE.finditer(text):
        yield Span(*match.span(), "insurance_number")
