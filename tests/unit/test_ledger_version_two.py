"""A ledger of the first version is brought to the second, and keeps what it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from psarecon.domain.model import Reading
from psarecon.domain.periods import Month
from psarecon.ledger.database import MIGRATIONS, open_database
from psarecon.ledger.usage import UsageLog

_FIRST_VERSION = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (1);
CREATE TABLE samples (id INTEGER PRIMARY KEY, source TEXT NOT NULL, organization TEXT NOT NULL, metric TEXT NOT NULL,
  taken_at TEXT NOT NULL, counted INTEGER, how TEXT NOT NULL, error TEXT, name TEXT, cross_check INTEGER,
  last_month_mark INTEGER);
CREATE TABLE journal (id INTEGER PRIMARY KEY, at FLOAT NOT NULL, run TEXT NOT NULL, event TEXT NOT NULL,
  change TEXT NOT NULL, psa TEXT NOT NULL, tenant TEXT NOT NULL, line TEXT NOT NULL, effective_date TEXT,
  detail TEXT NOT NULL);
INSERT INTO samples VALUES (1, 'jc', 'o1', 'users', '2026-11-19T17:00:00Z', 16, 'x', NULL, 'Acme', NULL, NULL);
"""
NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)


def test_old_samples_stay_and_new_ones_have_the_new_columns(tmp_path: Path) -> None:
    """The mark is the old sample's, the SKU the new one's."""
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as old:
        old.executescript(_FIRST_VERSION)
    with closing(open_database("sqlite:ledger.db", tmp_path)) as database:
        log = UsageLog(database)
        assert log.add([Reading("jc", "o1", "users", NOW, 14, "y", sku="lastpass-mfa")]) == 1
        usage = log.usage("jc", "users", Month(2026, 11), ZoneInfo("America/New_York"), NOW)["o1"]
        assert (usage.peak and usage.peak.count, usage.last and usage.last.count, usage.sku) == (16, 14, "lastpass-mfa")


def test_opening_it_again_changes_nothing(tmp_path: Path) -> None:
    """The newest version from the start, and the same after."""
    for _ in range(2):
        open_database("sqlite:ledger.db", tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
        assert ledger.execute("SELECT version FROM schema_version").fetchall() == [(len(MIGRATIONS),)]
        columns = {row[1] for row in ledger.execute("PRAGMA table_info(samples)")}
    assert {"sku", "prices", "standing"} <= columns
