"""The API of this room."""

from django.urls import URLPattern, path

from builder.api.views import case_steps, cases, departments, people, tokens

urlpatterns: list[URLPattern] = [
    path("me/", people.MeView.as_view(), name="me"),
    path("tokens/", tokens.TokensView.as_view(), name="tokens"),
    path("tokens/everybodys/", tokens.EverybodysTokensView.as_view(), name="everybodys-tokens"),
    path("tokens/<int:token_id>/", tokens.TokenView.as_view(), name="token"),
    path("people/", people.PeopleView.as_view(), name="people"),
    path("people/<int:person_id>/", people.PersonView.as_view(), name="person"),
    path("people/<int:person_id>/roles/", people.PersonRolesView.as_view(), name="person-roles"),
    path("people/<int:person_id>/active/", people.PersonActiveView.as_view(), name="person-active"),
    path("people/<int:person_id>/office/", people.PersonOfficeView.as_view(), name="person-office"),
    path(
        "people/<int:person_id>/invitation/", people.PersonInvitationView.as_view(), name="person-invitation"
    ),
    path("departments/", departments.DepartmentsView.as_view(), name="departments"),
    path("departments/<slug:code>/", departments.DepartmentView.as_view(), name="department"),
    path("cases/", cases.CasesView.as_view(), name="cases"),
    path("cases/import/", case_steps.CaseImportView.as_view(), name="case-import"),
    path("cases/<int:case_id>/", cases.CaseView.as_view(), name="case"),
    path("cases/<int:case_id>/draft/", cases.CaseDraftView.as_view(), name="case-draft"),
    path("cases/<int:case_id>/revisions/", cases.RevisionsView.as_view(), name="case-revisions"),
    path("cases/<int:case_id>/revisions/<int:number>/", cases.RevisionView.as_view(), name="case-revision"),
    path("cases/<int:case_id>/submit/", case_steps.CaseSubmitView.as_view(), name="case-submit"),
    path("cases/<int:case_id>/reviews/", case_steps.ReviewsView.as_view(), name="case-reviews"),
    path("cases/<int:case_id>/retire/", case_steps.CaseRetireView.as_view(), name="case-retire"),
]
