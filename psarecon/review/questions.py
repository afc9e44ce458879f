"""What the review asks before an act of reach, and what it says where nothing happened: titles and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from psarecon.domain.decisions import Verdict
from psarecon.domain.model import Severity
from psarecon.errors import PsareconError
from psarecon.files import write_new
from psarecon.review.board import OPEN, Board
from psarecon.review.export import shown_text
from psarecon.review.opened import Row
from psarecon.review.spans import Role, Span, Spans, fit
from psarecon.review.wrap import wrapped
from psarecon.text import signed

Question = tuple[str, list[str]]
_DEAREST = 3
#: Cells that a client's name gets at least.
_NAMED = 12


def counted(count: int) -> str:
    """``1 change``, ``2,000 changes``."""
    return f"{count:,} {'change' if count == 1 else 'changes'}"


def money(rows: Sequence[Row]) -> str:
    """What the rows come to."""
    cost = sum((row.cost_change for row in rows), Decimal("0.00"))
    revenue = sum((row.revenue_change for row in rows), Decimal("0.00"))
    return f"{signed(cost)} cost, {signed(revenue)} revenue a month"


def clean(board: Board, rows: Sequence[Row]) -> Question:
    """Before approving all clean ones shown."""
    left = len(board.rows) - len(rows)
    lines = [money(rows), f"{left:,} of those shown stay as they are: decided, blocked, or to be looked at one by one"]
    return f"Approve {counted(len(rows))} without findings?", lines


def group(board: Board, rows: Sequence[Row], verdict: Verdict) -> Question:
    """Before deciding on a whole group."""
    blocked = sum(row.severity is Severity.BLOCK for row in rows)
    look = sum(row.severity is Severity.LOOK for row in rows)
    decided = sum(board.state(row) not in (*OPEN, "blocked") for row in rows)
    lines = [money(rows)]
    lines += [f"{look} with a finding to look at"] if look else []
    lines += [f"{decided} already decided; they are decided anew"] if decided else []
    lines += [f"{blocked} blocked, which stay so"] if blocked and verdict is Verdict.APPROVE else []
    return f"{verdict.value.capitalize()} {counted(len(rows))}?", lines


def reject(rows: Sequence[Row], width: int) -> str:
    """What is about to be rejected, in so many cells: of a long name the beginning, so that the money is seen."""
    about = f": {money(rows)}"
    if len(rows) > 1:
        return f"Reject {counted(len(rows))}{about}"
    room = max(_NAMED, width - len("Reject ") - len(about))
    return f"Reject {fit(f'{rows[0].client}, {rows[0].product}', room).rstrip()}{about}"


def write(board: Board, folder: Path) -> Question:
    """Where the list goes."""
    return f"Write {counted(len(board.rows))} to a file", [f"in {folder}, unless another place is named"]


def written(board: Board, folder: Path, name: str) -> str:
    """Write the list; what to say of it. A file that is there is not overwritten."""
    path = folder / name
    try:
        write_new(path, "\n".join([*shown_text(board.rows, board), ""]).encode())
    except PsareconError as error:
        return str(error)
    return f"wrote {counted(len(board.rows))} to {path}"


def refused(rows: Sequence[Row]) -> str:
    """Why a decision changed nothing."""
    if rows and all(row.severity is Severity.BLOCK for row in rows):
        return "blocked: it cannot be approved; the finding says the way out"
    return ""


def nothing(board: Board) -> list[Spans]:
    """Said where the list is empty."""
    if board.opened.rows:
        return [(Span("  no change is shown; escape clears the filter", Role.DIM),)]
    return [
        (Span("  nothing to change", Role.HEAD),),
        (Span("  every line is as it should be, or held back by a finding: f shows them", Role.DIM),),
    ]


def about_group(rows: Sequence[Row], width: int) -> list[Spans]:
    """What a group is, above its first change."""
    clients = len({row.client for row in rows})
    text = f"{counted(len(rows))} of {clients} {'client' if clients == 1 else 'clients'}: {money(rows)}"
    return [*((Span(line, Role.HEAD),) for line in wrapped(text, width)), (Span("the first of them:", Role.DIM),)]


def run(rows: Sequence[Row], tenants: Mapping[str, str], board: Board) -> Question:
    """Before anything is written."""
    dearest = sorted(rows, key=lambda row: row.weight, reverse=True)[:_DEAREST]
    look = sum(not row.clean for row in rows)
    open_ones = sum(board.tally.states[state] for state in OPEN)
    lines = [f"to {', '.join(f'{name} ({tenant})' for name, tenant in tenants.items())}", money(rows)]
    lines += [f"  {signed(row.cost_change):>11}  {row.client}, {row.product}" for row in dearest]
    lines += [f"{look} approved in spite of a finding"] if look else []
    lines += [f"{counted(open_ones)} still open: left alone"] if open_ones else []
    return f"Write {counted(len(rows))}?", lines


def typed(tenants: Mapping[str, str]) -> str:
    """What a person types to say where it is written: the last part of each tenant's name."""
    return " ".join(tenant.rpartition("/")[2] or name for name, tenant in tenants.items())


def farewell(board: Board) -> list[str]:
    """What stays in the terminal: how the decisions stand and where they are."""
    states = board.tally.states
    if not any(states[state] for state in (*Verdict, "written")):
        return []
    written = f"{states['written']} written, " if states["written"] else ""
    open_ones = sum(states[state] for state in OPEN)
    decided = f"{states['approve']} approved, {states['reject']} rejected, {states['hold']} held"
    stand = f"{written}{decided}, {open_ones} open"
    if board.book.trouble:
        return [f"{stand}: NOT SAVED: {board.book.trouble}"]
    return [f"{stand}: saved in {board.book.path}"]
