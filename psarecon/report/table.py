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
    plan = [(width, column.right) for width, column in zip(widths, columns, strict=True)]
    for row in ([column.title for column in columns], *cells):
        fitted = [_fit(cell, width, right) for cell, (width, right) in zip(row, plan, strict=True)]
        yield "  ".join(fitted).rstrip()


def _width(column: Column, cells: Sequence[str]) -> int:
    texts = [column.title, *cells]
    size = len if all(map(str.isascii, texts)) else cell_len  # what is cleaned has no sign without a cell
    return min(column.widest, max(map(size, texts)))


def _fit(cell: str, width: int, right: bool) -> str:  # noqa: FBT001 - of a column
    if cell.isascii() and len(cell) <= width:
        return cell.rjust(width) if right else cell.ljust(width)
    size = cell_len(cell)
    if size > width:
        return set_cell_size(cell, width - 1) + "…"
    return " " * (width - size) + cell if right else cell + " " * (width - size)
