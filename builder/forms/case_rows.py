"""The texts of the case editor, between a case's content and the form's fields.

Every row carries its origin: the row's content as it was when the form was made, in JSON, in a hidden field. What the
form doesn't show comes back from there untouched, wherever the row has moved, with or without script.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _
from msgspec import UNSET

from builder.checks import Mend
from builder.common.canonical_json import canonical_json
from builder.common.errors import BadInput
from builder.content import AXIS_PREFIX, THEME_PREFIX, CaseContent, Criterion, Evidence, Role, Turn

T = TypeVar("T", CaseContent, Turn, Criterion, Evidence)

# The texts of one row as the form shows them; the cited evidence is a list, everything else a text.
Row = dict[str, Any]

HEAD = ("title", "kind", "language", "theme", "tags", "reference")
SECTIONS = {
    "turns": ("role", "content"),
    "evidence": ("quote", "source", "edition", "date", "url", "jurisdiction", "review_by"),
    "rubrics": ("criterion", "points", "axis", "red_line", "guideline", "jurisdiction", "suggested"),
}
MAX_ROWS = 400
_KEY = re.compile(r"(turns|evidence|rubrics)-(\d{1,4})-")
_MOVE = re.compile(r"(add|remove|up|down|move)-(turns|evidence|rubrics)(?:-(\d{1,4}))?(?:-(\d{1,4}))?")
_MENDED = re.compile(r"(prompt|evidence|rubrics)\[(\d+)\](\.\w+)?")
_NUMBER = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,6})?")


@dataclass
class CaseRows:
    """Everything the editor's form says."""

    head: Row = field(default_factory=dict)
    turns: list[Row] = field(default_factory=list)
    evidence: list[Row] = field(default_factory=list)
    rubrics: list[Row] = field(default_factory=list)
    # The id of the element a person should stand on after a row was added or moved.
    focus: str = ""

    def section(self, name: str) -> list[Row]:
        """Return the rows of `turns`, `evidence` or `rubrics`."""
        rows: list[Row] = getattr(self, name)
        return rows


def rows_from_content(content: CaseContent) -> CaseRows:
    """Return what the form shows of a content."""
    rest = msgspec.structs.replace(content, prompt=[], rubrics=[], evidence=[])
    head = {
        "title": content.title,
        "kind": content.kind,
        "language": content.language,
        "theme": content.theme,
        "tags": "\n".join(_other_tags(content)),
        "reference": content.reference_answer,
        "origin": _pack(rest),
    }
    return CaseRows(
        head=head,
        turns=[
            {"role": turn.role, "content": turn.content, "origin": _pack(turn)} for turn in content.prompt
        ],
        evidence=[
            {**{name: getattr(item, name) for name in SECTIONS["evidence"]}, "origin": _pack(item)}
            for item in content.evidence
        ],
        rubrics=[_criterion_row(criterion) for criterion in content.rubrics],
    )


def rows_from_post(post: QueryDict) -> CaseRows:
    """Return what was typed, in as many rows as were sent: whoever stores them calls `refuse_excess` first."""
    rows = CaseRows(head={name: _posted(post, name) for name in (*HEAD, "origin")})
    for section, names in SECTIONS.items():
        indexes = sorted(
            {int(found[2]) for key in post if (found := _KEY.match(key)) and found[1] == section}
        )
        for index in indexes:
            prefix = f"{section}-{index}"
            row: Row = {name: _posted(post, f"{prefix}-{name}") for name in (*names, "origin", "open")}
            if section == "rubrics":
                row["evidence"] = post.getlist(f"{prefix}-evidence")
            rows.section(section).append(row)
    return rows


def refuse_excess(rows: CaseRows) -> None:
    """Raise BadInput for more rows than people can work on; a form that shows them again loses none."""
    if any(len(rows.section(section)) > MAX_ROWS for section in SECTIONS):
        raise BadInput(_("A case has at most %(number)s rows of a kind.") % {"number": MAX_ROWS})


def mended_rows(rows: CaseRows, content: CaseContent, mend: Mend) -> CaseRows:
    """Return the rows of a mended content; which rows stand open, and points that are no number yet, stay."""
    new = rows_from_content(content)
    for section in SECTIONS:
        old = list(rows.section(section))
        place = _MENDED.fullmatch(mend.field)
        if place and place[1] == section.replace("turns", "prompt") and mend.value is None and not place[3]:
            del old[int(place[2])]
        for before, after in zip(old, new.section(section), strict=False):
            after["open"] = before.get("open", "")
            if section == "rubrics" and after["points"] == "" and parse_points(before["points"]) is None:
                after["points"] = before["points"]
        if (
            place
            and place[1] == section.replace("turns", "prompt")
            and int(place[2]) < len(new.section(section))
        ):
            new.section(section)[int(place[2])]["open"] = "1"
    return new


