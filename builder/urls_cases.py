"""The addresses of cases, under cases/."""

from django.urls import URLPattern, path

from builder.views import case_editor, cases, reviews

case_urls: list[URLPattern] = [
    path("", cases.case_list, name="case-list"),
    path("new/", cases.case_new, name="case-new"),
    path("<int:case_id>/", cases.case_preview, name="case-preview"),
    path("<int:case_id>/edit/", case_editor.case_edit, name="case-edit"),
    path("<int:case_id>/autosave/", case_editor.case_autosave, name="case-autosave"),
    path("<int:case_id>/live/", case_editor.case_live, name="case-live"),
    path("<int:case_id>/discard/", cases.case_discard, name="case-discard"),
    path("<int:case_id>/submit/", cases.case_submit, name="case-submit"),
    path("<int:case_id>/review/", reviews.case_review, name="case-review"),
    path("<int:case_id>/history/", cases.case_history, name="case-history"),
    path("<int:case_id>/history/<int:number>/", cases.case_revision, name="case-revision"),
    path("<int:case_id>/retire/", cases.case_retire, name="case-retire"),
]
