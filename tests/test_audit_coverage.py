"""Every service that changes something records it: who, what, and in which department."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotations.models import GradingSession
from annotations.services.graded_dataset import export_grades, export_grades_archive
from annotations.services.grades import flag_assignment, skip_assignment, undo_skip, unflag_assignment
from annotations.services.members import add_grader, remove_grader, withdraw_session_run
from annotations.services.resolutions import ask_third, resolve_unit, withdraw_resolution
from annotations.services.result_uploads import upload_results
from annotations.services.results import import_results
from annotations.services.sessions import (
    CalibrationPlan,
    GraderPlan,
    close_session,
    discard_session,
    end_grading,
    open_session,
    open_session_of,
    rater_for_person,
    reopen_session,
    start_session,
)
from annotations.services.verdicts import import_verdicts
from annotations.session_choices import SessionChoices
from builder.content import Criterion, Turn
from builder.jobs import register_job
from builder.models import AuditEvent, Case, Job, ReviewThread, User
from builder.selectors.identifiers import identifiers_page
from builder.services.audit import verify_chain
from builder.services.case_files import CaseFile, request_import
from builder.services.cases import create_case, duplicate_case, retire_case, save_revision, submit_case
from builder.services.conflicts import declare_conflict
from builder.services.departments import change_department
from builder.services.identifiers import attest_identifier
from builder.services.imports import import_cases
from builder.services.jobs import cancel_job, enqueue_job
from builder.services.library import (
    add_to_library,
    keep_template,
    remove_template,
    retire_from_library,
    set_tags,
)
from builder.services.people import (
    accept_invitation,
    change_profile,
    create_api_token,
    create_department,
    invite_person,
    revoke_api_token,
    revoke_invitation,
    set_active,
    set_all_roles,
    set_org_admin,
    set_roles,
)
from builder.services.reviews import review_case, settle_case
from builder.services.threads import (
    adopt_proposal,
    open_thread,
    reopen_thread,
    reply_to_thread,
    resolve_thread,
)
from exports.services.bundles import export_archive, export_release
from exports.services.releases import freeze_release, set_release_state
from exports.services.runs import import_responses, withdraw_run
from tests.annotations.disputed import answer_to, disputed
from tests.annotations.rows import assignment_of, freeze, make_run, make_session, write_gold
from tests.api_client import as_json
from tests.cast import Cast
from tests.exports.builders import answers_to, make_release, write_jsonl
from tests.factories import make_approved, make_content, make_draft, make_submitted
from tests.product_files import ROOT

MODULES = (
    "builder.services.case_files", "builder.services.library",
    "builder.services.cases", "builder.services.conflicts", "builder.services.departments",
    "builder.services.identifiers", "builder.services.imports", "builder.services.jobs",
    "builder.services.people", "builder.services.reminders", "builder.services.reviews",
    "builder.services.threads",
    "exports.services.bundles", "exports.services.releases", "exports.services.run_rows",
    "exports.services.runs", "annotations.services.graded_dataset",
    "annotations.services.grades", "annotations.services.imported_sessions",
    "annotations.services.log_join", "annotations.services.members", "annotations.services.queue",
    "annotations.services.resolutions", "annotations.services.result_uploads", "annotations.services.results",
    "annotations.services.calibration", "annotations.services.sessions", "annotations.services.verdicts",
)  # fmt: skip
# What is typed is no act before it is saved as a revision; a verdict's row names its rater and the time, and the
# session that holds it is opened and closed on record. So does the row of an answer that is seen or taken.
UNRECORDED = {"save_draft", "discard_draft", "save_grades", "open_assignment", "claim_assignment"}

Scene = Callable[[Cast, Path], tuple[Callable[[], Any], User, str]]
NEW = Criterion(criterion="Asks for an ECG.", points=5)
VOTES = {0: "agree", 1: "agree", 2: "agree"}


def of_case(act: Callable[..., Any], make: Callable[..., Any], who: str, verb: str, **given: Any) -> Scene:
    """Return a scene in which somebody does something to a case."""
    return lambda cast, _folder: (
        (lambda case, by: lambda: act(case=case, by=by, **given))(make(cast), getattr(cast, who)),
        getattr(cast, who),
        verb,
    )


def of_person(act: Callable[..., Any], verb: str, **given: Any) -> Scene:
    """Return a scene in which the administrator does something to Gia's account."""
    return lambda cast, _folder: (lambda: act(user=cast.gia, by=cast.ola, **given), cast.ola, verb)


