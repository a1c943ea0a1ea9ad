"""The addresses of a session's reports; annotations/urls.py includes them."""

from django.urls import URLPattern, path

from annotations.views import graded_dataset, quality, reports

report_urls: list[URLPattern] = [
    path("sessions/<int:session_id>/agreement/", reports.session_agreement, name="session-agreement"),
    path(
        "sessions/<int:session_id>/agreement.json", reports.session_agreement, {"as_json": True},
        name="session-agreement-json",
    ),
    path("sessions/<int:session_id>/scores/", reports.session_scores, name="session-scores"),
    path(
        "sessions/<int:session_id>/scores.json", reports.session_scores, {"as_json": True}, name="session-scores-json"
    ),
    path("sessions/<int:session_id>/quality/", quality.session_quality, name="session-quality"),
    path("sessions/<int:session_id>/quality/mine/", quality.session_quality_mine, name="session-quality-mine"),
    path("sessions/<int:session_id>/grades/", graded_dataset.session_grades, name="session-grades"),
]  # fmt: skip
