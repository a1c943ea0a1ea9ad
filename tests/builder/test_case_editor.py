"""The case editor without script and over its autosave address."""

import json
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from builder.content import CaseContent, Criterion, Turn
from builder.models import AuditEvent, Case, CaseDraft, CaseState
from builder.services.cases import create_case, save_draft, save_revision
from builder.services.imports import import_cases
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_approved, make_content, make_draft, make_submitted
from tests.html_form import buttons_of, read_form

HEALTHBENCH_LIKE = {
    "prompt_id": "imported-1",
    "prompt": [{"role": "user", "content": "First line\n\nsecond  line "}, {"role": "assistant", "content": "Hm?"},
               {"role": "user", "content": "Go on"}],
    "rubrics": [
        {"criterion": "Says A.", "points": 5, "tags": ["level:example", "axis:accuracy"], "unknown": {"x": 1}},
        {"criterion": "Says B.", "points": -7.5, "tags": ["level:cluster", "cluster:c", "axis:completeness"]},
    ],
    "example_tags": ["physician_agreed_category:enough", "theme:hedging"],
    "ideal_completions_data": {"ideal_completion": "Say A.", "ideal_completions_group": "g",
                               "ideal_completions_ref_completions": ["one", "two"]},
    "canary": "healthbench:canary",
    "some_new_field": [1, {"two": None}],
}  # fmt: skip


def edit_url(case: Case) -> str:
    return reverse("builder:case-edit", args=[case.pk])


def opened(client: Client, case: Case) -> dict[str, list[str]]:
    response = client.get(edit_url(case))
    assert response.status_code == 200
    return read_form(response.content.decode())


def act(client: Client, case: Case, action: str, fields: dict[str, list[str]]):
    return client.post(edit_url(case), {**fields, "action": action})


def autosave(client: Client, case: Case, fields: dict[str, list[str]]):
    return client.post(reverse("builder:case-autosave", args=[case.pk]), fields)


@pytest.fixture
def imported(cast: Cast, tmp_path: Path) -> Case:
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(HEALTHBENCH_LIKE) + "\n", encoding="utf-8")
    import_cases(path=path, file_format="healthbench", department=cast.department, by=cast.lou)
    return Case.objects.get()


def test_saving_an_imported_case_unchanged_makes_no_revision(cast: Cast, as_user, imported: Case) -> None:
    client = as_user(cast.ada)
    before = imported.head.sha256
    answer = act(client, imported, "save", opened(client, imported))
    assert answer.status_code == 302
    imported.refresh_from_db()
    assert (imported.version, imported.head.sha256) == (1, before)
    assert not CaseDraft.objects.exists()


def test_real_records_survive_the_form(cast: Cast, as_user, shared_data: Path) -> None:
    path = shared_data / "healthbench" / "cases_100.jsonl"
    import_cases(path=path, file_format="healthbench", department=cast.department, by=cast.lou)
    client = as_user(cast.ada)
    for case in Case.objects.order_by("pk")[:12]:
        assert act(client, case, "save", opened(client, case)).status_code == 302
        case.refresh_from_db()
        assert case.version == 1


def test_editing_one_criterion_keeps_every_hidden_field(cast: Cast, as_user, imported: Case) -> None:
    client = as_user(cast.ada)
    fields = opened(client, imported) | {"rubrics-0-criterion": ["Says A clearly."]}
    act(client, imported, "save", fields)
    imported.refresh_from_db()
    old, new = imported.revisions.get(number=1).content, imported.head.content
    assert new.rubrics[0].criterion == "Says A clearly."
    assert new.rubrics[0].extra == {"unknown": {"x": 1}}
    assert (new.extra, new.canary, new.ideal_completions_data) == (
        old.extra,
        old.canary,
        old.ideal_completions_data,
    )
    assert new.rubrics[1:] == old.rubrics[1:] and new.prompt == old.prompt


