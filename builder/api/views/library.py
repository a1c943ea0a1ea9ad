"""Endpoints about what authors reuse: the library of criteria, templates of cases, the vocabulary of tags."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.access import Act
from builder.api.base import ApiView, answers
from builder.api.serializers.library import (
    FindQuery,
    FoundOut,
    LibraryDetail,
    LibraryIn,
    LibraryOut,
    LibraryQuery,
    TagsShape,
    TemplateIn,
    TemplateOut,
)
from builder.content import Criterion
from builder.models import LibraryCriterion
from builder.selectors.cases import head_content
from builder.selectors.library import find_criteria, list_library, list_templates, uses_of, vocabulary
from builder.services.library import (
    add_to_library,
    keep_template,
    remove_template,
    retire_from_library,
    set_tags,
)


class LibraryView(ApiView):
    """The library of criteria."""

    @extend_schema(parameters=[LibraryQuery], responses=answers(LibraryOut(many=True)))
    def get(self, request: Request) -> Response:
        """List the criteria that hold every word of `q`, consensus first."""
        wanted = self.query(LibraryQuery)
        return self.listed(list_library(self.person, wanted["q"], wanted["department"]), LibraryOut)

    @extend_schema(request=LibraryIn, responses=answers(LibraryOut, 201))
    def post(self, request: Request) -> Response:
        """Add a criterion; 409 when it is there already."""
        wanted = self.body(LibraryIn)
        code, is_consensus = wanted.pop("department"), wanted.pop("is_consensus")
        department = None if code is None else access.get_department_for(self.person, Act.WRITE_CASES, code)
        points = wanted.pop("points")
        criterion = Criterion(points=int(points) if points.is_integer() else points, **wanted)
        row = add_to_library(
            criterion=criterion, department=department, by=self.person, is_consensus=is_consensus
        )
        return Response(LibraryOut(row).data, status=201)


class LibraryCriterionView(ApiView):
    """One criterion of the library."""

    @extend_schema(responses=answers(LibraryDetail))
    def get(self, request: Request, criterion_id: int) -> Response:
        """Show the criterion and the cases that use it."""
        row = access.get_library_criterion(self.person, criterion_id)
        return self._shown(row)

    def _shown(self, row: LibraryCriterion) -> Response:
        context: dict[str, Any] = {"uses": uses_of(row, self.person)}
        return Response(LibraryDetail(row, context=context).data)


class LibraryRetireView(LibraryCriterionView):
    """Taking a criterion out of the library."""

    http_method_names = ["post", "options"]

    @extend_schema(request=None, responses=answers(LibraryDetail))
    def post(self, request: Request, criterion_id: int) -> Response:
        """Take it out; cases that use it keep it."""
        row = access.get_library_criterion(self.person, criterion_id)
        return self._shown(retire_from_library(row=row, by=self.person))


class CaseCriteriaView(ApiView):
    """Criteria to insert into a case."""

    @extend_schema(parameters=[FindQuery], responses=answers(FoundOut(many=True)))
    def get(self, request: Request, case_id: int) -> Response:
        """List up to twelve criteria that hold every word of `q`: the library's, then those of other cases."""
        case = access.get_case_to_edit(self.person, case_id)
        found = find_criteria(self.person, case.department, self.query(FindQuery)["q"])
        return Response(FoundOut(found, many=True).data)


class CaseTemplatesView(ApiView):
    """Templates of cases."""

    @extend_schema(responses=answers(TemplateOut(many=True)))
    def get(self, request: Request) -> Response:
        """List the templates of the departments the caller writes in."""
        return self.listed(list_templates(access.departments_for(self.person, Act.WRITE_CASES)), TemplateOut)


class CaseKeepTemplateView(ApiView):
    """Keeping a case as a template."""

    @extend_schema(request=TemplateIn, responses=answers(TemplateOut, 201))
    def post(self, request: Request, case_id: int) -> Response:
        """Keep what the case's newest revision says."""
        case = access.get_case_for(self.person, Act.WRITE_CASES, case_id)
        template = keep_template(
            department=case.department, name=self.body(TemplateIn)["name"], content=head_content(case),
            by=self.person,
        )  # fmt: skip
        return Response(TemplateOut(template).data, status=201)


class TemplateView(ApiView):
    """One template."""

    @extend_schema(responses=answers(None, 204))
    def delete(self, request: Request, template_id: int) -> Response:
        """Remove the template; cases that began from it keep their text."""
        remove_template(template=access.get_case_template(self.person, template_id), by=self.person)
        return Response(status=204)


class DepartmentTagsView(ApiView):
    """The vocabulary of a department."""

    @extend_schema(responses=answers(TagsShape))
    def get(self, request: Request, code: str) -> Response:
        """Show the tags authors choose from."""
        return Response({"tags": vocabulary(access.get_department(self.person, code))})

    @extend_schema(request=TagsShape, responses=answers(TagsShape))
    def put(self, request: Request, code: str) -> Response:
        """Make these the vocabulary; cases that carry another tag keep it."""
        department = access.get_department_for(self.person, Act.CHANGE_SETTINGS, code)
        set_tags(department=department, tags=self.body(TagsShape)["tags"], by=self.person)
        return Response({"tags": vocabulary(department)})
