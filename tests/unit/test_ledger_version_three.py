"""A ledger of the second version is brought to the third: its journal is chained, and searched by what it is about."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from psarecon.domain.model import LineKey
from psarecon.ledger.chain import check, head_of
from psarecon.ledger.database import Database, open_database
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.search import Wanted

_SECOND_VERSION = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (2);
CREATE TABLE samples (id {serial}, source TEXT NOT NULL, organization TEXT NOT NULL, metric TEXT NOT NULL,
  taken_at TEXT NOT NULL, counted INTEGER, how TEXT NOT NULL, error TEXT, name TEXT, cross_check INTEGER,
  last_month_mark INTEGER, sku TEXT, prices TEXT, standing INTEGER);
CREATE TABLE journal (id {serial}, at FLOAT NOT NULL, run TEXT NOT NULL, event TEXT NOT NULL, change TEXT NOT NULL,
  psa TEXT NOT NULL, tenant TEXT NOT NULL, line TEXT NOT NULL, effective_date TEXT, detail TEXT NOT NULL);
CREATE INDEX journal_by_line ON journal (psa, tenant, line, id);
CREATE INDEX journal_by_run ON journal (run, id);
"""
_INTENT = json.dumps({"change": {"client": "Acme Corp", "usage": {"month": "2026-11"}}, "decision": {"by": "Dana"}})
_THEFT = json.dumps({"text": "erin took it", "by": "erin"})
#: Ids as PostgreSQL gives them, with a gap where a transaction was rolled back.
_ROWS = [
    (1, 1795194000.1234567, "r1", "intent", "c1", "autotask", "t", "8001", "2026-11-01", _INTENT),
    (2, 1795194001.0, "r1", "intent", "c2", "autotask", "t", "8002", None, _INTENT.replace("Acme Corp", "Beta")),
    (4, 1795194002.5, "r1", "verified", "c1", "autotask", "t", "8001", "2026-11-01", '{"text": ""}'),
    (5, 1795194003.0, "r1", "stolen", "", "", "t", "", None, _THEFT),
    (9, 1795194004.0, "r2", "verified", "c1", "autotask", "t", "8001", None, "not JSON \N{GRINNING FACE}"),
]


def _old_ledger(url: str, directory: Path) -> None:
    """A ledger as psarecon left it at version 2."""
    sign, serial = ("?", "INTEGER PRIMARY KEY") if url.startswith("sqlite") else ("%s", "SERIAL PRIMARY KEY")
    insert = f"INSERT INTO journal VALUES ({', '.join([sign] * 10)})"  # noqa: S608 - ours
    script = _SECOND_VERSION.format(serial=serial)
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(directory / url.removeprefix("sqlite:"))) as old, old:
            old.executescript(script)
            old.executemany(insert, _ROWS)
        return
    with psycopg.connect(url) as server:
        server.execute(script.encode())
        server.cursor().executemany(insert.encode(), _ROWS)


def _indexes(ledger: Database) -> set[str]:
    with ledger.reading() as connection:
        return {str(index["name"]) for index in sa.inspect(connection).get_indexes("journal")}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """An old ledger of each kind."""
    return "sqlite:ledger.db" if request.param == "sqlite" else str(request.getfixturevalue("database"))


def test_the_rows_of_an_older_journal_are_chained_as_they_are(url: str, tmp_path: Path) -> None:
    """Gaps in their ids included; what is written next fits behind them, and a change of an old row shows."""
    _old_ledger(url, tmp_path)
    with closing(open_database(url, tmp_path)) as ledger:
        assert (check(ledger).whole, check(ledger).length, head_of(ledger).last_id) == (True, 5, 9)
        Journal(ledger).append("r3", Event.INTENT, "c3", LineKey("a", "1", "2", "3"), "t", None, {})
        assert (check(ledger).whole, head_of(ledger).last_id) == (True, 10)
        with ledger.writing() as connection:
            connection.execute(sa.text("UPDATE journal SET line = '8009' WHERE id = 4"))
        assert [one.id for one in check(ledger).breaks] == [4]


def test_the_rows_of_an_older_journal_are_found_like_new_ones(url: str, tmp_path: Path) -> None:
    """An outcome by its own run's intent; a change of the same name in another run is another."""
    _old_ledger(url, tmp_path)
    with closing(open_database(url, tmp_path)) as ledger:
        with ledger.writing() as connection:  # the row that is no JSON is none of psarecon's
            connection.execute(sa.text("UPDATE journal SET detail = '{}' WHERE id = 9"))
        search = Journal(ledger).search
        assert [entry.id for entry in search(Wanted(client="acme"))] == [1, 4]
        assert [entry.id for entry in search(Wanted(month="2026-11"))] == [1, 2, 4]
        assert [entry.id for entry in search(Wanted(by="dana"))] == [1, 2, 4]
        assert [entry.id for entry in search(Wanted(by="erin"))] == [5]
        assert [entry.id for entry in search(Wanted(run="r2"))] == [9]


def test_an_older_ledger_has_what_a_new_one_has(url: str, tmp_path: Path) -> None:
    """The same columns and indexes of the journal, and the same head."""
    _old_ledger(url, tmp_path)
    with closing(open_database(url, tmp_path)) as ledger, closing(open_database("sqlite:new.db", tmp_path)) as new:
        assert _indexes(ledger) == _indexes(new)
        for table in ("journal", "journal_head"):
            with ledger.reading() as mine, new.reading() as other:
                ours, theirs = (
                    {column["name"] for column in sa.inspect(one).get_columns(table)} for one in (mine, other)
                )
            assert ours == theirs


def test_opening_it_again_chains_nothing_twice(tmp_path: Path) -> None:
    """The digests stay, and with them what somebody noted."""
    _old_ledger("sqlite:ledger.db", tmp_path)
    heads = []
    for _ in range(2):
        with closing(open_database("sqlite:ledger.db", tmp_path)) as ledger:
            heads.append(head_of(ledger))
    assert heads[0] == heads[1]
