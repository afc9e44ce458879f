"""Databases on a PostgreSQL server for the workers of a campaign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def databases(ledger: str, count: int) -> Iterator[Sequence[str]]:
    """The URLs of so many empty databases, gone when the block ends; none for SQLite."""
    if ledger == "sqlite":
        yield ()
        return
    raise SystemExit(f"no server for {count}")
