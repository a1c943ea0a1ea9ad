"""The addresses of adjudication; annotations/urls.py includes them.

An answer goes by the number it was drawn in its session, so that no address says which belong together.
"""

from django.urls import URLPattern, path

from annotations.views import disagreements

_LIST = "sessions/<int:session_id>/disagreements/"

disagreement_urls: list[URLPattern] = [
    path(_LIST, disagreements.session_disagreements, name="session-disagreements"),
    path(f"{_LIST}<int:answer>/<int:number>/", disagreements.disagreement, name="session-disagreement"),
    path(
        f"{_LIST}<int:answer>/<int:number>/third/", disagreements.disagreement_third,
        name="session-disagreement-third",
    ),
    path(
        "sessions/<int:session_id>/rulings/<int:ruling_id>/withdraw/", disagreements.ruling_withdraw,
        name="session-ruling-withdraw",
    ),
]  # fmt: skip
