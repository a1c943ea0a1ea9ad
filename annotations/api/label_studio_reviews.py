"""Endpoint of a department's rubric reviews in Label Studio."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotations.selectors.label_studio_reviews import list_review_projects, reviewers_of
from annotations.services.label_studio.reviews import choose_reviewers
from builder.access import Act, get_department_for
from builder.api.base import ApiView, StrictShape, answers
from builder.api.serializers.jobs import JobOut
from builder.common.errors import BadInput
from builder.selectors.jobs import job_page


class ReviewersIn(StrictShape):
    """Who reviews in Label Studio besides those who do already."""

    reviewers = serializers.ListField(child=serializers.EmailField(), max_length=100, default=list)


class ReviewProjectOut(serializers.Serializer[Any]):
    """One reviewer's project."""

    reviewer = serializers.EmailField(source="reviewer.email")
    state = serializers.CharField()
    sent = serializers.IntegerField(source="n_sent")
    reviewed = serializers.IntegerField(source="n_reviewed")
    set_aside = serializers.IntegerField(source="n_aside")
    pulled_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField()


class ReviewsView(ApiView):
    """Rubrics of a department that are reviewed in Label Studio."""

    @extend_schema(responses=answers(ReviewProjectOut(many=True)))
    def get(self, request: Request, code: str) -> Response:
        """List the reviewers' projects and how far they are."""
        department = get_department_for(self.person, Act.MANAGE_SESSIONS, code)
        return self.listed(list_review_projects(department), ReviewProjectOut)

    @extend_schema(request=ReviewersIn, responses=answers(JobOut, 202))
    def post(self, request: Request, code: str) -> Response:
        """Add reviewers, send what is under review and fetch votes; a job does it."""
        department = get_department_for(self.person, Act.MANAGE_SESSIONS, code)
        known = {person.email: person for person in reviewers_of(department)}
        wanted = [email.lower() for email in self.body(ReviewersIn)["reviewers"]]
        for email in wanted:
            if email not in known:
                raise BadInput(
                    _("%(person)s doesn't have the role of reviewer in %(department)s.")
                    % {"person": email, "department": department.code},
                    field="reviewers",
                )
        job = choose_reviewers(
            department=department, reviewers=[known[email] for email in wanted], by=self.person
        )
        return Response(JobOut(job_page(job, self.person)).data, status=202)
