"""A ledger in a real SQLite file, and one in a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from psarecon.ledger.database import Database, open_database


@pytest.fixture
def ledger(ledger_url: str, tmp_path: Path) -> Iterator[Database]:
    """A new ledger."""
    database = open_database(ledger_url, tmp_path)
    yield database
    database.close()
