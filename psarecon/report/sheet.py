"""Lines of Markdown that never take more than so many bytes: what does not fit is left to be counted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from psarecon.report.entries import FIGURES


def size(lines: Sequence[str]) -> int:
    """The bytes of these lines in UTF-8, each with its line end."""
    return sum(len(line.encode()) + 1 for line in lines)


class Sheet:
    """``lines`` so far, and ``room``: how many bytes may still come."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.lines: list[str] = []

    def fits(self, *lines: str) -> bool:
        """Whether all of these still fit."""
        return size(lines) <= self.room

    def add(self, *lines: str) -> bool:
        """Add these lines, all or none of them; answers whether they are there."""
        fitting = self.fits(*lines)
        if fitting:
            self.room -= size(lines)
            self.lines.extend(lines)
        return fitting

    def table(self, columns: Sequence[str], rows: Sequence[str]) -> int:
        """Add a table of as many rows as fit, and an empty line; answers how many. No table without a row."""
        head = (_head(columns), "|" + "".join("--:|" if name in FIGURES else "---|" for name in columns))
        if not rows or not self.fits(*head, rows[0], ""):
            return 0
        self.add(*head)
        self.room -= 1  # for the line that ends the table
        shown = len(list(takewhile(self.add, rows)))
        self.room += 1
        self.add("")
        return shown


def _head(columns: Sequence[str]) -> str:
    """The headings; with room to break in the long ones, since comments are narrow."""
    return table_row([name.replace("/", " / ") for name in columns])


def table_row(cells: Sequence[str]) -> str:
    """A table's row; the cells are escaped already."""
    return f"| {' | '.join(cells)} |"
