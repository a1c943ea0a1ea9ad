"""Names in English text: after a title, after a label, beside a word for a person, or plainly a full name."""

import re
from collections.abc import Iterator

from builder.phi.spans import Span
from builder.phi.words import words

_WORD = r"(?:[A-ZÀ-Þ](?:'[A-ZÀ-Þ])?[^\W\d_]{1,25}(?:['-][^\W\d_]{2,20}){0,2})"
_INITIALS = r"(?:[A-Z]\.?[ ]){0,2}"
_PART = r"(?:(?:de|van|von|der|den|la|el|al|bin|ibn|di|da|dos|del|le)[ ]){0,2}"
_NAME = rf"(?P<name>{_INITIALS}{_PART}{_WORD}(?:[ ]{_PART}(?:[A-Z]\.?[ ])?{_WORD}){{0,2}})(?!\w)"

# After these a capitalised word is a name unless it is a word of the trade (Nurse Practitioner, Sister Mary nodule).
_TITLE = re.compile(
    r"(?<![\w-])(?:(?P<sure>Mr|Mrs|Ms|Mx|Dr|Prof)|Miss|Professor|Doctor|Sir|Lady|Lord|Dame|Nurse|Sister|Rev|Judge|Señora?|Herr|Frau"
    rf")\b\.?[ ]{{1,2}}(?:(?:Dr|Prof)\.?[ ])?{_NAME}"
)
_LABEL = re.compile(
    r"(?<![\w-])(?:(?P<whose>(?i:patient|pt|full|first|last|middle|family|sur|maiden|my|his|her|their|mother|father"
    r"|parent|guardian|child|caller|carer|caregiver)(?:'s)?[ ](?:full[ ])?)?"
    r"(?P<what>(?i:name|surname))(?:[ ]is|[ ]was|[ ]?[:=])"
    r"|(?i:next[ ]of[ ]kin|nok|emergency[ ]contact|contact[ ]person|consultant|attending|case[ ]manager|guardian"
    r"|carer|referring[ ](?:doctor|physician)|(?:kind|best|warm)[ ]regards|yours[ ](?:sincerely|truly)|signed"
    r"|addressed[ ]to|a[ ]parcel[ ]for|account[ ]of|seen[ ]by|drawn[ ]from|care[ ]of"
    r"|(?P<weak>i[ ]am|i'm|this[ ]is)),?:?)"
    rf"[ ]{{1,3}}{_NAME}"
)
# How record systems print a name: family name first, often in capitals.
_PRINTED = re.compile(
    r"(?<![\w-])(?i:patient'?s?[ ]name|(?:full|legal)[ ]name|name)[ ]?[:=][ ]{0,3}"
    r"(?P<name>[A-Z][A-Za-z'-]{1,24},[ ]?[A-Z][A-Za-z'-]{1,24}|[A-Z]{2,20}(?:[ ][A-Z]{1,20}){1,2})(?![\w:])"
)
_PERSON = re.compile(
    r"(?<![\w-])(?i:patient|pt|mother|father|mum|mom|dad|wife|husband|son|daughter|brother|sister|aunt|uncle|niece|nephew"
    r"|guardian|caller|partner|boyfriend|girlfriend|neighbour|neighbor|friend|boy|girl|man|woman|called|named)"
    rf"(?:,|:|[ ]?\(|,?[ ](?:is[ ])?(?:named|called))?[ ]?(?<=[ (]){_NAME}"
)
_FULL = re.compile(
    rf"(?<![\w'-])(?P<given>[A-Z][a-z]{{1,14}})(?:[ ][A-Z]\.?)?[ ](?P<family>{_WORD})(?!\w)"
    r"(?P<age>,?[ ]\(?(?:aged[ ])?\d{1,3}(?![\d.])|[ ](?:is|was)[ ]an?[ ]\d)?"
)
_KOREAN_FAMILY = (
    "(?:Kim|Lee|Park|Choi|Jung|Jeong|Kang|Cho|Yoon|Jang|Lim|Han|Oh|Seo|Shin|Kwon|Hwang|Ahn|Song|Hong|Yang|Yoo|Jeon|Ko"
    "|Moon|Son|Bae|Baek|Nam|Noh|Ha|Min|Na|Ryu|Cha|Joo|Woo|Koo|Jin|Ji|Eom|Won|Chun|Bang)"
)
_KOREAN_GIVEN = "[A-Z][a-z]{1,6}-[a-z]{2,6}"
_ROMANISED = re.compile(
    rf"(?<![\w-])(?:{_KOREAN_FAMILY}[ ]{_KOREAN_GIVEN}|{_KOREAN_GIVEN}[ ]{_KOREAN_FAMILY})(?![\w-])"
)
_OF_A_THING = re.compile(
    r"(?i:drug|brand|trade|generic|product|file|user|test|study|trial|gene|class|common|device|scale|domain|column|species"
    r"|chemical|medication|medicine|code|group|disease|diagnosis|event|field|hospital|clinic)(?:'s)?[ ]$"
)
_GOES_ON = re.compile(r"[,)]|[ ]?\(|[ ](?:is|was|has|had|who|aged)\b")
_NEXT_WORD = re.compile(r"(?:'s)?[ -]{1,2}(\w{1,20})")
# Endings of ordinary English words that headings write with a capital: Patient Education, Patient Centered.
_ORDINARY = re.compile(
    r"(?:ly|tion|sion|ment|ness|ity|ing|ism|ology|itis|osis|emia|aemia|ance|ence|ship|ics|tory|cal|ted|red|ine"
    r"|mab|pril|olol|statin|cillin)$"
)


