"""The table of exit codes, row by row: each code provoked from the real program, as a pipeline sees it."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.contract_steps import WATCHDOG, program, real, real_apply
from journeys.test_signals import SIGNALS, ended, meets, slow_down, started

from psarecon import errors
from psarecon.ledger.database import open_database
from psarecon.ledger.leases import Holder, Leases


def _planned(place: Rehearsal) -> None:
    place.observed()
    place.plan()


def test_every_code_of_the_table_is_provoked_here() -> None:
    """Each code of `psarecon.errors` is in the name of a test of this file."""
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    provoked = {name.split("_")[1] for name in vars(sys.modules[__name__]) if name.startswith("test_")}
    assert {str(code) for code in codes} | {"130"} <= provoked


def test_0_done(acme: Rehearsal) -> None:
    """Every step of the main job, and a second apply that has nothing left to do."""
    plan = str(acme.plan_file)
    steps = [("check",), ("observe",), ("plan", "-o", plan), ("apply", plan, "--approve-clean")]
    assert [real(acme, *words).code for words in steps] == [0] * len(steps)
    others = [("log",), ("show", plan), ("decide", plan), ("resume",), ("lock", "list")]
    assert [acme.run(*words).code for words in others] == [0] * len(others)
    again = real_apply(acme)
    assert (again.code, again.out) == (0, "1 already\n")
    assert acme.adjustments() == 1
    acme.plan()
    empty = acme.apply()
    assert (empty.code, empty.out) == (0, "nothing to do\n")


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_0_for_those_who_ask_how(tmp_path: Path, word: str) -> None:
    """On stdout, and the help names every code."""
    ran = program(tmp_path, word)
    assert (ran.code, ran.err) == (0, "")
    assert word == "--version" or all(f"{code} " in ran.out for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 64))


def test_1_a_remote_system_failed(acme: Rehearsal) -> None:
    """The PSA refuses the credentials: no plan, and the old one stays."""
    _planned(acme)
    before = acme.plan_file.read_bytes()
    acme.fault("expired_secret", times=None)
    ran = real(acme, "plan", "-o", str(acme.plan_file))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: Autotask ")
    assert "check the credentials" in ran.err
    assert acme.plan_file.read_bytes() == before


def test_1_a_whole_source_could_not_be_read(acme: Rehearsal) -> None:
    """Not one of its organizations."""
    acme.fault("status", "jumpcloud", status=401, body="{}", times=None)
    assert real(acme, "observe").code == 1


def test_1_what_was_asked_for_could_not_be_said(acme: Rehearsal) -> None:
    """The disk that stdout is written to is full: a pipeline must not take half a plan for a whole one."""
    _planned(acme)
    line = [sys.executable, "-m", "psarecon", "-C", str(acme.directory), "plan", "--format", "json"]
    with Path("/dev/full").open("w", encoding="ascii") as full:
        done = subprocess.run(
            line, env=acme.environ, stdout=full, stderr=subprocess.PIPE, text=True, timeout=WATCHDOG, check=False
        )
    assert (done.returncode, done.stderr) == (1, "error: stdout cannot be written: No space left on device\n")


def test_2_there_are_changes_for_those_who_ask(acme: Rehearsal) -> None:
    """Only with --exit-code; nothing to change is 0."""
    _planned(acme)
    assert acme.run("plan").code == 0
    assert real(acme, "plan", "--exit-code").code == 2
    acme.apply()
    assert acme.run("plan", "--exit-code").code == 0


@pytest.mark.parametrize("word", ["check", "observe", "plan", "log", "resume"])
def test_3_settings_are_invalid(acme: Rehearsal, word: str) -> None:
    """Whatever was asked for, and nothing is sent anywhere."""
    acme.settings("version: 1", "version: 2")
    assert real(acme, word).code == 3
    assert acme.requests() == []


@pytest.mark.parametrize("word", ["observe", "plan"])
def test_3_a_secret_leads_nowhere(acme: Rehearsal, word: str) -> None:
    """Nothing is in the environment; the reference is named."""
    ran = program(acme.directory, word)
    assert (ran.code, "env:" in ran.err, acme.requests()) == (3, True, [])


def test_3_the_plan_file_is_not_what_was_written(acme: Rehearsal) -> None:
    """One byte of it."""
    _planned(acme)
    acme.plan_file.write_bytes(acme.plan_file.read_bytes().replace(b'"after":"14"', b'"after":"15"', 1))
    codes = [real(acme, word, str(acme.plan_file)).code for word in ("show", "decide", "apply")]
    assert codes == [3, 3, 3]
    assert acme.adjustments() == 0


def test_3_the_plan_is_another_one_than_was_expected(acme: Rehearsal) -> None:
    """Made anew since somebody approved the first: nothing is sent."""
    acme.observed()
    first = acme.plan("--as-of", "2026-11-20T18:00:00Z")["id"]
    acme.plan("--as-of", "2026-11-20T19:00:00Z")
    ran = real_apply(acme, "--expect", first)
    assert (ran.code, ran.out, acme.adjustments()) == (3, "", 0)


def test_3_the_plan_is_too_old(acme: Rehearsal) -> None:
    """Older than `apply.plan_age`."""
    acme.settings("apply: {", "apply: {plan_age: 1d, ")
    _planned(acme)
    acme.today("2026-11-22")
    assert (real_apply(acme).code, acme.adjustments()) == (3, 0)


def test_4_blocked_by_a_guard(tmp_path: Path) -> None:
    """A plan that says so, an apply that leaves it, and a decision that cannot be made."""
    with rehearsal(tmp_path / "msp", Client(units=40, users=10)) as place:
        _planned(place)
        assert real(place, "plan", "--exit-code").code == 4
        ran = real_apply(place)
        assert (ran.code, ran.out) == (4, "1 blocked\n")
        change = place.plan()["changes"][0]["id"]
        assert place.run("decide", str(place.plan_file), "--approve", change).code == 4


def test_4_decisions_are_missing(acme: Rehearsal) -> None:
    """Nobody approved anything: nothing is sent."""
    _planned(acme)
    ran = real(acme, "apply", str(acme.plan_file))
    assert (ran.code, ran.out) == (4, "1 open\n")
    assert acme.adjustments() == 0


def test_4_decisions_were_made_on_other_figures(acme: Rehearsal) -> None:
    """Approved at fourteen, planned anew at fifteen: the decision has lapsed, and nobody decided on fifteen."""
    _planned(acme)
    change = acme.plan()["changes"][0]["id"]
    assert real(acme, "decide", str(acme.plan_file), "--approve", change).code == 0
    acme.users(15)
    _planned(acme)
    ran = real(acme, "apply", str(acme.plan_file))
    assert (ran.code, ran.out, acme.adjustments()) == (4, "1 open\n", 0)


def test_5_some_changes_met_a_conflict(acme: Rehearsal) -> None:
    """Somebody else moved the line after it was planned: all three values are told, nothing is sent."""
    _planned(acme)
    acme.edit(line=acme.lines[0], units_change=2)
    ran = real_apply(acme)
    assert (ran.code, ran.out) == (5, "1 conflict\n")
    assert all(figure in ran.err for figure in ("planned from 10", "now 12", "wanted 14"))
    assert acme.adjustments() == 0


def test_6_a_write_was_refused(acme: Rehearsal) -> None:
    """With the server's words, in the journal too; the other lines would have gone on."""
    _planned(acme)
    acme.fault("status", status=500, body='{"errors":["Itgenatr999: not today"]}', path="/ServiceAdjustments")
    ran = real_apply(acme)
    assert (ran.code, ran.out) == (6, "1 failed\n")
    assert "not today" in ran.err
    assert [one["event"] for one in acme.log()] == ["intent", "failed"]


