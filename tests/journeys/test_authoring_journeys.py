"""Cases come from an exam's file and from a spreadsheet, and one is stopped for what identifies a person.

By keyboard, in English and in Korean, and by names and addresses rather than by words, so that both languages go the
same way. Every page is looked at on a desk and on a phone.
"""

import json
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from playwright.sync_api import Page, expect

from builder.content import Turn
from builder.importers.workbook_columns import AXES, CASES, CRITERIA, KINDS, YES_NO
from builder.jobs.worker import run_due_jobs
from builder.models import AuditEvent, Case, CaseState, IdentifierAttestation, User
from builder.selectors.cases import head_content
from tests.cast import Cast
from tests.factories import make_draft
from tests.journeys.browser import DESK, PHONE, Visitor
from tests.journeys.conftest import Meanwhile, Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser

LANGUAGES = pytest.mark.parametrize("language", ["en-GB", "ko"])
# Invented for this test, in the shape of MedQA's files.
QUESTIONS = [
    {
        "question": "A 30-year-old woman wheezes an hour after a bee sting and her lips swell. Which of the following "
        "is the most likely diagnosis?",
        "options": {"A": "Panic attack", "B": "Anaphylaxis", "C": "Angina", "D": "Pleurisy"},
        "answer": "Anaphylaxis",
        "answer_idx": "B",
        "meta_info": "step1",
    },
    {
        "question": "A 70-year-old man cannot lift his right arm since breakfast. Which of the following is the best "
        "next step in management?",
        "options": {"A": "Aspirin at home", "B": "A CT scan of the head", "C": "Rest", "D": "A knee splint"},
        "answer": "A CT scan of the head",
        "answer_idx": "B",
        "meta_info": "step2&3",
    },
]
BETTER = {
    "en-GB": "I was stung by a bee an hour ago. I wheeze and my lips swell. What is happening, and what do I do now?",
    "ko": "한 시간 전에 벌에 쏘였어요. 쌕쌕거리고 입술이 부어요. 무슨 일이고, 지금 무엇을 해야 하나요?",
}


def arrive(visit: Visit, who: User, language: str) -> Visitor:
    """Let a person in who reads this language."""
    User.objects.filter(pk=who.pk).update(language=language.partition("-")[0])
    visitor = visit(who, language=language)
    expect(visitor.page.locator("html")).to_have_attribute("lang", language.partition("-")[0])
    return visitor


def look(visitor: Visitor) -> None:
    """Inspect the page as it stands, on a phone and on a desk."""
    for width, height in (PHONE, DESK):
        visitor.page.set_viewport_size({"width": width, "height": height})
        inspect(visitor.page)


def follow(visitor: Visitor, selector: str) -> None:
    """Reach the first element of the selector with Tab, and go where it leads."""
    visitor.keys.reach(visitor.page.locator(selector).first, most=120)
    visitor.keys.go("Enter")


def send_file(visitor: Visitor, path: Path) -> None:
    """Choose a file in the file's own field and have it looked at. The window in which one chooses is the browser's."""
    visitor.keys.reach(visitor.page.locator("input[type=file]"))
    visitor.page.set_input_files("input[type=file]", path)
    follow(visitor, "main form button[type=submit]")


def bring_in(visitor: Visitor, meanwhile: Meanwhile) -> None:
    """Send off the preview, wait for the job, and go on to the cases."""
    page = visitor.page
    follow(visitor, "main form button[type=submit]")
    expect(page.locator("#job-cancel")).to_be_visible()
    look(visitor)
    with meanwhile:
        assert run_due_jobs() == 1
    expect(page.locator("#job-done")).to_be_visible()
    expect(page.locator("#job-part .cw-check--error")).to_have_count(0)
    look(visitor)
    follow(visitor, "#job-done")


