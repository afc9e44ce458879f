"""Measure psarecon as its users run it: whole processes, real HTTP against the sandbox, peak memory of the process.

    python bench/bench.py [--lines 10000] [--repeat 3] [--agreements 1000] [--changes 1000 10000]

Prints tables: the median wall time, the highest peak memory, and the budget where there is one.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path

import connectwise
import review
from process import Figure, measured

from psarecon.cli.demo import variables
from psarecon.cli.main import main as psarecon
from psarecon.sandbox.serve import running


def figures(directory: Path, lines: int, repeat: int) -> list[Figure]:
    """All rows, on a sandbox of so many clients with one line each."""
    systems = ["--systems", "autotask,jumpcloud"]  # ConnectWise, whose pace is the measure, has a table of its own
    psarecon(["sandbox", "init", str(directory), "--clients", str(lines), "--today", "2026-11-18", *systems], {})
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


def _print(rows: Iterable[Figure]) -> None:
    print(f"{'what':50} {'seconds':>8} {'MiB':>6}  budget")
    for row in rows:
        print(f"{row.what:50} {row.seconds:8.2f} {row.mebibytes:6.0f}  {row.budget}".rstrip())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--agreements", type=int, default=1000, help="of ConnectWise, at 200 ms a request; 0: none")
    parser.add_argument("--changes", type=int, nargs="*", default=[1_000, 10_000, 100_000], help="under review")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="psarecon-bench-") as directory:
        _print(figures(Path(directory) / "msp", args.lines, args.repeat))
        if args.agreements:
            found = list(connectwise.figures(Path(directory) / "connectwise", args.agreements))
            _print(figure for figure, _ in found)
            for _, bounds in found:
                print(f"  {bounds}")
        if args.changes:
            review.printed(review.figures(Path(directory), args.changes, review.START, args.repeat))


if __name__ == "__main__":
    main()
