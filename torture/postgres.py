"""Databases on a PostgreSQL server of the campaign's own, one for each worker."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

#: The tests know how to start a server.
_TESTS = Path(__file__).resolve().parents[1] / "tests"


@contextmanager
def databases(ledger: str, count: int) -> Iterator[Sequence[str]]:
    """The URLs of so many empty databases, gone when the block ends; none for SQLite."""
    if ledger == "sqlite":
        yield ()
        return
    sys.path.append(str(_TESTS))
    from postgres import serving

    with ExitStack() as stack:
        # Each worker, each apply and each disturber of a worker has a connection of its own.
        server = stack.enter_context(serving(max_connections=str(count * 6 + 10)))
        yield [stack.enter_context(server.database()) for _ in range(count)]
