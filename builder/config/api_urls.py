"""The REST API, assembled from the rooms."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

app_name = "api"
urlpatterns = [
    path("", include("builder.api.urls")),
    path("", include("exports.api.urls")),
    path("", include("annotations.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
]
