"""Endpoints about releases: freezing, stages, verification, bundles."""

import hashlib
from io import BytesIO
from typing import IO, Any, cast

from django.http import FileResponse, HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder.access import Act, get_department_for
from builder.api.base import ApiView, answers
from exports import access
from exports.api.serializers import (
    BundleIn,
    BundleQuery,
    FormatOut,
    FreezeIn,
    ItemOut,
    ReleaseOut,
    ReleaseRow,
    StageIn,
    StateOut,
    VerificationOut,
)
from exports.formats.registry import FORMATS
from exports.models import Release
from exports.selectors import check_frozen, list_items, list_releases, list_states
from exports.services.bundles import export_archive
from exports.services.releases import freeze_release, set_release_state

ZIP: dict[Any, Any] = {
    (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The bundle as a zip."),
    **answers(None, 304),
}


def release_answer(view: ApiView, release: Release, status: int = 200) -> Response:
    """Answer with the release as it now is."""
    now = access.get_release(view.person, release.name, release.version)
    return Response(ReleaseOut(now).data, status=status)


class ReleasesView(ApiView):
    """Releases of the caller's departments."""

    @extend_schema(responses=answers(ReleaseRow(many=True)))
    def get(self, request: Request) -> Response:
        """List the releases the caller reads, newest first."""
        return self.listed(list_releases(self.person), ReleaseRow)

    @extend_schema(request=FreezeIn, responses=answers(ReleaseOut, 201))
    def post(self, request: Request) -> Response:
        """Freeze approved cases into a release that nobody can change."""
        wanted = self.body(FreezeIn)
        department = get_department_for(self.person, Act.FREEZE_RELEASES, wanted["department"])
        release = freeze_release(
            department=department, name=wanted["name"], version=wanted["version"], stage=wanted["stage"],
            tags=wanted["tags"], case_ids=wanted["cases"], held_out=wanted["held_out"], seed=wanted["seed"],
            by=self.person,
        )  # fmt: skip
        return release_answer(self, release, status=201)


class ReleaseView(ApiView):
    """One release."""

    @extend_schema(responses=answers(ReleaseOut))
    def get(self, request: Request, name: str, version: str) -> Response:
        """Show a release and its manifest."""
        return release_answer(self, access.get_release(self.person, name, version))


class ReleaseStatesView(ApiView):
    """The stages of a release."""

    @extend_schema(responses=answers(StateOut(many=True)))
    def get(self, request: Request, name: str, version: str) -> Response:
        """List the release's changes of stage, oldest first."""
        return self.listed(list_states(access.get_release(self.person, name, version)), StateOut)

    @extend_schema(request=StageIn, responses=answers(ReleaseOut))
    def post(self, request: Request, name: str, version: str) -> Response:
        """Promote a candidate to final, or withdraw a release."""
        release = access.get_release_for(self.person, Act.FREEZE_RELEASES, name, version)
        set_release_state(release=release, **self.body(StageIn), by=self.person)
        return release_answer(self, release)


class ReleaseItemsView(ApiView):
    """The frozen cases of a release."""

    @extend_schema(responses=answers(ItemOut(many=True)))
    def get(self, request: Request, name: str, version: str) -> Response:
        """List the items in order, with their hashes."""
        return self.listed(list_items(access.get_release(self.person, name, version)), ItemOut)


class ReleaseVerificationView(ApiView):
    """Whether a release is still what was frozen."""

    @extend_schema(responses=answers(VerificationOut))
    def get(self, request: Request, name: str, version: str) -> Response:
        """Hash every stored item and the manifest again."""
        return Response(VerificationOut(check_frozen(access.get_release(self.person, name, version))).data)


class FormatsView(ApiView):
    """The formats of bundles."""

    @extend_schema(responses=answers(FormatOut(many=True)))
    def get(self, request: Request) -> Response:
        """List every format a release can leave in."""
        return self.listed(list(FORMATS.values()), FormatOut)


class BundleView(ApiView):
    """A release as a file: the bundle as a zip, the same bytes each time."""

    @extend_schema(parameters=[BundleQuery], responses=ZIP)
    def get(self, request: Request, name: str, version: str) -> FileResponse | HttpResponse:
        """Download the public items; the act is in the audit trail."""
        release = access.get_release_for(self.person, Act.EXPORT_RELEASES, name, version)
        return self._send(release, self.query(BundleQuery))

    @extend_schema(request=BundleIn, responses=ZIP)
    def post(self, request: Request, name: str, version: str) -> FileResponse | HttpResponse:
        """Download all items, the held-out ones too, for a recipient and a reason."""
        release = access.get_release_for(self.person, Act.EXPORT_RELEASES, name, version)
        return self._send(release, self.body(BundleIn))

    def _send(self, release: Release, wanted: dict[str, Any]) -> FileResponse | HttpResponse:
        archive = export_archive(
            release=release, file_format=wanted["format"], by=self.person, recipient=wanted.get("recipient", ""),
            reason=wanted.get("reason", ""), prompts_only=wanted["prompts_only"],
        )  # fmt: skip
        etag = f'"{_sha256(archive.content)}"'
        answer = FileResponse(
            archive.content, as_attachment=True, filename=archive.name, content_type="application/zip"
        )
        answer["ETag"], answer["Cache-Control"] = etag, "private, no-cache"
        return cast(
            HttpResponse,
            get_conditional_response(self.request, etag=etag, response=cast(HttpResponse, answer)),
        )


def _sha256(target: IO[bytes]) -> str:
    digest = hashlib.file_digest(cast(BytesIO, target), "sha256").hexdigest()
    target.seek(0)
    return digest
