"""Who may stop a run, and that two runs never write to one tenant at once."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import ADJUSTMENT, applying, events, marks, observed_plan, wait_for_fault


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients planned; the server takes more than a second for the first write."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd"), Client("Gamma AS")) as found:
        observed_plan(found)
        found.fault("delay", path=ADJUSTMENT, seconds=1.2)
        yield found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_call_in_flight_finish_and_skips_the_rest(slow: Rehearsal, number: signal.Signals) -> None:
    """Told to stop during the first write: that one is verified, two are skipped, exit 6, nothing in doubt."""
    with applying(slow) as process:
        wait_for_fault(slow, process)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (6, "1 verified, 2 skipped\n")
    assert f"{number.name}: finishing the call in flight, then stopping" in err
    assert [slow.truth(line)["quantity"] for line in slow.lines] == ["14", "10", "10"]
    assert slow.adjustments() == 1
    assert slow.run("resume").out == "nothing is in doubt\n"


def test_what_a_stopped_run_skipped_the_next_one_writes(slow: Rehearsal) -> None:
    """The lease is given back, and the same plan goes on where it was stopped."""
    with applying(slow) as process:
        wait_for_fault(slow, process)
        process.terminate()
        process.communicate(timeout=30)
    ran = slow.apply()
    assert (ran.code, ran.out) == (0, "1 already, 2 verified\n")
    assert [slow.truth(line)["writes"] for line in slow.lines] == [1, 1, 1]


def test_a_second_apply_is_locked_out_and_told_by_whom(slow: Rehearsal) -> None:
    """The first holds the tenant's lease: the second exits 7, names it, and writes nothing."""
    slow.environ["PSARECON_BY"] = "Ada"
    with applying(slow) as process:
        wait_for_fault(slow, process)
        second = slow.apply()
        out, err = process.communicate(timeout=30)
    assert (second.code, second.out) == (7, "")
    run = err.split("run ", 1)[1].split(":", 1)[0]
    assert "Ada on" in second.err
    assert f"run {run}" in second.err
    assert (process.returncode, out) == (0, "3 verified\n")
    assert [slow.truth(line)["writes"] for line in slow.lines] == [1, 1, 1]


def test_a_resume_is_locked_out_while_an_apply_runs(slow: Rehearsal) -> None:
    """The intent in flight belongs to the apply: ``resume`` exits 7 instead of judging it."""
    with applying(slow) as process:
        wait_for_fault(slow, process)
        assert slow.run("resume").code == 7
        assert process.wait(timeout=30) == 0
    assert events(slow) == ["intent", "verified"]


def test_a_plan_never_locks(slow: Rehearsal) -> None:
    """While an apply runs a plan can be made; the line in flight is in doubt, and only that one is held back."""
    with applying(slow) as process:
        wait_for_fault(slow, process)
        plan = slow.plan()
        assert process.wait(timeout=30) == 0
    assert [change["line"]["id"] for change in plan["changes"]] == slow.lines[1:]
    assert [one["scope"] for one in plan["findings"] if one["code"] == "in-doubt"] == [f"line:autotask/{slow.lines[0]}"]


def test_a_run_that_lost_its_lease_writes_nothing_more(slow: Rehearsal) -> None:
    """Suspended past its end it must not write beside its successor: the line in flight is judged, no other written."""
    with applying(slow) as process:
        wait_for_fault(slow, process)
        with closing(sqlite3.connect(slow.directory / ".psarecon" / "ledger.db")) as ledger, ledger:
            ledger.execute("UPDATE leases SET expires_at = 0")
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (6, "1 verified, 2 skipped\n")
    assert "ran out: nothing more is written" in err
    assert [slow.truth(line)["writes"] for line in slow.lines] == [1, 0, 0]


def test_a_killed_runs_lease_locks_nobody_out(slow: Rehearsal) -> None:
    """Its process is gone from this machine: the next run takes the lease at once."""
    with applying(slow) as process:
        wait_for_fault(slow, process)
        process.kill()
        process.wait(timeout=30)
    ran = slow.apply()
    assert (ran.code, ran.out) == (6, "1 skipped, 2 verified\n")


def test_a_run_told_to_stop_while_an_outcome_is_open_leaves_the_line_in_doubt(acme: Rehearsal) -> None:
    """The connection broke and the server may work on it for minutes: a signal ends the wait, not the doubt."""
    acme.settings("settle_window: 1s", "settle_window: 5m")
    observed_plan(acme)
    acme.fault("drop_before_apply", path=ADJUSTMENT)
    with applying(acme) as process:
        wait_for_fault(acme, process)
        process.terminate()
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, "run `psarecon resume`" in err) == (6, "1 unknown\n", True)
    assert (events(acme), marks(acme.plan())) == (["intent"], {("BLOCK", "in-doubt")})
