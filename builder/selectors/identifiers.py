"""The page about what identifies a person in a case, and what somebody said about it."""

from dataclasses import dataclass, field
from datetime import datetime

from builder import access
from builder.access import Act
from builder.checks.identifiers import KIND_LABELS, identifiers_in, passage_hash
from builder.models import Case, CaseState, IdentifierAttestation, User
from builder.phi import Identifier, mask
from builder.selectors.case_checks import field_target, place_in_words
from builder.selectors.cases import editor_base, head_content


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands: in words, and the id of the editor's field."""

    words: str
    field: str
    target: str


@dataclass(frozen=True, slots=True)
class FoundIdentifier:
    """One passage, masked, everywhere it stands; `reference` names it without saying it."""

    reference: str
    kind: str
    kind_label: str
    masked: str
    places: list[Place] = field(default_factory=list)
    reason: str = ""
    attested_by: str = ""
    attested_at: datetime | None = None

    @property
    def is_attested(self) -> bool:
        """Whether somebody said why it may stay."""
        return self.attested_at is not None


@dataclass(frozen=True, slots=True)
class IdentifiersPage:
    """Everything the page says; `is_draft` when it reads what this person typed and has not yet saved."""

    case: Case
    open: list[FoundIdentifier]
    attested: list[FoundIdentifier]
    is_draft: bool
    may_attest: bool


def identifiers_page(case: Case, user: User) -> IdentifiersPage:
    """Return what the page shows of the person's own draft, or of the saved text. Cost: up to four queries."""
    may_attest = case.state != CaseState.RETIRED and access.may(user, Act.WRITE_CASES, case.department)
    base = editor_base(case, user) if may_attest else None
    content = base.content if base else head_content(case)
    found = _grouped(case, identifiers_in(content))
    return IdentifiersPage(
        case=case,
        open=[each for each in found if not each.is_attested],
        attested=[each for each in found if each.is_attested],
        is_draft=bool(base and base.is_draft),
        may_attest=may_attest,
    )


def find_reference(case: Case, user: User, reference: str) -> Identifier | None:
    """Return the passage with this reference in the saved text or in the person's draft. Cost: one query."""
    contents = (head_content(case), editor_base(case, user).content)
    for content in contents:
        for found in identifiers_in(content):
            if passage_hash(case.pk, found.kind, found.passage) == reference:
                return found
    return None


def _grouped(case: Case, identifiers: list[Identifier]) -> list[FoundIdentifier]:
    rows = IdentifierAttestation.objects.filter(case=case).select_related("attested_by")
    known = {(row.kind, row.passage_hash): row for row in rows}
    found: dict[str, FoundIdentifier] = {}
    for each in identifiers:
        reference = passage_hash(case.pk, each.kind, each.passage)
        if reference not in found:
            row = known.get((each.kind, reference))
            found[reference] = FoundIdentifier(
                reference=reference,
                kind=each.kind,
                kind_label=str(KIND_LABELS[each.kind]),
                masked=mask(each.passage, each.kind),
                reason=row.reason if row else "",
                attested_by=str(row.attested_by) if row else "",
                attested_at=row.created_at if row else None,
            )
        place = Place(place_in_words(each.field), each.field, field_target(each.field))
        if place not in found[reference].places:
            found[reference].places.append(place)
    return list(found.values())