def open_editor(visitor: Visitor, case: Case) -> None:
    """Open a case of the list, and its editor."""
    follow(visitor, f"main a[href='/cases/{case.pk}/']")
    look(visitor)
    follow(visitor, f"main a[href='/cases/{case.pk}/edit/']")


def press_submit(page: Page, visitor: Visitor) -> None:
    """Send the case off from the editor."""
    visitor.keys.reach(page.locator("button[name=action][value=submit]"), most=120)
    visitor.keys.go("Enter")


def confirm_suggested(visitor: Visitor) -> None:
    """Confirm every suggested criterion with the button beside its finding."""
    page = visitor.page
    buttons = page.locator("button[value^='mend:rubric.suggested:']")
    for left in range(buttons.count(), 0, -1):
        expect(buttons).to_have_count(left)
        visitor.keys.reach(buttons.first, most=120)
        with page.expect_response(lambda answer: "/autosave/" in answer.url and answer.ok):
            visitor.keys.press("Enter")
        expect(buttons).to_have_count(left - 1)


@LANGUAGES
def test_a_case_is_written_from_an_exam_question(
    visit: Visit, cast: Cast, meanwhile: Meanwhile, tmp_path: Path, language: str
) -> None:
    file = tmp_path / "exam.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in QUESTIONS), "utf-8")
    author = arrive(visit, cast.ada, language)
    page, keys = author.page, author.keys
    follow(author, "a[href='/cases/']")
    follow(author, "main a[href='/cases/import/']")
    look(author)
    send_file(author, file)
    expect(page.locator("main tbody tr")).to_have_count(2)
    look(author)
    bring_in(author, meanwhile)
    expect(page.locator("main tbody tr")).to_have_count(2)
    look(author)

    with meanwhile:
        case = Case.objects.get(title__icontains="diagnosis")
        assert case.state == CaseState.DRAFT
    open_editor(author, case)
    expect(page.locator("button[value^='mend:rubric.suggested:']")).to_have_count(5)
    look(author)
    confirm_suggested(author)
    page.reload()
    expect(page.locator("button[value^='mend:rubric.suggested:']")).to_have_count(0)
    keys.reach(page.locator("#turns-0-content"))
    keys.retype(BETTER[language])
    follow(author, "button[name=action][value=save]")
    expect(page.locator("#turns-0-content")).to_have_value(BETTER[language])
    look(author)
    press_submit(page, author)
    look(author)
    with meanwhile:
        case.refresh_from_db()
        content = head_content(case)
        assert case.state == CaseState.IN_REVIEW
        assert content.last_user_turn == BETTER[language]
        assert [each.points for each in content.rubrics] == [5, 3, -5, -5, -5]
        assert not any(each.extra.get("suggested") for each in content.rubrics)
        assert case.source_question.source_id


def fill_in(book: Workbook, language: str) -> None:
    """Write one case and three criteria under the template's example; the points of the second are no number."""
    code = language.partition("-")[0]
    book[CASES.name.of(code)].append(
        [
            "ed-101",
            "A bee sting",
            BETTER[language],
            "Call an ambulance.",
            KINDS["safety"].of(code),
            code,
            "allergy",
            "",
        ]
    )
    accuracy, yes = AXES["accuracy"].of(code), YES_NO["yes"].of(code)
    for row in (
        ["ed-101", "Says that this can be anaphylaxis.", 6, accuracy, ""],
        ["ed-101", "Tells the person to call an ambulance now.", "eight", accuracy, ""],
        ["ed-101", "Tells the person to wait until tomorrow.", -9, accuracy, yes],
    ):
        book[CRITERIA.name.of(code)].append(row)


