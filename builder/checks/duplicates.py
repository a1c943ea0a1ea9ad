"""Checks of texts that stand twice: inside the case, and in the department; and of those that contradict."""

from collections.abc import Iterator
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.checks.findings import Check, Context, Help, Hit, Mend, Severity, check
from builder.checks.points import points_text
from builder.checks.reading import claim_of, same_claim
from builder.content import CaseContent
from builder.similarity import estimated, sketches_of

# Up to here every pair is compared; of more criteria only those whose sketches look alike.
MOST_PAIRED = 40
WORTH_COMPARING = 0.3


# Two checks ask for the same pairs, one after the other.
@lru_cache(maxsize=16)
def _alike(rubric: tuple[tuple[str, float], ...]) -> tuple[tuple[int, int], ...]:
    """Return the places of any two criteria that are about the same thing, the earlier one first."""
    places = [index for index, (text, _points) in enumerate(rubric) if text]
    claims = {index: claim_of(rubric[index][0]) for index in places}
    if len(places) <= MOST_PAIRED:
        pairs = [(one, other) for place, one in enumerate(places) for other in places[place + 1 :]]
    else:
        pairs = _worth_comparing(places, [claims[index].joined for index in places])
    found = []
    for one, other in pairs:
        if rubric[one][0] == rubric[other][0]:
            if rubric[one][1] * rubric[other][1] < 0:
                found.append((one, other))
        elif same_claim(claims[one], claims[other]):
            found.append((one, other))
    return tuple(found)


def _pairs(content: CaseContent) -> tuple[tuple[int, int], ...]:
    return _alike(tuple((each.criterion.strip(), each.points) for each in content.rubrics))


def _worth_comparing(places: list[int], texts: list[str]) -> list[tuple[int, int]]:
    sketches = sketches_of(texts)
    pairs = []
    for row, one in enumerate(places):
        likely = estimated(sketches[row + 1 :], sketches[row : row + 1])[:, 0] >= WORTH_COMPARING
        pairs += [(one, places[row + 1 + int(after)]) for after in likely.nonzero()[0]]
    return pairs


@check(
    "rubric.near_duplicate", family="duplicates", severity=Severity.WARNING,
    title=gettext_lazy("Almost the same criterion twice"),
    help=Help(
        finds=gettext_lazy(
            "Two criteria of the case differ in a few letters only. Other numbers, sides or names "
            "make a criterion another one."
        ),
        why=gettext_lazy("A response would earn or lose the points twice for one thing."),
        before=gettext_lazy("+5 Asks about blood thinners. / +5 Asks the patient about blood thinners."),
        after=gettext_lazy("+5 Asks about blood thinners."),
    ),
)  # fmt: skip
def no_near_duplicate(content: CaseContent, context: Context) -> Iterator[Hit]:
    """The same thing isn't counted twice."""
    told: set[int] = set()
    for one, other in _pairs(content):
        first, second = content.rubrics[one], content.rubrics[other]
        is_same = claim_of(first.criterion).is_denied == claim_of(second.criterion).is_denied
        if is_same and first.points * second.points > 0 and other not in told:
            told.add(other)
            row = f"rubrics[{other}]"
            yield Hit(
                f"{row}.criterion",
                _("This says almost the same as criterion %(number)s.") % {"number": one + 1},
                Mend(row, None, _("Remove this criterion")),
            )


@check(
    "rubric.contradictory", family="contradictory", severity=Severity.ADVICE,
    title=gettext_lazy("Two criteria that may contradict each other"),
    help=Help(
        finds=gettext_lazy("Two criteria ask for the opposite, or one thing is counted from both sides."),
        why=gettext_lazy(
            "No response can meet both; or it earns points for saying something and loses them again "
            "for not saying it."
        ),
        before=gettext_lazy(
            "+5 Recommends antibiotics for the sore throat. / +5 Does not recommend antibiotics for "
            "the sore throat."
        ),
        after=gettext_lazy("−5 Recommends antibiotics for the sore throat."),
    ),
)  # fmt: skip
def no_contradiction(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A response can meet every criterion that earns points."""
    for one, other in _pairs(content):
        first, second = content.rubrics[one], content.rubrics[other]
        is_denied = claim_of(first.criterion).is_denied != claim_of(second.criterion).is_denied
        is_opposed = first.points * second.points < 0
        # Raising may be right and lowering wrong, or both wrong; only rewarding both contradicts itself.
        is_direction = is_denied and claim_of(first.criterion).names_opposites and first.points < 0
        is_direction |= is_denied and is_opposed and claim_of(first.criterion).names_opposites
        if is_direction or (not is_denied and not is_opposed):
            continue
        numbers = {"number": one + 1, "points": points_text(first.points)}
        if is_denied and is_opposed:
            text = _("Criterion %(number)s (%(points)s) counts the same thing from the other side.")
        elif is_denied:
            text = _("This seems to ask for the opposite of criterion %(number)s (%(points)s).")
        else:
            text = _("Criterion %(number)s (%(points)s) says the same with the opposite sign.")
        yield Hit(f"rubrics[{other}].criterion", text % numbers)


@check(
    "case.near_duplicate", family="department", severity=Severity.WARNING,
    title=gettext_lazy("Almost the conversation of another case"),
    help=Help(
        finds=gettext_lazy("Another case of the department has almost the same conversation."),
        why=gettext_lazy(
            "Two copies count one question twice in every score, and make intervals look narrower "
            "than they are."
        ),
        before=gettext_lazy("Two cases that begin: I have had chest pain since this morning …"),
        after=gettext_lazy("One case, or two that differ in what is asked"),
    ),
)  # fmt: skip
def conversation_is_new(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A question stands once in the department."""
    for twin in context.twins:
        if twin.index is None:
            yield Hit(
                "prompt",
                _("The conversation is %(percent)s %% the same as in “%(title)s”.")
                % {"percent": round(100 * twin.similarity), "title": twin.title},
            )


@check(
    "rubric.department_duplicate", family="department", severity=Severity.ADVICE,
    title=gettext_lazy("Almost a criterion of another case"),
    help=Help(
        finds=gettext_lazy(
            "Another case of the department has a criterion that differs in a few letters only. One "
            "that is word for word the same is reuse, and isn't told."
        ),
        why=gettext_lazy(
            "With the same words in both cases the two can be reported together, and graders need to "
            "learn them once."
        ),
        before=gettext_lazy("Asks the patient about blood thinners. (another case: Asks about blood thinners.)"),
        after=gettext_lazy("Asks about blood thinners. (in both cases)"),
    ),
)  # fmt: skip
def criterion_is_shared(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Two cases that mean the same say the same."""
    for twin in context.twins:
        if twin.index is None or twin.index >= len(content.rubrics):
            continue
        field = f"rubrics[{twin.index}].criterion"
        yield Hit(
            field,
            _(
                "Criterion %(number)s of “%(title)s” says almost the same. Use the same words if you mean the same."
            )
            % {"number": twin.number, "title": twin.title},
            Mend(field, twin.text, _("Use the other case's words")),
        )


DUPLICATE_CHECKS: tuple[Check, ...] = (
    no_near_duplicate, no_contradiction, conversation_is_new, criterion_is_shared,
)  # fmt: skip
