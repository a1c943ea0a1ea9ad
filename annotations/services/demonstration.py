"""The demonstration: a hospital with sixteen cases, two systems' answers, three graders and their scores.

Every step goes through the services that people use, so that the demonstration proves the whole loop. It can run again:
a step that is done is left as it is.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotations.models import Assignment, GradingSession, SessionKind
from annotations.selectors.calibration import Gold, calibration_items
from annotations.services.calibration import set_gold_verdicts
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.sessions import CalibrationPlan, close_session, open_session, start_session
from builder.importers import ImportedCase, read_cases
from builder.models import Case, CaseState, Decision, Department, Membership, Role, User, Vote
from builder.services.cases import create_case, save_draft, save_revision, submit_case
from builder.services.imports import import_cases
from builder.services.people import create_department, set_roles
from builder.services.reviews import review_case
from exports.models import Release, Run
from exports.services.releases import freeze_release
from exports.services.runs import import_responses

FOLDER = Path(__file__).resolve().parents[1] / "demo"
PASSWORD = "clinwright-demo"  # noqa: S105 - printed for everybody: the command refuses to run in production
CLINICAL = {
    "ED": "Emergency",
    "IM": "Internal medicine",
    "PED": "Paediatrics",
    "PSY": "Psychiatry and ethics",
}
HOSPITAL = ("HOSP", "Whole hospital")
RELEASE = ("hospital-demo", "1.0.0")
TRIAL = ("ed-demo", "0.1.0")
SYSTEMS: dict[str, dict[str, Any]] = {
    "northlight": {
        "model": "northlight-large",
        "model_class": "general",
        "prompting": "plain",
        "retrieval": "rag",
    },
    "fernbrook": {
        "model": "fernbrook-mini",
        "model_class": "general",
        "prompting": "plain",
        "retrieval": "none",
    },
}
SEED = 2026

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """The accounts of the demonstration, by what they do."""

    admin: User
    lead: User
    author: User
    reviewers: list[User]
    graders: list[User]
    analyst: User

    @property
    def everybody(self) -> list[User]:
        """All of them, in the order they are printed."""
        return [self.author, *self.reviewers, self.lead, *self.graders, self.analyst, self.admin]


def load_demonstration(say: Say) -> DemoPeople:
    """Make whatever of the demonstration isn't there yet; tells each step through `say`."""
    people = _people()
    departments = _departments(people)
    say(f"People and departments: {len(people.everybody)} accounts, {len(departments)} departments.")
    for code in CLINICAL:
        _approve_cases(departments[code], people)
    _leave_work_open(departments, people)
    say(f"Cases: {Case.objects.filter(department__code__in=CLINICAL).count()} written and reviewed.")
    release = _freeze_hospital(departments["HOSP"], people)
    trial = _freeze(departments["ED"], people.lead, *TRIAL, stage="candidate")
    say(f"Releases: {release.label} and {trial.label} are frozen.")
    runs = [_import_run(release, name, people.lead, suffix="") for name in SYSTEMS]
    _grade(release, runs, people)
    say(f"Runs: {', '.join(run.name for run in runs)}, graded by three people and closed.")
    _open_trial(trial, people)
    say("A second session is open, so that the graders find something to do.")
    return people


def _people() -> DemoPeople:
    return DemoPeople(
        admin=_account("admin", "Demo administrator", is_org_admin=True),
        lead=_account("lead", "Demo lead"),
        author=_account("author", "Demo author"),
        reviewers=[_account(f"reviewer-{number}", f"Demo reviewer {number}") for number in (1, 2)],
        graders=[_account(f"grader-{number}", f"Demo grader {number}") for number in (1, 2, 3)],
        analyst=_account("analyst", "Demo analyst"),
    )


def _account(name: str, full_name: str, **fields: bool) -> User:
    email = f"{name}@demo.example"
    found = User.objects.filter(email=email).first()
    return found or User.objects.create_user(email, PASSWORD, name=full_name, **fields)


def _departments(people: DemoPeople) -> dict[str, Department]:
    departments = {}
    for code, name in (*CLINICAL.items(), HOSPITAL):
        department, _token = create_department(
            code=code, name=name, lead_email=people.lead.email, by=people.admin
        )
        departments[code] = department
        roles = {people.analyst: Role.ANALYST} | dict.fromkeys(people.graders, Role.GRADER)
        if code in CLINICAL:
            roles |= {people.author: Role.AUTHOR} | dict.fromkeys(people.reviewers, Role.REVIEWER)
        for user, role in roles.items():
            if not Membership.objects.filter(user=user, department=department, role=role).exists():
                set_roles(user=user, department=department, roles={role.value}, by=people.admin)
    return departments


def _approve_cases(department: Department, people: DemoPeople) -> None:
    for row in read_cases(FOLDER / f"cases_{department.code}.jsonl", "canonical"):
        case = _submitted(row, department, people)
        for reviewer in people.reviewers if case.state == CaseState.IN_REVIEW else []:
            _vote(case, reviewer, Decision.APPROVE)


def _submitted(row: ImportedCase, department: Department, people: DemoPeople) -> Case:
    case = Case.objects.filter(department=department, prompt_id=row.prompt_id).first()
    if case is None:
        case = create_case(
            department=department, content=row.content, prompt_id=row.prompt_id, by=people.author
        )
        save_revision(case=case, content=row.content, base_version=0, by=people.author)
        case = submit_case(case=case, by=people.author)
    return case


