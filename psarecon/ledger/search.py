"""Rows of the journal by what somebody looks for: read a page at a time, however long the journal is.

A page is a transaction of its own: nobody waits for a reader who takes his time, and what is written meanwhile is not
seen, since rows are only ever added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from psarecon.ledger.database import Database, journal
from psarecon.ledger.seals import folded

Row = sa.Row[Any]

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What rows are looked for; None: any. ``run`` is the beginning of a run's name, ``client`` and ``by`` are parts
    of names in whatever case, ``month`` is the billing month of the change's usage (2026-11). ``since`` and ``until``
    are when the row was written, seconds since 1970 by the ledger's clock; the second is not part of it.
    """

    run: str | None = None
    client: str | None = None
    line: str | None = None
    psa: str | None = None
    month: str | None = None
    by: str | None = None
    event: str | None = None
    since: float | None = None
    until: float | None = None


def found_rows(database: Database, wanted: Wanted, last: int | None = None) -> Iterator[Row]:
    """The rows in order of writing; with ``last`` only the last so many. Raises LedgerError."""
    conditions = _conditions(wanted)
    span = _span(database, conditions, last)
    while span is not None:
        page = _page(database, conditions, *span)
        yield from page
        span = (page[-1].id + 1, span[1]) if len(page) == _AT_ONCE else None


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    columns = journal.c
    same = {"line": wanted.line, "psa": wanted.psa, "month": wanted.month, "event": wanted.event}
    found: list[sa.ColumnElement[bool]] = [columns[name] == text for name, text in same.items() if text is not None]
    if wanted.run is not None:
        found.append(columns.run.startswith(wanted.run, autoescape=True))
    for column, name in ((columns.client_key, wanted.client), (columns.by_key, wanted.by)):
        if name is not None:
            found.append(column.contains(folded(name), autoescape=True))
    if wanted.since is not None:
        found.append(columns.at >= wanted.since)
    if wanted.until is not None:
        found.append(columns.at < wanted.until)
    return found


def _ids(conditions: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    return sa.select(journal.c.id).where(*conditions)


def _span(database: Database, conditions: list[sa.ColumnElement[bool]], last: int | None) -> tuple[int, int] | None:
    """The first and the last id to look at; None: there is nothing."""
    with database.reading() as connection:
        first, end = connection.execute(sa.select(sa.func.min(journal.c.id), sa.func.max(journal.c.id))).one()
        if end is None:
            return None
        if last is not None:
            nth = _ids(conditions).order_by(journal.c.id.desc()).offset(last - 1).limit(1)
            first = connection.execute(nth).scalar_one_or_none() or first
    return first, end


def _page(database: Database, conditions: list[sa.ColumnElement[bool]], first: int, end: int) -> list[Row]:
    ids = _ids(conditions).where(journal.c.id >= first, journal.c.id <= end).order_by(journal.c.id).limit(_AT_ONCE)
    query = sa.select(journal).where(journal.c.id.in_(ids)).order_by(journal.c.id)
    with database.reading() as connection:
        return list(connection.execute(query))
