"""The rows a session's assignment is planned from, as values: answers, who may grade them, and what must hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from annotations.assignment import Constraints, Grader, Infeasible, Plan, Unit, draw_secret, plan
from annotations.models import GradingSession, SessionItem
from annotations.naming import names_of, names_system
from annotations.session_choices import GraderPlan, SessionChoices
from builder.common.errors import BadInput, NotReady
from builder.models import CaseRevision, Kind
from exports.models import Release, ReleaseItem, Response, Run
from exports.selectors import answers_of


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What planning needs to know of a case; `words` are those of its conversation."""

    prompt_id: str
    title: str
    criteria: int
    is_safety: bool
    words: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that is to be graded by `overlap` people."""

    pk: int
    item_id: int
    run_id: int
    overlap: int


@dataclass(frozen=True, slots=True)
class SessionDesign:
    """What is planned from: the answers, the cases by key, who grades and which cases they wrote."""

    answers: Sequence[Answer]
    cases: Mapping[int, CaseFacts]
    graders: Sequence[GraderPlan]
    min_shared: int
    seed: int
    barred: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def plan(self) -> Plan:
        """Return who grades what; raises BadInput, with the conflict named, when that can't be."""
        runs = {run: place for place, run in enumerate(sorted({answer.run_id for answer in self.answers}))}
        units = [
            Unit(self.cases[answer.item_id].prompt_id, runs[answer.run_id], answer.overlap)
            for answer in self.answers
        ]
        graders = [
            Grader(str(each.user), each.quota, self.barred.get(each.user.pk, frozenset()))
            for each in self.graders
        ]
        names = {case.prompt_id: case.title for case in self.cases.values() if case.title}
        secret = draw_secret(answer.pk for answer in self.answers)
        try:
            return plan(units, graders, Constraints(self.min_shared, names), self.seed, secret=secret)
        except Infeasible as error:
            raise BadInput(error.sentence, field=error.field) from error

    def may_grade(self, grader: GraderPlan, item_id: int) -> bool:
        """Whether somebody may judge answers to a case."""
        return self.cases[item_id].prompt_id not in self.barred.get(grader.user.pk, ())


def design_of(choices: SessionChoices, calibration: Iterable[int]) -> SessionDesign:
    """Return the design of a session to come; answers kept for calibration are no part of it. Cost: three queries."""
    cases = facts_of(choices.release)
    kept = set(calibration)
    answers = [
        Answer(pk, item_id, run_id, _overlap(choices, cases[item_id]))
        for pk, item_id, run_id in chosen_answers(choices).values_list("pk", "item_id", "run_id")
        if pk not in kept
    ]
    if not answers:
        raise NotReady(_("These runs hold no answers to grade."))
    barred = {} if choices.allow_own_cases else own_cases(choices.release, choices.graders)
    return SessionDesign(answers, cases, choices.graders, choices.min_shared, choices.seed, barred)


def design_of_session(session: GradingSession) -> SessionDesign:
    """Return the design of a session that is still a draft, from its rows. Cost: four queries."""
    members = (
        session.session_raters.filter(removed_at=None).select_related("rater__user").order_by("position")
    )
    graders = [
        GraderPlan(member.rater.user, member.desk, member.quota) for member in members if member.rater.user
    ]
    rows = (
        SessionItem.objects.filter(session=session, is_calibration=False)
        .exclude(response__run__in=session.session_runs.filter(withdrawn_at__isnull=False).values("run"))
        .order_by("response__item__position", "response__run_id", "response__epoch")
        .values_list("response_id", "response__item_id", "response__run_id", "overlap")
    )
    barred = {} if session.allow_own_cases else own_cases(session.release, graders)
    return SessionDesign(
        [Answer(*row) for row in rows],
        facts_of(session.release),
        graders,
        session.min_shared,
        session.seed,
        barred,
    )


def chosen_answers(choices: SessionChoices) -> QuerySet[Response]:
    """Return the answers of the chosen runs and samples, in the release's order."""
    answers = answers_of(choices.runs)
    return answers.filter(epoch__in=choices.epochs) if choices.epochs else answers


def facts_of(release: Release) -> dict[int, CaseFacts]:
    """Return what planning needs of every case of a release, by key. Cost: one query, and reading every case once."""
    facts = {}
    for item in ReleaseItem.objects.filter(release=release).order_by("position").iterator(chunk_size=500):
        content = item.content
        facts[item.pk] = CaseFacts(
            prompt_id=item.prompt_id,
            title=content.title,
            criteria=len(content.rubrics),
            is_safety=content.kind == Kind.SAFETY or any(criterion.red_line for criterion in content.rubrics),
            words=sum(len(turn.content.split()) for turn in content.prompt),
        )
    return facts


def own_cases(release: Release, graders: Sequence[GraderPlan]) -> dict[int, frozenset[str]]:
    """Return by person the cases of the release of which they saved a revision. Cost: one query."""
    rows = (
        CaseRevision.objects.filter(
            author__in=[grader.user for grader in graders], case__revisions__release_items__release=release
        )
        .values_list("author_id", F("case__revisions__release_items__prompt_id"))
        .distinct()
    )
    found: dict[int, set[str]] = {}
    for author, prompt_id in rows:
        found.setdefault(author, set()).add(prompt_id)
    return {author: frozenset(prompt_ids) for author, prompt_ids in found.items()}


@dataclass(frozen=True, slots=True)
class AnswerTexts:
    """What the answers' texts say of themselves: how long each is in words, and which name their system."""

    words: Mapping[int, int]
    naming: frozenset[int]


def read_texts(answers: Iterable[int], runs: Iterable[Run]) -> AnswerTexts:
    """Read the answers once. Cost: one query for every 500 answers; a second for 20,000 of a usual length."""
    names = {run.pk: names_of(run.name, run.model) for run in runs}
    words: dict[int, int] = {}
    naming = set()
    wanted = list(answers)
    for start in range(0, len(wanted), 500):
        rows = Response.objects.filter(pk__in=wanted[start : start + 500])
        for pk, run_id, text in rows.order_by().values_list("pk", "run_id", "completion"):
            words[pk] = len(text.split())
            if names_system(text, names.get(run_id, ())):
                naming.add(pk)
    return AnswerTexts(words, frozenset(naming))


def naming_of(answers: Iterable[int], runs: Iterable[Run]) -> frozenset[int]:
    """Return the answers whose text names the system that wrote them. Cost: as `read_texts`."""
    return read_texts(answers, runs).naming


def _overlap(choices: SessionChoices, case: CaseFacts) -> int:
    return choices.largest_overlap if case.is_safety else choices.usual_overlap
