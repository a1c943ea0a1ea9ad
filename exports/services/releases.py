"""Freezing releases and changing their stage."""

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.canonical_json import canonical_json, sha256_text
from builder.common.errors import BadInput, Conflict, NotFound, NotReady
from builder.content import content_to_json
from builder.models import Case, ContestedRule, Department, User
from builder.services.audit import record
from exports.access import stage_of
from exports.invariants import find_violations
from exports.models import FIRST_STAGES, NEXT_STAGES, Release, ReleaseItem, ReleaseState, Split, Stage
from exports.models.releases import NAME_PATTERN, VERSION_PATTERN
from exports.snapshot import Snapshot, snapshot_cases

MANIFEST_SCHEMA = "clinwright-release/1"
BATCH = 500
_NAMED_IN_ERRORS = 5
_NEXT_STAGES = {
    Stage.CANDIDATE: (Stage.FINAL, Stage.WITHDRAWN),
    Stage.FINAL: (Stage.WITHDRAWN,),
    Stage.WITHDRAWN: (),
}


@transaction.atomic
def freeze_release(
    *, department: Department, name: str, version: str, stage: str, by: User, tags: Sequence[str] = (),
    case_ids: Iterable[int] | None = None, held_out: float = 0.0, seed: int | None = None,
) -> Release:  # fmt: skip
    """Freeze approved cases, in order of their making, into NAME==X.Y.Z.

    Takes all of the department's approved cases, those with any of the `tags`, or those of `case_ids`. A share of
    them (rounded to whole cases, at least one) is held out, drawn with `seed`: the same cases, share and seed give
    the same split. What harnesses trip over is recorded in the manifest's `findings`.
    """
    access.require(by, Act.FREEZE_RELEASES, department)
    _check_names(name, version, stage)
    _check_share(held_out, seed)
    if Release.objects.filter(name=name, version=version).exists():
        raise _taken(name, version)
    cases = _chosen_cases(department, tags, case_ids)
    drawn = draw_held_out([case.prompt_id for case in cases], held_out, seed)
    snapshots = list(snapshot_cases(cases, department, drawn))
    _refuse_unready(snapshots, department)
    manifest = _manifest(department, name, version, snapshots, held_out, seed)
    release = _write(department, name, version, manifest, snapshots, by)
    ReleaseState.objects.create(release=release, stage=stage, by=by)
    record(
        by=by, verb="release:freeze", what=release, department=department, after=release.sha256, release=release.label,
        stage=stage, n_items=release.n_items, n_held_out=release.n_held_out, findings=manifest["findings"],
        approved_elsewhere=manifest["approved_elsewhere"],
    )  # fmt: skip
    return release


@transaction.atomic
def set_release_state(*, release: Release, stage: str, reason: str, by: User) -> ReleaseState:
    """Promote a candidate to final, or withdraw a release; both are final words, with a reason."""
    access.require(by, Act.FREEZE_RELEASES, release.department)
    if stage not in NEXT_STAGES:
        raise BadInput(
            _("A release becomes final or withdrawn, not %(stage)s.") % {"stage": stage}, field="stage"
        )
    if not reason.strip():
        raise BadInput(_("Give the reason; it is kept in the audit trail."), field="reason")
    Release.objects.select_for_update(no_key=True).get(pk=release.pk)  # one change of stage at a time
    present = Stage(stage_of(release))
    if stage not in _NEXT_STAGES[present]:
        raise NotReady(
            _("%(release)s is %(present)s and can't become %(stage)s.")
            % {
                "release": release.label,
                "present": present.label.lower(),
                "stage": Stage(stage).label.lower(),
            }
        )
    state = ReleaseState.objects.create(release=release, stage=stage, reason=reason.strip(), by=by)
    record(
        by=by, verb=f"release:{stage}", what=release, department=release.department, why=reason.strip(),
        release=release.label, before_stage=present.value,
    )  # fmt: skip
    return state


