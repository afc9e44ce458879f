"""SIGINT and SIGTERM to every command that writes or waits: what is under way is finished and told, soon."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import ADJUSTMENT, GLANCE, events, matched, observed_plan
from journeys.run_steps import until

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
#: Seconds within which a command ends that waits for nothing but time; far below any wait it is in.
SOON = 8.0
#: What a server asks a client to wait, in seconds.
LONG = 120
COUNT = "/users"


@contextmanager
def started(found: Rehearsal, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own, in a group of its own."""
    command = [sys.executable, "-m", "psarecon", "-C", str(found.directory), *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=found.environ, text=True, stdout=pipe, stderr=pipe, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def apply(found: Rehearsal) -> tuple[str, ...]:
    """The words that apply the saved plan."""
    return ("apply", str(found.plan_file), "--approve-clean")


def ended(process: subprocess.Popen[str], seconds: float = SOON) -> tuple[int, str, str]:
    """How the process ended, which it must do soon."""
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < seconds, err
    assert "Traceback" not in err
    return process.returncode, out, err


def meets(process: subprocess.Popen[str], found: Rehearsal, times: int = 1, fault: int = 0) -> None:
    """Wait until the fault has befallen the process so often."""
    while matched(found, fault) < times:
        assert process.poll() is None, process.communicate()
        time.sleep(GLANCE)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients, each to go from ten to fourteen; planned."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd"), Client("Gamma AS")) as found:
        observed_plan(found)
        yield found


def slow_down(found: Rehearsal, path: str, system: str = "autotask", status: int = 429) -> None:
    """Let the system ask for two minutes of patience, every time."""
    headers = {"Retry-After": str(LONG)}
    found.fault("status", system, status=status, body="{}", headers=headers, path=path, times=None)


@SIGNALS
def test_a_write_that_waits_to_be_sent_again_is_not_sent_again(three: Rehearsal, number: signal.Signals) -> None:
    """The limit refused it and asks for two minutes: told to stop, it is recorded as refused, the rest is skipped."""
    slow_down(three, ADJUSTMENT)
    with started(three, *apply(three)) as process:
        meets(process, three)
        time.sleep(0.5)  # it reads nothing before the wait
        process.send_signal(number)
        code, out, err = ended(process)
    assert (code, out) == (6, "1 failed, 2 skipped\n")
    assert f"{number.name}: finishing the call in flight, then stopping" in err
    assert (matched(three), events(three)) == (1, ["intent", "failed"])
    assert three.run("resume").out == "nothing is in doubt\n"


@SIGNALS
def test_a_read_that_waits_to_be_repeated_is_given_up(three: Rehearsal, number: signal.Signals) -> None:
    """Before the write: nothing is sent, nothing is in doubt."""
    slow_down(three, "/query")
    with started(three, *apply(three)) as process:
        meets(process, three)
        process.send_signal(number)
        code, out, _ = ended(process)
    assert (code, out) == (6, "1 failed, 2 skipped\n")
    assert (three.log(), three.adjustments()) == ([], 0)


@SIGNALS
def test_a_read_back_that_waits_to_be_repeated_leaves_the_line_in_doubt(
    three: Rehearsal, number: signal.Signals
) -> None:
    """It was written and cannot be read: that is said, and ``resume`` finds out."""
    three.fault("delay", path=ADJUSTMENT, seconds=1.0)
    with started(three, *apply(three)) as process:
        meets(process, three)
        slow_down(three, "/query")
        meets(process, three, fault=1)
        process.send_signal(number)
        code, out, _ = ended(process)
    assert (code, out) == (6, "2 skipped, 1 unknown\n")
    three.no_faults()
    assert (three.run("resume").code, events(three)) == (0, ["intent", "verified"])
    assert three.adjustments() == 1


@SIGNALS
def test_signals_that_come_again_and_again_do_not_hurry_the_call_in_flight(
    three: Rehearsal, number: signal.Signals
) -> None:
    """A hundred of both kinds: the call is finished all the same."""
    three.fault("delay", path=ADJUSTMENT, seconds=1.5)
    with started(three, *apply(three)) as process:
        meets(process, three)
        for _ in range(50):
            process.send_signal(number)
            process.send_signal(signal.SIGINT)
            time.sleep(0.005)
        code, out, _ = ended(process)
    assert (code, out) == (6, "1 verified, 2 skipped\n")
    assert three.adjustments() == 1


@SIGNALS
def test_the_wait_for_an_open_outcome_ends_at_once(three: Rehearsal, number: signal.Signals) -> None:
    """Three answers lost, five minutes to wait: all three are left to ``resume``, by name."""
    three.settings("settle_window: 1s", "settle_window: 5m")
    three.fault("drop_before_apply", path=ADJUSTMENT, times=3)
    with started(three, *apply(three)) as process:
        meets(process, three, 3)
        time.sleep(0.5)
        process.send_signal(number)
        code, out, err = ended(process)
    assert (code, out) == (6, "3 unknown\n")
    assert err.count("run `psarecon resume`") == 3