def _vote(case: Case, reviewer: User, decision: Decision, comment: str = "") -> None:
    head = case.head
    if head is None or head.reviews.filter(reviewer=reviewer).exists():
        return
    votes = dict.fromkeys(range(len(head.content.rubrics)), Vote.AGREE)
    review_case(
        case=case, revision_number=head.number, decision=decision, comment=comment, votes=votes, by=reviewer
    )


def _leave_work_open(departments: dict[str, Department], people: DemoPeople) -> None:
    """Leave something on every desk: a case in review, one with changes requested, and an unsaved draft."""
    waiting, returned = (
        _submitted(row, departments["ED" if row.prompt_id.startswith("ed-") else "PED"], people)
        for row in read_cases(FOLDER / "cases_pending.jsonl", "canonical")
    )
    _vote(waiting, people.reviewers[0], Decision.APPROVE)
    _vote(
        returned,
        people.reviewers[1],
        Decision.REQUEST_CHANGES,
        "알레르기 병력을 확인하는 항목을 하나 더 넣어 주세요.",
    )
    approved = Case.objects.filter(department=departments["IM"], state=CaseState.APPROVED).first()
    if approved and approved.head and not approved.drafts.exists():
        data = json.loads(approved.head.content_text)
        data["title"] = f"{approved.title} (revised wording)"
        save_draft(case=approved, data=data, base_version=approved.version, sequence=0, by=people.author)


def _freeze_hospital(department: Department, people: DemoPeople) -> Release:
    """Bring the four departments' approved cases together; the lead vouches that they were approved there."""
    for code in CLINICAL:
        import_cases(
            path=FOLDER / f"cases_{code}.jsonl", file_format="canonical", department=department, by=people.lead,
            approved_elsewhere="two reviewers of each case’s own department (demonstration)",
        )  # fmt: skip
    return _freeze(department, people.lead, *RELEASE, stage="final", held_out=0.25, seed=SEED)


def _freeze(department: Department, lead: User, name: str, version: str, **options: Any) -> Release:
    found = Release.objects.filter(name=name, version=version).first()
    return found or freeze_release(department=department, name=name, version=version, by=lead, **options)


def _import_run(release: Release, system: str, lead: User, suffix: str) -> Run:
    """Import a system's recorded answers to the cases the release holds."""
    wanted = set(release.items.values_list("prompt_id", flat=True))
    lines = [row for row in _rows(f"answers_{system}.jsonl") if row["prompt_id"] in wanted]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{system}.jsonl"
        path.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines), encoding="utf-8"
        )
        import_responses(
            path=path, release=release, run_name=f"{system}{suffix}", by=lead, parameters={"temperature": "0"},
            **SYSTEMS[system],
        )  # fmt: skip
    return Run.objects.get(name=f"{system}{suffix}")


def _grade(release: Release, runs: list[Run], people: DemoPeople) -> None:
    """Open the graded session, enter each grader's recorded verdicts, and close it."""
    if GradingSession.objects.filter(release=release, kind=SessionKind.GRADED).exists():
        return
    session = open_session(release=release, runs=runs, graders=people.graders, by=people.lead, seed=SEED)
    for number, grader in enumerate(people.graders, start=1):
        recorded = {(row["run"], row["prompt_id"]): row for row in _rows(f"verdicts_grader-{number}.jsonl")}
        assignments = Assignment.objects.filter(session=session, rater__user=grader)
        for assignment in assignments.select_related("response__run", "response__item"):
            row = recorded[(assignment.response.run.name, assignment.response.item.prompt_id)]
            save_grades(assignment=assignment, verdicts=_verdicts(row), by=grader)
    close_session(session=session, reason="All answers are graded (demonstration).", by=people.lead)


def _verdicts(row: dict[str, Any]) -> dict[int, GivenVerdict]:
    words = {True: "met", False: "not_met", None: "cannot_judge"}
    return {
        index: GivenVerdict(words[item["criteria_met"]], item.get("explanation", ""))
        for index, item in enumerate(row["rubric_items"])
    }


def _open_trial(trial: Release, people: DemoPeople) -> None:
    """Open a session that begins with a calibration answer; what most recorded verdicts say is right."""
    if GradingSession.objects.filter(release=trial, kind=SessionKind.GRADED).exists():
        return
    runs = [_import_run(trial, name, people.lead, suffix="-ed") for name in SYSTEMS]
    session = open_session(
        release=trial, runs=runs, graders=people.graders, overlap=2, calibration=CalibrationPlan(1), by=people.lead,
        seed=SEED,
    )  # fmt: skip
    recorded: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for number in range(1, len(people.graders) + 1):
        for row in _rows(f"verdicts_grader-{number}.jsonl"):
            recorded.setdefault((f"{row['run']}-ed", row["prompt_id"]), []).append(row)
    for item in calibration_items(session).select_related("response__run"):
        rows = recorded[(item.response.run.name, item.response.item.prompt_id)]
        set_gold_verdicts(item=item, verdicts=_gold(rows), by=people.lead)
    start_session(session=session, by=people.lead)


def _gold(rows: list[dict[str, Any]]) -> dict[int, Gold]:
    """Return what most graders said of each criterion, with the first reason one of them gave for it."""
    gold = {}
    for index, items in enumerate(zip(*(row["rubric_items"] for row in rows), strict=True)):
        met = 2 * sum(item["criteria_met"] is True for item in items) > len(items)
        reasons = (item.get("explanation", "") for item in items if item["criteria_met"] is met)
        gold[index] = Gold("met" if met else "not_met", next(filter(None, reasons), ""))
    return gold


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (FOLDER / name).open(encoding="utf-8") as source:
        yield from (json.loads(line) for line in source)