def find_names(text: str) -> Iterator[Span]:
    """Names of persons in text written in Latin letters."""
    yield from _after_titles(text)
    yield from _after_labels(text)
    yield from _as_printed(text)
    yield from _beside_persons(text)
    for match in _FULL.finditer(text):
        given, family = match["given"], match["family"]
        is_known = match["age"] or family in words("surnames_en")
        if given not in words("given_names_en") or not is_known or not _is_name_word(family):
            continue
        if not _names_a_thing(text, match.end("family")):
            yield Span(match.start("given"), match.end("family"), "name", is_sure=bool(match["age"]))
    for match in _ROMANISED.finditer(text):
        if not _names_a_thing(text, match.end()):
            yield Span(*match.span(), "name")


def is_full_name(text: str, start: int, end: int) -> bool:
    """Whether this reads like a person's full name: two capitalised words, no eponym and none of the trade."""
    parts = text[start:end].split()
    is_named = len(parts) > 1 and all(part[0].isupper() and _is_name_word(part) for part in parts)
    return is_named and not _names_a_thing(text, end)


def _after_titles(text: str) -> Iterator[Span]:
    for match in _TITLE.finditer(text):
        end = _end_of_name(match, is_sure=bool(match["sure"]))
        if end and not _names_a_thing(text, end):
            yield Span(match.start("name"), end, "name")


def _after_labels(text: str) -> Iterator[Span]:
    for match in _LABEL.finditer(text):
        before = text[max(0, match.start() - 16) : match.start()]
        if match["what"] and not match["whose"] and _OF_A_THING.search(before):
            continue
        end = _end_of_name(match)
        if not end or _names_a_thing(text, end):
            continue
        name = text[match.start("name") : end]
        is_whole = len(name.split()) > 1
        is_known = name.split()[0] in words("given_names_en") or name in words("surnames_en")
        if is_known or match["whose"] or (is_whole and not match["weak"]):
            yield Span(match.start("name"), end, "name")


def _as_printed(text: str) -> Iterator[Span]:
    for match in _PRINTED.finditer(text):
        before = text[max(0, match.start() - 16) : match.start()]
        parts = re.findall(r"[A-Za-z]+", match["name"].lower())
        if not _OF_A_THING.search(before) and not any(part in words("not_names_en") for part in parts):
            yield Span(*match.span("name"), "name")


def _beside_persons(text: str) -> Iterator[Span]:
    for match in _PERSON.finditer(text):
        end = _end_of_name(match)
        if not end or _names_a_thing(text, end):
            continue
        parts = text[match.start("name") : end].split()
        is_known = parts[0] in words("given_names_en")
        if is_known or (len(parts) > 1 and _says_person(text, match, end)):
            yield Span(match.start("name"), end, "name", is_sure=is_known)


def _says_person(text: str, match: re.Match[str], end: int) -> bool:
    """Two capitalised words that nobody knows as names are one when the sentence goes on as it would after one."""
    before = text[match.start("name") - 2 : match.start("name")]
    is_set_off = before in (", ", ": ") or before.endswith("(")
    return is_set_off or _GOES_ON.match(text, end) is not None


def _end_of_name(match: re.Match[str], *, is_sure: bool = False) -> int:
    """Return where the name ends: before the first ordinary word; 0 when it begins with one.

    After a sure title a word that only ends like an ordinary one is a name: Mr Manning, Dr Vance.
    """
    start, end = match.start("name"), 0
    for word in re.finditer(r"\S+", match["name"]):
        bare = word.group().strip(".")
        if len(bare) > 1 and bare[0].isupper() and not _is_name_word(bare, is_sure=is_sure):
            break
        if len(bare) > 1 and bare[0].isupper():
            end = start + word.end()
    return end


def _is_name_word(word: str, *, is_sure: bool = False) -> bool:
    lower = word.lower()
    if lower in words("not_names_en") or word.isupper():
        return False
    return (
        is_sure
        or word in words("given_names_en")
        or word in words("surnames_en")
        or not _ORDINARY.search(lower)
    )


def _names_a_thing(text: str, end: int) -> bool:
    """Whether the next word makes the name an eponym, an institution or a citation."""
    following = _NEXT_WORD.match(text[end : end + 26])
    return following is not None and following[1].lower() in words("after_eponyms_en")
