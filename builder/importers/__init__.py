"""Pure readers: a file becomes plain records, and every complaint names its line."""

from builder.importers.reading import FORMATS, read_cases
from builder.importers.records import ImportedCase

__all__ = ["FORMATS", "ImportedCase", "read_cases"]
