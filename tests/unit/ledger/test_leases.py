from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
import sqlalchemy as sa
from lease_race import race

from psarecon.domain.model import LineKey
from psarecon.errors import EXIT_LOCKED, LockHeld
from psarecon.ledger.database import Database, leases
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.leases import Holder, Lease, Leases
from psarecon.process import surely_gone, surely_runs, this_process

DANA = Holder("dana", "build-7", "20261120T170000-aaaaaa", "https://ci.example.com/runs/7")
ERIN = Holder("erin", "laptop", "20261120T170100-bbbbbb")
TENANT = "zone1.example.com/12345"
#: Takes a lease in the ledger of its URL for an hour, says so, and stays until it is killed.
_TAKE_AND_STAY = """
import sys
from pathlib import Path
from psarecon.ledger.database import open_database
from psarecon.ledger.leases import Holder, Leases
from psarecon.process import this_process
holder = Holder("dana", "this host", "run-1", process=this_process())
Leases(open_database(sys.argv[1], Path())).take("tenant", holder, 3600)
print("taken", flush=True)
sys.stdin.read()
"""


def _expire(ledger: Database) -> None:
    """Let every lease have run out a second ago, as if time had passed."""
    with ledger.writing() as connection:
        connection.execute(sa.update(leases).values(expires_at=leases.c.acquired_at - 1))


def _rows(ledger: Database) -> list[str]:
    with ledger.reading() as connection:
        return list(connection.execute(sa.select(leases.c.owner)).scalars())


def _take(ledger: Database, holder: Holder = DANA, tenant: str = TENANT) -> Lease:
    return Leases(ledger).take(tenant, holder, 600)


def test_a_held_lease_is_refused_with_the_name_of_who_has_it(ledger: Database) -> None:
    """User, host, run, the pipeline's address and until when: enough to go and ask."""
    _take(ledger)
    with pytest.raises(LockHeld) as refused:
        _take(ledger, ERIN)
    told = str(refused.value)
    assert told.startswith(
        f"dana on build-7 holds {TENANT}: run 20261120T170000-aaaaaa (https://ci.example.com/runs/7)"
    )
    assert told.endswith("Z unless renewed")
    assert refused.value.exit_code == EXIT_LOCKED
    assert _rows(ledger) == ["dana"]


def test_a_released_lease_is_free_for_the_next(ledger: Database) -> None:
    """Released twice is released once."""
    lease = _take(ledger)
    lease.release()
    lease.release()
    assert _rows(ledger) == []
    _take(ledger, ERIN)
    assert _rows(ledger) == ["erin"]


def test_tenants_are_leased_independently(ledger: Database) -> None:
    """Two PSAs are written to side by side."""
    _take(ledger)
    _take(ledger, ERIN, "another tenant")
    assert sorted(_rows(ledger)) == ["dana", "erin"]


def test_a_lease_that_ran_out_is_taken_over(ledger: Database) -> None:
    """And the one who lost it can neither renew nor release it."""
    lost = _take(ledger)
    _expire(ledger)
    _take(ledger, ERIN)
    with pytest.raises(LockHeld, match="ran out: nothing more is written"):
        lost.hold(1)
    lost.release()
    assert _rows(ledger) == ["erin"]


def test_a_lease_that_ran_out_is_lost_even_if_nobody_took_it(ledger: Database) -> None:
    """A process that slept through its lease does not write on."""
    lease = _take(ledger)
    _expire(ledger)
    with pytest.raises(LockHeld):
        lease.hold(0)


@pytest.mark.parametrize(("asked", "runs"), [(0, 600), (30, 600), (900, 900)])
def test_holding_a_lease_makes_it_run_as_long_as_asked(ledger: Database, asked: int, runs: int) -> None:
    """At least its own time, and as long as the call may take."""
    lease = _take(ledger)
    with ledger.writing() as connection:
        connection.execute(sa.update(leases).values(expires_at=leases.c.acquired_at + 60))
    lease.hold(asked)
    with ledger.reading() as connection:
        row = connection.execute(sa.select(leases)).one()
    assert row.expires_at - row.heartbeat_at == pytest.approx(runs)


