"""Prepared statements: they find what their query set finds, and are put together once in each thread."""

from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from builder.common.prepared import Given, Prepared
from builder.models import Membership, Role, User
from tests.cast import Cast, make_cast
from tests.costs import queries_in


def roles_of(user: int | Given) -> QuerySet[Membership, tuple[str, int]]:
    """Return the roles of one person in departments that also have a lead."""
    led = Membership.objects.filter(department=OuterRef("department"), role=Role.LEAD)
    rows = Membership.objects.filter(Exists(led), user=user).order_by("role")
    return rows.values_list("role", "department_id")


@pytest.mark.django_db
def test_it_finds_what_the_query_set_finds_for_each_number(cast: Cast) -> None:
    prepared = Prepared(lambda: roles_of(Given("user")))
    for person in User.objects.all():
        assert prepared.rows(user=person.pk) == list(roles_of(person.pk))
    assert prepared.rows(user=cast.lou.pk) == [(Role.LEAD, cast.department.pk)]
    assert prepared.rows(user=0) == []


@pytest.mark.django_db
def test_one_name_may_stand_in_two_places_and_two_names_in_any_order(cast: Cast) -> None:
    prepared = Prepared(
        lambda: Membership.objects.filter(
            user=Given("user"), department=Given("department"), department__memberships__user=Given("user")
        ).values_list("user_id", "department_id")
    )
    own = (cast.gia.pk, cast.department.pk)
    assert (
        prepared.rows(user=own[0], department=own[1])
        == prepared.rows(department=own[1], user=own[0])
        == [own]
    )
    assert prepared.rows(user=own[0], department=own[1] + 1) == []


@pytest.mark.django_db
def test_values_come_as_python_knows_them(cast: Cast) -> None:
    prepared = Prepared(
        lambda: User.objects.filter(pk=Given("user")).values_list("is_active", "created_at", "last_login")
    )
    ((is_active, created_at, last_login),) = prepared.rows(user=cast.gia.pk)
    assert (is_active, created_at, last_login) == (True, cast.gia.created_at, None)
    assert is_active is True


@pytest.mark.django_db
@pytest.mark.parametrize("number", [2**63, 2**64, 10**30])
def test_a_number_no_column_holds_finds_nothing_and_asks_nothing(number: int) -> None:
    prepared = Prepared(lambda: roles_of(Given("user")))
    assert queries_in(lambda: prepared.rows(user=number)) == 0
    assert prepared.rows(user=number) == []
    assert prepared.rows(user=2**63 - 1) == []


@pytest.mark.django_db
def test_a_number_that_is_missing_is_an_error_of_the_program() -> None:
    with pytest.raises(KeyError, match="user"):
        Prepared(lambda: roles_of(Given("user"))).rows(person=1)


@pytest.mark.usefixtures("open_database")
def test_it_is_put_together_once_in_each_thread() -> None:
    cast = make_cast()
    built: list[None] = []
    found: list[object] = []

    def build() -> QuerySet[Membership, tuple[str, int]]:
        built.append(None)
        return roles_of(Given("user"))

    prepared = Prepared(build)

    def twice() -> None:
        found.append(prepared.rows(user=cast.lou.pk))
        found.append(prepared.rows(user=cast.lou.pk))

    twice()
    elsewhere(twice)
    assert (len(built), found) == (2, [[(Role.LEAD, cast.department.pk)]] * 4)


def elsewhere(act: Callable[[], None]) -> None:
    """Do something in a thread of its own, which has a connection of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
