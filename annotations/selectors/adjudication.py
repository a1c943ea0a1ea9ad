"""What an adjudicator reads before ruling on one unit. Never who wrote the answer; graders go by letters."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from annotations.models import Assignment, Desk, GradingSession, Resolution, SessionItem, SessionRater
from annotations.selectors.counted import counted_grades
from annotations.selectors.disagreements import (
    Unit,
    disputed_criteria,
    find_answer,
    require_ended,
    standing_rulings,
)
from annotations.selectors.excerpts import Passage, excerpt_of
from annotations.selectors.kind_agreement import KindAgreement, kind_agreement
from builder.common.errors import NotFound
from builder.common.markdown import CleanHtml, render_markdown
from builder.content import Criterion, Evidence, Turn
from builder.models import Membership, Role, User
from exports.models import Response


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one grader said of the unit."""

    letter: str
    verdict: str
    note: str
    quote: str
    is_own: bool
    is_third: bool


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Everything beside the form."""

    response: Response
    answer: int
    criterion_index: int
    criterion: Criterion
    prompt_id: str
    title: str
    turns: Sequence[Turn]
    excerpt: Sequence[Passage]
    is_whole: bool
    whole: CleanHtml
    opinions: Sequence[Opinion]
    evidence: Sequence[Evidence]
    kind: KindAgreement | None
    ruling: Resolution | None
    in_dispute: Mapping[int, str]  # the criteria of this answer that wait for a ruling, by their place

    @property
    def unit(self) -> Unit:
        """The response's key and the criterion's place."""
        return self.response.pk, self.criterion_index

    @property
    def number(self) -> int:
        """The criterion's place as people count."""
        return self.criterion_index + 1

    @property
    def judges_self(self) -> bool:
        """Whether the reader is one of the graders."""
        return any(opinion.is_own for opinion in self.opinions)

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many said met, not met and cannot judge."""
        said = [opinion.verdict for opinion in self.opinions]
        return said.count("met"), said.count("not_met"), said.count("cannot_judge")


def decision_page(
    session: GradingSession, reader: User, *, answer: int, criterion_index: int
) -> DecisionPage:
    """Return what there is to know of one unit in dispute.

    Raises NotReady while graders work, NotFound where nobody disagrees and nobody ruled. Cost: twelve queries, and for
    the agreement on like criteria one pass over the session's grades.
    """
    require_ended(session)
    response = find_answer(session, answer)
    ruled = {row.criterion_index: row for row in standing_rulings(session).filter(response=response)}
    disputed = disputed_criteria(session, response)
    if criterion_index not in disputed and criterion_index not in ruled:
        raise NotFound(_("Graders don’t disagree here."))
    content = response.item.content
    criterion = content.rubrics[criterion_index]
    opinions = _opinions(session, response, criterion_index, reader)
    excerpt, is_whole = excerpt_of(response.completion, [opinion.quote for opinion in opinions])
    return DecisionPage(
        response=response, answer=answer, criterion_index=criterion_index, criterion=criterion,
        prompt_id=response.item.prompt_id, title=content.title, turns=content.prompt, excerpt=excerpt,
        is_whole=is_whole, whole=render_markdown(response.completion), opinions=opinions,
        evidence=[passage for passage in content.evidence if passage.evidence_id in criterion.evidence],
        kind=kind_agreement(session, response.item, criterion_index), ruling=ruled.get(criterion_index),
        in_dispute={index: content.rubrics[index].criterion for index in disputed if index not in ruled},
    )  # fmt: skip


def letters(session: GradingSession) -> dict[int, str]:
    """Return each rater's letter in the session: drawn, so that letters don't follow the order people were named in.

    Who joined after the session was planned comes after the others, so that nobody's letter ever changes. Cost: one
    query.
    """
    planned = Assignment.objects.filter(
        session=session, rater=OuterRef("rater"), asked=[], is_calibration=False, lease_until=None
    )
    members = (
        SessionRater.objects.filter(session=session)
        .annotate(was_planned=Exists(planned))
        .order_by("position")
    )
    first = [member.rater_id for member in members if member.was_planned]
    secret = salted_hmac("annotations.letters", str(session.pk), algorithm="sha256").hexdigest()
    random.Random(secret).shuffle(first)  # noqa: S311 - to be repeated by who knows the secret
    later = [member.rater_id for member in members if not member.was_planned]
    return {rater: letter(place) for place, rater in enumerate([*first, *later], start=1)}


def letter(place: int) -> str:
    """Return A for 1, B for 2; after Z the number."""
    return chr(ord("A") + place - 1) if place <= 26 else str(place)


def who_may_be_third(session: GradingSession, response: Response, adjudicator: User) -> list[User]:
    """Return the people who can give a third opinion on an answer, by name.

    Graders of the department who never had this answer, don't grade the session elsewhere, weren't removed from it,
    and didn't write the case unless the session allows it; not the adjudicator. Cost: two queries, one more for each
    person where cases have authors.
    """
    had = Assignment.objects.filter(session=session, response=response, rater__user=OuterRef("pk"))
    away = SessionRater.objects.filter(session=session, rater__user=OuterRef("pk")).exclude(
        desk=Desk.IN_APP, removed_at=None
    )
    graders = Membership.objects.filter(
        department=session.release.department_id, role=Role.GRADER, user=OuterRef("pk")
    )
    people = (
        User.objects.filter(Exists(graders), ~Exists(had), ~Exists(away), is_active=True)
        .exclude(pk=adjudicator.pk)
        .order_by("name", "email")
    )
    if session.allow_own_cases:
        return list(people)
    item = SessionItem.objects.filter(session=session, response=response)
    return [person for person in people if item.not_written_by(person).exists()]


def _opinions(session: GradingSession, response: Response, index: int, reader: User) -> list[Opinion]:
    names = letters(session)
    grades = counted_grades([session]).filter(assignment__response=response, criterion_index=index)
    found = [
        Opinion(
            letter=names[grade.assignment.rater_id], verdict=grade.verdict, note=grade.explanation, quote=grade.quote,
            is_own=grade.assignment.rater.user_id == reader.pk, is_third=bool(grade.assignment.asked),
        )
        for grade in grades.select_related("assignment__rater")
    ]  # fmt: skip
    return sorted(found, key=lambda opinion: (len(opinion.letter), opinion.letter))
