"""Writing the rows of a session: its runs and raters, its answers, and who grades which."""

from collections.abc import Collection, Iterator, Sequence

from annotations.assignment import Plan, draw_secret, shuffled
from annotations.models import (
    Assignment,
    Desk,
    GoldVerdict,
    GradingSession,
    Rater,
    RaterKind,
    SessionItem,
    SessionRater,
    SessionRun,
)
from annotations.selectors.calibration import ChosenCalibration, gold_authors
from annotations.selectors.session_design import SessionDesign
from annotations.session_choices import SessionChoices
from builder.models import User

BATCH = 1_000


def rater_for_person(user: User) -> Rater:
    """Return the person's row among the raters."""
    rater, _created = Rater.objects.get_or_create(user=user, defaults={"kind": RaterKind.PERSON})
    return rater


def write_members(session: GradingSession, choices: SessionChoices) -> None:
    """Write the runs and the graders, each with a place."""
    SessionRun.objects.bulk_create(
        SessionRun(session=session, run=run, position=place)
        for place, run in enumerate(choices.runs, start=1)
    )
    SessionRater.objects.bulk_create(
        SessionRater(
            session=session, rater=rater_for_person(grader.user), desk=grader.desk, position=place, quota=grader.quota
        )
        for place, grader in enumerate(choices.graders, start=1)
    )  # fmt: skip


def write_items(
    session: GradingSession,
    design: SessionDesign,
    calibration: ChosenCalibration,
    naming: Collection[int],
    by: User,
) -> None:
    """Write the answers that are graded, those for calibration, and the gold verdicts that are known."""
    in_app = sum(grader.desk == Desk.IN_APP for grader in design.graders)
    SessionItem.objects.bulk_create(
        [
            SessionItem(
                session=session, response_id=pk, overlap=in_app, is_calibration=True, names_system=pk in naming
            )
            for pk in calibration.answers
        ]
        + [
            SessionItem(
                session=session, response_id=answer.pk, overlap=answer.overlap, names_system=answer.pk in naming
            )
            for answer in design.answers
        ],
        batch_size=BATCH,
    )  # fmt: skip
    items = {
        item.response_id: item for item in SessionItem.objects.filter(session=session, is_calibration=True)
    }
    GoldVerdict.objects.bulk_create(
        (
            GoldVerdict(
                item=items[pk], criterion_index=index, verdict=gold.verdict, explanation=gold.explanation, by=by
            )
            for pk, verdicts in calibration.gold.items()
            for index, gold in verdicts.items()
        ),
        batch_size=BATCH,
    )  # fmt: skip


def write_assignments(session: GradingSession, design: SessionDesign, plan: Plan) -> None:
    """Write who grades what: calibration answers come first, the rest in each grader's own order."""
    raters = [rater_for_person(grader.user) for grader in design.graders]
    first = _calibration_orders(session, design)
    rows: list[Assignment] = []
    for place, (rater, order) in enumerate(zip(raters, plan.orders, strict=True)):
        rows += _own(session, rater, first[place], start=1, is_calibration=True)
        own = [design.answers[each].pk for each in order]
        rows += _own(session, rater, own, start=len(first[place]) + 1)
    Assignment.objects.bulk_create(rows, batch_size=BATCH)
    _mark_taken(session, design, calibrating=sum(1 for order in first if order))


def _own(
    session: GradingSession, rater: Rater, answers: Sequence[int], *, start: int, is_calibration: bool = False
) -> Iterator[Assignment]:
    for position, pk in enumerate(answers, start=start):
        yield Assignment(
            session=session, response_id=pk, rater=rater, position=position, is_calibration=is_calibration
        )


def _calibration_orders(session: GradingSession, design: SessionDesign) -> list[list[int]]:
    """Return each grader's calibration answers in an own order; none in Label Studio or for who wrote what is right."""
    answers = list(
        SessionItem.objects.filter(session=session, is_calibration=True)
        .order_by("response_id")
        .values_list("response_id", flat=True)
    )
    knowing = gold_authors(session)
    secret = draw_secret(answers)
    return [
        [
            answers[each]
            for each in shuffled(range(len(answers)), f"{design.seed}:{secret}:calibration:{place}")
        ]
        if grader.desk == Desk.IN_APP and grader.user.pk not in knowing
        else []
        for place, grader in enumerate(design.graders)
    ]


def _mark_taken(session: GradingSession, design: SessionDesign, *, calibrating: int) -> None:
    """Say that every place is taken. Cost: one update for each different number of graders."""
    items = SessionItem.objects.filter(session=session)
    for overlap in {answer.overlap for answer in design.answers}:
        items.filter(is_calibration=False, overlap=overlap).update(taken=overlap)
    items.filter(is_calibration=True).update(overlap=calibrating, taken=calibrating)
