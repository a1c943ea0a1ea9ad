"""Names in Korean text: a family name and one or two syllables, where label, honorific or an age beside it say so."""

import re
from collections.abc import Iterator
from functools import cache

from builder.phi.spans import Span
from builder.phi.words import words

_PARTICLES = "은는이가을를의도만로과와에께님씨군양"
# A name ends before anything but Hangul, or before a particle, an honorific or a verb of being.
_END = (
    r"(?=[^가-힣]|$|님|씨|귀하|에게|께서?|입니다|로부터|한테|이(?:며|고|다|라고|입|가|의|는)"
    r"|[군양은는이가을를의과와도](?![가-힣]))"
)
_SURE_LABEL = (
    r"(?:성명|이름|성함|환자명|환자성명|환아명|수진자명?|수검자명?|피보험자명?|법정대리인|대리인|의뢰인|수신인?|수령인"
    r"|예금주)"
)
_PERSON_LABEL = (
    r"(?:환자|환아|보호자|주치의|담당의사?|담당\s?교수|배우자|남편|아내|아버지|어머니|부친|모친|딸|아들|형|누나|오빠|언니"
    r"|동생|여동생|남동생|할머니|할아버지|저는|제가|(?<![가-힣])[부모])"
)
_FIELD = r"(?:의?\s?(?:성명|이름|성함))?"
_RELATION = r"(?:\((?:배우자|부|모|자녀?|딸|아들|남편|아내)\))?"
_TITLE = (
    r"(?P<gap>\s?)(?P<title>님|씨|귀하|군|양|환자|환아|교수|의사|간호사|선생|과장|원장|할머니|할아버지|어르신|보호자)"
    r"(?P<after>[가-힣]?)"
)
_AGE_OR_SEX = (
    r"\s?\((?:\d{1,3}\s?(?:세|개월|/|살)|[남여](?:[,/ )]|자|성)|[MF][,/ )]|만\s?\d|환자|보호자|본인)"
)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    single = "".join(sorted(word for word in words("surnames_ko") if len(word) == 1))
    double = "|".join(sorted(word for word in words("surnames_ko") if len(word) == 2))
    name = rf"(?P<name>(?:{double})[가-힣]{{1,2}}?|[{single}][가-힣]{{2}}|[{single}][가-힣])"
    return (
        re.compile(rf"{_SURE_LABEL}{_FIELD}(?:[\s:：=(]|은|는|이){{1,4}}?{name}{_END}"),
        re.compile(rf"{_PERSON_LABEL}{_FIELD}{_RELATION}[\s:：=(/,-]{{1,3}}{name}{_END}"),
        re.compile(rf"(?<![가-힣]){name}{_TITLE}"),
        re.compile(rf"(?<![가-힣]){name}{_AGE_OR_SEX}"),
    )


def find_korean_names(text: str) -> Iterator[Span]:
    """Names of persons in Hangul."""
    sure, person, honorific, aged = _patterns()
    for match in sure.finditer(text):
        if is_name(match["name"], text[match.end("name") : match.end("name") + 1]):
            yield Span(*match.span("name"), "name")
    for pattern in (person, aged):
        for match in pattern.finditer(text):
            after = text[match.end("name") : match.end("name") + 1]
            if is_name(match["name"], after) and looks_given(match["name"]):
                yield Span(*match.span("name"), "name")
    for match in honorific.finditer(text):
        if _bears_honorific(match):
            yield Span(*match.span("name"), "name")


def _bears_honorific(match: re.Match[str]) -> bool:
    name, title = match["name"], match["title"]
    if len(name) < 3 or not is_name(name, ""):
        return False
    if title in ("군", "양") and (
        match["gap"] or match["after"] not in ("", "은", "는", "이", "의", "과", "을", "에")
    ):
        return False
    # Without a space a trade is more often the end of a compound: 신경외과의사.
    return looks_given(name) and (bool(match["gap"]) or title in ("님", "씨", "귀하", "군", "양"))


def is_name(name: str, after: str) -> bool:
    """Whether it isn't a common word, with or without the particle that its last syllable may be."""
    if name in words("not_names_ko") or name + after in words("not_names_ko"):
        return False
    return not (name[-1] in _PARTICLES and name[:-1] in words("not_names_ko"))


def looks_given(name: str) -> bool:
    """Whether every syllable after the family name is one that given names use."""
    family = 2 if name[:2] in words("surnames_ko") and len(name) > 2 else 1
    return all(syllable in words("given_syllables_ko") for syllable in name[family:])
