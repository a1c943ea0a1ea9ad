"""What a finding is, what can mend it, and what checks may know beside the content."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from builder.content import CaseContent

# A text of this code, translated at once or when it is shown.
Text = str | Promise


class Severity(StrEnum):
    """Errors block submission and import; warnings are told and recorded; advice is a guess that may be wrong."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Mend:
    """One click that would settle a finding: the new value of one field, and what the button says.

    `field` is written as in a finding (`rubrics[2].points`, `example_tags`). The value None takes the row of that
    field out of its list (`rubrics[2]`).
    """

    field: str
    value: Any
    label: str


@dataclass(frozen=True, slots=True)
class Hit:
    """What a check's function says of one place; the registry adds the check's id and severity.

    `span` are the first character and the one after the last, in the text of the field.
    """

    field: str
    message: str
    mend: Mend | None = None
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check noticed: where (a field such as `rubrics[2].points`) and one sentence."""

    check_id: str
    severity: Severity
    field: str
    message: str
    mend: Mend | None = None
    span: tuple[int, int] | None = None

    @property
    def key(self) -> str:
        """Tell this finding from the others of the same content, such as `rubric.sign:rubrics[2].points`."""
        return f"{self.check_id}:{self.field}"


@dataclass(frozen=True, slots=True)
class Twin:
    """A text of another case of the department that is almost one of this case's.

    `index` is the criterion's place in this case, or None for the conversation; `number` is the place, from 1, in
    the other case.
    """

    index: int | None
    case_id: int
    title: str
    number: int
    text: str
    similarity: float


def _nobody_attested(_kind: str, _passage: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Context:
    """What the checks know beside the content; a selector gathers it with a constant number of queries."""

    today: date | None = None
    twins: tuple[Twin, ...] = ()
    # Whether somebody said why a passage of this kind may stay in this case.
    is_attested: Callable[[str, str], bool] = _nobody_attested


NOTHING_KNOWN = Context()

# A check's function: small, without queries, and fast on a million characters.
Function = Callable[[CaseContent, Context], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Help:
    """The help page of a check: what it finds, why that matters, and one text before and after mending."""

    finds: Text
    why: Text
    before: Text
    after: Text


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `check_id` is stable: it stands in audit rows, in the API and in addresses."""

    check_id: str
    family: str
    severity: Severity
    title: Text
    help: Help
    function: Function

    def findings(self, content: CaseContent, context: Context = NOTHING_KNOWN) -> Iterable[Finding]:
        """Run the check."""
        for hit in self.function(content, context):
            yield Finding(self.check_id, self.severity, hit.field, hit.message, hit.mend, hit.span)


def check(
    check_id: str, *, family: str, severity: Severity, title: Text, help: Help
) -> Callable[[Function], Check]:  # fmt: skip
    """Turn a function into a check; the registry names it in its tuple."""

    def named(function: Function) -> Check:
        return Check(check_id, family, severity, title, help, function)

    return named
