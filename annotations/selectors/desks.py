"""What the desks of a session mean for its numbers."""

from collections.abc import Sequence

from django.utils.translation import ngettext

from annotations.models import Desk, GradingSession, SessionRater


def independence_note(sessions: Sequence[GradingSession]) -> str:
    """Return what every report says where graders could have seen each other's verdicts; else nothing.

    These pages keep them apart; Label Studio's open edition has no such walls between its users. Cost: one query.
    """
    members = SessionRater.objects.filter(session__in=sessions, desk=Desk.LABEL_STUDIO)
    number = members.values("rater").distinct().count()
    if not number:
        return ""
    return ngettext(
        "%(number)s grader worked in Label Studio, which can’t keep its users from seeing each other’s verdicts: that "
        "the verdicts are independent could not be enforced there.",
        "%(number)s graders worked in Label Studio, which can’t keep its users from seeing each other’s verdicts: that "
        "the verdicts are independent could not be enforced there.",
        number,
    ) % {"number": number}
