"""Postal addresses, as far as a house."""

import re
from collections.abc import Iterator

from builder.phi.spans import Span

_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT"
    "|V[AT]|W[AIVY]"
)
_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}"
_ZIP = rf"(?:{_STATES})[ ]\d{{5}}(?:-\d{{4}})?"
_TOWN = r"[A-Z][a-z]{2,20}(?:[ ][A-Z][a-z]{2,20})?"
_TAIL = (
    r"(?:,?[ ](?:Apt|Apartment|Suite|Unit|Flat|\#)\.?[ ]?\w{1,5})?"
    rf"(?:,[ ]{_TOWN})?(?:,?[ ](?:{_ZIP}|{_POSTCODE}))?"
)
_PLAIN_STREETS = (
    "Street|Road|Avenue|Lane|Boulevard|Crescent|Terrace|Highway|Parkway|Mews|Rd|Ave|Blvd|Ln|Hwy|Pkwy"
)
# Ordinary words too, so only where a comma, a stop or the end follows.
_OTHER_STREETS = "Drive|Court|Close|Place|Square|Way|Hill|Row|Walk|Grove|Gardens|St|Dr|Ct|Pl"
_STREET = re.compile(
    r"(?<![\d.,/-])\b\d{1,5}[A-Za-z]?,?[ ](?:[NSEW]\.?[ ])?(?:[A-Z][A-Za-z'-]{1,20}[ ]){1,3}?"
    rf"(?:(?:{_PLAIN_STREETS})\b|(?:{_OTHER_STREETS})\b(?=[.,\n]|$)){_TAIL}"
)
_CITY = re.compile(rf"\b[A-Z][a-z]{{2,20}}(?:[ ][A-Z][a-z]{{2,20}})?,[ ]{_ZIP}\b")
_BOX = re.compile(r"\bP\.?[ ]?O\.?[ ]Box[ ]\d{1,6}\b", re.IGNORECASE)
_CODE = re.compile(rf"(?i:\bpost(?:al)?[ ]?code\b)[\s:=]{{0,3}}(?:is[ ])?(?P<code>{_POSTCODE})\b")

_PROVINCES = (
    "(?:서울|부산|대구|인천|광주|대전|울산|세종)(?:특별시|광역시|특별자치시|시)?"
    "|(?:경기|강원|충청[남북]|전라[남북]|경상[남북]|전북|제주)(?:특별자치)?도|충[남북]|전[남북]|경[남북]"
)
_DISTRICT = r"(?:[가-힣]{1,4}[시군구]\s{1,2}){0,2}"
_ROAD = (
    r"(?:[가-힣A-Za-z0-9]{1,10}?(?:(?<!으)로|길|동|읍|면|리|가)\s{0,2}){1,2}?\d{1,4}(?:번?길\s?\d{1,4})?(?:-\d{1,4})?(?:번지)?"
    r"(?![\d.])(?!\s?(?:mg|mL|ml|g|kg|mcg|회|일|주|개월|년|시간|%|세|명|번째))"
)
_KOREAN = re.compile(rf"(?<![가-힣])(?:{_PROVINCES})\s{{1,2}}{_DISTRICT}{_ROAD}")
_KOREAN_LABELLED = re.compile(
    rf"(?:주소지?|거주지?|자택|사는\s?곳|집)(?:[\s:=]|은|는|이|가){{0,5}}(?P<address>(?:[가-힣]{{1,4}}[시군구]\s{{1,2}}){{1,2}}{_ROAD})"
)


def find_addresses(text: str) -> Iterator[Span]:
    """Postal addresses in English and Korean: a street with a number, a box, a city with its code."""
    for pattern in (_STREET, _CITY, _BOX, _KOREAN):
        for match in pattern.finditer(text):
            yield Span(*match.span(), "address")
    for match in _CODE.finditer(text):
        yield Span(*match.span("code"), "address")
    for match in _KOREAN_LABELLED.finditer(text):
        yield Span(*match.span("address"), "address")
