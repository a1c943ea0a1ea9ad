"""Read models of releases and runs, for pages and API."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet
from django.utils.translation import gettext as _

from builder.access import Act, departments_for
from builder.common.canonical_json import sha256_text
from builder.common.counting import count_of
from builder.common.errors import NotFound
from builder.content import CaseContent
from builder.models import Case, Department, ExternalApproval, Kind, User
from builder.selectors.cases import kind_label
from exports.access import visible_runs
from exports.formats.base import BundleContext, BundleFormat
from exports.formats.readme import commands_of
from exports.formats.registry import FORMATS
from exports.models import Release, ReleaseItem, ReleaseState, Response, Run, Stage
from exports.records import item_hash
from exports.snapshot import release_record

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Coverage:
    """Cases by kind and theme: `counts[kind][theme]`, with an empty text where a case names none."""

    kinds: list[str]
    themes: list[str]
    counts: dict[str, dict[str, int]]

    def rows(self) -> Iterator[tuple[str, list[int], int]]:
        """Yield each kind's label, its counts in the order of `themes`, and their sum."""
        for kind in self.kinds:
            row = [self.counts[kind].get(theme, 0) for theme in self.themes]
            yield kind_label(kind), row, sum(row)

    def totals(self) -> list[int]:
        """Return the cases of each theme, in the order of `themes`."""
        return [sum(self.counts[kind].get(theme, 0) for kind in self.kinds) for theme in self.themes]


@dataclass(slots=True)
class AxisCount:
    """The criteria of one axis: how many give and how many take points, and how many points."""

    axis: str
    positive: int = 0
    negative: int = 0
    points_given: float = 0
    points_taken: float = 0

    @property
    def criteria(self) -> int:
        """How many there are."""
        return self.positive + self.negative

    def add(self, points: float) -> None:
        """Count one criterion."""
        if points > 0:
            self.positive, self.points_given = self.positive + 1, self.points_given + points
        else:
            self.negative, self.points_taken = self.negative + 1, self.points_taken - points


@dataclass(frozen=True, slots=True)
class ElsewhereApproval:
    """Cases that were approved elsewhere: where, who vouches for it, how many."""

    source: str
    vouched_by: str
    cases: int


@dataclass(frozen=True, slots=True)
class FormatUse:
    """One format a release can be exported in: the command that does it, and those that run the bundle.

    `brings_back` says what comes home, in the format's own words; empty for a format without results.
    """

    name: str
    label: str
    description: str
    tested_with: str
    command: str
    folder: str
    run: list[str]
    brings_back: str
    bring_command: str


@dataclass(slots=True)
class ReleaseOverview:
    """What a release's page says of it as a whole."""

    release: Release
    stage: str
    states: list[ReleaseState]
    coverage: Coverage
    axes: list[AxisCount]
    signs: AxisCount
    languages: dict[str, int]
    red_lines: int
    cases_with_red_line: int
    approvals: dict[int, int]
    approved_elsewhere: list[ElsewhereApproval]
    findings: dict[str, dict[str, Any]]

    @property
    def n_public(self) -> int:
        """How many items may leave in full."""
        return self.release.n_items - self.release.n_held_out

    @property
    def n_approved_elsewhere(self) -> int:
        """How many items no two reviewers of the department approved."""
        return sum(source.cases for source in self.approved_elsewhere)


@dataclass(frozen=True, slots=True)
class FrozenCheck:
    """Whether the stored items are what was frozen; `problems` holds a sentence for each that isn't."""

    n_items: int
    problems: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Nothing differs."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class FreezeChoices:
    """What a new release of a department can hold: its approved cases, and the tags they carry."""

    cases: list[Case]
    tags: list[str]


def list_releases(user: User) -> "QuerySet[Release]":
    """Return the releases the person reads, newest first, each with `present_stage` and `n_runs` (those they see)."""
    return (
        Release.objects.visible_to(user)
        .with_stage()
        .annotate(n_runs=count_of(visible_runs(user).filter(release=OuterRef("pk"))))
        .select_related("department", "frozen_by")
        .defer("manifest_text")
        .order_by("-pk")
    )


