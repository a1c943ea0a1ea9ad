"""The discussion of a case: raised by reviews, answered, adopted, carried to the next revision, and kept blind."""

import msgspec
import pytest
from django.urls import reverse

from builder.common.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from builder.content import Criterion
from builder.models import Case, CaseState, Review, ReviewThread, ThreadMessage, User
from builder.selectors.cases import own_draft
from builder.selectors.threads import Discussion, discussion_of, find_thread
from builder.selectors.work import work_of
from builder.services.cases import retire_case, save_draft, save_revision, submit_case
from builder.services.conflicts import declare_conflict
from builder.services.reviews import review_case
from builder.services.threads import (
    adopt_proposal,
    open_thread,
    reopen_thread,
    reply_to_thread,
    resolve_thread,
)
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_content, make_submitted

FIRST = "Asks for a 12-lead ECG within ten minutes."
BETTER = "Asks for a 12-lead ECG within 5 minutes of arrival."


def disagree(case: Case, by: User, **more) -> Review:
    """Ask for changes: criterion 1 should be worded otherwise, criterion 2 can't be judged."""
    given = {
        "decision": "request_changes", "comment": "Two criteria need work.",
        "votes": {0: "disagree", 1: "cannot_judge", 2: "agree"}, "vote_comments": {0: "Too lax.", 1: "Plain to whom?"},
        "proposals": {0: BETTER}, **more,
    }  # fmt: skip
    review = review_case(case=case, revision_number=case.version, by=by, **given)
    case.refresh_from_db()
    return review


def revise(case: Case, cast: Cast, rubrics: list[Criterion] | None = None, *, submit: bool = True) -> None:
    """Let Ada save another revision and send it."""
    content = make_content(
        f"Revised {case.version}", kind="practice", **({"rubrics": rubrics} if rubrics else {})
    )
    save_revision(case=case, content=content, base_version=case.version, by=cast.ada)
    case.refresh_from_db()
    if submit:
        submit_case(case=case, by=cast.ada)
        case.refresh_from_db()


def said(discussion: Discussion) -> list[tuple[str, list[str]]]:
    return [
        (each.label, [m.text or m.proposed_wording for m in each.messages]) for each in discussion.threads
    ]


def point(case: Case, place: int) -> ReviewThread:
    return ReviewThread.objects.get(case=case, criterion_index=place)


def test_a_review_raises_its_points(cast: Cast) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui, vote_comments={0: "Too lax.", 1: "Plain to whom?", 2: "Good one."})
    found = discussion_of(case, cast.ada)
    assert said(found) == [
        ("The whole case", ["Two criteria need work."]),
        ("Criterion 1", ["Too lax."]),
        ("Criterion 2", ["Plain to whom?"]),
    ]  # a remark beside an agreeing vote needs no answer
    assert found.threads[1].messages[0].proposed_wording == BETTER
    assert found.threads[0].raised == "Rui asked for a change to revision 1"
    assert found.open_count == 3 and found.may_adopt
    assert not discussion_of(case, cast.rui).may_adopt


def test_the_same_review_again_says_nothing_twice(cast: Cast) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui)
    disagree(case, cast.rui)
    assert ThreadMessage.objects.count() == 3
    disagree(case, cast.rui, comment="And the title.")
    assert said(discussion_of(case, cast.ada))[0] == (
        "The whole case", ["Two criteria need work.", "And the title."],
    )  # fmt: skip
    assert ReviewThread.objects.count() == 3


def test_author_adopts_a_wording_with_one_step(cast: Cast) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui)
    thread = point(case, 0)
    draft = adopt_proposal(thread=thread, message_id=thread.messages.get().pk, by=cast.ada)
    rubrics = draft.content["rubrics"]
    assert [each["criterion"] for each in rubrics] == [
        BETTER, "Explains the next step in plain words.", "Tells the patient to wait at home.",
    ]  # fmt: skip
    assert (rubrics[0]["points"], rubrics[0]["criterion_id"]) == (8, "c1")
    assert case.head.content.rubrics[0].criterion == FIRST  # nothing is saved for her
    found = find_thread(case, cast.rui, thread.pk)
    assert not found.is_open and found.thread.resolved_by == cast.ada
    assert found.messages[-1].adopts == thread.messages.first().pk
    with pytest.raises(NotReady, match="resolved"):
        adopt_proposal(thread=thread, message_id=thread.messages.first().pk, by=cast.ada)


