"""The adjudicator's pages: the list, one decision, a third grader, taking back; and what they never say."""

import re
from typing import Any

import pytest
from django.urls import reverse

from annotations.models import GradingSession, Resolution, SessionRun
from annotations.selectors.adjudication import letters
from annotations.selectors.excerpts import excerpt_of
from annotations.services.resolutions import resolve_unit, withdraw_resolution
from annotations.services.sessions import close_session, open_session, rater_for_person
from builder.models import Membership, Role
from exports.models import Response, Run
from tests.annotations.disputed import OUTVOTED, annotate, answer_to, disputed, number_of
from tests.annotations.rows import make_release, make_run
from tests.cast import Cast
from tests.costs import queries_of


@pytest.fixture
def session(cast: Cast) -> GradingSession:
    """Two graders, three ties."""
    return disputed(cast)


def the_list(session: GradingSession) -> str:
    """Return the address of the list."""
    return reverse("annotations:session-disagreements", args=[session.pk])


def the_unit(session: GradingSession, place: int, number: int) -> str:
    """Return the address of one decision."""
    return reverse("annotations:session-disagreement", args=[session.pk, number_of(session, place), number])


def text_of(client: Any, address: str, status: int = 200) -> str:
    """Return a page's words."""
    response = client.get(address)
    assert response.status_code == status
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_list_is_ordered_by_weight_and_counted(cast: Cast, session: GradingSession, as_user: Any) -> None:
    text = text_of(as_user(cast.lou), the_list(session))
    places = [text.index(words) for words in ("A, criterion 2.", "B, criterion 0.", "A, criterion 0.")]
    assert places == sorted(places)
    assert "3 left , 0 decided." in text and "To decide 3" in text
    assert "1 met to 1 not met −10 pts Red line" in text
    assert "hidden from the adjudicator, too" in text


def test_while_graders_work_the_page_says_only_that_grading_must_end(cast: Cast, as_user: Any) -> None:
    session = disputed(cast, ended=False)
    text = text_of(as_user(cast.lou), the_list(session))
    assert "Grading has to end first" in text and "criterion 2." not in text and "To decide" not in text
    refused = as_user(cast.lou).get(the_unit(session, 0, 3))
    assert refused.status_code == 409
    # Nobody was faster: it is too early.
    assert "Not possible now" in refused.content.decode()


def test_what_the_majority_decides_stands_apart(cast: Cast, as_user: Any) -> None:
    session = disputed(cast, grades=OUTVOTED, graders=[cast.gia, cast.gus, cast.geo])
    text = text_of(as_user(cast.lou), the_list(session))
    assert "Nothing is left to decide." in text
    assert "Decided by the majority 3" in text and "2 met to 1 not met" in text
    assert "You may rule on these, too" in text and "hidden from the adjudicator" in text
    close_session(session=session, reason="Done.", by=cast.lou)
    text = text_of(as_user(cast.lou), the_list(session))
    assert "Decided by the majority 3" in text
    assert "You may rule" not in text and "hidden from the adjudicator" not in text


def test_a_decision_shows_what_it_is_about_and_no_names(
    cast: Cast, session: GradingSession, as_user: Any
) -> None:
    Response.objects.update(
        completion="Record an ECG **now**.\n\nThe patient may wait at home.\n\nCall back."
    )
    annotate(session, cast.gia, 0, 2, explanation="It sends them home.", quote="may wait at home")
    client = as_user(cast.lou)
    page = client.get(the_unit(session, 0, 3)).content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "<mark>may wait at home</mark>" in page
    assert "It sends them home." in text and "“may wait at home”" in text
    assert "The part of answer" in text and "Whole answer" in text
    drawn = letters(session)
    mine = drawn[rater_for_person(cast.gia).pk]
    assert f"Grader {mine} Met It sends them home." in text
    assert f"Grader {'B' if mine == 'A' else 'A'} Not met" in text
    for secret in ("m1", "Gia", "Gus", "gia@", "grader-1"):
        assert secret not in text
    assert "Case chest-pain-0, criterion 3" in text


