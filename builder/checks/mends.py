"""Mending a finding with one click: the content with one field replaced."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from builder.checks.findings import Finding, Mend
from builder.common.errors import BadInput
from builder.content import CaseContent, content_from_data

_ROW = re.compile(r"(prompt|rubrics|evidence)\[(\d{1,6})\](?:\.(\w+))?")


def find_mend(findings: Iterable[Finding], key: str) -> Mend | None:
    """Return the mend of the finding with this key, or None when the text has changed since."""
    return next((each.mend for each in findings if each.key == key and each.mend is not None), None)


def apply_mend(content: CaseContent, mend: Mend) -> CaseContent:
    """Return the content with the mend's field replaced; raises BadInput when there is no such field."""
    data = msgspec.to_builtins(content)
    if not _set(data, mend.field, mend.value):
        raise BadInput(_("The text changed meanwhile, so this can't be mended with one click any more."))
    return content_from_data(data)


def _set(data: dict[str, Any], field: str, value: Any) -> bool:
    if field == "reference":
        data["ideal_completions_data"] = {
            **(data.get("ideal_completions_data") or {}),
            "ideal_completion": value,
        }
        return True
    found = _ROW.fullmatch(field)
    if found is None:
        data[field] = value
        return field in CaseContent.__struct_fields__
    rows, index = data.get(found[1], []), int(found[2])
    if index >= len(rows):
        return False
    if found[3] is None:
        del rows[index]
    else:
        rows[index][found[3]] = value
    return True
