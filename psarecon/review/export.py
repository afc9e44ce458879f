"""The shown list as plain text, for a file or the clipboard."""

from __future__ import annotations

from collections.abc import Sequence

from psarecon.report.table import Column, rows_of
from psarecon.review.board import Board
from psarecon.review.opened import Row
from psarecon.text import plain, signed, unit_money

_COLUMNS = (
    Column("Decision", 8),
    Column("Risk", 5),
    Column("Client", 60),
    Column("Product", 30),
    Column("Line", 40),
    Column("Quantity", 24, right=True),
    Column("Unit cost", 20, right=True),
    Column("From", 10),
    Column("Cost/month", 14, right=True),
    Column("Why", 30),
    Column("Change", 12),
)


def shown_text(rows: Sequence[Row], board: Board) -> list[str]:
    """A heading and one line for each row."""
    return list(rows_of(_COLUMNS, [_cells(row, board) for row in rows]))


def _cells(row: Row, board: Board) -> tuple[str, ...]:
    cost = "?" if row.cost_after is None else unit_money(row.cost_after)
    if row.cost_before is not None and row.cost_before != row.cost_after:
        cost = f"{unit_money(row.cost_before)} → {cost}"
    return (
        board.state(row),
        row.severity.value if row.severity else "",
        row.client,
        row.product,
        row.line,
        f"{plain(row.before)} → {plain(row.after)}" if row.moves else plain(row.before),
        cost,
        row.since,
        signed(row.cost_change),
        ", ".join(row.causes),
        row.id,
    )
