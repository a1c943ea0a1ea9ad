"""A grader signs in to the real Label Studio, judges two answers with the mouse, and the grades arrive."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from annotations.models import Desk, Grade, GradingSession, LabelStudioAnnotation, LabelStudioProject
from annotations.services.label_studio.sync import Step, sync_session
from annotations.services.sessions import open_session
from annotations.session_choices import GraderPlan
from builder.content import CaseContent, Criterion, Turn
from exports.models import Response
from tests.annotations.label_studio.rows import make_connection, means, port
from tests.annotations.rows import make_release, make_run
from tests.cast import Cast
from tests.conformance.labelstudio.server import LabelStudioInTest
from tests.factories import make_content
from tests.journeys.browser import HOW_TO_INSTALL, PATIENCE, find_chromium, running_chromium

pytestmark = [pytest.mark.django_db, pytest.mark.browser]
MODEL = "zebrafish-large"
LONG = "아스피린" * 30 + " " + "acetylsalicylicacid" * 12
KOREAN = (
    "12유도 심전도를 10분 안에 기록하라고 말한다.",
    "응급실에 바로 연락하라고 하고, 그동안 환자 곁을 지키며 의식과 호흡을 살피라고 알기 쉬운 말로 설명한다. "
    + LONG,
    "집에서 기다리라고 말한다.",
)
ENGLISH = tuple(
    f"Step {number}: names what to do next, why it cannot wait, and whom to call if it does not help within minutes."
    for number in range(1, 10)
)
CHOICES = ("met", "not_met", "cannot_judge")
SHOWN = ("Met", "Not met", "Cannot judge")  # Gia's pages are in English
COMMENT = "처음부터 끝까지 읽었습니다.\nRead twice."
NOTE = "재검 필요: see line 2"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of this module; Django takes Playwright's event loop for a reason to refuse the database."""
    program = find_chromium()
    if program is None:
        pytest.skip(HOW_TO_INSTALL)
    with pytest.MonkeyPatch.context() as patch, running_chromium(program) as running:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield running


def contents() -> list[CaseContent]:
    """Return the Korean case and the English one."""
    korean = [Criterion(text, 5, ["axis:accuracy"]) for text in KOREAN[:2]]
    korean.append(Criterion(KOREAN[2], -10, ["axis:accuracy"], red_line=True))
    return [
        make_content(
            "병동의 가슴 통증", language="ko", rubrics=korean,
            prompt=[Turn("user", "병동 환자가 갑자기 가슴이 아프다고 합니다. 지금 무엇을 해야 하나요? " + LONG)],
            ideal_completions_data={"ideal_completion": "심전도를 기록하고 응급팀을 부른다."},
        ),
        make_content("Chest pain", rubrics=[Criterion(text, 3, ["axis:accuracy"]) for text in ENGLISH]),
    ]  # fmt: skip


def open_there(cast: Cast, there: LabelStudioInTest) -> GradingSession:
    """Open a session in which Gia grades both answers in Label Studio, where she has an account, and send it."""
    make_connection(cast.department, there.url, there.token, by=cast.lou)
    there.person(cast.gia.email)
    release = make_release(cast, contents=contents())
    run = make_run(release, f"{MODEL}-run", by=cast.lou, model=MODEL)
    answers = (
        "심전도를 바로 기록하세요.\n\n- 산소를 준비합니다.\n- 의사를 부릅니다. " + LONG,
        "Record an ECG now.",
    )
    for answer, text in zip(Response.objects.order_by("item__position"), answers, strict=True):
        answer.completion = text
        answer.save()
    session = open_session(
        release=release, runs=[run], graders=[GraderPlan(cast.gia, Desk.LABEL_STUDIO)], by=cast.lou
    )
    sync(session, cast, there, Step.PUSH)
    return session


def sync(session: GradingSession, cast: Cast, there: LabelStudioInTest, *steps: Step) -> Any:
    """Synchronise as Lou."""
    return sync_session(
        session=session,
        by=cast.lou,
        steps=steps,
        means=means(lambda _connection: port(there.url, there.token)),
    )


