"""Endpoints about people: oneself, and for administrators everybody."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.api.base import ApiView, answers
from builder.api.serializers.people import (
    ActiveIn,
    InvitationIn,
    InvitationOut,
    OfficeIn,
    PeopleQuery,
    PersonOut,
    ProfileIn,
    RolesIn,
)
from builder.common.requests import invitation_link
from builder.models import User
from builder.selectors.people import list_people
from builder.services.people import (
    change_profile,
    invite_person,
    revoke_invitation,
    set_active,
    set_all_roles,
    set_org_admin,
)


class MeView(ApiView):
    """The caller's own account."""

    @extend_schema(responses=answers(PersonOut))
    def get(self, request: Request) -> Response:
        """Show who the caller is and which roles they hold."""
        return Response(PersonOut(self.person).data)

    @extend_schema(request=ProfileIn, responses=answers(PersonOut))
    def patch(self, request: Request) -> Response:
        """Change the caller's name or language."""
        wanted = {"name": self.person.name, "language": self.person.language, **self.body(ProfileIn)}
        change_profile(name=wanted["name"], language=wanted["language"], by=self.person)
        return Response(PersonOut(self.person).data)


class PeopleView(ApiView):
    """Everybody, for administrators."""

    @extend_schema(parameters=[PeopleQuery], responses=answers(PersonOut(many=True)))
    def get(self, request: Request) -> Response:
        """List everybody, active accounts first."""
        access.require_admin(self.person)
        return self.listed(list_people(self.query(PeopleQuery)["q"]), PersonOut)

    @extend_schema(request=InvitationIn, responses=answers(InvitationOut, 201))
    def post(self, request: Request) -> Response:
        """Invite a person; the answer holds the link, which nobody sends for you."""
        access.require_admin(self.person)
        wanted = self.body(InvitationIn)
        person, token = invite_person(email=wanted["email"], name=wanted["name"], by=self.person)
        made = {"person": person, "link": invitation_link(request, token)}
        return Response(InvitationOut(made).data, status=201)


class PersonView(ApiView):
    """One person, for administrators."""

    @extend_schema(responses=answers(PersonOut))
    def get(self, request: Request, person_id: int) -> Response:
        """Show one person."""
        return self.answer(access.get_person(self.person, person_id))

    def answer(self, person: User) -> Response:
        """Answer with the person as they now are."""
        return Response(PersonOut(person).data)


class PersonRolesView(PersonView):
    """A person's roles, for administrators."""

    http_method_names = ["put", "options"]

    @extend_schema(request=RolesIn, responses=answers(PersonOut))
    def put(self, request: Request, person_id: int) -> Response:
        """Give the person exactly these roles in each of the departments named, all or none."""
        person = access.get_person(self.person, person_id)
        roles = {
            access.get_department(self.person, code): set(held)
            for code, held in self.body(RolesIn)["roles"].items()
        }
        set_all_roles(user=person, roles=roles, by=self.person)
        return self.answer(person)


class PersonActiveView(PersonView):
    """Whether a person may sign in, for administrators."""

    http_method_names = ["put", "options"]

    @extend_schema(request=ActiveIn, responses=answers(PersonOut))
    def put(self, request: Request, person_id: int) -> Response:
        """Let the person sign in, or stop them."""
        person = access.get_person(self.person, person_id)
        set_active(user=person, is_active=self.body(ActiveIn)["is_active"], by=self.person)
        return self.answer(person)


class PersonOfficeView(PersonView):
    """Whether a person administers the organization, for administrators."""

    http_method_names = ["put", "options"]

    @extend_schema(request=OfficeIn, responses=answers(PersonOut))
    def put(self, request: Request, person_id: int) -> Response:
        """Make the person an administrator, or no longer."""
        person = access.get_person(self.person, person_id)
        set_org_admin(user=person, is_org_admin=self.body(OfficeIn)["is_org_admin"], by=self.person)
        return self.answer(person)


class PersonInvitationView(ApiView):
    """A person's invitation link, for administrators."""

    @extend_schema(request=None, responses=answers(InvitationOut, 201))
    def post(self, request: Request, person_id: int) -> Response:
        """Make a new link; the one before ends."""
        person = access.get_person(self.person, person_id)
        person, token = invite_person(email=person.email, by=self.person)
        made = {"person": person, "link": invitation_link(request, token)}
        return Response(InvitationOut(made).data, status=201)

    @extend_schema(responses=answers(None, 204))
    def delete(self, request: Request, person_id: int) -> Response:
        """End the link."""
        revoke_invitation(user=access.get_person(self.person, person_id), by=self.person)
        return Response(status=204)
