"""What ``bench/review.py`` runs in processes of their own: the screen with a stopwatch, its model alone, a DataTable.

python bench/inside.py screen|model|datatable PLAN
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import DataTable

import psarecon.tui.app
from psarecon.cli.context import Context
from psarecon.cli.decide import decisions_path
from psarecon.cli.main import parser
from psarecon.cli.review import desk
from psarecon.review.board import Board, Grouping
from psarecon.review.book import Book
from psarecon.review.opened import Row, open_plan
from psarecon.text import plain, signed
from psarecon.tui.app import ReviewApp

#: Every kind of filter.
FILTERS = ("harbor", "zzz", "client:delta", "product:lastpass money>100", "finding:look", "is:open", "-cause:usage")
_OFTEN = 7


class _Timed(ReviewApp):
    """The review, which knows when its plan was loaded."""

    CSS_PATH = str(Path(psarecon.tui.app.__file__).with_name(ReviewApp.CSS_PATH))
    loaded = 0.0

    def _loaded(self, answer: object) -> None:
        self.loaded = time.monotonic()
        super()._loaded(answer)


def screen(plan: Path) -> None:
    """The real screen; as its last word the moment its plan was loaded, on the machine's monotonic clock."""
    args = parser().parse_args(["review", str(plan)])
    args.environ = os.environ
    with ExitStack() as args.resources:
        app = _Timed(desk(Context.of(args), args))
        app.run()
        app.summary()
    print(json.dumps({"loaded": app.loaded}))


def model(plan: Path) -> None:
    """Milliseconds of each act on the list: the first time, and the median of more."""
    began = time.perf_counter()
    opened = open_plan(plan)
    book = Book(decisions_path(plan), "bench")
    board = Board(opened, book)
    found = {"load": [_ms(began), _ms(began)]}
    began = time.perf_counter()
    board.prepare()
    found["prepare, in a thread after the first paint"] = [_ms(began), _ms(began)]
    for text in FILTERS:
        found[f"filter {text}"] = _times(partial(board.filter, text), partial(board.filter, ""))
    for grouping in (Grouping.CLIENT, Grouping.EQUAL):
        act = partial(board.group_by, grouping)
        found[f"group by {grouping}"] = _times(act, partial(board.group_by, Grouping.NONE))
        act()
        found[f"unfold all {grouping}"] = _times(partial(board.cycle, grouping), act)
        board.group_by(Grouping.NONE)
    book.close()
    print(json.dumps(found))


def _times(act: Callable[[], object], back: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(_OFTEN):
        began = time.perf_counter()
        act()
        taken.append(_ms(began))
        back()
    return [taken[0], statistics.median(taken[1:])]


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000


class _Table(App[None]):
    """The same rows in Textual's own table."""

    def __init__(self, rows: list[Row]) -> None:
        super().__init__()
        self._rows = rows
        self.loaded = 0.0

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        self.loaded = time.monotonic()
        table = self.query_one(DataTable)
        table.add_columns("Client", "Product", "Contract", "Quantity", "Cost/mo", "Revenue/mo", "Why", "From")
        table.add_rows(map(_cells, self._rows))

    def key_q(self) -> None:
        self.exit()


def _cells(row: Row) -> tuple[str, ...]:
    moves = f"{plain(row.before)} → {plain(row.after)}" if row.moves else plain(row.before)
    money = (signed(row.cost_change), signed(row.revenue_change))
    return (row.client, row.product, row.contract, moves, *money, ", ".join(row.causes), row.since)


def datatable(plan: Path) -> None:
    """Textual's DataTable with the rows; as its last word when it had them all and began to show them."""
    app = _Table(open_plan(plan).rows)
    app.run()
    print(json.dumps({"loaded": app.loaded}))


if __name__ == "__main__":
    {"screen": screen, "model": model, "datatable": datatable}[sys.argv[1]](Path(sys.argv[2]))