def draw_held_out(prompt_ids: Sequence[str], share: float, seed: int | None) -> frozenset[str]:
    """Return the prompt_ids that are held out; their order in the department doesn't matter."""
    if not share or not prompt_ids:
        return frozenset()
    count = max(1, round(share * len(prompt_ids)))
    return frozenset(random.Random(seed).sample(sorted(prompt_ids), count))  # noqa: S311 - a draw to be repeated


def _check_names(name: str, version: str, stage: str) -> None:
    if not re.match(NAME_PATTERN, name) or len(name) > 100:
        raise BadInput(
            _("A release's name has up to 100 letters, digits and . _ -, beginning with a letter or digit."),
            field="name",
        )
    if not re.match(VERSION_PATTERN, version) or len(version) > 40:
        raise BadInput(_("A version is three numbers such as 1.0.0, not %(version)s.") % {"version": version},
                       field="version")  # fmt: skip
    if stage not in FIRST_STAGES:
        raise BadInput(
            _("A release begins as candidate or final, not %(stage)s.") % {"stage": stage}, field="stage"
        )


def _check_share(share: float, seed: int | None) -> None:
    if not 0 <= share < 1:
        raise BadInput(_("The held-out share is at least 0 and below 1, such as 0.2."), field="held_out")
    if share and seed is None:
        raise BadInput(
            _("Give a seed with a held-out share, so that the draw can be repeated."), field="seed"
        )


def _taken(name: str, version: str) -> Conflict:
    return Conflict(
        _(
            "There is already a release %(name)s==%(version)s, and a frozen release never changes. Raise the version."
        )
        % {"name": name, "version": version}
    )


def _chosen_cases(department: Department, tags: Sequence[str], case_ids: Iterable[int] | None) -> list[Case]:
    """Return the approved cases meant; in PostgreSQL their rows are held until the release is frozen.

    A case whose approval has expired with its evidence counts as any other that isn't approved.
    """
    approved = (
        Case.objects.filter(department=department).approved().select_for_update(of=("self",), no_key=True)
    )
    approved = approved.select_related("head", "head__external_approval").order_by("pk")
    if case_ids is not None:
        wanted = set(case_ids)
        approved = approved.filter(pk__in=wanted)
    cases = list(approved)
    if case_ids is not None and len(cases) < len(wanted):
        _explain_missing(department, wanted - {case.pk for case in cases})
    if tags:
        cases = [case for case in cases if case.head and set(tags) & set(case.head.content.example_tags)]
    if not cases:
        raise NotReady(
            _("No approved case of %(department)s matches, so there is nothing to freeze.")
            % {"department": department.code}
        )
    return cases


def _explain_missing(department: Department, case_ids: set[int]) -> None:
    expired = Case.objects.filter(department=department, pk__in=case_ids).with_expired_approval()
    if dates := list(expired.order_by("expires_on", "pk").values_list("prompt_id", "expires_on")):
        raise NotReady(
            _(
                "The approval of these cases expired with their evidence: %(cases)s. Renew them with a new revision."
            )
            % {"cases": _some(f"{prompt_id} ({day})" for prompt_id, day in dates)}
        )
    unapproved = Case.objects.filter(department=department, pk__in=case_ids).values_list(
        "prompt_id", flat=True
    )
    if not unapproved:
        raise NotFound(
            _("One of the chosen cases doesn't exist in %(department)s.") % {"department": department.code}
        )
    raise NotReady(
        _("Not approved: %(cases)s. Only approved cases can be frozen.") % {"cases": _some(unapproved)}
    )


def _refuse_unready(snapshots: list[Snapshot], department: Department) -> None:
    _refuse_short(snapshots, department)
    contested = [
        f"{each.record.prompt_id} ({', '.join(map(str, each.contested))})"
        for each in snapshots
        if each.contested
    ]
    if contested and department.contested_rule == ContestedRule.BLOCK:
        raise NotReady(
            _("Reviewers don't agree on these criteria: %(cases)s. Settle them with a new revision, or choose other "
              "cases.") % {"cases": _some(contested)}
        )  # fmt: skip
    empty = [
        each.record.prompt_id for each in snapshots if each.contested and each.record.content.max_points <= 0
    ]
    if empty:
        raise NotReady(
            _("Without the contested criteria these cases have none with positive points: %(cases)s.")
            % {"cases": _some(empty)}
        )


