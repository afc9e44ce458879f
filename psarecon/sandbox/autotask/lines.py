"""Contract services as stored, and the unit rows that follow from them.

A line keeps the units it began with and a list of adjustments; its unit rows (one per billing period, more where an
adjustment falls inside one) are worked out when they are asked for, so 50,000 contracts cost no storage of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from psarecon.sandbox import money
from psarecon.sandbox.autotask.periods import MONTHS, Period, days_between, index_at, period, previous_day
from psarecon.sandbox.world import World, marks

RECURRING = 7
"""The only contract type that carries services."""
ROWS = 1_000_000
"""Row ids are line * ROWS + period number * 1000 + day inside the period: stable, unique and in order."""
_SPLIT = 1_000
FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"


class Line(NamedTuple):
    """One contract service with what its rows need of the contract. Money in ten-thousandths, days as ISO text."""

    id: int
    contract_id: int
    service_id: int
    units: int
    unit_cost: int
    unit_price: int
    first_day: str | None
    start: str
    end: str
    period_type: int | None
    contract_type: int
    posted_before: str | None
    writes: int
    invoice_description: str | None
    internal_description: str | None


class Adjustment(NamedTuple):
    """One change of a line, through the API (`api`), by somebody with a date (`somebody`) or without (`direct`)."""

    id: int
    effective: str
    unit_change: int
    unit_cost: int | None
    unit_price: int | None
    origin: str


class Row(NamedTuple):
    """One unit row: `units` from `start` to `end`; price and cost are those of the whole row, not of one unit."""

    id: int
    line: Line
    period: Period
    start: str
    end: str
    units: int
    unit_cost: int
    unit_price: int
    days: int
    posted: str | None

    @property
    def cost(self) -> int:
        """What the row's units cost over the row's days."""
        return money.share(self.units * self.unit_cost, self.days, self.period.days)

    @property
    def price(self) -> int:
        """What the row's units are sold for over the row's days."""
        return money.share(self.units * self.unit_price, self.days, self.period.days)


_COLUMNS = """SELECT s.id, s.contract_id, s.service_id, s.units, s.unit_cost, s.unit_price, s.first_day,
 c.start, c.end, c.period_type, c.type, c.posted_before, s.writes, s.invoice_description, s.internal_description
 FROM contract_services s JOIN contracts c ON c.id = s.contract_id"""


def lines(world: World, where: str = "1", values: Sequence[object] = ()) -> Iterator[Line]:
    """The lines that meet a condition on `s` (contract_services) and `c` (contracts), by id."""
    for row in world.db.execute(f"{_COLUMNS} WHERE {where} ORDER BY s.id", values):
        yield Line._make(row)


def line(world: World, line_id: int) -> Line | None:
    """One line, or None."""
    return next(lines(world, "s.id = ?", (line_id,)), None)


def adjustments(world: World, line_ids: Sequence[int]) -> dict[int, list[Adjustment]]:
    """The adjustments in force of some lines, by line, in order of date and then of arrival."""
    found: dict[int, list[Adjustment]] = {}
    columns = "line_id, id, effective, unit_change, unit_cost, unit_price, origin"
    sql = f"SELECT {columns} FROM adjustments WHERE replaced = 0 AND line_id IN ({marks(line_ids)})"  # noqa: S608  # only our own names are put in
    sql += " ORDER BY effective, id"
    for row in world.db.execute(sql, line_ids):
        found.setdefault(row[0], []).append(Adjustment._make(row[1:]))
    return found


def postings(world: World, contract_ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """The approvals of some contracts: (through, stamped on), oldest first."""
    found: dict[int, list[tuple[str, str]]] = {}
    sql = f"SELECT contract_id, through, stamped FROM postings WHERE contract_id IN ({marks(contract_ids)})"  # noqa: S608  # only our own names are put in
    for contract_id, through, stamped in world.db.execute(f"{sql} ORDER BY rowid", contract_ids):
        found.setdefault(contract_id, []).append((through, stamped))
    return found


def units_on(line: Line, changes: Iterable[Adjustment], day: str) -> int:
    """The units in force on a day."""
    return line.units + sum(change.unit_change for change in changes if change.effective <= day)


def cost_on(line: Line, changes: Sequence[Adjustment], day: str) -> int:
    """The unit cost in force on a day: that of the last adjustment dated up to it that names one."""
    named = [c.unit_cost for c in changes if c.unit_cost is not None and c.effective <= day]
    return named[-1] if named else line.unit_cost


def price_on(line: Line, changes: Sequence[Adjustment], day: str) -> int:
    """The unit price in force on a day."""
    named = [c.unit_price for c in changes if c.unit_price is not None and c.effective <= day]
    return named[-1] if named else line.unit_price


def periods(line: Line, low: str = FIRST_DAY, high: str = LAST_DAY) -> Iterator[tuple[int, Period, str]]:
    """The line's billing periods that touch low..high: (number, whole period, its last day inside the contract)."""
    if line.contract_type != RECURRING or line.period_type is None or line.end < line.start:
        return
    months = MONTHS.get(line.period_type)
    if months is None:
        whole = Period(line.start, line.end, days_between(line.start, line.end))
        yield from [(0, whole, line.end)] if whole.start <= high and whole.end >= low else []
        return
    index = max(0, index_at(line.start, months, low)) if low > line.start else 0
    span = period(line.start, months, index)
    while span.start <= line.end and span.start <= high:
        yield index, span, min(span.end, line.end)
        index += 1
        span = period(line.start, months, index)


