"""One test for each row of the table of exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Client, Rehearsal, psarecon, rehearsal

from psarecon.ledger.database import open_database
from psarecon.ledger.leases import Holder, Leases


def _planned(place: Rehearsal) -> None:
    place.observed()
    place.plan()


def test_0_done(acme: Rehearsal) -> None:
    """Every step of the main job, and a second apply that has nothing left to do."""
    codes = [acme.run("check").code, acme.observed().code]
    acme.plan()
    codes += [acme.apply().code, acme.run("log").code, acme.run("show", str(acme.plan_file)).code]
    again = acme.apply()
    assert codes == [0] * 5
    assert (again.code, again.out) == (0, "1 already\n")
    assert acme.adjustments() == 1
    acme.plan()
    empty = acme.apply()
    assert (empty.code, empty.out) == (0, "nothing to do\n")


def test_1_a_remote_system_failed(acme: Rehearsal) -> None:
    """The PSA refuses the credentials: no plan."""
    acme.observed()
    acme.fault("expired_secret", times=None)
    ran = acme.run("plan")
    assert ran.code == 1
    assert ran.err.startswith("error: Autotask ")
    assert "check the credentials" in ran.err


def test_2_there_are_changes_for_those_who_ask(acme: Rehearsal) -> None:
    """Only with --exit-code; nothing to change is 0."""
    acme.observed()
    assert acme.run("plan").code == 0
    assert acme.run("plan", "--exit-code").code == 2
    acme.plan()
    acme.apply()
    assert acme.run("plan", "--exit-code").code == 0


@pytest.mark.parametrize("word", ["check", "observe", "plan", "log", "resume"])
def test_3_settings_are_invalid(acme: Rehearsal, word: str) -> None:
    """Whatever was asked for, and nothing is sent anywhere."""
    acme.settings("version: 1", "version: 2")
    assert acme.run(word).code == 3
    assert acme.requests() == []


def test_3_the_plan_file_is_not_what_was_written(acme: Rehearsal) -> None:
    """One byte of it."""
    _planned(acme)
    acme.plan_file.write_bytes(acme.plan_file.read_bytes().replace(b'"after":"14"', b'"after":"15"', 1))
    codes = [acme.run(word, str(acme.plan_file)).code for word in ("show", "decide", "apply")]
    assert codes == [3, 3, 3]
    assert acme.adjustments() == 0


def test_4_blocked_by_a_guard(tmp_path: Path) -> None:
    """A plan that says so, and an apply that leaves it."""
    with rehearsal(tmp_path / "msp", Client(units=40, users=10)) as place:
        _planned(place)
        assert place.run("plan", "--exit-code").code == 4
        ran = place.apply()
        assert (ran.code, ran.out) == (4, "1 blocked\n")


def test_4_decisions_are_missing(acme: Rehearsal) -> None:
    """Nobody approved anything: nothing is sent."""
    _planned(acme)
    ran = acme.run("apply", str(acme.plan_file))
    assert (ran.code, ran.out) == (4, "1 open\n")
    assert acme.adjustments() == 0


def test_5_some_changes_met_a_conflict(acme: Rehearsal) -> None:
    """Somebody else moved the line after it was planned: all three values are told, nothing is sent."""
    _planned(acme)
    acme.edit(line=acme.lines[0], units_change=2)
    ran = acme.apply()
    assert (ran.code, ran.out) == (5, "1 conflict\n")
    assert all(figure in ran.err for figure in ("planned from 10", "now 12", "wanted 14"))
    assert acme.adjustments() == 0


def test_6_a_write_was_refused(acme: Rehearsal) -> None:
    """With the server's words, in the journal too; the other lines would have gone on."""
    _planned(acme)
    acme.fault("status", status=500, body='{"errors":["Itgenatr999: not today"]}', path="/ServiceAdjustments")
    ran = acme.apply()
    assert (ran.code, ran.out) == (6, "1 failed\n")
    assert "not today" in ran.err
    assert [one["event"] for one in acme.log()] == ["intent", "failed"]


def test_6_an_organization_could_not_be_read(acme: Rehearsal) -> None:
    """The others could."""
    acme.fault("organization_error", "jumpcloud", organization=acme.organizations[0], status=403, times=None)
    assert acme.run("observe").code == 6


def test_7_another_run_holds_the_lock(acme: Rehearsal) -> None:
    """Who, where, which run; a plan never locks, and nothing is sent."""
    acme.observed()
    tenant = acme.plan()["tenants"]["autotask"]
    ledger = open_database("sqlite:.psarecon/ledger.db", acme.directory)
    lease = Leases(ledger).take(tenant, Holder("dana", "build-7", "run-9", "https://ci.example.com/9"), 600)
    ran = acme.apply()
    assert ran.code == 7
    assert f"dana on build-7 holds {tenant}: run run-9 (https://ci.example.com/9)" in ran.err
    assert (acme.run("plan").code, acme.adjustments()) == (0, 0)
    lease.release()
    assert acme.apply().code == 0
    ledger.close()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((), id="no command"),
        pytest.param(("nonsense",), id="no such command"),
        pytest.param(("plan", "--nonsense"), id="no such option"),
        pytest.param(("plan", "--format", "pdf"), id="no such format"),
        pytest.param(("apply",), id="a file is missing"),
        pytest.param(("schema", "nonsense"), id="no such schema"),
        pytest.param(("resume", "--accept", "x"), id="no reason"),
    ],
)
def test_64_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Before anything is read."""
    ran = psarecon("-C", str(tmp_path), *words)
    assert (ran.code, ran.out) == (64, "")
    assert "error: " in ran.err


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_0_for_those_who_ask_how(word: str) -> None:
    """On stdout, and the help names every code."""
    ran = psarecon(word)
    assert (ran.code, ran.err) == (0, "")
    assert word == "--version" or all(f"{code} " in ran.out for code in (0, 1, 2, 3, 4, 5, 6, 7, 64))