def test_6_a_line_is_still_in_doubt(acme: Rehearsal) -> None:
    """Its answer was lost and it is too early to tell; apply and resume both say so."""
    acme.settings("settle_window: 1s", "settle_window: 5m")
    _planned(acme)
    acme.fault("drop_before_apply", path="/ServiceAdjustments")
    with started(acme, "apply", str(acme.plan_file), "--approve-clean") as process:
        meets(process, acme)
        process.terminate()
        code, out, _ = ended(process)
    assert (code, out) == (6, "1 unknown\n")
    assert acme.run("resume", "--no-wait").code == 6


def test_6_an_organization_could_not_be_read(acme: Rehearsal) -> None:
    """The others could."""
    acme.fault("organization_error", "jumpcloud", organization=acme.organizations[0], status=403, times=None)
    assert real(acme, "observe").code == 6


@SIGNALS
def test_6_a_run_was_told_to_stop(acme: Rehearsal, number: signal.Signals) -> None:
    """Ctrl-C or SIGTERM while it waits to send again: nothing more is written, and it is no success."""
    _planned(acme)
    slow_down(acme, "/ServiceAdjustments")
    with started(acme, "apply", str(acme.plan_file), "--approve-clean") as process:
        meets(process, acme)
        process.send_signal(number)
        code, out, _ = ended(process)
    assert (code, out) == (6, "1 failed\n")


