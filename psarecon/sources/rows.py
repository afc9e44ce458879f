"""One usage file as rows, with everything that is wrong in it told by file and line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from psarecon.config.documents import MOST_BYTES, Items, parse_document
from psarecon.domain.model import Place
from psarecon.text import clean

COLUMNS = ("organization", "metric", "count", "date")
_METRIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: how many of a metric an organization had on a day."""

    organization: str
    metric: str
    count: int
    day: date
    place: Place


@dataclass(slots=True)
class UsageFile:
    """A file's rows and errors; with an error none of its rows counts. ``whole``: every row could be told apart."""

    name: str
    rows: list[Row] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    whole: bool = True

    def may_name(self, organization: str) -> bool:
        """Whether a row of the file is, or could be, about the organization."""
        return not self.whole or organization in self.named

    def refuse(self, line: int, text: str) -> None:
        """Note an error at a line (1-based)."""
        self.errors.append(f"{self.name}:{line}: {text}")


class _Bad(Exception):
    """Half a sentence: what is wrong with a row."""


def read_usage_file(path: Path, name: str, today: date) -> UsageFile:
    """Read a .csv or .json file. Never raises for what it holds. ``today`` is the last day a row may be about."""
    file = UsageFile(name)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        return _unreadable(file, f"cannot be read: {error.strerror or type(error).__name__}")
    if len(raw) > MOST_BYTES:
        return _unreadable(file, f"the file is larger than {MOST_BYTES // 2**20} MiB: split it")
    reader = {".csv": _csv_rows, ".json": _json_rows}.get(path.suffix.lower())
    if reader is None:
        return _unreadable(file, "the file is neither .csv nor .json")
    for line, record in reader(file, raw):
        _add(file, line, record, today)
    return file


def _unreadable(file: UsageFile, text: str, line: int = 1) -> UsageFile:
    file.refuse(line, text)
    file.whole = False
    return file


def _csv_rows(file: UsageFile, raw: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows with the line each ends in; the first line names the columns, others than ours are passed over."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _unreadable(file, "the file is not UTF-8 text", raw[: error.start].count(b"\n") + 1)
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restval="")
    try:
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            _unreadable(
                file, f"the first line must name the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
            )
            return
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        _unreadable(file, f"not CSV: {error}", reader.reader.line_num)


def _json_rows(file: UsageFile, raw: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The items of a list, with the line each begins in."""
    document = parse_document(raw, file.name)
    for found in document.found:
        _unreadable(file, found.problem.message, found.problem.line)
    if document.found:
        return
    if not isinstance(document.data, Items):
        _unreadable(file, "a JSON file holds a list of rows")
        return
    for line, record in zip(document.data.lines, document.data, strict=True):
        if isinstance(record, dict):
            yield line, record
        else:
            _unreadable(file, f"a row must be an object with {', '.join(COLUMNS)}", line)


def _add(file: UsageFile, line: int, record: Mapping[str, Any], today: date) -> None:
    """Keep the row, or note what is wrong with it; a row without an organization could be about anybody."""
    organization = record.get("organization")
    if not isinstance(organization, str) or not organization.strip():
        _unreadable(file, "organization is missing", line)
        return
    organization = organization.strip()
    file.named.add(organization)
    try:
        _too_many(record)
        file.rows.append(_row(organization, record, Place(file.name, line), today))
    except _Bad as error:
        file.refuse(line, f"{clean(organization, 60)!r}: {error}")


def _too_many(record: Mapping[str, Any]) -> None:
    """More cells than columns: a comma too many may have moved the others (``None`` is where csv puts them)."""
    if None in record:
        raise _Bad("the row has more cells than the first line names")


def _row(organization: str, record: Mapping[str, Any], place: Place, today: date) -> Row:
    metric, count = _text(record, "metric"), _text(record, "count")
    if not _METRIC.fullmatch(metric):
        raise _Bad("metric must be a name such as users")
    if not _COUNT.fullmatch(count):
        raise _Bad(f"count must be a whole number of at least 0, not {clean(count, 30)!r}")
    return Row(organization, metric, int(count), _day(_text(record, "date"), today), place)


def _text(record: Mapping[str, Any], column: str) -> str:
    value = record.get(column)
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise _Bad(f"date must be a day such as 2026-11-20, not {clean(text, 30)!r}")
    if day > today:
        raise _Bad(f"date {day} is in the future")
    return day
