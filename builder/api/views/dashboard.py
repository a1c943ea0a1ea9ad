"""The endpoint about the state of a department's benchmark."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.access import Act
from builder.api.base import ApiView, answers
from builder.api.serializers.dashboard import BenchmarkOut
from builder.selectors.dashboard import Dashboard, dashboard


class BenchmarkView(ApiView):
    """A department's benchmark."""

    @extend_schema(responses=answers(BenchmarkOut))
    def get(self, request: Request, code: str) -> Response:
        """Count the cases by state, theme and kind, the criteria by axis, the ages of approvals and authors' load."""
        department = access.get_department_for(self.person, Act.READ_CASES, code)
        return Response(BenchmarkOut(_as_data(dashboard(department))).data)


def _as_data(page: Dashboard) -> dict[str, object]:
    return {
        "department": page.department.code,
        "cases": page.cases,
        "approved": page.approved,
        "expired": page.expired,
        "gaps": page.coverage.gaps,
        "tables": [
            {
                "key": table.key,
                "title": table.title,
                "note": table.note,
                "columns": [column._asdict() for column in table.columns],
                "rows": [
                    {column.key: value for column, value in zip(table.columns, row, strict=True)}
                    for row in table.rows
                ],
            }
            for table in page.all_tables
        ],
    }
