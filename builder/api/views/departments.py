"""Endpoints about departments."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.access import Act
from builder.api.base import ApiView, answers
from builder.api.serializers.people import DepartmentIn, DepartmentMade, DepartmentOut, DepartmentSettingsIn
from builder.common.requests import invitation_link
from builder.selectors.people import own_departments
from builder.services.departments import change_department
from builder.services.people import create_department


class DepartmentsView(ApiView):
    """The caller's departments."""

    @extend_schema(responses=answers(DepartmentOut(many=True)))
    def get(self, request: Request) -> Response:
        """List the departments the caller belongs to; an administrator sees all."""
        return self.listed(own_departments(self.person), DepartmentOut)

    @extend_schema(request=DepartmentIn, responses=answers(DepartmentMade, 201))
    def post(self, request: Request) -> Response:
        """Make a department with its lead, for administrators; the same again changes nothing."""
        access.require_admin(self.person)
        wanted = self.body(DepartmentIn)
        department, token = create_department(
            code=wanted["code"], name=wanted["name"], lead_email=wanted["lead"], by=self.person
        )
        link = invitation_link(request, token) if token else None
        return Response({**DepartmentOut(department).data, "invitation": link}, status=201)


class DepartmentView(ApiView):
    """One department."""

    @extend_schema(responses=answers(DepartmentOut))
    def get(self, request: Request, code: str) -> Response:
        """Show a department and how it approves cases."""
        return Response(DepartmentOut(access.get_department(self.person, code)).data)

    @extend_schema(request=DepartmentSettingsIn, responses=answers(DepartmentOut))
    def put(self, request: Request, code: str) -> Response:
        """Change how the department approves its cases."""
        department = access.get_department_for(self.person, Act.CHANGE_SETTINGS, code)
        change_department(department=department, **self.body(DepartmentSettingsIn), by=self.person)
        return Response(DepartmentOut(department).data)
