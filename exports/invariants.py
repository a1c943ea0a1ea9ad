"""What harnesses trip over in a set of cases, told when a release is frozen. Pure; nothing here blocks.

Imported sets keep their source's content even where it breaks one of these (HealthBench repeats a criterion and
has `ideal_completions_data` null in places), so each is a finding.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from builder.common.jsonl import unstorable
from builder.content import PROMPT_ID
from exports.formats.iso_dates import first_date
from exports.records import CaseRecord

# Characters that Python's splitlines and some readers of JSON Lines take for the end of a line.
_LINE_ENDS = re.compile("[\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e]")

_TEMPLATE_MARKS = re.compile(r"\{\{|\{%|\{#")


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that one case breaks; the whole set's are told at its first case."""

    check_id: str
    prompt_id: str


def prompt_id_is_safe(record: CaseRecord) -> bool:
    """An id fits in a file name and isn't read as a number."""
    return bool(PROMPT_ID.fullmatch(record.prompt_id)) and not record.prompt_id.isdigit()


def conversation_is_plain(record: CaseRecord) -> bool:
    """The user speaks last, and the system at most once, first."""
    roles = [turn.role for turn in record.content.prompt]
    return bool(roles) and roles[-1] == "user" and "system" not in roles[1:]


def points_can_score(record: CaseRecord) -> bool:
    """Something earns points, and nothing is worth none."""
    points = [criterion.points for criterion in record.content.rubrics]
    return any(each > 0 for each in points) and 0 not in points


def tags_are_distinct(record: CaseRecord) -> bool:
    """A tag stands once, and is either the case's or a criterion's."""
    rubrics = record.content.rubrics
    of_case = record.content.example_tags
    in_rubric = {tag for criterion in rubrics for tag in criterion.tags}
    lists = [of_case, *(criterion.tags for criterion in rubrics)]
    return all(len(set(tags)) == len(tags) for tags in lists) and not in_rubric & set(of_case)


def criteria_are_distinct(record: CaseRecord) -> bool:
    """A criterion's text stands once in its case."""
    texts = Counter(criterion.criterion for criterion in record.content.rubrics)
    return all(times == 1 for times in texts.values())


def lines_stay_whole(record: CaseRecord) -> bool:
    """No text holds a character that a careless reader takes for the end of the line."""
    texts = [turn.content for turn in record.content.prompt]
    texts += [criterion.criterion for criterion in record.content.rubrics]
    return not any(_LINE_ENDS.search(text) for text in texts)


def criteria_are_no_templates(record: CaseRecord) -> bool:
    """No criterion holds a mark of a template: simple-evals puts criteria into one and fails over them."""
    return not any(_TEMPLATE_MARKS.search(each.criterion) for each in record.content.rubrics)


def texts_are_no_dates(record: CaseRecord) -> bool:
    """No text is nothing but a date: Arrow, and with it `datasets`, would make a timestamp of it.

    The dates of evidence don't count: they are dates, and the format for `datasets` keeps them inside a text.
    """
    content = record.content
    passages = [msgspec.structs.replace(each, date="", review_by="") for each in content.evidence]
    return not first_date(msgspec.to_builtins(msgspec.structs.replace(content, evidence=passages)))


def values_can_be_written(record: CaseRecord) -> bool:
    """Every number is finite, and every text is one that UTF-8 and a database can hold."""
    values = msgspec.to_builtins(record.content)
    return not unstorable(values) and all(math.isfinite(number) for number in _numbers(values))


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _numbers(item)


INVARIANTS: dict[str, Callable[[CaseRecord], bool]] = {
    "export.prompt_id": prompt_id_is_safe,
    "export.conversation": conversation_is_plain,
    "export.points": points_can_score,
    "export.tags": tags_are_distinct,
    "export.repeated_criterion": criteria_are_distinct,
    "export.line_ends": lines_stay_whole,
    "export.template_marks": criteria_are_no_templates,
    "export.date_text": texts_are_no_dates,
    "export.unwritable": values_can_be_written,
}


def find_violations(records: Iterable[CaseRecord]) -> Iterator[Violation]:
    """Yield every broken invariant, case by case, and at the end those of the set as a whole."""
    shapes: dict[tuple[bool, bool], str] = {}
    fields: dict[frozenset[str], str] = {}
    for record in records:
        for check_id, holds in INVARIANTS.items():
            if not holds(record):
                yield Violation(check_id, record.prompt_id)
        reference = record.content.ideal_completions_data
        shapes.setdefault((reference is UNSET, reference is None), record.prompt_id)
        fields.setdefault(_extra_fields(record), record.prompt_id)
    if len(shapes) > 1:
        yield Violation("export.ideal_completions_data", list(shapes.values())[1])
    if len(fields) > 1:
        yield Violation("export.ragged_fields", list(fields.values())[1])


def _extra_fields(record: CaseRecord) -> frozenset[str]:
    """Return the fields that an imported row has beside HealthBench's: `datasets` fills them with null elsewhere."""
    of_criteria = {f"rubrics.{key}" for criterion in record.content.rubrics for key in criterion.extra}
    return frozenset(record.content.extra) | of_criteria
