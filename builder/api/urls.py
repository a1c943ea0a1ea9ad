"""The API of this room."""

from django.urls import URLPattern, path

from builder.api.views import (
    case_files,
    case_start,
    case_steps,
    cases,
    dashboard,
    departments,
    identifiers,
    jobs,
    library,
    people,
    reviews,
    tokens,
)

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
    path("jobs/", jobs.JobsView.as_view(), name="jobs"),
    path("jobs/<uuid:job_id>/", jobs.JobView.as_view(), name="job"),
    path("jobs/<uuid:job_id>/cancel/", jobs.JobCancelView.as_view(), name="job-cancel"),
    path("departments/", departments.DepartmentsView.as_view(), name="departments"),
    path("departments/<slug:code>/", departments.DepartmentView.as_view(), name="department"),
    path(
        "departments/<slug:code>/benchmark/", dashboard.BenchmarkView.as_view(), name="department-benchmark"
    ),
    path("cases/", cases.CasesView.as_view(), name="cases"),
    path("cases/start/", case_start.CaseStartView.as_view(), name="case-start"),
    path("cases/conversation/", case_start.ConversationView.as_view(), name="conversation"),
    path("cases/import/", case_steps.CaseImportView.as_view(), name="case-import"),
    path("cases/import/preview/", case_files.CaseImportPreviewView.as_view(), name="case-import-preview"),
    path("cases/import/job/", case_files.CaseImportJobView.as_view(), name="case-import-job"),
    path("cases/import/template/", case_files.CaseTemplateView.as_view(), name="case-template"),
    path("library/", library.LibraryView.as_view(), name="library"),
    path("library/<int:criterion_id>/", library.LibraryCriterionView.as_view(), name="library-criterion"),
    path("library/<int:criterion_id>/retire/", library.LibraryRetireView.as_view(), name="library-retire"),
    path("templates/", library.CaseTemplatesView.as_view(), name="case-templates"),
    path("templates/<int:template_id>/", library.TemplateView.as_view(), name="template"),
    path("departments/<slug:code>/tags/", library.DepartmentTagsView.as_view(), name="department-tags"),
    path("cases/<int:case_id>/criteria/", library.CaseCriteriaView.as_view(), name="case-criteria"),
    path("cases/<int:case_id>/template/", library.CaseKeepTemplateView.as_view(), name="case-keep-template"),
    path("cases/<int:case_id>/", cases.CaseView.as_view(), name="case"),
    path("cases/<int:case_id>/draft/", cases.CaseDraftView.as_view(), name="case-draft"),
    path("cases/<int:case_id>/revisions/", cases.RevisionsView.as_view(), name="case-revisions"),
    path("cases/<int:case_id>/revisions/<int:number>/", cases.RevisionView.as_view(), name="case-revision"),
    path("cases/<int:case_id>/identifiers/", identifiers.IdentifiersView.as_view(), name="case-identifiers"),
    path("cases/<int:case_id>/submit/", case_steps.CaseSubmitView.as_view(), name="case-submit"),
    path("cases/<int:case_id>/reviews/", reviews.ReviewsView.as_view(), name="case-reviews"),
    path("cases/<int:case_id>/threads/", reviews.ThreadsView.as_view(), name="case-threads"),
    path(
        "cases/<int:case_id>/threads/<int:thread_id>/messages/",
        reviews.ThreadMessagesView.as_view(),
        name="thread-messages",
    ),
    path(
        "cases/<int:case_id>/threads/<int:thread_id>/resolution/",
        reviews.ThreadResolutionView.as_view(),
        name="thread-resolution",
    ),
    path(
        "cases/<int:case_id>/threads/<int:thread_id>/adoption/",
        reviews.ThreadAdoptionView.as_view(),
        name="thread-adoption",
    ),
    path(
        "cases/<int:case_id>/conflicts-of-interest/", reviews.ConflictsView.as_view(), name="case-conflicts"
    ),
    path("cases/<int:case_id>/retire/", case_steps.CaseRetireView.as_view(), name="case-retire"),
]
