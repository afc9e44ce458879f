"""What a ledger in PostgreSQL adds: a server that can go, connections that can be cut, a URL with a password."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from postgres import PASSWORD, Server, database_of, serving

from psarecon.domain.model import LineKey
from psarecon.errors import LedgerError
from psarecon.ledger.database import Database, alone, leases, now, open_database
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.leases import Holder, Leases

LINE = LineKey("autotask", "174", "29683353", "8001")
_HINT = "check the server, and that this user may create tables there"
#: A clock that is three days ahead of every machine of the test.
_AHEAD = 3 * 86400
_SKEW = """
CREATE SCHEMA skew;
CREATE FUNCTION skew.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.clock_timestamp() + interval ''3 days''';
"""


@pytest.fixture
def shared(database: str, tmp_path: Path) -> Iterator[Database]:
    """A ledger in PostgreSQL."""
    with closing(open_database(database, tmp_path)) as found:
        yield found


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that this test may stop."""
    with serving() as server:
        yield server


def _append(ledger: Database, run: str = "run") -> None:
    Journal(ledger).append(run, Event.INTENT, "c1", LINE, "tenant", None, {})


def _cut(server: Server, url: str) -> int:
    """Cut off every connection to the database; how many there were."""
    name = database_of(url)
    cut = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - ours
    return len(server.run(cut))


def test_a_connection_cut_off_between_two_transactions_is_replaced(
    shared: Database, postgres: Server, database: str
) -> None:
    """Nothing was under way: nobody is bothered."""
    _append(shared)
    assert _cut(postgres, database) == 1
    _append(shared)
    assert len(Journal(shared).entries()) == 2


def test_a_connection_cut_off_within_a_transaction_is_an_error_and_leaves_nothing(
    shared: Database, postgres: Server, database: str
) -> None:
    """A LedgerError with a way out; the next transaction goes on."""
    with pytest.raises(LedgerError, match="terminating connection") as told:
        _write_and_be_cut_off(shared, postgres, database)
    assert told.value.hint.startswith(_HINT)
    assert Leases(shared).held() == []
    _append(shared)


def _write_and_be_cut_off(ledger: Database, server: Server, url: str) -> None:
    row = {"tenant": "t", "owner": "o", "host": "h", "run": "r", "run_url": "", "process": "", "token": "x"}
    with ledger.writing() as connection:
        at = now(connection)
        connection.execute(sa.insert(leases).values(**row, acquired_at=at, heartbeat_at=at, expires_at=at + 600))
        _cut(server, url)


def test_a_server_that_is_gone_is_told_and_one_that_is_back_is_used_again(own_server: Server, tmp_path: Path) -> None:
    """The same open ledger goes on after the server was restarted, with everything that was committed."""
    with own_server.database() as url, closing(open_database(url, tmp_path)) as ledger:
        _append(ledger)
        own_server.stop()
        with pytest.raises(LedgerError) as told:
            _append(ledger)
        assert "Connection refused" in str(told.value)
        assert told.value.hint.startswith(_HINT)
        own_server.start()
        _append(ledger)
        assert len(Journal(ledger).entries()) == 2


def test_the_password_of_a_ledger_is_in_no_message(own_server: Server, tmp_path: Path) -> None:
    """Not in the ledger's name, not in an error, its cause or its traceback; wherever in the URL it stood."""
    hidden = own_server.url().replace(f":{PASSWORD}", "") + f"?password={PASSWORD}"
    wrong = own_server.url().replace(f":{own_server.port}", ":1")
    names = []
    for url in (own_server.url(), hidden):
        with closing(open_database(url, tmp_path)) as ledger:
            names.append(ledger.name)
    own_server.stop()
    said = [_said(url, tmp_path) for url in (own_server.url(), hidden, wrong, f"{hidden}&nonsense=1")]
    own_server.start()
    assert names[1].startswith("postgresql://postgres@127.0.0.1")
    assert PASSWORD not in "".join([*names, *said])


def _said(url: str, directory: Path) -> str:
    """All that is said of a ledger that cannot be opened."""
    with pytest.raises(LedgerError) as told:
        open_database(url, directory)
    return "".join([str(told.value), repr(told.value), told.value.hint, *traceback.format_exception(told.value)])


def test_nothing_waits_for_ever(shared: Database) -> None:
    """For another's lock as long as SQLite would; for a statement, or for a client that stopped halfway, minutes."""
    limits = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    with shared.reading() as connection:
        said = [connection.exec_driver_sql(f"SHOW {limit}").scalar_one() for limit in limits]
    assert said == ["10s", "2min", "1min"]


def test_who_waits_too_long_for_another_writer_is_told(shared: Database, database: str, tmp_path: Path) -> None:
    """One stands still within a transaction; the other gives up and has written nothing."""
    with closing(open_database(database, tmp_path)) as other, shared.writing() as connection:
        alone(connection, leases)
        with pytest.raises(LedgerError, match="lock timeout"):
            _take_impatiently(other)
    assert Leases(shared).held() == []


def _take_impatiently(ledger: Database) -> None:
    with ledger.writing() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
        alone(connection, leases)


def test_a_server_that_would_lose_commits_is_told_not_to(postgres: Server, database: str, tmp_path: Path) -> None:
    """synchronous_commit=off, an administrator's choice for the database, is overruled; a stronger one is kept."""
    for chosen, used in (("off", "on"), ("remote_apply", "remote_apply")):
        postgres.run(f"ALTER DATABASE {database_of(database)} SET synchronous_commit = {chosen}")
        with closing(open_database(database, tmp_path)) as ledger, ledger.reading() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == used


def test_a_database_that_cannot_keep_every_name_is_refused(postgres: Server, tmp_path: Path) -> None:
    """Not in the middle of a run, at the first name that does not fit."""
    with postgres.database("ENCODING 'LATIN1' TEMPLATE template0") as url:
        with pytest.raises(LedgerError, match="as LATIN1, not as UTF8") as told:
            open_database(url, tmp_path)
        assert "ENCODING 'UTF8'" in told.value.hint


def test_a_user_who_may_make_no_tables_is_told_so(postgres: Server, database: str, tmp_path: Path) -> None:
    """The usual first trouble: the hint names it."""
    postgres.run("CREATE ROLE reader LOGIN")
    try:
        with pytest.raises(LedgerError, match="permission denied for schema public") as told:
            open_database(database.replace("postgres:", "reader:"), tmp_path)
        assert told.value.hint.startswith(_HINT)
    finally:
        postgres.run("DROP ROLE reader")


def test_clocks_of_hosts_do_not_matter(postgres: Server, database: str, tmp_path: Path) -> None:
    """Every host's clock is three days behind the ledger's: leases run as long as they should, rows are in order."""
    name = database_of(database)
    postgres.run(_SKEW, name)
    postgres.run(f"ALTER DATABASE {name} SET search_path = skew, pg_catalog, public")
    with closing(open_database(database, tmp_path)) as ledger:
        lease = Leases(ledger).take("tenant", Holder("dana", "host", "run"), 60)
        lease.hold(30)
        (held,) = Leases(ledger).held()
        assert held.at - _clock(postgres) == pytest.approx(_AHEAD, abs=30)
        assert held.expires_at - held.at == pytest.approx(60, abs=30)
        assert (held.ran_out, lease.outlasts(30)) == (False, True)


def _clock(server: Server) -> float:
    """Seconds since 1970 on this machine."""
    return float(server.run("SELECT extract(epoch FROM clock_timestamp())")[0][0])
