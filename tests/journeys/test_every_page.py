"""Every page, for everybody who reads it, on a desk and on a phone, in both languages."""

from collections.abc import Callable

import pytest
from django.urls import get_resolver, reverse
from playwright.sync_api import expect

from builder.models import User
from tests.annotations.disputed import number_of
from tests.cast import Cast
from tests.journeys.browser import DESK, PHONE
from tests.journeys.conftest import Visit
from tests.journeys.inspection import check_width, inspect
from tests.journeys.rows import GOOD, LOGGED, House, make_house

pytestmark = pytest.mark.browser

# Who looks, and at which pages: the name of an address and what stands in it.
Pages = list[tuple[str, list[object]]]
EVERYBODY: Pages = [
    ("builder:my-work", []), ("builder:account", []), ("builder:tokens", []), ("builder:check-help-list", []),
    ("builder:check-help", ["rubric.sign"]),
]  # fmt: skip


def for_the_author(house: House, cast: Cast) -> Pages:
    """Cases: the list, a new one, one in hand."""
    own = [house.draft.pk]
    names = (
        "case-preview",
        "case-edit",
        "case-history",
        "case-discard",
        "case-duplicate",
        "case-identifiers",
    )
    return [
        ("builder:case-list", []), ("builder:case-new", []), ("builder:case-import", []),
        ("builder:case-keep-template", own), ("builder:library", []), ("builder:library-new", []),
        ("builder:library-criterion", [house.kept.pk]), ("builder:template-list", []), ("builder:case-paste", []),
        *((f"builder:{name}", own) for name in names),
        ("builder:case-revision", [house.draft.pk, 1]),
        ("builder:job-list", []), ("builder:job", [house.job.uuid]),
    ]  # fmt: skip


def for_the_reviewer(house: House, cast: Cast) -> Pages:
    """The case that waits."""
    own = [house.submitted.pk]
    names = ("case-review", "case-preview", "case-conflict", "thread-new")
    return [*((f"builder:{name}", own) for name in names), ("builder:thread", [*own, house.point.pk])]


def for_the_grader(house: House, cast: Cast) -> Pages:
    """The desk, and the page after it."""
    session = house.open_session.pk
    return [
        ("annotations:grade-item", [session, 1]),
        ("annotations:grade-done", [session]),
        ("annotations:session-quality-mine", [session]),
    ]


def for_the_lead(house: House, cast: Cast) -> Pages:
    """Releases, runs, sessions, reports and the department."""
    release = [house.release.name, house.release.version]
    of_release = ("release-detail", "release-state", "release-download")
    session = (
        "session-detail", "session-people", "session-end", "session-close", "session-reopen", "session-quality",
    )  # fmt: skip
    planned = [house.planned.pk]
    dispute = [house.disputed.pk]
    unit, settled = [*dispute, number_of(house.disputed, 0), 3], [*dispute, number_of(house.disputed, 0), 1]
    report = ("session-detail", "session-agreement", "session-scores", "session-quality", "session-grades")
    return [
        ("exports:release-list", []), ("exports:release-new", []),
        *((f"exports:{name}", release) for name in of_release), ("exports:release-item", [*release, 1]),
        ("exports:run-list", []), ("exports:run-new", []), ("exports:run-detail", [GOOD]),
        ("exports:run-response", [GOOD, 1, 1]), ("annotations:verdicts-new", [GOOD]),
        ("annotations:results-new", release), ("annotations:results", [LOGGED]), ("exports:run-detail", [LOGGED]),
        ("annotations:session-list", []), ("annotations:session-new", []),
        ("annotations:session-set-up", [house.release.pk]),
        *((f"annotations:{name}", [house.open_session.pk]) for name in session),
        ("annotations:session-grader-remove", [house.open_session.pk, 1]),
        ("annotations:session-run-withdraw", [house.open_session.pk, 1]),
        *((f"annotations:{name}", [house.session.pk]) for name in report),
        ("annotations:session-label-studio", [house.there.pk]),
        ("annotations:label-studio-connection", ["ED"]), ("annotations:label-studio-reviews", ["ED"]),
        *((f"annotations:{name}", planned) for name in ("session-detail", "session-discard", "calibration")),
        ("annotations:calibration-item", [*planned, 1]),
        *((f"annotations:{name}", dispute) for name in ("session-detail", "session-disagreements")),
        *((f"annotations:{name}", unit) for name in ("session-disagreement", "session-disagreement-third")),
        ("annotations:session-disagreement", settled),
        ("annotations:session-ruling-withdraw", [*dispute, house.ruling.pk]),
        ("builder:case-retire", [house.draft.pk]), ("builder:department-settings", ["ED"]),
        ("builder:department-tags", ["ED"]), ("builder:benchmark", ["ED"]),
    ]  # fmt: skip


