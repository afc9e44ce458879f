"""Samples that are in the ledger already: a source whose rows carry their own day gives them at every reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from psarecon.ledger.database import samples

Row = sa.Row[Any]
Chosen = tuple[sa.ColumnElement[bool], ...]
Key = tuple[str, str]
Moment = tuple[str, str]

#: Moments asked for at once: databases limit the parameters of a statement.
_AT_ONCE = 400


def new_rows(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that say something new: all but standing ones that are their moment's last word already.

    A standing row is also new when a failed reading came after it: it says that the organization can be read again.
    """
    standing = [row for row in rows if row["standing"]]
    known: dict[Key, dict[Moment, int]] = {}
    for source, metric in {_key(row) for row in standing}:
        mine = [row for row in standing if _key(row) == (source, metric)]
        chosen = (samples.c.source == source, samples.c.metric == metric)
        known[source, metric] = _known(connection, chosen, mine)
    return [row for row in rows if not row["standing"] or known[_key(row)].get(_moment(row)) != row["counted"]]


def _key(row: Mapping[str, Any]) -> Key:
    return row["source"], row["metric"]


def _moment(row: Mapping[str, Any]) -> Moment:
    return row["organization"], row["taken_at"]


def _known(connection: sa.Connection, chosen: Chosen, rows: Sequence[dict[str, Any]]) -> dict[Moment, int]:
    """The last count of each organization and moment among the rows, where no failed reading came after it."""
    last = {(row.organization, row.taken_at): row for row in _same_moments(connection, chosen, rows)}
    if not last:
        return {}
    failed = {row.organization: row.id for row in connection.execute(last_of_each(chosen, good=False))}
    return {moment: row.counted for moment, row in last.items() if row.id > failed.get(moment[0], 0)}


def _same_moments(connection: sa.Connection, chosen: Chosen, rows: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """Good samples of the rows' moments, in the order they were taken in."""
    moments = sorted({row["taken_at"] for row in rows})
    columns = (samples.c.organization, samples.c.taken_at, samples.c.counted, samples.c.id)
    for start in range(0, len(moments), _AT_ONCE):
        same = samples.c.taken_at.in_(moments[start : start + _AT_ONCE])
        good: sa.Select[Any] = sa.select(*columns).where(*chosen, same, samples.c.counted.is_not(None))
        yield from connection.execute(good.order_by(samples.c.id))


def last_of_each(chosen: Chosen, *, good: bool) -> sa.Select[Any]:
    """The id of each organization's last good or failed reading, in the order they were taken in."""
    outcome = samples.c.counted.is_not(None) if good else samples.c.counted.is_(None)
    last = sa.func.max(samples.c.id).label("id")
    return sa.select(samples.c.organization, last).where(*chosen, outcome).group_by(samples.c.organization)
