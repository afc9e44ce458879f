"""A signal that the main thread did not hear is sent to it again.

Python runs a signal's handler in the main thread, between two steps of its code. One that comes just before that thread
begins to wait, or that the system hands to another thread, is not noticed before the wait is over: minutes, where a
vendor asked for patience.
"""

from __future__ import annotations

import os
import signal
import threading
import time

from psarecon.patience import PATIENCE

#: Seconds until a handler that could run has run.
_SOON = 0.25
_OURS = frozenset({signal.SIGINT, signal.SIGTERM})


def listen() -> None:
    """From now on the first SIGINT or SIGTERM is repeated until its handler has run. For the main thread to call."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_knock, args=(reader, threading.get_ident()), name="knocking", daemon=True).start()


def _knock(reader: int, main: int) -> None:
    while numbers := os.read(reader, 1):
        while not PATIENCE.heard and _is_ours(numbers[0]):
            time.sleep(_SOON)
            if not PATIENCE.heard and _is_ours(numbers[0]):
                signal.pthread_kill(main, numbers[0])


def _is_ours(number: int) -> bool:
    """Whether a handler of a command's is there to hear it, and not a screen's, a server's or none."""
    return number in _OURS and getattr(signal.getsignal(number), "__module__", "").startswith("psarecon.cli")
