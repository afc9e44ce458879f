"""Plain columns for a terminal or a log: cleaned, cut and aligned by cells, not by characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from psarecon.text import clean


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, its widest cell count, and whether figures align to the right."""

    title: str
    widest: int
    right: bool = False


def rows_of(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The table as lines: heading first, each column as wide as its cells, never wider than allowed."""
    cells = [[clean(cell, column.widest * 2) for cell, column in zip(row, columns, strict=True)] for row in rows]
    widths = [_width(column, [row[number] for row in cells]) for number, column in enumerate(columns)]
    for row in ([column.title for column in columns], *cells):
        fitted = (_fit(cell, width, column) for cell, width, column in zip(row, widths, columns, strict=True))
        yield "  ".join(fitted).rstrip()


def _width(column: Column, cells: Sequence[str]) -> int:
    return min(column.widest, max(map(cell_len, [column.title, *cells])))


def _fit(cell: str, width: int, column: Column) -> str:
    size = cell_len(cell)
    if size > width:
        return set_cell_size(cell, width - 1) + "…"
    return " " * (width - size) + cell if column.right else cell + " " * (width - size)
