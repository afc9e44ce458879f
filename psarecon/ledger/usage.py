"""Samples of the ledger: kept as read, summed up by billing month.

A source whose rows carry their own day (files) gives the same samples again at every reading: standing rows, kept
once. Where it gives another count for the same moment, the later word counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from psarecon.domain.model import Reading, Sample, Usage
from psarecon.domain.periods import Month
from psarecon.ledger.database import Database, alone, samples
from psarecon.ledger.repeats import Chosen, Row, last_of_each, new_rows

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


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
        with self._database.reading() as connection:
            in_month = connection.execute(_in_month(chosen, month, zone)).all()
            newest = connection.execute(_newest(chosen, good=False)).all()
            taken_in = connection.execute(last_of_each(chosen, good=True)).all()
            good = connection.execute(_newest(chosen, good=True)).all()
            earlier = connection.execute(_newest(chosen, good=True, positive=True)).all()
            marks = connection.execute(_marks(chosen, month.next(), zone)).all()
        return _assemble(month, zone, in_month, newest, good, earlier, marks, taken_in)


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


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)


def _in_month(chosen: Chosen, month: Month, zone: tzinfo) -> sa.Select[Any]:
    start, end = month.bounds(zone)
    columns = (samples.c.organization, samples.c.taken_at, samples.c.counted, samples.c.how, samples.c.standing)
    return (
        sa.select(*columns)
        .where(*chosen, samples.c.counted.is_not(None))
        .where(samples.c.taken_at >= _text(start), samples.c.taken_at < _text(end))
        .order_by(samples.c.organization, samples.c.taken_at, samples.c.id)
    )


def _newest(chosen: Chosen, *, good: bool, positive: bool = False) -> sa.Select[Any]:
    """Per organization the newest reading: of any outcome, with a count, or with a count above zero."""
    conditions = list(chosen)
    if good:
        conditions.append(samples.c.counted > 0 if positive else samples.c.counted.is_not(None))
    order = (samples.c.taken_at.desc(), samples.c.id.desc())
    rank = sa.func.row_number().over(partition_by=samples.c.organization, order_by=order).label("rank")
    ranked = sa.select(samples, rank).where(*conditions).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1)


def _marks(chosen: Chosen, following: Month, zone: tzinfo) -> sa.Select[Any]:
    """What the vendor said, in the month after, of the month's own mark."""
    start, end = following.bounds(zone)
    return (
        sa.select(samples.c.organization, samples.c.last_month_mark)
        .where(*chosen, samples.c.last_month_mark.is_not(None))
        .where(samples.c.taken_at >= _text(start), samples.c.taken_at < _text(end))
        .order_by(samples.c.taken_at, samples.c.id)
    )


def _assemble(
    month: Month,
    zone: tzinfo,
    in_month: Iterable[Row],
    newest: Iterable[Row],
    good: Iterable[Row],
    earlier: Iterable[Row],
    marks: Iterable[Row],
    taken_in: Iterable[Row],
) -> dict[str, Usage]:
    months = {name: _last_words(rows) for name, rows in groupby(in_month, attrgetter("organization"))}
    good_since = {row.organization: row.id for row in taken_in}
    latest = {row.organization: row for row in good}
    positive = {row.organization: row.counted for row in earlier}
    mark = {row.organization: row.last_month_mark for row in marks}
    return {
        row.organization: _usage(
            month,
            zone,
            months.get(row.organization, []),
            row,
            latest,
            positive,
            mark.get(row.organization),
            failed=row.counted is None and row.id > good_since.get(row.organization, 0),
        )
        for row in newest
    }


def _usage(
    month: Month,
    zone: tzinfo,
    rows: list[Row],
    newest: Row,
    latest: dict[str, Row],
    positive: dict[str, int],
    mark: int | None,
    *,
    failed: bool,
) -> Usage:
    good = latest.get(newest.organization)
    peak = max(rows, key=attrgetter("counted"), default=None)  # the first of equals: the earliest
    return Usage(
        month=str(month),
        peak=peak and _sample(peak),
        last=_sample(rows[-1]) if rows else None,
        daily=tuple(_daily(month, zone, rows)),
        latest=good and _sample(good),
        latest_cross_check=good.cross_check if good else None,
        before_latest=positive.get(newest.organization) if good and good.counted == 0 else None,
        failure=newest.error if failed else None,
        vendor_mark=mark,
        sku=good.sku if good else None,
        prices=_prices(good.prices) if good and good.prices else (),
    )


def _last_words(rows: Iterable[Row]) -> list[Row]:
    """The rows, of standing ones only the last that was taken in for each moment."""
    listed = list(rows)
    last = {row.taken_at: row for row in listed if row.standing}
    return [row for row in listed if not row.standing or last[row.taken_at] is row] if last else listed


def _prices(text: str) -> tuple[tuple[str, Decimal], ...]:
    return tuple((code, Decimal(price)) for code, price in json.loads(text))


def _sample(row: Row) -> Sample:
    return Sample(row.counted, _moment(row.taken_at), row.how)


def _daily(month: Month, zone: tzinfo, rows: Iterable[Row]) -> Iterator[int | None]:
    highs: dict[int, int] = {}
    for row in rows:
        day = _moment(row.taken_at).astimezone(zone).day
        highs[day] = max(row.counted, highs.get(day, 0))
    return (highs.get(day) for day in range(1, month.days + 1))
