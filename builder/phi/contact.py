"""Ways to reach one person: telephone, e-mail, pages of their own."""

import re
from collections.abc import Iterator

from builder.phi.spans import Span, digits_of, follows
from builder.phi.words import words

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}(?:@|[ ]?[\[(]at[\])][ ]?)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"
)

_HOSTS = (
    r"(?:facebook|fb|instagram|twitter|x|tiktok|threads|linkedin|vk|weibo|snapchat)\.(?:com|net)"
    r"|(?:blog|cafe)\.naver\.com|t\.me|band\.us|story\.kakao\.com|open\.kakao\.com|youtube\.com(?=/@)|linkedin\.com/in"
)
_PROFILE = re.compile(
    rf"(?<![\w@.-])(?:https?://)?(?:www\.|m\.|[a-z]{{2}}\.)?(?:{_HOSTS})/(?:in/|u/|add/)?(?P<who>[@\w.%-]{{2,80}})",
    re.IGNORECASE,
)
_HOME = re.compile(r"https?://[\w.-]{1,100}/(?:~|users?/|people/|profiles?/)[\w.@%-]{2,60}", re.IGNORECASE)
_QUERY = re.compile(
    r"https?://[\w./%~-]{1,200}\?(?:[\w%.=-]{0,100}&){0,8}"
    r"(?:patient|pt|mrn|pid|ssn|dob|nhs|email|name)[\w-]{0,12}=[\w%.@+-]{3,60}",
    re.IGNORECASE,
)

# Letters beside the digits belong to a hash or a code.
_EDGE, _END = r"(?<![0-9A-Za-z.+-])(?<!\d[ ])", r"(?![0-9A-Za-z-])"
_KOREAN_MOBILE = re.compile(r"(?<![0-9A-Za-z.+-])\(?01[016-9]\)?[-.~/ ]{0,3}\d{3,4}[-.~/ ]{0,3}\d{4}" + _END)
_KOREAN_LINE = re.compile(
    _EDGE + r"\(?0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\d)\)?[-.) ]{1,2}\d{3,4}[-. ]\d{4}" + _END
)
_AMERICAN = re.compile(
    _EDGE
    + r"(?:\+?1[-. ])?(?:\((?P<paren>[2-9]\d{2})\)[ ]?|(?P<area>[2-9]\d{2})(?P<gap>[-. ]))[2-9]\d{2}[-. ]\d{4}"
    + _END
)
_TOLL_FREE = frozenset(["800", "888", "877", "866", "855", "844", "833", "822"])
_BRITISH = re.compile(_EDGE + r"\(?0[1-37]\d{1,3}\)?[ -]\d{3,4}(?:[ -]?\d{3,4}){1,2}" + _END)
_BRITISH_MOBILE = re.compile(_EDGE + r"07\d{3}[ -]?\d{3}[ -]?\d{3}" + _END)
_FREE_BRITISH = re.compile(r"\(?0(?:800|808|80|300|303|330|345|84[345]|87[01])")
_ABROAD = re.compile(r"(?<![\w+])\+\d{1,3}(?:[-. ()]{0,3}\d{1,5}){2,6}" + _END)
_LABELLED = re.compile(
    r"(?:(?i:\b(?:phone|telephone|tel|mobile|mob|cell|fax|pager)\b)|전화|연락처|휴대폰|휴대전화|핸드폰|팩스)"
    r"(?:[\s:#=.()]|\bno\b|\bnumber\b|\bis\b|번호|[은는이가]){0,8}?(?<!\d)(?P<number>\d[\d. -]{5,14}\d)"
    + _END
)
_HELPLINE = re.compile(r"1[0-9]{3}-?\d{4}|1?[- ]?8(?:00|88|77|66|55|44|33)\D")
_ASKED = re.compile(
    r"phone|tel\b|call|cell|mobile|contact|reach|ring|fax|text\b|전화|연락|휴대|핸드폰", re.IGNORECASE
)
_TO_CALL_ABROAD = (8, 15)  # digits of an international number, E.164


def find_emails(text: str) -> Iterator[Span]:
    """E-mail addresses."""
    if "@" not in text and "at" not in text:
        return
    for match in _EMAIL.finditer(text):
        yield Span(*match.span(), "email")


def find_pages(text: str) -> Iterator[Span]:
    """Web addresses that lead to one person: profiles, home pages, a record in the query."""
    if "/" not in text:
        return
    for match in _PROFILE.finditer(text):
        if match["who"].lower().strip(".") not in words("site_pages"):
            yield Span(*match.span(), "url")
    for pattern in (_HOME, _QUERY):
        for match in pattern.finditer(text):
            yield Span(*match.span(), "url")


def find_phones(text: str) -> Iterator[Span]:
    """Telephone numbers of Korea, North America, Britain and, with a plus, anywhere; help lines are nobody's."""
    for pattern in (_KOREAN_MOBILE, _KOREAN_LINE, _BRITISH_MOBILE):
        for match in pattern.finditer(text):
            if not _FREE_BRITISH.match(match.group()):
                yield Span(*match.span(), "phone")
    for match in _AMERICAN.finditer(text):
        is_clear = match["gap"] != " " or follows(text, match.start(), _ASKED, 30)
        if is_clear and (match["paren"] or match["area"]) not in _TOLL_FREE:
            yield Span(*match.span(), "phone", match["gap"] != " ")
    for match in _BRITISH.finditer(text):
        if len(digits_of(match.group())) in (10, 11) and not _FREE_BRITISH.match(match.group()):
            yield Span(*match.span(), "phone", is_sure=False)
    for match in _ABROAD.finditer(text):
        fewest, most = _TO_CALL_ABROAD
        if fewest <= len(digits_of(match.group())) <= most:
            yield Span(*match.span(), "phone")
    for match in _LABELLED.finditer(text):
        number = match["number"]
        if len(digits_of(number)) >= 7 and not (_HELPLINE.match(number) or _FREE_BRITISH.match(number)):
            yield Span(match.start("number"), match.end("number"), "phone")
