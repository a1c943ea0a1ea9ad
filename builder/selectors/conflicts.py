"""Two texts of one case, when somebody saved while somebody else was writing."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from builder.common.errors import Conflict
from builder.content import CaseContent, content_from_data
from builder.models import Case, User
from builder.selectors.cases import EditorBase, own_draft
from builder.selectors.changes import Changes, compare


@dataclass(frozen=True, slots=True)
class CaseConflict:
    """Both texts part by part, and what to go on from when one keeps one's own."""

    message: str
    changes: Changes
    their_version: int
    their_sequence: int
    is_other_window: bool


def conflict_of_save(
    error: Conflict, case: Case, user: User, mine: CaseContent, sequence: int
) -> CaseConflict:  # fmt: skip
    """Return what a refused save shows. `error` carries the other text and its version.

    `sequence` is the draft's number the window knows: only when it is shown the draft's newer text may it go on from
    the newer number.
    """
    theirs = error.data.get("theirs") or {"prompt": [], "rubrics": []}
    draft = own_draft(case, user)
    version = int(error.data.get("version", case.version))
    # The text that stands in the way is either the newest revision or the person's own draft.
    is_other_window = draft is not None and draft.base_version == version and theirs == draft.content
    return CaseConflict(
        message=error.message,
        changes=compare(content_from_data(theirs), mine),
        their_version=version,
        their_sequence=draft.sequence if draft and is_other_window else sequence,
        is_other_window=is_other_window,
    )


def conflict_of_draft(case: Case, base: EditorBase) -> CaseConflict | None:
    """Return what a draft shows that is opened after a colleague saved a newer revision; else None."""
    if case.head is None or base.base_version == case.version:
        return None
    message = _("%(person)s saved revision %(number)s after you began this draft. Nothing was overwritten.")
    return CaseConflict(
        message=message % {"person": case.head.author, "number": case.version},
        changes=compare(case.head.content, base.content),
        their_version=case.version,
        their_sequence=base.sequence,
        is_other_window=False,
    )
