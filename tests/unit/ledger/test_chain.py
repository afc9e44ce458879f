from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from psarecon.domain.model import LineKey
from psarecon.ledger.chain import check, head_of
from psarecon.ledger.database import Database, open_database
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.leases import Holder, Leases
from psarecon.ledger.seals import GENESIS

LINE = LineKey("autotask", "174", "29683353", "8001")
COLUMNS = (
    "id", "at", "run", "event", "change", "psa", "tenant", "line", "effective_date", "detail", "client_key", "month",
    "by_key",
)  # fmt: skip
ROWS = 8
#: Writes thirty rows, once it is told to.
_WRITE = """
import sys
from pathlib import Path
from psarecon.domain.model import LineKey
from psarecon.ledger.database import open_database
from psarecon.ledger.journal import Event, Journal
journal = Journal(open_database(sys.argv[1], Path()))
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    journal.append(sys.argv[2], Event.INTENT, "c", LineKey("a", "1", "2", "3"), "t", None, {"number": number})
"""

Tampering = Callable[[sa.Connection], Any]


def _write(ledger: Database, rows: int = ROWS) -> None:
    journal = Journal(ledger)
    for number in range(rows):
        event = Event.VERIFIED if number % 2 else Event.INTENT
        journal.append("run", event, f"c{number // 2}", LINE, "tenant", date(2026, 11, 1), {"text": f"row {number}"})


@pytest.fixture
def written(ledger: Database) -> Database:
    """A ledger with eight rows."""
    _write(ledger)
    return ledger


def _do(ledger: Database, *statements: str) -> None:
    with ledger.writing() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def _rows(ledger: Database) -> list[dict[str, Any]]:
    with ledger.reading() as connection:
        return [dict(row) for row in connection.execute(sa.text("SELECT * FROM journal ORDER BY id")).mappings()]


def _by_hand(previous: str, row: dict[str, Any]) -> str:
    """A row's digest as the documents describe it."""
    data = {name: row[name] for name in COLUMNS} | {"at": repr(row["at"])}
    text = previous + "\n" + json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def test_an_empty_journal_is_whole(ledger: Database) -> None:
    """It ends with sixty-four noughts, which any journal began with."""
    found = check(ledger, GENESIS)
    assert (found.whole, found.length, found.digest, found.noted) == (True, 0, GENESIS, 0)


def test_each_row_holds_a_digest_of_the_one_before_it_and_of_itself(written: Database) -> None:
    """Put together here once more, from what is documented; the head is that of the last row."""
    previous = GENESIS
    for row in _rows(written):
        previous = _by_hand(previous, row)
        assert row["digest"] == previous
    head, found = head_of(written), check(written)
    assert (head.length, head.last_id, head.digest) == (ROWS, ROWS, previous)
    assert (found.whole, found.length, found.digest) == (True, ROWS, previous)


def test_hostile_words_are_sealed_as_they_are_kept(ledger: Database) -> None:
    """NUL and half a surrogate pair are replaced first; a stolen lease's row is a row like another."""
    line = LineKey("autotask", "1", "2", "a\0b\ud800c")
    Journal(ledger).append(
        "run\0", Event.INTENT, "c", line, "tenant\udfff", None, {"text": "\0\ud800 \N{GRINNING FACE}"}
    )
    Leases(ledger).take("tenant", Holder("dana\ud800", "host", "run"), 60)
    Leases(ledger).steal("tenant", Holder("erin", "host", "run-2"), "\0why")
    assert (check(ledger).whole, check(ledger).length) == (True, 2)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "at + 0.001"), ("run", "'other'"), ("event", "'failed'"), ("change", "'c9'"), ("psa", "'x'"),
        ("tenant", "'x'"), ("line", "'8002'"), ("effective_date", "NULL"), ("detail", "'{}'"),
        ("client_key", "'acme'"), ("month", "'2026-12'"), ("by_key", "'dana'"),
    ],
)  # fmt: skip
def test_an_edited_row_shows_whatever_was_edited(written: Database, column: str, value: str) -> None:
    """One column of one row: that row is named, and no other."""
    _do(written, f"UPDATE journal SET {column} = {value} WHERE id = 4")  # noqa: S608 - ours
    found = check(written)
    assert (found.whole, found.broken, found.breaks[0].id) == (False, 1, 4)
    assert found.breaks[0].why == "it was changed, or put in, or what was written before it is gone"


