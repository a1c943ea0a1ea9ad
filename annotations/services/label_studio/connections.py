"""A department's Label Studio: saving how it is reached, asking whether it works, and letting it go."""

import secrets
import time
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.labelstudio.errors import AddressNotAllowed, LabelStudioError, Unauthorised
from annotations.labelstudio.gateway import connect
from annotations.labelstudio.ports import Check, LabelStudio, ProjectDraft, RemoteProject
from annotations.models import LabelStudioConnection, ProjectState
from annotations.services.label_studio.webhooks import webhook_headers, webhook_url
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict
from builder.common.remote_addresses import guard_from_settings
from builder.common.secret_text import reveal, seal
from builder.models import Department, User
from builder.services.audit import record

LONGEST_TOKEN = 4_000
TRIAL_TITLE = "Clinwright connection trial"
TRIAL_CONFIG = (
    '<View><Text name="text" value="$text"/>'
    '<Choices name="choice" toName="text"><Choice value="ok"/></Choices></View>'
)
# Label Studio calls while it answers the import, within a second: later means never.
TRIAL_WAIT, TRIAL_STEP = 3.0, 0.1


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """Whether a connection works. `hears_us`: None where grades come by asking alone; `hook_problem` says why not."""

    connection: LabelStudioConnection
    check: Check
    hears_us: bool | None = None
    hook_problem: str = ""


def save_connection(
    *, department: Department, url: str, token: str, by: User, webhook_base_url: str = ""
) -> ConnectionReport:
    """Try the address and the token, then keep them, the token encrypted. An empty token keeps the stored one.

    Raises BadInput, naming the field, when Label Studio can't be used with them; Conflict when projects of ours on
    another server are still in use. The answer also says whether Label Studio reaches us at `webhook_base_url`.
    """
    access.require(by, Act.CHANGE_SETTINGS, department)
    url, webhook_base_url = _address(url, "url"), _address(webhook_base_url, "webhook_base_url")
    stored = LabelStudioConnection.objects.filter(department=department).first()
    token = _token(token.strip(), url, stored)
    check = _try(url, token)
    connection = _write(department, url, token, webhook_base_url, check, by)
    return _try_hook(ConnectionReport(connection, check), token)


def check_connection(*, connection: LabelStudioConnection, by: User) -> ConnectionReport:
    """Ask again whether the connection works, and remember the answer. Raises BadInput with what is wrong."""
    access.require(by, Act.CHANGE_SETTINGS, connection.department)
    token = _token("", connection.url, connection)
    try:
        check = _try(connection.url, token)
    except BadInput as error:
        _remember(connection, problem=error.message)
        raise
    _remember(connection, check=check)
    record(
        by=by,
        verb="label-studio:check",
        what=connection,
        department=connection.department,
        version=check.version,
    )
    return _try_hook(ConnectionReport(connection, check), token)


@transaction.atomic
def disconnect(*, connection: LabelStudioConnection, by: User) -> None:
    """Forget the token. What came back stays; raises Conflict while graders still work there."""
    access.require(by, Act.CHANGE_SETTINGS, connection.department)
    _refuse_in_use(connection)
    connection.token, connection.problem = "", ""
    connection.save(update_fields=["token", "problem"])
    record(by=by, verb="label-studio:disconnect", what=connection, department=connection.department)


def _address(url: str, field: str) -> str:
    url = url.strip().rstrip("/")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise BadInput(_("Write an address such as https://label-studio.example.org."), field=field)
    if not url and field == "url":
        raise BadInput(_("Write the address of your Label Studio."), field=field)
    return url


