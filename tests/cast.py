"""The people of the tests: each holds one role, and Eve must see nothing.

Ada writes, Rui and Rob review, Gia, Gus and Geo grade, Lou leads and Ana analyses in the emergency department (ED).
Eve holds every role in another department (XX). Ola administers the organization and has no role anywhere.
"""

from dataclasses import dataclass

from builder.models import Department, Membership, Role, User

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, and the two departments."""

    department: Department
    elsewhere: Department
    ada: User
    rui: User
    rob: User
    gia: User
    gus: User
    geo: User
    lou: User
    ana: User
    eve: User
    ola: User


def make_cast() -> Cast:
    """Make the two departments and everybody in them."""
    department = Department.objects.create(code="ED", name="Emergency")
    elsewhere = Department.objects.create(code="XX", name="Elsewhere")
    people = {
        "ada": Role.AUTHOR, "rui": Role.REVIEWER, "rob": Role.REVIEWER, "gia": Role.GRADER, "gus": Role.GRADER,
        "geo": Role.GRADER, "lou": Role.LEAD, "ana": Role.ANALYST,
    }  # fmt: skip
    users = {name: make_user(name) for name in people}
    for name, role in people.items():
        Membership.objects.create(user=users[name], department=department, role=role)
    eve = make_user("eve")
    Membership.objects.bulk_create(
        Membership(user=eve, department=elsewhere, role=role) for role in Role.values
    )
    ola = make_user("ola", is_org_admin=True)
    return Cast(department=department, elsewhere=elsewhere, eve=eve, ola=ola, **users)


def make_user(name: str, **fields: bool) -> User:
    """Make an account NAME@example.org that can sign in with PASSWORD."""
    return User.objects.create_user(f"{name}@example.org", PASSWORD, name=name.capitalize(), **fields)
