"""Endpoints about jobs."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.api.base import ApiView, answers
from builder.api.serializers.jobs import JobOut
from builder.selectors.jobs import job_page, job_pages, list_jobs
from builder.services.jobs import cancel_job


class JobsView(ApiView):
    """Jobs the caller asked for."""

    @extend_schema(responses=answers(JobOut(many=True)))
    def get(self, request: Request) -> Response:
        """List the caller's jobs, newest first; an administrator's list holds everybody's."""
        page = self.paginate_queryset(list_jobs(self.person))
        return self.get_paginated_response(JobOut(job_pages(page or [], self.person), many=True).data)


class JobView(ApiView):
    """One job."""

    @extend_schema(responses=answers(JobOut))
    def get(self, request: Request, job_id: UUID) -> Response:
        """Show where the job stands and how far it is. Ask once a second at most."""
        return Response(JobOut(job_page(access.get_job(self.person, job_id), self.person)).data)


class JobCancelView(ApiView):
    """Ending a job."""

    @extend_schema(request=None, responses=answers(JobOut))
    def post(self, request: Request, job_id: UUID) -> Response:
        """End the job: a waiting one at once, a running one at its next step; 409 when it has ended."""
        job = cancel_job(job=access.get_job(self.person, job_id), by=self.person)
        return Response(JobOut(job_page(job, self.person)).data)
