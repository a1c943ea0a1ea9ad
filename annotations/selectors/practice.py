"""What a grader is shown after a practice answer: their verdicts, the right ones, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotations.models import Assignment, GoldVerdict, Verdict
from annotations.selectors.grading import Place, place_of
from builder.common.markdown import CleanHtml, render_markdown


@dataclass(frozen=True, slots=True)
class PractisedCriterion:
    """One criterion: what the grader said and what is right; `gold` is empty where nobody wrote it."""

    index: int
    text: str
    verdict: str
    note: str
    gold: str
    why: str

    @property
    def number(self) -> int:
        """Its place as people count."""
        return self.index + 1

    @property
    def agrees(self) -> bool:
        """Whether the grader's verdict is the right one."""
        return self.verdict == self.gold

    @property
    def verdict_label(self) -> str:
        """The grader's verdict in words."""
        return _label(self.verdict)

    @property
    def gold_label(self) -> str:
        """The right verdict in words."""
        return _label(self.gold)


@dataclass(frozen=True, slots=True)
class PracticePage:
    """Everything after one practice answer."""

    assignment: Assignment
    place: Place
    answer: CleanHtml
    criteria: Sequence[PractisedCriterion]

    @property
    def n_gold(self) -> int:
        """How many criteria have a right verdict."""
        return sum(1 for criterion in self.criteria if criterion.gold)

    @property
    def gives_reasons(self) -> bool:
        """Whether anybody wrote why a verdict is the right one."""
        return any(criterion.why for criterion in self.criteria)

    @property
    def n_agreed(self) -> int:
        """How many of these the grader judged the same."""
        return sum(1 for criterion in self.criteria if criterion.gold and criterion.agrees)


def practice_page(assignment: Assignment) -> PracticePage:
    """Return a practice answer that is done, with the right verdicts. Cost: three queries."""
    own = {grade.criterion_index: grade for grade in assignment.grades.all()}
    gold_rows = GoldVerdict.objects.filter(
        item__session=assignment.session_id, item__response=assignment.response_id
    )
    gold = {row.criterion_index: row for row in gold_rows}
    criteria = [
        PractisedCriterion(
            index, criterion.criterion,
            verdict=own[index].verdict if index in own else "", note=own[index].explanation if index in own else "",
            gold=gold[index].verdict if index in gold else "", why=gold[index].explanation if index in gold else "",
        )
        for index, criterion in enumerate(assignment.response.item.content.rubrics)
    ]  # fmt: skip
    return PracticePage(
        assignment, place_of(assignment), render_markdown(assignment.response.completion), criteria
    )


def _label(verdict: str) -> str:
    return str(Verdict(verdict).label) if verdict else ""
