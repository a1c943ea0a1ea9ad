"""The addresses of cases, under cases/."""

from django.urls import URLPattern, path

from builder.views import case_editor, case_files, case_start, cases, identifiers, library, reviews, threads

case_urls: list[URLPattern] = [
    path("", cases.case_list, name="case-list"),
    path("new/", case_start.case_new, name="case-new"),
    path("new/paste/", case_start.case_paste, name="case-paste"),
    path("markdown/", case_editor.markdown_preview, name="markdown-preview"),
    path("import/", case_files.case_import, name="case-import"),
    path("import/preview/", case_files.case_import_preview, name="case-import-preview"),
    path("import/template.xlsx", case_files.case_template, name="case-template"),
    path("<int:case_id>/", cases.case_preview, name="case-preview"),
    path("<int:case_id>/edit/", case_editor.case_edit, name="case-edit"),
    path("<int:case_id>/autosave/", case_editor.case_autosave, name="case-autosave"),
    path("<int:case_id>/duplicate/", case_start.case_duplicate, name="case-duplicate"),
    path("<int:case_id>/live/", case_editor.case_live, name="case-live"),
    path("<int:case_id>/criteria/", case_editor.case_criteria, name="case-criteria"),
    path("<int:case_id>/discard/", cases.case_discard, name="case-discard"),
    path("<int:case_id>/submit/", cases.case_submit, name="case-submit"),
    path("<int:case_id>/identifiers/", identifiers.case_identifiers, name="case-identifiers"),
    path("<int:case_id>/review/", reviews.case_review, name="case-review"),
    path("<int:case_id>/conflict-of-interest/", reviews.case_conflict, name="case-conflict"),
    path("<int:case_id>/discussion/new/", threads.thread_new, name="thread-new"),
    path("<int:case_id>/discussion/<int:thread_id>/", threads.thread, name="thread"),
    path("<int:case_id>/history/", cases.case_history, name="case-history"),
    path("<int:case_id>/history/<int:number>/", cases.case_revision, name="case-revision"),
    path("<int:case_id>/template/", library.case_keep_template, name="case-keep-template"),
    path("<int:case_id>/retire/", cases.case_retire, name="case-retire"),
]