def content_from_rows(rows: CaseRows) -> CaseContent:
    """Return the content the rows say. Points that are no number become 0, which the checks then report."""
    base = _unpack(rows.head.get("origin", ""), CaseContent) or CaseContent(prompt=[], rubrics=[])
    head = rows.head
    return msgspec.structs.replace(
        base,
        prompt=[_turn(row) for row in rows.turns],
        rubrics=[_criterion(row) for row in rows.rubrics],
        evidence=[_evidence(row) for row in rows.evidence],
        title=_kept(head["title"], base.title),
        kind=_kept(head["kind"], base.kind),
        language=_kept(head["language"], base.language),
        example_tags=_example_tags(head, base),
        ideal_completions_data=_ideal(head["reference"], base),
    )


def change_rows(rows: CaseRows, action: str) -> bool:
    """Add, remove or move a row as a button said, such as `up-rubrics-3` or `move-rubrics-3-0`.

    Returns False when it is no such button.
    """
    found = _MOVE.fullmatch(action)
    if found is None:
        return False
    verb, section = found[1], found[2]
    items, index = rows.section(section), int(found[3] or 0)
    if verb == "add":
        items.append(_new_row(section, rows))
        rows.focus = f"{section}-{len(items) - 1}-{SECTIONS[section][0 if section != 'turns' else 1]}"
    elif index < len(items):
        target = {"remove": index, "up": index - 1, "down": index + 1, "move": int(found[4] or 0)}[verb]
        row = items.pop(index)
        if verb != "remove":
            items.insert(max(target, 0), row)
        rows.focus = _focus_after(verb, section, max(target, 0), len(items))
    return True


def append_criterion(rows: CaseRows, criterion: Criterion) -> None:
    """Add a copy of a criterion as the last row, open to be looked at."""
    new = msgspec.structs.replace(criterion, criterion_id=f"c-{secrets.token_hex(4)}")
    rows.rubrics.append({**_criterion_row(new), "open": "1"})
    rows.focus = f"rubrics-{len(rows.rubrics) - 1}-criterion"


def parse_points(text: str) -> int | float | None:
    """Return the number somebody typed, or None: a typeset minus and full-width digits count as what they mean."""
    plain = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text.strip())
    plain = plain.replace("−", "-").replace("－", "-").replace("＋", "+").replace("．", ".").replace("–", "-")
    if not _NUMBER.fullmatch(plain):
        return None
    return float(plain) if "." in plain else int(plain)


def passages(rows: CaseRows) -> list[tuple[str, str]]:
    """Return the evidence a criterion can cite: its id, and how it reads in a list."""
    choices = []
    for number, row in enumerate(rows.evidence, start=1):
        item = _unpack(row.get("origin", ""), Evidence)
        label = str(row.get("source") or row.get("quote") or "")[:80]
        choices.append((item.evidence_id if item else "", f"{number}. {label}"))
    return choices


def _new_row(section: str, rows: CaseRows) -> Row:
    """Return an empty row. Its id is fixed here, so that the row keeps it through every save."""
    if section == "turns":
        role = "assistant" if rows.turns and rows.turns[-1]["role"] == "user" else "user"
        return {"role": role, "content": "", "origin": "", "open": "1"}
    if section == "evidence":
        taken = {identifier for identifier, _label in passages(rows)}
        number = next(number for number in range(1, MAX_ROWS + 2) if f"e{number}" not in taken)
        origin = _pack(Evidence(evidence_id=f"e{number}", quote="", source=""))
    else:
        origin = _pack(Criterion(criterion="", points=0, criterion_id=f"c-{secrets.token_hex(4)}"))
    row: Row = {**dict.fromkeys(SECTIONS[section], ""), "origin": origin, "open": "1"}
    return {**row, "evidence": []} if section == "rubrics" else row


def _focus_after(verb: str, section: str, target: int, count: int) -> str:
    if verb == "remove":
        return f"{section}-{min(target, count - 1)}-remove" if count else f"add-{section}"
    if verb == "move":
        verb = "up"
    # At an end of the list the button that led there is gone, so its neighbour takes over.
    if verb == "up" and target == 0:
        verb = "down"
    elif verb == "down" and target >= count - 1:
        verb = "up"
    return f"{section}-{min(target, count - 1)}-{verb}"