@SIGNALS
def test_a_resume_that_waits_ends_at_once_and_reads_no_other_line(three: Rehearsal, number: signal.Signals) -> None:
    """What it had not settled it names; the lease is given back."""
    three.settings("settle_window: 1s", "settle_window: 5m")
    three.fault("drop_before_apply", path=ADJUSTMENT, times=3)
    with started(three, *apply(three)) as process:
        meets(process, three, 3)
        process.terminate()
        ended(process)
    three.forget_requests()
    with started(three, "resume") as process:
        until(lambda: three.requests(path="/query") != [])
        time.sleep(0.3)
        process.send_signal(number)
        code, out, _ = ended(process)
    assert (code, out.count("told to stop before it was settled: run `psarecon resume` again")) == (6, 3)
    assert [entry["event"] for entry in three.log()] == ["intent"] * 3
    assert three.run("resume", "--no-wait").code == 6


@SIGNALS
def test_a_resume_that_waits_to_repeat_a_read_ends_soon(three: Rehearsal, number: signal.Signals) -> None:
    """The PSA asks for two minutes."""
    three.settings("settle_window: 1s", "settle_window: 5m")
    three.fault("drop_before_apply", path=ADJUSTMENT)
    with started(three, *apply(three)) as process:
        meets(process, three)
        time.sleep(0.5)
        process.terminate()
        ended(process)
    three.no_faults()
    slow_down(three, "/query")
    with started(three, "resume") as process:
        meets(process, three)
        process.send_signal(number)
        code, _, _ = ended(process)
    assert (code, events(three)) == (6, ["intent"])


@SIGNALS
def test_an_apply_that_waits_for_the_ledger_skips_everything(three: Rehearsal, number: signal.Signals) -> None:
    """Somebody else's transaction holds the file while the lease is to be taken: once it is free, nothing is sent."""
    with closing(sqlite3.connect(three.directory / ".psarecon" / "ledger.db")) as ledger:
        ledger.execute("BEGIN IMMEDIATE")
        with started(three, *apply(three)) as process:
            assert process.stderr is not None
            assert "3 approved changes" in process.stderr.readline()
            time.sleep(1.0)
            process.send_signal(number)
            time.sleep(0.2)
            ledger.rollback()
            code, out, _ = ended(process)
    assert (code, out, three.adjustments()) == (6, "3 skipped\n", 0)


def test_an_apply_that_is_told_before_it_begins_has_nothing_to_finish(three: Rehearsal) -> None:
    """While a secret is being looked up: the look-up ends, no line is touched, all are skipped."""
    three.settings('secret: "env:AUTOTASK_SECRET"', 'secret: "command:sh slow.sh"')
    (three.directory / "slow.sh").write_text('sleep 1; echo "$AUTOTASK_SECRET"', encoding="utf-8")
    with started(three, *apply(three)) as process:
        assert process.stderr is not None
        assert "3 approved changes" in process.stderr.readline()
        until(lambda: children(process.pid, "sh slow.sh") != [])
        process.terminate()
        code, out, _ = ended(process)
    assert (code, out, three.adjustments()) == (6, "3 skipped\n", 0)


def children(number: int, command: str) -> list[int]:
    """The processes this one has started that run the command by now; git, asked in passing, is none of them."""
    threads = Path(f"/proc/{number}/task").glob("*/children")
    found = [int(one) for thread in threads for one in thread.read_text(encoding="ascii").split()]
    return [one for one in found if command_of(one) == command]


def command_of(number: int) -> str:
    """The words a process was started with; none where it has ended meanwhile."""
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes().decode().rstrip("\0").replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


@SIGNALS
@pytest.mark.parametrize("word", ["plan", "observe"])
def test_a_reading_command_that_waits_ends_soon_and_leaves_nothing(
    three: Rehearsal, word: str, number: signal.Signals
) -> None:
    """The system it reads asks for two minutes: 128 and the signal's number, no plan, no reading, no traceback."""
    system, path = ("autotask", "/query") if word == "plan" else ("jumpcloud", COUNT)
    samples = count_samples(three)
    slow_down(three, path, system)
    words = (word, "-o", str(three.directory / "new.json")) if word == "plan" else (word,)
    with started(three, *words) as process:
        meets(process, three)
        process.send_signal(number)
        code, out, err = ended(process)
    assert (code, out, err.splitlines()[-1]) == (128 + number, "", "interrupted")
    assert count_samples(three) == samples
    assert sorted(path.name for path in three.directory.glob("*.json")) == ["plan.json"]
    assert list(three.directory.glob(".new.json*")) == []


