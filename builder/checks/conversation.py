"""Checks of the conversation, the reference answer and the tags."""

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.checks.characters import is_blank
from builder.checks.findings import Check, Context, Help, Hit, Mend, Severity, check
from builder.content import CaseContent


@check(
    "prompt.empty", family="conversation", severity=Severity.ERROR, title=gettext_lazy("A case without a turn"),
    help=Help(
        finds=gettext_lazy("The conversation has no turn at all."),
        why=gettext_lazy("Without a question there is nothing a model could answer."),
        before=gettext_lazy("(no turn)"),
        after=gettext_lazy("User: My chest has hurt for an hour. What should I do?"),
    ),
)  # fmt: skip
def has_turns(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A case asks something."""
    if not content.prompt:
        yield Hit("prompt", _("Write at least one turn."))


@check(
    "prompt.last_turn", family="conversation", severity=Severity.ERROR,
    title=gettext_lazy("The last turn isn't the user's"),
    help=Help(
        finds=gettext_lazy("The conversation ends with a turn of the system or the assistant."),
        why=gettext_lazy("The model under test writes the next turn, so it needs a user's turn to answer."),
        before=gettext_lazy("User: My chest hurts. / Assistant: Since when?"),
        after=gettext_lazy("User: My chest hurts. / Assistant: Since when? / User: For an hour."),
    ),
)  # fmt: skip
def ends_with_user(content: CaseContent, context: Context) -> Iterator[Hit]:
    """The model answers the user's last turn, so there must be one."""
    if content.prompt and content.prompt[-1].role != "user":
        yield Hit(
            f"prompt[{len(content.prompt) - 1}].role",
            _("The last turn must be the user's: it is what the model answers."),
        )


@check(
    "prompt.empty_turn", family="conversation", severity=Severity.ERROR, title=gettext_lazy("An empty turn"),
    help=Help(
        finds=gettext_lazy("A turn holds nothing but spaces."),
        why=gettext_lazy("Some harnesses refuse an empty turn, others answer it with nonsense."),
        before=gettext_lazy("User: (nothing)"),
        after=gettext_lazy("User: What is the dose for a child of 14 kg?"),
    ),
)  # fmt: skip
def no_empty_turn(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Every turn says something."""
    for index, turn in enumerate(content.prompt):
        if is_blank(turn.content):
            row = f"prompt[{index}]"
            mend = Mend(row, None, _("Remove this turn")) if len(content.prompt) > 1 else None
            yield Hit(f"{row}.content", _("This turn is empty."), mend)


@check(
    "prompt.system_turn", family="conversation", severity=Severity.WARNING,
    title=gettext_lazy("A system turn in the middle"),
    help=Help(
        finds=gettext_lazy("A system turn stands after the first turn."),
        why=gettext_lazy("Some harnesses allow one system turn, at the beginning, and refuse the case otherwise."),
        before=gettext_lazy("User: Hello. / System: Answer briefly. / User: What now?"),
        after=gettext_lazy("System: Answer briefly. / User: Hello. What now?"),
    ),
)  # fmt: skip
def system_turn_first(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Harnesses take one system turn, at the beginning."""
    for index, turn in enumerate(content.prompt):
        if turn.role == "system" and index > 0:
            yield Hit(
                f"prompt[{index}].role", _("A system turn after the first is refused by some harnesses.")
            )


@check(
    "reference.missing", family="conversation", severity=Severity.WARNING,
    title=gettext_lazy("No reference answer"),
    help=Help(
        finds=gettext_lazy("The case has no reference answer."),
        why=gettext_lazy("Graders agree more often when they can compare a response with a good one."),
        before=gettext_lazy("(no reference answer)"),
        after=gettext_lazy("Record a 12-lead ECG within ten minutes and call the cardiology team."),
    ),
)  # fmt: skip
def has_reference(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Graders judge better beside a reference answer."""
    if not content.reference_answer.strip():
        yield Hit("reference", _("There is no reference answer for graders to compare with."))


@check(
    "tags.duplicate", family="tags", severity=Severity.ERROR, title=gettext_lazy("A tag given twice"),
    help=Help(
        finds=gettext_lazy("The case carries the same tag more than once."),
        why=gettext_lazy("Scores are reported per tag; a tag given twice would count the case twice."),
        before=gettext_lazy("theme:sepsis, theme:sepsis"),
        after=gettext_lazy("theme:sepsis"),
    ),
)  # fmt: skip
def tags_once(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A tag counts once."""
    once = list(dict.fromkeys(content.example_tags))
    for tag, times in Counter(content.example_tags).items():
        if times > 1:
            mend = Mend("example_tags", once, _("Keep each tag once"))
            yield Hit("example_tags", _("The tag %(tag)s is given twice.") % {"tag": tag}, mend)


@check(
    "tags.both", family="tags", severity=Severity.ERROR, title=gettext_lazy("A tag on the case and on a criterion"),
    help=Help(
        finds=gettext_lazy("The same tag is on the case and on one of its criteria."),
        why=gettext_lazy(
            "A case's tag reports the whole score, a criterion's tag only its part; one name can't "
            "mean both."
        ),
        before=gettext_lazy("Case: axis:accuracy · Criterion 1: axis:accuracy"),
        after=gettext_lazy("Case: theme:sepsis · Criterion 1: axis:accuracy"),
    ),
)  # fmt: skip
def tags_apart(content: CaseContent, context: Context) -> Iterator[Hit]:
    """A tag is either the case's or a criterion's."""
    shared = set(content.example_tags) & {tag for criterion in content.rubrics for tag in criterion.tags}
    kept = [tag for tag in content.example_tags if tag not in shared]
    for tag in sorted(shared):
        yield Hit(
            "example_tags",
            _("The tag %(tag)s is on the case and on a criterion; keep one.") % {"tag": tag},
            Mend("example_tags", kept, _("Take it off the case")),
        )


CONVERSATION_CHECKS: tuple[Check, ...] = (
    has_turns, ends_with_user, no_empty_turn, system_turn_first, has_reference, tags_once, tags_apart,
)  # fmt: skip
