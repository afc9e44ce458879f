"""Samples of the ledger: kept as read, summed up by billing month.

A source whose rows carry their own day (files) gives the same samples again at every reading: standing rows, kept
once. Where it gives another count for the same moment, the later word counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from psarecon.collector import collector_paused
from psarecon.domain.model import Reading, Sample, Usage
from psarecon.domain.periods import Month
from psarecon.ledger.database import Database, alone, samples
from psarecon.ledger.repeats import Chosen, last_of_each, new_rows

_Days = tuple[int | None, ...]
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class _Row(NamedTuple):
    """What is looked at of a sample. A month has a few hundred thousand of them, and naming a field of a row of
    SQLAlchemy's takes ten times as long."""

    id: int
    organization: str
    taken_at: str
    counted: int | None
    how: str
    standing: int | None
    error: str | None
    cross_check: int | None
    sku: str | None
    prices: str | None


_COLUMNS = tuple(samples.c[name] for name in _Row._fields)


class UsageLog:
    """Every reading ever taken, good or failed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, readings: Iterable[Reading]) -> int:
        """Keep the readings, all or none; answers how many were new."""
        rows = [_row(reading) for reading in readings]
        if not rows:
            return 0
        with self._database.writing() as connection:
            alone(connection, samples)
            fresh = new_rows(connection, rows)
            if fresh:
                connection.execute(sa.insert(samples), fresh)
        return len(fresh)

    def usage(self, source: str, metric: str, month: Month, zone: tzinfo, until: datetime) -> dict[str, Usage]:
        """Each organization's usage in the billing month, from readings taken no later than ``until``."""
        chosen = (samples.c.source == source, samples.c.metric == metric, samples.c.taken_at <= _text(until))
        with collector_paused(kept=True), self._database.reading() as connection:
            found = _Found.of(connection, chosen, month, zone)
            name, days = str(month), month.days
            return {row.organization: _usage(name, days, zone, found, row) for row in found.newest}


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read of one source and metric, by organization.

    ``months`` are the month's good readings, ``newest`` each one's newest reading, good or failed. The rest is for what
    only some organizations have: ``good``, their newest good reading where the newest failed; ``taken_in``, the id of
    the last good one that was taken in, also only then; ``positive``, the last count above zero where the newest is 0.
    ``days`` keeps one tuple of those that are equal: small clients have the same few users all month.
    """

    months: dict[str, list[_Row]]
    newest: Sequence[_Row]
    good: dict[str, _Row]
    taken_in: dict[str, int]
    positive: dict[str, int]
    marks: dict[str, int]
    days: dict[_Days, _Days] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: sa.Connection, chosen: Chosen, month: Month, zone: tzinfo) -> _Found:
        """Asks only for what somebody will look at: each query reads every sample there is."""
        months, newest = _since(connection, chosen, *map(_text, month.bounds(zone)))
        good: dict[str, _Row] = {}
        taken_in: dict[str, int] = {}
        positive: dict[str, int] = {}
        counts = {row.counted for row in newest}
        if None in counts:
            good = _by_organization(_rows(connection, _newest(*chosen, samples.c.counted.is_not(None))))
            taken_in = {row.organization: row.id for row in connection.execute(last_of_each(chosen, good=True))}
        if 0 in counts or any(row.counted == 0 for row in good.values()):
            above_zero = _rows(connection, _newest(*chosen, samples.c.counted > 0))
            positive = {row.organization: row.counted or 0 for row in above_zero}
        said = connection.execute(_marks(chosen, month.next(), zone))
        return cls(months, newest, good, taken_in, positive, {row.organization: row.last_month_mark for row in said})


def _since(connection: sa.Connection, chosen: Chosen, start: str, end: str) -> tuple[dict[str, list[_Row]], list[_Row]]:
    """The good readings from ``start`` to ``end``, and the newest of all readings, by organization.

    Nearly every organization was read since the start, so that its newest reading is there already.
    """
    months: dict[str, list[_Row]] = {}
    newest: dict[str, _Row] = {}
    found = sa.select(*_COLUMNS).where(*chosen, samples.c.taken_at >= start)
    in_order = found.order_by(samples.c.organization, samples.c.taken_at, samples.c.id)
    for name, group in groupby(_rows(connection, in_order), attrgetter("organization")):
        rows = list(group)
        newest[name] = rows[-1]
        months[name] = _last_words([row for row in rows if row.counted is not None and row.taken_at < end])
    known = sa.select(sa.func.count(samples.c.organization.distinct())).where(*chosen)
    if connection.execute(known).scalar_one() > len(newest):
        newest = _by_organization(_rows(connection, _newest(*chosen, samples.c.taken_at < start))) | newest
    return months, list(newest.values())


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[_Row]:
    return map(_Row._make, connection.execute(query))


def _by_organization(rows: Iterable[_Row]) -> dict[str, _Row]:
    return {row.organization: row for row in rows}


def _row(reading: Reading) -> dict[str, Any]:
    return {
        "source": reading.source,
        "organization": reading.organization,
        "metric": reading.metric,
        "taken_at": _text(reading.taken_at),
        "counted": reading.count,
        "how": reading.how,
        "error": reading.error,
        "name": reading.name,
        "cross_check": reading.cross_check,
        "last_month_mark": reading.last_month_mark,
        "sku": reading.sku,
        "prices": json.dumps([[code, f"{price:f}"] for code, price in reading.prices]) if reading.prices else None,
        "standing": 1 if reading.standing else None,
    }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_FORMAT)


@lru_cache(maxsize=4096)  # a reading has one moment for many organizations
def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@lru_cache(maxsize=4096)
def _day(text: str, zone: tzinfo) -> int:
    return _moment(text).astimezone(zone).day


def _newest(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Per organization the newest of these readings."""
    order = (samples.c.taken_at.desc(), samples.c.id.desc())
    rank = sa.func.row_number().over(partition_by=samples.c.organization, order_by=order).label("rank")
    ranked = sa.select(*_COLUMNS, rank).where(*conditions).subquery()
    return sa.select(*(ranked.c[column.name] for column in _COLUMNS)).where(ranked.c.rank == 1)


