"""Which passages of a case somebody attested."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from builder.checks.identifiers import passage_hash
from builder.models import Case, IdentifierAttestation

IsAttested = Callable[[str, str], bool]


def attested_in(case: Case) -> IsAttested:
    """Return what tells whether a passage of the case was attested. Cost: one query."""
    return attested_among([case])[case.pk]


def attested_among(cases: Iterable[Case]) -> dict[int, IsAttested]:
    """Return, for each of these cases, what tells whether a passage was attested. Cost: one query for all."""
    keys = [case.pk for case in cases]
    known: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    rows = IdentifierAttestation.objects.filter(case__in=keys).values_list("case_id", "kind", "passage_hash")
    for case_id, kind, hashed in rows:
        known[case_id].add((kind, hashed))
    return {key: _looking_in(key, known[key]) for key in keys}


def _looking_in(case_id: int, known: set[tuple[str, str]]) -> IsAttested:
    def is_attested(kind: str, passage: str) -> bool:
        return bool(known) and (kind, passage_hash(case_id, kind, passage)) in known

    return is_attested