@pytest.mark.parametrize(
    ("statements", "first", "said"),
    [
        pytest.param(["DELETE FROM journal WHERE id = 4"], 5, "row 4 is gone, or it was changed", id="one removed"),
        pytest.param(["DELETE FROM journal WHERE id BETWEEN 3 AND 5"], 6, "rows 3 to 5 are gone", id="three removed"),
        pytest.param(["DELETE FROM journal WHERE id = 1"], 2, "row 1 is gone", id="the beginning removed"),
        pytest.param(
            [
                "UPDATE journal SET id = 99 WHERE id = 3",
                "UPDATE journal SET id = 3 WHERE id = 4",
                "UPDATE journal SET id = 4 WHERE id = 99",
            ],
            3,
            "it was changed",
            id="two in the other order",
        ),
        pytest.param(
            [
                "DELETE FROM journal WHERE id = 4",
                "UPDATE journal SET id = id - 1 WHERE id = 5",
                "UPDATE journal SET id = id - 1 WHERE id = 6",
                "UPDATE journal SET id = id - 1 WHERE id = 7",
                "UPDATE journal SET id = id - 1 WHERE id = 8",
            ],
            4,
            "it was changed",
            id="one removed and the others moved up",
        ),
        pytest.param(["UPDATE journal SET digest = 'x' WHERE id = 4"], 4, "it was changed", id="a digest written over"),
        pytest.param(
            ["UPDATE journal SET digest = NULL WHERE id = 4"], 4, "not written by psarecon", id="a digest removed"
        ),
    ],
)
def test_rows_that_were_removed_or_moved_show(written: Database, statements: list[str], first: int, said: str) -> None:
    """The first row that does not fit is named, with what is seen there."""
    _do(written, *statements)
    found = check(written)
    assert not found.whole
    assert found.breaks[0].id == first
    assert said in found.breaks[0].why


def test_a_row_that_was_put_in_shows_even_with_a_fitting_digest(written: Database) -> None:
    """It fits after the row before it, and the row after it does not fit any more."""
    row = _rows(written)[3]
    forged = {**row, "id": 9, "event": "failed"}
    forged["digest"] = _by_hand(_rows(written)[-1]["digest"], forged)
    names = ", ".join(forged)
    values = ", ".join(f":{name}" for name in forged)
    with written.writing() as connection:
        connection.execute(sa.text(f"INSERT INTO journal ({names}) VALUES ({values})"), forged)  # noqa: S608 - ours
    found = check(written)
    assert [(one.id, one.why) for one in found.breaks] == [
        (None, "8 rows were written, the last of them 8; there are 9 rows, the last of them 9")
    ]
    Journal(written).append("run", Event.INTENT, "c", LINE, "tenant", None, {})
    assert [one.id for one in check(written).breaks] == [10, None]


def test_a_removed_end_shows_by_the_head(written: Database) -> None:
    """And goes on to show once more rows were written: the row that follows does not fit."""
    _do(written, "DELETE FROM journal WHERE id > 6")
    found = check(written)
    assert [(one.id, one.why) for one in found.breaks] == [
        (None, "8 rows were written, the last of them 8; there are 6 rows, the last of them 6")
    ]
    Journal(written).append("run", Event.INTENT, "c", LINE, "tenant", None, {})
    assert [one.id for one in check(written).breaks] == [9, None]
    assert check(written).breaks[0].why == "rows 7 to 8 are gone, or it was changed"


def test_a_removed_head_shows_and_stops_no_run(written: Database) -> None:
    """The next row begins a new chain, which does not fit behind the old one."""
    _do(written, "DELETE FROM journal_head")
    assert [(one.id, one.why) for one in check(written).breaks] == [(None, "the head of the journal is gone")]
    Journal(written).append("run", Event.INTENT, "c", LINE, "tenant", None, {})
    assert [one.id for one in check(written).breaks] == [9, None]


