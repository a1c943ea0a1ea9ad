"""Pure readers: a file becomes plain records, and every complaint names its line."""

from builder.importers.records import FORMATS, ImportedCase, read_cases

__all__ = ["FORMATS", "ImportedCase", "read_cases"]
