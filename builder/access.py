"""Who may do what: one role table, and getters that answer "no such thing" to everybody else."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from builder.common.errors import NotAllowed, NotFound
from builder.models import Case, CaseState, Department, Membership, Role, User
from builder.models.departments import ENGINEERS, READERS, REVIEWERS


class Act(models.TextChoices):
    """What a role may allow in a department."""

    READ_CASES = "read_cases", _lazy("read cases")
    WRITE_CASES = "write_cases", _lazy("write cases")
    REVIEW_CASES = "review_cases", _lazy("review cases")
    RETIRE_CASES = "retire_cases", _lazy("retire cases")
    IMPORT_CASES = "import_cases", _lazy("import cases")
    READ_RELEASES = "read_releases", _lazy("read releases")
    FREEZE_RELEASES = "freeze_releases", _lazy("freeze releases")
    EXPORT_RELEASES = "export_releases", _lazy("export releases")
    READ_RUNS = "read_runs", _lazy("read runs")
    IMPORT_RUNS = "import_runs", _lazy("import runs and verdicts")
    READ_SESSIONS = "read_sessions", _lazy("read grading sessions")
    MANAGE_SESSIONS = "manage_sessions", _lazy("open and close grading sessions")
    CHANGE_SETTINGS = "change_settings", _lazy("change the department's settings")


_READERS, _REVIEWERS, _ENGINEERS = frozenset(READERS), frozenset(REVIEWERS), frozenset(ENGINEERS)
_LEADERS = frozenset({Role.LEAD})

ALLOWED: dict[Act, frozenset[Role]] = {
    Act.READ_CASES: _READERS,
    Act.WRITE_CASES: frozenset({Role.AUTHOR, Role.LEAD}),
    Act.REVIEW_CASES: _REVIEWERS,
    Act.RETIRE_CASES: _LEADERS,
    Act.IMPORT_CASES: _LEADERS,
    Act.READ_RELEASES: _READERS,
    Act.FREEZE_RELEASES: _LEADERS,
    Act.EXPORT_RELEASES: _ENGINEERS,
    Act.READ_RUNS: _ENGINEERS,
    Act.IMPORT_RUNS: _ENGINEERS,
    Act.READ_SESSIONS: _ENGINEERS,
    Act.MANAGE_SESSIONS: _LEADERS,
    Act.CHANGE_SETTINGS: _LEADERS,
}

# An administrator keeps the house in order everywhere, but neither writes, approves nor grades without a role.
_ADMIN_ACTS = frozenset(
    {
        Act.READ_CASES, Act.RETIRE_CASES, Act.READ_RELEASES, Act.READ_RUNS, Act.READ_SESSIONS, Act.CHANGE_SETTINGS,
    }
)  # fmt: skip


def roles_of(user: User, department: Department) -> set[str]:
    """Return the roles of the person in the department. Cost: one query."""
    return set(Membership.objects.filter(user=user, department=department).values_list("role", flat=True))


def may(user: User, act: Act, department: Department) -> bool:
    """Whether the person may do the act in the department."""
    if not user.is_active:
        return False
    if user.is_org_admin and act in _ADMIN_ACTS:
        return True
    return bool(roles_of(user, department) & ALLOWED[act])


def require(user: User, act: Act, department: Department) -> None:
    """Raise NotAllowed, in a sentence, unless the person may do the act."""
    if not may(user, act, department):
        raise NotAllowed(
            _(
                "%(user)s has no role in %(department)s that allows: %(act)s. Ask an administrator for the role."
            )
            % {"user": user.email, "department": department.code, "act": act.label}
        )


def get_department(user: User, code: str) -> Department:
    """Return a department the person belongs to."""
    department = Department.objects.visible_to(user).filter(code=code).first()
    if department is None:
        raise NotFound(_("There is no such department, or you have no role in it."))
    return department


def get_department_for(user: User, act: Act, code: str) -> Department:
    """Return a department in which the person may do the act."""
    department = get_department(user, code)
    require(user, act, department)
    return department


def departments_for(user: User, act: Act) -> list[Department]:
    """Return the departments in which the person may do the act. Cost: one query."""
    departments = Department.objects.visible_to(user)
    if not (user.is_org_admin and act in _ADMIN_ACTS):
        departments = Department.objects.where_one_of(user, ALLOWED[act])
    return list(departments.distinct())


def get_case_to_read(user: User, case_id: int) -> Case:
    """Return a case of a department the person reads."""
    case = (
        Case.objects.visible_to(user)
        .select_related("department", "head", "created_by")
        .filter(pk=case_id)
        .first()
    )
    if case is None:
        raise NotFound(_("There is no such case, or it belongs to a department you have no role in."))
    return case


def get_case_for(user: User, act: Act, case_id: int) -> Case:
    """Return a case with which the person may do the act."""
    case = get_case_to_read(user, case_id)
    require(user, act, case.department)
    return case


def get_case_to_edit(user: User, case_id: int) -> Case:
    """Return a case the person may write; a retired one is not edited."""
    case = get_case_for(user, Act.WRITE_CASES, case_id)
    if case.state == CaseState.RETIRED:
        raise NotAllowed(_("This case is retired and can't be edited."))
    return case


def get_case_to_review(user: User, case_id: int) -> Case:
    """Return a case the person may review: a reviewer of its department who saved no revision of it."""
    case = get_case_to_read(user, case_id)
    require_reviewer(user, case)
    return case


def require_reviewer(user: User, case: Case) -> None:
    """Raise NotAllowed unless the person reviews in the department and wrote no part of the case."""
    require(user, Act.REVIEW_CASES, case.department)
    if wrote_part_of(user, case):
        raise NotAllowed(_("You wrote part of this case, so somebody else must review it."))


def wrote_part_of(user: User, case: Case) -> bool:
    """Whether the person saved a revision of the case. Cost: one query."""
    return case.revisions.filter(author=user).exists()


def require_admin(user: User) -> None:
    """Raise NotAllowed unless the person administers the organization."""
    if not (user.is_active and user.is_org_admin):
        raise NotAllowed(_("Only an administrator of the organization may do this."))


def get_person(admin: User, person_id: int) -> User:
    """Return an account an administrator looks after."""
    require_admin(admin)
    person = User.objects.filter(pk=person_id).first()
    if person is None:
        raise NotFound(_("There is no such person."))
    return person


def get_person_by_email(email: str) -> User:
    """Return the active account of this address, for commands that act in a person's name."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise NotFound(
            _("There is no active account %(email)s. Make one with create_department or an invitation.")
            % {"email": email}
        )
    return user
