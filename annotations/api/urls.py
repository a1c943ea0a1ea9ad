"""The API of this room."""

from django.urls import URLPattern, path

from annotations.api import (
    calibration,
    disagreements,
    graded_dataset,
    grading,
    label_studio,
    label_studio_connection,
    label_studio_reviews,
    label_studio_webhook,
    members,
    quality,
    results,
    scores,
    sessions,
)

_SESSION = "sessions/<int:session_id>/"

label_studio_urls: list[URLPattern] = [
    path(f"{_SESSION}label-studio/", label_studio.SessionLabelStudioView.as_view(), name="session-label-studio"),
    path(
        f"{_SESSION}label-studio/quarantine/", label_studio.SessionQuarantineView.as_view(),
        name="session-label-studio-quarantine",
    ),
    path(
        f"{_SESSION}label-studio/projects/<int:project_id>/send-again/", label_studio.SendAgainView.as_view(),
        name="session-label-studio-again",
    ),
    path(
        f"{_SESSION}label-studio/<str:act>/", label_studio.SessionSyncView.as_view(), name="session-label-studio-act"
    ),
]  # fmt: skip
_DISAGREEMENTS = f"{_SESSION}disagreements/"

urlpatterns: list[URLPattern] = [
    path("sessions/", sessions.SessionsView.as_view(), name="sessions"),
    path("sessions/plan/", sessions.SessionPlanView.as_view(), name="session-plan"),
    path("sessions/mine/", grading.OwnSessionsView.as_view(), name="own-sessions"),
    path(_SESSION, sessions.SessionView.as_view(), name="session"),
    path(f"{_SESSION}end-grading/", sessions.EndGradingView.as_view(), name="session-end-grading"),
    path(f"{_SESSION}close/", sessions.CloseView.as_view(), name="session-close"),
    path(f"{_SESSION}reopen/", sessions.ReopenView.as_view(), name="session-reopen"),
    path(f"{_SESSION}start/", calibration.StartView.as_view(), name="session-start"),
    path(f"{_SESSION}calibration/", calibration.CalibrationView.as_view(), name="calibration"),
    path(
        f"{_SESSION}calibration/<int:place>/",
        calibration.CalibrationItemView.as_view(),
        name="calibration-item",
    ),
    *label_studio_urls,
    path(f"{_SESSION}quality/", quality.QualityView.as_view(), name="session-quality"),
    path(f"{_SESSION}quality/mine/", quality.OwnQualityView.as_view(), name="session-quality-mine"),
    path(
        f"{_SESSION}graded-dataset/",
        graded_dataset.GradedDatasetView.as_view(),
        name="session-graded-dataset",
    ),
    path(f"{_SESSION}agreement/", sessions.AgreementView.as_view(), name="session-agreement"),
    path(f"{_SESSION}scores/", sessions.SessionScoresView.as_view(), name="session-scores"),
    path(f"{_SESSION}next/", grading.NextItemView.as_view(), name="session-next"),
    path(f"{_SESSION}items/<int:position>/", grading.ItemView.as_view(), name="session-item"),
    path(f"{_SESSION}items/<int:position>/grades/", grading.GradesView.as_view(), name="session-grades"),
    path(f"{_SESSION}items/<int:position>/skip/", grading.SkipView.as_view(), name="session-skip"),
    path(f"{_SESSION}items/<int:position>/flag/", grading.FlagView.as_view(), name="session-flag"),
    path(f"{_SESSION}set-aside/", members.SetAsideView.as_view(), name="session-set-aside"),
    path(f"{_SESSION}graders/", members.GradersView.as_view(), name="session-graders"),
    path(
        f"{_SESSION}graders/<int:position>/remove/",
        members.GraderRemovalView.as_view(),
        name="session-grader-remove",
    ),
    path(
        f"{_SESSION}runs/<int:position>/withdraw/",
        members.RunWithdrawalView.as_view(),
        name="session-run-withdraw",
    ),
    path("runs/<frozen_name:name>/verdicts/", scores.VerdictsView.as_view(), name="run-verdicts"),
    path("runs/<frozen_name:name>/results/", results.RunResultsView.as_view(), name="run-results"),
    path(
        "runs/<frozen_name:name>/results/differences/",
        results.RunDifferencesView.as_view(),
        name="run-differences",
    ),
    path("results/", results.ResultsView.as_view(), name="results"),
    path("runs/<frozen_name:name>/score/", scores.RunScoreView.as_view(), name="run-score"),
    path(
        "departments/<str:code>/label-studio/",
        label_studio_connection.ConnectionView.as_view(),
        name="label-studio-connection",
    ),
    path(
        "departments/<str:code>/label-studio/reviews/",
        label_studio_reviews.ReviewsView.as_view(),
        name="label-studio-reviews",
    ),
    path(
        "label-studio/<int:connection_id>/<int:project_id>/webhook/",
        label_studio_webhook.WebhookView.as_view(),
        name="label-studio-webhook",
    ),
    path("scores/", scores.ScoresView.as_view(), name="scores"),
    path(_DISAGREEMENTS, disagreements.DisagreementsView.as_view(), name="session-disagreements"),
    path(
        f"{_DISAGREEMENTS}<int:answer>/<int:criterion_index>/",
        disagreements.DisagreementView.as_view(),
        name="session-disagreement",
    ),
    path(
        f"{_DISAGREEMENTS}<int:answer>/<int:criterion_index>/ruling/",
        disagreements.RuleView.as_view(),
        name="session-rule",
    ),
    path(f"{_DISAGREEMENTS}<int:answer>/third/", disagreements.ThirdView.as_view(), name="session-third"),
    path(f"{_SESSION}rulings/", disagreements.RulingsView.as_view(), name="session-rulings"),
    path(
        f"{_SESSION}rulings/<int:ruling_id>/withdraw/",
        disagreements.WithdrawRulingView.as_view(),
        name="session-ruling-withdraw",
    ),
]
