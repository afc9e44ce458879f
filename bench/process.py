"""Runs psarecon as its users do, each time in a process of its own, and says how long it took and what it needed."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row: median seconds and highest peak in MiB over the runs."""

    what: str
    seconds: float
    mebibytes: float
    budget: str = ""


def measured(what: str, words: Sequence[str], repeat: int, environ: Mapping[str, str], budget: str = "") -> Figure:
    """Run the command so often, each in a process of its own."""
    runs = [_once(words, environ) for _ in range(repeat)]
    return Figure(what, statistics.median(one[0] for one in runs), max(one[1] for one in runs), budget)


def _once(words: Sequence[str], environ: Mapping[str, str]) -> tuple[float, float]:
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.execve(sys.executable, [sys.executable, "-m", "psarecon", *words], {**os.environ, **environ})  # noqa: S606 - ours
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"psarecon {' '.join(words)} failed: see it by hand")
    return time.perf_counter() - started, usage.ru_maxrss / 1024
