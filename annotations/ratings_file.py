"""A long CSV of ratings, `unit,rater,value`: read fast, or refused in one sentence that names the line."""

import csv
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotations.stats import RatingTable

COLUMNS = ("unit", "rater", "value")
MISSING = ("", "NA", "NaN", "nan")  # a value written so is missing; any other text is a value
Codes = NDArray[np.int64]
Labels = NDArray[Any]


class BadRatingsFile(ValueError):
    """The file can't be used; the text is one sentence that names the file and the line."""


def read_ratings(path: str, *, metric: str = "nominal", cluster: str | None = None) -> RatingTable:
    """Return the ratings of a file, with the column `cluster`, if any, as the clusters of its units.

    Units and raters are taken as written (01 isn't 1); values are numbers when all of them are. Raises BadRatingsFile
    for whatever can't be used, also for values that the metric of Krippendorff's alpha does not allow. Cost: about one
    second for a million lines; the line of an error is found by reading the file once more.
    """
    return _Reader(path).table(metric, cluster)


class _Reader:
    """One file on its way to a table."""

    def __init__(self, path: str) -> None:
        self.path = path

    def table(self, metric: str, cluster: str | None) -> RatingTable:
        wanted = [*COLUMNS, cluster] if cluster else list(COLUMNS)
        frame = self._frame(wanted)
        unit, unit_labels = self._labels(frame, "unit")
        rater, rater_labels = self._labels(frame, "rater")
        self._refuse_duplicates(unit, rater, unit_labels, rater_labels)
        clusters = None
        if cluster:
            clusters, cluster_labels = self._labels(frame, cluster)
            self._refuse_two_clusters(unit, clusters, unit_labels, cluster_labels)
        code, used = pd.factorize(frame["value"].to_numpy())
        values = self._values(code, used, metric)
        kept = np.flatnonzero(code >= 0)
        order = np.argsort(rater_labels)  # raters are listed by name, not in the order of the lines
        table = RatingTable.from_long(
            unit[kept],
            np.argsort(order)[rater[kept]],
            values[code[kept]],
            cluster=None if clusters is None else clusters[kept],
            missing_code=None,
        )
        names = rater_labels[order][table.rater_names]
        return replace(table, rater_labels=names, n_missing=len(frame) - len(kept))

    def _frame(self, wanted: list[str]) -> pd.DataFrame:
        """Return the columns as the texts they hold."""
        width = self._check_header(wanted)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame = pd.read_csv(
                    self.path, dtype=object, encoding="utf-8-sig", index_col=False,
                    keep_default_na=False, na_values={"value": list(MISSING)},
                )  # fmt: skip
        except (ValueError, OSError, pd.errors.ParserWarning) as error:
            self._refuse_unreadable(error, width)
        if frame.empty:
            self._refuse("a rating was expected, but the file holds none", line=2)
        return frame[wanted]

    def _check_header(self, wanted: list[str]) -> int:
        try:
            line, header = next(self._rows(), (1, []))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            self._refuse_unreadable(error, 0)
        if not header:
            self._refuse(f"the columns {', '.join(wanted)} were expected, but the file is empty", line=1)
        for column in wanted:
            if column not in header:
                self._refuse(f"the columns {', '.join(wanted)} were expected; {column} is missing", line=line)
            if header.count(column) > 1:
                self._refuse(f"the column {column} stands there twice", line=line)
        return len(header)

    def _labels(self, frame: pd.DataFrame, column: str) -> tuple[Codes, Labels]:
        codes, labels = pd.factorize(frame[column].to_numpy())
        empty = (codes < 0) | np.isin(codes, np.flatnonzero(labels == ""))
        if empty.any():
            self._refuse(f"{column} is empty", row=int(empty.argmax()))
        return codes, labels

    def _refuse_duplicates(self, unit: Codes, rater: Codes, units: Labels, raters: Labels) -> None:
        twice = pd.Series(unit * len(raters) + rater).duplicated().to_numpy()
        if twice.any():
            row = int(twice.argmax())
            problem = f"unit {units[unit[row]]} already has a rating by rater {raters[rater[row]]}"
            self._refuse(problem, row=row)

    def _refuse_two_clusters(self, unit: Codes, cluster: Codes, units: Labels, clusters: Labels) -> None:
        first = np.empty(len(units), dtype=np.int64)
        first[unit[::-1]] = cluster[::-1]
        astray = first[unit] != cluster
        if astray.any():
            row = int(astray.argmax())
            here, before = clusters[cluster[row]], clusters[first[unit[row]]]
            self._refuse(f"unit {units[unit[row]]} is in cluster {here}, but in {before} above", row=row)

    def _values(self, code: Codes, used: Labels, metric: str) -> NDArray[Any]:
        """Return the values behind the codes: numbers when all are numbers, else texts."""
        numbers = pd.to_numeric(pd.Series(used, dtype=object), errors="coerce").to_numpy()
        is_number = ~np.isnan(numbers.astype(np.float64))
        if not is_number.any():
            if len(used) and metric != "nominal":
                self._refuse(
                    f"the {metric} metric needs numbers, but the value is the text {used[0]}",
                    row=_first(code, 0),
                )
            return used
        if not is_number.all():
            other = int((is_number != is_number[0]).argmax())
            kinds = ("text", "a number") if is_number[0] else ("a number", "text")
            problem = f"the value {used[other]} is {kinds[0]}, but the values above are {kinds[1]}"
            self._refuse(problem.replace("are a number", "are numbers"), row=_first(code, other))
        bad = ~np.isfinite(numbers) | ((numbers < 0) & (metric == "ratio"))
        if bad.any():
            place = int(bad.argmax())
            wanted = "finite numbers" if not np.isfinite(numbers[place]) else "numbers of zero or more"
            self._refuse(
                f"the {metric} metric needs {wanted}, but the value is {used[place]}", row=_first(code, place)
            )
        return np.asarray(numbers)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the last line and the fields of each row that isn't blank: what pandas counts as rows."""
        with Path(self.path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for fields in reader:
                if fields and (len(fields) > 1 or fields[0].strip()):
                    yield reader.line_num, fields

    def _refuse_unreadable(self, error: Exception, width: int) -> NoReturn:
        if isinstance(error, OSError):
            self._refuse(f"can't be read: {error.strerror or error}")
        if isinstance(error, UnicodeDecodeError):
            self._refuse("the text is not UTF-8: save the file as CSV UTF-8", line=self._undecodable_line())
        try:
            for line, fields in self._rows():
                if len(fields) > width > 0:
                    self._refuse(f"{width} fields were expected, but there are {len(fields)}", line=line)
        except csv.Error as problem:
            error = problem
        self._refuse(f"can't be read as CSV: {str(error).strip().rstrip('.')}")

    def _undecodable_line(self) -> int:
        with Path(self.path).open("rb") as file:
            for line, content in enumerate(file, start=1):
                if content.decode("utf-8", errors="ignore").encode() != content:
                    return line
        return 1

    def _refuse(self, problem: str, *, line: int | None = None, row: int | None = None) -> NoReturn:
        """End with the sentence; `row` counts the ratings from 0."""
        if row is not None:
            line = next(number for place, (number, _fields) in enumerate(self._rows()) if place == row + 1)
        where = f"{self.path}: " if line is None else f"{self.path}, line {line}: "
        raise BadRatingsFile(f"{where}{problem}.")


def _first(code: Codes, wanted: int) -> int:
    return int((code == wanted).argmax())
