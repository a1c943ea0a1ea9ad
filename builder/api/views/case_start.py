"""Endpoints that begin a case from something that exists: a template, another case, a pasted conversation."""

from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.access import Act
from builder.api.base import ApiView, answers
from builder.api.serializers.cases import CaseOut, CaseStartIn, PastedIn, PastedOut
from builder.api.views.cases import case_answer
from builder.content import CaseContent, content_from_data, last_answer_as_reference
from builder.importers.conversation import read_conversation
from builder.models import Case, Department
from builder.selectors.cases import get_template
from builder.services.cases import create_case, duplicate_case


class CaseStartView(ApiView):
    """Beginning a case."""

    @extend_schema(request=CaseStartIn, responses=answers(CaseOut, 201))
    def post(self, request: Request) -> Response:
        """Begin a case as the caller's draft; a revision is made of it by saving."""
        wanted = self.body(CaseStartIn)
        department = access.get_department_for(self.person, Act.WRITE_CASES, wanted["department"])
        begin = self._copy if "copy_of" in wanted else self._new
        return case_answer(self, begin(department, wanted).pk, status=201)

    def _copy(self, department: Department, wanted: dict[str, Any]) -> Case:
        case = access.get_case_to_read(self.person, wanted["copy_of"])
        return duplicate_case(case=case, department=department, by=self.person, title=wanted["title"])

    def _new(self, department: Department, wanted: dict[str, Any]) -> Case:
        if "template" in wanted:
            template = get_template(department, wanted["template"])
            content, origin = content_from_data(template.content), f"template:{template.name}"
        else:
            turns = read_conversation(wanted["conversation"]).conversation(wanted["roles"])
            content, origin = CaseContent(prompt=turns, rubrics=[]), "paste"
            if wanted["last_is_reference"]:
                content = last_answer_as_reference(content)
        given = {name: wanted[name] for name in ("title", "kind", "language") if wanted[name]}
        content = msgspec.structs.replace(content, **given)
        return create_case(department=department, content=content, by=self.person, origin=origin)


class ConversationView(ApiView):
    """Looking at a pasted conversation before it is kept."""

    @extend_schema(request=PastedIn, responses=answers(PastedOut))
    def post(self, request: Request) -> Response:
        """Show the turns that would be recognised in a text; nothing is kept."""
        pasted = read_conversation(self.body(PastedIn)["conversation"])
        turns = [
            {"role": turn.role, "content": turn.content, "speaker": each.speaker}
            for turn, each in zip(pasted.conversation(), pasted.turns, strict=True)
        ]
        return Response(PastedOut({"turns": turns, "left_out": pasted.left_out}).data)
