"""Python's garbage collector, out of the way where much is made that stays.

It would walk the growing data again and again: with 50,000 lines that is half of a plan's time. What is made there is
freed by its last reference all the same.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
    """What there is by now is not walked, what comes is, also within a pause: for reading much from a network."""
    enabled = gc.isenabled()
    gc.freeze()
    gc.enable()
    try:
        yield
    finally:
        if not enabled:
            gc.disable()


def all_again() -> None:
    """What was kept is walked like all else: to be said when a command has ended."""
    gc.unfreeze()
