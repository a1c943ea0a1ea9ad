"""The pages of this room."""

from django.urls import URLPattern, path

from annotations.urls_disagreements import disagreement_urls
from annotations.urls_reports import report_urls
from annotations.views import (
    calibration,
    grade_saves,
    grading,
    label_studio,
    label_studio_connection,
    label_studio_reviews,
    members,
    results,
    session_setup,
    sessions,
    verdicts,
)

app_name = "annotations"

session_urls: list[URLPattern] = [
    path("sessions/", sessions.session_list, name="session-list"),
    path("sessions/new/", session_setup.session_new, name="session-new"),
    path("sessions/new/<int:release_id>/", session_setup.session_set_up, name="session-set-up"),
    path("sessions/<int:session_id>/", sessions.session_detail, name="session-detail"),
    path("sessions/<int:session_id>/people/", members.session_people, name="session-people"),
    path(
        "sessions/<int:session_id>/people/<int:position>/remove/",
        members.session_grader_remove,
        name="session-grader-remove",
    ),
    path(
        "sessions/<int:session_id>/people/runs/<int:position>/withdraw/",
        members.session_run_withdraw,
        name="session-run-withdraw",
    ),
    path("sessions/<int:session_id>/end/", sessions.session_end, name="session-end"),
    path("sessions/<int:session_id>/close/", sessions.session_close, name="session-close"),
    path("sessions/<int:session_id>/reopen/", sessions.session_reopen, name="session-reopen"),
    path("sessions/<int:session_id>/discard/", sessions.session_discard, name="session-discard"),
    path("sessions/<int:session_id>/calibration/", calibration.calibration, name="calibration"),
    path(
        "sessions/<int:session_id>/calibration/<int:place>/",
        calibration.calibration_item,
        name="calibration-item",
    ),
    path("runs/<str:run_name>/verdicts/new/", verdicts.verdicts_new, name="verdicts-new"),
    path("runs/<str:run_name>/results/", results.results, name="results"),
    path("releases/<str:name>/<str:version>/results/new/", results.results_new, name="results-new"),
]
label_studio_urls: list[URLPattern] = [
    path(
        "sessions/<int:session_id>/label-studio/",
        label_studio.session_label_studio,
        name="session-label-studio",
    ),
    path(
        "departments/<str:code>/label-studio/reviews/",
        label_studio_reviews.label_studio_reviews,
        name="label-studio-reviews",
    ),
    path(
        "departments/<str:code>/label-studio/",
        label_studio_connection.label_studio_connection,
        name="label-studio-connection",
    ),
]
# The desk is addressed by the grader's own order: an address says nothing about who wrote an answer.
grading_urls: list[URLPattern] = [
    path("sessions/<int:session_id>/grade/", grading.grade, name="grade"),
    path("sessions/<int:session_id>/grade/done/", grading.grade_done, name="grade-done"),
    path("sessions/<int:session_id>/grade/<int:position>/", grading.grade_item, name="grade-item"),
    path(
        "sessions/<int:session_id>/grade/<int:position>/compare/",
        grading.grade_feedback,
        name="grade-feedback",
    ),
    path("sessions/<int:session_id>/grade/<int:position>/save/", grade_saves.grade_save, name="grade-save"),
]

urlpatterns: list[URLPattern] = [
    *session_urls,
    *grading_urls,
    *label_studio_urls,
    *report_urls,
    *disagreement_urls,
]
