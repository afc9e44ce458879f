"""A program in a terminal of its own (a pty), as its user has it: keys go in, what it paints comes out.

Its processor time is read from outside, from the kernel's clocks of the process and of its threads (Linux), so that
nothing is added to what is measured.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

COLUMNS, LINES = 120, 40
#: Seconds without output and without processor time after which a key is done with. Longer than the rest after which
#: the screen asks git and the ledger about a change, and than half the longest rest between two saves: what comes of
#: a key belongs to it.
_QUIET = 0.3
_TICK = 0.02
#: Processor seconds in a tick below which a program is idle: Textual's thread that waits for keys wakes now and then.
_IDLE = 0.001
_PATIENCE = 120.0


@dataclass(frozen=True)
class Press:
    """What a key took until all was quiet: processor seconds of the main thread, which answers it, and of all other
    threads, such as the one that saves; seconds to the last it painted."""

    own: float
    others: float
    wall: float

    @property
    def cpu(self) -> float:
        """Processor seconds of the whole process."""
        return self.own + self.others


class Terminal:
    """``python ...`` with these words, in a terminal of 120 x 40 that answers nothing."""

    def __init__(self, words: Sequence[str], directory: Path, environ: Mapping[str, str] | None = None) -> None:
        self._painted = b""
        self.began = time.monotonic()
        self._child, self._screen = pty.fork()
        if self._child == 0:
            os.chdir(directory)
            usual = {"PATH": os.environ["PATH"], "HOME": str(directory), "TERM": "xterm-256color", "USER": "bench"}
            usual |= {"COLORTERM": "truecolor", "LANG": "C.UTF-8", **(environ or {})}
            os.execve(sys.executable, [sys.executable, *words], usual)  # noqa: S606 - ours
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._clock = (~self._child << 3) | 2  # what clock_getcpuclockid(3) gives on Linux
        self._own = Path(f"/proc/{self._child}/task/{self._child}/schedstat")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._screen)

    @property
    def cpu(self) -> float:
        """Processor seconds of the process so far."""
        return time.clock_gettime(self._clock)

    @property
    def own(self) -> float:
        """Processor seconds of its main thread so far."""
        return int(self._own.read_text().split()[0]) / 1e9

    def painted(self, text: str) -> float:
        """Wait until this text is painted; when, on the machine's monotonic clock."""
        wanted = text.encode()
        while wanted not in self._painted:
            if not self._read(_PATIENCE):
                raise SystemExit(f"{text!r} was not painted: {self._painted[-2000:]!r}")
        return time.monotonic()

    def press(self, key: str) -> Press:
        """Type, and wait until all that comes of it is done."""
        return self.hold([key], 0.0)

    def hold(self, keys: Iterable[str], gap: float) -> Press:
        """Type these, so many seconds apart, and wait until all that comes of them is done."""
        self._painted, before, own = b"", self.cpu, self.own
        began = painted = quiet = time.monotonic()
        for key in keys:
            os.write(self._screen, key.encode())
            self._read_for(gap)
        spent = before
        while time.monotonic() - quiet < _QUIET:
            if self._read(_TICK):
                painted = quiet = time.monotonic()
            elif self.cpu - spent > _IDLE:
                quiet = time.monotonic()
            spent = self.cpu
        own = self.own - own
        return Press(own, self.cpu - before - own, painted - began)

    def _read_for(self, seconds: float) -> None:
        """What is painted is read meanwhile, as a terminal does, or nothing more could be painted."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def leave(self) -> tuple[str, float]:
        """Press q and wait until the program ends: what it painted since, and the most memory it ever had in MiB."""
        self._painted = b""
        os.write(self._screen, b"q")
        while self._read(_PATIENCE):
            pass
        _, status, usage = os.wait4(self._child, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"the program failed: {self._painted[-2000:]!r}")
        return self._painted.decode(errors="replace"), usage.ru_maxrss / 1024

    def _read(self, patience: float) -> bool:
        if not select.select([self._screen], [], [], patience)[0]:
            return False
        try:
            found = os.read(self._screen, 1 << 16)
        except OSError:  # Linux's way to say that nobody has the terminal open any more
            return False
        self._painted += found
        return bool(found)
