"""The API of this room."""

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from exports.api.views import releases, runs
from exports.models.releases import NAME_PATTERN


class FrozenName(StringConverter):
    """A release's or run's name, or a version: only what such a name can hold reaches the database."""

    regex = NAME_PATTERN.removeprefix("^").removesuffix(r"\Z")


register_converter(FrozenName, "frozen_name")
_RELEASE = "releases/<frozen_name:name>/<frozen_name:version>/"

urlpatterns: list[URLPattern] = [
    path("formats/", releases.FormatsView.as_view(), name="formats"),
    path("releases/", releases.ReleasesView.as_view(), name="releases"),
    path(_RELEASE, releases.ReleaseView.as_view(), name="release"),
    path(f"{_RELEASE}state/", releases.ReleaseStatesView.as_view(), name="release-state"),
    path(f"{_RELEASE}items/", releases.ReleaseItemsView.as_view(), name="release-items"),
    path(f"{_RELEASE}verification/", releases.ReleaseVerificationView.as_view(), name="release-verification"),
    path(f"{_RELEASE}bundle/", releases.BundleView.as_view(), name="release-bundle"),
    path("runs/", runs.RunsView.as_view(), name="runs"),
    path("runs/<frozen_name:name>/", runs.RunView.as_view(), name="run"),
    path("runs/<frozen_name:name>/responses/", runs.RunResponsesView.as_view(), name="run-responses"),
    path("runs/<frozen_name:name>/withdraw/", runs.RunWithdrawView.as_view(), name="run-withdraw"),
]
