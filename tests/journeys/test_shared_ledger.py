"""A ledger in PostgreSQL that hosts share, lose sight of in the middle of a run, and find again."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from cutting import Cutter, cutting
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import ADJUSTMENT, applying, events, wait_for_fault
from journeys.test_apply_crashes import LEFT, driving, expected, journal_after
from postgres import PASSWORD, Server, serving

from psarecon.ledger.database import leases, open_database
from psarecon.ledger.leases import Holder, Leases
from psarecon.protocol import Stage

#: The commits of a run of one line, in their order.
COMMITS = ("lease taken", "lease held", "intent", "outcome", "lease given back")


def share(place: Rehearsal, url: str) -> None:
    """Let the ledger be the database at ``url``."""
    place.settings("ledger: sqlite:.psarecon/ledger.db", "ledger: env:PSARECON_LEDGER_URL")
    place.environ["PSARECON_LEDGER_URL"] = url


@pytest.fixture
def shared(acme: Rehearsal, database: str) -> Rehearsal:
    """One client, and a ledger in PostgreSQL."""
    share(acme, database)
    return acme


def test_the_main_job_is_the_same_on_a_shared_ledger(shared: Rehearsal) -> None:
    """Observed, planned, applied, told; nothing of it is on this machine's disk, and nothing is left to do."""
    shared.observed()
    assert [change["quantity"]["after"] for change in shared.plan()["changes"]] == ["14"]
    assert (shared.apply().code, shared.truth()["quantity"]) == (0, "14")
    assert events(shared) == ["intent", "verified"]
    assert shared.plan()["changes"] == []
    assert shared.run("resume").out == "nothing is in doubt\n"
    assert not (shared.directory / ".psarecon").exists()


def test_a_runner_that_is_thrown_away_after_each_step_forgets_nothing(shared: Rehearsal) -> None:
    """Another checkout each time: readings, doubts and baselines are where the ledger is."""
    shared.observed()
    for step, words in enumerate((["plan", "-o", "{0}/plan.json"], ["apply", "{0}/plan.json", "--approve-clean"])):
        runner = shared.directory.with_name(f"runner-{step}")
        shutil.copytree(shared.directory, runner)
        directory, shared.directory = shared.directory, runner
        ran = shared.run(*(word.format(directory) for word in words))
        shared.directory = directory
        shutil.rmtree(runner)
        assert ran.code == 0, ran.err
    shared.users(15)
    shared.observed()
    (change,) = shared.plan()["changes"]
    assert (change["quantity"]["after"], change["causes"]) == ("15", ["usage"])


@pytest.fixture
def cut(acme: Rehearsal, postgres: Server, database: str) -> Iterator[tuple[Rehearsal, Cutter]]:
    """One client, and a ledger at the end of a line that can be cut."""
    with cutting(postgres.port) as cutter:
        share(acme, database.replace(f":{postgres.port}", f":{cutter.port}"))
        yield acme, cutter


@pytest.mark.parametrize("heard", [False, True], ids=["before", "after"])
def test_a_ledger_lost_at_any_commit_leaves_no_half_known_write(cut: tuple[Rehearsal, Cutter], *, heard: bool) -> None:
    """Each commit of a run is cut off in turn, before the server hears of it or before its answer comes back.

    No line is written without its intent on disk, an intent that may or may not be there is not acted on, what is
    in doubt is settled by ``resume``, and the next run ends where it should with one write a month's figure.
    """
    place, cutter = cut
    for number, commit in enumerate(COMMITS, start=1):
        place.users(14 + number)
        place.observed()
        place.plan()
        writes = place.truth()["writes"]
        cutter.order(number, heard=heard)
        ran = place.apply()
        cutter.order(0, heard=False)
        sent = commit in ("outcome", "lease given back")
        assert place.truth()["writes"] - writes == sent, commit
        assert ran.code == {"lease given back": 0, "lease taken": 1}.get(commit, 6), ran.err
        assert PASSWORD not in ran.out + ran.err
        _assert_converges(place, commit, heard=heard)
        assert place.truth()["writes"] == writes + 1, commit
        assert place.truth()["quantity"] == f"{14 + number}", commit


