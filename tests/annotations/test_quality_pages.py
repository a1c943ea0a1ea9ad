"""The quality of graders as pages and by API: who may read what of whom, and when."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.models import (
    Assignment,
    Desk,
    GoldVerdict,
    Grade,
    GradingSession,
    SessionItem,
    SessionRater,
    SessionRun,
)
from annotations.selectors.agreement import report_agreement
from annotations.selectors.quality import GraderReport, report_own_quality, report_quality
from annotations.services.sessions import close_session, end_grading
from annotations.services.verdicts import import_verdicts
from builder.common.errors import NotReady
from builder.models import Membership, Role, User
from exports.models import Response
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import give, make_release, make_run, make_session
from tests.cast import Cast
from tests.costs import queries_of
from tests.exports.builders import write_jsonl

pytestmark = pytest.mark.django_db
SIGNS = ("+o+", "o++", "++o", "ooo", "+++", "o+o")


def judged(
    cast: Cast, *, n_cases: int = 24, graders: tuple[User, ...] = (), close: bool = True
) -> GradingSession:
    """Return a session of three graders who differ here and there."""
    criteria = ((5, "accuracy"), (3, "accuracy"), (-2, "accuracy"))
    name = f"set-{GradingSession.objects.count()}"
    release = make_release(cast, name=name, contents=[case(f"C{n}", *criteria) for n in range(n_cases)])
    answered(release, f"{name}-run", dict.fromkeys(range(n_cases), 1), by=cast.lou)
    grades = {
        (n, 1): [SIGNS[n % 6], SIGNS[(n * n) % 6], SIGNS[(n * 5) % 6] if n % 4 else "?++"]
        for n in range(n_cases)
    }
    session = graded(cast, release, {f"{name}-run": grades}, graders=graders or (), close=False)
    Assignment.objects.filter(session=session).update(done_at=timezone.now())
    if close:
        close_session(session=session, reason="Done.", by=cast.lou)
    session.refresh_from_db()
    return session


def one(session: GradingSession, cast: Cast, label: str = "grader-1") -> GraderReport:
    """Return one grader as the lead sees them."""
    return next(row for row in report_quality(session, cast.lou).graders if row.label == label)


def texts(client: Client, user: User, name: str, session: GradingSession) -> str:
    """Return what a person reads at an address."""
    client.force_login(user)
    answer = client.get(reverse(f"annotations:{name}", args=[session.pk]))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_agreement_is_what_the_agreement_page_says(cast: Cast) -> None:
    session = judged(cast)
    told = {row.rater: row for row in report_agreement(session).by_rater}
    for row in report_quality(session, cast.lou).graders:
        assert row.quality.pairwise.value == pytest.approx(told[row.label].share)
        assert row.quality.pairwise.n == told[row.label].n_pairs
        assert row.quality.share_met == pytest.approx(told[row.label].share_met)


class TestWhileGradingGoesOn:
    """The lead sees counts and shares; whoever grades there nothing that the others' verdicts tell."""

    def test_a_lead_who_does_not_grade_sees_agreement(self, cast: Cast, client: Client) -> None:
        session = judged(cast, close=False)
        page = texts(client, cast.lou, "session-quality", session)
        assert "Grading goes on" in page and "Same verdict (95% interval)" in page
        assert all(row.compared for row in report_quality(session, cast.lou).graders)

    def test_a_grader_sees_their_own_work_alone(self, cast: Cast, client: Client) -> None:
        session = judged(cast, close=False)
        page = texts(client, cast.gia, "session-quality-mine", session)
        assert "You judged 24 of 24 answers." in page and "is shown when grading has ended" in page
        assert "grader-2" not in page and "First third" not in page
        [row] = report_own_quality(session, cast.gia).graders
        quality = row.quality
        assert (quality.pairwise.value, quality.majority.value, quality.beside.value) == (None, None, None)
        assert quality.agreement_drift.change.value is None and quality.met_drift.change.value is None
        assert quality.uniform.others is None and quality.run.length > 0

    def test_nothing_a_grader_gets_depends_on_the_others(self, cast: Cast, client: Client) -> None:
        """Whatever the others say, not a byte of the grader's own page or answer changes."""
        session = judged(cast, close=False)
        client.force_login(cast.gia)
        addresses = [
            reverse("annotations:session-quality-mine", args=[session.pk]),
            reverse("api:session-quality-mine", args=[session.pk]),
        ]

        def read() -> list[str]:
            pages = [client.get(address).content.decode() for address in addresses]
            return [re.sub(r"[0-9A-Za-z]{64}", "", page) for page in pages]  # the token of its forms

        before = read()
        Grade.objects.exclude(assignment__rater__user=cast.gia).update(verdict="met")
        assert read() == before

    def test_a_lead_who_grades_learns_nothing_of_themself(self, cast: Cast) -> None:
        Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
        session = judged(cast, graders=(cast.lou, cast.gus, cast.geo), close=False)
        rows = {row.label: row for row in report_quality(session, cast.lou).graders}
        assert not rows["grader-1"].compared and rows["grader-1"].quality.pairwise.value is None
        # The others are compared with each other alone, so that their numbers don't tell of the reader's verdicts.
        assert rows["grader-2"].quality.pairwise.n == rows["grader-3"].quality.pairwise.n == 24 * 3 - 6
        before = rows["grader-2"].to_dict()
        Grade.objects.filter(assignment__rater__user=cast.lou).update(verdict="not_met")
        after = {row.label: row for row in report_quality(session, cast.lou).graders}
        assert after["grader-2"].to_dict() == before
        end_grading(session=session, by=cast.lou)
        session.refresh_from_db()
        assert report_quality(session, cast.lou).graders[0].compared

    def test_with_one_colleague_nothing_is_left_to_compare(self, cast: Cast) -> None:
        Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
        session = make_session(cast, n_cases=20, n_runs=1, graders=[cast.lou, cast.gus])
        give(cast.lou, session)
        give(cast.gus, session)
        assert [row.quality.pairwise.value for row in report_quality(session, cast.lou).graders] == [
            None,
            None,
        ]

    def test_few_pairs_would_tell_single_verdicts(self, cast: Cast) -> None:
        """Nine cases of three criteria: 27 pairs, three fewer than it takes."""
        session = make_session(cast, n_cases=9, n_runs=1)
        give(cast.gia, session)
        give(cast.gus, session)
        assert [row.compared for row in report_quality(session, cast.lou).graders] == [False, False]
        end_grading(session=session, by=cast.lou)
        session.refresh_from_db()
        assert [row.compared for row in report_quality(session, cast.lou).graders] == [True, True]


