"""What an uploaded file of cases holds, told before anything is written."""

from dataclasses import dataclass, field
from pathlib import Path

from builder.common.errors import BadInput
from builder.importers import read_cases
from builder.importers.open_ended import REWRITE_TAG
from builder.importers.reading import recognise
from builder.importers.workbook import read_workbook

SHOWN = 10


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One case of the file, as the preview lists it."""

    prompt_id: str
    title: str
    criteria: int
    suggested: int


@dataclass(slots=True)
class FilePreview:
    """How many cases the file holds, the first of them, and what is wrong with it."""

    file_name: str
    file_format: str
    cases: int = 0
    criteria: int = 0
    to_rewrite: int = 0
    shown: list[ShownCase] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def may_import(self) -> bool:
        """Whether an import of the file would find something and nothing wrong."""
        return bool(self.cases) and not self.problems

    @property
    def is_exam(self) -> bool:
        """Whether its cases are drafts made of exam questions."""
        return any(case.suggested for case in self.shown)


def preview_cases(path: Path, file_format: str) -> FilePreview:
    """Read the whole file and return what it holds. A workbook tells all its problems, any other file the first.

    Cost: one pass over the file, in memory one case at a time (a workbook: all).
    """
    preview = FilePreview(path.name, file_format)
    try:
        if file_format == "auto":
            preview.file_format = recognise(path)
        if preview.file_format == "xlsx":
            preview.problems = [f"{path.name}, {problem}" for problem in read_workbook(path).problems]
        if not preview.problems:
            _count(preview, path)
    except BadInput as error:
        preview.problems = [error.message]
    return preview


def _count(preview: FilePreview, path: Path) -> None:
    cases = read_cases(path, preview.file_format)
    for case in cases:
        rubrics = case.content.rubrics
        preview.cases += 1
        preview.criteria += len(rubrics)
        preview.to_rewrite += REWRITE_TAG in case.content.example_tags
        if preview.cases <= SHOWN:
            suggested = sum(each.is_suggested for each in rubrics)
            title = case.content.title or case.content.last_user_turn
            preview.shown.append(ShownCase(case.prompt_id, title, len(rubrics), suggested))
