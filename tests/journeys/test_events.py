"""``--json-events``: one line for each thing that happens, each as the published schema has it, and none of them able
to hold up a write."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import ADJUSTMENT, observed_plan
from journeys.contract_steps import program, real
from journeys.test_hostile_names import HOSTILE
from journeys.test_signals import ended, meets, slow_down, started
from jsonschema import Draft202012Validator

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "schemas" / "events.schema.json").read_text(encoding="utf-8")
)
VALID = Draft202012Validator(SCHEMA)
STAGES = ["reread", "leased", "intent", "sent", "read-back", "done"]
PATIENT = 30.0

Event = dict[str, Any]


def read(text: str) -> list[Event]:
    """The events of one run: each valid by the schema, counted without a gap, all of one run."""
    events: list[Event] = [json.loads(line) for line in text.splitlines()]
    assert [error.message for event in events for error in VALID.iter_errors(event)] == []
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert len({event["run"] for event in events}) == 1
    return events


def told(place: Rehearsal, *words: str, code: int = 0) -> list[Event]:
    """A command that must end with this code; its events."""
    path = place.directory / "events.ndjson"
    path.unlink(missing_ok=True)
    ran = place.run(*words, "--json-events", str(path))
    assert ran.code == code, ran.err
    return read(path.read_text(encoding="ascii"))


def names(events: list[Event]) -> list[str]:
    """What happened, without the command."""
    return [event["event"].partition(".")[2] for event in events]


def apply(place: Rehearsal) -> tuple[str, ...]:
    """The words that apply the saved plan."""
    return ("apply", str(place.plan_file), "--approve-clean")


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients, each to go from ten to fourteen; planned."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd"), Client("Gamma AS")) as found:
        observed_plan(found)
        yield found


def test_the_schema_is_a_schema() -> None:
    """Of draft 2020-12; what it does not know is not valid."""
    Draft202012Validator.check_schema(SCHEMA)
    event = {"v": 1, "at": "2026-11-20T17:00:00.000Z", "run": "r", "seq": 1, "event": "observe.source.started"}
    assert VALID.is_valid({**event, "source": "jumpcloud"})
    assert not VALID.is_valid({**event, "source": "jumpcloud", "more": 1})
    assert not VALID.is_valid({**event, "event": "observe.nonsense"})


def test_a_reading_tells_of_each_source_and_of_what_failed(tmp_path: Path) -> None:
    """Two organizations, one of which may not be read."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd")) as place:
        place.fault("organization_error", "jumpcloud", organization=place.organizations[1], status=403, times=None)
        events = told(place, "observe", code=6)
        assert names(events) == ["started", "source.started", "organization.failed", "source.done", "done"]
        failed, done = events[2], events[-1]
        assert (failed["source"], failed["organization"]) == ("jumpcloud", place.organizations[1])
        assert "403" in failed["text"]
        assert done["sources"] == [{"source": "jumpcloud", "read": 1, "failed": 1, "error": None}]
        assert (done["exit_code"], done["error"]) == (6, None)


def test_a_plan_tells_what_it_reads_and_what_it_comes_to(three: Rehearsal) -> None:
    """How many lines of each PSA, then the figures that the plan file has."""
    events = told(three, "plan", "-o", str(three.plan_file), "--exit-code", code=2)
    assert names(events) == ["started", "psa.started", "psa.done", "done"]
    assert [events[2][key] for key in ("psa", "lines", "found")] == ["autotask", 3, 3]
    plan = json.loads(three.plan_file.read_bytes())
    done = events[-1]
    assert (done["exit_code"], done["plan"]["id"], done["plan"]["changes"]) == (2, plan["id"], 3)
    assert done["plan"]["cost_change"] == plan["totals"]["plan"]["cost_change"] == "108.00"


def test_a_run_tells_every_stage_of_every_change(three: Rehearsal) -> None:
    """In the order of the write protocol, one line after the other; the journal has the same run."""
    events = told(three, *apply(three))
    assert names(events) == ["started", "decided", *["change"] * 18, "done"]
    steps = [(event["line"], event["stage"]) for event in events[2:-1]]
    assert steps == [(f"autotask/{line}", stage) for line in three.lines for stage in STAGES]
    assert [event["outcome"] for event in events[2:8]] == [None] * 5 + ["verified"]
    assert events[1]["approved"] == 3
    assert (events[-1]["exit_code"], events[-1]["outcomes"]) == (0, {"verified": 3})
    assert {entry["run"] for entry in three.log()} == {events[0]["run"]}


