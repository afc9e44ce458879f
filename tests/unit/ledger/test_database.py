from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from psarecon.domain.model import LineKey
from psarecon.errors import EXIT_ERROR, LedgerError
from psarecon.ledger.database import MIGRATIONS, Database, open_database
from psarecon.ledger.database import journal as journal_table
from psarecon.ledger.journal import Event, Journal

LINE = LineKey("autotask", "174", "29683353", "8001")
_TABLES = {"schema_version", "samples", "journal", "journal_head", "baselines", "leases"}
#: Waits for a line on stdin, so that two begin at once; then opens a new ledger and writes a row.
_OPEN_AND_WRITE = """
import sys
from pathlib import Path
from psarecon.domain.model import LineKey
from psarecon.ledger.database import open_database
from psarecon.ledger.journal import Event, Journal
print("ready", flush=True)
sys.stdin.readline()
journal = Journal(open_database(sys.argv[1], Path()))
for number in range(20):
    journal.append(sys.argv[2], Event.INTENT, "c", LineKey("a", "1", "2", "3"), "t", None, {"number": number})
"""
#: Run with -B: Python would leave half a bytecode file, and the next process would stumble over it.
#: Appends rows until the file may not grow any more (a full disk, as far as a program can tell).
_FILL = """
import resource, signal
from pathlib import Path
from psarecon.domain.model import LineKey
from psarecon.errors import LedgerError
from psarecon.ledger.database import open_database
from psarecon.ledger.journal import Event, Journal
journal = Journal(open_database("sqlite:ledger.db", Path()))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
kept = 0
try:
    while True:
        journal.append("run", Event.INTENT, "c", LineKey("a", "1", "2", "3"), "t", None, {"text": "x" * 5000})
        kept += 1
except LedgerError as error:
    print(kept, error, sep="|")
    print(len(journal.entries()))
"""


def _write(database: Database) -> None:
    Journal(database).append("run", Event.INTENT, "c1", LINE, "tenant", None, {})


def _version(ledger: Database) -> list[int]:
    with ledger.reading() as connection:
        return list(connection.exec_driver_sql("SELECT version FROM schema_version").scalars())


def _opened(url: str, directory: Path) -> Database:
    with closing(open_database(url, directory)) as database:
        return database


def test_a_new_ledger_gets_its_tables_and_its_version(ledger: Database) -> None:
    """In whatever database."""
    with ledger.reading() as connection:
        assert set(sa.inspect(connection).get_table_names()) == _TABLES
    assert _version(ledger) == [len(MIGRATIONS)]


def test_a_new_ledger_gets_its_folder(tmp_path: Path) -> None:
    """A relative path is beside the settings, wherever that is."""
    _opened("sqlite:.psarecon/deep/ledger.db", tmp_path)
    assert (tmp_path / ".psarecon" / "deep" / "ledger.db").is_file()


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    """A backup program or a careful person may have made it first."""
    (tmp_path / "ledger.db").touch()
    database = _opened("sqlite:ledger.db", tmp_path)
    _write(database)
    assert _version(database) == [len(MIGRATIONS)]


def test_opening_a_ledger_again_keeps_what_is_in_it(ledger_url: str, tmp_path: Path) -> None:
    """And makes no second version row."""
    for _ in range(3):
        with closing(open_database(ledger_url, tmp_path)) as database:
            _write(database)
    with closing(open_database(ledger_url, tmp_path)) as database:
        assert len(Journal(database).entries()) == 3
        assert _version(database) == [len(MIGRATIONS)]


def test_a_ledger_of_a_newer_version_is_refused_untouched(ledger: Database, ledger_url: str, tmp_path: Path) -> None:
    """The message says which versions there are and what to do, and the ledger stays as it is."""
    with ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version = 99")
    with pytest.raises(LedgerError, match="is of version 99, newer than this psarecon") as told:
        open_database(ledger_url, tmp_path)
    assert "or a newer one" in told.value.hint
    assert _version(ledger) == [99]


