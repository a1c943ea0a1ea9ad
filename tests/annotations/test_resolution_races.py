"""Leads who decide at the same moment: real threads with connections of their own, on SQLite and on PostgreSQL."""

from functools import partial

from annotations.models import Resolution, SessionItem
from annotations.services.resolutions import ask_third, resolve_unit
from annotations.services.sessions import close_session, count_undecided, rater_for_person
from builder.common.errors import Conflict, NotReady
from tests.annotations.disputed import answer_to, disputed
from tests.cast import Cast
from tests.test_races import THREADS, at_once, crowd, events, tally

__all__ = ["crowd"]


def test_of_leads_who_decide_at_once_one_rules_and_the_others_read_it(crowd: Cast) -> None:
    session = disputed(crowd)
    answer = answer_to(session, 0)
    acts = [
        partial(
            resolve_unit, session=session, response=answer, criterion_index=2, verdict=verdict, reason="So.",
            by=crowd.lou,
        )
        for verdict in ("met", "not_met", "cannot_judge", "unclear")
    ]  # fmt: skip
    done = at_once(*acts * 2)
    assert tally(done, Conflict) == (1, THREADS - 1)
    standing = Resolution.objects.get()
    told = {error.data["ruling"]["verdict"] for error in done if isinstance(error, Conflict)}
    assert told == {standing.verdict} and events("resolution:rule") == 1


def test_a_ruling_and_the_closing_do_not_cross(crowd: Cast) -> None:
    session = disputed(crowd)
    rule = partial(
        resolve_unit, session=session, response=answer_to(session, 0), criterion_index=2, verdict="met", reason="So.",
        by=crowd.lou,
    )  # fmt: skip
    close = partial(close_session, session=session, reason="Done.", by=crowd.lou)
    closing, ruling = at_once(close, rule)
    assert isinstance(ruling, Resolution | NotReady)
    # What closing counted is what stands: the ruling came before it, or not at all.
    session.refresh_from_db()
    assert count_undecided(session) == closing
    assert closing.unresolved == (2 if isinstance(ruling, Resolution) else 3)


def test_a_third_is_asked_once(crowd: Cast) -> None:
    session = disputed(crowd)
    answer, geo = answer_to(session, 0), rater_for_person(crowd.geo)
    ask = partial(ask_third, session=session, response=answer, criteria=[0], rater=geo, by=crowd.lou)
    assert tally(at_once(*[ask] * 4), Conflict) == (1, 3)
    item = SessionItem.objects.get(session=session, response=answer)
    assert (item.overlap, item.taken) == (3, 3)