class TestAfterGrading:
    """What everybody may read."""

    def test_a_grader_sees_how_far_they_agree(self, cast: Cast, client: Client) -> None:
        page = texts(client, cast.gia, "session-quality-mine", judged(cast))
        assert "Same verdict (95% interval)" in page and "First third" in page and "grader-2" not in page

    def test_names_stand_where_the_lead_reads_and_nowhere_else(self, cast: Cast, client: Client) -> None:
        session = judged(cast)
        assert "Gia" in texts(client, cast.lou, "session-quality", session)
        client.force_login(cast.lou)
        answer = client.get(reverse("api:session-quality", args=[session.pk])).content.decode()
        assert "Gia" not in answer and "grader-1" in answer

    def test_no_system_is_named_anywhere(self, cast: Cast, client: Client) -> None:
        session = judged(cast)
        run = session.runs.get()
        run.model = "canary-model"
        run.save(update_fields=["model"])
        for user, name in ((cast.lou, "session-quality"), (cast.gia, "session-quality-mine")):
            page = texts(client, user, name, session)
            assert run.name not in page and "canary-model" not in page

    def test_a_colleague_or_a_removed_grader_has_no_page(self, cast: Cast, client: Client) -> None:
        session = judged(cast)
        SessionRater.objects.filter(session=session, rater__user=cast.gus).update(removed_at=timezone.now())
        for user in (cast.ada, cast.ana, cast.gus, cast.eve):
            client.force_login(user)
            assert (
                client.get(reverse("annotations:session-quality-mine", args=[session.pk])).status_code == 404
            )

    def test_whoever_grades_in_label_studio_reads_their_own_too(self, cast: Cast, client: Client) -> None:
        session = judged(cast)
        SessionRater.objects.filter(session=session, rater__user=cast.gia).update(desk=Desk.LABEL_STUDIO)
        page = texts(client, cast.gia, "session-quality-mine", session)
        assert "1 grader worked in Label Studio" in page

    def test_imported_verdicts_are_nobodys_work(self, cast: Cast, tmp_path, client: Client) -> None:  # type: ignore[no-untyped-def]
        release = make_release(cast, contents=[case("One", (5, "accuracy"))])
        run, item = make_run(release, "m", by=cast.ana), release.items.get()
        items = [{"criterion": "One, criterion 0.", "points": 5, "criteria_met": True}]
        path = write_jsonl(
            tmp_path / "v.jsonl", [{"prompt_id": item.prompt_id, "epoch": 1, "rubric_items": items}]
        )
        session = import_verdicts(path=path, run=run, rater_name="tool", by=cast.ana).session
        with pytest.raises(NotReady):
            report_quality(session, cast.lou)
        client.force_login(cast.lou)
        assert client.get(reverse("annotations:session-quality", args=[session.pk])).status_code == 409


