"""Who may do what: one role table, and getters that answer "no such thing" to everybody else."""

from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.common.errors import NotAllowed, NotFound
from builder.models import (
    Case,
    CaseState,
    CaseTemplate,
    ConflictRule,
    Department,
    Job,
    LibraryCriterion,
    Membership,
    Role,
    User,
)
from builder.models.departments import ENGINEERS, READERS, REVIEWERS


class Act(models.TextChoices):
    """What a role may allow in a department."""

    READ_CASES = "read_cases", gettext_lazy("read cases")
    WRITE_CASES = "write_cases", gettext_lazy("write cases")
    REVIEW_CASES = "review_cases", gettext_lazy("review cases")
    RETIRE_CASES = "retire_cases", gettext_lazy("retire cases")
    IMPORT_CASES = "import_cases", gettext_lazy("import cases")
    VOUCH_FOR_CASES = "vouch_for_cases", gettext_lazy("vouch for cases that were approved elsewhere")
    READ_RELEASES = "read_releases", gettext_lazy("read releases")
    FREEZE_RELEASES = "freeze_releases", gettext_lazy("freeze releases")
    EXPORT_RELEASES = "export_releases", gettext_lazy("export releases")
    READ_RUNS = "read_runs", gettext_lazy("read runs")
    IMPORT_RUNS = "import_runs", gettext_lazy("import runs and verdicts")
    READ_SESSIONS = "read_sessions", gettext_lazy("read grading sessions")
    MANAGE_SESSIONS = "manage_sessions", gettext_lazy("open and close grading sessions")
    CHANGE_SETTINGS = "change_settings", gettext_lazy("change the department's settings")


_READERS, _REVIEWERS, _ENGINEERS = frozenset(READERS), frozenset(REVIEWERS), frozenset(ENGINEERS)
_LEADERS = frozenset({Role.LEAD})

ALLOWED: dict[Act, frozenset[Role]] = {
    Act.READ_CASES: _READERS,
    Act.WRITE_CASES: frozenset({Role.AUTHOR, Role.LEAD}),
    Act.REVIEW_CASES: _REVIEWERS,
    Act.RETIRE_CASES: _LEADERS,
    Act.IMPORT_CASES: frozenset({Role.AUTHOR, Role.LEAD}),
    Act.VOUCH_FOR_CASES: _LEADERS,
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
    """Raise NotAllowed unless the person reviews in the department, wrote no part of the case and isn't barred."""
    require(user, Act.REVIEW_CASES, case.department)
    if wrote_part_of(user, case):
        raise NotAllowed(_("You wrote part of this case, so somebody else must review it."))
    if is_barred(user, case):
        raise NotAllowed(
            _("You declared a conflict of interest on this case, so somebody else must review it.")
        )


def is_barred(user: User, case: Case) -> bool:
    """Whether a conflict of interest the person declared keeps them from reviewing. Cost: up to one query."""
    if case.department.conflict_rule != ConflictRule.BAR:
        return False
    return case.conflicts_of_interest.filter(person=user).exists()


def require_discussant(user: User, case: Case) -> None:
    """Raise NotAllowed unless the person may take part in the discussion of a case: who writes or reviews there."""
    if may(user, Act.WRITE_CASES, case.department):
        return
    require(user, Act.REVIEW_CASES, case.department)
    if is_barred(user, case):
        raise NotAllowed(_("You declared a conflict of interest on this case, so you take no part in it."))


def may_discuss(user: User, case: Case) -> bool:
    """Whether the person may take part in the discussion of the case as it stands."""
    try:
        require_discussant(user, case)
    except NotAllowed:
        return False
    return case.state != CaseState.RETIRED


def get_case_to_discuss(user: User, case_id: int) -> Case:
    """Return a case in whose discussion the person may take part."""
    case = get_case_to_read(user, case_id)
    require_discussant(user, case)
    return case


def is_from_outside(user: User, department: Department) -> bool:
    """Whether a reviewer counts as from another department. Cost: one query.

    They do nothing but review here, and hold a role elsewhere.
    """
    held = set(Membership.objects.filter(user=user).values_list("department_id", "role"))
    here = {role for place, role in held if place == department.pk}
    return here == {Role.REVIEWER} and any(place != department.pk for place, _role in held)


def wrote_part_of(user: User, case: Case) -> bool:
    """Whether the person saved a revision of the case. Cost: one query."""
    return case.revisions.filter(author=user).exists()


def get_job(user: User, job_id: UUID) -> Job:
    """Return a job the person asked for, or, for an administrator, anybody's."""
    job = Job.objects.visible_to(user).select_related("created_by", "department").filter(uuid=job_id).first()
    if job is None:
        raise NotFound(_("There is no such job, or somebody else asked for it."))
    return job


def require_job(user: User, job: Job) -> None:
    """Raise NotFound unless the person asked for the job or administers the organization."""
    if not user.is_active or not (user.is_org_admin or job.created_by_id == user.pk):
        raise NotFound(_("There is no such job, or somebody else asked for it."))


def require_lead(user: User, department: Department | None) -> None:
    """Raise NotAllowed unless the person leads the department, or (without one) any department or the organization."""
    leads = Membership.objects.filter(user=user, role=Role.LEAD)
    if department is not None:
        leads = leads.filter(department=department)
    if not user.is_active or not ((department is None and user.is_org_admin) or leads.exists()):
        raise NotAllowed(_("Only a lead may do this."))


def leads_somewhere(user: User) -> bool:
    """Whether the person leads a department. Cost: one query."""
    return Membership.objects.filter(user=user, role=Role.LEAD).exists()


def may_retire(user: User, row: LibraryCriterion) -> bool:
    """Whether the person may take the criterion out of the library: an author their department's, a lead the others."""
    if row.is_retired:
        return False
    if row.department is None:
        return user.is_org_admin or leads_somewhere(user)
    roles = roles_of(user, row.department)
    return Role.LEAD in roles or (Role.AUTHOR in roles and not row.is_consensus)


def get_library_criterion(user: User, criterion_id: int) -> LibraryCriterion:
    """Return a criterion of the library the person may read."""
    rows = LibraryCriterion.objects.visible_to(user).select_related("department", "created_by")
    row = rows.filter(pk=criterion_id).first()
    if row is None:
        raise NotFound(
            _("There is no such criterion in the library, or it belongs to a department you have no role in.")
        )
    return row


def get_case_template(user: User, template_id: int) -> CaseTemplate:
    """Return a template of a department in which the person writes cases."""
    template = CaseTemplate.objects.select_related("department").filter(pk=template_id).first()
    if template is None or not may(user, Act.WRITE_CASES, template.department):
        raise NotFound(_("There is no such template, or you don't write cases in its department."))
    return template


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