def test_a_journal_made_anew_fits_and_lacks_the_digest_that_was_noted(written: Database) -> None:
    """What whoever may write to the database can do, and what shows it: a digest that was kept elsewhere."""
    noted = head_of(written).digest
    _write(written, 2)
    assert (check(written, noted).whole, check(written, noted).noted) == (True, ROWS)
    previous = GENESIS
    with written.writing() as connection:
        for row in _rows(written):
            row["event"] = "failed" if row["id"] == 4 else row["event"]
            previous = _by_hand(previous, row)
            changed = {"event": row["event"], "digest": previous, "id": row["id"]}
            connection.execute(sa.text("UPDATE journal SET event = :event, digest = :digest WHERE id = :id"), changed)
        connection.execute(sa.text("UPDATE journal_head SET digest = :digest"), {"digest": previous})
    assert check(written).whole
    found = check(written, noted)
    assert (found.whole, found.noted) == (False, None)
    assert (
        found.breaks[0].why == f"no row has the digest {noted}: the journal that ended with it was replaced or cut off"
    )


def test_only_the_first_breaks_are_told_one_by_one(ledger: Database) -> None:
    """All are counted."""
    _write(ledger, 30)
    _do(ledger, "UPDATE journal SET tenant = 'x'")
    found = check(ledger)
    assert (found.broken, len(found.breaks), found.breaks[0].id) == (30, 20, 1)


def test_a_row_that_another_program_put_in_stops_no_run(written: Database) -> None:
    """The next row goes behind it, and the check names it alone."""
    _do(
        written,
        "INSERT INTO journal (id, at, run, event, change, psa, tenant, line, detail) "
        "VALUES (9, 0, 'r', 'verified', 'c', 'p', 't', 'l', '{}')",
    )
    Journal(written).append("run", Event.INTENT, "c", LINE, "tenant", None, {})
    found = check(written)
    assert [(one.id, one.why) for one in found.breaks] == [(9, "it was not written by psarecon")]
    assert [row["id"] for row in _rows(written)] == [*range(1, 11)]


def test_what_a_column_cannot_hold_is_a_break_and_no_crash(tmp_path: Path) -> None:
    """SQLite keeps anything anywhere."""
    with closing(open_database("sqlite:ledger.db", tmp_path)) as ledger:
        _write(ledger)
        _do(ledger, "UPDATE journal SET tenant = x'ff00' WHERE id = 3", "UPDATE journal SET at = 'then' WHERE id = 5")
        assert [one.id for one in check(ledger).breaks] == [3, 5]


def test_several_who_write_at_once_make_one_chain(ledger: Database, ledger_url: str) -> None:
    """Four processes, thirty rows each: ids without a gap, times that do not fall, every digest fits."""
    pipe = subprocess.PIPE
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITE, ledger_url, f"run-{number}"], stdin=pipe, stdout=pipe, text=True
        )
        for number in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
    rows = _rows(ledger)
    assert [child.returncode for child in children] == [0] * 4
    assert [row["id"] for row in rows] == [*range(1, 121)]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert (check(ledger).whole, check(ledger).length) == (True, 120)


def test_a_writer_that_is_killed_leaves_a_whole_chain(ledger: Database, ledger_url: str) -> None:
    """Three times in the midst of its rows, with no warning; the next one goes on behind them."""
    for length in (5, 6, 7):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITE.replace("range(30)", "range(10**9)"), ledger_url, "run"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as child:  # fmt: skip
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
            before = head_of(ledger).length
            while head_of(ledger).length < before + length:
                assert child.poll() is None
            child.kill()
        assert check(ledger).whole
    _write(ledger)
    assert (check(ledger).whole, check(ledger).length >= 18 + ROWS) == (True, True)


def test_a_long_journal_is_gone_over_in_pages(ledger: Database) -> None:
    """More rows than are read at once; the one that was changed lies in the last page."""
    _write(ledger, 10)
    rows, previous, last = _rows(ledger), head_of(ledger).digest, 4500
    listed = []
    for number in range(11, last + 1):
        row = {**rows[0], "id": number}
        previous = _by_hand(previous, row)
        listed.append({**row, "digest": previous})
    names = ", ".join(listed[0])
    values = ", ".join(f":{name}" for name in listed[0])
    with ledger.writing() as connection:
        connection.execute(sa.text(f"INSERT INTO journal ({names}) VALUES ({values})"), listed)  # noqa: S608 - ours
        head = {"length": last, "id": last, "digest": previous}
        connection.execute(sa.text("UPDATE journal_head SET length = :length, last_id = :id, digest = :digest"), head)
    assert (check(ledger).whole, check(ledger).length) == (True, last)
    _do(ledger, "UPDATE journal SET tenant = 'x' WHERE id = 4400")
    assert [one.id for one in check(ledger).breaks] == [4400]
