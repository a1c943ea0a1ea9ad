"""The page about a session's graders in Label Studio, its buttons, and the same by API."""

import html
from typing import Any

import pytest
from django.urls import reverse

from annotations.models import Desk, GradingSession, SessionRater
from annotations.services.label_studio.sync import Step
from annotations.services.resolutions import ask_third
from annotations.services.session_rows import rater_for_person
from builder.common.errors import BadInput
from builder.models import Job
from tests.annotations.disputed import answer_to, disputed, number_of
from tests.annotations.label_studio.conftest import Sync
from tests.annotations.label_studio.fake import GUS, FakeLabelStudio
from tests.annotations.label_studio.rows import make_there, project_of, verdicts
from tests.annotations.rows import make_session
from tests.cast import Cast
from tests.costs import queries_of

pytestmark = pytest.mark.django_db


def text_of(response: Any) -> str:
    """Return what a page says, its apostrophes as people write them."""
    return html.unescape(response.content.decode())


def page_of(session: GradingSession) -> str:
    return reverse("annotations:session-label-studio", args=[session.pk])


@pytest.fixture
def session(cast: Cast, there: FakeLabelStudio, sync: Sync) -> GradingSession:
    """Return a session in which Gia has graded one answer, somebody else wrote on another, and a third was deleted."""
    made = make_there(cast)
    sync(made)
    first, second, third, _fourth = project_of(made, cast.gia).tasks.order_by("pk")
    there.annotate(first.remote_id, verdicts("+o?"))
    there.annotate(second.remote_id, verdicts("+++"), by=GUS)
    there.delete_task(third.remote_id)
    sync(made, [Step.PULL, Step.RECONCILE])
    return made


def test_it_tells_how_far_each_grader_is_and_what_to_look_at(
    cast: Cast, session: GradingSession, as_user: Any
) -> None:
    text = text_of(as_user(cast.lou).get(page_of(session)))
    assert "1 of 4" in text and "Gia" in text and "can’t be enforced" in text
    assert "1 task was deleted in Label Studio" in text and "Send the deleted tasks again" in text
    assert "Somebody else wrote this: gus@example.org" in text and "Check again" in text
    assert f"sync_session {session.pk} --watch" in text
    for name in session.runs.values_list("name", flat=True):
        assert name not in text


def test_its_buttons_ask_for_jobs_once(cast: Cast, session: GradingSession, as_user: Any) -> None:
    client = as_user(cast.lou)
    for act in ("sync", "pull", "reconcile", "recheck"):
        before = Job.objects.count()
        answers = [client.post(page_of(session), {"act": act, "key": f"k-{act}"}) for _time in range(2)]
        assert {answer.status_code for answer in answers} == {302} and Job.objects.count() == before + 1
    project = project_of(session, cast.gia)
    assert (
        client.post(page_of(session), {"act": "again", "project": project.pk, "key": "k"}).status_code == 302
    )
    assert project.tasks.filter(state="pending").count() == 1
    assert "A synchronisation asked for" in text_of(client.get(page_of(session)))


def test_bad_input_is_said(cast: Cast, session: GradingSession, there: FakeLabelStudio, as_user: Any) -> None:
    client = as_user(cast.lou)
    for sent in (
        {"act": "nothing"},
        {},
        {"act": "again", "project": 99_999},
        {"act": "again", "project": "x"},
    ):
        assert client.post(page_of(session), sent).status_code == 422
    plain = make_session(cast)
    answer = client.post(page_of(plain), {"act": "sync"})
    assert answer.status_code == 409 and "Nobody grades this session in Label Studio" in text_of(answer)


def test_only_who_manages_the_session_sees_it(cast: Cast, session: GradingSession, as_user: Any) -> None:
    assert as_user(cast.ana).get(page_of(session)).status_code == 403
    for stranger in (cast.gia, cast.eve):
        assert as_user(stranger).get(page_of(session)).status_code == 404


def test_it_costs_as_many_queries_for_many_as_for_few(
    cast: Cast, there: FakeLabelStudio, sync: Sync, as_user: Any
) -> None:
    few, many = make_there(cast), make_there(cast, [cast.gia, cast.gus, cast.geo], n_cases=6)
    for made in (few, many):
        sync(made)
        for task in list(there.tasks):
            there.annotate(task, verdicts("+."))
        sync(made)
    client = as_user(cast.lou)
    assert queries_of(client, page_of(few)) == queries_of(client, page_of(many))


def test_the_same_by_api(cast: Cast, session: GradingSession, as_user: Any) -> None:
    client = as_user(cast.lou)
    place = reverse("api:session-label-studio", args=[session.pk])
    (gia,) = client.get(place).json()["graders"]
    assert (gia["assigned"], gia["pushed"], gia["annotated"], gia["quarantined"], gia["missing"], gia["lost"]) == (
        4, 3, 1, 1, 3, 1,
    )  # fmt: skip
    aside = client.get(reverse("api:session-label-studio-quarantine", args=[session.pk])).json()
    assert "Somebody else wrote this" in aside["results"][0]["reason"]
    asked = client.post(
        reverse("api:session-label-studio-act", args=[session.pk, "pull"]), {}, "application/json"
    )
    assert asked.status_code == 202 and asked.json()["kind"] == "label-studio:pull"
    assert (
        client.post(
            reverse("api:session-label-studio-act", args=[session.pk, "x"]), {}, "application/json"
        ).status_code
        == 422
    )
    again = reverse("api:session-label-studio-again", args=[session.pk, gia["project"]])
    assert client.post(again).status_code == 202
    assert (
        client.post(reverse("api:session-label-studio-again", args=[session.pk, 99_999])).status_code == 404
    )


def test_who_grades_there_is_not_asked_for_a_third_opinion_and_the_page_says_why(
    cast: Cast, as_user: Any
) -> None:
    session = disputed(cast)
    place = reverse("annotations:session-disagreement-third", args=[session.pk, number_of(session, 0), 3])
    why = "Graders in Label Studio aren’t asked"
    assert why not in text_of(as_user(cast.lou).get(place))
    rater = rater_for_person(cast.geo)
    SessionRater.objects.create(session=session, rater=rater, position=3, desk=Desk.LABEL_STUDIO)
    text = text_of(as_user(cast.lou).get(place))
    assert why in text and "Geo" not in text
    with pytest.raises(BadInput, match="grades in Label Studio, where colleagues’ verdicts can be opened"):
        ask_third(session=session, response=answer_to(session, 0), criteria=[0], rater=rater, by=cast.lou)


def test_before_a_grader_is_removed_the_page_says_where_their_answers_go(
    cast: Cast, session: GradingSession, as_user: Any
) -> None:
    client, own = as_user(cast.lou), "Synchronise first"
    there = make_there(cast, here=[cast.gus])
    texts = [
        text_of(client.get(reverse("annotations:session-grader-remove", args=[pk, position])))
        for pk, position in ((there.pk, 1), (there.pk, 2), (make_session(cast).pk, 1))
    ]
    assert [own in text for text in texts] == [True, False, False]
    assert ["goes to other graders in Label Studio" in text for text in texts] == [True, True, False]
