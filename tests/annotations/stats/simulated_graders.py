"""Made-up graders with known habits: honest ones, and those a lead would want to hear of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotations.stats.grader_counts import VerdictTable

IntArray = NDArray[np.int64]


@dataclass
class Study:
    """Answers with their true verdicts, and who judges which answer at which place of their own order."""

    truth: IntArray  # answers × criteria
    case: IntArray
    grader: IntArray  # one entry per assignment
    answer: IntArray
    position: IntArray
    said: IntArray  # assignments × criteria

    def table(self) -> VerdictTable:
        """Return the verdicts, one row each, in no order."""
        n, criteria = self.said.shape
        row, criterion = np.repeat(np.arange(n), criteria), np.tile(np.arange(criteria), n)
        answer = self.answer[row]
        shuffled = np.random.default_rng(1).permutation(len(row))
        return VerdictTable(
            self.grader[row], answer * criteria + criterion, answer, self.case[answer], criterion,
            self.position[row], self.said.ravel(),
        ).only(shuffled)  # fmt: skip

    def own(self, grader: int) -> IntArray:
        """Return the assignments of a grader, in their own order."""
        rows = np.flatnonzero(self.grader == grader)
        return rows[np.argsort(self.position[rows])]


def simulate(
    seed: int, *, graders: int = 20, cases: int = 200, runs: int = 2, criteria: int = 7, overlap: int = 3
) -> Study:
    """Return a study of honest graders, each right 85 to 95 times in 100.

    Verdicts on one answer hang together (answers are good or bad, cases hard or easy), and some criteria are met by
    nearly every answer: so runs of one verdict and uniform answers are no rarity.
    """
    rng = np.random.default_rng(seed)
    answers = cases * runs
    case = np.repeat(np.arange(cases), runs)
    level = 1.0 + rng.normal(0, 0.7, cases)[case] + rng.normal(0, 1.0, answers)
    hard = rng.normal(0, 1.2, (cases, criteria))[case]
    truth = (rng.random((answers, criteria)) < 1 / (1 + np.exp(-(level[:, None] - hard)))).astype(np.int64)
    slots = rng.permutation(answers)
    grader = np.array([(place * overlap + k) % graders for place in range(answers) for k in range(overlap)])
    answer = np.repeat(slots, overlap)
    position = rng.permutation(len(answer))
    right = rng.uniform(0.85, 0.95, graders)[grader]
    wrong = rng.random((len(answer), criteria)) > right[:, None]
    said = np.where(wrong, 1 - truth[answer], truth[answer])
    return Study(truth, case, grader, answer, position, said)


def draw_a_line(study: Study, grader: int, *, share: float = 0.6) -> None:
    """Let a grader say met to all of this share of their answers, here and there."""
    rows = study.own(grader)
    chosen = np.random.default_rng(2).random(len(rows)) < share
    study.said[rows[chosen]] = 1


def tire(study: Study, grader: int, *, answers: int) -> None:
    """Let a grader say met to everything in their last answers."""
    study.said[study.own(grader)[-answers:]] = 1


def drift(study: Study, grader: int, *, right: float = 0.55) -> None:
    """Let a grader guess in the second half: right so often only."""
    rows = study.own(grader)
    late = rows[len(rows) // 2 :]
    truth = study.truth[study.answer[late]]
    wrong = np.random.default_rng(3).random(truth.shape) > right
    study.said[late] = np.where(wrong, 1 - truth, truth)