def list_items(release: Release) -> "QuerySet[ReleaseItem]":
    """Return the frozen items in order, each with its revision and case."""
    return ReleaseItem.objects.filter(release=release).select_related("revision__case").order_by("position")


def list_states(release: Release) -> "QuerySet[ReleaseState]":
    """Return the release's changes of stage, oldest first."""
    return ReleaseState.objects.filter(release=release).select_related("by").order_by("pk")


def list_runs(user: User, release: Release | None = None) -> "QuerySet[Run]":
    """Return the runs the person sees, newest first.

    Each has `n_responses`, `n_answered` (cases with an answer) and `n_items` (cases of its release).
    """
    runs = visible_runs(user) if release is None else visible_runs(user).filter(release=release)
    answers = Response.objects.filter(run=OuterRef("pk"))
    return (
        runs.annotate(
            n_responses=count_of(answers),
            n_answered=count_of(answers, different="item"),
            n_items=F("release__n_items"),
        )
        .select_related("release__department", "imported_by")
        .defer("release__manifest_text")
        .order_by("-pk")
    )


def list_responses(run: Run) -> "QuerySet[Response]":
    """Return a run's answers in the release's order, each with its item."""
    return Response.objects.filter(run=run).select_related("item").order_by("item__position", "epoch")


def answers_of(runs: Sequence[Run]) -> "QuerySet[Response]":
    """Return the answers of runs of one release in its order: what is assigned, planned and scored goes by it."""
    return Response.objects.filter(run__in=runs).order_by("item__position", "run_id", "epoch")


def find_run(name: str) -> Run:
    """Return a run by name, whoever asks: for commands, which act on the server itself. Raises NotFound."""
    run = Run.objects.select_related("release").filter(name=name).first()
    if run is None:
        raise NotFound(f"There is no run {name}.")
    return run


def release_overview(release: Release) -> ReleaseOverview:
    """Read every frozen item once and count what the release covers. Cost: three queries, whatever its size."""
    reader = _Reader()
    for item in ReleaseItem.objects.filter(release=release).order_by("position").iterator(chunk_size=CHUNK):
        reader.add(item.content)
    states = list(list_states(release))
    approvals = Counter(
        item["approval"]["reviewers"] for item in release.manifest["items"] if "reviewers" in item["approval"]
    )
    return ReleaseOverview(
        release=release,
        stage=states[-1].stage if states else "",
        states=states,
        coverage=reader.coverage(),
        axes=sorted(reader.axes.values(), key=lambda axis: (-axis.criteria, axis.axis)),
        signs=reader.signs,
        languages=dict(reader.languages.most_common()),
        red_lines=reader.red_lines,
        cases_with_red_line=reader.cases_with_red_line,
        approvals=dict(sorted(approvals.items())),
        approved_elsewhere=approved_elsewhere(release),
        findings=release.manifest["findings"],
    )


def approved_elsewhere(release: Release) -> list[ElsewhereApproval]:
    """Return where cases of the release were approved, and who vouches. Cost: one query."""
    rows = (
        ExternalApproval.objects.filter(revision__release_items__release=release)
        .values("source", "vouched_by__name", "vouched_by__email")
        .annotate(cases=Count("pk"))
        .order_by("source", "vouched_by__email")
    )
    return [
        ElsewhereApproval(row["source"], row["vouched_by__name"] or row["vouched_by__email"], row["cases"])
        for row in rows
    ]


def check_frozen(release: Release) -> FrozenCheck:
    """Hash every stored item and the manifest again, and compare with what was frozen. Cost: one query."""
    problems = []
    if sha256_text(release.manifest_text) != release.sha256:
        problems.append(f"{release.label}: the manifest is not what was frozen.")
    frozen = {item["prompt_id"]: item["sha256"] for item in release.manifest["items"]}
    count = 0
    for item in ReleaseItem.objects.filter(release=release).order_by("position").iterator(chunk_size=CHUNK):
        count += 1
        if not frozen.get(item.prompt_id) == item.sha256 == item_hash(item.prompt_id, item.content):
            problems.append(f"{item.prompt_id}: the stored text is not what was frozen.")
    if count != len(frozen):
        problems.append(f"{release.label}: {len(frozen)} items were frozen, {count} are stored.")
    return FrozenCheck(count, problems)


