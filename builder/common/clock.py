"""Moments as people read them: in the installation's time zone and the reader's language."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime


def moment_text(moment: datetime, form: str = "DATETIME_FORMAT") -> str:
    """Return the moment as a template's `date` filter prints it; `form` names one of Django's formats."""
    return date_format(localtime(moment), form)
