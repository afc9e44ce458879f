"""Python's garbage collector, out of the way where much is made that stays.

It would walk the growing data again and again: with 50,000 lines that is half of a plan's time. What is made there is
freed by its last reference all the same.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Objects made between two walks of the newest ones; what a network's answer leaves behind is a few thousand.
_SELDOM = 50_000


@contextmanager
def collector_paused(*, kept: bool = False) -> Iterator[None]:
    """No collection meanwhile; where it is ``kept``, what is there at the end is not walked before ``all_again``."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled and kept:
            gc.freeze()
        if enabled:
            gc.enable()


@contextmanager
def only_new() -> Iterator[None]:
    """What there is by now is not walked, what comes is, also within a pause, if seldom: for reading much from a
    network."""
    enabled, usual = gc.isenabled(), gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_SELDOM, *usual[1:])
    gc.enable()
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        if not enabled:
            gc.disable()


def all_again() -> None:
    """What was kept is walked like all else: to be said when a command has ended."""
    gc.unfreeze()
