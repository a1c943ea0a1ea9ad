"""The gate before review: no text of a case may identify a person unless somebody said why it may stay."""

from collections.abc import Iterator
from functools import cache

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.checks.findings import Check, Context, Help, Hit, Severity, Text, check
from builder.content import CaseContent
from builder.phi import Engine, Identifier, find_in_content, mask, same_passage
from builder.phi.presidio import presidio_engine

FAMILY = "identifiers"
CHECK_ID = "identifiers.person"
_SALT = "builder.identifier"

KIND_LABELS: dict[str, Text] = {
    "name": gettext_lazy("a name"),
    "birth_date": gettext_lazy("a date of birth"),
    "record_number": gettext_lazy("a record number"),
    "phone": gettext_lazy("a telephone number"),
    "email": gettext_lazy("an e-mail address"),
    "url": gettext_lazy("the address of somebody’s own page"),
    "address": gettext_lazy("a postal address"),
    "resident_number": gettext_lazy("a Korean resident or foreigner registration number"),
    "nhs_number": gettext_lazy("an NHS number"),
    "social_security": gettext_lazy("a social security number"),
    "passport": gettext_lazy("a passport number"),
    "driving_licence": gettext_lazy("a driving licence number"),
    "insurance_number": gettext_lazy("an insurance number"),
}
# In these the passage stands at its own place; elsewhere it was read together with its key.
_PLAIN_FIELDS = ("content", "criterion", "quote", "reference", "title")


def identifiers_in(content: CaseContent) -> list[Identifier]:
    """Return what identifies a person in any text of the case. Cost: linear in its texts, no query, no network."""
    return list(find_in_content(content, engines()))


@cache
def engines() -> tuple[Engine, ...]:
    """Return the engines that are asked besides the own rules: Presidio, where its setting names a model."""
    model = settings.PHI_PRESIDIO_MODEL
    return (presidio_engine(model),) if model else ()


def passage_hash(case_id: int, kind: str, passage: str) -> str:
    """Return the keyed hash under which a passage of a case is attested: it tells nothing without the secret key.

    Two spellings of one passage share it; the same passage of another case has another. A new secret key makes
    every attestation void, and the gate asks again.
    """
    value = f"{case_id}\n{kind}\n{same_passage(passage)}"
    return salted_hmac(_SALT, value.encode("utf-8", "surrogatepass"), algorithm="sha256").hexdigest()


@check(
    CHECK_ID, family=FAMILY, severity=Severity.ERROR,
    title=gettext_lazy("Something that identifies a person"),
    help=Help(
        finds=gettext_lazy(
            "A name, date of birth, record number, telephone number, address or national number stands in a text of "
            "the case."
        ),
        why=gettext_lazy(
            "Cases leave the department with a release. Remove what identifies a person, or say for each passage why "
            "it may stay: it was made up, or it is public."
        ),
        before=gettext_lazy("Mr Brockway, born on 4 March 1951, has chest pain."),
        after=gettext_lazy("A 72-year-old man has chest pain."),
    ),
)  # fmt: skip
def names_no_person(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Every identifier of the case that nobody attested."""
    for found in identifiers_in(content):
        if not context.is_attested(found.kind, found.passage):
            is_in_place = found.field.rsplit(".", 1)[-1] in _PLAIN_FIELDS
            yield Hit(
                found.field,
                _("%(passage)s looks like %(kind)s. Remove it, or say why it may stay.")
                % {"passage": mask(found.passage, found.kind), "kind": KIND_LABELS[found.kind]},
                span=(found.start, found.end) if is_in_place else None,
            )


IDENTIFIER_CHECKS: tuple[Check, ...] = (names_no_person,)
