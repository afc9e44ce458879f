"""The review in a terminal of its own: signals, a connection that drops, and what stays on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import ADJUSTMENT

from psarecon.errors import EXIT_PARTIAL, EXIT_USAGE

TENANT = b"90001"


class Terminal:
    """``psarecon review`` in a pty; what it writes is kept."""

    def __init__(self, found: Rehearsal, *words: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environ = {**os.environ, **found.environ, "TERM": "xterm-256color"}
        command = [sys.executable, "-m", "psarecon", "-C", str(found.directory), "review", *words]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
        )
        os.close(slave)
        self.written = b""
        self._open = True
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):
            while self._open and (found := os.read(self.master, 65536)):
                self.written += found

    def press(self, keys: bytes) -> None:
        """Keys, one after the other, as a person presses them."""
        for key in keys:
            os.write(self.master, bytes([key]))
            time.sleep(0.05)

    def until(self, what: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until it is so."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, self.written[-2000:]
            time.sleep(0.02)

    def sees(self, text: bytes) -> None:
        """Wait until this was written."""
        self.until(lambda: text in self.written)

    def drop(self) -> None:
        """The connection is gone: no terminal any more, and the process is told so."""
        self._open = False
        self.process.send_signal(signal.SIGHUP)
        os.close(self.master)
        self._reader.join()

    def close(self) -> None:
        """Whatever became of it."""
        self.process.kill()
        self.process.wait()
        if self._open:
            self._reader.join()
            os.close(self.master)


@contextmanager
def terminal(found: Rehearsal, *words: str) -> Iterator[Terminal]:
    """A review in a terminal, ended afterwards."""
    screen = Terminal(found, *words)
    try:
        yield screen
    finally:
        screen.close()


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Rehearsal]:
    """Two clients with a saved plan, whose writes take a second each."""
    with rehearsal(tmp_path / "msp", Client(), Client("Borealis", units=20, users=29)) as found:
        found.observed()
        found.plan()
        found.run("decide", str(found.plan_file), "--approve-clean")
        found.fault("delay", method="POST", path=ADJUSTMENT, seconds=1)
        yield found


def begun(screen: Terminal) -> None:
    """The person has typed the tenant's name, and the run begins."""
    screen.sees(b"WRITES ALLOWED")
    screen.press(b"R")
    screen.sees(b"To go on")
    screen.press(TENANT + b"\r")
    time.sleep(0.5)  # until the button has the focus
    screen.press(b"\r")


def writing(screen: Terminal) -> None:
    """The first write is on its way."""
    begun(screen)
    screen.sees(b"> writing")


def one_is_written(found: Rehearsal) -> bool:
    """Whether exactly one line was written, once, and the journal says so."""
    writes = sorted(found.truth(line)["writes"] for line in found.lines)
    return writes == [0, 1] and [entry["event"] for entry in found.log()] == ["intent", "verified"]


def test_a_dropped_connection_finishes_the_call_and_ends(msp: Rehearsal) -> None:
    """The window is closed while a write is on its way: it is verified, nothing else is sent, the process ends."""
    with terminal(msp, str(msp.plan_file), "--apply") as screen:
        writing(screen)
        screen.drop()
        assert screen.process.wait(20) != 0
    assert one_is_written(msp)


def test_a_signal_finishes_the_call_and_ends(msp: Rehearsal) -> None:
    """SIGTERM while a write is on its way: nobody presses a key, the summary is printed, exit 6."""
    with terminal(msp, str(msp.plan_file), "--apply") as screen:
        writing(screen)
        screen.process.send_signal(signal.SIGTERM)
        assert screen.process.wait(20) == EXIT_PARTIAL
        screen.sees(b"1 verified")
        screen.sees(b"1 skipped")
    assert one_is_written(msp)


def slow_down(found: Rehearsal) -> None:
    """The PSA asks for two minutes before anything is read again."""
    found.fault("status", status=429, body="{}", headers={"Retry-After": "120"}, path="/query", times=None)


def slowed_down(found: Rehearsal) -> bool:
    """Whether it has asked for that."""
    return bool(found.control("GET", "faults")["faults"][-1]["matched"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_run_that_waits_to_read_again(msp: Rehearsal, number: signal.Signals) -> None:
    """Nothing was sent, the rest is skipped, and nobody waits two minutes for that."""
    slow_down(msp)
    with terminal(msp, str(msp.plan_file), "--apply") as screen:
        begun(screen)
        screen.until(lambda: slowed_down(msp))
        screen.process.send_signal(number)
        assert screen.process.wait(8) == EXIT_PARTIAL
        screen.sees(b"1 failed")
        screen.sees(b"1 skipped")
    assert (msp.log(), msp.adjustments()) == ([], 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_review_that_still_makes_its_plan(msp: Rehearsal, number: signal.Signals) -> None:
    """It waits to read again; no plan is kept, and no error is told of what was given up."""
    slow_down(msp)
    with terminal(msp) as screen:
        screen.until(lambda: slowed_down(msp))
        screen.process.send_signal(number)
        assert screen.process.wait(8) == 128 + number
    assert b"error" not in screen.written
    assert not (msp.directory / ".psarecon" / "review").exists()


def test_a_review_that_still_makes_its_plan_is_left_at_once(msp: Rehearsal) -> None:
    """By the key that leaves."""
    slow_down(msp)
    with terminal(msp) as screen:
        screen.until(lambda: slowed_down(msp))
        screen.press(b"\x11")
        assert screen.process.wait(8) == 0


def test_without_a_terminal_there_is_no_review(msp: Rehearsal) -> None:
    """In a pipeline the command refuses, and names the commands that need no screen."""
    ran = msp.run("review", str(msp.plan_file))
    assert ran.code == EXIT_USAGE
    assert "psarecon decide" in ran.err


def test_an_invalid_plan_is_told_on_the_normal_screen(msp: Rehearsal) -> None:
    """Exit 3, with exactly what is wrong."""
    msp.plan_file.write_bytes(msp.plan_file.read_bytes().replace(b'"14"', b'"15"', 1))
    with terminal(msp, str(msp.plan_file)) as screen:
        assert screen.process.wait(20) == 3
        screen.sees(b"it was changed after psarecon wrote it")