def count_samples(found: Rehearsal) -> int:
    """How many readings the ledger holds."""
    with closing(sqlite3.connect(found.directory / ".psarecon" / "ledger.db")) as ledger:
        return int(ledger.execute("SELECT count(*) FROM samples").fetchone()[0])


def test_an_interrupted_observe_keeps_the_sources_it_had_read_whole(three: Rehearsal) -> None:
    """A file, read before JumpCloud by its name, stays read; the next observe does not take it in twice."""
    three.settings("sources:\n", "sources:\n  csv: {type: files, path: usage/*.csv}\n")
    rows = "organization,metric,count,date\nacme,users,5,2026-11-20\n"
    (three.directory / "usage").mkdir()
    (three.directory / "usage" / "nov.csv").write_text(rows, encoding="utf-8")
    samples = count_samples(three)
    slow_down(three, COUNT, "jumpcloud")
    with started(three, "observe") as process:
        meets(process, three)
        process.terminate()
        assert ended(process)[0] == 143
    assert count_samples(three) == samples + 1
    three.no_faults()
    assert three.run("observe").code == 0
    assert count_samples(three) == samples + 1 + 3


@SIGNALS
def test_a_second_signal_does_not_wait_for_an_answer(three: Rehearsal, number: signal.Signals) -> None:
    """Threads read, and the server hangs: the first signal waits for what is under way, the second does not."""
    three.fault("delay", path="/query", seconds=20, times=None)
    with started(three, "plan") as process:
        meets(process, three)
        process.send_signal(number)
        assert process.stderr is not None
        assert process.stderr.readline() == f"{number.name}: ending; once more ends at once\n"
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(number)
        code, _, _ = ended(process)
    assert code == -number


@pytest.mark.parametrize("secret", ['secret: "env:AUTOTASK_SECRET"', 'api_key: "env:JUMPCLOUD_API_KEY"'])
@SIGNALS
def test_a_command_for_a_secret_does_not_outlive_the_plan_that_started_it(
    three: Rehearsal, number: signal.Signals, secret: str
) -> None:
    """The signal is for psarecon alone, and its child is gone when it is, also one that a thread has started."""
    three.settings(secret, f'{secret.partition(":")[0]}: "command:sleep 25"')
    with started(three, "plan") as process:
        until(lambda: children(process.pid, "sleep 25") != [])
        (child,) = children(process.pid, "sleep 25")
        process.send_signal(number)
        code, _, _ = ended(process)
    assert code == 128 + number
    assert not Path(f"/proc/{child}").exists()


def test_a_signal_that_whoever_started_us_ignores_is_ignored(three: Rehearsal) -> None:
    """As in a shell's background: a plan goes on."""
    three.fault("delay", path="/query", seconds=1.0)
    words = ["-C", str(three.directory), "plan"]
    command = ["sh", "-c", 'trap "" INT; exec "$0" -m psarecon "$@"', sys.executable, *words]
    with subprocess.Popen(command, env=three.environ, stdout=subprocess.PIPE, text=True) as process:
        meets(process, three)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stdout is not None
        process.stdout.read()


def test_signals_in_the_midst_of_a_wait_never_block(tmp_path: Path) -> None:
    """Signals without a pause, on code that begins and ends waits and writes lines: it always goes on."""
    script = (
        "import sys\n"
        "from psarecon.cli.apply import stoppable\n"
        "with stoppable(None) as watch:\n"
        "    print('ready', flush=True)\n"
        "    for _ in range(20000):\n"
        "        watch.pause(0.00001)\n"
        "        print('a line of the run', file=sys.stderr, flush=True)\n"
        "    print('done', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        end = time.monotonic() + 60
        while process.poll() is None:
            assert time.monotonic() < end, "it hangs"
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "done\n"


@SIGNALS
def test_a_signal_that_the_main_thread_does_not_notice_is_sent_to_it_again(number: signal.Signals) -> None:
    """It comes in by another thread while the main one waits for ever: the handler runs all the same."""
    script = (
        "import os, signal, sys, threading, time\n"
        "from psarecon.cli import main\n"
        "number = int(sys.argv[1])\n"
        "def elsewhere():\n"
        "    time.sleep(0.2)\n"
        "    signal.pthread_kill(threading.get_ident(), number)\n"
        "def wait(*_):\n"
        "    threading.Thread(target=elsewhere, daemon=True).start()\n"
        "    threading.Event().wait()\n"
        "main.check.run = wait\n"
        "sys.argv[1:] = ['check']\n"
        "main.entry()\n"
    )
    words = [sys.executable, "-c", script, str(int(number))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 128 + number
    assert done.stderr == f"{number.name}: ending; once more ends at once\ninterrupted\n"
