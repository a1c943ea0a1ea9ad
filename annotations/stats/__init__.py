"""Statistics of agreement and rubric scores: pure functions on arrays, without a database or files."""

from annotations.stats.agreement import CI_METHODS, COEFFICIENTS, agreement, applicable_coefficients
from annotations.stats.comparison import (
    PairedDifference,
    benjamini_hochberg,
    clustered_se,
    holm,
    paired_difference,
)
from annotations.stats.estimate import STATUSES, Estimate
from annotations.stats.pairwise import PairwiseKappa, cohen_kappa, pairwise_cohen_kappa
from annotations.stats.rates import Rate, red_line_rate, worst_at_k
from annotations.stats.ratings import RatingTable
from annotations.stats.score_intervals import Score, bounds, score_grades, score_of_cases
from annotations.stats.scoring import CaseScores, RubricGrades, case_scores, rubric_score, run_score
from annotations.stats.weights import METRICS, WEIGHTS

__all__ = [
    "CI_METHODS",
    "COEFFICIENTS",
    "METRICS",
    "STATUSES",
    "WEIGHTS",
    "CaseScores",
    "Estimate",
    "PairedDifference",
    "PairwiseKappa",
    "Rate",
    "RatingTable",
    "RubricGrades",
    "Score",
    "agreement",
    "applicable_coefficients",
    "benjamini_hochberg",
    "bounds",
    "case_scores",
    "clustered_se",
    "cohen_kappa",
    "holm",
    "paired_difference",
    "pairwise_cohen_kappa",
    "red_line_rate",
    "rubric_score",
    "run_score",
    "score_grades",
    "score_of_cases",
    "worst_at_k",
]
