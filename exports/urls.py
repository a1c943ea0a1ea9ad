"""The pages of this room."""

from django.urls import URLPattern, path

from exports.views import releases, runs

app_name = "exports"
_RELEASE = "releases/<str:name>/<str:version>/"
_RUN = "runs/<str:name>/"
urlpatterns: list[URLPattern] = [
    path("releases/", releases.release_list, name="release-list"),
    path("releases/new/", releases.release_new, name="release-new"),
    path(_RELEASE, releases.release_detail, name="release-detail"),
    path(f"{_RELEASE}cases/<int:position>/", releases.release_item, name="release-item"),
    path(f"{_RELEASE}manifest.json", releases.release_manifest, name="release-manifest"),
    path(f"{_RELEASE}verify/", releases.release_verify, name="release-verify"),
    path(f"{_RELEASE}stage/", releases.release_state, name="release-state"),
    path(f"{_RELEASE}download/", releases.release_download, name="release-download"),
    path("runs/", runs.run_list, name="run-list"),
    path("runs/new/", runs.run_new, name="run-new"),
    path(_RUN, runs.run_detail, name="run-detail"),
    path(f"{_RUN}answers/<int:position>/<int:epoch>/", runs.run_response, name="run-response"),
]
