"""Whether what a lead chose for a new session can be: each refusal names what to change."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from annotations.access import find_connection
from annotations.models import DecisionRule, Desk
from annotations.session_choices import GraderPlan, SessionChoices
from builder.common import clock
from builder.common.errors import BadInput, NotReady
from builder.models import Membership, Role
from exports.access import require_ready, stage_of
from exports.models import Release, Response, Run, Stage

DESKS = (Desk.IN_APP, Desk.LABEL_STUDIO)


def check_choices(choices: SessionChoices) -> None:
    """Raise BadInput or NotReady for runs, people, numbers or dates that can't be. Cost: four queries, or five."""
    check_runs(choices.release, choices.runs)
    check_graders(choices.release, choices.graders)
    _check_overlaps(choices)
    _check_epochs(choices)
    if choices.rule not in DecisionRule.values:
        raise BadInput(
            _("A decision rule is majority or lead, not %(rule)s.") % {"rule": choices.rule}, field="rule"
        )
    if choices.deadline is not None and choices.deadline < clock.today():
        raise BadInput(_("The deadline is in the past."), field="deadline")


def check_runs(release: Release, runs: Sequence[Run]) -> None:
    """Raise unless there are runs, each once, each of the release and ready, and the release isn't withdrawn."""
    if not runs:
        raise BadInput(_("Choose at least one run."), field="runs")
    if len({run.pk for run in runs}) < len(runs):
        raise BadInput(_("A run is named twice."), field="runs")
    for run in runs:
        if run.release_id != release.pk:
            raise BadInput(
                _("Run %(run)s doesn't answer %(release)s.") % {"run": run.name, "release": release.label},
                field="runs",
            )
        require_ready(run)
    if stage_of(release) == Stage.WITHDRAWN:
        raise NotReady(_("%(release)s is withdrawn.") % {"release": release.label})


def check_graders(release: Release, graders: Sequence[GraderPlan]) -> None:
    """Raise BadInput unless there are graders, each once, with the role, a desk that exists, and a possible number."""
    if not graders:
        raise BadInput(_("Choose at least one grader."), field="graders")
    people = [grader.user for grader in graders]
    if len({person.pk for person in people}) < len(people):
        raise BadInput(_("A grader is named twice."), field="graders")
    holders = set(
        Membership.objects.filter(
            department=release.department, role=Role.GRADER, user__in=people, user__is_active=True
        ).values_list("user_id", flat=True)
    )
    for grader in graders:
        if grader.user.pk not in holders:
            raise BadInput(
                _("%(person)s doesn't have the role of grader in %(department)s.")
                % {"person": grader.user.email, "department": release.department.code},
                field="graders",
            )
        _check_grader(grader)
    desks = {grader.desk for grader in graders}
    if Desk.LABEL_STUDIO in desks and find_connection(release.department) is None:
        raise BadInput(
            _("%(department)s has no Label Studio connected yet.") % {"department": release.department.name},
            field="desk",
        )


def _check_grader(grader: GraderPlan) -> None:
    if grader.desk not in DESKS:
        raise BadInput(
            _("A desk is in-app or label-studio, not %(desk)s.") % {"desk": grader.desk}, field="desk"
        )
    if grader.quota is not None and grader.quota < 1:
        raise BadInput(
            _("%(person)s must get at least one answer.") % {"person": grader.user}, field="graders"
        )


def _check_overlaps(choices: SessionChoices) -> None:
    most = len(choices.graders)
    if not 1 <= choices.usual_overlap <= most:
        raise BadInput(
            _("Each answer can have from 1 to %(most)s graders, not %(overlap)s.")
            % {"most": most, "overlap": choices.usual_overlap},
            field="overlap",
        )
    if not choices.usual_overlap <= choices.largest_overlap <= most:
        raise BadInput(
            _("An answer to a safety case can have from %(least)s to %(most)s graders, not %(overlap)s.")
            % {"least": choices.usual_overlap, "most": most, "overlap": choices.largest_overlap},
            field="safety_overlap",
        )
    if choices.min_shared < 0:
        raise BadInput(_("Pairs can’t share fewer than 0 answers."), field="min_shared")


def _check_epochs(choices: SessionChoices) -> None:
    """Raise BadInput for a sample that none of the runs holds."""
    wanted = set(choices.epochs)
    if not wanted:
        return
    there = Response.objects.filter(run__in=choices.runs, epoch__in=wanted)
    missing = wanted - set(there.order_by().values_list("epoch", flat=True).distinct())
    if missing:
        raise BadInput(_("These runs hold no sample %(epoch)s.") % {"epoch": min(missing)}, field="epochs")
