"""Freezing: what goes in, what keeps it out, and what the manifest says of it."""

import json

import pytest

from builder.common.canonical_json import sha256_text
from builder.common.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from builder.content import Criterion
from builder.models import AuditEvent, Case, CaseState, ContestedRule, Decision, ExternalApproval, Vote
from builder.services.cases import save_revision
from builder.services.reviews import review_case
from exports.access import stage_of
from exports.models import Release, ReleaseItem, ReleaseState, Split
from exports.records import item_hash
from exports.services.releases import draw_held_out, freeze_release, set_release_state
from tests.cast import Cast
from tests.exports.builders import make_cases, make_release
from tests.factories import make_approved, make_content, make_draft, make_submitted


def freeze(cast: Cast, **options: object) -> Release:
    """Freeze what is there as trial==1.0.0."""
    values = {"name": "trial", "version": "1.0.0", "stage": "candidate", "by": cast.lou} | options
    return freeze_release(department=cast.department, **values)


def make_contested(cast: Cast, votes: dict[int, str], **fields: object) -> Case:
    """Make an approved case on which Rob voted otherwise than Rui."""
    case = make_submitted(cast, **fields)
    for reviewer, chosen in ((cast.rui, {}), (cast.rob, votes)):
        all_votes = dict.fromkeys(range(3), Vote.AGREE) | chosen
        review_case(case=case, revision_number=1, decision=Decision.APPROVE, votes=all_votes, by=reviewer)
    case.refresh_from_db()
    assert case.state == CaseState.APPROVED
    return case


def test_approved_cases_are_frozen_in_order(cast: Cast) -> None:
    cases = make_cases(cast, 3)
    make_draft(cast, title="Not approved")
    release = freeze(cast)
    items = list(release.items.order_by("position"))
    assert [item.prompt_id for item in items] == [case.prompt_id for case in cases]
    assert [item.content for item in items] == [case.head.content for case in cases]
    assert [item.revision_id for item in items] == [case.head_id for case in cases]
    assert all(item.sha256 == item_hash(item.prompt_id, item.content) for item in items)
    assert release.sha256 == sha256_text(release.manifest_text)
    assert stage_of(release) == "candidate"
    assert AuditEvent.objects.get(verb="release:freeze").after_hash == release.sha256


def test_manifest_names_every_item_and_how_it_was_approved_but_nobody(cast: Cast) -> None:
    release = make_release(cast)
    assert [item["approval"] for item in release.manifest["items"]] == [{"reviewers": 2}] * 2
    assert [item["sha256"] for item in release.manifest["items"]] == [
        item.sha256 for item in release.items.all()
    ]
    assert release.manifest["findings"] == {}
    assert "@" not in release.manifest_text


def test_case_approved_elsewhere_says_where(cast: Cast) -> None:
    case = make_draft(cast)
    Case.objects.filter(pk=case.pk).update(state=CaseState.APPROVED)
    ExternalApproval.objects.create(revision=case.head, source="A panel", vouched_by=cast.lou)
    release = freeze(cast)
    assert release.manifest["items"][0]["approval"] == {"approved_elsewhere": "A panel"}
    assert release.manifest["approved_elsewhere"] == {"A panel": 1}
    assert json.loads(AuditEvent.objects.get(verb="release:freeze").details_text)["approved_elsewhere"] == {
        "A panel": 1
    }


def test_same_content_gives_the_same_item_hash_in_every_release(cast: Cast) -> None:
    first = make_release(cast)
    second = freeze(cast, version="1.0.1")
    assert [item.sha256 for item in first.items.all()] == [item.sha256 for item in second.items.all()]
    assert first.sha256 != second.sha256


