"""The kinds of job that keep a session and a Label Studio equal, and what their pages say."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.jobs import JobContext, TryLater, register_job
from builder.models import Job

# A push of thousands of tasks may be at work when a poll begins: it is waited for, for about half an hour in all.
MAX_ATTEMPTS = 12


def register() -> None:
    """Tell how such jobs are done."""
    for name, label, function in (
        ("label-studio:sync", gettext_lazy("Synchronisation with Label Studio"), _sync("push", "pull")),
        ("label-studio:pull", gettext_lazy("Grades from Label Studio"), _sync("pull")),
        ("label-studio:reconcile", gettext_lazy("Comparison with Label Studio"), _sync("pull", "reconcile")),
        ("label-studio:recheck", gettext_lazy("Another look at what was set aside"), _recheck),
        ("label-studio:archive", gettext_lazy("Putting projects away in Label Studio"), _archive),
    ):
        register_job(
            name, label, _patiently(function), done_url=_page, done_label=gettext_lazy("See the session’s page"),
            start_url=_page, summary=_summary, names_runs=True, max_attempts=MAX_ATTEMPTS,
        )  # fmt: skip
    register_job(
        "label-studio:reviews", gettext_lazy("Rubric reviews in Label Studio"), _reviews, done_url=_reviews_page,
        done_label=gettext_lazy("See the reviews’ page"), start_url=_reviews_page, summary=_reviews_summary,
        max_attempts=MAX_ATTEMPTS,
    )  # fmt: skip


def _patiently(function: Callable[[JobContext], dict[str, Any]]) -> Callable[[JobContext], dict[str, Any]]:
    """Have a job wait for its turn at a project that another one works at."""

    def run(context: JobContext) -> dict[str, Any]:
        from annotations.services.label_studio.holding import ProjectBusy

        try:
            return function(context)
        except ProjectBusy as busy:
            raise TryLater(busy.message) from busy

    return run


def _sync(*steps: str) -> Callable[[JobContext], dict[str, Any]]:
    def run(context: JobContext) -> dict[str, Any]:
        # Imported when one runs: nobody who starts the product should wait for what talks to other servers.
        from annotations.access import get_session_to_manage
        from annotations.services.label_studio.sync import Step, sync_session

        session = get_session_to_manage(context.by, context.arguments["session"])
        wanted = [Step(each) for each in steps]
        synced = sync_session(
            session=session,
            by=context.by,
            steps=wanted,
            means=_means(context),
            only=context.arguments.get("project"),
        )
        return asdict(synced)

    return run


def _recheck(context: JobContext) -> dict[str, Any]:
    from annotations.access import get_session_to_manage
    from annotations.services.label_studio.quarantine import recheck

    session = get_session_to_manage(context.by, context.arguments["session"])
    taken = recheck(session=session, by=context.by, means=_means(context))
    return {"sent": 0, "graded": taken.changed, "quarantined": taken.quarantined, "problems": []}


def _archive(context: JobContext) -> dict[str, Any]:
    from annotations.access import get_session_to_manage
    from annotations.services.label_studio.closing import archive_projects

    session = get_session_to_manage(context.by, context.arguments["session"])
    return {"archived": archive_projects(session=session, by=context.by, means=_means(context))}


def _reviews(context: JobContext) -> dict[str, Any]:
    from annotations.services.label_studio.reviews import sync_reviews
    from builder.access import get_department

    department = get_department(context.by, context.arguments["department"])
    return asdict(sync_reviews(department=department, by=context.by, means=_means(context)))


def _means(context: JobContext) -> Any:
    from annotations.services.label_studio.holding import Holder
    from annotations.services.label_studio.sync import Means

    return Means(Holder(f"job:{context.job_id}", context.attempt), context.tell)


def _page(job: Job) -> str:
    return reverse("annotations:session-label-studio", args=[job.arguments["session"]])


def _reviews_page(job: Job) -> str:
    return reverse("annotations:label-studio-reviews", args=[job.arguments["department"]])


def _reviews_summary(job: Job) -> str:
    said = (
        _("Rubrics sent: %(sent)s. Reviews that came: %(graded)s. Set aside: %(quarantined)s.") % job.result
    )
    return " ".join([said, *job.result["problems"]])


def _summary(job: Job) -> str:
    found = job.result
    if "archived" in found:
        return _("Projects put away: %(archived)s.") % found
    said = (
        _("Tasks sent: %(sent)s. Answers whose grades came: %(graded)s. Set aside: %(quarantined)s.") % found
    )
    return " ".join([said, *found["problems"]])