def test_a_run_that_leaves_lines_tells_how_many(tmp_path: Path) -> None:
    """One blocked by a guard, one that nobody decided on, one rejected."""
    clients = (Client(), Client("Drop", units=40), Client("Gamma AS"))
    with rehearsal(tmp_path / "msp", *clients) as place:
        observed_plan(place)
        ran = place.run("decide", str(place.plan_file), "--reject", "--where", "client:Gamma", "--reason", "no")
        assert ran.code == 0
        events = told(place, "apply", str(place.plan_file), code=4)
        left = {"blocked": 1, "open": 1, "declined": 1}
        assert {key: events[1][key] for key in ("approved", *left)} == {"approved": 0, **left}
        assert (events[-1]["left"], events[-1]["outcomes"]) == (left, {})


def test_what_is_in_doubt_is_told_and_settled(three: Rehearsal) -> None:
    """The answer to the first write is lost: it waits, stays unknown, and ``resume`` tells what it found."""
    three.settings("settle_window: 1s", "settle_window: 5m")
    three.fault("drop_before_apply", path=ADJUSTMENT)
    three.fault("delay", path="Units/query", skip=1, seconds=0.5)  # before the second write there is time to say stop
    path = three.directory / "events.ndjson"
    with started(three, *apply(three), "--json-events", str(path)) as process:
        meets(process, three)
        process.terminate()
        code, _, _ = ended(process)
    events = read(path.read_text(encoding="ascii"))
    assert (code, events[-1]["exit_code"], events[-1]["outcomes"]) == (6, 6, {"skipped": 2, "unknown": 1})
    assert "waiting" in [event.get("stage") for event in events]
    early = told(three, "resume", "--no-wait", code=6)
    assert (names(early), early[1]["outcome"]) == (["started", "change", "done"], "unknown")
    three.settings("settle_window: 5m", "settle_window: 1s")
    late = told(three, "resume")
    assert (late[1]["text"], late[-1]["outcomes"]) == ("found not applied", {"failed": 1})


@pytest.mark.parametrize("word", ["observe", "plan", "resume"])
def test_a_command_that_ends_by_an_error_says_so_last(acme: Rehearsal, word: str) -> None:
    """Settings that are not valid, before anything has begun."""
    acme.settings("version: 1", "version: 2")
    (event,) = told(acme, word, code=3)
    assert (event["event"], event["exit_code"]) == (f"{word}.done", 3)
    assert "version" in event["error"]


def test_an_error_on_the_way_is_told_without_any_credential(acme: Rehearsal) -> None:
    """The PSA refuses what it was sent, in words that repeat it."""
    acme.observed()
    secrets = [value for name, value in acme.environ.items() if name.startswith("AUTOTASK")]
    echo = json.dumps({"errors": [f"wrong: {secret}" for secret in secrets]})
    acme.fault("status", status=401, body=echo, path="/query", times=None)
    events = told(acme, "plan", code=1)
    assert (names(events)[-1], events[-1]["exit_code"]) == ("done", 1)
    assert "wrong: ***" in events[-1]["error"]
    assert [secret for secret in secrets if secret in json.dumps(events)] == []


def test_a_signal_is_the_last_thing_told(three: Rehearsal) -> None:
    """SIGTERM to a plan that waits."""
    slow_down(three, "/query")
    path = three.directory / "events.ndjson"
    with started(three, "plan", "--json-events", str(path)) as process:
        meets(process, three)
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 143
    done = read(path.read_text(encoding="ascii"))[-1]
    assert (done["event"], done["exit_code"], done["error"]) == ("plan.done", 143, "interrupted")


def test_a_killed_run_has_told_what_was_behind_it(three: Rehearsal) -> None:
    """SIGKILL while the first write is in flight: its intent is in the file, whole lines only."""
    three.fault("delay", path=ADJUSTMENT, seconds=2.0)
    path = three.directory / "events.ndjson"
    with started(three, *apply(three), "--json-events", str(path)) as process:
        meets(process, three)
        process.kill()
        process.communicate()
    assert [event.get("stage") for event in read(path.read_text(encoding="ascii"))][-1] == "intent"


def test_on_stdout_there_is_nothing_else(three: Rehearsal) -> None:
    """With ``-`` what stands there otherwise is on stderr."""
    ran = real(three, *apply(three), "--json-events", "-")
    assert names(read(ran.out))[-1] == "done"
    assert "3 verified" in ran.err.splitlines()
    plan = real(three, "plan", "--json-events", "-")
    assert names(read(plan.out)) == ["started", "psa.started", "psa.done", "done"]
    assert "no changes: 3 lines are as they should be" in plan.err


