"""What stands beside the numbers of a report: rulings, calibration, third opinions, and desks without walls."""

from io import StringIO
from typing import Any

from django.core.management import call_command

from annotations.models import (
    Assignment,
    Grade,
    GradingSession,
    Rater,
    Resolution,
    SessionItem,
    SessionRater,
)
from exports.models import Response
from tests.annotations.test_report_pages import make_session, text_of
from tests.cast import Cast


def test_reports_of_label_studio_graders_say_what_could_not_be_enforced(cast: Cast, as_user: Any) -> None:
    session = make_session(cast)
    note = "could not be enforced there"
    for name in ("session-agreement", "session-scores"):
        assert note not in text_of(as_user(cast.lou), name, session)
    session.session_raters.filter(position__in=(1, 2)).update(desk="label-studio")
    for name in ("session-agreement", "session-scores"):
        text = text_of(as_user(cast.lou), name, session)
        assert "2 graders worked in Label Studio" in text and note in text
    output = StringIO()
    call_command("agreement", session=[session.pk], stdout=output)
    call_command("score", "birch", session=session.pk, stdout=output)
    assert output.getvalue().count(note) == 2


def test_the_scores_page_says_whose_word_counts(cast: Cast, as_user: Any) -> None:
    session = make_session(cast)
    assert "else the strict majority" in text_of(as_user(cast.lou), "session-scores", session)
    GradingSession.objects.filter(pk=session.pk).update(rule="lead")
    text = text_of(as_user(cast.lou), "session-scores", session)
    assert "where all graders agree it is theirs" in text and "strict majority" not in text


def test_rulings_that_decide_nothing_and_calibration_stand_on_the_card(cast: Cast, as_user: Any) -> None:
    session = make_session(cast)
    answers = list(Response.objects.filter(run__name="birch").order_by("pk")[:3])
    for answer, verdict in zip(answers, ("cannot_judge", "unclear"), strict=False):
        Resolution.objects.create(
            session=session, response=answer, criterion_index=0, verdict=verdict, reason="So.", by=cast.lou
        )
    SessionItem.objects.filter(session=session, response=answers[2]).update(is_calibration=True)
    text = text_of(as_user(cast.lou), "session-scores", session)
    assert "Ruled: cannot judge 1 of" in text and "Ruled: unclear wording 1 of" in text
    assert "For practice 1 case their answers count for no number" in text and "for practice" in text
    output = StringIO()
    call_command("score", "birch", session=session.pk, stdout=output)
    assert "adjudicated as undecidable: 1 cannot judge, 1 unclear wording" in output.getvalue()
    assert "for calibration, counted in no number: 1 case" in output.getvalue()


def test_third_opinions_are_told_on_the_agreement_page(cast: Cast, as_user: Any) -> None:
    session = make_session(cast)
    before = text_of(as_user(cast.lou), "session-agreement", session)
    third = Rater.objects.create(kind="external", name="third")
    SessionRater.objects.create(session=session, rater=third, position=9)
    response = Response.objects.filter(run__name="birch").earliest("pk")
    given = Assignment.objects.create(session=session, response=response, rater=third, position=1, asked=[0])
    Grade.objects.create(assignment=given, criterion_index=0, verdict="met")
    after = text_of(as_user(cast.lou), "session-agreement", session)
    assert "third opinion" not in before and "1 verdict was a third opinion on a disagreement" in after
    output = StringIO()
    call_command("agreement", session=[session.pk], stdout=output)
    assert "Third opinions on disagreements, left out here: 1 verdict." in output.getvalue()