def sign_in(page: Page, there: LabelStudioInTest, email: str) -> None:
    """Sign in as a person does."""
    page.goto(f"{there.url}/user/login/")
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(there.people[0].password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/user/login" not in url)


def grade(page: Page, count: int, first: int) -> dict[int, str]:
    """Choose a verdict on every card, note something on the last, and submit; return what was chosen."""
    cards = page.locator(".cw-card")
    expect(cards).to_have_count(count)
    chosen = {}
    for place in range(count):
        which = (place + first) % len(CHOICES)
        choice = cards.nth(place).locator("label").filter(has=page.locator(f'input[name="{SHOWN[which]}"]'))
        choice.click()
        expect(choice.locator("input")).to_be_checked()
        chosen[place] = CHOICES[which]
    note = cards.nth(count - 1).locator("[name^=note_]")
    note.fill(NOTE)
    note.press("Enter")
    comment_on_the_whole(page)
    return chosen


def comment_on_the_whole(page: Page) -> None:
    """Write two lines at the end, kept by the keys that the field itself and the instruction name."""
    field = page.locator("[name=overall_comment]")
    keys = "Shift+Enter"
    assert keys in (field.get_attribute("placeholder") or "")
    first, second = COMMENT.split("\n")
    field.press_sequentially(first)
    field.press("Enter")
    field.press_sequentially(second)
    expect(field).to_have_value(COMMENT)
    field.press(keys)
    expect(page.locator('[name^="overall_comment:"]')).to_contain_text(second)


def submit(page: Page) -> None:
    """Press Submit and wait until the server has it."""
    with page.expect_response(
        lambda each: "/annotations" in each.url and each.request.method == "POST"
    ) as sent:
        page.get_by_test_id("bottombar-submit-button").click()
    assert sent.value.status == 201


def misplaced(cards: Locator) -> list[str]:
    """Return which cards reach over the next one or out of their column, as the browser laid them out."""
    return list(
        cards.evaluate_all(
            """cards => {
              const column = cards[0].closest(".cw-side"), box = column.getBoundingClientRect(), found = [];
              cards.forEach((card, place) => {
                const own = card.getBoundingClientRect(), next = cards[place + 1]?.getBoundingClientRect();
                if (next && own.bottom > next.top) found.push(`card ${place} reaches over the next one`);
                if (own.right > box.right + 1 || own.left < box.left - 1) found.push(`card ${place} leaves its column`);
                if (card.scrollWidth > card.clientWidth + 1) found.push(`the text of card ${place} does not wrap`);
              });
              if (column.scrollWidth > column.clientWidth + 1) found.push("the column scrolls sideways");
              if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
              return found;
            }"""
        )
    )


def test_a_grader_judges_by_hand(
    cast: Cast, label_studio: LabelStudioInTest, browser: Browser, tmp_path: Path
) -> None:
    """A Korean answer with 3 criteria and an English one with 9; every verdict arrives at its own criterion."""
    session = open_there(cast, label_studio)
    project = LabelStudioProject.objects.get()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(3 * PATIENCE)
    foreign: list[str] = []

    def note_foreign(request: Request) -> None:
        if not request.url.startswith((label_studio.url, "data:", "blob:")):
            foreign.append(request.url)

    context.on("request", note_foreign)
    page = context.new_page()
    sign_in(page, label_studio, cast.gia.email)
    page.goto(f"{label_studio.url}/projects/{project.remote_id}/data?labeling=1")
    instructions = page.get_by_text("Grade on your own")
    expect(instructions).to_be_visible()
    page.get_by_label("Close modal").click()
    expect(instructions).to_be_hidden()
    chosen: dict[int, dict[int, str]] = {}
    for turn, task in enumerate(label_studio.tasks(project.remote_id)):
        count = len(task["data"]["criteria"])
        expect(page.locator(".cw-root")).to_contain_text(KOREAN[0] if count == 3 else ENGLISH[0])
        chosen[count] = grade(page, count, first=turn)
        page.screenshot(path=tmp_path / f"{count}-criteria.png")
        assert not misplaced(page.locator(".cw-card"))
        assert MODEL not in page.content()
        submit(page)
    expect(page.locator(".cw-root")).to_have_count(0)  # nothing is left to grade
    context.close()
    assert not foreign

    synced = sync(session, cast, label_studio, Step.PULL)
    assert (synced.graded, synced.quarantined, synced.problems) == (2, 0, [])
    assert_arrived(session, chosen)
    annotations = LabelStudioAnnotation.objects.all()
    assert {each.account for each in annotations} == {cast.gia.email}
    comments = [
        each["value"]["text"]
        for annotation in annotations
        for each in annotation.result
        if each["from_name"] == "overall_comment"
    ]
    assert comments == [[COMMENT]] * 2


def assert_arrived(session: GradingSession, chosen: dict[int, dict[int, str]]) -> None:
    """Each answer's grades are those that were clicked, by its own criteria, with the note on the last."""
    assert sorted(chosen) == [3, 9]
    for assignment in session.assignments.select_related("response__item"):
        rubrics = assignment.response.item.content.rubrics
        texts = KOREAN if len(rubrics) == 3 else ENGLISH
        grades = Grade.objects.filter(assignment=assignment)
        arrived = {rubrics[each.criterion_index].criterion: each.verdict for each in grades}
        assert arrived == {texts[place]: verdict for place, verdict in chosen[len(rubrics)].items()}
        notes = {each.criterion_index: each.explanation for each in grades if each.explanation}
        assert notes == {len(rubrics) - 1: NOTE}
        assert assignment.done_at is not None
