"""Whether a long run stays as small as it began: open files and memory of ``apply`` and of ``review --apply``.

    python bench/resources.py [--changes 10000] [--review 2000]

Each runs in a process of its own, over real HTTP against the sandbox, and is looked at twenty times on its way.
Prints what was seen; exits 1 when open files grow, or memory grows by more than ``GROWTH``.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

_PRODUCT = "jumpcloud-platform"
_FIXED = {_PRODUCT: {"quantity": "fixed", "unit_cost": "9.00"}}
_BLOCK = "connectwise: {type: connectwise,"
#: Bytes a change may leave behind: what became of it, in memory until the summary is printed.
KEPT = 1024
#: Bytes that are no growth: the allocator's, and what a run does once.
GROWTH = 6 * 2**20
_LOOKS = 20
_PATIENCE = 3600.0


@dataclass(frozen=True)
class Look:
    """One look at a process: changes finished, open files, resident memory in bytes."""

    finished: int
    files: int
    memory: int


@dataclass(frozen=True)
class Place:
    """A config directory whose saved plan has so many approved changes, and its credentials."""

    directory: Path
    environ: dict[str, str]
    changes: int

    @property
    def plan(self) -> Path:
        """Where the plan is."""
        return self.directory / "plan.json"

    @property
    def tenant(self) -> str:
        """What a person has to type before anything is written."""
        tenants: dict[str, str] = json.loads(self.plan.read_bytes())["tenants"]
        return tenants["connectwise"].rpartition("/")[2]

    def words(self, *words: str) -> list[str]:
        """A command line."""
        return [sys.executable, "-m", "psarecon", "-C", str(self.directory), *words]

    def run(self, *words: str) -> None:
        """A command that must go well."""
        subprocess.run(self.words(*words), env=self.environ, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours

    def finished(self) -> int:
        """How many changes the journal calls verified."""
        with closing(sqlite3.connect(self.directory / ".psarecon" / "ledger.db")) as ledger:
            return int(ledger.execute("SELECT count(*) FROM journal WHERE event = 'verified'").fetchone()[0])


@contextmanager
def place(directory: Path, changes: int) -> Iterator[Place]:
    """So many ConnectWise clients with a line each, served without a limit a minute, planned and approved.

    Autotask would not let one tenant make so many requests in an hour.
    """
    with building(directory, today=date(2026, 11, 18)) as builder:
        product = builder.add_product("JC-PLATFORM")
        for number in range(changes):
            _client(builder, f"Client {number:05d}", product)
        write_config(directory, builder.world, builder.clients, products=_FIXED)
        environ = {**os.environ, **environment(builder.world)}
    settings = directory / "psarecon.yaml"
    text = settings.read_text("utf-8").replace(_BLOCK, f"{_BLOCK} requests_per_minute: 100000,", 1)
    settings.write_text(text, "utf-8")
    with running(directory) as url:
        no_limit = {"cw_per_minute": 0}
        httpx.post(f"{url}/_sandbox/rules", json=no_limit, timeout=60, trust_env=False).raise_for_status()
        found = Place(directory, environ, changes)
        found.run("plan", "-o", str(found.plan))
        found.run("decide", str(found.plan), "--approve-clean")
        yield found


def _client(builder: Builder, name: str, product: int) -> None:
    company = builder.add_cw_company(name)
    agreement = builder.add_agreement(company)
    addition = builder.add_addition(agreement, product, quantity=10)
    lines = [MappedLine(_PRODUCT, agreement, addition, {"fixed": 14})]
    builder.map_client(name, builder.add_organization(name, users=10), company, lines, psa="connectwise")


def watched(found: Place, number: int, alive: Callable[[], bool]) -> list[Look]:
    """Look at a process about ``_LOOKS`` times until all changes are finished."""
    looks, end = [], time.monotonic() + _PATIENCE
    step = max(1, found.changes // _LOOKS)
    while not looks or looks[-1].finished < found.changes:
        if not alive() or time.monotonic() > end:
            break
        finished = found.finished()
        if finished >= (looks[-1].finished if looks else 0) + step or finished == found.changes:
            with suppress(OSError):  # it may just have ended
                looks.append(_look(number, finished))
        time.sleep(0.02)
    return looks


def _look(number: int, finished: int) -> Look:
    process = Path(f"/proc/{number}")
    pages = int((process / "statm").read_text(encoding="ascii").split()[1])
    return Look(finished, len(list((process / "fd").iterdir())), pages * os.sysconf("SC_PAGESIZE"))


def applied(found: Place) -> list[Look]:
    """``apply``, looked at."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 - ours
        found.words("apply", str(found.plan)), env=found.environ, stdout=quiet, stderr=quiet
    ) as process:
        looks = watched(found, process.pid, lambda: process.poll() is None)
    if process.returncode != 0:
        raise SystemExit(f"apply ended with {process.returncode}")
    return looks


def reviewed(found: Place) -> list[Look]:
    """``review --apply`` in a terminal, its run screen looked at while it follows the run."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environ = {**found.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(  # noqa: S603 - ours
        found.words("review", str(found.plan), "--apply"),
        env=environ,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as process:
        os.close(slave)
        seen = _Seen(master)
        seen.until(b"WRITES ALLOWED")
        _press(master, b"R")
        seen.until(b"To go on")
        _press(master, found.tenant.encode("ascii") + b"\r\r")
        try:
            return watched(found, process.pid, lambda: process.poll() is None)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _press(master: int, keys: bytes) -> None:
    for key in keys:
        os.write(master, bytes([key]))
        time.sleep(0.05)


class _Seen:
    """What a terminal was sent; a thread reads it, so that the sender never waits. Only the latest is kept."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._latest = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError):
            while found := os.read(self._master, 65536):
                self._latest = (self._latest + found)[-(2**18) :]

    def until(self, text: bytes) -> None:
        """Wait until this was written."""
        end = time.monotonic() + 60
        while text not in self._latest:
            if time.monotonic() > end:
                raise SystemExit(f"the review never said {text!r}")
            time.sleep(0.02)


def flat(what: str, looks: list[Look]) -> bool:
    """Print what was seen; whether it stays as it was once a tenth of the changes were made."""
    first, last = looks[min(2, len(looks) - 1)], looks[-1]
    files = {look.files for look in looks[2:]}
    grown = max(look.memory for look in looks[2:]) - first.memory
    allowed = GROWTH + KEPT * (last.finished - first.finished)
    print(f"{what}: {last.finished:,} changes, looked at {len(looks)} times")
    print(f"  open files {min(files)} to {max(files)} ({first.files} at {first.finished:,}, {last.files} at the end)")
    print(f"  memory {first.memory / 2**20:.1f} MiB at {first.finished:,}, then at most {grown / 2**20:+.1f} MiB")
    return max(files) <= first.files + 2 and grown <= allowed


def main() -> None:
    """Both, or those whose number is not 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=10_000, help="of the apply")
    parser.add_argument("--review", type=int, default=2000, help="of the run that a review follows")
    args = parser.parse_args()
    fine = True
    for what, changes, looked in (("apply", args.changes, applied), ("review --apply", args.review, reviewed)):
        if changes:
            folder = tempfile.TemporaryDirectory(prefix="psarecon-bench-")
            with folder as name, place(Path(name) / "msp", changes) as found:
                fine &= flat(what, looked(found))
    raise SystemExit(0 if fine else "it grows")


if __name__ == "__main__":
    main()
