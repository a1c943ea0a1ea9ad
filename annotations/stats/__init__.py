"""Statistics of agreement, rubric scores, comparisons and judges: pure functions on arrays.

No database, no files, no framework: numpy, scipy and pandas only.
"""

from annotations.stats.agreement import COEFFICIENTS, agreement, applicable_coefficients
from annotations.stats.alt_test import AltTest, AnnotatorTest, alt_test
from annotations.stats.association import Association, Concordance, association, kendall_w
from annotations.stats.comparison import PairedDifference, clustered_se, paired_difference
from annotations.stats.estimate import STATUSES, Estimate
from annotations.stats.grader_counts import VerdictTable
from annotations.stats.icc import Icc, icc
from annotations.stats.intervals import CI_METHODS
from annotations.stats.judges import (
    Confusion,
    HumanBaseline,
    MacroF1,
    confusion_by_sign,
    human_macro_f1,
    judge_bias,
    judge_macro_f1,
)
from annotations.stats.length import length_adjusted
from annotations.stats.multiplicity import benjamini_hochberg, holm
from annotations.stats.pairwise import PairwiseKappa, cohen_kappa, pairwise_cohen_kappa
from annotations.stats.power import minimum_detectable_effect, sample_size
from annotations.stats.quality import QUALITY_FLAGS, GoldShare, GraderQuality, Speed, review_graders
from annotations.stats.rates import Rate, red_line_rate, worst_at_k
from annotations.stats.ratings import RatingTable
from annotations.stats.run_comparisons import RunComparison, paired_differences
from annotations.stats.score_intervals import Score, bounds, score_grades, score_of_cases
from annotations.stats.scoring import CaseScores, RubricGrades, case_scores, rubric_score, run_score
from annotations.stats.specific import light_kappa, specific_agreement
from annotations.stats.weights import METRICS, WEIGHTS
from annotations.stats.win_rate import WinRate, win_rate

__all__ = [
    "CI_METHODS",
    "COEFFICIENTS",
    "METRICS",
    "QUALITY_FLAGS",
    "STATUSES",
    "WEIGHTS",
    "AltTest",
    "AnnotatorTest",
    "Association",
    "CaseScores",
    "Concordance",
    "Confusion",
    "Estimate",
    "GoldShare",
    "GraderQuality",
    "HumanBaseline",
    "Icc",
    "MacroF1",
    "PairedDifference",
    "PairwiseKappa",
    "Rate",
    "RatingTable",
    "RubricGrades",
    "RunComparison",
    "Score",
    "Speed",
    "VerdictTable",
    "WinRate",
    "agreement",
    "alt_test",
    "applicable_coefficients",
    "association",
    "benjamini_hochberg",
    "bounds",
    "case_scores",
    "clustered_se",
    "cohen_kappa",
    "confusion_by_sign",
    "holm",
    "human_macro_f1",
    "icc",
    "judge_bias",
    "judge_macro_f1",
    "kendall_w",
    "length_adjusted",
    "light_kappa",
    "minimum_detectable_effect",
    "paired_difference",
    "paired_differences",
    "pairwise_cohen_kappa",
    "red_line_rate",
    "review_graders",
    "rubric_score",
    "run_score",
    "sample_size",
    "score_grades",
    "score_of_cases",
    "specific_agreement",
    "win_rate",
    "worst_at_k",
]