def test_adopting_changes_nothing_else_of_a_draft(cast: Cast) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui)
    typed = msgspec.to_builtins(make_content("Half typed"))
    typed["rubrics"] = [typed["rubrics"][2], typed["rubrics"][0]]
    save_draft(case=case, data=typed, base_version=1, sequence=0, by=cast.ada)
    thread = point(case, 0)
    adopt_proposal(thread=thread, message_id=thread.messages.get().pk, by=cast.ada)
    content = own_draft(case, cast.ada).content
    assert content["title"] == "Half typed"
    assert [each["criterion"] for each in content["rubrics"]] == [
        "Tells the patient to wait at home.",
        BETTER,
    ]


def test_adopting_is_refused_where_it_would_lose_something(cast: Cast) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui)
    thread = point(case, 0)
    message = thread.messages.get()
    typed = msgspec.to_builtins(make_content())
    save_draft(
        case=case, data={**typed, "rubrics": typed["rubrics"][1:]}, base_version=1, sequence=0, by=cast.ada
    )
    with pytest.raises(Conflict, match="no longer in your text"):
        adopt_proposal(thread=thread, message_id=message.pk, by=cast.ada)
    sequence = own_draft(case, cast.ada).sequence
    save_draft(case=case, data=typed, base_version=1, sequence=sequence, by=cast.ada)
    save_revision(case=case, content=make_content("Lou's"), base_version=1, by=cast.lou)
    with pytest.raises(Conflict, match="Lou saved revision 2"):
        adopt_proposal(thread=thread, message_id=message.pk, by=cast.ada)
    for person in (cast.rui, cast.ana, cast.eve):
        with pytest.raises(NotAllowed):
            adopt_proposal(thread=thread, message_id=message.pk, by=person)
    for nonsense in (0, 10**9, ThreadMessage.objects.exclude(thread=thread).first().pk):
        with pytest.raises(NotFound):
            adopt_proposal(thread=thread, message_id=nonsense, by=cast.lou)
    thread.refresh_from_db()
    assert thread.resolved_at is None and thread.messages.count() == 1


def test_answers_resolution_and_opening_again(cast: Cast) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui)
    thread = point(case, 1)
    reply_to_thread(thread=thread, text="To a layperson.", by=cast.ada)
    resolve_thread(thread=thread, text="Fine then.", by=cast.rui)
    found = find_thread(case, cast.ada, thread.pk)
    assert [each.text for each in found.messages] == ["Plain to whom?", "To a layperson.", "Fine then."]
    assert not found.is_open
    with pytest.raises(NotReady, match="Open it again"):
        reply_to_thread(thread=thread, text="One more thing.", by=cast.rui)
    resolve_thread(thread=thread, by=cast.ada)  # as it is already
    assert reopen_thread(thread=thread, by=cast.ada).resolved_at is None
    reply_to_thread(thread=thread, text="One more thing.", by=cast.rui)


@pytest.mark.parametrize(
    ("text", "wording", "place", "problem"),
    [
        ("", " ", 0, "Write something"),
        ("x" * 10_001, "", 0, "at most 10000 characters"),
        ("", "Better.", None, "for one criterion"),
        ("Hm.", "", 3, "no criterion 4"),
        ("Hm.", "", -1, "no criterion 0"),
    ],
)
def test_bad_points_are_refused(cast: Cast, text: str, wording: str, place: int | None, problem: str) -> None:
    case = make_submitted(cast)
    with pytest.raises(BadInput, match=problem):
        open_thread(case=case, text=text, proposed_wording=wording, criterion_index=place, by=cast.rui)


def test_who_takes_part(cast: Cast) -> None:
    case = make_submitted(cast)
    thread = open_thread(case=case, text="Why ten?", criterion_index=0, by=cast.rui)
    for person in (cast.ana, cast.gia, cast.eve, cast.ola):
        with pytest.raises(NotAllowed):
            reply_to_thread(thread=thread, text="x", by=person)
    declare_conflict(case=case, statement="I treated her.", by=cast.rui)
    with pytest.raises(NotAllowed, match="conflict of interest"):
        resolve_thread(thread=thread, by=cast.rui)
    retire_case(case=case, reason="Old.", by=cast.lou)
    with pytest.raises(NotReady, match="retired"):
        reply_to_thread(thread=thread, text="x", by=cast.ada)