def test_tags_and_hand_choose_cases(cast: Cast) -> None:
    chest, head, _other = (
        make_approved(cast, title=title, example_tags=tags)
        for title, tags in (("Chest", ["theme:chest", "t"]), ("Head", ["theme:head"]), ("Other", []))
    )
    assert set(freeze(cast, tags=["theme:chest", "theme:head"]).items.values_list("prompt_id", flat=True)) == {
        chest.prompt_id, head.prompt_id,
    }  # fmt: skip
    by_hand = freeze(cast, version="1.0.1", case_ids=[head.pk])
    assert [item.prompt_id for item in by_hand.items.all()] == [head.prompt_id]
    with pytest.raises(NotReady, match="nothing to freeze"):
        freeze(cast, version="1.0.2", tags=["theme:feet"])


def test_choosing_by_hand_what_cannot_be_frozen(cast: Cast) -> None:
    draft = make_draft(cast)
    with pytest.raises(NotReady, match=draft.prompt_id):
        freeze(cast, case_ids=[draft.pk])
    with pytest.raises(NotFound):
        freeze(cast, case_ids=[draft.pk + 999])
    with pytest.raises(NotReady, match="nothing to freeze"):
        freeze(cast, case_ids=[])


def test_edit_after_approval_keeps_a_case_out(cast: Cast) -> None:
    case = make_approved(cast)
    save_revision(case=case, content=make_content("Edited"), base_version=1, by=cast.ada)
    with pytest.raises(NotReady, match="nothing to freeze"):
        freeze(cast)


def test_edit_after_freezing_changes_nothing_frozen(cast: Cast) -> None:
    release = make_release(cast, 1)
    item = release.items.get()
    save_revision(case=item.revision.case, content=make_content("Edited"), base_version=1, by=cast.ada)
    again = ReleaseItem.objects.get(pk=item.pk)
    assert (again.content_text, again.sha256, again.revision.number) == (item.content_text, item.sha256, 1)


def test_contested_criterion_blocks_and_is_named(cast: Cast) -> None:
    case = make_contested(cast, {1: Vote.DISAGREE})
    with pytest.raises(NotReady, match=rf"{case.prompt_id} \(2\)"):
        freeze(cast)
    assert not Release.objects.exists()


def test_contested_criterion_is_left_out_by_the_departments_rule(cast: Cast) -> None:
    cast.department.contested_rule = ContestedRule.LEAVE_OUT
    cast.department.save()
    case = make_contested(cast, {1: Vote.DISAGREE})
    release = freeze(cast)
    item = release.items.get()
    kept = [case.head.content.rubrics[0], case.head.content.rubrics[2]]
    assert item.content.rubrics == kept
    assert release.manifest["items"][0]["approval"] == {"reviewers": 2, "left_out": [2]}


def test_case_left_without_a_positive_criterion_is_refused(cast: Cast) -> None:
    cast.department.contested_rule = ContestedRule.LEAVE_OUT
    cast.department.save()
    case = make_contested(cast, {0: Vote.DISAGREE, 1: Vote.DISAGREE})
    with pytest.raises(NotReady, match=rf"positive points: {case.prompt_id}"):
        freeze(cast)


def test_raised_number_of_approvals_counts_at_freezing(cast: Cast) -> None:
    case = make_approved(cast)
    cast.department.required_approvals = 3
    cast.department.save()
    with pytest.raises(NotReady, match=rf"needs 3 approvals.*{case.prompt_id}"):
        freeze(cast)


def test_findings_are_recorded_and_do_not_block(cast: Cast) -> None:
    twice = [Criterion("Asks.", 5), Criterion("Asks.", 3), Criterion("Harms.", -5, red_line=True)]
    case = make_approved(cast, rubrics=twice)
    release = freeze(cast)
    assert release.manifest["findings"] == {
        "export.repeated_criterion": {"cases": 1, "first": case.prompt_id}
    }


def test_held_out_draw_is_repeatable(cast: Cast) -> None:
    make_cases(cast, 5)
    first, second = freeze(cast, held_out=0.4, seed=7), freeze(cast, version="1.0.1", held_out=0.4, seed=7)
    drawn = [
        set(each.items.filter(split=Split.HELD_OUT).values_list("prompt_id", flat=True))
        for each in (first, second)
    ]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == first.n_held_out == 2
    assert first.manifest["held_out"] == {"share": 0.4, "seed": 7}


