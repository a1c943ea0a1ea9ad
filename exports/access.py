"""Who may see which release and which run: everything else is "no such thing"."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.errors import BadInput, NotFound, NotReady
from builder.common.providers import BLINDED_RUNS, registry
from builder.models import User
from exports.models import Release, ReleaseState, Run, RunState
from exports.models.runs import RunQuerySet


def get_release(user: User, name: str, version: str) -> Release:
    """Return a release of a department the person reads; its `present_stage` is annotated."""
    releases = Release.objects.visible_to(user).with_stage().select_related("department", "frozen_by")
    release = releases.filter(name=name, version=version).first()
    if release is None:
        raise NotFound(_("There is no such release, or it belongs to a department you have no role in."))
    return release


def get_release_for(user: User, act: Act, name: str, version: str) -> Release:
    """Return a release with which the person may do the act."""
    release = get_release(user, name, version)
    access.require(user, act, release.department)
    return release


def get_release_by_label(user: User, label: str) -> Release:
    """Return the release a command names as NAME==X.Y.Z."""
    name, version = split_label(label)
    return get_release(user, name, version)


def split_label(label: str) -> tuple[str, str]:
    """Return name and version of NAME==X.Y.Z; raises BadInput for any other text."""
    name, equals, version = label.partition("==")
    if not (name and equals and version):
        raise BadInput(_("%(label)s: a release is written NAME==X.Y.Z.") % {"label": label}, field="release")
    return name, version


def stage_of(release: Release) -> str:
    """Return the release's present stage. Cost: one query."""
    stage = (
        ReleaseState.objects.filter(release=release).order_by("-pk").values_list("stage", flat=True).first()
    )
    return stage or ""


def hidden_runs(user: User) -> list[int]:
    """Return the runs whose identity this person must not learn, since they grade them blind."""
    keys: Iterable[int] = registry.call(BLINDED_RUNS, user)
    return list(keys)


def visible_runs(user: User) -> RunQuerySet:
    """Return the runs the person may see, without those they grade blind."""
    return Run.objects.exclude(pk__in=hidden_runs(user)).visible_to(user)


def get_run(user: User, name: str) -> Run:
    """Return a run of a department the person leads or analyses, unless they grade it blind."""
    run = visible_runs(user).select_related("release__department", "imported_by").filter(name=name).first()
    if run is None:
        raise NotFound(_("There is no such run, or it isn't yours to see."))
    return run


def require_ready(run: Run) -> None:
    """Raise NotReady unless all of the run's answers are in and it isn't withdrawn."""
    if run.state != RunState.READY:
        raise NotReady(
            _("Run %(run)s is not ready: its answers aren't all in, or it is withdrawn.") % {"run": run}
        )


def get_run_for(user: User, act: Act, name: str) -> Run:
    """Return a run with which the person may do the act."""
    run = get_run(user, name)
    access.require(user, act, run.release.department)
    return run