def _criterion_row(criterion: Criterion) -> Row:
    return {
        "criterion": criterion.criterion,
        "points": "" if criterion.points == 0 else str(criterion.points),
        "axis": criterion.axis,
        "red_line": "on" if criterion.red_line else "",
        "guideline": criterion.guideline,
        "jurisdiction": criterion.jurisdiction,
        "evidence": criterion.evidence,
        "suggested": "1" if criterion.is_suggested else "",
        "origin": _pack(criterion),
    }


def _turn(row: Row) -> Turn:
    base = _unpack(row["origin"], Turn)
    role: Role = row["role"] if row["role"] in ("system", "user", "assistant") else "user"
    return Turn(role, _kept(row["content"], base.content if base else "", multiline=True))


def _criterion(row: Row) -> Criterion:
    base = _unpack(row["origin"], Criterion) or Criterion(criterion="", points=0)
    points = parse_points(row["points"])
    axis = _kept(row["axis"].strip(), base.axis)
    cited = list(dict.fromkeys(row["evidence"]))
    text = _kept(row["criterion"], base.criterion, multiline=True)
    return msgspec.structs.replace(
        base,
        criterion=text,
        points=base.points if points == base.points else points or 0,
        tags=base.tags if axis == base.axis else _with_tag(base.tags, AXIS_PREFIX, axis),
        red_line=bool(row["red_line"]),
        guideline=_kept(row["guideline"], base.guideline),
        jurisdiction=_kept(row["jurisdiction"], base.jurisdiction),
        evidence=base.evidence if set(cited) == set(base.evidence) else cited,
        # Whoever rewrites a suggested criterion has taken it over.
        extra=base.extra if row["suggested"] and text == base.criterion else base.confirmed_extra,
    )


def _evidence(row: Row) -> Evidence:
    base = _unpack(row["origin"], Evidence) or Evidence(evidence_id="", quote="", source="")
    texts = {
        name: _kept(row[name], getattr(base, name), multiline=name == "quote")
        for name in SECTIONS["evidence"]
    }
    return msgspec.structs.replace(base, **texts)


def _example_tags(head: Mapping[str, Any], base: CaseContent) -> list[str]:
    others = _other_tags(base)
    typed = [line.strip() for line in head["tags"].split("\n") if line.strip()]
    theme = _kept(head["theme"].strip(), base.theme)
    if typed == [tag.strip() for tag in others if tag.strip()]:
        return base.example_tags if theme == base.theme else _with_tag(base.example_tags, THEME_PREFIX, theme)
    place = next((place for place, tag in enumerate(base.example_tags) if tag.startswith(THEME_PREFIX)), 0)
    return typed[:place] + ([f"{THEME_PREFIX}{theme}"] if theme else []) + typed[place:]


def _other_tags(content: CaseContent) -> list[str]:
    """Return the tags without the first theme, which has a field of its own."""
    first = next((tag for tag in content.example_tags if tag.startswith(THEME_PREFIX)), None)
    others = list(content.example_tags)
    if first is not None:
        others.remove(first)
    return others


def _with_tag(tags: list[str], prefix: str, value: str) -> list[str]:
    """Return the tags with the first one of this prefix replaced, added at the end, or taken away."""
    new = [f"{prefix}{value}"] if value else []
    place = next((place for place, tag in enumerate(tags) if tag.startswith(prefix)), len(tags))
    return tags[:place] + new + tags[place + 1 :]


def _ideal(reference: str, base: CaseContent) -> Any:
    text = _kept(reference, base.reference_answer, multiline=True)
    if text == base.reference_answer:
        return base.ideal_completions_data
    rest = base.ideal_completions_data if isinstance(base.ideal_completions_data, dict) else {}
    if not text and not set(rest) - {"ideal_completion"}:
        return UNSET
    return {**rest, "ideal_completion": text}


def _kept(typed: str, original: str, *, multiline: bool = False) -> str:
    """Return the original where the typed text is the same to a reader: browsers rewrite line ends in passing."""
    if multiline:
        return original if typed == _lines(original) else typed
    return original if typed == "".join(_lines(original).split("\n")).strip() else typed


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _posted(post: QueryDict, name: str) -> str:
    # A NUL can't be stored by PostgreSQL and says nothing.
    text = _lines(post.get(name) or "").replace("\x00", "")
    return text.strip() if name.rpartition("-")[2] in _SINGLE_LINES else text


_SINGLE_LINES = frozenset(
    name
    for name in (*HEAD, *(name for names in SECTIONS.values() for name in names))
    if name not in ("tags", "reference", "content", "criterion", "quote")
)


def _pack(value: CaseContent | Turn | Criterion | Evidence) -> str:
    return canonical_json(msgspec.to_builtins(value))


def _unpack(text: str, kind: type[T]) -> T | None:
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(
            _("A hidden part of the form was damaged. Open the case again and repeat the change.")
        ) from error
