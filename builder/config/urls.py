"""Every address: the one place that names every room, as strings."""

from django.urls import include, path
from django.views.i18n import set_language

urlpatterns = [
    path("", include("builder.urls")),
    path("", include("exports.urls")),
    path("", include("annotations.urls")),
    path("accounts/", include("allauth.urls")),
    path("language/", set_language, name="set_language"),
    path("api/v1/", include("builder.config.api_urls")),
]
