"""Billing cycles and billing reports of LastPass's REST API.

unproven, all of it below the paths and parameters: no description of a report's record was found. What a record looks
like is a guess, and it stands in one place, `_RECORD`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from psarecon.sandbox.autotask.periods import add_months
from psarecon.sandbox.calls import Call
from psarecon.sandbox.lastpass.pages import Bad, Page, number, one_of, page
from psarecon.sandbox.world import World

_LICENSES = ("msp-distributor", "managed-msp", "msp-managed-company")
_COLUMNS = "SELECT id, name, parent_id, type, status, addons, users, mark, last_mark FROM lp_companies"
_MOST = 50


class _Row:
    """What a record is made of: a company, its seats in the report's span, and the span."""

    def __init__(self, columns: Sequence[Any], seats: int, span: tuple[date, date]) -> None:
        self.id, self.name, self.parent, self.type, self.status, self.addons = columns[:6]
        self.seats, self.span = seats, span


# The guess: every field of a record, and what it holds.
_RECORD: dict[str, Callable[[_Row], object]] = {
    "companyId": lambda row: row.id,
    "companyName": lambda row: row.name,
    "parentCompanyId": lambda row: row.parent,
    "licenseType": lambda row: "managed-msp" if row.type == "managed-msp" else "msp-managed-company",
    "startDate": lambda row: row.span[0].isoformat(),
    "endDate": lambda row: row.span[1].isoformat(),
    "userCount": lambda row: row.seats,
    "addons": lambda row: row.addons.split(",") if row.addons else [],
}


def cycles(world: World, call: Call, begins: int) -> list[dict[str, str]]:
    """`GET …/billing-cycles`: a bare array, the running cycle first. unproven: that it is the running one."""
    wanted = number(call, "number-of-cycles", 1, 12)
    first = _cycle(world.today, begins)
    starts = [add_months(first, -back) for back in range(wanted)]
    return [{"startDate": start.isoformat(), "endDate": _end(start).isoformat()} for start in starts]


def _cycle(day: date, begins: int) -> date:
    start = day.replace(day=begins)
    return start if start <= day else add_months(start, -1)


def _end(start: date) -> date:
    return add_months(start, 1) - timedelta(days=1)


def reports(world: World, call: Call) -> Page:
    """`GET …/billing-reports`: one record for each child and grandchild that is billed in a span of days."""
    span = _day(call, "start-date"), _day(call, "end-date")
    if span[1] < span[0]:
        raise Bad("end-date must not be before start-date", "end-date")
    where, values = _types(one_of(call, "license-type", _LICENSES))
    total = int(world.db.execute(f"SELECT count(*) FROM lp_companies WHERE {where}", values).fetchone()[0])  # noqa: S608  # only our own names are put in

    def read(skip: int, limit: int) -> list[dict[str, object]]:
        rows = world.db.execute(f"{_COLUMNS} WHERE {where} ORDER BY id LIMIT ? OFFSET ?", [*values, limit, skip])
        records = [_Row(row, _seats(world, row, span), span) for row in rows]
        return [{name: of(record) for name, of in _RECORD.items()} for record in records]

    return page(call, total, read, most=_MOST)


def _types(licenses: list[str]) -> tuple[str, list[Any]]:
    """A suspended company is not billed."""
    types = {"managed-msp": "managed-msp", "msp-managed-company": "managed"}
    wanted = [types[name] for name in licenses if name in types] if licenses else list(types.values())
    return f"status = 'active' AND type IN ({', '.join('?' * len(wanted))})", wanted


def _seats(world: World, row: Sequence[Any], span: tuple[date, date]) -> int:
    """The seats of a record. A guess: the highest count of the month, and those of a managed MSP hold all below it."""
    key, users, mark, last_mark = row[0], *row[6:9]
    month = world.today.replace(day=1)
    own = int(mark if span[1] >= month else last_mark if span[1] >= add_months(month, -1) else users)
    if row[3] != "managed-msp":
        return own
    below = world.db.execute(f"{_COLUMNS} WHERE parent_id = ? AND id != ?", (key, key)).fetchall()
    return own + sum(_seats(world, child, span) for child in below)


def _day(call: Call, name: str) -> date:
    try:
        return date.fromisoformat(call.first(name) or "")
    except ValueError as error:
        raise Bad(f"{name} must be a date, as in 2026-11-01", name) from error
