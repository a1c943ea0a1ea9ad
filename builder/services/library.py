"""The library of criteria, the templates of cases and the vocabulary of tags: what authors reuse."""

from collections.abc import Iterable

import msgspec
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.checks import check_content
from builder.common.canonical_json import sha256_text
from builder.common.errors import BadInput, Conflict, NotFound
from builder.content import CaseContent, Criterion, Turn
from builder.models import CaseTemplate, Department, DepartmentTag, LibraryCriterion, User
from builder.search_text import index_text
from builder.services.audit import record
from builder.similarity import normalised

MAX_CHARACTERS = 2_000
MAX_TAGS = 500
MAX_NAME = 120
# The faults of a criterion that no case could mend.
_FAULTS = ("rubric.points", "rubric.empty_criterion", "rubric.red_line_sign")


@transaction.atomic
def add_to_library(
    *, criterion: Criterion, department: Department | None, by: User, is_consensus: bool = False
) -> LibraryCriterion:
    """Keep a criterion for reuse in a department, or (without one) in the whole organization.

    Marking a criterion as consensus is for leads, and so is the organization's library. Raises Conflict for a
    criterion that is there already, whatever its spaces and capitals.
    """
    if department is None or is_consensus:
        access.require_lead(by, department)
    else:
        access.require(by, Act.WRITE_CASES, department)
    _check(criterion)
    row = LibraryCriterion(
        department=department, criterion=criterion.criterion.strip(), points=criterion.points,
        tags=list(criterion.tags), red_line=criterion.red_line, guideline=criterion.guideline[:300],
        jurisdiction=criterion.jurisdiction[:100], is_consensus=is_consensus, created_by=by,
        text_hash=sha256_text(normalised(criterion.criterion)),
        tokens=index_text([criterion.criterion, criterion.guideline]),
    )  # fmt: skip
    if _brought_back(row):
        raise Conflict(_("The library already has this criterion."), field="criterion")
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict(_("The library already has this criterion."), field="criterion") from error
    record(by=by, verb="library:add", what=row, department=department, after=row.text_hash)
    return row


@transaction.atomic
def retire_from_library(*, row: LibraryCriterion, by: User) -> LibraryCriterion:
    """Take a criterion out of the library; cases that use it keep it."""
    if row.department is None or row.is_consensus:
        access.require_lead(by, row.department)
    else:
        access.require(by, Act.WRITE_CASES, row.department)
    locked = LibraryCriterion.objects.select_for_update(no_key=True).get(pk=row.pk)
    if not locked.is_retired:
        locked.is_retired = True
        locked.save(update_fields=["is_retired"])
        record(by=by, verb="library:retire", what=locked, department=row.department, before=locked.text_hash)
    return locked


@transaction.atomic
def keep_template(*, department: Department, name: str, content: CaseContent, by: User) -> CaseTemplate:
    """Keep a case's content as a template under a name; the same name again replaces what it held."""
    access.require(by, Act.WRITE_CASES, department)
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise BadInput(_("Give the template a name of one line."), field="name")
    template, _created = CaseTemplate.objects.update_or_create(
        department=department, name=name, defaults={"content": msgspec.to_builtins(content), "created_by": by}
    )
    record(by=by, verb="template:keep", what=template, department=department, name=name)
    return template


@transaction.atomic
def remove_template(*, template: CaseTemplate, by: User) -> None:
    """Remove a template; cases that began from it keep their text."""
    access.require(by, Act.WRITE_CASES, template.department)
    locked = CaseTemplate.objects.select_for_update().filter(pk=template.pk).first()
    if locked is None:
        raise NotFound(_("Somebody removed this template already."))
    record(by=by, verb="template:remove", what=locked, department=template.department, name=locked.name)
    locked.delete()


@transaction.atomic
def set_tags(*, department: Department, tags: Iterable[str], by: User) -> list[DepartmentTag]:
    """Make these the department's vocabulary; cases that carry another tag keep it."""
    access.require(by, Act.CHANGE_SETTINGS, department)
    wanted = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if len(wanted) > MAX_TAGS:
        raise BadInput(_("A vocabulary has at most %(limit)s tags.") % {"limit": MAX_TAGS}, field="tags")
    for tag in wanted:
        if len(tag) > 100 or not tag.isprintable():
            raise BadInput(
                _("A tag is one line of up to 100 characters: %(tag).40s") % {"tag": tag}, field="tags"
            )
    # One after the other: of two lists sent at once the later stands, not a mixture that nobody wrote.
    Department.objects.select_for_update(no_key=True).get(pk=department.pk)
    DepartmentTag.objects.filter(department=department).exclude(tag__in=wanted).delete()
    DepartmentTag.objects.bulk_create(
        [DepartmentTag(department=department, tag=tag) for tag in wanted], ignore_conflicts=True
    )
    record(by=by, verb="department:tags", what=department, department=department, tags=wanted)
    return list(DepartmentTag.objects.filter(department=department))


def _check(criterion: Criterion) -> None:
    if len(criterion.criterion) > MAX_CHARACTERS:
        raise BadInput(
            _("A criterion has at most %(limit)s characters.") % {"limit": MAX_CHARACTERS}, field="criterion"
        )
    content = CaseContent(prompt=[Turn("user", "-")], rubrics=[criterion])
    for finding in check_content(content):
        if finding.check_id in _FAULTS:
            raise BadInput(finding.message, field=finding.field.rpartition(".")[2])


def _brought_back(row: LibraryCriterion) -> bool:
    """Whether the same criterion stands in the library; a retired one makes way for the new row."""
    same = LibraryCriterion.objects.filter(department=row.department, text_hash=row.text_hash)
    same.filter(is_retired=True).delete()
    return same.exists()