class TestWhatCounts:
    """Released verdicts, withdrawn runs, calibration and third opinions stay out of what they don't belong to."""

    def test_released_and_withdrawn_are_left_out(self, cast: Cast) -> None:
        session = make_session(cast, n_cases=12, n_runs=2)
        give(cast.gia, session)
        give(cast.gus, session)
        end_grading(session=session, by=cast.lou)
        session.refresh_from_db()
        assert one(session, cast).quality.n_verdicts == 72
        SessionRun.objects.filter(session=session, position=2).update(withdrawn_at=timezone.now())
        kept = Assignment.objects.filter(
            session=session, rater__user=cast.gia, response__run__session_runs__position=1
        )
        Assignment.objects.filter(pk=kept[0].pk).update(released_at=timezone.now(), released_cause="skipped")
        row = one(session, cast)
        assert (row.quality.n_verdicts, row.work.done, row.work.total) == (33, 11, 11)

    def test_third_opinions_are_left_out(self, cast: Cast) -> None:
        session = judged(cast)
        before = one(session, cast, "grader-3")
        asked = Assignment.objects.filter(session=session, rater__user=cast.geo)[:4]
        Assignment.objects.filter(pk__in=[each.pk for each in asked]).update(asked=[0])
        after = one(session, cast, "grader-3")
        assert (
            after.quality.n_verdicts < before.quality.n_verdicts and after.work.total == before.work.total - 4
        )

    def test_calibration_stands_beside_gold_and_counts_for_nothing_else(self, cast: Cast) -> None:
        """Two answers of three criteria, the last a red line; Gia says met to all, once she can't judge."""
        session = make_session(cast, n_cases=12, n_runs=1)
        give(cast.gia, session)
        give(cast.gus, session, "not_met")
        for position, verdicts in ((0, ("met", "met", "met")), (1, ("met", "not_met", "not_met"))):
            item = SessionItem.objects.get(session=session, response__item__position=position)
            SessionItem.objects.filter(pk=item.pk).update(is_calibration=True)
            Assignment.objects.filter(session=session, response=item.response).update(is_calibration=True)
            for index, verdict in enumerate(verdicts):
                GoldVerdict.objects.create(item=item, criterion_index=index, verdict=verdict, by=cast.lou)
        first = Grade.objects.filter(assignment__rater__user=cast.gia, assignment__response__item__position=0)
        first.filter(criterion_index=1).update(verdict="cannot_judge")
        found = one(session, cast)
        # Of five verdicts the first answer's two are right and one of the second's; of two red lines one.
        assert (found.calibration.all.hits, found.calibration.all.n, found.calibration.cannot_judge) == (
            3,
            5,
            1,
        )
        assert (found.calibration.red_lines.hits, found.calibration.red_lines.n) == (1, 2)
        assert found.quality.n_verdicts == 30 and found.work.total == 10
        Assignment.objects.filter(session=session, rater__user=cast.gia, is_calibration=True).update(
            done_at=None
        )
        assert one(session, cast).calibration.all.n == 0  # feedback comes after the answer is finished