def _token(token: str, url: str, stored: LabelStudioConnection | None) -> str:
    """Return the token to use. The stored one goes to its own server only: a new address asks for it again."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise BadInput(_("This doesn't look like an access token of Label Studio."), field="token")
    if token:
        return token
    if stored is None or not stored.token:
        raise BadInput(_("Enter the access token."), field="token")
    if stored.url != url:
        raise BadInput(_("The address is new: enter the access token again."), field="token")
    return reveal(stored.token)


def _try(url: str, token: str) -> Check:
    try:
        with connect(url, token, guard=guard_from_settings()) as gateway:
            check = gateway.check()
    except LabelStudioError as error:
        field = "token" if isinstance(error, Unauthorised) else "url"
        raise BadInput(error.sentence, field=field) from error
    if not check.may_create_projects:
        raise BadInput(
            _("The token works, but this account may not create projects in Label Studio."), field="token"
        )
    return check


@transaction.atomic
def _write(
    department: Department, url: str, token: str, webhook_base_url: str, check: Check, by: User
) -> LabelStudioConnection:
    rows = LabelStudioConnection.objects.select_for_update(no_key=True)
    connection = rows.filter(department=department).first()
    if connection is None:
        connection = LabelStudioConnection(
            department=department, webhook_secret=seal(secrets.token_urlsafe(32))
        )
    elif connection.url != url:
        _refuse_in_use(connection)
    connection.url, connection.token, connection.webhook_base_url = url, seal(token), webhook_base_url
    connection.version, connection.account = check.version, check.identity.email
    connection.checked_at, connection.problem, connection.saved_by = timezone.now(), "", by
    connection.save()
    record(
        by=by, verb="label-studio:connect", what=connection, department=department, url=url,
        account=check.identity.email, version=check.version, webhook=webhook_base_url,
    )  # fmt: skip
    return connection


def _refuse_in_use(connection: LabelStudioConnection) -> None:
    in_use = connection.projects.filter(state__in=(ProjectState.WANTED, ProjectState.ACTIVE)).count()
    if in_use:
        raise Conflict(
            _("Projects on %(url)s are still in use: %(number)s. Close their sessions first.")
            % {"url": connection.url, "number": in_use},
            field="url",
        )


def _try_hook(report: ConnectionReport, token: str) -> ConnectionReport:
    """Have Label Studio call us once. A call that doesn't come changes nothing else: grades then come by asking."""
    connection = report.connection
    if not connection.webhook_base_url:
        return report
    started = timezone.now()
    try:
        with connect(connection.url, token, guard=guard_from_settings()) as gateway:
            _provoke_call(gateway, connection)
    except AddressNotAllowed as error:
        return replace(report, hears_us=False, hook_problem=error.sentence)
    except LabelStudioError as error:
        problem = _("Label Studio doesn't accept our address for its messages: %(why)s") % {
            "why": error.sentence
        }
        _remember(connection, problem=problem)
        return replace(report, hears_us=False, hook_problem=problem)
    if _was_called(connection, started):
        return replace(report, hears_us=True)
    problem = _(
        "No message from Label Studio reached %(url)s. It may refuse addresses of the private network (see "
        "docs/label-studio.md). Until then, verdicts come when a sync asks for them."
    ) % {"url": connection.webhook_base_url}
    _remember(connection, problem=problem)
    return replace(report, hears_us=False, hook_problem=problem)


def _provoke_call(gateway: LabelStudio, connection: LabelStudioConnection) -> None:
    """Send a task to the trial project, which Label Studio tells us of; leave the project without task and hook."""
    project = _trial_project(gateway)
    for old in gateway.list_webhooks(project.id):
        gateway.delete_webhook(old.id)
    hook = gateway.create_webhook(
        project.id, url=webhook_url(connection), headers=webhook_headers(connection)
    )
    try:
        for task_id in gateway.import_tasks(project.id, [{"text": "trial"}]):
            gateway.delete_task(task_id)
    finally:
        gateway.delete_webhook(hook.id)


def _trial_project(gateway: LabelStudio) -> RemoteProject:
    found = gateway.find_projects(TRIAL_TITLE)
    if found:
        return found[0]
    return gateway.create_project(
        ProjectDraft(TRIAL_TITLE, "Used to try whether messages arrive. It holds no task.", "", TRIAL_CONFIG)
    )


def _was_called(connection: LabelStudioConnection, started: object) -> bool:
    deadline = time.monotonic() + TRIAL_WAIT
    arrived = LabelStudioConnection.objects.filter(pk=connection.pk, webhook_seen_at__gte=started)
    while not arrived.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(TRIAL_STEP)
    return True


def _remember(connection: LabelStudioConnection, *, check: Check | None = None, problem: str = "") -> None:
    connection.problem = problem
    fields = ["problem"]
    if check:
        connection.version, connection.account = check.version, check.identity.email
        connection.checked_at = timezone.now()
        fields += ["version", "account", "checked_at"]
    connection.save(update_fields=fields)
