"""The ledger's database: tables, versions, and one way in.

SQLite by default, PostgreSQL by URL, through SQLAlchemy Core. A commit is on disk when ``writing`` ends: the
write-ahead journal of ``apply`` rests on that. Instants the ledger itself stamps are seconds since 1970 by the
database's clock, so that hosts whose clocks differ agree on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from psarecon.errors import LedgerError
from psarecon.ledger.engines import engine_of, reader, translated, writer
from psarecon.ledger.upgrades import chain_the_journal


class Words(sa.types.TypeDecorator[str]):
    """Text as strangers write it. What a database cannot keep (NUL, half a surrogate pair) is kept as U+FFFD."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - theirs
        """The text without them."""
        return None if value is None else kept(value)


def kept(text: str) -> str:
    """A text as the database will give it back."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNKEEPABLE.sub("\N{REPLACEMENT CHARACTER}", text)


_UNKEEPABLE = re.compile("[\\0\ud800-\udfff]")

metadata = sa.MetaData()

schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, nullable=False))

samples = sa.Table(
    "samples",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", Words, nullable=False),
    sa.Column("organization", Words, nullable=False),
    sa.Column("metric", Words, nullable=False),
    sa.Column("taken_at", Words, nullable=False, doc="UTC, 2026-11-20T17:00:00Z: sorts as it reads"),
    sa.Column("counted", sa.Integer, doc="empty: the reading failed"),
    sa.Column("how", Words, nullable=False),
    sa.Column("error", Words),
    sa.Column("name", Words),
    sa.Column("cross_check", sa.Integer),
    sa.Column("last_month_mark", sa.Integer),
    sa.Column("sku", Words, doc="since version 2"),
    sa.Column("prices", Words, doc="since version 2: JSON, pairs of the vendor's product and price as texts"),
    sa.Column("standing", sa.Integer, doc="since version 2: 1 where the source gives the row at every reading"),
    sa.Index("samples_by_organization", "source", "metric", "organization", "taken_at"),
    sa.Index("samples_by_time", "source", "metric", "taken_at"),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False, doc="seconds since 1970, the database's clock"),
    sa.Column("run", Words, nullable=False),
    sa.Column("event", Words, nullable=False),
    sa.Column("change", Words, nullable=False),
    sa.Column("psa", Words, nullable=False),
    sa.Column("tenant", Words, nullable=False),
    sa.Column("line", Words, nullable=False),
    sa.Column("effective_date", Words),
    sa.Column("detail", Words, nullable=False, doc="JSON"),
    sa.Column("client_key", Words, doc="since version 3: the client's name, folded, to search by"),
    sa.Column("month", Words, doc="since version 3: 2026-11, the billing month of the change's usage"),
    sa.Column("by_key", Words, doc="since version 3: who decided, folded, to search by"),
    sa.Column("digest", Words, doc="since version 3: sha256 over the digest before it and this row"),
    sa.Index("journal_by_line", "psa", "tenant", "line", "id"),
    sa.Index("journal_by_change", "run", "change", "id"),
    # Rows are long, and seldom looked for by one thing alone: a search reads this in order, and only then the rows.
    sa.Index("journal_to_search", "id", "at", "run", "event", "psa", "line", "month", "client_key", "by_key"),
)

journal_head = sa.Table(
    "journal_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, doc="1: there is one row"),
    sa.Column("length", sa.Integer, nullable=False),
    sa.Column("last_id", sa.Integer, nullable=False),
    sa.Column("digest", Words, nullable=False),
)

baselines = sa.Table(
    "baselines",
    metadata,
    sa.Column("psa", Words, primary_key=True),
    sa.Column("tenant", Words, primary_key=True),
    sa.Column("line", Words, primary_key=True),
    sa.Column("quantity", Words, nullable=False),
    sa.Column("unit_cost", Words),
    sa.Column("usage", sa.Integer),
    sa.Column("rule", Words, nullable=False),
    sa.Column("wanted_cost", Words),
    sa.Column("effective_date", Words),
    sa.Column("run", Words, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("tenant", Words, primary_key=True),
    sa.Column("owner", Words, nullable=False),
    sa.Column("token", Words, nullable=False),
    sa.Column("host", Words, nullable=False),
    sa.Column("run", Words, nullable=False),
    sa.Column("run_url", Words, nullable=False),
    sa.Column("process", Words, nullable=False),
    sa.Column("acquired_at", sa.Float, nullable=False),
    sa.Column("heartbeat_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
)


def _create(connection: sa.Connection) -> None:
    metadata.create_all(connection)


def _add_columns(connection: sa.Connection) -> None:
    """Version 2. A ledger made from nothing has the columns already."""
    known = {column["name"] for column in sa.inspect(connection).get_columns(samples.name)}
    for name, kind in (("sku", "TEXT"), ("prices", "TEXT"), ("standing", "INTEGER")):
        if name not in known:
            connection.execute(sa.text(f"ALTER TABLE {samples.name} ADD COLUMN {name} {kind}"))


#: Step n brings a ledger of version n to version n + 1. Landed steps are never edited, only added to.
MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (_create, _add_columns, chain_the_journal)


class Database:
    """One ledger's database. ``name`` is how messages call it: a path or a URL without its password."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self._writer = writer(engine)
        self._reader = reader(engine)
        self.name = name

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction, on disk when the block ends. Raises LedgerError: it may or may not be on disk."""
        with translated(self.name, self._engine.dialect.name), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent view to read from. Raises LedgerError."""
        with translated(self.name, self._engine.dialect.name), self._reader.connect() as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def alone(connection: sa.Connection, table: sa.Table) -> None:
    """From here to the end of the transaction nobody else writes to the table, so that what was read still holds.

    SQLite needs no order: there, whoever writes is alone from the beginning.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")


def clock(kind: str) -> sa.ColumnElement[float]:
    """For statements to a database of this kind (``sqlite``, ``postgresql``): what ``now`` says when it is asked."""
    if kind == "sqlite":
        return sa.literal_column("(julianday('now') - 2440587.5) * 86400.0", sa.Float)
    return sa.literal_column("CAST(extract(epoch FROM clock_timestamp()) AS double precision)", sa.Float)


def now(connection: sa.Connection) -> float:
    """Seconds since 1970 by the database's clock."""
    return float(connection.execute(sa.select(clock(connection.dialect.name))).scalar_one())


