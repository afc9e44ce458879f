"""``psarecon lock``: who holds a tenant's lease, and taking it from somebody, on both kinds of ledger."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import Client, Ran, Rehearsal, rehearsal
from journeys.autotask_steps import ADJUSTMENT, applying, wait_for_fault

from psarecon.ledger.database import Database, open_database
from psarecon.ledger.leases import Holder, Lease, Leases

DANA = Holder("dana", "build-7", "20261120T170000-aaaaaa", "https://ci.example.com/runs/7")


@dataclass
class Place:
    """A planned rehearsal of three clients, its PSA's tenant, and its ledger as another host sees it."""

    rehearsal: Rehearsal
    tenant: str
    ledger: Database

    def run(self, *words: str) -> Ran:
        """``lock`` with these words."""
        return self.rehearsal.run("lock", *words)

    def leased(self, seconds: float = 600) -> Lease:
        """Dana's pipeline, on a host of its own, takes the lease."""
        return Leases(self.ledger).take(self.tenant, DANA, seconds)


@pytest.fixture
def place(tmp_path: Path, ledger_url: str) -> Iterator[Place]:
    """Everything is planned; nobody holds the lease."""
    with (
        rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd"), Client("Gamma AS")) as found,
        closing(open_database(ledger_url, tmp_path)) as ledger,
    ):
        found.settings("ledger: sqlite:.psarecon/ledger.db", "ledger: env:PSARECON_LEDGER_URL")
        found.environ["PSARECON_LEDGER_URL"] = ledger_url
        found.observed()
        yield Place(found, found.plan()["tenants"]["autotask"], ledger)


def test_without_a_run_nobody_holds_anything(place: Place) -> None:
    """List and show say so and exit 0; there is nothing to steal, which is an error."""
    assert place.run("list") == Ran(0, "no lease is held\n", "")
    assert json.loads(place.run("list", "--format", "json").out) == []
    assert place.run("show", place.tenant) == Ran(0, f"nobody holds {place.tenant}\n", "")
    stolen = place.run("steal", place.tenant, "--reason", "just in case")
    assert (stolen.code, stolen.out) == (1, "")
    assert stolen.err.startswith(f"error: nobody holds {place.tenant}\n")


def test_a_held_lease_is_listed_and_shown_with_all_that_is_known(place: Place) -> None:
    """Owner, host, run, its page, since when, last renewed, until when; show exits 7, and so does apply."""
    place.leased()
    listed, shown = place.run("list"), place.run("show", place.tenant)
    assert (listed.code, shown.code) == (0, 7)
    assert listed.out.startswith(f"held     {place.tenant}  dana on build-7  {DANA.run}  renewed ")
    assert listed.out.endswith(f" s left  {DANA.run_url}\n")
    said = dict(line.split(maxsplit=1) for line in shown.out.splitlines())
    assert list(said) == ["tenant", "state", "owner", "host", "run", "page", "since", "renewed", "expires"]
    assert (said["state"], said["page"]) == ("held: until its time is over", DANA.run_url)
    (data,) = json.loads(place.run("list", "--format", "json").out)
    assert {name: data[name] for name in ("tenant", "state", "owner", "host", "run", "run_url", "runs_here")} == {
        "tenant": place.tenant, "state": "held", "owner": "dana", "host": "build-7", "run": DANA.run,
        "run_url": DANA.run_url, "runs_here": False,
    }  # fmt: skip
    assert 500 < data["seconds_left"] <= 600
    assert place.rehearsal.apply().code == 7


def test_a_lease_that_ran_out_is_listed_as_such_and_stands_in_nobodys_way(place: Place) -> None:
    """A run on another host was killed: its process cannot be seen from here, its time can."""
    place.leased(seconds=0)
    assert place.run("list").out.startswith("ran-out  ")
    shown = place.run("show", place.tenant)
    assert (shown.code, "its time is over; the next run takes it" in shown.out) == (0, True)
    assert place.rehearsal.apply().code == 0
    assert place.run("list").out == "no lease is held\n"


def test_a_tenant_may_be_named_by_its_beginning(place: Place) -> None:
    """If that is clear."""
    place.leased()
    assert place.run("show", place.tenant[:5]).code == 7
    Leases(place.ledger).take(f"{place.tenant}2", DANA, 600)
    assert place.run("show", place.tenant).code == 7
    unclear = place.run("show", place.tenant[:5])
    assert (unclear.code, unclear.err.splitlines()[0]) == (64, f"error: 2 tenants begin with {place.tenant[:5]}")
    assert place.run("show", "").code == 64