def _assert_converges(place: Rehearsal, commit: str, *, heard: bool) -> None:
    """What ``resume`` finds, and that a new plan can be applied."""
    found = {("intent", True): "failed", ("outcome", False): "verified"}.get((commit, heard))
    if commit == "lease given back" and not heard:
        # It is still this process's own, and this process lives: a pipeline's next job waits, or takes it.
        assert place.run("lock", "steal", _tenant(place), "--reason", "it is mine", "--force").code == 0
    ran = place.run("resume")
    assert (ran.code, ran.out.split(" ")[0]) == (0, found or "nothing"), commit
    place.plan()
    assert place.apply().code == 0, commit


def _tenant(place: Rehearsal) -> str:
    tenant: str = place.plan()["tenants"]["autotask"]
    return tenant


def test_a_ledger_that_goes_while_a_call_is_in_flight_leaves_the_line_in_doubt(tmp_path: Path) -> None:
    """The server stops before the outcome: the summary says so, with a hint, and the next line is not touched.

    It is back: plans keep off, ``resume`` settles it.
    """
    with (
        serving() as server,
        server.database() as url,
        rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd")) as place,
    ):
        share(place, url)
        place.observed()
        place.plan()
        place.fault("delay", path=ADJUSTMENT, seconds=1.5)
        with applying(place) as process:
            wait_for_fault(place, process)
            server.stop()
            out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (6, "1 unknown, 1 skipped\n")
        assert ("verified; the ledger" in err, "check the server" in err, PASSWORD in err) == (True, True, False)
        server.start()
        assert [place.truth(line)["writes"] for line in place.lines] == [1, 0]
        assert [one["code"] for one in place.plan()["findings"] if one["severity"] == "BLOCK"] == ["in-doubt"]
        assert place.run("resume").out.startswith("verified")
        place.plan()
        assert place.apply().code == 0
        assert [place.truth(line)["writes"] for line in place.lines] == [1, 1]


@pytest.mark.parametrize("stage", LEFT)
def test_a_killed_run_is_settled_by_resume_on_a_shared_ledger(tmp_path: Path, database: str, stage: Stage) -> None:
    """Killed at each stage of the second of three lines; the lease of the killed run stands in nobody's way here."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd"), Client("Gamma AS")) as place:
        share(place, database)
        place.observed()
        plan = place.plan()
        with driving(place) as driver:
            assert driver.kill_at(place.plan_file, stage, 2) == signal.SIGKILL
        assert place.run("lock", "list").out.startswith("killed ")
        assert place.run("resume").code == 0
        assert journal_after(place, 0) == expected(plan, stage, 2)
        place.plan()
        assert place.apply().code == 0
        assert [place.truth(line)["writes"] for line in place.lines] == [1, 1, 1]
        assert place.plan()["changes"] == []


def test_a_run_that_was_killed_on_another_host_is_waited_for_until_its_time_is_over(
    shared: Rehearsal, database: str, tmp_path: Path
) -> None:
    """Its process cannot be seen from here: exit 7, until the ledger's clock says that the lease ran out."""
    shared.observed()
    tenant = shared.plan()["tenants"]["autotask"]
    elsewhere = Holder("dana", "build-7", "run-1", process="another-boot/pid:[1]/7@1")
    with closing(open_database(database, tmp_path)) as ledger:
        Leases(ledger).take(tenant, elsewhere, 3600)
        refused = shared.apply()
        assert (refused.code, f"dana on build-7 holds {tenant}: run run-1" in refused.err) == (7, True)
        with ledger.writing() as connection:
            connection.execute(sa.update(leases).values(expires_at=leases.c.expires_at - 3601))
    assert (shared.apply().code, shared.truth()["writes"]) == (0, 1)
