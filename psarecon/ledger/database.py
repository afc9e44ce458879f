"""The ledger's database: tables, versions, and one way in.

SQLite by default, PostgreSQL by URL, through SQLAlchemy Core. A commit is on disk when ``writing`` ends: the
write-ahead journal of ``apply`` rests on that. Instants the ledger itself stamps are seconds since 1970 by the
database's clock, so that hosts whose clocks differ agree on them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from psarecon.errors import LedgerError

metadata = sa.MetaData()

schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, nullable=False))

samples = sa.Table(
    "samples",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("organization", sa.Text, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("taken_at", sa.Text, nullable=False, doc="UTC, 2026-11-20T17:00:00Z: sorts as it reads"),
    sa.Column("counted", sa.Integer, doc="empty: the reading failed"),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("name", sa.Text),
    sa.Column("cross_check", sa.Integer),
    sa.Column("last_month_mark", sa.Integer),
    sa.Column("sku", sa.Text, doc="since version 2"),
    sa.Column("prices", sa.Text, doc="since version 2: JSON, pairs of the vendor's product and price as texts"),
    sa.Column("standing", sa.Integer, doc="since version 2: 1 where the source gives the row at every reading"),
    sa.Index("samples_by_organization", "source", "metric", "organization", "taken_at"),
    sa.Index("samples_by_time", "source", "metric", "taken_at"),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False, doc="seconds since 1970, the database's clock"),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("change", sa.Text, nullable=False),
    sa.Column("psa", sa.Text, nullable=False),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("effective_date", sa.Text),
    sa.Column("detail", sa.Text, nullable=False, doc="JSON"),
    sa.Index("journal_by_line", "psa", "tenant", "line", "id"),
    sa.Index("journal_by_run", "run", "id"),
)

baselines = sa.Table(
    "baselines",
    metadata,
    sa.Column("psa", sa.Text, primary_key=True),
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("line", sa.Text, primary_key=True),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("unit_cost", sa.Text),
    sa.Column("usage", sa.Integer),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("wanted_cost", sa.Text),
    sa.Column("effective_date", sa.Text),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("run_url", sa.Text, nullable=False),
    sa.Column("process", sa.Text, nullable=False),
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
MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (_create, _add_columns)


class Database:
    """One ledger's database. ``name`` is how messages call it: a path or a URL without its password."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self.name = name

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction, on disk when the block ends. Raises LedgerError."""
        with _translated(self.name), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent view to read from. Raises LedgerError."""
        with _translated(self.name), self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        hint = "check that its folder exists, is writable and has room; nothing that was committed is lost"
        raise LedgerError(f"the ledger {name} failed: {reason}", hint=hint) from error


def now(connection: sa.Connection) -> float:
    """Seconds since 1970 by the database's clock."""
    if connection.dialect.name == "sqlite":
        statement = sa.text("SELECT (julianday('now') - 2440587.5) * 86400.0")
    else:
        statement = sa.text("SELECT extract(epoch FROM clock_timestamp())")
    return float(connection.execute(statement).scalar_one())


def open_database(url: str, directory: Path) -> Database:
    """Open the ledger at ``sqlite:PATH`` (relative to ``directory``) or a SQLAlchemy URL; make or migrate it first.

    Raises LedgerError: not to be opened, or written by a newer psarecon.
    """
    database = _connect(url, directory)
    _migrate(database)
    return database


def _connect(url: str, directory: Path) -> Database:
    if url.startswith("sqlite:") and not url.startswith("sqlite://"):
        return _sqlite(directory / url.removeprefix("sqlite:"))
    try:
        parsed = sa.make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        return Database(sa.create_engine(parsed), parsed.render_as_string(hide_password=True))
    except (SQLAlchemyError, ImportError) as error:
        hint = 'write sqlite:PATH, or postgresql://… with `pip install "psarecon[postgres]"`'
        raise LedgerError("the ledger's URL cannot be used", hint=hint) from error


def _sqlite(path: Path) -> Database:
    name = str(path)
    with _translated(name):
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(sa.URL.create("sqlite", database=name), poolclass=NullPool)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return Database(engine, name)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """A commit survives a power cut (synchronous=FULL), readers do not wait for a writer (WAL)."""
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


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
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7305412)")


def _version(database: Database) -> int:
    with database.reading() as connection:
        return _version_in(connection)


def _version_in(connection: sa.Connection) -> int:
    if not sa.inspect(connection).has_table(schema_version.name):
        return 0
    return connection.execute(sa.select(schema_version.c.version)).scalar_one_or_none() or 0
