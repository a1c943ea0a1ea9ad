"""What a format is, and what every writer shares."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from exports.records import CaseRecord

# (records, directory, canary): writes the format's files into the directory, streaming.
Writer = Callable[[Iterable[CaseRecord], Path, str], None]


@dataclass(frozen=True, slots=True)
class BundleFormat:
    """One format a release can leave in; `file_name` is the data file with one line per case."""

    name: str
    label: str
    file_name: str
    write: Writer
    description: str


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write the lines as UTF-8 with line feeds; holds one line in memory."""
    with path.open("w", encoding="utf-8", newline="\n") as target:
        for line in lines:
            target.write(line)
            target.write("\n")
