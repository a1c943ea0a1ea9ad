"""The door: who comes in, by keyboard."""

import pytest
from playwright.sync_api import expect

from builder.models import User
from tests.cast import Cast
from tests.journeys.conftest import Visit
from tests.journeys.inspection import inspect

pytestmark = pytest.mark.browser


def test_a_person_signs_in_and_stands_before_their_work(visit: Visit, cast: Cast) -> None:
    somebody = visit()
    somebody.page.goto("/")
    inspect(somebody.page)
    somebody.sign_in(cast.ada.email)
    expect(somebody.page).to_have_title("My work – Clinwright")
    inspect(somebody.page)


def test_a_wrong_password_is_told_and_focused(visit: Visit, cast: Cast) -> None:
    somebody = visit()
    somebody.page.goto("/")
    somebody.keys.reach(somebody.page.locator("input[type=email]"))
    somebody.keys.type(cast.ada.email)
    somebody.keys.reach(somebody.page.locator("input[type=password]"))
    somebody.keys.type("not the password")
    somebody.keys.go("Enter")
    expect(somebody.page).to_have_title("Error: Sign in – Clinwright")
    expect(somebody.page.locator(".nhsuk-error-summary")).to_be_focused()
    inspect(somebody.page)


def test_a_long_name_leaves_room_for_every_target_of_the_header(visit: Visit, cast: Cast) -> None:
    User.objects.filter(pk=cast.ada.pk).update(
        name="Professor Wilhelmina-Alexandra Featherstone of Hartingdale"
    )
    somebody = visit(size=(390, 844))
    somebody.page.goto("/")
    somebody.sign_in(cast.ada.email)
    inspect(somebody.page)