def test_an_open_point_does_not_block_and_goes_along(cast: Cast) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui)
    revise(case, cast)
    votes = dict.fromkeys(range(3), "agree")
    for person in (cast.rui, cast.rob):
        review_case(case=case, revision_number=2, decision="approve", votes=votes, by=person)
    case.refresh_from_db()
    assert case.state == CaseState.APPROVED
    assert discussion_of(case, cast.ada).open_count == 3


def test_points_find_their_criterion_in_a_later_rubric(cast: Cast) -> None:
    case = make_submitted(cast)
    for place in range(3):
        open_thread(case=case, text=f"Point {place}", criterion_index=place, by=cast.rui)
    moved = Criterion("Tells the patient to wait at home.", -10, ["axis:accuracy"], "", red_line=True)
    fresh = Criterion("Names the number to call in an emergency.", 3, ["axis:accuracy"], "c9")
    reworded = Criterion(
        "Requests electrocardiography at once.", 8, ["axis:accuracy"], "c1"
    )  # same id, other words
    revise(case, cast, [fresh, moved, reworded])
    found = {each.messages[0].text: each for each in discussion_of(case, cast.ada).threads}
    assert (found["Point 0"].place, found["Point 2"].place) == (2, 1)
    assert found["Point 1"].is_gone and found["Point 1"].place is None
    assert found["Point 1"].thread.criterion_text == "Explains the next step in plain words."


def test_a_criterion_written_anew_at_its_place_keeps_its_points(cast: Cast) -> None:
    """Neither id nor words are the same, but nothing else came to stand there."""
    case = make_submitted(
        cast, kind="practice", rubrics=[Criterion("Old words.", 5), Criterion("Stays as it is here.", 5)]
    )
    open_thread(case=case, text="Vague", criterion_index=0, by=cast.rui)
    revise(
        case,
        cast,
        [Criterion("Entirely new sentence about aspirin.", 5), Criterion("Stays as it is here.", 5)],
    )
    assert [each.place for each in discussion_of(case, cast.ada).threads] == [0]


def test_who_is_yet_to_decide_reads_no_colleagues_point(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui)
    revise(case, cast)
    old = point(case, 0)
    reply_to_thread(thread=old, text="Done as you said.", by=cast.ada)
    open_thread(case=case, text="I am unsure about 5 minutes.", criterion_index=0, by=cast.ada)
    review_case(
        case=case, revision_number=2, decision="approve", votes={0: "disagree", 1: "agree", 2: "agree"},
        vote_comments={0: "SECRET opinion"}, by=cast.rui,
    )  # fmt: skip
    open_thread(case=case, text="SECRET doubt", by=cast.rui)
    pages = [reverse(f"builder:{name}", args=[case.pk]) for name in ("case-preview", "case-review")]
    client = as_user(cast.rob)
    for url in pages:
        text = client.get(url).text
        assert "SECRET" not in text
        assert "Done as you said." in text and "I am unsure about 5 minutes." in text and "Too lax." in text
    hidden = ReviewThread.objects.get(messages__text="SECRET doubt")
    assert client.get(reverse("builder:thread", args=[case.pk, hidden.pk])).status_code == 404
    assert (
        client.post(reverse("builder:thread", args=[case.pk, hidden.pk]), {"action": "resolve"}).status_code
        == 404
    )
    votes = dict.fromkeys(range(3), "agree")
    review_case(case=case, revision_number=2, decision="approve", votes=votes, by=cast.rob)
    assert "SECRET doubt" in client.get(pages[0]).text and "SECRET opinion" in client.get(pages[1]).text


def test_the_queue_tells_what_is_new(cast: Cast) -> None:
    case = make_submitted(cast)
    assert work_of(cast.rui).next_thing.item.status == "new"
    disagree(case, cast.rui)
    reply_to_thread(thread=point(case, 1), text="To a layperson.", by=cast.ada)
    revise(case, cast)
    item = work_of(cast.rui).next_thing.item
    assert item.status == "in_review"
    # The title, the first turn, which holds it, and the kind.
    assert "3 changes since revision 1, which you decided on. 1 new answer." in item.detail