def test_7_another_run_holds_the_lock(acme: Rehearsal) -> None:
    """Who, where, which run; a plan never locks, and nothing is sent."""
    acme.observed()
    tenant = acme.plan()["tenants"]["autotask"]
    with closing(open_database("sqlite:.psarecon/ledger.db", acme.directory)) as ledger:
        lease = Leases(ledger).take(tenant, Holder("dana", "build-7", "run-9", "https://ci.example.com/9"), 600)
        ran = real_apply(acme)
        assert (ran.code, ran.out) == (7, "")
        assert f"dana on build-7 holds {tenant}: run run-9 (https://ci.example.com/9)" in ran.err
        assert real(acme, "lock", "show", tenant).code == 7
        assert (acme.run("plan").code, acme.adjustments()) == (0, 0)
        lease.release()
    assert acme.apply().code == 0


def test_8_a_line_drifted(acme: Rehearsal) -> None:
    """Somebody changed it in the PSA since the last write; before that, and for what is only not applied yet, 0."""
    _planned(acme)
    assert acme.apply().code == 0
    assert acme.run("drift").code == 0
    acme.edit(line=acme.lines[0], units_change=2)
    assert real(acme, "drift").code == 8


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((), id="no command"),
        pytest.param(("nonsense",), id="no such command"),
        pytest.param(("plan", "--nonsense"), id="no such option"),
        pytest.param(("plan", "--format", "pdf"), id="no such format"),
        pytest.param(("apply",), id="a file is missing"),
        pytest.param(("apply", "plan.json", "--expect", "4f88"), id="too little of an id"),
        pytest.param(("resume", "--accept", "4f88"), id="a reason is missing"),
        pytest.param(("schema", "nonsense"), id="no such schema"),
        pytest.param(("log", "-n", "0"), id="no such number"),
        pytest.param(("review",), id="a screen without a terminal"),
    ],
)
def test_64_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Before anything is read."""
    ran = program(tmp_path, *words)
    assert (ran.code, ran.out) == (64, "")
    assert "error: " in ran.err


@SIGNALS
@pytest.mark.parametrize("word", ["plan", "observe"])
def test_130_and_143_a_command_that_only_reads_was_ended(acme: Rehearsal, word: str, number: signal.Signals) -> None:
    """Ctrl-C is 130, SIGTERM 143; no plan is left behind."""
    _planned(acme)
    acme.plan_file.unlink()
    system, path = ("autotask", "/query") if word == "plan" else ("jumpcloud", "/users")
    slow_down(acme, path, system)
    with started(acme, word, *(("-o", str(acme.plan_file)) if word == "plan" else ())) as process:
        meets(process, acme)
        process.send_signal(number)
        code, out, _ = ended(process)
    assert (code, out) == ({signal.SIGINT: 130, signal.SIGTERM: 143}[number], "")
    assert not acme.plan_file.exists()
