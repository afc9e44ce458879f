"""Unit rows of a contract service, and the billing periods they lie in.

A row says how many units are in force from its start to its end day. There is one a billing period, more where
somebody adjusted inside it, and rows of future periods too. ``price`` and ``cost`` of a row are amounts for the
row's whole period, not for a unit. Facts: ``docs/vendors/autotask.md``, "Unit rows".
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from psarecon.domain.model import Period
from psarecon.records import record

_DAY = timedelta(days=1)


@record
class UnitRow:
    """One row: both days included, ``cost`` the amount of the row's period (None: hidden)."""

    first: date
    last: date
    units: Decimal
    cost: Decimal | None
    posted: bool

    @classmethod
    def read(cls, record: dict[str, Any]) -> UnitRow:
        """From the API's record; only the date part of a date counts."""
        cost = record.get("cost")
        return cls(
            first=day_of(record["startDate"]),
            last=day_of(record["endDate"]),
            units=Decimal(record["units"]),
            cost=None if cost is None else Decimal(cost),
            posted=record.get("approveAndPostDate") is not None,
        )


@record
class Cycle:
    """How a contract's billing periods step: so many months at a time from its start date."""

    start: date
    months: int

    def period(self, day: date) -> tuple[date, date]:
        """First and last day of the period that holds ``day``."""
        return _stepped(self.start, self.months, day)


@lru_cache(maxsize=4096)
def _stepped(start: date, months: int, day: date) -> tuple[date, date]:
    """Of thousands of contracts most began on one of a few days, and all are asked about one."""
    step = ((day.year - start.year) * 12 + day.month - start.month) // months
    while _anniversary(start, months, step) > day:
        step -= 1
    return _anniversary(start, months, step), _anniversary(start, months, step + 1) - _DAY


def _anniversary(start: date, months: int, step: int) -> date:
    """The start date ``step`` periods on; a 31st falls on the last day of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + step * months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def day_of(text: str) -> date:
    """The calendar day of ``2026-11-01T00:00:00Z``, never converted to another zone."""
    return date.fromisoformat(text[:10])


def in_force(rows: Sequence[UnitRow], day: date) -> UnitRow | None:
    """The row that counts on ``day``: of those that hold it, the one with the latest start. Future rows never do."""
    found = None
    for row in rows:
        if row.first <= day <= row.last and (found is None or row.first > found.first):
            found = row
    return found


def needs_neighbours(row: UnitRow, cycle: Cycle) -> bool:
    """Whether the row on the day is not its whole period, so that the rest of the period must be read."""
    return row.first > cycle.period(row.first)[0]


def periods(rows: Sequence[UnitRow], cycle: Cycle, day: date, unit_cost: Decimal | None) -> tuple[Period, ...]:
    """The periods of the line from the one that holds ``day`` on, as far as rows are known.

    ``unit_cost`` is the line's own, used where a row cannot tell: in the current period.
    """
    current = in_force(rows, day)
    if current is None:
        return ()
    found = [_period(rows, _span(rows, cycle, day), day, unit_cost, current=True)]
    while in_force(rows, found[-1].last + _DAY) is not None:
        first = found[-1].last + _DAY
        found.append(_period(rows, _span(rows, cycle, first), first, unit_cost, current=False))
    return tuple(found)


def _span(rows: Sequence[UnitRow], cycle: Cycle, day: date) -> tuple[date, date]:
    """The period of the contract around ``day``, cut to where the line has rows."""
    first, last = cycle.period(day)
    inside = [row for row in rows if row.first <= last and row.last >= first]
    return max(first, min(row.first for row in inside)), min(last, max(row.last for row in inside))


def _period(
    rows: Sequence[UnitRow], span: tuple[date, date], day: date, unit_cost: Decimal | None, *, current: bool
) -> Period:
    first, last = span
    inside = [row for row in rows if row.first <= last and row.last >= first]
    row = in_force(rows, day)
    assert row is not None
    return Period(
        first=first,
        last=last,
        quantity=row.units,
        unit_cost=unit_cost if current else _cost_of(row, span, unit_cost),
        posted=any(one.posted for one in inside),
        split=len({one.first for one in inside if one.first >= first}) > 1,
        opening=_opening(rows, first, row),
    )


def _opening(rows: Sequence[UnitRow], first: date, row: UnitRow) -> Decimal | None:
    """The units of ``row`` without what an adjustment of the period's first day brought.

    Those just before the period, and what somebody changed inside it since: where a tenant replaces adjustments,
    only the first day's one is replaced.
    """
    before, opened = in_force(rows, first - _DAY), in_force(rows, first)
    return None if before is None or opened is None else row.units - opened.units + before.units


def _cost_of(row: UnitRow, span: tuple[date, date], unit_cost: Decimal | None) -> Decimal | None:
    """The unit cost of a whole future period, from the period's amount; the line's own where that cannot tell."""
    if row.cost is None or not row.units or (row.first, row.last) != span:
        return unit_cost
    return row.cost / row.units
