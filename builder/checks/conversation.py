"""Checks of the conversation, the reference answer and the tags."""

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from builder.checks.findings import Check, Finding, error, warning
from builder.content import CaseContent


def has_turns(content: CaseContent) -> Iterator[Finding]:
    """A case asks something."""
    if not content.prompt:
        yield error("prompt.empty", "prompt", _("Write at least one turn."))


def ends_with_user(content: CaseContent) -> Iterator[Finding]:
    """The model answers the user's last turn, so there must be one."""
    if content.prompt and content.prompt[-1].role != "user":
        yield error(
            "prompt.last_turn", f"prompt[{len(content.prompt) - 1}].role",
            _("The last turn must be the user's: it is what the model answers."),
        )  # fmt: skip


def no_empty_turn(content: CaseContent) -> Iterator[Finding]:
    """Every turn says something."""
    for index, turn in enumerate(content.prompt):
        if not turn.content.strip():
            yield error("prompt.empty_turn", f"prompt[{index}].content", _("This turn is empty."))


def system_turn_first(content: CaseContent) -> Iterator[Finding]:
    """Harnesses take one system turn, at the beginning."""
    for index, turn in enumerate(content.prompt):
        if turn.role == "system" and index > 0:
            yield warning(
                "prompt.system_turn", f"prompt[{index}].role",
                _("A system turn after the first is refused by some harnesses."),
            )  # fmt: skip


def has_reference(content: CaseContent) -> Iterator[Finding]:
    """Graders judge better beside a reference answer."""
    if not content.reference_answer.strip():
        yield warning(
            "reference.missing", "reference", _("There is no reference answer for graders to compare with.")
        )


def tags_once(content: CaseContent) -> Iterator[Finding]:
    """A tag counts once, and is either the case's or a criterion's."""
    for tag, times in Counter(content.example_tags).items():
        if times > 1:
            yield error("tags.duplicate", "example_tags", _("The tag %(tag)s is given twice.") % {"tag": tag})
    shared = set(content.example_tags) & {tag for criterion in content.rubrics for tag in criterion.tags}
    for tag in sorted(shared):
        yield error(
            "tags.both", "example_tags",
            _("The tag %(tag)s is on the case and on a criterion; keep one.") % {"tag": tag},
        )  # fmt: skip


CONVERSATION_CHECKS: tuple[Check, ...] = (
    has_turns, ends_with_user, no_empty_turn, system_turn_first, has_reference, tags_once,
)  # fmt: skip