def import_of_cases(cast: Cast, folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the import of a file with one case."""
    path = write_jsonl(folder / "cases.jsonl", [{"prompt_id": "case-a", **as_json(make_content())}])
    act = lambda: import_cases(path=path, file_format="canonical", department=cast.department, by=cast.lou)  # noqa: E731
    return act, cast.lou, "case:import"


def request_of_import(cast: Cast, folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the wish that a job imports a file."""
    path = write_jsonl(folder / "cases.jsonl", [{"prompt_id": "case-a", **as_json(make_content())}])
    file = CaseFile(path, "auto")
    return lambda: request_import(file=file, department=cast.department, by=cast.ada), cast.ada, "job:enqueue"


def import_of_answers(cast: Cast, folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the import of a run."""
    release = make_release(cast)
    path = write_jsonl(folder / "answers.jsonl", answers_to(release))
    return (
        lambda: import_responses(path=path, release=release, run_name="m", by=cast.ana),
        cast.ana,
        "run:import",
    )


def import_of_verdicts(cast: Cast, folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the import of one tool's verdicts on a run."""
    release = make_release(cast, cases=1)
    run, item = make_run(release, "m", by=cast.ana), release.items.get()
    items = [
        {"criterion": each.criterion, "points": each.points, "criteria_met": True}
        for each in item.content.rubrics
    ]
    path = write_jsonl(folder / "v.jsonl", [{"prompt_id": item.prompt_id, "epoch": 1, "rubric_items": items}])
    return (
        lambda: import_verdicts(path=path, run=run, rater_name="tool", by=cast.ana),
        cast.ana,
        "verdicts:import",
    )


def import_of_results(cast: Cast, folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the import of a harness's log."""
    release = make_release(cast)
    path = write_jsonl(folder / "log.jsonl", answers_to(release))
    return (
        lambda: import_results(path=path, release=release, run_name="m", by=cast.ana),
        cast.ana,
        "run:import",
    )


def upload_of_results(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the upload of a harness's log."""
    release = make_release(cast)
    upload = SimpleUploadedFile("log.jsonl", b"{}")
    return (
        lambda: upload_results(upload=upload, release=release, run_name="m", by=cast.ana),
        cast.ana,
        "job:enqueue",
    )


def errand(cast: Cast) -> Job:
    """Return a job that waits."""
    register_job("errand", "Errand", lambda _context: {})
    return enqueue_job(kind="errand", arguments={}, by=cast.ada)


def opening(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the opening of a session."""
    release = freeze(cast)
    run = make_run(release, "m", by=cast.ana)
    return (
        lambda: open_session(release=release, runs=[run], graders=[cast.gia], by=cast.lou), cast.lou, "session:open",
    )  # fmt: skip


def planning(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the planning of a session whose calibration is still to be written."""
    release = freeze(cast)
    choices = SessionChoices(
        release=release, runs=[make_run(release, "m", by=cast.ana)], graders=[GraderPlan(cast.gia)],
        calibration=CalibrationPlan(1),
    )  # fmt: skip
    return lambda: open_session_of(choices=choices, by=cast.lou), cast.lou, "session:plan"


def of_plan(act: Callable[[Cast, GradingSession], Any], verb: str) -> Scene:
    """Return a scene in which Lou does something to a planned session."""
    return lambda cast, _folder: (
        (lambda session: lambda: act(cast, session))(make_session(cast, calibration=CalibrationPlan(1))),
        cast.lou,
        verb,
    )


def start_planned(cast: Cast, session: GradingSession) -> None:
    """Write what is right, then open the session."""
    write_gold(session, by=cast.lou)
    start_session(session=session, by=cast.lou)


def of_answer(act: Callable[..., Any], verb: str, *before: Callable[..., Any], **given: Any) -> Scene:
    """Return a scene in which Gia does something to her first answer, which something was done to before."""

    def scene(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
        row = assignment_of(cast.gia, make_session(cast))
        for each in before:
            each(row, cast.gia)
        return lambda: act(assignment=row, by=cast.gia, **given), cast.gia, verb

    return scene


def of_members(act: Callable[[Cast, GradingSession], Any], verb: str) -> Scene:
    """Return a scene in which Lou changes who grades in a session of Gia's and Gus's, or what."""
    return lambda cast, _folder: (
        (lambda session: lambda: act(cast, session))(make_session(cast)),
        cast.lou,
        verb,
    )


def of_dispute(act: Callable[[Cast, GradingSession], Any], verb: str) -> Scene:
    """Return a scene in which Lou settles something in a session whose graders disagree."""
    return lambda cast, _folder: (
        (lambda session: lambda: act(cast, session))(disputed(cast)),
        cast.lou,
        verb,
    )


def ruled(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the taking back of a ruling."""
    session = disputed(cast)
    ruling = resolve_unit(
        session=session,
        response=answer_to(session, 0),
        criterion_index=0,
        verdict="met",
        reason="So.",
        by=cast.lou,
    )
    return (
        lambda: withdraw_resolution(resolution=ruling, reason="No.", by=cast.lou), cast.lou, "resolution:withdraw",
    )  # fmt: skip


def closed_session(cast: Cast) -> GradingSession:
    """Return a session that is closed, so that its verdicts may leave."""
    session = make_session(cast)
    close_session(session=session, reason="Done.", by=cast.lou)
    session.refresh_from_db()
    return session


def with_proposal(cast: Cast) -> ReviewThread:
    """Return a point of Rui's that proposes a wording."""
    thread = open_thread(case=make_submitted(cast), text="Vague.", criterion_index=0, by=cast.rui)
    reply_to_thread(thread=thread, text="", proposed_wording="Asks for an ECG.", by=cast.rui)
    return thread


def resolved(cast: Cast) -> ReviewThread:
    """Return a point that is resolved."""
    return resolve_thread(thread=with_proposal(cast), by=cast.rui)


def enough_for_one(cast: Cast) -> Case:
    """Return a case with one approval, in a department that is now content with one."""
    case = make_submitted(cast)
    review_case(case=case, revision_number=1, decision="approve", votes=VOTES, by=cast.rui)
    change_department(department=cast.department, required_approvals=1, contested_rule="block", by=cast.lou)
    return Case.objects.get(pk=case.pk)


def freezing(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the freezing of a release."""
    make_approved(cast)
    names = {"name": "set", "version": "1.0.0", "stage": "final"}
    return (
        lambda: freeze_release(department=cast.department, by=cast.lou, **names),
        cast.lou,
        "release:freeze",
    )


def acceptance(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the acceptance of an invitation."""
    user, token = invite_person(email="new@example.org", by=cast.ola)
    return lambda: accept_invitation(token=token, password="correct horse battery"), user, "invitation:accept"


def attestation(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return a reason given for a name."""
    case = make_draft(cast, prompt=[Turn("user", "Mr Brockway has chest pain.")])
    reference = identifiers_page(case, cast.ada).open[0].reference
    return (
        lambda: attest_identifier(case=case, reference=reference, reason="Made up.", by=cast.ada), cast.ada,
        "identifier:attest",
    )  # fmt: skip


def revocation(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the revocation of an invitation."""
    user, _token = invite_person(email="new@example.org", by=cast.ola)
    return lambda: revoke_invitation(user=user, by=cast.ola), cast.ola, "invitation:revoke"


SCENES: dict[str, Scene] = {
    "resolve_unit": of_dispute(
        lambda c, session: resolve_unit(
            session=session, response=answer_to(session, 0), criterion_index=0, verdict="met", reason="So.", by=c.lou
        ), "resolution:rule",
    ),
    "withdraw_resolution": ruled,
    "ask_third": of_dispute(
        lambda c, session: ask_third(
            session=session, response=answer_to(session, 0), criteria=[0], rater=rater_for_person(c.geo), by=c.lou
        ), "resolution:ask-third",
    ),
    "create_case": lambda c, _f: (
        lambda: create_case(department=c.department, content=make_content(), by=c.ada), c.ada, "case:create",
    ),
    "duplicate_case": of_case(
        lambda case, by: duplicate_case(case=case, department=case.department, by=by), make_draft, "ada", "case:create"
    ),
    "save_revision": of_case(
        save_revision, make_draft, "ada", "case:revise", content=make_content("New"), base_version=1
    ),
    "submit_case": of_case(submit_case, make_draft, "ada", "case:submit"),
    "retire_case": of_case(retire_case, make_draft, "lou", "case:retire", reason="Old."),
    "attest_identifier": attestation,
    "review_case": of_case(
        review_case, make_submitted, "rui", "review:approve", revision_number=1, decision="approve", votes=VOTES
    ),
    "settle_case": of_case(settle_case, enough_for_one, "lou", "case:approve"),
    "declare_conflict": of_case(
        declare_conflict, make_submitted, "rui", "conflict:declare", statement="I treated her."
    ),
    "open_thread": of_case(open_thread, make_submitted, "rui", "thread:open", text="Vague."),
    "reply_to_thread": lambda c, _f: (
        (lambda thread: lambda: reply_to_thread(thread=thread, text="Why?", by=c.ada))(with_proposal(c)),
        c.ada, "thread:reply",
    ),
    "resolve_thread": lambda c, _f: (
        (lambda thread: lambda: resolve_thread(thread=thread, by=c.ada))(with_proposal(c)), c.ada, "thread:resolve",
    ),
    "reopen_thread": lambda c, _f: (
        (lambda thread: lambda: reopen_thread(thread=thread, by=c.ada))(resolved(c)), c.ada, "thread:reopen",
    ),
    "adopt_proposal": lambda c, _f: (
        (lambda thread: lambda: adopt_proposal(
            thread=thread, message_id=thread.messages.exclude(proposed_wording="").get().pk, by=c.ada
        ))(with_proposal(c)), c.ada, "thread:adopt",
    ),
    "import_cases": import_of_cases,
    "create_department": lambda c, _f: (
        lambda: create_department(code="IM", name="M", lead_email="a@example.org", by=c.ola), c.ola,
        "department:create",
    ),
    "change_department": lambda c, _f: (
        lambda: change_department(
            department=c.department, required_approvals=3, contested_rule="block", by=c.lou
        ), c.lou, "department:change",
    ),
    "invite_person": lambda c, _f: (
        lambda: invite_person(email="new@example.org", by=c.ola), c.ola, "invitation:create",
    ),
    "revoke_invitation": revocation,
    "accept_invitation": acceptance,
    "set_roles": lambda c, _f: (
        lambda: set_roles(user=c.gia, department=c.department, roles={"lead"}, by=c.ola), c.ola, "role:withdraw",
    ),
    "set_all_roles": lambda c, _f: (
        lambda: set_all_roles(user=c.gia, roles={c.department: {"grader", "lead"}}, by=c.ola), c.ola, "role:grant",
    ),
    "set_org_admin": of_person(set_org_admin, "admin:grant", is_org_admin=True),
    "set_active": of_person(set_active, "account:deactivate", is_active=False),
    "change_profile": lambda c, _f: (
        lambda: change_profile(name="Ada L.", language="ko", by=c.ada), c.ada, "account:change",
    ),
    "create_api_token": lambda c, _f: (lambda: create_api_token(name="t", by=c.ada), c.ada, "token:create"),
    "revoke_api_token": lambda c, _f: (
        (lambda token: lambda: revoke_api_token(token_id=token.pk, by=c.ada))(create_api_token(name="t", by=c.ada)[0]),
        c.ada, "token:revoke",
    ),
    "request_import": request_of_import,
    "skip_assignment": of_answer(skip_assignment, "grade:skip", reason="I know the patient."),
    "undo_skip": of_answer(
        undo_skip, "grade:undo-skip", lambda row, by: skip_assignment(assignment=row, reason="Unsure.", by=by)
    ),
    "flag_assignment": of_answer(flag_assignment, "grade:flag", note="Look here."),
    "unflag_assignment": of_answer(
        unflag_assignment, "grade:unflag", lambda row, by: flag_assignment(assignment=row, note="Look.", by=by)
    ),
    "add_grader": of_members(lambda c, s: add_grader(session=s, user=c.geo, by=c.lou), "session:add-grader"),
    "remove_grader": of_members(
        lambda c, s: remove_grader(
            session=s, rater=assignment_of(c.gia, s).rater, reason="On leave.", by=c.lou
        ), "session:remove-grader",
    ),
    "withdraw_session_run": of_members(
        lambda c, s: withdraw_session_run(session=s, run=s.runs.first(), reason="Wrong.", by=c.lou),
        "session:withdraw-run",
    ),
    "add_to_library": lambda c, _f: (
        lambda: add_to_library(criterion=NEW, department=c.department, by=c.ada), c.ada, "library:add",
    ),
    "retire_from_library": lambda c, _f: (
        (lambda row: lambda: retire_from_library(row=row, by=c.ada))(
            add_to_library(criterion=NEW, department=c.department, by=c.ada)
        ), c.ada, "library:retire",
    ),
    "keep_template": lambda c, _f: (
        lambda: keep_template(department=c.department, name="Chest pain", content=make_content(), by=c.ada), c.ada,
        "template:keep",
    ),
    "remove_template": lambda c, _f: (
        (lambda kept: lambda: remove_template(template=kept, by=c.ada))(
            keep_template(department=c.department, name="Chest pain", content=make_content(), by=c.ada)
        ), c.ada, "template:remove",
    ),
    "set_tags": lambda c, _f: (
        lambda: set_tags(department=c.department, tags=["theme:sepsis"], by=c.lou), c.lou, "department:tags",
    ),
    "enqueue_job": lambda c, _f: (lambda: errand(c), c.ada, "job:enqueue"),
    "cancel_job": lambda c, _f: (
        (lambda job: lambda: cancel_job(job=job, by=c.ada))(errand(c)), c.ada, "job:cancel",
    ),
    "freeze_release": freezing,
    "set_release_state": lambda c, _f: (
        (lambda release: lambda: set_release_state(release=release, stage="withdrawn", reason="Old.", by=c.lou))(
            make_release(c)
        ), c.lou, "release:withdrawn",
    ),
    "export_release": lambda c, folder: (
        (lambda release: lambda: export_release(
            release=release, file_format="canonical", directory=folder / "out", by=c.ana
        ))(make_release(c)), c.ana, "release:export",
    ),
    "export_archive": lambda c, _f: (
        (lambda release: lambda: export_archive(release=release, file_format="canonical", by=c.ana).content.close())(
            make_release(c)
        ), c.ana, "release:export",
    ),
    "import_responses": import_of_answers,
    "withdraw_run": lambda c, _f: (
        (lambda run: lambda: withdraw_run(run=run, reason="Wrong.", by=c.ana))(
            make_run(make_release(c), "m", by=c.ana)
        ), c.ana, "run:withdraw",
    ),
    "open_session": opening, "open_session_of": planning,
    "start_session": of_plan(start_planned, "session:open"),
    "discard_session": of_plan(
        lambda cast, session: discard_session(session=session, by=cast.lou), "session:discard"
    ),
    "set_gold_verdicts": of_plan(
        lambda cast, session: write_gold(session, by=cast.lou), "calibration:write"
    ),
    "reopen_session": lambda c, _f: (
        (lambda session: lambda: reopen_session(session=session, reason="More time.", by=c.lou))(
            end_grading(session=make_session(c), by=c.lou)
        ),
        c.lou, "session:reopen",
    ),
    "end_grading": lambda c, _f: (
        (lambda session: lambda: end_grading(session=session, by=c.lou))(make_session(c)), c.lou, "session:end-grading",
    ),
    "close_session": lambda c, _f: (
        (lambda session: lambda: close_session(session=session, reason="Done.", by=c.lou))(make_session(c)),
        c.lou, "session:close",
    ),
    "export_grades": lambda c, folder: (
        (lambda session: lambda: export_grades(
            session=session, file_format="csv", path=folder / "grades.csv", by=c.ana
        ))(closed_session(c)), c.ana, "grades:export",
    ),
    "export_grades_archive": lambda c, _f: (
        (lambda session: lambda: export_grades_archive(session=session, file_format="csv", by=c.ana).content.close())(
            closed_session(c)
        ), c.ana, "grades:export",
    ),
    "import_verdicts": import_of_verdicts,
    "import_results": import_of_results,
    "upload_results": upload_of_results,
}  # fmt: skip


def acting_services() -> set[str]:
    """Return the services that act in somebody's name, and the one by which a new person arrives."""
    found = {"accept_invitation"}
    for name in MODULES:
        module = importlib.import_module(name)
        for each, function in inspect.getmembers(module, inspect.isfunction):
            is_own = function.__module__ == name and not each.startswith("_")
            if is_own and "by" in inspect.signature(function).parameters:
                found.add(each)
    return found


def test_every_service_has_its_scene() -> None:
    folders = ("builder", "exports", "annotations")
    files = {
        f"{room}.services.{path.stem}" for room in folders for path in (ROOT / room / "services").glob("*.py")
    }
    quiet = {
        "builder.services.audit", "builder.services.case_index", "annotations.services.demonstration",
        "annotations.services.grade_rows", "annotations.services.places",
        "annotations.services.session_rows",
    }  # fmt: skip
    assert {name for name in files if not name.endswith("__init__")} - quiet == set(MODULES)
    assert acting_services() - UNRECORDED == SCENES.keys()


@pytest.mark.parametrize("service", sorted(SCENES))
def test_the_act_is_recorded(cast: Cast, tmp_path: Path, service: str) -> None:
    act, actor, verb = SCENES[service](cast, tmp_path)
    before = AuditEvent.objects.count()
    act()
    told = AuditEvent.objects.filter(sequence__gt=before)
    assert verb in told.values_list("verb", flat=True)
    assert set(told.values_list("actor", flat=True)) == {actor.pk}
    assert verify_chain() is None