def test_pages_of_a_point(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui)
    client, thread = as_user(cast.ada), point(case, 0)
    url, page = (
        reverse("builder:thread", args=[case.pk, thread.pk]),
        reverse("builder:case-preview", args=[case.pk]),
    )
    assert "Adopt this wording" in client.get(page).text
    empty = client.post(url, {"action": "reply", "text": " "})
    assert empty.status_code == 422 and f'<a href="#thread-{thread.pk}-text">' in empty.text
    assert empty.text.count("<title>Error:") == 1
    assert 'cw-votecomment" open' in empty.text
    assert client.post(url, {"action": "explode"}).status_code == 422
    assert client.post(url, {"action": "adopt", "message": "x"}).status_code == 422
    answer = client.post(url, {"action": "reply", "text": "Which minutes?", "back": "case"})
    assert answer.url == f"{page}#thread-{thread.pk}"
    adopted = client.post(url, {"action": "adopt", "message": str(thread.messages.first().pk)}, follow=True)
    assert "The wording is in your draft" in adopted.text
    assert "Took the proposed wording into the draft." in adopted.text
    assert own_draft(case, cast.ada).content["rubrics"][0]["criterion"] == BETTER
    reviewer = as_user(cast.rui)
    back = reviewer.post(url, {"action": "reopen", "back": "review"})
    assert back.url == f"{reverse('builder:case-review', args=[case.pk])}#thread-{thread.pk}"
    assert (
        reviewer.post(url, {"action": "adopt", "message": str(thread.messages.first().pk)}).status_code == 403
    )


def test_a_point_is_raised_from_its_page(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    client, url = as_user(cast.rob), reverse("builder:thread-new", args=[case.pk])
    assert "1. Asks for a 12-lead ECG" in client.get(url).text
    for wrong in ({"about": "9", "text": "x"}, {"about": "0", "text": ""}, {"text": "x"}):
        assert client.post(url, wrong).status_code == 422
    assert client.post(url, {"about": "2", "text": "Is this one needed?"}).status_code == 302
    assert client.post(url, {"about": "case", "text": "Who is the patient?"}).status_code == 302
    assert list(ReviewThread.objects.values_list("criterion_index", flat=True)) == [2, None]


def test_right_to_left_texts_carry_their_direction(cast: Cast, as_user) -> None:
    case = make_submitted(
        cast, language="ar", kind="practice", rubrics=[Criterion("يطلب تخطيط القلب فورا", 5, [], "c1")]
    )
    review_case(
        case=case, revision_number=1, decision="request_changes", comment="واحد", votes={0: "disagree"},
        proposals={0: "يطلب تخطيط القلب الآن"}, by=cast.rui,
    )  # fmt: skip
    text = as_user(cast.ada).get(reverse("builder:case-preview", args=[case.pk])).text
    assert (
        '<p class="cw-diff" dir="auto" lang="ar">يطلب تخطيط القلب <del>فورا</del><ins>الآن</ins></p>' in text
    )


def test_queries_do_not_grow_with_the_discussion(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    disagree(case, cast.rui)
    clients = [
        (as_user(cast.ada), "case-preview"),
        (as_user(cast.rui), "case-review"),
        (as_user(cast.rob), "my-work"),
    ]

    def queries() -> list[int]:
        return [
            queries_of(client, reverse(f"builder:{name}", args=[] if name == "my-work" else [case.pk]))
            for client, name in clients
        ]

    queries()
    few = queries()
    for number in range(6):
        thread = open_thread(case=case, text=f"Point {number}", criterion_index=number % 3, by=cast.rui)
        reply_to_thread(thread=thread, text="Yes.", by=cast.ada)
    assert queries() == few


def test_the_editor_leads_to_the_open_points(cast: Cast, as_user):
    case = make_submitted(cast)
    link = f'href="{reverse("builder:case-preview", args=[case.pk])}#discussion"'
    address = reverse("builder:case-edit", args=[case.pk])
    assert link not in as_user(cast.ada).get(address).content.decode()
    thread = open_thread(case=case, text="Why?", by=cast.rui)
    assert link in as_user(cast.ada).get(address).content.decode()
    resolve_thread(thread=thread, by=cast.rui)
    assert link not in as_user(cast.ada).get(address).content.decode()
