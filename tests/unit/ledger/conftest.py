"""A ledger in a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from psarecon.ledger.database import Database, open_database


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    """A new ledger at ``ledger.db`` in the test's directory."""
    database = open_database("sqlite:ledger.db", tmp_path)
    yield database
    database.close()