def test_rows_are_added_moved_and_removed_without_script(cast: Cast, as_user) -> None:
    case = create_case(
        department=cast.department, content=CaseContent([Turn("user", "")], [], title="T"), by=cast.ada
    )
    client = as_user(cast.ada)
    fields = opened(client, case) | {"turns-0-content": ["My chest hurts."], "reference": ["Call."]}
    for action in ("add-turns", "add-rubrics", "add-rubrics", "add-evidence"):
        response = act(client, case, action, fields)
        assert response.status_code == 200
        fields = read_form(response.content.decode())
        assert fields["turns-0-content"] == ["My chest hurts."]
    fields |= {
        "turns-1-content": ["Since when?"], "rubrics-0-criterion": ["Second"], "rubrics-0-points": ["abc"],
        "rubrics-1-criterion": ["First"], "rubrics-1-points": ["−4"], "rubrics-1-red_line": ["on"],
        "evidence-0-quote": ["Quote"], "rubrics-1-evidence": ["e1"],
    }  # fmt: skip
    fields = read_form(act(client, case, "up-rubrics-1", fields).content.decode())
    assert fields["rubrics-0-criterion"] == ["First"]
    assert fields["rubrics-0-red_line"] == ["on"]
    assert fields["rubrics-0-evidence"] == ["e1"]
    assert fields["rubrics-1-points"] == ["abc"]
    fields = read_form(act(client, case, "remove-rubrics-1", fields).content.decode())
    fields = read_form(act(client, case, "remove-turns-1", fields).content.decode())
    assert act(client, case, "save", fields).status_code == 302
    case.refresh_from_db()
    content = case.head.content
    assert [(each.criterion, each.points, each.red_line) for each in content.rubrics] == [("First", -4, True)]
    assert content.rubrics[0].evidence == [content.evidence[0].evidence_id] == ["e1"]
    assert content.prompt == [Turn("user", "My chest hurts.")]
    assert content.reference_answer == "Call."


def test_row_action_of_htmx_answers_with_the_fields_alone(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case)
    answer = client.post(
        edit_url(case), {**fields, "action": "down-rubrics-0"}, headers={"HX-Request": "true"}
    )
    html = answer.content.decode()
    assert html.lstrip().startswith('<div id="case-fields"') and "<html" not in html
    assert 'name="sequence"' not in html
    assert html.index("Explains the next step") < html.index("Asks for a 12-lead ECG")
    assert 'id="rubrics-1-down"' in html and html.count("autofocus") == 1


def test_first_button_of_the_form_is_harmless(cast: Cast, as_user) -> None:
    """The Enter key in a field presses the first button, so that one must not remove anything."""
    case = make_draft(cast)
    html = as_user(cast.ada).get(edit_url(case)).content.decode()
    assert buttons_of(html)[0] == "draft"


