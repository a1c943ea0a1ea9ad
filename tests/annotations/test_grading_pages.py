"""The grading desk as pages: what is shown, what is saved, where it leads, and who is turned away."""

import re
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.models import Assignment, Grade, GradingSession
from annotations.services.sessions import close_session, end_grading
from builder.content import Criterion, Evidence
from tests.annotations.rows import assignment_of, cases, give, make_release, make_run, make_session
from tests.cast import Cast
from tests.costs import queries_in, queries_of
from tests.factories import make_content

DONE = {f"verdict-{index}": "met" for index in range(3)}


def desk(session: GradingSession, position: int = 1) -> str:
    """Return the address of an answer."""
    return reverse("annotations:grade-item", args=[session.pk, position])


def save(session: GradingSession, position: int = 1) -> str:
    """Return the address that saves a verdict."""
    return reverse("annotations:grade-save", args=[session.pk, position])


def text(response) -> str:  # type: ignore[no-untyped-def]
    """Return the page."""
    return response.content.decode()


def test_the_queue_leads_to_the_next_open_answer_and_then_to_the_thanks(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    grade = reverse("annotations:grade", args=[session.pk])
    assert client.get(grade).url == desk(session, 1)
    give(cast.gia, session, positions=[1, 2])
    assert client.get(grade).url == desk(session, 3)
    give(cast.gia, session)
    done = reverse("annotations:grade-done", args=[session.pk])
    assert client.get(grade).url == done
    page = text(client.get(done))
    assert "Thank you. You are done." in page
    assert "You graded all 4 answers" in page


def test_the_desk_shows_the_case_the_answer_and_the_criteria(cast: Cast, as_user) -> None:
    session = make_session(cast)
    page = text(as_user(cast.gia).get(desk(session, 2)))
    content = assignment_of(cast.gia, session, 2).response.item.content
    assert "<title>Grade answer 2 of 4 – Clinwright</title>" in page
    assert content.last_user_turn in page
    assert "Record an ECG now." in page
    assert "Names step 1." in page
    assert page.count('class="cw-seg"') == 3
    assert "0 of 4" in page
    assert "Red line" in page
    assert "Reference answer" in page
    assert "Record an ECG and call the team." in page


def test_what_the_session_hides_is_not_on_the_desk(cast: Cast, as_user) -> None:
    session = make_session(cast, show_points=False, show_reference=False)
    page = text(as_user(cast.gia).get(desk(session)))
    for hidden in ("cw-pts", "Red line", "Reference answer", "Record an ECG and call", "Example guideline"):
        assert hidden not in page


def test_a_criterion_leads_to_what_it_cites(cast: Cast, as_user) -> None:
    rubrics = [
        Criterion("Asks for an ECG.", 5, ["axis:accuracy"], evidence=["e1"], guideline="Example guideline"),
        Criterion("Explains why.", 3, guideline="Another guideline", jurisdiction="KR"),
        Criterion("Repeats why.", 2, guideline="Another guideline", jurisdiction="KR"),
    ]
    evidence = [Evidence("e1", "An ECG belongs first.", "Example guideline", edition="2024")]
    release = make_release(cast, contents=[make_content(rubrics=rubrics, evidence=evidence)])
    client = as_user(cast.gia)
    shown = open_for_gia(cast, release)
    page = text(client.get(desk(shown)))
    assert page.count('href="#source-1"') == 1
    assert page.count('href="#source-2"') == 2
    assert "Example guideline · 2024" in page
    assert "An ECG belongs first." in page
    assert "Another guideline · KR" in page
    hidden = text(client.get(desk(open_for_gia(cast, release, show_reference=False))))
    assert "An ECG belongs first." not in hidden
    assert "Another guideline · KR" in hidden


def open_for_gia(cast: Cast, release, **options) -> GradingSession:  # type: ignore[no-untyped-def]
    """Open a session with one run of the release, which Gia alone grades."""
    from annotations.services.sessions import open_session

    run = release.runs.first() or make_run(release, f"{release.name}-run", by=cast.lou)
    return open_session(release=release, runs=[run], graders=[cast.gia], by=cast.lou, **options)


def test_a_plain_form_saves_everything_and_goes_on(cast: Cast, as_user) -> None:
    session = make_session(cast)
    sent = {"verdict-0": "met", "note-0": "Clear.", "verdict-2": "cannot_judge", "note-2": "", "then": "next"}
    response = as_user(cast.gia).post(desk(session), sent)
    assert response.url == desk(session, 2)
    grades = Grade.objects.filter(assignment=assignment_of(cast.gia, session))
    assert list(grades.values_list("criterion_index", "verdict", "explanation")) == [
        (0, "met", "Clear."), (2, "cannot_judge", ""),
    ]  # fmt: skip
    page = text(as_user(cast.gia).get(desk(session)))
    assert re.search(r'name="verdict-0" value="met" checked', page)
    assert "Clear.</textarea>" in page
    assert re.search(r'cw-crit--now" id="criterion-2"', page)


@pytest.mark.parametrize(("then", "position"), [("next", 4), ("1", 1), ("3", 3)])
def test_the_button_says_where_it_leads(cast: Cast, as_user, then: str, position: int) -> None:
    session = make_session(cast)
    give(cast.gia, session, positions=[3])
    assert as_user(cast.gia).post(desk(session, 2), {**DONE, "then": then}).url == desk(session, position)


def test_pausing_saves_and_leads_to_my_work(cast: Cast, as_user) -> None:
    session = make_session(cast)
    response = as_user(cast.gia).post(desk(session), {"verdict-1": "not_met", "then": "pause"})
    assert response.url == reverse("builder:my-work")
    assert Grade.objects.get().verdict == "not_met"


def test_going_on_from_the_last_open_answer_says_that_it_is_open(cast: Cast, as_user) -> None:
    session = make_session(cast)
    give(cast.gia, session, positions=[1, 2, 3])
    client = as_user(cast.gia)
    response = client.post(desk(session, 4), {"verdict-0": "met", "then": "next"}, follow=True)
    assert "1 answer still has an open criterion" in text(response)
    assert desk(session, 4) in text(response)


def test_a_verdict_is_saved_alone_and_twice_is_once(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    for _time in range(2):
        response = client.post(save(session), {"verdict-1": "met", "note-1": "Said so."})
        assert response.json() == {"judged": 1, "criteria": 3, "done": 0, "total": 4}
    assert Grade.objects.get().explanation == "Said so."
    assert client.post(save(session), DONE).json()["done"] == 1
    assert client.post(save(session), {"cleared": "1"}).json() == {
        "judged": 2,
        "criteria": 3,
        "done": 0,
        "total": 4,
    }


def test_a_note_without_a_verdict_is_shown_again_and_nothing_is_lost(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client = as_user(cast.gia)
    response = client.post(desk(session), {"verdict-0": "met", "note-1": "Half of it", "then": "next"})
    page = text(response)
    assert response.status_code == 422
    assert "Criterion 2 has a note but no verdict" in page
    assert 'href="#criterion-2"' in page
    assert "Half of it</textarea>" in page
    assert re.search(r'name="verdict-0" value="met" checked', page)
    assert page.count("<title>Error: Grade answer") == 1
    refused = client.post(save(session), {"note-1": "Half of it"})
    assert (refused.status_code, Grade.objects.count()) == (422, 0)
    assert refused.json()["message"].startswith("Criterion 2 has a note")


NO_VERDICTS = [
    {"verdict-0": "judge_failed"},
    {"verdict-0": "good"},
    {"cleared": "9"},
    {"note-0": "x" * 10_001},
]


@pytest.mark.parametrize("sent", NO_VERDICTS)
def test_what_is_no_verdict_is_refused(cast: Cast, as_user, sent: dict[str, str]) -> None:
    session = make_session(cast)
    assert as_user(cast.gia).post(desk(session), sent).status_code == 422
    assert as_user(cast.gia).post(save(session), sent).status_code == 422
    assert not Grade.objects.exists()


def test_a_typed_text_is_shown_as_text(cast: Cast, as_user) -> None:
    session = make_session(cast)
    page = text(as_user(cast.gia).post(desk(session), {"note-0": "</textarea><script>x</script>"}))
    assert "<script>x" not in page
    assert "&lt;/textarea&gt;&lt;script&gt;x" in page


def test_another_persons_answers_are_no_such_thing(cast: Cast, as_user) -> None:
    """Geo grades in no session; Lou leads the department, Eve another one, Ola administers: none of them has a desk."""
    session = make_session(cast, graders=[cast.gia])
    for person in (cast.gus, cast.geo, cast.lou, cast.eve, cast.ola):
        client = as_user(person)
        assert client.get(reverse("annotations:grade", args=[session.pk])).status_code == 404
        assert client.get(reverse("annotations:grade-done", args=[session.pk])).status_code == 404
        assert client.get(desk(session)).status_code == 404
        assert client.post(desk(session), DONE).status_code == 404
        assert client.post(save(session), DONE).status_code == 404
    assert as_user(cast.gia).get(desk(session, 99)).status_code == 404
    assert not Grade.objects.exists()


def test_an_address_names_the_graders_own_order(cast: Cast, as_user) -> None:
    """Two graders have the same twelve answers in orders of their own (alike once in 12! draws)."""
    session = make_session(cast, n_cases=6, n_runs=2, seed=3)
    orders = [
        [assignment_of(person, session, place).response.completion for place in range(1, 13)]
        for person in (cast.gia, cast.gus)
    ]
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    for person, order in zip((cast.gia, cast.gus), orders, strict=True):
        assert order[0] in text(as_user(person).get(desk(session, 1)))


@pytest.mark.parametrize("ending", ["adjudicating", "closed"])
def test_after_the_end_what_was_typed_is_shown_again(cast: Cast, as_user, ending: str) -> None:
    session = make_session(cast)
    if ending == "closed":
        close_session(session=session, reason="Done.", by=cast.lou)
    else:
        end_grading(session=session, by=cast.lou)
    client = as_user(cast.gia)
    response = client.post(desk(session), {"verdict-0": "met", "note-0": "My long thought", "then": "next"})
    assert response.status_code == 409
    assert "Grading has ended" in text(response)
    assert "My long thought</textarea>" in text(response)
    refused = client.post(save(session), {"verdict-0": "met"})
    assert (refused.status_code, refused.json()["message"][:17]) == (409, "Grading has ended")
    for name, extra in (("grade", []), ("grade-done", []), ("grade-item", [1])):
        page = client.get(reverse(f"annotations:{name}", args=[session.pk, *extra]))
        assert page.status_code == 409
        assert "takes no more verdicts" in text(page)
    assert not Grade.objects.exists()


@pytest.mark.parametrize("ending", ["adjudicating", "closed"])
def test_after_the_end_a_grader_is_thanked_for_all_they_graded(cast: Cast, as_user, ending: str) -> None:
    session = make_session(cast, n_cases=2)
    give(cast.gia, session, positions=[1])
    if ending == "closed":
        close_session(session=session, reason="Done.", by=cast.lou)
    else:
        end_grading(session=session, by=cast.lou)
    page = as_user(cast.gia).get(reverse("annotations:grade", args=[session.pk]))
    total = Assignment.objects.filter(session=session, rater__user=cast.gia).count()
    assert total > 1
    assert f"1 of your {total} answers are graded" in text(page)


def test_one_key_for_two_acts_is_refused_and_the_same_act_twice_is_not(cast: Cast, as_user) -> None:
    session = make_session(cast)
    client, key = as_user(cast.gia), "9e6b6f0e-3f54-4b5e-9f57-0f1ec0a4d1aa"
    acts = [{"criterion_index": index, "verdict": "met", "key": key} for index in (0, 1)]
    sent = {"content_type": "application/json"}
    assert client.post(save(session), {"verdicts": acts}, **sent).status_code == 422
    assert not Grade.objects.exists()
    assert client.post(save(session), {"verdicts": [acts[0], acts[0]]}, **sent).status_code == 200
    assert Grade.objects.count() == 1


def test_a_removed_grader_is_told_and_keeps_what_was_typed(cast: Cast, as_user) -> None:
    session = make_session(cast)
    session.session_raters.filter(rater__user=cast.gia).update(removed_at=timezone.now())
    client = as_user(cast.gia)
    response = client.post(desk(session), {"verdict-0": "met", "note-0": "My thought"})
    assert response.status_code == 409
    assert "You no longer grade in this session" in text(response)
    assert "My thought</textarea>" in text(response)
    assert client.get(desk(session)).status_code == 404


def test_the_desk_is_behind_the_sign_in_and_never_cached(cast: Cast, client: Client, as_user) -> None:
    session = make_session(cast)
    assert client.get(desk(session)).url.startswith(reverse("account_login"))
    assert "no-store" in as_user(cast.gia).get(desk(session))["Cache-Control"]


def test_the_desk_costs_the_same_however_much_there_is(cast: Cast, as_user) -> None:
    small, large = make_session(cast, n_cases=2, n_criteria=2), make_session(cast, n_cases=12, n_criteria=12)
    give(cast.gia, large, positions=range(2, 9))
    client = as_user(cast.gia)
    costs = [queries_of(client, desk(session)) for session in (small, large)]
    assert costs[0] == costs[1] <= 15


def test_saving_costs_the_same_however_much_there_is(cast: Cast, as_user) -> None:
    small, large = make_session(cast, n_cases=2, n_criteria=2), make_session(cast, n_cases=12, n_criteria=12)
    client, costs = as_user(cast.gia), []
    for session, n_criteria in ((small, 2), (large, 12)):
        assert client.get(desk(session)).status_code == 200
        acts = [
            {"criterion_index": index, "verdict": "met", "key": str(uuid4())} for index in range(n_criteria)
        ]
        post = partial(client.post, save(session), {"verdicts": acts}, content_type="application/json")
        costs.append((queries_in(post), queries_in(post)))
    # Who it is (2), whose answer it is (1), holding and checking it (3, on PostgreSQL 4), what is stored (2), what is
    # written (3), how far the grader is (1), and the transaction's beginning and end (2). Sent again: no rows (2).
    first = 14 + (connection.vendor == "postgresql")
    assert costs[0] == costs[1] == (first, first - 2)
    assert Assignment.objects.filter(done_at__isnull=False).count() == 2


def test_an_address_with_numbers_no_column_holds_is_nobodys(cast: Cast, as_user) -> None:
    session, client = make_session(cast), as_user(cast.gia)
    for numbers in ([session.pk, 2**63], [2**64, 1], [9**99, 9**99]):
        response = client.post(reverse("annotations:grade-save", args=numbers), {"verdict-0": "met"})
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_twelve_criteria_are_all_on_the_desk(cast: Cast, as_user) -> None:
    release = make_release(cast, contents=cases(1, 12))
    page = text(as_user(cast.gia).get(desk(open_for_gia(cast, release))))
    assert re.findall(r'id="criterion-(\d+)"', page) == [str(number) for number in range(1, 13)]
