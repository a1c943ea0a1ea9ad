"""The pages of this room."""

from django.urls import URLPattern, path

from annotations.urls_reports import report_urls
from annotations.views import grading, results, sessions, verdicts

app_name = "annotations"

session_urls: list[URLPattern] = [
    path("sessions/", sessions.session_list, name="session-list"),
    path("sessions/new/", sessions.session_new, name="session-new"),
    path("sessions/new/<int:release_id>/", sessions.session_set_up, name="session-set-up"),
    path("sessions/<int:session_id>/", sessions.session_detail, name="session-detail"),
    path("sessions/<int:session_id>/end/", sessions.session_end, name="session-end"),
    path("sessions/<int:session_id>/close/", sessions.session_close, name="session-close"),
    path("runs/<str:run_name>/verdicts/new/", verdicts.verdicts_new, name="verdicts-new"),
    path("runs/<str:run_name>/results/", results.results, name="results"),
    path("releases/<str:name>/<str:version>/results/new/", results.results_new, name="results-new"),
]
# The desk is addressed by the grader's own order: an address says nothing about who wrote an answer.
grading_urls: list[URLPattern] = [
    path("sessions/<int:session_id>/grade/", grading.grade, name="grade"),
    path("sessions/<int:session_id>/grade/done/", grading.grade_done, name="grade-done"),
    path("sessions/<int:session_id>/grade/<int:position>/", grading.grade_item, name="grade-item"),
    path("sessions/<int:session_id>/grade/<int:position>/save/", grading.grade_save, name="grade-save"),
]

urlpatterns: list[URLPattern] = [*session_urls, *grading_urls, *report_urls]
