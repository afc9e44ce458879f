"""Steps that bring what an older ledger holds to a newer version, in statements of their own: landed, never edited.

The tables of ``psarecon.ledger.database`` are of the newest version; a step must also run when they have moved on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from psarecon.ledger.seals import GENESIS, Keys, keys_of, or_else, seal

#: Rows read and written back at once.
_AT_ONCE = 1000
_JOURNAL = sa.table(
    "journal",
    *map(
        sa.column,
        (
            *("id", "at", "run", "event", "change", "psa", "tenant", "line", "effective_date", "detail"),
            *("client_key", "month", "by_key", "digest"),
        ),
    ),
)
_HEAD = sa.table("journal_head", *map(sa.column, ("id", "length", "last_id", "digest")))
_MAKE_HEAD = (
    "CREATE TABLE IF NOT EXISTS journal_head (id INTEGER PRIMARY KEY, length INTEGER NOT NULL, "
    "last_id INTEGER NOT NULL, digest TEXT NOT NULL)"
)
_SEARCHED = "id, at, run, event, psa, line, month, client_key, by_key"


def chain_the_journal(connection: sa.Connection) -> None:
    """Version 3: each row of the journal gets what it is searched by and its digest; the head says where it ends."""
    known = {column["name"] for column in sa.inspect(connection).get_columns("journal")}
    for name in ("client_key", "month", "by_key", "digest"):
        if name not in known:
            connection.execute(sa.text(f"ALTER TABLE journal ADD COLUMN {name} TEXT"))
    connection.execute(sa.text(_MAKE_HEAD))
    _fill(connection)
    connection.execute(sa.text("DROP INDEX IF EXISTS journal_by_run"))
    connection.execute(sa.text("CREATE INDEX IF NOT EXISTS journal_by_change ON journal (run, change, id)"))
    connection.execute(sa.text(f"CREATE INDEX IF NOT EXISTS journal_to_search ON journal ({_SEARCHED})"))


def _fill(connection: sa.Connection) -> None:
    """Row by row in order of writing: an outcome is searched by what its intent told before it."""
    told: dict[tuple[str, str], Keys] = {}
    previous, length, last = GENESIS, 0, 0
    statement = sa.update(_JOURNAL).where(_JOURNAL.c.id == sa.bindparam("of_id"))
    for rows in _pages(connection):
        changed = []
        for row in rows:
            keys = keys_of(_data(row["detail"]))
            if row["change"]:
                keys = or_else(keys, told.get((row["run"], row["change"]), keys))
                told[row["run"], row["change"]] = keys
            previous = seal(previous, {**row, **keys})
            changed.append({"of_id": row["id"], **keys, "digest": previous})
        connection.execute(statement, changed)
        length, last = length + len(rows), rows[-1]["id"]
    connection.execute(sa.insert(_HEAD).values(id=1, length=length, last_id=last, digest=previous))


def _pages(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    after = 0
    while True:
        query = sa.select(_JOURNAL).where(_JOURNAL.c.id > after).order_by(_JOURNAL.c.id).limit(_AT_ONCE)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


def _data(detail: str) -> Any:
    """A row's detail as data; what another program wrote there may be none."""
    try:
        return json.loads(detail)
    except ValueError:
        return None
