"""The REST API, assembled from the rooms."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import IsAuthenticated

from builder.api.views.root import ROOT_NAME, NothingHereView, RootView

app_name = "api"
urlpatterns = [
    path("", RootView.as_view(), name=ROOT_NAME),
    path("", include("builder.api.urls")),
    path("", include("exports.api.urls")),
    path("", include("annotations.api.urls")),
    path("schema/", SpectacularJSONAPIView.as_view(permission_classes=[IsAuthenticated]), name="schema"),
    # Last: whatever no endpoint has. Its own name would be an address to list.
    re_path("", NothingHereView.as_view()),
]
