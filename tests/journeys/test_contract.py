"""What pipelines may rely on: nobody is asked, a plan never writes, the same inputs give the same bytes, and what was
planned and decided elsewhere is what is applied."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Rehearsal, psarecon, rehearsal
from journeys.autotask_steps import ADJUSTMENT, observed_plan
from journeys.contract_steps import WATCHDOG, program, real_apply
from journeys.test_signals import meets, started

#: Arguments of the commands that need some; PLAN is the saved plan.
WORDS = {
    "show": ["PLAN"],
    "review": ["PLAN"],
    "decide": ["PLAN", "--approve-clean"],
    "apply": ["PLAN", "--approve-clean"],
    "rollback": ["no-such-run"],
    "probe": ["--tenant", "none"],
    "lock": ["list"],
    "schema": ["--list"],
    "completion": ["bash"],
    "import": ["--dry-run"],
    "sandbox": ["init", "elsewhere", "--clients", "1"],
    "demo": ["--clients", "1"],
}
#: What commands exit with there, if not with 0: ``review`` needs a terminal, there is no run to roll back, and no
#: tenant to probe.
CODES = {"review": 64, "rollback": 3, "probe": 3}


def commands() -> list[str]:
    """Every command that ``--help`` lists."""
    return re.findall(r"^    ([a-z]+)\s", psarecon("--help").out, re.MULTILINE)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """One client, observed and planned."""
    with rehearsal(tmp_path_factory.mktemp("contract") / "msp", Client()) as found:
        found.observed()
        found.plan()
        yield found


@pytest.mark.parametrize("closed", [False, True], ids=["nothing to read", "closed"])
@pytest.mark.parametrize("word", commands())
def test_no_command_asks_where_nobody_can_answer(
    planned: Rehearsal, tmp_path: Path, word: str, *, closed: bool
) -> None:
    """Without a terminal, with an empty stdin or none at all, each command ends by itself, with a code of its own."""
    words = [str(planned.plan_file) if one == "PLAN" else one for one in WORDS.get(word, [])]
    line = [sys.executable, "-m", "psarecon", "-C", str(planned.directory), word, *words]
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", *line] if closed else line
    done = subprocess.run(
        shell,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", **planned.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
        check=False,
    )
    assert done.returncode == CODES.get(word, 0), done.stderr
    assert "unexpected" not in done.stderr


def test_a_server_ends_when_it_is_told_to(planned: Rehearsal) -> None:
    """``sandbox serve`` is the one command that goes on; SIGTERM ends it, and that is no error of its own."""
    line = [sys.executable, "-m", "psarecon", "sandbox", "serve", str(planned.directory), "--port", "0"]
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("listening on" in one for one in process.stderr)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=WATCHDOG) in {0, 143}
        process.stderr.read()


def test_a_plan_never_writes(tmp_path: Path) -> None:
    """Nothing but reads reaches a PSA from any command but ``apply``, before and after it."""
    with rehearsal(tmp_path / "msp", Client(), Client("Drop", units=40, users=2), Client("Same", units=14)) as place:
        plan, before = str(place.plan_file), place.control("GET", "world")["lines"]
        steps = [("check",), ("observe",), ("plan", "-o", plan), ("plan", "--exit-code"), ("show", plan)]
        steps += [("show", plan, "--where", "client:acme"), ("decide", plan, "--approve-clean"), ("decide", plan)]
        steps += [("log",), ("resume",), ("drift",), ("lock", "list"), ("review", plan), ("rollback", "no-such-run")]
        assert [place.run(*words).code for words in steps] == [0, 0, 0, 4, *[0] * 8, 64, 3]
        looks = [("doctor",), ("coverage",), ("import", "--dry-run"), ("import",), ("baseline",)]
        assert [place.run(*words).code for words in looks] == [0] * len(looks)
        asked = [one for one in place.requests() if one["system"] == "autotask"]
        changing = [one for one in asked if one["method"] != "GET" and not one["path"].lower().endswith("/query")]
        assert (changing, len(asked) > 5) == ([], True)
        assert place.control("GET", "world")["lines"] == before
        assert (place.run("apply", plan).code, place.adjustments()) == (4, 1)
        run = place.log()[0]["run"]
        assert [place.run(*words).code for words in (("rollback", run), ("drift",), ("plan",))] == [0, 0, 0]
        assert place.adjustments() == 1


@pytest.mark.parametrize("length", [12, 40, 64])
def test_the_plan_that_was_expected_is_applied(acme: Rehearsal, length: int) -> None:
    """Named by its id, or by as much of it as no other plan shares."""
    acme.observed()
    ran = acme.apply("--expect", acme.plan()["id"][:length])
    assert (ran.code, ran.out) == (0, "1 verified\n")


def test_another_plan_than_was_expected_is_refused_by_name(acme: Rehearsal) -> None:
    """Both ids are told, and nobody is asked anything."""
    acme.observed()
    first, second = (acme.plan("--as-of", f"2026-11-20T1{hour}:00:00Z")["id"] for hour in (8, 9))
    acme.forget_requests()
    ran = real_apply(acme, "--expect", first)
    said = f"error: {acme.plan_file} is plan {second[:12]}, not {first[:12]}, which --expect names\n"
    assert (ran.code, ran.err.startswith(said), acme.requests()) == (3, True, [])


@pytest.mark.parametrize("given", ["4f88", "", "latest", "4F88aabbccdd", "4f88aabbccddé", "0" * 65])
def test_what_is_no_id_is_never_expected(acme: Rehearsal, given: str) -> None:
    """An empty variable of a pipeline must not mean *any plan*."""
    acme.observed()
    acme.plan()
    assert (acme.apply("--expect", given).code, acme.adjustments()) == (64, 0)


def test_a_plan_older_than_the_settings_allow_is_refused(acme: Rehearsal) -> None:
    """By the billing clock, with a message of its own; a minute earlier it would have been applied."""
    acme.settings("apply: {", "apply: {plan_age: 2h, ")
    assert acme.run("observe", "--as-of", "2026-11-20T14:00:00Z").code == 0
    acme.plan("--as-of", "2026-11-20T14:59:00Z")
    ran = acme.apply()
    said = "error: the plan is of 2026-11-20 14:59Z, older than apply.plan_age allows\nhint: plan again\n"
    assert (ran.code, ran.out, ran.err, acme.adjustments()) == (3, "", said, 0)
    acme.plan("--as-of", "2026-11-20T15:00:00Z")
    assert acme.apply().code == 0


def test_other_settings_do_not_outdate_a_plan(acme: Rehearsal) -> None:
    """What is checked is the tenant, the line and the figures: a guard that is drawn closer holds for the next plan."""
    acme.observed()
    acme.plan()
    acme.settings("guards: {", "guards: {changes: {count: 0}, ")
    assert acme.apply().code == 0
    assert acme.run("plan", "--exit-code").code == 0


def test_a_rerun_of_the_same_moment_gives_the_same_bytes(tmp_path: Path) -> None:
    """Observed and planned once more with the same ``--as-of`` in the same world: the same plan, to the byte.

    Also from another directory with a ledger of its own.
    """
    clients = (Client(), Client("Drop", units=40, users=2), Client("Cost", units=14, unit_cost="8.50"))
    with rehearsal(tmp_path / "msp", *clients) as place:
        shutil.copytree(place.directory, tmp_path / "copy", ignore=shutil.ignore_patterns(".psarecon"))
        made = []
        for directory in (place.directory, place.directory, tmp_path / "copy"):
            for words in (["observe"], ["plan", "-o", str(directory / "plan.json")]):
                ran = program(directory, *words, "--as-of", "2026-11-20T15:00:00Z", environ=place.environ)
                assert ran.code == 0, ran.err
            made.append((directory / "plan.json").read_bytes())
    assert made[0].count(b'"effective_date"') == 3
    assert made[0] == made[1] == made[2]


def test_planned_on_one_runner_decided_on_a_laptop_applied_on_another(tmp_path: Path, ledger_url: str) -> None:
    """Three copies of the repository; the plan and the decisions travel, the ledger is shared.

    The laptop has no credential, no ledger and nobody to ask; the second runner knows nothing but the two files.
    """
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd", users=12), Client("Gamma AS")) as place:
        place.settings("ledger: sqlite:.psarecon/ledger.db", "ledger: env:PSARECON_LEDGER_URL")
        first, laptop, second = (tmp_path / name for name in ("runner-1", "laptop", "runner-2"))
        for copy in (first, laptop, second):
            shutil.copytree(place.directory, copy, ignore=shutil.ignore_patterns("plan*.json"))
        pipeline = {**place.environ, "PSARECON_LEDGER_URL": ledger_url}
        place.environ.update(pipeline)
        assert program(first, "observe", environ=pipeline).code == 0
        assert program(first, "plan", "-o", str(first / "plan.json"), "--exit-code", environ=pipeline).code == 2
        shutil.rmtree(first / ".psarecon", ignore_errors=True)

        shutil.move(first / "plan.json", laptop / "plan.json")
        place.forget_requests()
        plan = _decided_on(laptop, approved="Acme", rejected="Beta")
        assert place.requests() == []

        for name in ("plan.json", "plan.decisions.json"):
            shutil.move(laptop / name, second / name)
        ran = program(second, "apply", str(second / "plan.json"), "--expect", plan, environ=pipeline)
        assert (ran.code, ran.out) == (4, "1 verified, 1 open, 1 rejected or held\n")
        assert [place.truth(line)["quantity"] for line in place.lines] == ["14", "10", "10"]
        assert [one["detail"]["decision"]["by"] for one in place.log() if one["event"] == "intent"] == ["dana"]


def test_a_log_that_nobody_reads_any_more_stops_no_run(tmp_path: Path) -> None:
    """The reader of stderr goes while the first of three writes is in flight: all are written, and the code is 0."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd"), Client("Gamma AS")) as place:
        observed_plan(place)
        place.fault("delay", path=ADJUSTMENT, seconds=1.0)
        with started(place, "apply", str(place.plan_file), "--approve-clean", "--json-events", "/dev/full") as process:
            meets(process, place)
            assert process.stderr is not None
            process.stderr.close()
            assert process.wait(timeout=WATCHDOG) == 0
        assert [place.truth(line)["writes"] for line in place.lines] == [1, 1, 1]


def _decided_on(laptop: Path, approved: str, rejected: str) -> str:
    """Decide with nothing but the plan file and a name; answers the plan's id."""
    plan = str(laptop / "plan.json")
    dana = {"USER": "dana"}
    yes = program(laptop, "decide", plan, "--approve", "--where", f"client:{approved}", environ=dana)
    no = program(laptop, "decide", plan, "--reject", "--where", f"client:{rejected}", "--reason", "left", environ=dana)
    told = program(laptop, "decide", plan, "--format", "json", environ=dana)
    assert (yes.code, no.code, told.code) == (0, 0, 0), yes.err + no.err + told.err
    found = re.search(r'"plan": "([0-9a-f]{64})"', told.out)
    assert found
    return found[1]