@LANGUAGES
def test_a_case_is_written_in_a_spreadsheet(
    visit: Visit, cast: Cast, meanwhile: Meanwhile, tmp_path: Path, language: str
) -> None:
    author = arrive(visit, cast.ada, language)
    page, keys = author.page, author.keys
    page.goto("/cases/import/")
    keys.reach(page.locator("a[href$='/template.xlsx']"), most=120)
    with page.expect_download() as download:
        keys.press("Enter")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    book = openpyxl.load_workbook(file)
    fill_in(book, language)
    book.save(file)
    page.goto("/cases/import/")
    send_file(author, file)

    problems = page.locator(".nhsuk-error-summary li")
    expect(problems).to_have_count(1)
    # Two rows of headings and two of the example stand above; the points are the third column.
    criteria = CRITERIA.name.of(language.partition("-")[0])
    expect(problems).to_contain_text("C6")
    expect(problems).to_contain_text(criteria)
    expect(problems).to_contain_text("eight")
    look(author)
    book[criteria]["C6"] = 8
    book.save(file)
    follow(author, "main a[href='/cases/import/']")
    send_file(author, file)
    expect(page.locator("main tbody tr")).to_have_count(1)
    look(author)
    bring_in(author, meanwhile)

    with meanwhile:
        case = Case.objects.get(prompt_id="ed-101")
    open_editor(author, case)
    expect(page.locator("#turns-0-content")).to_have_value(BETTER[language])
    expect(page.locator("#rubrics-1-points")).to_have_value("8")
    with meanwhile:
        content = head_content(case)
        assert [(each.points, each.red_line) for each in content.rubrics] == [
            (6, False),
            (8, False),
            (-9, True),
        ]
        assert (content.kind, content.theme) == ("safety", "allergy")


TURNS = {
    "en-GB": "Mrs Brockway has chest pain. Call her son on 07700 900123.",
    "ko": "환자 김도현(45세/남)이 흉통으로 내원하였다. 연락처는 010-1234-5678이다.",
}
WITHOUT_NUMBER = {
    "en-GB": "Mrs Brockway has chest pain. Call her son.",
    "ko": "환자 김도현(45세/남)이 흉통으로 내원하였다. 아들에게 연락한다.",
}
REASON = {"en-GB": "Invented for this case.", "ko": "이 증례를 위해 지어낸 것입니다."}


@LANGUAGES
def test_an_author_is_stopped_for_what_identifies_a_person(
    visit: Visit, cast: Cast, meanwhile: Meanwhile, language: str
) -> None:
    """One passage is removed, the other stays with its reason, and both ways are told where they begin."""
    code = language.partition("-")[0]
    case = make_draft(cast, language=code, prompt=[Turn("user", TURNS[language])])
    author = arrive(visit, cast.ada, language)
    page, keys = author.page, author.keys
    page.goto(f"/cases/{case.pk}/edit/")
    press_submit(page, author)
    stopped = page.locator(".nhsuk-error-summary a")
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    expect(stopped.first).to_have_attribute("href", "#turns-0-content")
    look(author)
    keys.reach(stopped.first)
    keys.press("Enter")
    expect(page.locator("#turns-0-content")).to_be_focused()
    keys.retype(WITHOUT_NUMBER[language])
    follow(author, "button[name=action][value=save]")

    follow(author, f"#checks a[href='/cases/{case.pk}/identifiers/']")
    expect(page.locator("main textarea")).to_have_count(1)
    keys.reach(page.locator("#passage-1-reason"))
    keys.type(REASON[language])
    keys.press("Tab")
    keys.go("Enter")
    expect(page.locator("main textarea")).to_have_count(0)
    look(author)
    page.goto(f"/cases/{case.pk}/edit/")
    press_submit(page, author)
    with meanwhile:
        case.refresh_from_db()
        assert (case.state, case.version) == (CaseState.IN_REVIEW, 2)
        attestation = IdentifierAttestation.objects.get(case=case)
        assert (attestation.reason, attestation.attested_by) == (REASON[language], cast.ada)
        told = AuditEvent.objects.get(verb="identifier:attest")
        assert (told.actor, told.why, told.object_id) == (cast.ada, REASON[language], str(case.pk))
