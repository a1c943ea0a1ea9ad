"""Room 2: frozen releases leave the building, answers come back."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    """Releases, bundles, runs and responses."""

    name = "exports"
    verbose_name = _("Releases")
    insert_only_models = ("Release", "ReleaseItem", "ReleaseState")

    def ready(self) -> None:
        """Show this room's links in the page frame."""
        from exports import providers

        providers.register()
