"""Finding what identifies a person in a text: own rules first, `ko-pii` for Korean, Presidio where it is switched on.

Pure: no database, no settings, no network. `find_identifiers` reads one text, `find_in_content` every text of a case.
"""

from builder.phi.content import Identifier, find_in_content
from builder.phi.masking import mask
from builder.phi.plain import same_passage
from builder.phi.scan import find_identifiers
from builder.phi.spans import KINDS, Engine, Span

__all__ = [
    "KINDS", "Engine", "Identifier", "Span", "find_identifiers", "find_in_content", "mask", "same_passage",
]  # fmt: skip