def test_several_commands_may_write_to_one_file(three: Rehearsal) -> None:
    """Each is added to it under a run of its own."""
    path = three.directory / "night.ndjson"
    for words in (("observe",), ("plan", "-o", str(three.plan_file)), apply(three), ("resume",)):
        assert real(three, *words, "--json-events", str(path)).code == 0
    events = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    assert len({event["run"] for event in events}) == 4
    assert [event["event"] for event in events if event["seq"] == 1] == [
        f"{word}.started" for word in ("observe", "plan", "apply", "resume")
    ]


def test_hostile_names_stay_in_their_line(tmp_path: Path) -> None:
    """Terminal sequences, direction marks and endless names: one short line of ASCII each."""
    with rehearsal(tmp_path / "msp", *(Client(name) for name in HOSTILE.values())) as place:
        observed_plan(place)
        path = place.directory / "events.ndjson"
        assert place.run(*apply(place), "--json-events", str(path)).code == 0
        text = path.read_text(encoding="ascii")
        clients = {event["client"] for event in read(text) if "client" in event}
        assert len(clients) > 5
        assert all(client.isprintable() and len(client) <= 500 for client in clients)
        assert max(map(len, text.splitlines())) < 4096


@pytest.mark.parametrize("name", ["no/such/folder/events", ".", "pipe", "nul\0"])
def test_where_events_cannot_be_written_nothing_is_begun(three: Rehearsal, name: str) -> None:
    """A folder that is not there, a folder, a pipe that nobody reads, no path: exit 1, and the PSA is not asked."""
    os.mkfifo(three.directory / "pipe")
    three.forget_requests()
    ran = three.run(*apply(three), "--json-events", str(three.directory / name))
    assert (ran.code, ran.out, three.requests()) == (1, "", [])
    assert ran.err.startswith("error: events cannot be written to ")


def test_a_full_disk_stops_no_run(three: Rehearsal) -> None:
    """All is written to the PSA and told on stderr; that the events are not is said once."""
    ran = real(three, *apply(three), "--json-events", "/dev/full")
    assert (ran.code, ran.out) == (0, "3 verified\n")
    assert ran.err.count("the events cannot be written any more (No space left on device); the command goes on") == 1
    assert [three.truth(line)["writes"] for line in three.lines] == [1, 1, 1]


@contextmanager
def piped(place: Rehearsal, size: int) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """``apply`` with its events in a pipe that holds so many bytes; the end to read, and the process."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, size)
    words = [*apply(place), "--json-events", f"/dev/fd/{writing}"]
    command = [sys.executable, "-m", "psarecon", "-C", str(place.directory), *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=place.environ, text=True, stdout=pipe, stderr=pipe, pass_fds=[writing]
    ) as process:
        os.close(writing)
        try:
            yield reading, process
        finally:
            process.kill()


def test_a_reader_that_goes_stops_no_run(three: Rehearsal) -> None:
    """It hangs up while the first write is in flight."""
    three.fault("delay", path=ADJUSTMENT, seconds=1.0)
    with piped(three, 65536) as (reading, process):
        meets(process, three)
        os.close(reading)
        out, err = process.communicate(timeout=PATIENT)
    assert (process.returncode, out) == (0, "3 verified\n")
    assert err.count("the events cannot be written any more (Broken pipe)") == 1
    assert [three.truth(line)["writes"] for line in three.lines] == [1, 1, 1]


def test_a_reader_that_reads_nothing_is_not_waited_for(three: Rehearsal) -> None:
    """The pipe is full after some events: two seconds, once, and the run goes on without."""
    with piped(three, 4096) as (reading, process):
        out, err = process.communicate(timeout=PATIENT)
        os.close(reading)
    assert (process.returncode, out) == (0, "3 verified\n")
    assert err.count("the events cannot be written any more (nobody reads them)") == 1


def test_a_slow_reader_gets_every_event(three: Rehearsal) -> None:
    """Through the same small pipe."""
    with piped(three, 4096) as (reading, process):
        with os.fdopen(reading, encoding="ascii") as stream:
            text = stream.read()
        process.communicate(timeout=PATIENT)
    assert (process.returncode, len(read(text))) == (0, 21)


def test_without_the_option_nothing_is_told(three: Rehearsal) -> None:
    """And commands that have no events know no such option."""
    ran = real(three, *apply(three))
    assert '"v":1' not in ran.out + ran.err
    assert program(three.directory, "check", "--json-events", "x").code == 64