def _marks(chosen: Chosen, following: Month, zone: tzinfo) -> sa.Select[Any]:
    """What the vendor said, in the month after, of the month's own mark."""
    start, end = following.bounds(zone)
    return (
        sa.select(samples.c.organization, samples.c.last_month_mark)
        .where(*chosen, samples.c.last_month_mark.is_not(None))
        .where(samples.c.taken_at >= _text(start), samples.c.taken_at < _text(end))
        .order_by(samples.c.taken_at, samples.c.id)
    )


def _usage(month: str, days: int, zone: tzinfo, found: _Found, newest: _Row) -> Usage:
    name, failed = newest.organization, newest.counted is None
    good = found.good.get(name) if failed else newest
    rows = found.months.get(name, ())
    peak, last, latest = _samples(rows, good)
    return Usage(
        month=month,
        peak=peak,
        last=last,
        daily=found.days.setdefault(daily := _daily(days, zone, rows), daily),
        latest=latest,
        latest_cross_check=good.cross_check if good else None,
        before_latest=found.positive.get(name) if good and good.counted == 0 else None,
        failure=newest.error if failed and newest.id > found.taken_in.get(name, 0) else None,
        vendor_mark=found.marks.get(name),
        sku=good.sku if good else None,
        prices=_prices(good.prices) if good and good.prices else (),
    )


def _samples(rows: Sequence[_Row], good: _Row | None) -> tuple[Sample | None, Sample | None, Sample | None]:
    """The month's peak and last sample, and the latest of any month: one object where they are one row."""
    latest = None if good is None else _sample(good)
    if not rows:
        return None, None, latest
    end = rows[-1]
    last = latest if good is not None and good.id == end.id else _sample(end)
    peak = end if len(rows) == 1 else max(rows, key=attrgetter("counted"))  # the first of equals: the earliest
    return last if peak is end else _sample(peak), last, latest


def _last_words(rows: list[_Row]) -> list[_Row]:
    """The rows, of standing ones only the last that was taken in for each moment."""
    if len(rows) < 2:
        return rows
    last = {row.taken_at: row for row in rows if row.standing}
    return [row for row in rows if not row.standing or last[row.taken_at] is row] if last else rows


def _prices(text: str) -> tuple[tuple[str, Decimal], ...]:
    return tuple((code, Decimal(price)) for code, price in json.loads(text))


def _sample(row: _Row) -> Sample:
    assert row.counted is not None
    return Sample(row.counted, _moment(row.taken_at), row.how)


def _daily(days: int, zone: tzinfo, rows: Iterable[_Row]) -> _Days:
    """The highest count of each day of the month; None for one without a sample."""
    highs: list[int | None] = [None] * days
    for row in rows:
        number, counted = _day(row.taken_at, zone) - 1, row.counted or 0
        if counted >= (highs[number] or 0):
            highs[number] = counted
    return tuple(highs)
