"""``apply`` killed with SIGKILL at every stage, many times: no line is ever written twice, and the journal knows."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import Data, applying, wait_for_fault

from psarecon.protocol import Stage

DRIVER = Path(__file__).with_name("crash_driver.py")
LINES = 4
#: What a kill at a stage leaves of the change it hits, once ``resume`` has settled it.
LEFT = {
    Stage.REREAD: [],
    Stage.LEASED: [],
    Stage.INTENT: ["intent", "failed"],
    Stage.SENT: ["intent", "verified"],
    Stage.READ_BACK: ["intent", "verified"],
    Stage.DONE: ["intent", "verified"],
}


@dataclass
class Driver:
    """The crash driver, at our orders."""

    process: subprocess.Popen[str]

    def kill_at(self, plan: Path, stage: Stage, nth: int) -> int:
        """The signal that ended the apply."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"plan": str(plan), "stage": stage.value, "nth": nth}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def driving(found: Rehearsal) -> Iterator[Driver]:
    """The driver on the rehearsal's directory."""
    command = [sys.executable, str(DRIVER), str(found.directory)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=found.environ, text=True, stdin=pipe, stdout=pipe) as process:
        yield Driver(process)


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Rehearsal]:
    """Four clients with a line each."""
    with rehearsal(tmp_path / "msp", *(Client(f"Client {number}") for number in range(LINES))) as found:
        yield found


def truths(found: Rehearsal) -> dict[str, tuple[int, int]]:
    """Of each line its true units and how often it was written."""
    lines = found.control("GET", "world")["lines"]
    return {line["id"]: (int(line["quantity"]), line["writes"]) for line in lines}


def more_users(found: Rehearsal, luck: random.Random, users: list[int], least: int) -> Data:
    """So many organizations grow at least; what is planned for them."""
    for position in luck.sample(range(LINES), luck.randint(least, LINES)):
        users[position] += luck.randint(1, 3)
        found.users(users[position], found.organizations[position])
    found.observed()
    return found.plan()


def journal_after(found: Rehearsal, since: int) -> dict[str, list[str]]:
    """The events of each line that the journal got after its first ``since`` rows."""
    events: dict[str, list[str]] = {}
    for entry in found.log()[since:]:
        events.setdefault(entry["line"], []).append(entry["event"])
    return events


def expected(plan: Data, stage: Stage, nth: int) -> dict[str, list[str]]:
    """The journal after the kill and ``resume``: done before the n-th change, told of the n-th, nothing after it."""
    lines = [change["line"]["id"] for change in plan["changes"]]
    events = {line: ["intent", "verified"] for line in lines[: nth - 1]}
    return {**events, lines[nth - 1]: LEFT[stage]} if LEFT[stage] else events


def assert_true_to_the_journal(
    plan: Data, events: dict[str, list[str]], before: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]]
) -> None:
    """Verified: at the planned figure with one more write. Everything else: as before, not written."""
    after = {change["line"]["id"]: int(change["quantity"]["after"]) for change in plan["changes"]}
    for line, (units, writes) in before.items():
        applied = events.get(line, [])[-1:] == ["verified"]
        assert now[line] == ((after[line], writes + 1) if applied else (units, writes)), line


@pytest.mark.parametrize("stage", LEFT)
def test_a_killed_apply_is_settled_by_resume_and_nothing_is_written_twice(crew: Rehearsal, stage: Stage) -> None:
    """A kill at the first change, the second and so on, of plans made by chance: units, journal and the next plan
    agree every time."""
    luck, users, rows = random.Random(f"kill at {stage}"), [14] * LINES, 0
    with driving(crew) as driver:
        for turn in range(LINES):
            plan = more_users(crew, luck, users, least=turn + 1)
            before, nth = truths(crew), turn + 1
            assert driver.kill_at(crew.plan_file, stage, nth) == signal.SIGKILL
            assert crew.run("resume").code == 0
            events = journal_after(crew, rows)
            assert events == expected(plan, stage, nth)
            assert_true_to_the_journal(plan, events, before, truths(crew))
            rows += sum(map(len, events.values())) + assert_converges(crew, users, before)
    assert crew.plan()["changes"] == []


def assert_converges(found: Rehearsal, users: list[int], before: dict[str, tuple[int, int]]) -> int:
    """A new plan and apply end at the users of every client, with no line written more than once since ``before``.

    Answers how many rows that added to the journal: an intent and an outcome for each change.
    """
    plan = found.plan()
    assert found.apply().code == 0
    now = truths(found)
    assert [now[line][0] for line in found.lines] == users
    for line, (units, writes) in now.items():
        assert writes - before[line][1] == (units != before[line][0])
    return 2 * len(plan["changes"])


def test_until_resume_has_settled_it_no_plan_touches_a_line_in_doubt(crew: Rehearsal) -> None:
    """Killed after the call was sent: the line is blocked as in doubt, the others are planned, and apply skips it."""
    crew.observed()
    plan = crew.plan()
    with driving(crew) as driver:
        driver.kill_at(crew.plan_file, Stage.SENT, 1)
    doubtful = plan["changes"][0]["line"]["id"]
    ran = crew.apply()
    assert (ran.code, ran.out, truths(crew)[doubtful]) == (6, "1 skipped, 3 verified\n", (14, 1))
    again = crew.plan()
    assert [one["scope"] for one in again["findings"] if one["code"] == "in-doubt"] == [f"line:autotask/{doubtful}"]
    assert again["changes"] == []


def test_a_young_intent_is_not_called_lost_while_the_server_may_still_work_on_it(crew: Rehearsal) -> None:
    """Killed before sending: unchanged proves nothing yet, so ``resume --no-wait`` leaves it and exits 6."""
    crew.settings("settle_window: 1s", "settle_window: 5m")
    crew.observed()
    crew.plan()
    with driving(crew) as driver:
        driver.kill_at(crew.plan_file, Stage.INTENT, 1)
    ran = crew.run("resume", "--no-wait")
    assert (ran.code, "too young to tell" in ran.out) == (6, True)
    assert [entry["event"] for entry in crew.log()] == ["intent"]


def test_a_write_that_lands_after_its_sender_was_killed_is_found_by_resume(crew: Rehearsal) -> None:
    """The server takes its time, the process dies meanwhile: ``resume`` waits, finds it applied, sends nothing."""
    crew.settings("settle_window: 1s", "settle_window: 3s")
    crew.observed()
    crew.plan()
    crew.fault("delay", path="ServiceAdjustments", seconds=1.0)
    with applying(crew) as process:
        wait_for_fault(crew, process)
        process.kill()
    assert truths(crew)[crew.lines[0]] == (10, 0)
    ran = crew.run("resume")
    assert (ran.code, truths(crew)[crew.lines[0]]) == (0, (14, 1))
    assert [entry["event"] for entry in crew.log()] == ["intent", "verified"]
    assert crew.adjustments() == 1
