"""Checks of what a criterion says: its sign, one claim, on its own feet, in words a grader can decide on."""

import re
from collections.abc import Iterator
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.checks.findings import Check, Context, Help, Hit, Severity, check
from builder.checks.points import flipped, points_text
from builder.checks.reading import Reading, readings
from builder.checks.words import Lexicon, words_of
from builder.checks.words import lexicon as lexicon_named
from builder.content import CaseContent, Criterion

# A criterion with this many telling words says what it means, whatever vague word it also uses.
TELLING_WORDS = 2
# More words between two commas are a clause, not an item of a list.
LONGEST_ITEM = 6
_SENTENCE_END = re.compile(r"[.!?]\s")
_SENTENCE = re.compile(r"[.;:](?:\s|$)")


@check(
    "rubric.sign", family="sign", severity=Severity.WARNING, title=gettext_lazy("Points and wording disagree"),
    help=Help(
        finds=gettext_lazy(
            "A criterion that describes something bad earns points, or one that describes something "
            "good loses them."
        ),
        why=gettext_lazy(
            "A model would be rewarded for harm. A well-known benchmark gave +10 for offering herbal "
            "tea to a two-month-old."
        ),
        before=gettext_lazy("+5 Fails to ask about pregnancy."),
        after=gettext_lazy("−5 Fails to ask about pregnancy."),
    ),
)  # fmt: skip
def sign_matches_wording(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Bad behaviour loses points, good behaviour earns them."""
    for index, criterion, reading, lexicon in readings(content):
        if not _sign_disagrees(criterion.points, reading, lexicon):
            continue
        message = (
            _("This describes something bad, and earns %(points)s. Should it lose points?")
            if criterion.points > 0
            else _("This describes something good, and loses points (%(points)s). Should it earn them?")
        )
        mend = None if criterion.red_line else flipped(index, criterion.points)
        yield Hit(f"rubrics[{index}].points", message % {"points": points_text(criterion.points)}, mend)


def _sign_disagrees(points: float, reading: Reading, lexicon: Lexicon) -> bool:
    if points > 0:
        return _says_first("bad", reading) and not reading.find("bad_excused")
    if points < 0 and _says_first("good", reading) and not reading.find("bad_cue_anywhere"):
        told = reading.find("outer")
        outer = next((part for part in told.groups() if part), "") if told else reading.text
        return not lexicon.find("bad_cue", outer)
    return False


def _says_first(name: str, reading: Reading) -> bool:
    """Whether the first sentence says so: later ones explain, and often tell what would not be met."""
    found = reading.find(name)
    return found is not None and _SENTENCE_END.search(reading.text, 0, found.start()) is None


@check(
    "rubric.double_barrelled", family="one claim", severity=Severity.WARNING,
    title=gettext_lazy("Two claims in one criterion"),
    help=Help(
        finds=gettext_lazy("A criterion asks for two or more things at once."),
        why=gettext_lazy(
            "When a response does only one of them, graders decide differently. Lists after “such "
            "as” are fine: they illustrate one claim."
        ),
        before=gettext_lazy("+6 Recommends an ECG and explains why it is needed."),
        after=gettext_lazy("+3 Recommends an ECG. / +3 Explains why the ECG is needed."),
    ),
)  # fmt: skip
def one_claim(content: CaseContent, context: Context) -> Iterator[Hit]:
    """One criterion, one thing to decide."""
    for index, _criterion, reading, lexicon in readings(content):
        if _has_two_claims(reading.bare, lexicon.language):
            yield Hit(
                f"rubrics[{index}].criterion",
                _("This asks for more than one thing; split it, so that each gets its own points."),
            )


@lru_cache(maxsize=2_048)
def _has_two_claims(bare: str, language: str) -> bool:
    lexicon, text = lexicon_named(language), bare
    for name in ("illustrates", "conditions"):
        if found := lexicon.find(name, text):
            text = text[: found.start()] + text[found.end() :]
    if any(_lists_three(sentence, lexicon) for sentence in _SENTENCE.split(text)):
        return True
    found = lexicon.find("two_claims", text)
    if found is None:
        return False
    inner = lexicon.find("inner_clause", text)
    if inner is None or inner.start() > found.end():
        return True
    # After "that" the second verb may belong to the patient or the drug; verbs of telling belong to the response.
    return lexicon.find("two_claims_in_clause", text) is not None


def _lists_three(sentence: str, lexicon: Lexicon) -> bool:
    """Whether a sentence lists three things or more, all of which a response would have to hold."""
    outside = lexicon.find("list_scope", sentence)
    parts = [part.strip() for part in sentence[: outside.start() if outside else None].split(",")]
    for place in range(1, len(parts)):
        joins = lexicon.find("list_and", parts[place])
        if joins is None:
            continue
        # "a, b, and c" has its "and" at the beginning of a part, "a, b and c" inside.
        needed = 2 if joins[0].strip() in ("and", "및") else 1
        before = parts[max(place - needed, 0) : place]
        short = all(len(part.split()) <= LONGEST_ITEM for part in before[needed - 1 :])
        asides = any(lexicon.find("list_aside", part) for part in [*before[1:], parts[place]][:1])
        if len(before) == needed and short and not asides:
            return True
    return False


@check(
    "rubric.refers", family="on its own", severity=Severity.WARNING,
    title=gettext_lazy("Refers to another criterion"),
    help=Help(
        finds=gettext_lazy("A criterion can only be understood beside another one."),
        why=gettext_lazy("Graders and judges see one criterion at a time, and the order may change."),
        before=gettext_lazy("+5 Also names the dose of the drug mentioned above."),
        after=gettext_lazy("+5 Names the dose of amoxicillin."),
    ),
)  # fmt: skip
def stands_alone(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Every criterion is judged on its own."""
    for index, criterion, reading, _lexicon in readings(content):
        found = reading.find("refers")
        if found and not reading.find("refers_excused"):
            yield Hit(
                f"rubrics[{index}].criterion",
                _("“%(words)s” points to another criterion, which the grader doesn't see. Say it in full.")
                % {"words": found[0].strip()},
                span=_span(criterion, reading, found.span()),
            )


@check(
    "rubric.vague", family="vague", severity=Severity.WARNING, title=gettext_lazy("A vague word alone"),
    help=Help(
        finds=gettext_lazy(
            "A criterion rests on a word such as appropriate, adequate or good, and names nothing to "
            "look for."
        ),
        why=gettext_lazy(
            "Two graders mean two different things by it, and a judge model says yes to almost "
            "everything."
        ),
        before=gettext_lazy("+5 Gives appropriate advice."),
        after=gettext_lazy("+5 Advises to stop the blood thinner two days before the operation."),
    ),
)  # fmt: skip
def not_vague(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A vague word needs something to look for."""
    for index, criterion, reading, lexicon in readings(content):
        vague = _vague_word(reading, lexicon)
        if vague:
            place = reading.text.lower().find(vague)
            yield Hit(
                f"rubrics[{index}].criterion",
                _("“%(word)s” alone can't be graded; say what a good response contains.") % {"word": vague},
                span=_span(criterion, reading, (place, place + len(vague))),
            )


def _vague_word(reading: Reading, lexicon: Lexicon) -> str:
    vague, telling = "", 0
    for word in words_of(reading.text):
        if lexicon.is_one_of("vague", word):
            vague = vague or word
        elif lexicon.is_one_of("negation", word):
            return ""
        elif not lexicon.is_one_of("generic", word) and not lexicon.is_one_of("empty", word):
            telling += 1
            if telling >= TELLING_WORDS:
                return ""
    return vague


@check(
    "rubric.unobservable", family="unobservable", severity=Severity.ADVICE,
    title=gettext_lazy("Can't be seen in a response"),
    help=Help(
        finds=gettext_lazy(
            "A criterion asks what a model understands or considers, or what the patient does "
            "afterwards."
        ),
        why=gettext_lazy(
            "A grader sees a text. What it says can be judged; what is behind it or comes after it "
            "can't."
        ),
        before=gettext_lazy("+5 Understands that the patient may be pregnant."),
        after=gettext_lazy("+5 Asks whether the patient could be pregnant."),
    ),
)  # fmt: skip
def observable(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A criterion is about what stands in the response."""
    for index, criterion, reading, _lexicon in readings(content):
        if found := reading.find("unobservable"):
            yield Hit(
                f"rubrics[{index}].criterion",
                _("A grader can't see this in a response; say what the response must state, ask or advise."),
                span=_span(criterion, reading, found.span()),
            )


def _span(criterion: Criterion, reading: Reading, span: tuple[int, int]) -> tuple[int, int] | None:
    """Return the span when the reading is the text itself; spaces taken out would shift it."""
    return span if criterion.criterion.startswith(reading.text) else None


WORDING_CHECKS: tuple[Check, ...] = (sign_matches_wording, one_claim, stands_alone, not_vague, observable)
