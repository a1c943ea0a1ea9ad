"""Every service that changes something records it: who, what, and in which department."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annotations.services.sessions import close_session, end_grading, open_session
from annotations.services.verdicts import import_verdicts
from builder.models import AuditEvent, User
from builder.services.audit import verify_chain
from builder.services.cases import create_case, retire_case, save_revision, submit_case
from builder.services.imports import import_cases
from builder.services.people import (
    accept_invitation,
    change_department,
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
from builder.services.reviews import review_case
from exports.services.bundles import export_archive, export_release
from exports.services.releases import freeze_release, set_release_state
from exports.services.runs import import_responses, withdraw_run
from tests.annotations.rows import freeze, make_run, make_session
from tests.api_client import as_json
from tests.cast import Cast
from tests.exports.builders import answers_to, make_release, write_jsonl
from tests.factories import make_approved, make_content, make_draft, make_submitted
from tests.product_files import ROOT

MODULES = (
    "builder.services.cases", "builder.services.imports", "builder.services.people", "builder.services.reviews",
    "exports.services.bundles", "exports.services.releases", "exports.services.runs",
    "annotations.services.grades", "annotations.services.sessions", "annotations.services.verdicts",
)  # fmt: skip
# What is typed is no act before it is saved as a revision; a verdict's row names its rater and the time, and the
# session that holds it is opened and closed on record.
UNRECORDED = {"save_draft", "discard_draft", "save_grades"}

Scene = Callable[[Cast, Path], tuple[Callable[[], Any], User, str]]
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


def opening(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the opening of a session."""
    release = freeze(cast)
    run = make_run(release, "m", by=cast.ana)
    return (
        lambda: open_session(release=release, runs=[run], graders=[cast.gia], by=cast.lou), cast.lou, "session:open",
    )  # fmt: skip


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


def revocation(cast: Cast, _folder: Path) -> tuple[Callable[[], Any], User, str]:
    """Return the revocation of an invitation."""
    user, _token = invite_person(email="new@example.org", by=cast.ola)
    return lambda: revoke_invitation(user=user, by=cast.ola), cast.ola, "invitation:revoke"


SCENES: dict[str, Scene] = {
    "create_case": lambda c, _f: (
        lambda: create_case(department=c.department, content=make_content(), by=c.ada), c.ada, "case:create",
    ),
    "save_revision": of_case(
        save_revision, make_draft, "ada", "case:revise", content=make_content("New"), base_version=1
    ),
    "submit_case": of_case(submit_case, make_draft, "ada", "case:submit"),
    "retire_case": of_case(retire_case, make_draft, "lou", "case:retire", reason="Old."),
    "review_case": of_case(
        review_case, make_submitted, "rui", "review:approve", revision_number=1, decision="approve", votes=VOTES
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
    "open_session": opening,
    "end_grading": lambda c, _f: (
        (lambda session: lambda: end_grading(session=session, by=c.lou))(make_session(c)), c.lou, "session:end-grading",
    ),
    "close_session": lambda c, _f: (
        (lambda session: lambda: close_session(session=session, reason="Done.", by=c.lou))(make_session(c)),
        c.lou, "session:close",
    ),
    "import_verdicts": import_of_verdicts,
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
    quiet = {"builder.services.audit", "annotations.services.demonstration"}
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
