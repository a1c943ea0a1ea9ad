"""Sixty texts that want to run: each in every text of a case of its own, on every page that shows a case.

A payload that runs calls `zqx`, opens a dialog or breaks the policy; each of them is written down.
"""

from collections.abc import Iterator

import msgspec
import pytest
from django.urls import reverse
from playwright.sync_api import Page

from builder.content import CaseContent, Criterion, Evidence, Turn
from builder.models import Case, CaseState, ExternalApproval
from builder.services.cases import create_case, save_draft, save_revision
from exports.services.releases import freeze_release
from tests.cast import Cast
from tests.journeys.conftest import Meanwhile, Visit
from tests.test_hostile_text import PAYLOADS as PARSED

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

# Those the parser of tests/test_hostile_text.py looks for, and those that only a browser tells.
PAYLOADS = (
    *PARSED,
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=zqx()>",
    "<video><source onerror=zqx()></video>",
    "<audio src=x onerror=zqx()>",
    "<object data=javascript:zqx()></object>",
    "<embed src=javascript:zqx()>",
    "<iframe src=javascript:zqx()></iframe>",
    "<marquee onstart=zqx()>x</marquee>",
    "<isindex type=image src=1 onerror=zqx()>",
    "<style>@import 'javascript:zqx()'</style>",
    "<link rel=import href=data:,zqx>",
    "<x contenteditable onblur=zqx()>x</x>",
    "<script src=data:,zqx()></script>",
    "<script>alert`1`</script>",
    '\\";zqx();//',
    "'-zqx()-'",
    "${zqx()}",
    "`${zqx()}`",
    "</script><script>zqx()</script>",
    "<scr<script>ipt>zqx()</script>",
    "%3Cscript%3Ezqx()%3C/script%3E",
    "\\u003cscript\\u003ezqx()\\u003c/script\\u003e",
    "<a href='jav&#x09;ascript:zqx()'>a</a>",
    "[a](data:text/html;base64,PHNjcmlwdD56cXgoKTwvc2NyaXB0Pg==)",
    "<table background=javascript:zqx()>",
    "<div style=width:expression(zqx())>",
    "<img src=x:x onerror\u000a=zqx()>",
    "환자<script>zqx()</script>는",
)
HOOKS = """
window.fired = [];
window.zqx = () => window.fired.push('zqx');
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => window.fired.push(name);
document.addEventListener('securitypolicyviolation',
  (event) => window.fired.push('policy: ' + event.violatedDirective));
"""


def hostile(payload: str) -> CaseContent:
    """Return a content with the payload in each of its texts."""
    return CaseContent(
        prompt=[
            Turn("system", payload),
            Turn("user", payload),
            Turn("assistant", payload),
            Turn("user", payload),
        ],
        rubrics=[
            Criterion(payload, 5, ["axis:" + payload, payload], payload, False, payload, payload, ["e1"]),
            Criterion(payload + " twice", -5, ["axis:accuracy"], red_line=True),
        ],
        example_tags=["theme:" + payload, "note:" + payload],
        ideal_completions_data={"ideal_completion": payload},
        title=payload,
        kind="knowledge",
        language="en",
        evidence=[
            Evidence("e1", payload, payload, payload, payload, "https://example.org/" + payload, payload)
        ],
        metadata={"note": payload},
        extra={"note": payload},
    )


@pytest.fixture
def cases(cast: Cast) -> list[Case]:
    """One case in review for each payload, with a first revision to compare with and a draft in hand."""
    made = []
    for payload in PAYLOADS:
        case = create_case(department=cast.department, content=hostile("plain"), by=cast.ada)
        save_revision(case=case, content=hostile("plain"), base_version=0, by=cast.ada)
        save_revision(case=case, content=hostile(payload), base_version=1, by=cast.ada)
        save_draft(
            case=case,
            data=msgspec.to_builtins(hostile(payload + " again")),
            base_version=2,
            sequence=1,
            by=cast.ada,
        )
        made.append(case)
    Case.objects.filter(pk__in=[case.pk for case in made]).update(state=CaseState.IN_REVIEW)
    return made


def look(page: Page, address: str) -> Iterator[str]:
    """Open a page and yield what ran on it."""
    page.goto(address)
    # Whatever asks for attention gets it: handlers of focus and of the pointer run, too.
    page.evaluate(
        "document.querySelectorAll('a, button, input, textarea, [tabindex]').forEach((each) => each.focus())"
    )
    yield from (f"{address}: {each}" for each in page.evaluate("window.fired"))


def addresses(names: tuple[str, ...], cases: list[Case]) -> list[str]:
    return [reverse(f"builder:{name}", args=[case.pk]) for case in cases for name in names]


def test_nothing_of_a_hostile_case_runs_for_its_author(visit: Visit, cast: Cast, cases: list[Case]) -> None:
    assert len(set(PAYLOADS)) >= 60
    visitor = visit(cast.ada)
    visitor.context.add_init_script(HOOKS)
    pages = addresses(("case-edit", "case-preview"), cases)
    pages += addresses(("case-history", "case-identifiers", "case-duplicate"), cases[::10])
    pages += [
        reverse("builder:case-list"),
        reverse("builder:my-work"),
        reverse("builder:benchmark", args=["ED"]),
    ]
    assert [ran for address in pages for ran in look(visitor.page, address)] == []


def test_nothing_of_a_hostile_case_runs_for_its_reviewer(visit: Visit, cast: Cast, cases: list[Case]) -> None:
    visitor = visit(cast.rui)
    visitor.context.add_init_script(HOOKS)
    assert [
        ran for address in addresses(("case-review",), cases) for ran in look(visitor.page, address)
    ] == []


def test_nothing_of_a_hostile_case_runs_once_it_is_frozen(
    visit: Visit, cast: Cast, cases: list[Case], meanwhile: Meanwhile
) -> None:
    with meanwhile:
        Case.objects.filter(pk__in=[case.pk for case in cases]).update(state=CaseState.APPROVED)
        for case in cases:
            head = Case.objects.get(pk=case.pk).head
            ExternalApproval.objects.create(revision=head, source="test", vouched_by=cast.lou)
        release = freeze_release(
            department=cast.department, name="hostile", version="1.0.0", stage="candidate", by=cast.lou
        )
    visitor = visit(cast.lou)
    visitor.context.add_init_script(HOOKS)
    items = [
        reverse("exports:release-item", args=[release.name, release.version, place])
        for place in range(release.n_items)
    ]
    pages = [*items, reverse("exports:release-detail", args=[release.name, release.version])]
    assert len(items) == len(PAYLOADS)
    assert [ran for address in pages for ran in look(visitor.page, address)] == []
