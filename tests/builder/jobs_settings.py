"""Settings of a worker process that a test starts: the tests' kinds of job, and a lease one can wait for."""

import os

from builder.config.settings.test import *  # noqa: F403
from builder.config.settings.test import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.builder.jobs_app.apps.JobsApp"]
JOB_LEASE_SECONDS = 2
JOB_FILES_DIR = os.environ["TEST_JOB_FILES_DIR"]