def format_uses(release: Release, user: User) -> list[FormatUse]:
    """Return every format with the commands that export the release in it and run the bundle."""
    context = BundleContext(release_record(release, ""), canary="")
    return [_format_use(each, release, user, context) for each in FORMATS.values()]


def _format_use(each: BundleFormat, release: Release, user: User, context: BundleContext) -> FormatUse:
    folder = f"{release.name}-{release.version}-{each.name}"
    return FormatUse(
        name=each.name,
        label=each.label,
        description=each.description.replace("`", "").replace("*", ""),
        tested_with=each.tested_with,
        command=(
            f"python manage.py export_release {release.label} --format {each.name} --out {folder} "
            f"--by {user.email}"
        ),
        folder=folder,
        run=[command for command in commands_of(each.usage(context)) if "manage.py" not in command],
        brings_back=each.reader.files.replace("`", "") if each.reader else "",
        bring_command=f"python manage.py import_results FILE --release {release.label} --run RUN --by {user.email}",
    )


def freezable_cases(department: Department) -> FreezeChoices:
    """Return the department's approved cases in order, and their tags. Cost: one query."""
    cases = list(Case.objects.filter(department=department).approved().select_related("head").order_by("pk"))
    tags = {tag for case in cases if case.head for tag in case.head.content.example_tags}
    return FreezeChoices(cases, sorted(tags))


def get_item(release: Release, position: int) -> ReleaseItem:
    """Return one frozen item by its place; raises NotFound."""
    item = list_items(release).filter(position=position).first()
    if item is None:
        raise NotFound(_("This release has no case at place %(place)s.") % {"place": position})
    return item


def get_response(run: Run, position: int, epoch: int) -> Response:
    """Return a run's answer by the item's place and the epoch; raises NotFound."""
    response = list_responses(run).filter(item__position=position, epoch=epoch).first()
    if response is None:
        raise NotFound(_("This run has no such answer."))
    return response


def answerable_releases(user: User) -> list[Release]:
    """Return the releases, newest first, to which the person may bring answers: withdrawn ones are left out."""
    departments = departments_for(user, Act.IMPORT_RUNS)
    releases = Release.objects.filter(department__in=departments).with_stage().defer("manifest_text")
    return list(releases.exclude(states__stage=Stage.WITHDRAWN).order_by("-pk"))


class _Reader:
    """Counts what items say, one after the other."""

    def __init__(self) -> None:
        self.cells: Counter[tuple[str, str]] = Counter()
        self.languages: Counter[str] = Counter()
        self.axes: dict[str, AxisCount] = {}
        self.signs = AxisCount("")
        self.red_lines = 0
        self.cases_with_red_line = 0

    def add(self, content: CaseContent) -> None:
        self.cells[content.kind, content.theme] += 1
        self.languages[content.language] += 1
        for criterion in content.rubrics:
            self.axes.setdefault(criterion.axis, AxisCount(criterion.axis)).add(criterion.points)
            self.signs.add(criterion.points)
        red_lines = sum(criterion.red_line for criterion in content.rubrics)
        self.red_lines += red_lines
        self.cases_with_red_line += bool(red_lines)

    def coverage(self) -> Coverage:
        kinds = [*Kind.values, *sorted({kind for kind, _theme in self.cells} - set(Kind.values))]
        kinds = [kind for kind in kinds if any(found == kind for found, _theme in self.cells)]
        themes = sorted({theme for _kind, theme in self.cells}, key=lambda theme: (not theme, theme))
        counts = {
            kind: {theme: n for (found, theme), n in self.cells.items() if found == kind} for kind in kinds
        }
        return Coverage(kinds, themes, counts)
