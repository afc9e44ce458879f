"""One line of the list: a change or a group of changes, in as many columns as there is room for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from psarecon.domain.model import Severity
from psarecon.review.board import WORDS, Board, Group
from psarecon.review.opened import Row
from psarecon.review.spans import Role, Span, Spans, fit
from psarecon.text import plain, signed, signed_count, unit_money

#: Decision and risk, each a sign for itself: what they mean never rests on colour.
MARKS = {
    "open": "·",
    "lapsed": "°",
    "approve": "✓",
    "reject": "✗",
    "hold": "~",
    "blocked": " ",
    "written": "■",
    "in doubt": "?",
}
RISKS = {Severity.BLOCK: "B", Severity.LOOK: "!", None: " "}
_ROLES = {
    "open": Role.DIM,
    "lapsed": Role.LOOK,
    "approve": Role.GOOD,
    "reject": Role.BAD,
    "hold": Role.ACCENT,
    "blocked": Role.BLOCK,
    "written": Role.GOOD,
    "in doubt": Role.BLOCK,
}
_RISK_ROLES = {Severity.BLOCK: Role.BLOCK, Severity.LOOK: Role.LOOK, None: Role.PLAIN}
#: Cells before the first column: decision, risk, and the spaces between.
_MARGIN = 4
#: From this list width on the unit cost has a column of its own.
_COSTS_FROM = 88


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, how wide it must be, how much of spare room it takes, and from which and
    below which list width it is there."""

    title: str
    width: int
    text: Callable[[Row], str]
    share: int = 0
    from_width: int = 0
    below: int = 10_000
    right: bool = False


def _moves(row: Row) -> str:
    """What changes, in one cell: ``10 → 14``, ``10 → 14 +cost``, ``cost 8.25→9.00``."""
    costs = row.cost_before is not None and row.cost_after is not None and row.cost_before != row.cost_after
    if row.moves:
        return f"{_quantity(row)}{' +cost' if costs else ''}"
    return f"cost {_cost(row).replace(' ', '')}" if costs else _quantity(row)


def _quantity(row: Row) -> str:
    return f"{plain(row.before)} → {plain(row.after)}" if row.moves else plain(row.before)


def _step(row: Row) -> str:
    return signed_count(row.after - row.before) if row.moves else ""


def _cost(row: Row) -> str:
    if row.cost_after is None:
        return "?"
    after = unit_money(row.cost_after)
    moved = row.cost_before is not None and row.cost_before != row.cost_after
    return f"{unit_money(row.cost_before or Decimal(0))} → {after}" if moved else after


_COLUMNS = (
    Column("Client", 12, lambda row: row.client, share=3),
    Column("Product", 8, lambda row: row.product, share=2),
    Column("Contract", 12, lambda row: row.contract, share=2, from_width=124),
    Column("Change", 15, _moves, right=True, below=_COSTS_FROM),
    Column("Quantity", 11, _quantity, right=True, from_width=_COSTS_FROM),
    Column("Step", 5, _step, right=True, from_width=_COSTS_FROM),
    Column("Unit cost", 13, _cost, right=True, from_width=_COSTS_FROM),
    Column("Money/mo", 10, lambda row: signed(row.movement), right=True, below=_COSTS_FROM),
    Column("Cost/mo", 10, lambda row: signed(row.cost_change), right=True, from_width=_COSTS_FROM),
    Column("Revenue/mo", 10, lambda row: signed(row.revenue_change), right=True, from_width=_COSTS_FROM),
    Column("Why", 8, lambda row: ", ".join(row.causes), share=1, from_width=112),
    Column("From", 10, lambda row: row.since, from_width=124),
)


@lru_cache(maxsize=64)
def _laid_out(width: int, product: int) -> tuple[tuple[Column, int], ...]:
    """The columns there is room for, with their widths: spare room goes to those that ask for a share.

    ``product`` is the widest product's name, beyond which its column takes nothing from the others.
    """
    columns = [column for column in _COLUMNS if column.from_width <= width < column.below]
    spare = max(0, width - _MARGIN - sum(column.width for column in columns) - 2 * (len(columns) - 1))
    shares = sum(column.share for column in columns)
    sizes = {column.title: column.width + spare * column.share // shares for column in columns}
    wanted = max(8, min(product, sizes["Client"] + sizes["Product"] - 18, 24))
    rounded = spare - sum(size - column.width for column, size in zip(columns, sizes.values(), strict=True))
    sizes["Client"] += sizes["Product"] - wanted + rounded
    sizes["Product"] = wanted
    return tuple((column, sizes[column.title]) for column in columns)


def heading(board: Board, width: int) -> Spans:
    """The titles of the columns."""
    columns = _laid_out(max(40, width), board.widest_product)
    titles = (fit(column.title, size, right=column.right) for column, size in columns)
    return (Span(" " * _MARGIN + "  ".join(titles), Role.DIM),)


def row_line(board: Board, row: Row, width: int) -> Spans:
    """One change."""
    state = board.state(row)
    columns = _laid_out(max(40, width), board.widest_product)
    texts = "  ".join(fit(column.text(row), size, right=column.right) for column, size in columns)
    return (
        Span(MARKS[state] + " ", _ROLES[state]),
        Span(RISKS[row.severity], _RISK_ROLES[row.severity]),
        Span(" "),
        Span(texts, _ROLES[state] if state in ("reject", "blocked", "written") else Role.PLAIN),
    )


def group_line(board: Board, group: Group, width: int) -> Spans:
    """A group: how many, how they stand, and the money of all of them."""
    states = Counter(map(board.state, group.rows))
    money = signed(sum((row.movement for row in group.rows), Decimal("0.00")))
    stand = ", ".join(f"{states[state]} {word}" for state, word in WORDS.items() if states[state])
    right = f"  {stand}  {money:>11}"
    count = f"{len(group.rows)} x "
    title = fit(count + group.title, max(8, width - _MARGIN - len(right)))
    return (
        Span(("▸" if group.folded else "▾") + " ", Role.ACCENT),
        Span(RISKS[group.gravest], _RISK_ROLES[group.gravest]),
        Span(" "),
        Span(title, Role.HEAD),
        Span(right),
    )


class BoardLines:
    """The board as the lines of a list."""

    def __init__(self, board: Board) -> None:
        self._board = board

    @property
    def count(self) -> int:
        """Entries shown."""
        return self._board.count

    def line(self, index: int, width: int) -> Spans:
        """A change or a group."""
        entry = self._board.entries[index]
        if isinstance(entry, Group):
            return group_line(self._board, entry, width)
        return row_line(self._board, entry, width)
