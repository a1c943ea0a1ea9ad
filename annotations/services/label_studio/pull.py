"""Bringing grades home: what changed there since the last time, page by page, each page in one transaction."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.labelstudio.errors import Missing
from annotations.labelstudio.ports import PAGE_SIZE, RemoteProject, RemoteTask
from annotations.models import AnnotationState, LabelStudioAnnotation, LabelStudioProject, LabelStudioTask
from annotations.services.label_studio.judging import NEVER, Author
from annotations.services.label_studio.purposes import Purpose
from annotations.services.label_studio.taking import Taken, take_tasks
from annotations.services.label_studio.turns import Turn
from builder.common.canonical_json import sha256_text

# A transaction there may become visible after a later one: what changed shortly before the newest is asked for again.
OVERLAP = timedelta(minutes=2)
FETCHED = 50
PAGE = PAGE_SIZE


def pull(turn: Turn, purpose: Purpose) -> Taken:
    """Take over the annotations that are new or changed, then note what Label Studio itself counts.

    The cursor moves only after what it passes is committed, so an interrupted pull is gone through again, and finds
    most of it settled. Cost, when nothing changed: two requests.
    """
    # What is written while this reads may be missed: it was pulled up to its beginning, not its end.
    project, taken, started = turn.project, Taken(), timezone.now()
    since = project.cursor - OVERLAP if project.cursor else None
    author = author_of(turn)
    for page in turn.port.changed_tasks(turn.remote_id, since=since, annotated_only=True, page_size=PAGE):
        turn.step(taken.tasks, None, _("Graded tasks read"))
        taken.add(take_tasks(turn, page, author, purpose))
        newest = max((task.updated_at for task in page), default=None)
        if newest is not None and (project.cursor is None or newest > project.cursor):
            project.cursor = newest
            project.save(update_fields=["cursor"])
    taken.add(_look_again(turn, purpose, author))
    note_counts(turn, turn.port.get_project(turn.remote_id))
    project.pulled_at = started
    project.save(update_fields=["pulled_at"])
    tell_taken(turn, taken)
    return taken


def fetch_tasks(turn: Turn, rows: Sequence[LabelStudioTask]) -> Iterator[list[RemoteTask]]:
    """Return these tasks as they are now, some at a time, each by a request of its own; without those that are gone."""
    for start in range(0, len(rows), FETCHED):
        turn.step(start, len(rows), _("Tasks looked at again"))
        page = []
        for row in rows[start : start + FETCHED]:
            try:
                page.append(turn.port.get_task(row.remote_id or 0))
            except Missing:
                # The next comparison names it.
                continue
        yield page


def _look_again(turn: Turn, purpose: Purpose, author: Author) -> Taken:
    """Judge anew what is to be judged anew. Cost, when there is nothing: one query."""
    due = LabelStudioAnnotation.objects.filter(state=AnnotationState.QUARANTINED, seen_at=NEVER)
    wanted = turn.project.tasks.filter(pk__in=due.values("task"), remote_id__isnull=False)
    rows, taken = {row.ext_id: row for row in wanted.order_by("remote_id")}, Taken()
    for page in fetch_tasks(turn, list(rows.values())):
        taken.add(take_tasks(turn, page, author, purpose))
        for task in page:
            rows.pop(task.ext_id, None)
    if rows:
        due.filter(task__in=rows.values()).update(seen_at=timezone.now())
    return taken


def author_of(turn: Turn) -> Author:
    """Return whose annotations count in this project. Addresses are asked for only when there are strangers."""
    project = turn.project
    own = project.person.email if project.person else ""
    known = {project.account_id: own} if project.account_id is not None else {}
    return Author(project.account_id, addresses=_Addresses(turn, known))


def note_counts(turn: Turn, remote: RemoteProject) -> None:
    """Keep what the server counts, and say so if somebody changed the configuration under which people grade."""
    project = turn.project
    project.remote_tasks, project.remote_annotations = remote.task_number, remote.total_annotations_number
    before = project.problem
    project.problem = ""
    if sha256_text(remote.label_config) != project.config_sha256:
        project.problem = _(
            "Somebody changed the labelling configuration in Label Studio. Every result is still checked, and what "
            "doesn’t fit is set aside. Put the old configuration back there, or make a new session."
        )
    project.save(update_fields=["remote_tasks", "remote_annotations", "problem"])
    if project.problem and project.problem != before:
        turn.note(project.problem, is_problem=True)


def annotations_here(project: LabelStudioProject) -> int:
    """Count the annotations that, as far as we know, are still there."""
    rows = LabelStudioAnnotation.objects.filter(task__project=project)
    return rows.exclude(state=AnnotationState.WITHDRAWN).count()


def tell_taken(turn: Turn, taken: Taken) -> None:
    """Write into the log what came, if anything did."""
    if taken.changed:
        grades = ngettext(
            "The grades of %(count)s answer came.", "The grades of %(count)s answers came.", taken.changed
        )
        reviews = ngettext("%(count)s review came.", "%(count)s reviews came.", taken.changed)
        text = grades if turn.project.session_rater_id is not None else reviews
        turn.note(text % {"count": taken.changed})
    if taken.quarantined:
        text = ngettext(
            "%(count)s annotation was set aside.", "%(count)s annotations were set aside.", taken.quarantined
        )
        turn.note(text % {"count": taken.quarantined}, is_problem=True)
    if taken.withdrawn:
        text = ngettext(
            "%(count)s annotation is gone from Label Studio.",
            "%(count)s annotations are gone from Label Studio.",
            taken.withdrawn,
        )
        turn.note(text % {"count": taken.withdrawn})


class _Addresses(dict[int, str]):
    """Addresses of accounts by their number; a stranger's is looked up once, with everybody else's."""

    def __init__(self, turn: Turn, known: dict[int, str] | None = None) -> None:
        super().__init__(known or {})
        self._turn = turn
        self._is_complete = False

    def get(self, account: int, default: str = "") -> str:  # type: ignore[override]
        """Return the address, or the default where Label Studio knows no such account."""
        if account not in self and not self._is_complete:
            self._is_complete = True
            self.update({user.id: user.email for user in self._turn.port.list_users()})
        return super().get(account, default)