def test_the_quotes_of_several_graders_are_marked_without_markdown() -> None:
    text = "Use **calcium** now.\n\nWait for the doctor,\nthen go.\n\nBye."
    passages, whole = excerpt_of(text, ["calcium now", "the doctor, then", "nowhere"])
    assert [(piece.text, piece.marked) for piece in passages] == [
        ("Use ", False), ("calcium now", True), (".", False),
        ("Wait for ", False), ("the doctor,\nthen", True), (" go.", False),
    ]  # fmt: skip
    assert not whole
    assert [piece.ends_paragraph for piece in passages] == [False, False, True, False, False, True]


def test_without_a_quote_the_answer_begins_at_its_beginning() -> None:
    long = "One.\n\n" + "Two. " * 200 + "\n\nThree."
    passages, whole = excerpt_of(long, [""])
    assert [piece.text for piece in passages] == ["One."] and not whole
    passages, whole = excerpt_of("칼슘은 나중에 투여해도 됩니다.\n\n기다리세요.", ["나중에 투여해도"])
    assert [(piece.text, piece.marked) for piece in passages] == [
        ("칼슘은 ", False), ("나중에 투여해도", True), (" 됩니다.", False),
    ]  # fmt: skip
    assert excerpt_of("Short.", []) == ([passages[0].__class__("Short.", False, True)], True)
    assert excerpt_of("", ["x"]) == ([], True)


def test_deciding_goes_on_to_the_next(cast: Cast, session: GradingSession, as_user: Any) -> None:
    client = as_user(cast.lou)
    done = client.post(the_unit(session, 0, 3), {"verdict": "not_met", "reason": "It only says to prepare."})
    assert done.status_code == 302 and done["Location"] == the_unit(session, 1, 1) + "#decision"
    done = client.post(the_unit(session, 1, 1), {"verdict": "unclear", "reason": "Now means nothing."})
    assert done["Location"] == the_unit(session, 0, 1) + "#decision"
    done = client.post(the_unit(session, 0, 1), {"verdict": "met", "reason": "Yes."})
    assert done["Location"] == the_list(session)
    text = text_of(client, the_list(session))
    assert "0 left , 3 decided." in text and "It only says to prepare." in text and "Unclear wording" in text


def test_later_leads_to_the_next_and_round_again(cast: Cast, session: GradingSession, as_user: Any) -> None:
    client = as_user(cast.lou)
    page = client.get(the_unit(session, 0, 3)).content.decode()
    assert f'href="{the_unit(session, 1, 1)}#decision">Later' in page
    page = client.get(the_unit(session, 0, 1)).content.decode()
    assert f'href="{the_unit(session, 0, 3)}#decision">Later' in page


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"reason": "Because."}, "Choose a verdict"),
        ({"verdict": "met"}, "Say why"),
        ({"verdict": "perhaps", "reason": "Because."}, "Choose one of the four"),
    ],
)
def test_a_decision_needs_a_verdict_and_a_reason(
    cast: Cast, session: GradingSession, as_user: Any, sent: dict[str, str], told: str
) -> None:
    response = as_user(cast.lou).post(the_unit(session, 0, 3), sent)
    assert response.status_code == 422
    assert told in response.content.decode()
    assert not Resolution.objects.exists()


def test_a_stale_page_shows_what_somebody_decided_meanwhile(
    cast: Cast, session: GradingSession, as_user: Any
) -> None:
    Membership.objects.create(user=cast.ana, department=cast.department, role=Role.LEAD)
    resolve_unit(
        session=session, response=answer_to(session, 0), criterion_index=2, verdict="not_met",
        reason="Ana read it first.", by=cast.ana,
    )  # fmt: skip
    response = as_user(cast.lou).post(the_unit(session, 0, 3), {"verdict": "met", "reason": "Because."})
    assert response.status_code == 409
    page = response.content.decode()
    assert "Ana decided this before you: Not met. Reason: Ana read it first." in page
    assert Resolution.objects.get().verdict == "not_met"
    assert "Decide and next" not in page


