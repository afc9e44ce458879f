"""How the ledger's database is reached: SQLite in a file, PostgreSQL by URL.

Both are set up to mean the same: a commit is on disk, a writer waits for another one for ten seconds, a reader sees
one moment. Nothing here waits for ever, and no message holds more of a URL than user, host and name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from psarecon.errors import LedgerError

#: Seconds to wait for another writer.
_BUSY = 10
#: Execution option of a transaction that will write.
_WRITES = "psarecon_writes"
#: libpq: give up on a server that does not answer (seconds; the last in milliseconds). A URL may say otherwise.
_LIBPQ = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "psarecon",
}
#: Each session, in one round trip. A server told to lose the last commits in a crash (synchronous_commit=off) is told
#: otherwise: the intent of a write must be on disk before the write is sent.
_SESSION = f"""
SELECT set_config('lock_timeout', '{_BUSY}s', false),
       set_config('statement_timeout', '120s', false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END,
       current_setting('server_encoding')
"""
_HINTS = {
    "sqlite": "check that its folder exists, is writable and has room; nothing that was committed is lost",
    "postgresql": "check the server, and that this user may create tables there; nothing that was committed is lost, "
    "and `psarecon resume` settles what a run left",
}
_HOW = 'write sqlite:PATH, or postgresql://… with `pip install "psarecon[postgres]"`'


def engine_of(url: str, directory: Path) -> tuple[sa.Engine, str]:
    """An engine for ``sqlite:PATH`` (relative to ``directory``) or ``postgresql://…``, and how messages call it.

    Connects to nothing yet. Raises LedgerError: the URL is neither, or the file's folder cannot be made.
    """
    if url.startswith("sqlite:") and not url.startswith("sqlite://"):
        return _sqlite(directory / url.removeprefix("sqlite:"))
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
            return _postgresql(parsed)
    except (SQLAlchemyError, ImportError, ValueError):
        pass  # what they say may quote the URL
    raise LedgerError("the ledger's URL cannot be used", hint=_HOW)


@contextmanager
def translated(name: str, kind: str) -> Iterator[None]:
    """What goes wrong in a database of this kind (``sqlite``, ``postgresql``) is a LedgerError."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
        raise LedgerError(f"the ledger {name} failed: {said.splitlines()[0]}", hint=_HINTS[kind]) from error


def writer(engine: sa.Engine) -> sa.Engine:
    """The engine for transactions that write."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_WRITES: True})
    return engine.execution_options(isolation_level="READ COMMITTED")


def reader(engine: sa.Engine) -> sa.Engine:
    """The engine for transactions that read: all their statements see the same moment."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite(path: Path) -> tuple[sa.Engine, str]:
    with translated(str(path), "sqlite"):
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    sa.event.listen(engine, "connect", partial(_prepare_sqlite, path))
    sa.event.listen(engine, "checkout", partial(_same_file, path))
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine, str(path)


def _prepare_sqlite(path: Path, connection: sqlite3.Connection, record: Any) -> None:
    """A commit survives a power cut (synchronous=FULL), readers do not wait for a writer (WAL)."""
    connection.isolation_level = None  # Python begins no transactions of its own: _begin_sqlite does
    for pragma in (f"busy_timeout={_BUSY * 1000}", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    record.info["file"] = _file(path)


def _same_file(path: Path, _connection: sqlite3.Connection, record: Any, _proxy: Any) -> None:
    """A connection to a file that was removed or replaced meanwhile would write where nobody reads."""
    if record.info["file"] != _file(path):
        raise DisconnectionError


def _file(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer is alone from its first read on: what it decides on that read still holds when it commits."""
    kind = "IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {kind}")


def _postgresql(url: sa.URL) -> tuple[sa.Engine, str]:
    bare = url.set(drivername="postgresql", query={})  # a query can hold a password as well
    options = {name: value for name, value in _LIBPQ.items() if name not in url.query}
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={**options, "prepare_threshold": None},  # poolers in between may know no prepared statements
        pool_pre_ping=True,  # a connection that died between two transactions is replaced; within one it is an error
        pool_use_lifo=True,
    )
    sa.event.listen(engine, "connect", _prepare_postgresql)
    return engine, bare.render_as_string(hide_password=True)


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    connection.autocommit = True
    encoding = connection.execute(_SESSION).fetchone()[-1]
    connection.autocommit = False
    if encoding != "UTF8":
        connection.close()
        hint = "make one with: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
        raise LedgerError(f"the ledger's database keeps its text as {encoding}, not as UTF8", hint=hint)