def _refuse_short(snapshots: list[Snapshot], department: Department) -> None:
    """Refuse what the present rule would not approve: the rule may have changed, or a reviewer been barred."""
    short = [each.record.prompt_id for each in snapshots if each.missing]
    if not short:
        return
    values = {
        "department": department.code,
        "number": department.required_approvals,
        "outside": department.outside_approvals,
        "cases": _some(short),
    }
    if department.outside_approvals:
        raise NotReady(
            _("%(department)s now needs %(number)s approvals, %(outside)s of them from other departments; these cases "
              "have fewer: %(cases)s.") % values
        )  # fmt: skip
    raise NotReady(
        _("%(department)s now needs %(number)s approvals; these cases have fewer: %(cases)s.") % values
    )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    rest = len(listed) - _NAMED_IN_ERRORS
    text = ", ".join(listed[:_NAMED_IN_ERRORS])
    return _("%(names)s and %(number)s more") % {"names": text, "number": rest} if rest > 0 else text


def _manifest(
    department: Department,
    name: str,
    version: str,
    snapshots: list[Snapshot],
    held_out: float,
    seed: int | None,
) -> dict[str, Any]:
    """Return what the release's hash is taken of: no clock time, no person."""
    findings: dict[str, dict[str, Any]] = {}
    for violation in find_violations(each.record for each in snapshots):
        finding = findings.setdefault(violation.check_id, {"cases": 0, "first": violation.prompt_id})
        finding["cases"] += 1
    elsewhere = Counter(each.approval.get("approved_elsewhere", "") for each in snapshots)
    elsewhere.pop("", None)
    return {
        "schema": MANIFEST_SCHEMA,
        "name": name,
        "version": version,
        "department": department.code,
        "required_approvals": department.required_approvals,
        **_unusual_rule(department),
        "approved_elsewhere": dict(sorted(elsewhere.items())),
        "held_out": {"share": held_out, "seed": seed} if held_out else None,
        "findings": findings,
        "items": [
            {
                "prompt_id": each.record.prompt_id,
                "split": each.record.split,
                "sha256": each.record.sha256,
                "approval": each.approval,
            }
            for each in snapshots
        ],
    }


def _unusual_rule(department: Department) -> dict[str, Any]:
    """Return what else the department asks for, where that isn't what every department asks for at first."""
    usual = Department()
    names = ("consensus_threshold", "outside_approvals")
    return {name: value for name in names if (value := getattr(department, name)) != getattr(usual, name)}


def _write(
    department: Department,
    name: str,
    version: str,
    manifest: dict[str, Any],
    snapshots: list[Snapshot],
    by: User,
) -> Release:
    text = canonical_json(manifest)
    try:
        with transaction.atomic():
            release = Release.objects.create(
                department=department, name=name, version=version, manifest_text=text, sha256=sha256_text(text),
                n_items=len(snapshots), n_held_out=sum(each.record.split == Split.HELD_OUT for each in snapshots),
                frozen_by=by,
            )  # fmt: skip
    except IntegrityError as error:
        raise _taken(name, version) from error
    ReleaseItem.objects.bulk_create((_item(release, each) for each in snapshots), batch_size=BATCH)
    return release


def _item(release: Release, snapshot: Snapshot) -> ReleaseItem:
    frozen = snapshot.record
    return ReleaseItem(
        release=release, position=frozen.position, prompt_id=frozen.prompt_id, split=frozen.split,
        content_text=content_to_json(frozen.content), sha256=frozen.sha256, revision=snapshot.revision,
    )  # fmt: skip