@contextmanager
def _taken_elsewhere(ledger_url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process of this machine that holds the lease of ``tenant``; killed when this ends."""
    command = [sys.executable, "-c", _TAKE_AND_STAY, ledger_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "taken\n"
        yield child
        child.kill()


def test_a_lease_of_a_killed_process_is_taken_over_at_once(ledger: Database, ledger_url: str) -> None:
    """While it runs it is refused; killed, its hour is not waited for."""
    with _taken_elsewhere(ledger_url) as child:
        with pytest.raises(LockHeld, match="dana on this host holds tenant: run run-1"):
            _take(ledger, ERIN, "tenant")
        child.kill()
        child.wait()
    _take(ledger, ERIN, "tenant")
    assert _rows(ledger) == ["erin"]


def test_a_lease_of_a_process_that_cannot_be_seen_is_waited_for(ledger: Database) -> None:
    """Another host, another container, another boot: only time tells."""
    here = this_process()
    foreign = [f"another-boot{here[here.find('/') :]}", "", here]
    assert [surely_gone(name) for name in foreign] == [False] * 3
    for number, name in enumerate(foreign):
        _take(ledger, Holder("dana", "far away", "run", process=name), f"tenant {number}")
        with pytest.raises(LockHeld):
            _take(ledger, ERIN, f"tenant {number}")


def test_a_stolen_lease_stops_its_run_before_its_next_write(ledger: Database) -> None:
    """It is told who took it and why; the lease is free, and the robbed run's entries say so as well."""
    robbed = _take(ledger)
    stolen = Leases(ledger).steal(TENANT, ERIN, "the runner hangs")
    assert stolen is not None
    assert (stolen.holder, _rows(ledger)) == (DANA, [])
    with pytest.raises(LockHeld) as told:
        robbed.hold(1)
    text = f"erin on laptop took the lease on {TENANT} from dana on build-7 (the runner hangs)"
    assert str(told.value) == f"{text}: nothing more is written"
    (entry,) = Journal(ledger).entries(run=DANA.run)
    assert (entry.event, entry.tenant, entry.detail["text"]) == (Event.STOLEN, TENANT, text)
    assert (Journal(ledger).runs(), Journal(ledger).open_entries()) == ([], [])


def test_an_intent_is_written_only_while_its_lease_is_held(ledger: Database) -> None:
    """Stolen or run out between the two: no row, so that nothing is sent; and whoever comes next knows every intent."""
    lease = _take(ledger)
    lease.hold(30)
    _intend(ledger, lease)
    _expire(ledger)
    with pytest.raises(LockHeld, match="ran out"):
        _intend(ledger, lease)
    Leases(ledger).steal(TENANT, ERIN, "it hangs")
    with pytest.raises(LockHeld, match="it hangs"):
        _intend(ledger, lease)
    assert [entry.event for entry in Journal(ledger).entries()] == [Event.INTENT, Event.STOLEN]


def _intend(ledger: Database, lease: Lease) -> None:
    day = date(2026, 11, 1)
    line = LineKey("a", "1", "2", "3")
    Journal(ledger).under(lease).append(DANA.run, Event.INTENT, "c1", line, TENANT, day, {})


def test_a_written_intent_makes_the_lease_run_as_long_as_was_asked(ledger: Database) -> None:
    """From the intent on, not only from when the lease was last held."""
    lease = Leases(ledger).take(TENANT, DANA, 1)
    lease.hold(100)
    with ledger.writing() as connection:
        connection.execute(sa.update(leases).values(expires_at=leases.c.acquired_at + 60))
    _intend(ledger, lease)
    (held,) = Leases(ledger).held()
    assert held.expires_at - held.heartbeat_at == pytest.approx(100)
    assert (lease.outlasts(90), lease.outlasts(100)) == (True, False)


def test_a_lease_of_a_process_that_is_seen_to_run_is_stolen_only_by_force(ledger: Database, ledger_url: str) -> None:
    """Killed, no force is needed."""
    with _taken_elsewhere(ledger_url):
        with pytest.raises(LockHeld, match="dana on this host holds tenant") as refused:
            Leases(ledger).steal("tenant", ERIN, "why not")
        assert "SIGTERM" in refused.value.hint
        (held,) = Leases(ledger).held()
        assert (held.runs, held.gone) == (True, False)
        assert Leases(ledger).steal("tenant", ERIN, "it hangs", force=True) is not None
    with _taken_elsewhere(ledger_url):
        pass
    (held,) = Leases(ledger).held()
    assert (held.runs, held.gone) == (False, True)
    assert Leases(ledger).steal("tenant", ERIN, "it was killed") is not None
    assert _rows(ledger) == []


def test_what_nobody_holds_cannot_be_stolen(ledger: Database) -> None:
    """And the journal does not speak of it."""
    assert Leases(ledger).steal(TENANT, ERIN, "just in case") is None
    assert Journal(ledger).entries() == []


def test_the_leases_are_listed_with_their_ages_by_the_ledgers_clock(ledger: Database) -> None:
    """By tenant, also those whose time is over."""
    _take(ledger, ERIN, "a tenant")
    _expire(ledger)
    _take(ledger)
    over, held = Leases(ledger).held()
    assert [(over.tenant, over.ran_out), (held.tenant, held.ran_out)] == [("a tenant", True), (TENANT, False)]
    assert held.holder == DANA
    assert held.acquired_at == held.heartbeat_at <= held.at < held.acquired_at + 60
    assert held.expires_at - held.acquired_at == pytest.approx(600)


def test_of_two_processes_that_race_for_a_lease_exactly_one_gets_it(ledger_url: str) -> None:
    """Thirty rounds here, a thousand in `make race`: a lease of nobody, one that ran out, one of a killed process."""
    tally = race(ledger_url, 30)
    assert tally.violations == []
    assert tally.decided == {"free": 10, "ran out": 10, "killed": 10}


def test_a_process_number_that_was_given_away_is_not_its_first_owner() -> None:
    """The same number with another start is another process; a number of none is gone."""
    here = this_process()
    number, _, start = here.rpartition("/")[2].partition("@")
    assert surely_gone(here.replace(f"@{start}", f"@{int(start) + 1}"))
    assert surely_gone(here.replace(f"/{number}@", "/4194304999@"))
    assert not surely_gone(here)
    assert surely_runs(here)
    assert not surely_runs(here.replace(f"@{start}", f"@{int(start) + 1}"))
