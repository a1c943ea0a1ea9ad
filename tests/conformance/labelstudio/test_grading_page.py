"""What a grader's page in a real Label Studio shows of hostile and of long texts: all of it, and it loads nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from annotations.labelstudio.gateway import connect
from annotations.labelstudio.label_config import GradingLook, grading_config, grading_instruction
from annotations.labelstudio.payloads import GradingTask, Said, TaskCriterion, task_data, task_key
from annotations.labelstudio.ports import ProjectDraft
from annotations.management.label_studio_server import ADMIN, PASSWORD
from builder.common.remote_addresses import AddressGuard
from tests.annotations.labelstudio.small_server import answer, small_server
from tests.annotations.labelstudio.test_clean_text import HOSTILE
from tests.conformance.labelstudio.server import LabelStudioInTest
from tests.journeys.browser import HOW_TO_INSTALL, find_chromium, running_chromium

GUARD = AddressGuard(frozenset({"127.0.0.1"}), allow_private=True)
SENTENCES = {
    "en": "Tells the patient to call an ambulance at once.",
    "ko": "환자에게 즉시 구급차를 부르라고 안내한다.",
}
# A word that no line is long enough for, as a gene or an address can be.
LONG_WORDS = {"en": "x" * 120, "ko": "가나다라마바사" * 12}
# How far each column's contents stick out of it, in pixels.
OVERHANG = (
    "() => [...document.querySelectorAll('.cw-side, .cw-card')].map(e => e.scrollWidth - e.clientWidth)"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser."""
    program = find_chromium()
    if program is None:
        pytest.skip(HOW_TO_INSTALL)
    with running_chromium(program) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, label_studio: LabelStudioInTest) -> Iterator[Page]:
    """A page of the administrator's."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{label_studio.url}/user/login/")
    page.fill("[name=email]", ADMIN)
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_load_state()
    yield page
    context.close()


def open_task(page: Page, server: LabelStudioInTest, task: GradingTask) -> None:
    """Send one task, and open it as a grader sees it."""
    look = GradingLook(task.language)
    with connect(server.url, server.token, guard=GUARD) as gateway:
        draft = ProjectDraft("Grading 1", "", grading_instruction(look), grading_config(look))
        project = gateway.create_project(draft)
        (number,) = gateway.import_tasks(project.id, [task_data(task)])
    page.goto(f"{server.url}/projects/{project.id}/data?task={number}")
    cards = page.locator(".cw-card")
    # The page draws itself a second time once it has found the task's place in a list.
    expect(cards).to_have_count(len(task.criteria), timeout=60_000)
    page.wait_for_load_state("networkidle")
    expect(cards).to_have_count(len(task.criteria), timeout=60_000)


@pytest.mark.browser
def test_hostile_texts_load_nothing_and_lead_nowhere(page: Page, label_studio: LabelStudioInTest) -> None:
    """In the conversation, the answer, the reference, the evidence and the criteria."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with small_server(lambda _asked: answer(200, {})) as canary:
        here = f"127.0.0.1:{canary.port}"
        texts = [
            text.replace("https://evil.example", f"http://{here}").replace("evil.example", here)
            for text in HOSTILE
        ]
        hostile = "\n\n".join(texts)
        task = GradingTask(
            key=task_key(secret=b"s", number=1),
            turns=[Said("user", hostile)],
            response=hostile,
            criteria=[TaskCriterion(str(number), text) for number, text in enumerate(texts)],
            reference=hostile,
            evidence=texts,
        )
        open_task(page, label_studio, task)
        for panel in page.locator(".ant-collapse-header").all():
            panel.click()
        page.wait_for_timeout(1_000)
        assert canary.connections == 0
    own = (f"{label_studio.url}/", "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert here not in " ".join(asked)
    columns = page.locator(".cw-side")
    assert columns.locator("a, img, iframe, script, object, embed, svg[onload]").count() == 0
    assert columns.first.inner_text().count("alert(1)") >= 10


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("criteria", [3, 30])
def test_long_texts_wrap(page: Page, label_studio: LabelStudioInTest, language: str, criteria: int) -> None:
    """Words without a space too; every criterion has its three verdicts and its note."""
    sentence, word = SENTENCES[language], LONG_WORDS[language]
    code, table = f"```\n{word} {word}\n```", f"| {word} | x |\n|---|---|"
    task = GradingTask(
        key=task_key(secret=b"s", number=1),
        turns=[Said("user", f"{sentence} {word}"), Said("assistant", sentence), Said("user", word)],
        response=f"## {sentence}\n\n{sentence}\n{sentence}\n\n- {word}\n\n{code}\n\n{table}",
        criteria=[
            TaskCriterion(str(number), f"{sentence} {word if number % 2 else ''}", points=-10, red_line=True)
            for number in range(criteria)
        ],
        reference=word,
        evidence=[sentence],
        language=language,
    )
    open_task(page, label_studio, task)
    for panel in page.locator(".ant-collapse-header").all():
        panel.click()
    assert page.locator(".cw-card input[type=radio]").count() == 3 * criteria
    assert page.locator(".cw-card textarea, .cw-card input[type=text]").count() == criteria
    assert max(page.evaluate(OVERHANG)) <= 0