def test_a_lead_who_graded_is_told_that_they_judge_themselves(cast: Cast, as_user: Any) -> None:
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    session = disputed(cast, graders=[cast.lou, cast.gus])
    Run.objects.update(model="Canary-70B")
    text = text_of(as_user(cast.lou), the_unit(session, 0, 3))
    assert "your ruling judges your own verdict, too" in text and "You" in text
    assert "m1" not in text and "Canary" not in text
    assert "m1" not in text_of(as_user(cast.lou), the_list(session))


def test_a_third_is_asked_on_a_page_of_its_own(cast: Cast, session: GradingSession, as_user: Any) -> None:
    client = as_user(cast.lou)
    address = reverse("annotations:session-disagreement-third", args=[session.pk, number_of(session, 0), 3])
    text = text_of(client, address)
    assert "Geo" in text and "Gia" not in text and "Gus" not in text
    assert "A, criterion 0." in text and "A, criterion 2." in text and "A, criterion 1." not in text
    assert client.post(address, {"grader": "", "criteria": []}).status_code == 422
    done = client.post(address, {"grader": cast.geo.pk, "criteria": ["0", "2"]})
    assert done.status_code == 302 and done["Location"] == the_unit(session, 1, 1) + "#decision"
    text = text_of(client, the_list(session))
    assert "A third grader is asked 2" in text and "To decide 1" in text
    assert "Every grader of the department had this answer" in text_of(client, address)
    # The third sees the answer on the desk, one criterion after the other, and nobody's verdicts.
    desk = text_of(as_user(cast.geo), reverse("annotations:grade-item", args=[session.pk, 1]))
    assert "A, criterion 0." in desk and "Grader A" not in desk


def test_a_ruling_is_taken_back_with_a_reason(cast: Cast, session: GradingSession, as_user: Any) -> None:
    ruling = resolve_unit(
        session=session,
        response=answer_to(session, 0),
        criterion_index=2,
        verdict="met",
        reason="So.",
        by=cast.lou,
    )
    client = as_user(cast.lou)
    address = reverse("annotations:session-ruling-withdraw", args=[session.pk, ruling.pk])
    assert address in client.get(the_list(session)).content.decode()
    assert address in client.get(the_unit(session, 0, 3)).content.decode()
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "The wrong answer."}).status_code == 302
    text = text_of(client, the_list(session))
    assert "Taken back by Lou" in text and "The wrong answer." in text and "To decide 3" in text
    again = client.post(address, {"reason": "Again."})
    assert again.status_code == 409 and "already" in again.content.decode()


def test_a_closed_session_shows_its_rulings_and_changes_none(
    cast: Cast, session: GradingSession, as_user: Any
) -> None:
    ruling = resolve_unit(
        session=session,
        response=answer_to(session, 0),
        criterion_index=2,
        verdict="met",
        reason="So.",
        by=cast.lou,
    )
    close_session(session=session, reason="Done.", by=cast.lou)
    for person in (cast.lou, cast.ana):
        text = text_of(as_user(person), the_list(session))
        assert "the rulings are final" in text and "So." in text and "Take back" not in text
        assert "Left undecided" in text and "To decide" not in text
        unit = text_of(as_user(person), the_unit(session, 1, 1))
        assert "Nobody ruled on this before the session was closed." in unit and "Decide and next" not in unit
    client = as_user(cast.lou)
    withdraw = reverse("annotations:session-ruling-withdraw", args=[session.pk, ruling.pk])
    assert client.post(withdraw, {"reason": "No."}).status_code == 409
    assert client.post(the_unit(session, 1, 1), {"verdict": "met", "reason": "No."}).status_code == 409
    assert Resolution.objects.filter(withdrawn_at=None).count() == 1


