"""A probe that is killed, or told to stop, at any of its calls: what it left is found, and put back."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from harness import Rehearsal
from journeys.autotask_steps import ADJUSTMENT
from journeys.probe_steps import TENANTS, allow, answers, autotask_tenant, connectwise_tenant, figures

#: Seconds a call takes, and after which none can still be under way.
SLOW, SETTLED = 1.0, "2s"


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Rehearsal]:
    """A tenant that may be probed."""
    with autotask_tenant(tmp_path / "msp") as found:
        allow(found)
        found.settings("settle_window: 1s", f"settle_window: {SETTLED}")
        yield found


def intents(found: Rehearsal) -> int:
    """Intents in the ledger."""
    path = found.directory / ".psarecon" / "ledger.db"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as ledger:
        there = ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'").fetchone()
        return ledger.execute("SELECT count(*) FROM journal WHERE event = 'intent'").fetchone()[0] if there else 0


def ended(found: Rehearsal, call: int, number: signal.Signals, kind: str = "autotask") -> int:
    """The exit code of a probe that gets a signal while its call of that number (from 1) is under way."""
    words = ["-C", str(found.directory), "probe", "--tenant", TENANTS[kind]]
    command = [sys.executable, "-c", "from psarecon.cli.main import entry; entry()", *words]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=found.environ, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        end = time.monotonic() + 60
        while intents(found) < call and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.2)
        process.send_signal(number)
        return process.wait(60)


@pytest.mark.parametrize("when", ["before_apply", "after_apply"])
@pytest.mark.parametrize("call", [1, 2, 3, 4, 6])
def test_a_probe_that_was_killed_is_found_and_put_back_by_the_next_one(tenant: Rehearsal, call: int, when: str) -> None:
    """The call in flight is in doubt and doctor names the line; the next probe restores it first, and asks it all."""
    before = figures(tenant)
    tenant.fault("delay", path=ADJUSTMENT, skip=call - 1, seconds=SLOW, when=when)
    assert ended(tenant, call, signal.SIGKILL) == -signal.SIGKILL
    told = tenant.run("doctor").out
    assert f"autotask/{tenant.lines[1]} (run probe-" in told
    assert "its process is gone" in told
    ran = tenant.run("probe", "--tenant", TENANTS["autotask"])
    assert ran.code == 0, ran.out + ran.err
    assert answers(tenant)["same_date"] == "adds"
    assert tenant.run("resume").out == "nothing is in doubt\n"
    tenant.today("2026-12-01")
    assert figures(tenant) == before


def test_where_a_tenant_replaces_the_step_that_puts_back_is_settled_by_the_next_probe(tenant: Rehearsal) -> None:
    """Its step counts from before the one it replaces, which `resume` does not know: the line stays in doubt."""
    tenant.rule(same_date="replaces")
    before = figures(tenant)
    tenant.fault("delay", path=ADJUSTMENT, skip=6, seconds=SLOW, when="after_apply")
    assert ended(tenant, 7, signal.SIGKILL) == -signal.SIGKILL
    assert tenant.run("resume").code == 6
    ran = tenant.run("probe", "--tenant", TENANTS["autotask"])
    assert ran.code == 0, ran.out + ran.err
    assert tenant.run("resume").out == "nothing is in doubt\n"
    tenant.today("2026-12-01")
    assert figures(tenant) == before


def test_resume_settles_the_call_and_the_next_probe_puts_the_line_back(tenant: Rehearsal) -> None:
    """The +1 was carried out: resume verifies it, doctor still tells that the line is not as it was."""
    before = figures(tenant)
    tenant.fault("delay", path=ADJUSTMENT, skip=1, seconds=SLOW, when="after_apply")
    ended(tenant, 2, signal.SIGKILL)
    assert "found applied" in tenant.run("resume").out
    assert "WARN  probes: run probe-" in tenant.run("doctor").out
    assert tenant.run("probe", "--tenant", TENANTS["autotask"]).code == 0
    assert "OK    probes: none left anything behind" in tenant.run("doctor").out
    tenant.today("2026-12-01")
    assert figures(tenant) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_probe_that_is_told_to_stop_puts_the_line_back_first(tenant: Rehearsal, number: signal.Signals) -> None:
    """The call in flight is finished, what it changed is taken back; exit 6."""
    before = figures(tenant)
    tenant.fault("delay", path=ADJUSTMENT, skip=1, seconds=SLOW, when="after_apply")
    assert ended(tenant, 2, number) == 6
    assert "OK    probes: none left anything behind" in tenant.run("doctor").out
    tenant.today("2026-12-01")
    assert figures(tenant) == before


def test_so_it_is_with_connectwise(tmp_path: Path) -> None:
    """Killed after the figures were changed: the next probe sets them back."""
    with connectwise_tenant(tmp_path / "msp") as found:
        allow(found, "connectwise")
        found.settings("settle_window: 1s", f"settle_window: {SETTLED}")
        before = figures(found)
        found.fault("delay", "connectwise", method="PATCH", skip=1, seconds=SLOW, when="after_apply")
        assert ended(found, 2, signal.SIGKILL, "connectwise") == -signal.SIGKILL
        assert figures(found) != before
        ran = found.run("probe", "--tenant", TENANTS["connectwise"])
        assert ran.code == 0, ran.out + ran.err
        assert figures(found) == before
