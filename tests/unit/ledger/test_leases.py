from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from psarecon.errors import EXIT_LOCKED, LockHeld
from psarecon.ledger.database import Database, leases
from psarecon.ledger.leases import Holder, Lease, Leases
from psarecon.process import surely_gone, this_process

DANA = Holder("dana", "build-7", "20261120T170000-aaaaaa", "https://ci.example.com/runs/7")
ERIN = Holder("erin", "laptop", "20261120T170100-bbbbbb")
TENANT = "zone1.example.com/12345"
#: Takes a lease in the ledger of the current folder for an hour, says so, and stays until it is killed.
_TAKE_AND_STAY = """
import sys
from pathlib import Path
from psarecon.ledger.database import open_database
from psarecon.ledger.leases import Holder, Leases
from psarecon.process import this_process
holder = Holder("dana", "this host", "run-1", process=this_process())
Leases(open_database("sqlite:ledger.db", Path())).take("tenant", holder, 3600)
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


def test_a_lease_of_a_killed_process_is_taken_over_at_once(ledger: Database, tmp_path: Path) -> None:
    """While it runs it is refused; killed, its hour is not waited for."""
    with subprocess.Popen(
        [sys.executable, "-c", _TAKE_AND_STAY], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "taken\n"
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


def test_a_process_number_that_was_given_away_is_not_its_first_owner() -> None:
    """The same number with another start is another process; a number of none is gone."""
    here = this_process()
    number, _, start = here.rpartition("/")[2].partition("@")
    assert surely_gone(here.replace(f"@{start}", f"@{int(start) + 1}"))
    assert surely_gone(here.replace(f"/{number}@", "/4194304999@"))
    assert not surely_gone(here)