def for_the_admin(house: House, cast: Cast) -> Pages:
    """People, departments and tokens."""
    return [
        ("builder:people", []), ("builder:invitation-create", []), ("builder:person", [cast.ada.pk]),
        ("builder:all-tokens", []), ("builder:department-list", []), ("builder:department-create", []),
        ("builder:benchmark-list", []),
    ]  # fmt: skip


ROLES: dict[str, Callable[[House, Cast], Pages]] = {
    "ada": for_the_author, "rui": for_the_reviewer, "gia": for_the_grader, "lou": for_the_lead, "ola": for_the_admin,
}  # fmt: skip
# Answers of a form, a file or a redirect; pages before sign-in, which the door's journey opens.
NOT_PAGES = {
    # A part of the editor, two acts, a workbook, and the look at a file, which the authoring journeys take.
    "builder:case-criteria", "builder:template-remove", "builder:library-retire", "builder:case-template",
    "builder:case-import-preview",
    "builder:job-cancel", "builder:benchmark-csv",
    "builder:case-autosave", "builder:markdown-preview", "builder:case-live", "builder:case-submit",
    "builder:person-roles", "builder:person-link",
    "builder:person-link-revoke", "builder:person-state", "builder:person-office", "builder:token-revoke",
    "builder:invitation-accept", "exports:release-manifest", "exports:release-verify", "annotations:grade",
    # A comparison that only a finished practice answer has: the grader's practice journey looks at it.
    "annotations:grade-feedback",
    "annotations:grade-save", "annotations:session-agreement-json", "annotations:session-scores-json",
}  # fmt: skip


@pytest.mark.parametrize("name", ROLES)
def test_a_page_is_accessible_and_fits_on_desk_and_phone(visit: Visit, cast: Cast, name: str) -> None:
    pages = [*EVERYBODY, *ROLES[name](make_house(cast), cast)]
    visitor = visit(getattr(cast, name))
    for address, arguments in pages:
        for width, height in (DESK, PHONE):
            visitor.page.set_viewport_size({"width": width, "height": height})
            visitor.page.goto(reverse(address, args=arguments))
            inspect(visitor.page)


@pytest.mark.parametrize("name", ROLES)
def test_a_page_in_korean_fits_on_a_phone(visit: Visit, cast: Cast, name: str) -> None:
    pages = [*EVERYBODY, *ROLES[name](make_house(cast), cast)]
    User.objects.update(language="ko")
    visitor = visit(getattr(cast, name), language="ko", size=PHONE)
    for address, arguments in pages:
        visitor.page.goto(reverse(address, args=arguments))
        expect(visitor.page.locator("html")).to_have_attribute("lang", "ko")
        check_width(visitor.page)


def test_no_page_is_left_out(cast: Cast) -> None:
    house = make_house(cast)
    looked_at = {address for address, _ in EVERYBODY}
    looked_at |= {address for pages in ROLES.values() for address, _ in pages(house, cast)}
    rooms = ("builder", "exports", "annotations")
    patterns = {room: get_resolver().namespace_dict[room][1] for room in rooms}
    known = {
        f"{room}:{name}" for room in rooms for name in patterns[room].reverse_dict if isinstance(name, str)
    }
    assert known - NOT_PAGES == looked_at
