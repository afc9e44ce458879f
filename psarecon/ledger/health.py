"""The ledger's vital signs, each by a query that is quick however long the ledger is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from psarecon.ledger.chain import Head, head_of
from psarecon.ledger.database import MIGRATIONS, Database, journal, samples
from psarecon.ledger.seals import GENESIS, SEALED, seal

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Vitals:
    """``size`` in bytes; ``sealed``: the newest row of the journal fits the one before it and the head."""

    version: int
    size: int
    rows: int
    sealed: bool


def vitals(database: Database) -> Vitals:
    """As the ledger is now. Raises LedgerError."""
    head = head_of(database)
    with database.reading() as connection:
        size = sum(connection.execute(sa.text(_SIZE[connection.dialect.name])).one())
    return Vitals(len(MIGRATIONS), int(size), head.length, _newest_fits(database, head))


_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def _newest_fits(database: Database, head: Head) -> bool:
    columns = [journal.c[name] for name in (*SEALED, "digest")]
    query = sa.select(*columns).order_by(journal.c.id.desc()).limit(2)
    with database.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    if not rows:
        return head == Head()
    before = rows[1]["digest"] if len(rows) > 1 else GENESIS
    try:
        digest = seal(before, rows[0])
    except (TypeError, ValueError):  # SQLite keeps anything in any column
        return False
    return (rows[0]["digest"], head.last_id, head.digest) == (digest, rows[0]["id"], digest)


def last_read(database: Database, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], datetime | None]:
    """By source and metric: of when the newest good sample is. Raises LedgerError."""
    found: dict[tuple[str, str], datetime | None] = {}
    with database.reading() as connection:
        for source, metric in wanted:
            chosen = (samples.c.source == source, samples.c.metric == metric, samples.c.counted.is_not(None))
            text = connection.execute(sa.select(sa.func.max(samples.c.taken_at)).where(*chosen)).scalar_one_or_none()
            found[source, metric] = datetime.strptime(text, _FORMAT).replace(tzinfo=UTC) if text else None
    return found
