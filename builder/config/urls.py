"""Every address: the one place that names every room, as strings."""

from django.urls import include, path
from django.views.i18n import set_language

from builder.api.views.root import NothingHereView

urlpatterns = [
    path("", include("builder.urls")),
    path("", include("exports.urls")),
    path("", include("annotations.urls")),
    path("accounts/", include("allauth.urls")),
    path("language/", set_language, name="set_language"),
    # Without it, an address that lacks its slash would be answered with a redirect.
    path("api/v1", NothingHereView.as_view()),
    path("api/v1/", include("builder.config.api_urls")),
]
