"""The parts of a Markdown report: each is told how much room it has, shows what fits, and counts the rest exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from psarecon.report.entries import CLIENT, Entry, Sum, by_client, counted
from psarecon.report.escaped import code, escaped
from psarecon.report.sheet import Sheet, size, table_row

#: So many rows stand open, the rest is folded; so many of one client at the most, so that others are seen too.
OPEN, _OF_ONE_CLIENT = 25, 50
#: What the open rows may take of the room, and what is kept of the rest for the sums of those that are not shown.
_OPEN_SHARE, _SUMS_SHARE = 0.55, 0.3
_ARROW = "\u00a0→\u00a0"
_SUMS = ("Client", "Changes", "Cost/month", "Revenue/month", "Margin/month")
#: The lines that close a fold.
END = ("</details>", "")


class Part(Protocol):
    """A piece of the report. It adds nothing where it has nothing to say."""

    @property
    def least(self) -> int:
        """What it takes, in bytes, to say only how much is not shown."""
        ...

    def lines(self, room: int) -> list[str]:
        """As much as fits into ``room`` bytes, which are ``least`` or more."""
        ...


def folded(summary: str) -> tuple[str, str]:
    """The lines that open a fold; ``summary`` is escaped already."""
    return (f"<details><summary>{summary}</summary>", "")


@dataclass(frozen=True)
class Listed:
    """A table between other lines; ``rest`` says how much is not shown, of the rows from a number on."""

    opening: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Sequence[str]
    rest: Callable[[int], str]
    closing: tuple[str, ...] = ()

    @property
    def least(self) -> int:
        """The frame and the longest remainder, which is that of all rows."""
        return size([*self.opening, self.rest(0), "", *self.closing]) if self.rows else 0

    def lines(self, room: int) -> list[str]:
        """The table, cut between two rows."""
        if not self.rows:
            return []
        sheet = Sheet(room - size([self.rest(0), "", *self.closing]))
        sheet.add(*self.opening)
        shown = sheet.table(self.columns, self.rows)
        left = [self.rest(shown), ""] if shown < len(self.rows) else []
        return [*sheet.lines, *left, *self.closing]


@dataclass(frozen=True)
class Moves:
    """Rows with money: the first in the open, the others folded by client, and what is left out, to the cent."""

    opening: tuple[str, ...]
    columns: tuple[str, ...]
    entries: Sequence[Entry]
    word: str = "change"

    @property
    def least(self) -> int:
        """What introduces it, and the longest remainder."""
        return size(self.opening) + self._longest

    @property
    def _longest(self) -> int:
        return size([self._rest(_widest(self.entries)), ""]) if self.entries else 0

    def lines(self, room: int) -> list[str]:
        """The rows that fit, one sentence on those that do not, and the sums of their clients as far as they fit."""
        sheet = Sheet(room - self._longest)
        sheet.add(*self.opening)
        opened = Sheet(int(sheet.room * _OPEN_SHARE))
        shown = opened.table(self.columns, [row_of(entry) for entry in self.entries[:OPEN]])
        sheet.add(*opened.lines)
        left = self._fold(sheet, by_client(self.entries[shown:]))
        return [*sheet.lines, self._rest(Sum.of(left)), "", *_sums(sheet.room, left)] if left else sheet.lines

    def _rest(self, left: Sum) -> str:
        of = f"{counted(left.count, f'more {self.word}')} of {counted(left.clients, 'client')}"
        return f"**{of}, {left.told()}, not shown.**"

    def _fold(self, sheet: Sheet, groups: dict[str, list[Entry]]) -> list[Entry]:
        """Add a fold for each client while there is room, keeping some for the sums; answers what is left out."""
        sums = [size([_sum_row(named(client), Sum.of(those))]) for client, those in groups.items()]
        most, behind = int(sheet.room * _SUMS_SHARE), sum(sums)
        left: list[Entry] = []
        full = False
        for (client, those), own in zip(groups.items(), sums, strict=True):
            held = 0 if full else self._one(sheet, min(most, behind), client, those)
            full = not held
            left += those[held:]
            behind -= own
        return left

    def _one(self, sheet: Sheet, keep: int, client: str, entries: list[Entry]) -> int:
        """Add one client's fold, if ``keep`` bytes stay; answers how many of its rows it holds."""
        widest = folded(self._summary(client, _widest(entries), 10 * len(entries)))
        fold = Sheet(sheet.room - keep - size([*widest, *END]))
        columns = [name for number, name in enumerate(self.columns) if number != CLIENT]
        shown = fold.table(columns, [row_of(entry, within=True) for entry in entries[:_OF_ONE_CLIENT]])
        summary = self._summary(client, Sum.of(entries[:shown]), len(entries))
        return shown if shown and sheet.add(*folded(summary), *fold.lines, *END) else 0

    def _summary(self, client: str, held: Sum, there: int) -> str:
        part = "" if held.count == there else f" (the first of {there:,})"
        return f"{counted(held.count, f'more {self.word}')}{part}, {held.told()}: {named(client)}"


def named(client: str) -> str:
    """A client's name, escaped. It comes last in its sentence: a name may read from right to left."""
    return escaped(client) or "(no name)"


def row_of(entry: Entry, *, within: bool = False) -> str:
    """An entry as a table's row; ``within`` its client's own fold it does not say whose it is."""
    mark, client, *others, change = entry.cells
    first = [f"**{mark}**" if mark == "BLOCK" else mark, *([] if within else [named(client)])]
    return table_row([*first, *map(_figures, others), code(change) if change else ""])


def _figures(cell: str) -> str:
    """The cell, escaped; what stands before and after an arrow stays on its line, however narrow the column is."""
    shown = escaped(cell)
    return shown.replace(" → ", _ARROW).replace(" at ", " at\u00a0") if "→" in shown else shown


def _widest(entries: Sequence[Entry]) -> Sum:
    """A sum that takes no less room than that of any of these: no figure of theirs is longer than all added up."""
    most = sum((abs(one.cost) + abs(one.revenue) for one in entries), Decimal("0.00"))
    return Sum(len(entries), len({one.client for one in entries}), -most, -2 * most)


def _sum_row(name: str, of: Sum) -> str:
    return table_row([name, f"{of.count:,}", *of.cells])


def _sums(room: int, left: Sequence[Entry]) -> list[str]:
    """What is not shown, client by client, in a fold; the clients for which there is no room are its last row."""
    groups = [(named(client), those) for client, those in by_client(left).items()]
    opening = folded("What is not shown, client by client")
    last = _sum_row(counted(len(groups), "more client"), _widest(left))
    sheet = Sheet(room - size([*opening, last, *END]))
    shown = sheet.table(_SUMS, [_sum_row(name, Sum.of(those)) for name, those in groups])
    others = [entry for _, those in groups[shown:] for entry in those]
    if others:
        sheet.lines[-1:] = [_sum_row(counted(len(groups) - shown, "more client"), Sum.of(others)), ""]
    return [*opening, *sheet.lines, *END] if shown else []