def test_draw_depends_on_the_seed_alone() -> None:
    ids = [f"c{index}" for index in range(40)]
    assert draw_held_out(ids, 0.25, 1) == draw_held_out(ids[::-1], 0.25, 1)
    assert draw_held_out(ids, 0.25, 1) != draw_held_out(ids, 0.25, 2)
    assert len(draw_held_out(ids, 0.25, 1)) == 10
    assert len(draw_held_out(ids, 0.001, 1)) == 1
    assert draw_held_out(ids, 0.0, None) == frozenset()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"name": "a b"}, "name"), ({"name": ""}, "name"), ({"name": "../x"}, "name"), ({"name": "x" * 101}, "name"),
        ({"name": "x\n"}, "name"), ({"version": "1.0"}, "version"), ({"version": "01.0.0"}, "version"),
        ({"version": "1.0.0\n"}, "version"), ({"stage": "withdrawn"}, "stage"),
        ({"held_out": 1.0, "seed": 1}, "held_out"),
        ({"held_out": -0.1, "seed": 1}, "held_out"), ({"held_out": float("nan"), "seed": 1}, "held_out"),
        ({"held_out": 0.5}, "seed"),
    ],
)  # fmt: skip
def test_bad_options_are_refused_with_their_field(cast: Cast, options: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        freeze(cast, **options)
    assert refused.value.data["field"] == field


def test_taken_version_is_refused_in_the_whole_installation(cast: Cast) -> None:
    make_release(cast)
    with pytest.raises(Conflict, match="Raise the version"):
        freeze(cast)
    with pytest.raises(Conflict, match="Raise the version"):
        freeze_release(department=cast.elsewhere, name="trial", version="1.0.0", stage="final", by=cast.eve)


def test_only_a_lead_freezes_and_changes_the_stage(cast: Cast) -> None:
    release = make_release(cast, stage="candidate")
    for person in (cast.ada, cast.rui, cast.gia, cast.ana, cast.eve, cast.ola):
        with pytest.raises(NotAllowed):
            freeze(cast, by=person, version="2.0.0")
        with pytest.raises(NotAllowed):
            set_release_state(release=release, stage="final", reason="tried", by=person)
    assert Release.objects.count() == 1


def test_stages_go_one_way_with_a_reason(cast: Cast) -> None:
    release = make_release(cast, stage="candidate")
    with pytest.raises(BadInput, match="reason"):
        set_release_state(release=release, stage="final", reason="  ", by=cast.lou)
    with pytest.raises(BadInput, match="candidate"):
        set_release_state(release=release, stage="candidate", reason="back", by=cast.lou)
    sha256 = release.sha256
    set_release_state(release=release, stage="final", reason="Piloted.", by=cast.lou)
    with pytest.raises(NotReady, match="is final"):
        set_release_state(release=release, stage="final", reason="again", by=cast.lou)
    set_release_state(release=release, stage="withdrawn", reason="A dose was wrong.", by=cast.lou)
    with pytest.raises(NotReady, match="is withdrawn"):
        set_release_state(release=release, stage="final", reason="back", by=cast.lou)
    assert list(ReleaseState.objects.values_list("stage", "reason")) == [
        ("candidate", ""), ("final", "Piloted."), ("withdrawn", "A dose was wrong."),
    ]  # fmt: skip
    assert Release.objects.get().sha256 == sha256
    assert AuditEvent.objects.get(verb="release:withdrawn").why == "A dose was wrong."


def test_candidate_may_be_withdrawn(cast: Cast) -> None:
    release = make_release(cast, stage="candidate")
    set_release_state(release=release, stage="withdrawn", reason="Duplicate.", by=cast.lou)
    assert stage_of(release) == "withdrawn"