def test_page_has_one_heading_and_a_label_for_every_field(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    html = as_user(cast.ada).get(edit_url(case)).content.decode()
    assert html.count("<h1") == 1
    for name in read_form(html):
        hidden = ("origin", "open", "csrfmiddlewaretoken", "base_version", "sequence", "unanswered")
        if name.rpartition("-")[2] not in hidden and not name.endswith("-evidence"):
            assert f'for="{name}"' in html, name


def test_autosave_keeps_a_draft_that_opens_again(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"turns-0-content": ["Typed in a hurry"]}
    answer = autosave(client, case, fields)
    assert answer.status_code == 200
    first = answer.json()["sequence"]
    assert first > 0 and answer.json()["saved"].startswith("Draft saved")
    fields |= {"sequence": [str(answer.json()["sequence"])], "turns-0-content": ["Typed on"]}
    assert autosave(client, case, fields).json()["sequence"] == first + 1
    response = client.get(edit_url(case))
    assert "This is your draft" in response.content.decode()
    assert reverse("builder:case-discard", args=[case.pk]) in response.content.decode()
    assert read_form(response.content.decode())["turns-0-content"] == ["Typed on"]
    assert case.revisions.count() == 1


def test_autosave_of_unfinished_points_is_kept(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    answer = autosave(client, case, opened(client, case) | {"rubrics-0-points": [""]})
    assert answer.status_code == 200
    assert opened(client, case)["rubrics-0-points"] == [""]


def test_autosave_over_a_colleagues_revision_answers_with_both_texts(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"turns-0-content": ["Ada's words stand here"]}
    theirs = make_content(prompt=[Turn("user", "Lou's words stand here")])
    save_revision(case=case, content=theirs, base_version=1, by=cast.lou)
    answer = autosave(client, case, fields)
    assert answer.status_code == 409
    told = answer.json()
    assert told["yours"]["prompt"][0]["content"] == "Ada's words stand here"
    assert told["theirs"]["prompt"][0]["content"] == "Lou's words stand here"
    assert told["version"] == 2 and "Lou" in told["message"]
    assert "<ins>Ada</ins>" in told["html"] and "<del>Lou</del>" in told["html"]


def test_stale_save_shows_both_texts_and_goes_on_with_mine(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"reference": ["Ada's answer"]}
    save_revision(case=case, content=make_content("Lou's title"), base_version=1, by=cast.lou)
    answer = act(client, case, "save", fields)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Two people wrote at once" in html and "Keep editing mine" in html
    fields = read_form(html)
    assert fields["reference"] == ["Ada's answer"]
    assert act(client, case, "keep-mine", fields).status_code == 302
    again = opened(client, case)
    assert (again["base_version"], again["reference"]) == (["2"], ["Ada's answer"])
    assert act(client, case, "save", again).status_code == 302
    case.refresh_from_db()
    assert (case.version, case.head.content.reference_answer) == (3, "Ada's answer")


def test_stale_save_can_take_theirs(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"reference": ["Ada's answer"]}
    save_revision(case=case, content=make_content("Lou's title"), base_version=1, by=cast.lou)
    html = act(client, case, "save", fields).content.decode()
    assert act(client, case, "take-theirs", read_form(html)).status_code == 302
    fields = opened(client, case)
    assert (fields["title"], fields["base_version"]) == (["Lou's title"], ["2"])


def test_draft_opened_after_a_colleagues_revision_shows_both(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    data = {"prompt": [{"role": "user", "content": "Ada's draft"}], "rubrics": []}
    save_draft(case=case, data=data, base_version=1, sequence=0, by=cast.ada)
    save_revision(case=case, content=make_content("Lou's"), base_version=1, by=cast.lou)
    html = as_user(cast.ada).get(edit_url(case)).content.decode()
    assert "saved revision 2 after you began this draft" in html
    assert read_form(html)["turns-0-content"] == ["Ada's draft"]


def test_second_window_cannot_overwrite_the_first(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    first = opened(client, case) | {"reference": ["First window"]}
    second = opened(client, case) | {"reference": ["Second window"]}
    assert autosave(client, case, first).status_code == 200
    assert autosave(client, case, second).status_code == 409
    answer = act(client, case, "save", second)
    assert answer.status_code == 409
    assert "You wrote in two windows at once" in answer.content.decode()
    assert act(client, case, "keep-mine", read_form(answer.content.decode())).status_code == 302
    assert opened(client, case)["reference"] == ["Second window"]


def test_revision_needs_points_that_are_a_number(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    for typed in ("", "0", "11", "many"):
        fields = opened(client, case) | {"rubrics-1-points": [typed]}
        answer = act(client, case, "save", fields)
        html = answer.content.decode()
        assert answer.status_code == 422
        assert '<a href="#rubrics-1-points">Give points from −10 to 10, and not 0.</a>' in html
        assert read_form(html)["rubrics-1-points"] == [typed]
        assert read_form(html)["sequence"] != fields["sequence"]
    assert case.revisions.count() == 1


def test_sending_saves_and_submits(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    answer = act(client, case, "submit", opened(client, case) | {"reference": ["Better"]})
    assert answer.url == reverse("builder:case-preview", args=[case.pk])
    case.refresh_from_db()
    assert (case.state, case.version) == (CaseState.IN_REVIEW, 2)
    assert AuditEvent.objects.filter(verb="case:submit").count() == 1


def test_errors_keep_a_case_from_review_and_link_to_their_fields(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"rubrics-2-points": ["4"], "turns-0-content": ["  "]}
    answer = act(client, case, "submit", fields)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert '<a href="#rubrics-2-points">A red line must have negative points.</a>' in html
    assert '<a href="#turns-0-content">This turn is empty.</a>' in html
    assert html.count("<title>Error:") == 1
    case.refresh_from_db()
    assert (case.state, case.version) == (CaseState.DRAFT, 1)


def test_case_without_criteria_is_told_where_to_add_one(cast: Cast, as_user) -> None:
    case = make_draft(cast, rubrics=[], kind="practice")
    client = as_user(cast.ada)
    answer = act(client, case, "submit", opened(client, case))
    assert answer.status_code == 422
    assert '<a href="#add-rubrics">Add at least one criterion.</a>' in answer.content.decode()


def test_saving_an_approved_case_unapproves_it(cast: Cast, as_user) -> None:
    case = make_approved(cast)
    client = as_user(cast.ada)
    assert "takes the approval away" in client.get(edit_url(case)).content.decode()
    act(client, case, "save", opened(client, case) | {"title": ["Another"]})
    case.refresh_from_db()
    assert (case.state, case.version) == (CaseState.DRAFT, 2)


def test_sending_what_is_approved_unchanged_is_refused_in_a_sentence(cast: Cast, as_user) -> None:
    case = make_approved(cast)
    client = as_user(cast.ada)
    answer = act(client, case, "submit", opened(client, case))
    assert answer.status_code == 409
    assert "Only a saved draft can be sent to review" in answer.content.decode()


def test_discarding_asks_first(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    autosave(client, case, opened(client, case) | {"title": ["Typed"]})
    url = reverse("builder:case-discard", args=[case.pk])
    assert client.get(url).status_code == 200
    assert CaseDraft.objects.count() == 1
    assert client.post(url).status_code == 302
    assert not CaseDraft.objects.exists()
    assert opened(client, case)["title"] == [case.title]


def test_live_panel_follows_the_draft(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    autosave(
        client,
        case,
        opened(client, case) | {"turns-0-content": ["Only in the draft"], "rubrics-0-axis": [""]},
    )
    html = client.get(reverse("builder:case-live", args=[case.pk])).content.decode()
    assert "Choose the axis" in html and 'href="#rubrics-0-axis"' in html
    assert "Only in the draft" in html.split('id="model-view"')[1]
    assert "Asks for a 12-lead ECG" in html.split('id="grader-view"')[1]


def test_model_preview_shows_the_turns_and_nothing_else(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    html = as_user(cast.ada).get(edit_url(case)).content.decode()
    model = html.split('id="model-view"')[1].split('id="grader-view"')[0]
    assert "what should I do now?" in model
    for secret in ("12-lead ECG", "Record an ECG", "Example guideline"):
        assert secret not in model


@pytest.mark.parametrize(("more", "laid_out"), [(0, True), (100_000, False)])
def test_grader_preview_lays_the_turns_out_as_the_desk_does_unless_they_are_very_long(
    cast: Cast, as_user, more: int, laid_out: bool
) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    typed = "Give **aspirin** <script>alert(1)</script>" + "a" * more
    autosave(client, case, opened(client, case) | {"turns-0-content": [typed]})
    html = client.get(reverse("builder:case-live", args=[case.pk])).content.decode()
    model, graders = html.split('id="model-view"')[1].split('id="grader-view"')
    assert ("<strong>aspirin</strong>" in graders) is laid_out
    assert "**aspirin**" in model and "<script>alert" not in html


def test_text_is_escaped_everywhere(cast: Cast, as_user) -> None:
    attack = "<script>alert(1)</script>"
    case = make_draft(
        cast, title=attack, prompt=[Turn("user", attack)], rubrics=[Criterion(attack, 5, [f"axis:{attack}"])],
        kind="practice", ideal_completions_data={"ideal_completion": attack},
    )  # fmt: skip
    client = as_user(cast.ada)
    for name in ("case-edit", "case-preview", "case-live"):
        assert attack not in client.get(reverse(f"builder:{name}", args=[case.pk])).content.decode()


@pytest.mark.parametrize("broken", [{"base_version": ["x"]}, {"sequence": [""]}, {"origin": ["{"]}])
def test_damaged_form_is_refused_in_a_sentence(cast: Cast, as_user, broken: dict[str, list[str]]) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | broken
    assert act(client, case, "save", fields).status_code == 422
    assert autosave(client, case, fields).status_code == 422


def test_only_writers_of_the_department_edit(cast: Cast, as_user) -> None:
    case = make_submitted(cast)
    urls = [reverse(f"builder:{name}", args=[case.pk]) for name in ("case-edit", "case-live", "case-discard")]
    for person, status in (
        (cast.rui, 403),
        (cast.ana, 403),
        (cast.ola, 403),
        (cast.gia, 404),
        (cast.eve, 404),
    ):
        client = as_user(person)
        assert {client.get(url).status_code for url in urls} == {status}
        names = ("case-edit", "case-discard", "case-autosave", "case-submit")
        posts = [reverse(f"builder:{name}", args=[case.pk]) for name in names]
        assert {client.post(url, {"action": "save"}).status_code for url in posts} == {status}
    assert as_user(cast.lou).get(urls[0]).status_code == 200


def test_queries_of_the_editor_do_not_grow_with_the_case(cast: Cast, as_user) -> None:
    client = as_user(cast.ada)
    counts = set()
    for size in (2, 40):
        rubrics = [Criterion(f"Criterion number {number}", 5, ["axis:accuracy"]) for number in range(size)]
        case = make_draft(cast, rubrics=rubrics, kind="practice")
        counts.add(queries_of(client, edit_url(case)))
    assert len(counts) == 1
