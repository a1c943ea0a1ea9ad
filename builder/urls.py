"""The pages of this room."""

from django.urls import URLPattern, URLResolver, include, path

from builder.urls_cases import case_urls
from builder.views import (
    account,
    checks,
    dashboard,
    departments,
    invitations,
    jobs,
    library,
    people,
    tokens,
    work,
)

app_name = "builder"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", work.my_work, name="my-work"),
    path("cases/", include(case_urls)),
    path("jobs/", jobs.jobs, name="job-list"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/cancel/", jobs.job_cancel, name="job-cancel"),
    path("help/checks/", checks.check_help_list, name="check-help-list"),
    path("help/checks/<str:check_id>/", checks.check_help, name="check-help"),
    path("library/", library.library, name="library"),
    path("library/new/", library.library_new, name="library-new"),
    path("library/templates/", library.templates, name="template-list"),
    path("library/templates/<int:template_id>/remove/", library.template_remove, name="template-remove"),
    path("library/<int:criterion_id>/", library.library_criterion, name="library-criterion"),
    path("library/<int:criterion_id>/retire/", library.library_retire, name="library-retire"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invitation_create, name="invitation-create"),
    path("people/tokens/", tokens.everybodys_tokens, name="all-tokens"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/roles/", people.person_roles, name="person-roles"),
    path("people/<int:person_id>/link/", people.person_link, name="person-link"),
    path("people/<int:person_id>/link/revoke/", people.person_link_revoke, name="person-link-revoke"),
    path("people/<int:person_id>/state/", people.person_state, name="person-state"),
    path("people/<int:person_id>/office/", people.person_office, name="person-office"),
    path("departments/", departments.departments, name="department-list"),
    path("departments/new/", departments.department_create, name="department-create"),
    path("benchmark/", dashboard.benchmark_list, name="benchmark-list"),
    path("departments/<str:code>/benchmark/", dashboard.benchmark, name="benchmark"),
    path("departments/<str:code>/benchmark/<slug:table>.csv", dashboard.benchmark_csv, name="benchmark-csv"),
    path("departments/<str:code>/settings/", departments.department_settings, name="department-settings"),
    path("departments/<str:code>/tags/", library.department_tags, name="department-tags"),
    path("invitations/<str:token>/", invitations.invitation_accept, name="invitation-accept"),
    path("account/", account.account, name="account"),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/<int:token_id>/revoke/", tokens.token_revoke, name="token-revoke"),
]