def test_processes_that_meet_a_new_ledger_at_once_all_find_it_made(ledger_url: str, tmp_path: Path) -> None:
    """Four start together; each writes its twenty rows, and the ledger has one version."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _OPEN_AND_WRITE, ledger_url, f"run-{number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    ended = [(child.communicate("go\n")[1], child.returncode) for child in children]
    assert ended == [("", 0)] * 4
    with closing(open_database(ledger_url, tmp_path)) as database:
        journal = Journal(database)
        assert [len(journal.entries(run=f"run-{number}")) for number in range(4)] == [20] * 4
        assert _version(database) == [len(MIGRATIONS)]


def _fail_halfway(ledger: Database) -> None:
    with ledger.writing() as connection:
        connection.exec_driver_sql("INSERT INTO schema_version VALUES (7)")
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")


def test_a_transaction_that_fails_leaves_nothing(ledger: Database) -> None:
    """All of it or none of it."""
    with pytest.raises(LedgerError, match=r"no such table|relation .* does not exist"):
        _fail_halfway(ledger)
    assert _version(ledger) == [len(MIGRATIONS)]


def test_all_that_one_reading_sees_is_of_one_moment(ledger: Database) -> None:
    """What another process commits meanwhile is seen by the next reading, not by half of this one."""
    count = sa.select(sa.func.count()).select_from(journal_table)
    with ledger.reading() as connection:
        assert connection.execute(count).scalar_one() == 0
        _write(ledger)
        assert connection.execute(count).scalar_one() == 0
    with ledger.reading() as connection:
        assert connection.execute(count).scalar_one() == 1


def test_text_that_no_database_can_keep_is_kept_without_it(ledger: Database) -> None:
    """NUL and half a surrogate pair, as a vendor's JSON can hold them, in a column and in a detail."""
    hostile = "a\0b\ud800c \N{GRINNING FACE}"
    line = LineKey("autotask", "1", "2", hostile)
    Journal(ledger).append("run", Event.INTENT, "c1", line, "tenant", None, {"text": hostile})
    (entry,) = Journal(ledger).entries(line=hostile)
    assert entry.line == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c \N{GRINNING FACE}"
    assert entry.detail == {"text": hostile}


def test_a_commit_is_synced_to_disk(tmp_path: Path) -> None:
    """The journal's promise: write-ahead log, synchronous FULL."""
    with _opened("sqlite:ledger.db", tmp_path).reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_a_file_that_is_taken_away_or_replaced_is_not_written_to_behind_its_name(tmp_path: Path) -> None:
    """Another ledger in its place is used from the next transaction on; no ledger is an error."""
    for name in ("ledger", "other"):
        with closing(open_database(f"sqlite:{name}.db", tmp_path)) as database:
            _write(database)
    with closing(open_database("sqlite:ledger.db", tmp_path)) as database:
        _write(database)
        (tmp_path / "ledger.db").unlink()
        (tmp_path / "ledger.db-wal").unlink()
        (tmp_path / "ledger.db-shm").unlink()
        with pytest.raises(LedgerError, match="no such table"):
            _write(database)
        (tmp_path / "other.db").replace(tmp_path / "ledger.db")
        _write(database)
    with closing(open_database("sqlite:ledger.db", tmp_path)) as database:
        assert len(Journal(database).entries()) == 2


def _made_read_only(path: Path) -> None:
    """Mark the file as one that only newer writers may write: SQLite itself then refuses, for root too."""
    content = bytearray(path.read_bytes())
    content[18] = 3
    path.write_bytes(bytes(content))


def test_a_read_only_ledger_says_so_and_can_still_be_read(tmp_path: Path) -> None:
    """A LedgerError that names the file; nothing that was in it is lost."""
    with closing(open_database("sqlite:ledger.db", tmp_path)) as database:
        _write(database)
    _made_read_only(tmp_path / "ledger.db")
    with pytest.raises(
        LedgerError, match=r"the ledger .*ledger\.db failed: attempt to write a readonly database"
    ) as told:
        _write(database)
    assert told.value.exit_code == EXIT_ERROR
    assert "nothing that was committed is lost" in told.value.hint
    assert len(Journal(open_database("sqlite:ledger.db", tmp_path)).entries()) == 1


def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path: Path) -> None:
    """Every row that was committed before is read back, by the same process and by the next."""
    run = subprocess.run([sys.executable, "-B", "-c", _FILL], cwd=tmp_path, capture_output=True, text=True, check=True)
    told, read_back = run.stdout.splitlines()
    kept, _, message = told.partition("|")
    assert run.stderr == ""
    assert int(kept) == int(read_back) > 5
    assert message.startswith(f"the ledger {Path('ledger.db')} failed: ")
    assert len(Journal(open_database("sqlite:ledger.db", tmp_path)).entries()) == int(kept)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("sqlite:folder", "unable to open database file", id="a folder"),
        pytest.param("sqlite:file/ledger.db", "ile", id="below a file"),
        pytest.param("sqlite:file", "file is not a database", id="another file"),
        pytest.param("nonsense://somewhere/x", "URL cannot be used", id="no such database"),
        pytest.param("not a url", "URL cannot be used", id="no URL"),
        pytest.param("sqlite:///ledger.db", "URL cannot be used", id="SQLite in another spelling"),
        pytest.param("postgresql://u:sentinel-password@h:port/x", "URL cannot be used", id="a port of letters"),
    ],
)
def test_what_cannot_be_a_ledger_is_refused_with_a_hint(tmp_path: Path, url: str, said: str) -> None:
    """One LedgerError, never a bare one of SQLite's."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text(
        "some text that is longer than the header of a database, which is 100 bytes long" * 2
    )
    with pytest.raises(LedgerError, match=said) as told:
        open_database(url, tmp_path)
    assert told.value.hint
    assert "\n" not in str(told.value)
    assert "sentinel-password" not in str(told.value)
