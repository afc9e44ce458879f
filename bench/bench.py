"""Measure psarecon as its users run it: whole processes, real HTTP against the sandbox, peak memory of the process.

    python bench/bench.py [--lines 10000] [--repeat 3]

Prints a table: the median wall time, the highest peak memory, and the budget where there is one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psarecon.cli.demo import variables
from psarecon.cli.main import main as psarecon
from psarecon.sandbox.serve import running


@dataclass(frozen=True)
class Figure:
    """One row: median seconds and highest peak in MiB over the runs."""

    what: str
    seconds: float
    mebibytes: float
    budget: str = ""


def measured(what: str, words: Sequence[str], repeat: int, environ: dict[str, str], budget: str = "") -> Figure:
    """Run the command so often, each in a process of its own."""
    runs = [_once(words, environ) for _ in range(repeat)]
    return Figure(what, statistics.median(one[0] for one in runs), max(one[1] for one in runs), budget)


def _once(words: Sequence[str], environ: dict[str, str]) -> tuple[float, float]:
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


def figures(directory: Path, lines: int, repeat: int) -> list[Figure]:
    """All rows, on a sandbox of so many clients with one line each."""
    psarecon(["sandbox", "init", str(directory), "--clients", str(lines), "--today", "2026-11-18"], {})
    environ = variables(directory / "env.sh")
    plan, here = str(directory / "plan.json"), ["-C", str(directory)]
    with running(directory):
        found = [measured("psarecon --help", ["--help"], repeat, environ)]
        found.append(measured(f"check, {lines:,} lines", [*here, "check"], repeat, environ))
        found.append(measured(f"observe, {lines:,} organizations", [*here, "observe"], 1, environ))
        found.append(
            measured(f"plan, {lines:,} lines, a third to change", [*here, "plan", "-o", plan], repeat, environ)
        )
        found.append(measured("apply of that plan", [*here, "apply", plan, "--approve-clean"], 1, environ))
        unchanged = f"plan, {lines:,} lines, nothing to change"
        found.append(measured(unchanged, [*here, "plan"], repeat, environ, "200 MiB at 10,000 lines"))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="psarecon-bench-") as directory:
        rows = figures(Path(directory) / "msp", args.lines, args.repeat)
    print(f"{'what':44} {'seconds':>8} {'MiB':>6}  budget")
    for row in rows:
        print(f"{row.what:44} {row.seconds:8.2f} {row.mebibytes:6.0f}  {row.budget}".rstrip())


if __name__ == "__main__":
    main()