def open_database(url: str, directory: Path) -> Database:
    """Open the ledger at ``sqlite:PATH`` (relative to ``directory``) or ``postgresql://…``; make or migrate it first.

    Raises LedgerError: not to be opened, or written by a newer psarecon.
    """
    database = Database(*engine_of(url, directory))
    try:
        _migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def _migrate(database: Database) -> None:
    if _version(database) == len(MIGRATIONS):
        return
    with database.writing() as connection:
        _take_schema_lock(connection)
        version = _version_in(connection)
        if version > len(MIGRATIONS):
            hint = "use the psarecon that wrote it, or a newer one"
            raise LedgerError(
                f"the ledger {database.name} is of version {version}, newer than this psarecon", hint=hint
            )
        for step in MIGRATIONS[version:]:
            step(connection)
        connection.execute(sa.delete(schema_version))
        connection.execute(sa.insert(schema_version).values(version=len(MIGRATIONS)))


def _take_schema_lock(connection: sa.Connection) -> None:
    """Two processes that meet an old ledger at once: one migrates, the other waits and finds it done."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7305412)")


def _version(database: Database) -> int:
    with database.reading() as connection:
        return _version_in(connection)


def _version_in(connection: sa.Connection) -> int:
    if not sa.inspect(connection).has_table(schema_version.name):
        return 0
    return connection.execute(sa.select(schema_version.c.version)).scalar_one_or_none() or 0