def rows(
    line: Line,
    changes: Sequence[Adjustment],
    posted: Sequence[tuple[str, str]] = (),
    *,
    low: str = FIRST_DAY,
    high: str = LAST_DAY,
    overlap: bool = True,
) -> Iterator[Row]:
    """The line's unit rows in periods that touch low..high, in order.

    `overlap`: a row cut short by an adjustment ends on the day the next one starts (else on the day before).
    """
    for index, span, last in periods(line, low, high):
        first = span.start if line.first_day is None else max(span.start, line.first_day)
        if first > last:
            continue
        cuts = [first]
        if changes:
            cuts += sorted({change.effective for change in changes if first < change.effective <= last})
        yield from _period_rows(line, changes, _stamp(line, span, posted), index, span, [*cuts, last], overlap=overlap)


def _period_rows(
    line: Line,
    changes: Sequence[Adjustment],
    stamp: str | None,
    index: int,
    span: Period,
    edges: list[str],
    *,
    overlap: bool,
) -> Iterator[Row]:
    """The rows of one period between its edges; the last edge is the period's last day, inclusive."""
    base = line.id * ROWS + index * _SPLIT
    for number, start in enumerate(edges[:-1]):
        closing = number == len(edges) - 2
        through = edges[-1] if closing else previous_day(edges[number + 1])
        end = through if closing or not overlap else edges[number + 1]
        yield Row(
            base + (days_between(span.start, start) - 1 if start != span.start else 0), line, span, start, end,
            units_on(line, changes, start) if changes else line.units,
            cost_on(line, changes, start) if changes else line.unit_cost,
            price_on(line, changes, start) if changes else line.unit_price,
            days_between(start, through), stamp,
        )  # fmt: skip


def _stamp(line: Line, span: Period, posted: Sequence[tuple[str, str]]) -> str | None:
    """When the period was approved and posted, or None.

    A generated world's past is posted through `posted_before`; its rows carry the last day of their period.
    """
    if line.posted_before is not None and span.start <= line.posted_before:
        return span.end
    return next((stamped for through, stamped in posted if span.start <= through), None)


def in_force(rows_of_line: Iterable[Row], day: str) -> Row | None:
    """The row that bills on a day: the one with the greatest start among those that contain it."""
    found = None
    for row in rows_of_line:
        if row.start <= day <= row.end:
            found = row
    return found
