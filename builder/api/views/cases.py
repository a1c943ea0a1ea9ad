"""Endpoints about cases: lists, content, drafts, revisions."""

from typing import Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.access import Act
from builder.api.base import ApiView, answers
from builder.api.serializers.cases import (
    CaseIn,
    CaseOut,
    CaseQuery,
    CaseRow,
    ContentIn,
    DraftIn,
    DraftOut,
    DraftQuery,
    RevisionOut,
    RevisionWithContent,
)
from builder.api.serializers.conflicts import StaleOut
from builder.common.errors import NotFound
from builder.models import Case
from builder.selectors.cases import (
    CaseFilters,
    get_revision,
    head_content,
    list_cases,
    list_revisions,
    own_draft,
)
from builder.services.cases import create_case, discard_draft, parse_content, save_draft, save_revision


def case_answer(view: ApiView, case_id: int, status: int = 200) -> Response:
    """Answer with the case as it now is."""
    case = access.get_case_to_read(view.person, case_id)
    return Response(CaseOut(case, context={"viewer": view.person}).data, status=status)


class CasesView(ApiView):
    """Cases of the caller's departments."""

    @extend_schema(parameters=[CaseQuery], responses=answers(CaseRow(many=True)))
    def get(self, request: Request) -> Response:
        """List the cases the caller reads, newest change first."""
        return self.listed(list_cases(self.person, CaseFilters(**self.query(CaseQuery))), CaseRow)

    @extend_schema(request=CaseIn, responses=answers(CaseOut, 201))
    def post(self, request: Request) -> Response:
        """Make a case in a department; its content is revision 1."""
        wanted = self.body(CaseIn)
        department = access.get_department_for(self.person, Act.WRITE_CASES, wanted["department"])
        content = parse_content(wanted["content"])
        with transaction.atomic():
            case = create_case(
                department=department, content=content, by=self.person, prompt_id=wanted["prompt_id"]
            )
            save_revision(case=case, content=content, base_version=0, by=self.person)
        return case_answer(self, case.pk, status=201)


class CaseView(ApiView):
    """One case."""

    @extend_schema(responses=answers(CaseOut))
    def get(self, request: Request, case_id: int) -> Response:
        """Show the case, what its head revision says, what the checks find and how its criteria stand."""
        return case_answer(self, case_id)

    @extend_schema(request=ContentIn, responses={**answers(CaseOut), 409: StaleOut})
    def put(self, request: Request, case_id: int) -> Response:
        """Save the content as a new revision; approvals of the one before no longer count.

        409 with both texts when somebody saved meanwhile.
        """
        case = access.get_case_to_edit(self.person, case_id)
        wanted = self.body(ContentIn)
        return self._save(case, wanted["content"], wanted["base_version"])

    @extend_schema(request=ContentIn, responses={**answers(CaseOut), 409: StaleOut})
    def patch(self, request: Request, case_id: int) -> Response:
        """Save a new revision in which the fields of `content` that are named replace the head revision's."""
        case = access.get_case_to_edit(self.person, case_id)
        wanted = self.body(ContentIn)
        content = {**msgspec.to_builtins(head_content(case)), **wanted["content"]}
        return self._save(case, content, wanted["base_version"])

    def _save(self, case: Case, content: dict[str, Any], base_version: int) -> Response:
        save_revision(case=case, content=parse_content(content), base_version=base_version, by=self.person)
        return case_answer(self, case.pk)


class CaseDraftView(ApiView):
    """What the caller typed and hasn't saved as a revision."""

    @extend_schema(responses=answers(DraftOut))
    def get(self, request: Request, case_id: int) -> Response:
        """Show the caller's draft."""
        draft = own_draft(access.get_case_to_edit(self.person, case_id), self.person)
        if draft is None:
            raise NotFound(_("You have no draft of this case."))
        return Response(DraftOut(draft).data)

    @extend_schema(request=DraftIn, responses={**answers(DraftOut), 409: StaleOut})
    def put(self, request: Request, case_id: int) -> Response:
        """Keep a draft, as the editor's autosave does; 409 with both texts for a stale one."""
        case = access.get_case_to_edit(self.person, case_id)
        wanted = self.body(DraftIn)
        draft = save_draft(
            case=case, data=wanted["content"], base_version=wanted["base_version"], sequence=wanted["sequence"],
            attempt=wanted.get("attempt"), unanswered=wanted.get("unanswered", ()), by=self.person,
        )  # fmt: skip
        return Response(DraftOut(draft).data)

    @extend_schema(parameters=[DraftQuery], responses={**answers(None, 204), 409: StaleOut})
    def delete(self, request: Request, case_id: int) -> Response:
        """Forget the caller's draft; with `sequence`, only if nothing was written on it since."""
        case = access.get_case_to_edit(self.person, case_id)
        discard_draft(case=case, by=self.person, sequence=self.query(DraftQuery).get("sequence"))
        return Response(status=204)


class RevisionsView(ApiView):
    """The revisions of a case."""

    @extend_schema(responses=answers(RevisionOut(many=True)))
    def get(self, request: Request, case_id: int) -> Response:
        """List the revisions, newest first."""
        return self.listed(list_revisions(access.get_case_to_read(self.person, case_id)), RevisionOut)


class RevisionView(ApiView):
    """One revision of a case."""

    @extend_schema(responses=answers(RevisionWithContent))
    def get(self, request: Request, case_id: int, number: int) -> Response:
        """Show what a revision says."""
        revision = get_revision(access.get_case_to_read(self.person, case_id), number)
        return Response(RevisionWithContent(revision).data)