@pytest.mark.parametrize("words", [(), ("--reason", " ")])
def test_a_lease_is_not_stolen_without_a_reason(place: Place, words: tuple[str, ...]) -> None:
    """Wrong usage, and the lease stays."""
    place.leased()
    assert place.run("steal", place.tenant, *words).code == 64
    assert place.run("show", place.tenant).code == 7


def test_a_stolen_lease_is_free_and_the_log_says_who_took_it_and_why(place: Place) -> None:
    """The robbed run holds nothing any more; its entry stands under its own name."""
    lease = place.leased()
    place.rehearsal.environ["PSARECON_BY"] = "erin"
    ran = place.run("steal", place.tenant, "--reason", "build-7 was switched off")
    assert (ran.code, ran.out.splitlines()[0].startswith("ended: dana on build-7 holds ")) == (0, True)
    (line,) = place.rehearsal.run("log", "--run", DANA.run).out.splitlines()
    assert f"{DANA.run}  stolen    {place.tenant}  erin on " in line
    assert line.endswith(f"took the lease on {place.tenant} from dana on build-7 (build-7 was switched off)")
    assert place.rehearsal.apply().code == 0
    lease.release()
    assert place.run("list").out == "no lease is held\n"


def test_hostile_names_reach_the_terminal_harmless(place: Place) -> None:
    """A holder's words come from an environment that a stranger's pull request may have set."""
    hostile = Holder("\x1b]52;c;x\x07dana", "host\u202e", "run\n2", "https://ci.example.com/\x1b[2J")
    Leases(place.ledger).take(place.tenant, hostile, 600)
    stolen = place.run("steal", place.tenant, "--reason", "\x1b[31mred")
    said = [place.run("list").out, place.run("show", place.tenant).out, stolen.out, place.rehearsal.run("log").out]
    assert stolen.code == 0
    assert not any(sign in text for sign in ("\x1b", "\x07", "\u202e") for text in said)


@pytest.fixture
def robbed(place: Place) -> Iterator[subprocess.Popen[str]]:
    """A run whose lease is stolen while the first of three writes is in flight."""
    place.rehearsal.fault("delay", path=ADJUSTMENT, seconds=2.0)
    with applying(place.rehearsal) as process:
        wait_for_fault(place.rehearsal, process)
        assert place.run("steal", place.tenant, "--reason", "impatience", "--force").code == 0
        yield process


def test_a_run_that_is_seen_to_run_here_is_robbed_only_by_force(place: Place) -> None:
    """Refused with exit 7 and what to do instead; the run goes on and ends well."""
    place.rehearsal.fault("delay", path=ADJUSTMENT, seconds=2.0)
    with applying(place.rehearsal) as process:
        wait_for_fault(place.rehearsal, process)
        shown, refused = place.run("show", place.tenant), place.run("steal", place.tenant, "--reason", "impatience")
        out, _ = process.communicate(timeout=30)
    assert (shown.code, "its process runs on this machine" in shown.out) == (7, True)
    assert (refused.code, "stop it with SIGTERM" in refused.err) == (7, True)
    assert (process.returncode, out) == (0, "3 verified\n")


def test_a_robbed_run_finishes_the_call_in_flight_and_writes_no_more(
    place: Place, robbed: subprocess.Popen[str]
) -> None:
    """It says who took the lease and why, skips the rest and exits 6; nothing is in doubt."""
    out, err = robbed.communicate(timeout=30)
    assert (robbed.returncode, out) == (6, "1 verified, 2 skipped\n")
    assert "(impatience): nothing more is written" in err
    assert [place.rehearsal.truth(line)["writes"] for line in place.rehearsal.lines] == [1, 0, 0]
    assert place.rehearsal.run("resume").out == "nothing is in doubt\n"


def test_the_successor_of_a_robbed_run_keeps_off_the_line_in_flight(
    place: Place, robbed: subprocess.Popen[str]
) -> None:
    """It begins at once, finds the intent and leaves that line; each line is written once, by one of the two."""
    found = place.rehearsal
    successor = found.apply()
    robbed.communicate(timeout=30)
    assert (successor.code, successor.out) == (6, "1 skipped, 2 verified\n")
    assert [found.truth(line)["writes"] for line in found.lines] == [1, 1, 1]
    assert found.run("resume").out == "nothing is in doubt\n"
    assert found.plan()["changes"] == []
