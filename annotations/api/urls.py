"""The API of this room."""

from django.urls import URLPattern, path

from annotations.api import grading, results, scores, sessions

_SESSION = "sessions/<int:session_id>/"

urlpatterns: list[URLPattern] = [
    path("sessions/", sessions.SessionsView.as_view(), name="sessions"),
    path("sessions/mine/", grading.OwnSessionsView.as_view(), name="own-sessions"),
    path(_SESSION, sessions.SessionView.as_view(), name="session"),
    path(f"{_SESSION}end-grading/", sessions.EndGradingView.as_view(), name="session-end-grading"),
    path(f"{_SESSION}close/", sessions.CloseView.as_view(), name="session-close"),
    path(f"{_SESSION}agreement/", sessions.AgreementView.as_view(), name="session-agreement"),
    path(f"{_SESSION}scores/", sessions.SessionScoresView.as_view(), name="session-scores"),
    path(f"{_SESSION}next/", grading.NextItemView.as_view(), name="session-next"),
    path(f"{_SESSION}items/<int:position>/", grading.ItemView.as_view(), name="session-item"),
    path(f"{_SESSION}items/<int:position>/grades/", grading.GradesView.as_view(), name="session-grades"),
    path("runs/<frozen_name:name>/verdicts/", scores.VerdictsView.as_view(), name="run-verdicts"),
    path("runs/<frozen_name:name>/results/", results.RunResultsView.as_view(), name="run-results"),
    path(
        "runs/<frozen_name:name>/results/differences/",
        results.RunDifferencesView.as_view(),
        name="run-differences",
    ),
    path("results/", results.ResultsView.as_view(), name="results"),
    path("runs/<frozen_name:name>/score/", scores.RunScoreView.as_view(), name="run-score"),
    path("scores/", scores.ScoresView.as_view(), name="scores"),
]
