"""The present day, and moments as people read them: in the installation's time zone and the reader's language."""

from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime


def moment_text(moment: datetime, form: str = "DATETIME_FORMAT") -> str:
    """Return the moment as a template's `date` filter prints it; `form` names one of Django's formats."""
    return date_format(localtime(moment), form)


def day_text(day: date, form: str = "DATE_FORMAT") -> str:
    """Return the day as a template's `date` filter prints it."""
    return date_format(day, form)


def today() -> date:
    """Return the day it is in the installation's time zone."""
    return localdate()


def day_of(moment: datetime) -> date:
    """Return the day the moment falls on in the installation's time zone."""
    return localdate(moment)
