"""Room 3: answers are graded, numbers come out."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnnotationsConfig(AppConfig):
    """Raters, sessions, grades, agreement and scores."""

    name = "annotations"
    verbose_name = _("Grading")
    insert_only_models = ("GradeEvent",)

    def ready(self) -> None:
        """Show this room's queues, links and panels in the rooms to the left, and tell its kinds of job."""
        from annotations import label_studio_jobs, providers, results_jobs

        providers.register()
        results_jobs.register()
        label_studio_jobs.register()
