"""The pages of this room."""

from django.urls import URLPattern, path
from django.views.generic import TemplateView

app_name = "builder"
urlpatterns: list[URLPattern] = [
    path("", TemplateView.as_view(template_name="base.html"), name="my-work"),
    path("cases/", TemplateView.as_view(template_name="base.html"), name="case-list"),
    path("people/", TemplateView.as_view(template_name="base.html"), name="people"),
    path("invitations/<str:token>/", TemplateView.as_view(template_name="base.html"), name="invitation-accept"),
]
