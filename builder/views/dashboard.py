"""The state of a department's benchmark, as a page and as files."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from builder import access
from builder.access import Act
from builder.common.csv_file import csv_answer
from builder.common.errors import NotFound
from builder.common.requests import SignedInRequest
from builder.selectors.dashboard import benchmark_departments, dashboard


@login_required
@require_safe
def benchmark_list(request: SignedInRequest) -> HttpResponse:
    """Lead to the only department's benchmark, or list several."""
    departments = benchmark_departments(request.user)
    if len(departments) == 1:
        return redirect("builder:benchmark", departments[0].code)
    return render(request, "builder/benchmark_list.html", {"departments": departments})


@login_required
@require_safe
def benchmark(request: SignedInRequest, code: str) -> HttpResponse:
    """Show what the benchmark holds and what it lacks."""
    department = access.get_department_for(request.user, Act.READ_CASES, code)
    page = dashboard(department)
    return render(request, "builder/benchmark.html", {"page": page, "department": department})


@login_required
@require_safe
def benchmark_csv(request: SignedInRequest, code: str, table: str) -> HttpResponse:
    """Send one table of the page, with all its rows."""
    department = access.get_department_for(request.user, Act.READ_CASES, code)
    found = {each.key: each for each in dashboard(department).all_tables}.get(table)
    if found is None:
        raise NotFound(_("The benchmark has no such table."))
    header = [column.label for column in found.columns]
    return csv_answer(f"{department.code}-{found.key}", header, found.rows)
