"""What a grader does with whole answers at the desk: practise, skip, flag, take another, give a third opinion."""

import re
from datetime import date
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from annotations.models import Assignment, GoldVerdict, Grade, GradingSession, SessionItem, SessionState
from annotations.selectors.grading import Progress, desk_page, place_of, progress_at_end, progress_of
from annotations.services.grades import skip_assignment
from annotations.services.members import withdraw_session_run
from annotations.services.sessions import end_grading
from tests.annotations.desk_rows import WHY, ask_third, practising
from tests.annotations.rows import assignment_of, give, make_session
from tests.cast import Cast
from tests.costs import queries_of

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def desk(session: GradingSession, position: int = 1) -> str:
    """Return the address of an answer."""
    return reverse("annotations:grade-item", args=[session.pk, position])


def done(session: GradingSession) -> str:
    """Return the address of the thanks."""
    return reverse("annotations:grade-done", args=[session.pk])


def compare(session: GradingSession, position: int) -> str:
    """Return the address where a practice answer is compared."""
    return reverse("annotations:grade-feedback", args=[session.pk, position])


def text(response: Any) -> str:
    """Return the page."""
    return str(response.content.decode())


def said(response: Any) -> list[str]:
    """Return the messages a page left behind."""
    return [str(message) for message in get_messages(response.wsgi_request)]


# ---- practice ----
def test_a_practice_answer_says_so_and_counts_for_nothing(cast: Cast, as_user) -> None:
    session = practising(cast, n=2)
    page = text(as_user(cast.gia).get(desk(session, 2)))
    assert "Practice answer 2 of 2" in page
    assert "<title>Practice answer 2 of 2 – Clinwright</title>" in page
    assert "You see the right verdicts after your own." in page
    assert "Skip this answer" not in page
    give(cast.gia, session, positions=[1, 2])
    rater = assignment_of(cast.gia, session).rater_id
    assert progress_of(session, rater).done == 0
    first = assignment_of(cast.gia, session, 3)
    assert (place_of(first).number, place_of(first).practice) == (1, 2)
    assert "<title>Grade answer 1 of" in text(as_user(cast.gia).get(desk(session, 3)))


def test_after_practice_own_gold_and_why_stand_side_by_side(cast: Cast, as_user) -> None:
    session = practising(cast)
    client = as_user(cast.gia)
    assert WHY not in text(client.get(desk(session)))
    sent = {f"verdict-{index}": "met" for index in range(3)}
    response = client.post(desk(session), {**sent, "note-0": "Names it twice.", "then": "next"})
    assert response.url == compare(session, 1)
    page = text(client.get(response.url))
    assert "2 of your 3 verdicts are the right ones." in page
    assert page.count("differs from yours") == 1
    assert WHY in page
    assert "Names it twice." in page
    assert reverse("annotations:grade", args=[session.pk]) in page


def test_the_right_verdicts_wait_until_every_criterion_is_judged(cast: Cast, as_user) -> None:
    session = practising(cast)
    client = as_user(cast.gia)
    client.post(desk(session), {"verdict-0": "met", "then": "next"})
    response = client.get(compare(session, 1), follow=True)
    assert response.redirect_chain[-1][0] == desk(session)
    assert WHY not in text(response)
    assert "once you have judged every criterion" in text(response)
    give(cast.gia, session, positions=[1])
    settled = text(client.get(desk(session)))
    assert '<fieldset class="cw-bare" disabled>' in settled
    assert compare(session, 1) in settled


def test_without_any_reason_there_is_no_column_of_reasons(cast: Cast, as_user) -> None:
    session = practising(cast)
    give(cast.gia, session)
    assert ">Why<" in text(as_user(cast.gia).get(compare(session, 1)))
    GoldVerdict.objects.update(explanation="")
    assert ">Why<" not in text(as_user(cast.gia).get(compare(session, 1)))


def test_an_answer_that_is_no_practice_has_no_right_verdicts(cast: Cast, as_user) -> None:
    session = practising(cast)
    give(cast.gia, session)
    assert as_user(cast.gia).get(compare(session, 3)).url == desk(session, 3)
    assert as_user(cast.gus).get(compare(session, 1)).url == desk(session, 1)
    assert as_user(cast.lou).get(compare(session, 1)).status_code == 404


