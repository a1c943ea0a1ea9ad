"""What somebody left in a session: graders in Label Studio get it where nobody in these pages could take it."""

from functools import partial

import pytest
from django.utils import timezone

from annotations.labelstudio.ports import RemoteUser
from annotations.models import Assignment, Desk, GradingSession, SessionItem, SessionRater
from annotations.services.grades import skip_assignment
from annotations.services.label_studio.handing_on import hand_on
from annotations.services.label_studio.sync import Step
from annotations.services.members import add_grader, remove_grader
from annotations.services.queue import claim_assignment
from annotations.services.sessions import end_grading
from annotations.session_choices import GraderPlan
from builder.models import Membership, Role, User
from tests.annotations.label_studio.conftest import Sync
from tests.annotations.label_studio.fake import FakeLabelStudio
from tests.annotations.label_studio.rows import everything, make_there, project_of, verdicts
from tests.annotations.rows import assignment_of, make_session
from tests.cast import Cast
from tests.costs import queries_in

pytestmark = pytest.mark.django_db


def remove(session: GradingSession, user: User, cast: Cast) -> int:
    rater = SessionRater.objects.get(session=session, rater__user=user).rater
    return remove_grader(session=session, rater=rater, reason="Left.", by=cast.lou)


def live(session: GradingSession, user: User) -> set[int]:
    """Return the answers that are somebody's now."""
    own = Assignment.objects.filter(session=session, rater__user=user).live()
    return set(own.values_list("response_id", flat=True))


def tasks_there(there: FakeLabelStudio, session: GradingSession, user: User) -> int:
    remote = project_of(session, user).remote_id
    return sum(task.project_id == remote for task in there.tasks.values())


