"""What report pages print, made from report values: texts, formatted numbers, plot geometry. Pure: no rows, no HTML."""

from annotations.presenters.agreement import AgreementPage, present_agreement
from annotations.presenters.scores import ScoresPage, present_scores

__all__ = ["AgreementPage", "ScoresPage", "present_agreement", "present_scores"]