class TestPace:
    """Working time, days and reading time."""

    def test_a_speeder_is_flagged(self, cast: Cast, client: Client) -> None:
        """200 words and three criteria take 23 s at least; twelve answers take 22 s."""
        session = make_session(cast, n_cases=12, n_runs=1)
        Response.objects.filter(session_items__session=session).update(completion="words " * 199 + "words")
        give(cast.gia, session)
        give(cast.gus, session)
        mine = Assignment.objects.filter(session=session, rater__user=cast.gia)
        mine.update(active_seconds=22)
        Assignment.objects.filter(session=session, rater__user=cast.gus).update(active_seconds=90)
        rows = {row.label: row for row in report_quality(session, cast.lou).graders}
        assert (rows["grader-1"].work.speed.n_fast, rows["grader-1"].flags) == (12, ("speed",))
        assert (rows["grader-2"].work.speed.n_fast, rows["grader-2"].flags) == (0, ())
        assert (
            rows["grader-2"].work.speed.per_answer == 90 and rows["grader-2"].work.speed.per_criterion == 30
        )
        page = texts(client, cast.lou, "session-quality", session)
        assert "1 of 2 graders is worth a look." in page
        assert "12 of 12 answers judged in less time than reading them takes" in page
        mine.update(active_seconds=23)
        assert not one(session, cast).flags

    def test_blanks_of_a_table_are_no_words(self, cast: Cast) -> None:
        """1,000 blanks and ten letters count as 202 words, not as 1,001: never more than a fifth of the characters."""
        session = make_session(cast, n_cases=12, n_runs=1)
        Response.objects.filter(session_items__session=session).update(completion="a" * 10 + " " * 1_000)
        give(cast.gia, session)
        Assignment.objects.filter(session=session, rater__user=cast.gia).update(active_seconds=24)
        assert one(session, cast).work.speed.n_fast == 0
        Assignment.objects.filter(session=session, rater__user=cast.gia).update(active_seconds=23)
        assert one(session, cast).work.speed.n_fast == 12

    def test_answers_a_day(self, cast: Cast) -> None:
        session = make_session(cast, n_cases=12, n_runs=1)
        give(cast.gia, session)
        mine = Assignment.objects.filter(session=session, rater__user=cast.gia)
        mine.filter(position__gt=8).update(done_at=timezone.now() - timedelta(days=3))
        mine.filter(position__gt=11).update(done_at=None)
        work = one(session, cast).work
        assert (work.done, work.total, work.n_days, work.per_day) == (11, 12, 2, 5.5)


@pytest.mark.parametrize("name", ["session-quality", "session-quality-mine"])
def test_a_page_costs_the_same_for_any_number_of_answers(cast: Cast, client: Client, name: str) -> None:
    costs = []
    for n_cases in (12, 36):
        session = judged(cast, n_cases=n_cases)
        client.force_login(cast.lou if name == "session-quality" else cast.gia)
        costs.append(queries_of(client, reverse(f"annotations:{name}", args=[session.pk])))
    assert costs[0] == costs[1] <= 20


def test_nothing_is_said_before_anybody_judged(cast: Cast, client: Client) -> None:
    session = make_session(cast)
    assert "Nothing was judged yet." in texts(client, cast.lou, "session-quality", session)
    assert "You judged 0 of 4 answers." in texts(client, cast.gia, "session-quality-mine", session)


def test_a_planned_session_has_no_own_page(cast: Cast, client: Client) -> None:
    session = make_session(cast)
    GradingSession.objects.filter(pk=session.pk).update(state="draft")
    client.force_login(cast.gia)
    assert client.get(reverse("annotations:session-quality-mine", args=[session.pk])).status_code == 404
