"""Whether this process still has time to wait, for all its threads: a signal ends it.

A signal handler sets it, so it is plain attributes: a lock could be held by the very thread that was interrupted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from psarecon.errors import Unreachable

#: Seconds between two looks: how late a signal may be noticed.
_STEP = 0.1
#: Seconds that are worth waiting even in a hurry: they may save a line from being left in doubt.
_SHORT = 2.0


class Patience:
    """``hurried``: only short waits any more, what is due still goes out. ``leaving``: nothing goes out either.

    ``heard`` stays: a signal has reached its handler. ``ends``: when time is up (``time.monotonic``).
    """

    def __init__(self) -> None:
        self.hurried = False
        self.leaving = False
        self.heard = False
        self.ends: float | None = None
        self._unbroken = False
        self._due: BaseException | None = None

    @contextmanager
    def unbroken(self) -> Iterator[None]:
        """What breaks the main thread off inside is raised at the end: whatever is begun inside is in hand by then."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._unbroken = True
        try:
            yield
        finally:
            self._unbroken = False
            due, self._due = self._due, None
            if due is not None:
                raise due

    def break_off(self, why: BaseException) -> None:
        """Raise it, or leave that to the end of what is ``unbroken``. For a signal's handler."""
        if not self._unbroken:
            raise why
        self._due = why

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Inside, no call and no wait lasts beyond so many seconds from now."""
        before, self.ends = self.ends, time.monotonic() + seconds
        try:
            yield
        finally:
            self.ends = before

    def left(self, usual: float) -> float:
        """How many seconds something may take that usually may take ``usual``. Raises Unreachable once time is up."""
        if self.ends is None:
            return usual
        left = self.ends - time.monotonic()
        if left <= 0:
            raise Unreachable("there is no time left for this call: it was not sent")
        return min(usual, left)

    def hurry(self) -> None:
        """End every long wait."""
        self.hurried = True

    def leave(self) -> None:
        """End every wait, and let nothing more be sent."""
        self.hurried = self.leaving = True

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever ends it inside, it is as before afterwards."""
        before = self.hurried, self.leaving
        try:
            yield
        finally:
            self.hurried, self.leaving = before

    def rest(self, seconds: float) -> None:
        """Wait so many seconds, or less once ``hurried``."""
        end = time.monotonic() + seconds
        while not self.hurried and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _STEP))

    def wait(self, seconds: float) -> None:
        """Wait so many seconds for a call's turn. Raises Unreachable once there is no time for that."""
        if self.left(seconds) < seconds:
            raise Unreachable("there is no time left to wait for this call's turn: it was not sent")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.leaving or (self.hurried and left > _SHORT):
                raise Unreachable("told to stop while a call waited for its turn: it was not sent")
            time.sleep(min(left, _STEP))

    def check(self) -> None:
        """Raises Unreachable once ``leaving``: to be asked before a call is sent."""
        if self.leaving:
            raise Unreachable("told to stop: nothing more is sent")


#: Signals are the whole process's, and so is this.
PATIENCE = Patience()
