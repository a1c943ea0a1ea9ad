"""The kinds of job the tests give to real worker processes."""

import time
from typing import Any

from django.apps import AppConfig

from builder.jobs import JobContext, register_job


class JobsApp(AppConfig):
    """A room with jobs."""

    name = "tests.builder.jobs_app"
    label = "jobs_app"

    def ready(self) -> None:
        """Register them."""
        register_job("slow", "Slow work", make_departments)


def make_departments(context: JobContext) -> dict[str, Any]:
    """Make so many departments, one after the other, and none twice."""
    from builder.models import Department

    made = 0
    for place in context.progress(range(context.arguments["rows"]), "Departments"):
        _row, is_new = Department.objects.get_or_create(code=f"J{place}", defaults={"name": f"No. {place}"})
        made += is_new
        time.sleep(context.arguments["pause"])
    return {"made": made, "attempt": context.attempt}
