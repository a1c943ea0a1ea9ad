"""Settings of the server that the grading benchmark loads: files are looked up once, as in production."""

from builder.config.settings.test import *  # noqa: F403

WHITENOISE_AUTOREFRESH = False