def test_what_a_removed_grader_left_is_graded_by_the_others_there(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    """Six answers, two of three graders each: whoever hasn't an answer of Gia's gets it, and none has more than two."""
    there.users.append(RemoteUser(4, cast.geo.email, "Geo"))
    session = make_there(cast, [cast.gia, cast.gus, cast.geo], overlap=2, n_cases=3)
    sync(session)
    kept = project_of(session, cast.gia).tasks.order_by("remote_id")[0]
    there.annotate(kept.remote_id, verdicts("+oo"))
    sync(session)
    left = live(session, cast.gia) - {kept.assignment.response_id}
    assert remove(session, cast.gia, cast) == len(left) == 3
    synced = sync(session)
    assert (synced.handed_on, synced.sent) == (3, 3)
    assert left <= live(session, cast.gus) & live(session, cast.geo)
    assert set(SessionItem.objects.filter(session=session).values_list("taken", flat=True)) == {2}
    for user in (cast.gus, cast.geo):
        assert tasks_there(there, session, user) == len(live(session, user))
        own = Assignment.objects.filter(session=session, rater__user=user).order_by("position")
        assert list(own.values_list("position", flat=True)) == list(range(1, len(own) + 1))
    assert not sync(session).changed
    told = project_of(session, cast.gus).log.values_list("text", flat=True)
    assert any("that somebody else had left" in text or "that others had left" in text for text in told)
    for task in list(there.tasks.values()):
        if not task.annotations:
            there.annotate(task.id, verdicts("+++"), by=project_account(session, task.project_id))
    sync(session)
    assert len(everything(session)) == 6 * 2 * 3


def project_account(session: GradingSession, remote: int) -> int:
    [user] = (
        member.rater.user
        for member in session.session_raters.filter(label_studio_project__remote_id=remote)
        if member.rater.user
    )
    return int(project_of(session, user).account_id or 0)


def test_who_grades_in_these_pages_comes_first(cast: Cast, there: FakeLabelStudio, sync: Sync) -> None:
    session = make_there(cast, [cast.gia, cast.gus], here=[cast.geo], overlap=1, n_cases=3)
    sync(session)
    left = live(session, cast.gia)
    remove(session, cast.gia, cast)
    assert sync(session).handed_on == 0
    taken = claim_assignment(session=session, by=cast.geo)
    assert taken is not None and taken.response_id in left
    remove(session, cast.geo, cast)
    before = live(session, cast.gus)
    sync(session)
    assert left < live(session, cast.gus) and len(live(session, cast.gus)) == 6 > len(before)


def test_only_what_nobody_here_may_take_goes_there(cast: Cast, there: FakeLabelStudio, sync: Sync) -> None:
    """Two of three grade each answer. What Gia shared with Geo only Gus can take; what she shared with Gus waits."""
    session = make_there(cast, [cast.gia, cast.gus], here=[cast.geo], overlap=2, n_cases=3)
    sync(session)
    with_geo = live(session, cast.gia) & live(session, cast.geo)
    with_gus = live(session, cast.gia) & live(session, cast.gus)
    assert with_geo and with_gus
    remove(session, cast.gia, cast)
    assert sync(session).handed_on == len(with_geo)
    assert with_geo < live(session, cast.gus)
    assert not with_gus & live(session, cast.geo)
    skip_assignment(assignment=assignment_of(cast.geo, session), reason="No.", by=cast.geo)
    # All that are left have had it.
    assert sync(session).handed_on == 0


def test_nobody_there_gets_more_than_their_quota(cast: Cast, there: FakeLabelStudio, sync: Sync) -> None:
    plans = [GraderPlan(cast.gia, Desk.LABEL_STUDIO, 2), GraderPlan(cast.gus, Desk.LABEL_STUDIO, 2)]
    session = make_session(cast, graders=plans, overlap=1)
    sync(session)
    remove(session, cast.gia, cast)
    assert sync(session).handed_on == 0
    SessionRater.objects.filter(session=session, rater__user=cast.gus).update(quota=3)
    assert sync(session).handed_on == 1
    assert len(live(session, cast.gus)) == 3


def test_nobody_there_gets_a_case_they_wrote(cast: Cast, there: FakeLabelStudio, sync: Sync) -> None:
    """Ada wrote the cases' revision; she grades in Label Studio, too."""
    Membership.objects.create(user=cast.ada, department=cast.department, role=Role.GRADER)
    there.users.append(RemoteUser(9, cast.ada.email, "Ada"))
    for relaxed in (False, True):
        session = make_there(cast, [cast.gia, cast.gus], overlap=1)
        GradingSession.objects.filter(pk=session.pk).update(allow_own_cases=relaxed)
        rater = add_grader(session=session, user=cast.ada, by=cast.lou)
        SessionRater.objects.filter(pk=rater.pk).update(desk=Desk.LABEL_STUDIO)
        session.refresh_from_db()
        sync(session)
        # Gus can't take any: he no longer holds the role.
        Membership.objects.filter(user=cast.gus, role=Role.GRADER).update(role=Role.AUTHOR)
        remove(session, cast.gia, cast)
        assert sync(session).handed_on == (2 if relaxed else 0)
        assert len(live(session, cast.ada)) == (2 if relaxed else 0)
        Membership.objects.filter(user=cast.gus, role=Role.AUTHOR).update(role=Role.GRADER)


def test_who_returns_gets_back_what_nobody_was_given(cast: Cast, there: FakeLabelStudio, sync: Sync) -> None:
    session = make_there(cast, [cast.gia, cast.gus], overlap=1, n_cases=2)
    sync(session)
    left = live(session, cast.gia)
    remove(session, cast.gia, cast)
    SessionRater.objects.filter(session=session, rater__user=cast.gus).update(
        quota=len(live(session, cast.gus)) + 1
    )
    assert sync(session).handed_on == 1
    add_grader(session=session, user=cast.gia, by=cast.lou)
    sync(session)
    assert len(live(session, cast.gia)) == 1 and live(session, cast.gia) < left
    assert not live(session, cast.gia) & live(session, cast.gus)
    assert len(there.tasks) == 4 and not sync(session).changed


def test_a_grader_without_an_account_gets_nothing_and_an_ended_session_hands_nothing_on(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    gus = next(each for each in there.users if each.email == cast.gus.email)
    there.users.remove(gus)
    session = make_there(cast, [cast.gia, cast.gus], overlap=1)
    sync(session)
    remove(session, cast.gia, cast)
    assert sync(session).handed_on == 0
    there.users.append(gus)
    assert sync(session, [Step.PULL]).handed_on == 0
    end_grading(session=session, by=cast.lou)
    session.refresh_from_db()
    assert sync(session).handed_on == 0


def test_an_answer_whose_time_ran_out_goes_on_too(cast: Cast, there: FakeLabelStudio, sync: Sync) -> None:
    session = make_there(cast, [cast.gus], here=[cast.gia, cast.geo], overlap=1, n_cases=3)
    sync(session)
    remove(session, cast.gia, cast)
    taken = claim_assignment(session=session, by=cast.geo)
    assert taken is not None
    Assignment.objects.filter(pk=taken.pk).update(lease_until=timezone.now())
    sync(session)
    # Geo had it, Gia is gone: what Geo may still take stays for Geo.
    assert taken.response_id in live(session, cast.gus)
    assert SessionItem.objects.filter(session=session, taken=0).exists()


def test_handing_on_costs_queries_by_graders_not_by_answers(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    costs = []
    for n_cases in (2, 12):
        session = make_there(cast, [cast.gia, cast.gus], overlap=1, n_cases=n_cases)
        sync(session)
        remove(session, cast.gia, cast)
        costs.append(queries_in(partial(hand_on, session)))
    assert costs[0] == costs[1]
    assert queries_in(partial(hand_on, session)) == 2