# ---- skipping, flagging ----
def test_skipping_needs_a_reason_and_leads_on(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    refused = client.post(desk(session), {"verdict-0": "met", "reason": " ", "then": "skip"})
    assert refused.status_code == 422
    assert 'href="#skip-reason"' in text(refused)
    assert re.search(r'id="desk-skip" open', text(refused))
    assert re.search(r'name="verdict-0" value="met" checked', text(refused))
    response = client.post(desk(session), {"reason": "I treated this patient.", "then": "skip"})
    assert response.url == f"{desk(session, 2)}?skipped=1"
    page = text(client.get(response.url))
    assert 'value="unskip-1"' in page
    assert "Grade answer 1 of 3" in page
    assert client.get(desk(session, 1)).status_code == 404


def test_a_skipped_answer_is_taken_up_again_with_its_verdicts(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    client.post(desk(session), {"verdict-0": "met", "reason": "Later.", "then": "skip"})
    assert client.post(desk(session, 2), {"then": "unskip-1"}).url == desk(session, 1)
    assert re.search(r'name="verdict-0" value="met" checked', text(client.get(desk(session, 1))))


def test_what_somebody_else_took_stays_skipped(cast: Cast, as_user) -> None:
    session = make_session(cast)
    assignment = assignment_of(cast.gia, session)
    skip_assignment(assignment=assignment, reason="Not mine.", by=cast.gia)
    item = SessionItem.objects.get(session=session, response=assignment.response)
    SessionItem.objects.filter(pk=item.pk).update(taken=item.overlap)
    response = as_user(cast.gia).post(done(session), {"then": "unskip-1"})
    assert said(response) == ["Somebody else took this answer after you skipped it, so it stays skipped."]
    assert Assignment.objects.get(pk=assignment.pk).released_at is not None


def test_the_last_answer_skipped_leads_to_the_thanks_which_offers_it_again(cast: Cast, as_user) -> None:
    session = make_session(cast)
    give(cast.gia, session, positions=[1, 2, 3])
    client = as_user(cast.gia)
    response = client.post(
        desk(session, 4), {"reason": "The picture is missing.", "then": "skip"}, follow=True
    )
    assert response.redirect_chain[-1][0] == done(session)
    assert "The picture is missing." in text(response)
    assert client.post(done(session), {"then": "unskip-4"}).url == desk(session, 4)


@pytest.mark.parametrize("wish", ["unskip-", "unskip-x", "unskip-99", "unskip-99999999999999999999"])
def test_what_was_never_skipped_is_no_such_thing(cast: Cast, as_user, wish: str) -> None:
    session = make_session(cast)
    assert as_user(cast.gia).post(done(session), {"then": wish}).status_code == 404


def test_flagging_saves_the_verdicts_and_can_be_taken_back(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    refused = client.post(desk(session), {"verdict-0": "met", "note": "", "then": "flag"})
    assert (refused.status_code, Grade.objects.count()) == (422, 1)
    assert 'href="#flag-note"' in text(refused)
    assert client.post(desk(session), {"note": "Two drugs mixed up?", "then": "flag"}).url == desk(session, 1)
    page = text(client.get(desk(session)))
    assert "Two drugs mixed up?</textarea>" in page
    assert "Take the flag away" in page
    assert client.post(desk(session), {"then": "unflag"}).url == desk(session, 1)
    assert "Take the flag away" not in text(client.get(desk(session)))


# ---- quotes ----
def test_a_red_line_asks_for_the_words_and_never_blocks(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    page = text(client.get(desk(session)))
    assert page.count('<label for="quote-') == 1
    assert 'name="quote-2"' in page
    met = {f"verdict-{index}": "met" for index in range(3)}
    assert client.post(desk(session), {**met, "then": "next"}).url == desk(session, 2)
    client.post(desk(session), {"verdict-2": "met", "quote-2": "an ECG now", "then": "1"})
    assert Grade.objects.get(criterion_index=2).quote == "an ECG now"
    assert "an ECG now</textarea>" in text(client.get(desk(session)))


def test_without_points_a_red_line_does_not_show_itself_by_asking(cast: Cast, as_user) -> None:
    session = make_session(cast, show_points=False)
    page = text(as_user(cast.gia).get(desk(session)))
    assert '<label for="quote-' not in page


# ---- fragments ----
def test_a_part_holds_the_answer_and_nothing_around_it(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    response = client.get(desk(session, 2), headers={"X-Desk-Fragment": "ahead"})
    page = text(response)
    assert page.startswith('<div class="cw-deskpart" id="desk-part"')
    assert "no-store" in response["Cache-Control"]
    for absent in ("<html", "<form", "csrfmiddlewaretoken", "<script"):
        assert absent not in page
    assert re.search(rf'data-account="{cast.gia.pk}" data-position="2"', page)
    assert 'data-upcoming="3 4 1 "' in page
    assert assignment_of(cast.gia, session, 2).response.completion in page


def test_only_an_answer_that_is_looked_at_is_opened(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    client.get(desk(session, 2), headers={"X-Desk-Fragment": "ahead"})
    assert assignment_of(cast.gia, session, 2).opened_at is None
    client.get(desk(session, 2))
    assert assignment_of(cast.gia, session, 2).opened_at is not None


def test_a_part_leaves_the_messages_for_the_page(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    client.post(done(session), {"then": "claim"})
    client.get(desk(session, 2), headers={"X-Desk-Fragment": "ahead"})
    assert "No other answer waits any more." in text(client.get(desk(session, 1)))


def test_somebody_elses_page_is_not_saved_by_who_signed_in_since(cast: Cast, as_user) -> None:
    session = make_session(cast)
    sent = {"verdict-0": "met", "account": str(cast.gus.pk), "then": "next"}
    response = as_user(cast.gia).post(desk(session), sent)
    assert response.status_code == 409
    assert "Somebody else has signed in" in text(response)
    assert not Grade.objects.exists()


# ---- how far the grader is ----
def test_progress_counts_what_is_ones_own_now(cast: Cast) -> None:
    # Eight answers of two runs. Done: 1 and 2; 3 is skipped; then a run goes, and one of each pair with it.
    session, other = make_session(cast, n_cases=4), make_session(cast, n_cases=2)
    give(cast.gus, session)
    give(cast.gia, other)
    rater = assignment_of(cast.gia, session).rater_id
    assert progress_of(session, rater) == Progress(0, 8)
    give(cast.gia, session, positions=[1, 2])
    skip_assignment(assignment=assignment_of(cast.gia, session, 3), reason="Mine.", by=cast.gia)
    assert progress_of(session, rater) == Progress(2, 7)
    run = session.runs.get(pk=assignment_of(cast.gia, session, 1).response.run_id)
    withdraw_session_run(session=session, run=run, reason="The wrong model.", by=cast.lou)
    left = [row for row in session.assignments.filter(rater=rater) if row.response.run_id != run.pk]
    expected = Progress(sum(row.position == 2 for row in left), sum(row.released_at is None for row in left))
    assert expected.total in (3, 4)
    assert progress_of(session, rater) == expected
    live = session.assignments.order_by("pk").live()
    assert list(Assignment.objects.order_by("pk").live_in(session)) == list(live)
    assert progress_at_end(session, cast.gia) == expected
    assert progress_of(session, 0) == progress_at_end(session, cast.geo) == Progress(0, 0)


def test_progress_after_the_end_counts_third_opinions_alone(cast: Cast) -> None:
    session = make_session(cast)
    give(cast.gus, session)
    give(cast.gia, session, positions=[1])
    ask_third(cast.gia, session, 1, [0])
    ask_third(cast.gia, session, 2, [0])
    rater = assignment_of(cast.gia, session).rater_id
    assert progress_of(session, rater) == Progress(1, 4)
    end_grading(session=session, by=cast.lou)
    session.refresh_from_db()
    assert progress_of(session, rater) == Progress(1, 2)


# ---- third opinions ----
def test_a_third_opinion_shows_the_asked_criteria_alone(cast: Cast, as_user) -> None:
    session = make_session(cast)
    assignment = ask_third(cast.gia, session, 2, [2])
    page = text(as_user(cast.gia).get(desk(session, 2)))
    assert re.findall(r'id="criterion-(\d+)"', page) == ["3"]
    assert "of 1 judged" in page
    assert "Only these criteria of the answer are asked of you." in page
    assert [criterion.number for criterion in desk_page(assignment).criteria] == [3]


def test_a_third_opinion_can_still_be_given_while_the_lead_adjudicates(cast: Cast, as_user) -> None:
    session = make_session(cast)
    give(cast.gus, session)
    end_grading(session=session, by=cast.lou)
    ask_third(cast.gia, session, 2, [0, 2])
    client: Client = as_user(cast.gia)
    grade = reverse("annotations:grade", args=[session.pk])
    assert client.get(grade).url == desk(session, 2)
    assert "Grade answer 1 of 1" in text(client.get(desk(session, 2)))
    assert client.get(desk(session, 1)).status_code == 409
    work = text(client.get(reverse("builder:my-work")))
    assert "0 of 1 answers graded" in work
    response = client.post(desk(session, 2), {"verdict-0": "met", "verdict-2": "not_met", "then": "next"})
    assert response.url == done(session)
    assert "takes no more verdicts" in text(client.get(response.url))
    assert session.state == SessionState.OPEN  # the object of this test is older than the row


# ---- more work, deadline ----
def test_who_is_done_may_take_another_answer(cast: Cast, as_user) -> None:
    session = make_session(cast, overlap=1)
    give(cast.gia, session)
    client = as_user(cast.gia)
    assert "Take another answer" not in text(client.get(done(session)))
    assert said(client.post(done(session), {"then": "claim"})) == ["No other answer waits any more."]
    skip_assignment(assignment=assignment_of(cast.gus, session, 1), reason="Not mine.", by=cast.gus)
    assert "1 more answer of this session waits for a grader." in text(client.get(done(session)))
    response = client.post(done(session), {"then": "claim"})
    assert response.url == desk(session, 3)
    assert client.get(response.url).status_code == 200
    assert "Not done yet" in text(client.get(done(session)))


def test_a_deadline_is_said_on_the_desk_and_on_my_work(cast: Cast, as_user) -> None:
    session = make_session(cast, deadline=date(2031, 5, 4))
    client = as_user(cast.gia)
    assert "until 4 May" in text(client.get(desk(session)))
    assert "until 4 May" in text(client.get(reverse("builder:my-work")))
    give(cast.gia, session)
    assert "The session is to be done by 4 May 2031." in text(client.get(done(session)))


def test_my_work_names_the_practice_that_comes_first(cast: Cast, as_user) -> None:
    session = practising(cast, n=2)
    client = as_user(cast.gia)
    assert "2 practice answers first" in text(client.get(reverse("builder:my-work")))
    give(cast.gia, session, positions=[1, 2])
    page = text(client.get(reverse("builder:my-work")))
    assert "practice" not in page
    assert "0 of 2 answers graded" in page


# ---- pictures ----
def test_a_picture_of_the_answer_is_shown_and_a_remote_one_is_named(cast: Cast, as_user) -> None:
    session = make_session(cast)
    response = assignment_of(cast.gia, session).response
    response.completion = (
        f"![strip](data:image/png;base64,{PIXEL})\n\n![scan](https://a.example/x.png)\n\n|a|\n|-|\n|1|"
    )
    response.save()
    answer = as_user(cast.gia).get(desk(session))
    assert f'<img src="data:image/png;base64,{PIXEL}" alt="strip">' in text(answer)
    assert "Image not shown: scan (https://a.example/x.png)" in text(answer)
    assert "<table>" in text(answer)
    assert "img-src 'self' data:" in answer["Content-Security-Policy"]


# ---- cost ----
def test_every_page_of_the_desk_costs_at_most_fifteen_queries(cast: Cast, as_user) -> None:
    session = practising(cast, n_cases=8)
    client = as_user(cast.gia)
    give(cast.gia, session, positions=[1, 2, 3])
    addresses = [desk(session, 4), done(session), compare(session, 1)]
    costs = {address: queries_of(client, address) for address in addresses}
    assert {address: cost for address, cost in costs.items() if cost > 15} == {}