def test_unclear_wordings_are_hints_on_the_session_page(
    cast: Cast, session: GradingSession, as_user: Any
) -> None:
    assert "worded unclearly" not in text_of(
        as_user(cast.lou), reverse("annotations:session-detail", args=[session.pk])
    )
    ruling = resolve_unit(
        session=session, response=answer_to(session, 0), criterion_index=2, verdict="unclear",
        reason="“Home” may be a ward.", by=cast.lou,
    )  # fmt: skip
    client = as_user(cast.lou)
    page = client.get(reverse("annotations:session-detail", args=[session.pk])).content.decode()
    assert "1 criterion is worded unclearly" in page and "“Home” may be a ward." in page
    case = session.release.items.get(position=0).revision.case_id
    assert reverse("builder:case-preview", args=[case]) in page
    withdraw_resolution(resolution=ruling, reason="It can’t.", by=cast.lou)
    page = client.get(reverse("annotations:session-detail", args=[session.pk])).content.decode()
    assert "worded unclearly" not in page


def test_what_does_not_exist_is_not_found(cast: Cast, session: GradingSession, as_user: Any) -> None:
    client = as_user(cast.lou)
    for answer, number in ((number_of(session, 0), 2), (99, 1), (number_of(session, 0), 0), (0, 1)):
        address = reverse("annotations:session-disagreement", args=[session.pk, answer, number])
        assert client.get(address).status_code == 404
    other = disputed_elsewhere(cast, session)
    ruling = resolve_unit(
        session=session,
        response=answer_to(session, 0),
        criterion_index=2,
        verdict="met",
        reason="So.",
        by=cast.lou,
    )
    address = reverse("annotations:session-ruling-withdraw", args=[other.pk, ruling.pk])
    assert client.get(address).status_code == 404


def disputed_elsewhere(cast: Cast, session: GradingSession) -> GradingSession:
    """Return another session on the same run."""
    run = session.runs.get()
    return open_session(release=session.release, runs=[run], graders=[cast.gia], by=cast.lou)


def test_addresses_and_numbers_do_not_follow_the_runs(cast: Cast) -> None:
    """Twelve answers of one run, then twelve of another: the numbers mix them."""
    from annotations.selectors.disagreements import answer_numbers

    release = make_release(cast, n_cases=12)
    runs = [make_run(release, name, by=cast.lou) for name in ("m1", "m2")]
    session = open_session(release=release, runs=runs, graders=[cast.gia], by=cast.lou)
    drawn = answer_numbers(session)
    of_first = sorted(drawn[pk] for pk in Response.objects.filter(run=runs[0]).values_list("pk", flat=True))
    assert of_first != list(range(1, 13)) and of_first != list(range(13, 25))
    assert of_first != list(range(1, 25, 2)) and of_first != list(range(2, 25, 2))


def test_my_work_counts_what_is_to_settle(cast: Cast, session: GradingSession, as_user: Any) -> None:
    address = reverse("builder:my-work")
    text = text_of(as_user(cast.lou), address)
    assert f"Disagreements of session {session.pk}" in text and "3 to decide" in text
    for person in (cast.gia, cast.ana, cast.ola, cast.eve):
        assert "Disagreements of session" not in text_of(as_user(person), address)
    SessionRun.objects.update(withdrawn_at=session.created_at)
    assert "Disagreements of session" not in text_of(as_user(cast.lou), address)


def test_the_cost_of_the_pages_does_not_grow(cast: Cast, session: GradingSession, as_user: Any) -> None:
    client = as_user(cast.lou)
    first = queries_of(client, the_list(session)), queries_of(client, the_unit(session, 0, 3))
    many = disputed(
        cast, grades={(0, 1): ["+++", "ooo", "+o+"], (1, 1): ["++", "oo", "+o"]},
        graders=[cast.gia, cast.gus, cast.geo], rule="lead", name="other",
    )  # fmt: skip
    assert (queries_of(client, the_list(many)), queries_of(client, the_unit(many, 0, 3))) == first
