"""What an author types is never lost: bad input, broken connections, other windows, one-click mends."""

import msgspec
import pytest
from django.urls import reverse

from builder.content import Criterion, Turn
from builder.models import Case, CaseDraft
from builder.services.cases import save_draft, save_revision
from tests.api_client import Caller, as_json
from tests.builder.test_case_editor import act, autosave, edit_url, opened
from tests.cast import Cast
from tests.factories import make_content, make_draft
from tests.html_form import read_form

ODD = "\u202eright to left\u202c zero\u200bwidth\ufeff \u2066isolate\u2069 e\u0301 👩‍⚕️ 한글"


def test_a_million_characters_are_refused_and_shown_again(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    text = "가" * 1_000_001
    fields = opened(client, case) | {"turns-0-content": [text]}
    for action in ("save", "draft", "submit"):
        answer = act(client, case, action, fields)
        assert answer.status_code == 422
        assert "a million is the most" in answer.content.decode()
        assert read_form(answer.content.decode())["turns-0-content"] == [text]
    told = autosave(client, case, fields)
    assert told.status_code == 422 and "a million is the most" in told.json()["message"]
    assert not CaseDraft.objects.exists()


def test_just_under_a_million_characters_are_kept_and_open_again(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    text = "가" * 990_000
    assert autosave(client, case, opened(client, case) | {"turns-0-content": [text]}).status_code == 200
    fields = opened(client, case)
    assert fields["turns-0-content"] == [text]
    assert act(client, case, "save", fields).status_code == 302


def test_odd_characters_come_back_as_they_were(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {
        "turns-0-content": [ODD],
        "reference": [ODD],
        "rubrics-0-criterion": [ODD],
    }
    assert act(client, case, "save", fields).status_code == 302
    case.refresh_from_db()
    content = case.head.content
    assert content.prompt[0].content == content.reference_answer == content.rubrics[0].criterion == ODD
    assert opened(client, case)["turns-0-content"] == [ODD]


def test_half_a_surrogate_pair_is_refused_by_the_api_and_changes_nothing(cast: Cast) -> None:
    case, ada = make_draft(cast), Caller(cast.ada)
    body = (
        '{"base_version": 1, "content": {"prompt": [{"role": "user", "content": "\\ud800"}], "rubrics": []}}'
    )
    for address in (f"cases/{case.pk}/", f"cases/{case.pk}/draft/"):
        answer = ada.client.generic("PUT", f"/api/v1/{address}", body, content_type="application/json")
        assert answer.status_code in (400, 422) and answer.json()["message"]
    assert case.revisions.count() == 1 and not CaseDraft.objects.exists()


def test_three_hundred_criteria_are_saved(cast: Cast, as_user) -> None:
    rubrics = [
        Criterion(f"Names sign number {n}.", 1 + n % 9, ["axis:accuracy"], f"c{n}") for n in range(300)
    ]
    case = make_draft(cast, kind="practice", rubrics=rubrics)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"rubrics-299-criterion": ["The last one."]}
    assert act(client, case, "save", fields).status_code == 302
    case.refresh_from_db()
    assert [each.criterion for each in case.head.content.rubrics[298:]] == [
        "Names sign number 298.",
        "The last one.",
    ]


def test_more_rows_than_people_can_work_on_are_shown_again(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {f"rubrics-{n}-criterion": [f"Criterion {n}"] for n in range(401)}
    answer = act(client, case, "save", fields)
    assert answer.status_code == 422 and "at most 400 rows" in answer.content.decode()
    assert read_form(answer.content.decode())["rubrics-400-criterion"] == ["Criterion 400"]
    assert autosave(client, case, fields).status_code == 422


def test_a_save_whose_answer_was_lost_is_no_other_window(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"reference": ["One"], "attempt": ["77"]}
    assert autosave(client, case, fields).json()["sequence"] == 77
    # The answer never came: the window still holds the old number, and the one it sent.
    fields |= {"reference": ["Two"], "attempt": ["78"]}
    assert autosave(client, case, fields).status_code == 409
    assert autosave(client, case, fields | {"unanswered": ["76 77"]}).json()["sequence"] == 78
    assert autosave(client, case, fields | {"unanswered": ["x"], "reference": ["Three"]}).status_code == 409
    assert opened(client, case)["reference"] == ["Two"]


def test_the_same_text_again_is_no_conflict(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"reference": ["One"]}
    assert autosave(client, case, fields).status_code == autosave(client, case, fields).status_code == 200


def test_going_on_after_a_colleague_never_skips_what_ones_other_window_wrote(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    first, second = opened(client, case), opened(client, case)
    assert autosave(client, case, second | {"reference": ["Second window"]}).status_code == 200
    save_revision(case=case, content=make_content("Lou's"), base_version=1, by=cast.lou)
    html = act(client, case, "save", first | {"reference": ["First window"]}).content.decode()
    answer = act(client, case, "keep-mine", read_form(html))
    assert answer.status_code == 409
    assert "Second" in answer.content.decode()
    assert CaseDraft.objects.get().content["ideal_completions_data"]["ideal_completion"] == "Second window"


def test_discarding_is_refused_when_another_window_wrote_on(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    draft = save_draft(case=case, data=as_json(make_content("One")), base_version=1, sequence=0, by=cast.ada)
    url = reverse("builder:case-discard", args=[case.pk])
    fields = {"sequence": str(draft.sequence)}
    assert f'value="{draft.sequence}"' in client.get(url).content.decode()
    save_draft(
        case=case, data=as_json(make_content("Two")), base_version=1, sequence=draft.sequence, by=cast.ada
    )
    answer = client.post(url, fields)
    assert answer.status_code == 409 and "another window" in answer.content.decode()
    assert CaseDraft.objects.get().content["title"] == "Two"
    answer = Caller(cast.ada).send("DELETE", f"cases/{case.pk}/draft/?sequence={draft.sequence}")
    assert answer.status_code == 409 and answer.json()["theirs"]["title"] == "Two"
    assert client.post(url, {}).status_code == 302
    assert not CaseDraft.objects.exists()


def test_a_program_that_saves_leaves_the_editors_other_text_alone(cast: Cast) -> None:
    case = make_draft(cast)
    save_draft(
        case=case, data=as_json(make_content("In the editor")), base_version=1, sequence=0, by=cast.ada
    )
    save_revision(case=case, content=make_content("By a program"), base_version=1, by=cast.ada)
    assert CaseDraft.objects.get().content["title"] == "In the editor"


def wrong_case(cast: Cast) -> Case:
    """Make a case whose second criterion is a red line that earns points."""
    wrong = Criterion("Tells the patient to wait at home.", 10, ["axis:accuracy"], "c3", red_line=True)
    return make_draft(cast, rubrics=[Criterion("Asks for an ECG.", 8, ["axis:accuracy"], "c1"), wrong])


def mends_on(html: str) -> list[str]:
    """Return the actions of the page's mend buttons."""
    return [part.split('"')[0] for part in html.split('value="mend:')[1:]]


def test_a_mend_changes_its_field_and_saves_nothing(cast: Cast, as_user) -> None:
    case = wrong_case(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"reference": ["Typed before"], "rubrics-0-points": ["many"]}
    key = next(each for each in mends_on(client.get(edit_url(case)).content.decode()) if "rubrics[1]" in each)
    answer = act(client, case, f"mend:{key}", fields)
    html = answer.content.decode()
    assert answer.status_code == 200 and "Look at it before you save" in html
    mended = read_form(html)
    assert mended["rubrics-1-points"] == ["-10"]
    # What was typed meanwhile stays, even where it is no number yet.
    assert (mended["reference"], mended["rubrics-0-points"]) == (["Typed before"], ["many"])
    assert html.count("autofocus") == 1
    assert not CaseDraft.objects.exists() and case.revisions.count() == 1


def test_a_mend_of_a_text_that_changed_is_refused_and_keeps_the_text(cast: Cast, as_user) -> None:
    case = wrong_case(cast)
    client = as_user(cast.ada)
    fields = opened(client, case) | {"reference": ["Typed before"]}
    answer = act(client, case, "mend:rubric.nothing:rubrics[9].points", fields)
    assert answer.status_code == 422
    assert read_form(answer.content.decode())["reference"] == ["Typed before"]
    part = client.post(edit_url(case), {**fields, "action": "mend:x:y"}, headers={"HX-Request": "true"})
    assert part.status_code == 422 and "nhsuk-error-summary" in part.content.decode()


def test_checking_again_without_script_keeps_the_form_and_saves_nothing(cast: Cast, as_user) -> None:
    case = make_draft(cast)
    client = as_user(cast.ada)
    answer = act(client, case, "check", opened(client, case) | {"turns-0-content": [" "]})
    html = answer.content.decode()
    assert answer.status_code == 200 and "This turn is empty." in html
    assert not CaseDraft.objects.exists()


@pytest.mark.parametrize(
    ("move", "order"), [("0-2", "bca"), ("2-0", "cab"), ("1-1", "abc"), ("0-99", "bca"), ("9-0", "abc")]
)
def test_rows_move_to_any_place(cast: Cast, as_user, move: str, order: str) -> None:
    case = make_draft(cast, kind="practice", rubrics=[Criterion(each, 5, ["axis:x"], each) for each in "abc"])
    client = as_user(cast.ada)
    html = act(client, case, f"move-rubrics-{move}", opened(client, case)).content.decode()
    fields = read_form(html)
    assert "".join(fields[f"rubrics-{n}-criterion"][0] for n in range(3)) == order


def test_markdown_preview_is_safe_and_cut(cast: Cast, as_user) -> None:
    client = as_user(cast.ada)
    fields = {
        "field": "turns-0-content",
        "turns-0-content": "**a** <script>alert(1)</script> [x](javascript:y)",
    }
    html = client.post(reverse("builder:markdown-preview"), fields).content.decode()
    assert "<strong>a</strong>" in html and "<script" not in html and "<a" not in html
    long = {"field": "reference", "reference": "word " * 40_000}
    assert "shows its beginning" in client.post(reverse("builder:markdown-preview"), long).content.decode()


def test_a_draft_of_the_whole_form_holds_every_field(cast: Cast, as_user) -> None:
    """The same form as `multipart/form-data`, as browsers and the script send it."""
    case = make_draft(cast, prompt=[Turn("system", "Be brief."), Turn("user", "한글?")])
    client = as_user(cast.ada)
    assert 'enctype="multipart/form-data"' in client.get(edit_url(case)).content.decode()
    assert autosave(client, case, opened(client, case)).status_code == 200
    assert CaseDraft.objects.get().content == msgspec.to_builtins(case.head.content)


@pytest.mark.parametrize("field", ["attempt", "unanswered"])
def test_an_impossible_number_of_a_save_is_none(cast: Cast, as_user, field: str) -> None:
    """Python refuses to read a number of more than 4,300 digits."""
    case = make_draft(cast)
    client = as_user(cast.ada)
    form = read_form(client.get(reverse("builder:case-edit", args=[case.pk])).content.decode())
    for number in ("9" * 5_000, "²", "-1", "0", str(2**31)):
        answer = client.post(reverse("builder:case-autosave", args=[case.pk]), {**form, field: [number]})
        assert answer.status_code == 200, number
