"""Measures psarecon as its users run it, whole processes, beside others in the same run: one table.

make bench BENCH="--only plan,check --repeat 3 --quick"

A figure is the median of ``--repeat`` runs; whoever is compared takes turns with psarecon. Processor time (user and
system) carries the budgets of what computes, since other work on the machine moves it least; wall time those of what
waits. Exit code 1 when something is over its budget.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from parts import MODULES
from table import Row

_HERE = Path(__file__).parent
Measured = tuple[list[Row | str], list[Any]]


def measured(name: str, repeat: int, *, quick: bool) -> Measured:
    """The rows of a part, printed as they are known, and the points of the growth curve that it gathered."""
    with TemporaryDirectory(prefix="psarecon-bench-") as folder:
        result = Path(folder) / "result"
        words = [str(_HERE / "parts.py"), name, str(repeat), "quick" if quick else "full", str(result)]
        if subprocess.run([sys.executable, *words], check=False).returncode != 0:  # noqa: S603 - ours
            raise SystemExit(f"the part {name} could not be measured")
        found: Measured = pickle.loads(result.read_bytes())  # noqa: S301 - ours
    return found


def conditions(repeat: int) -> str:
    """What a figure depends on besides the program."""
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    machine = f"{os.cpu_count()} processors, load {load}, Python {sys.version.split()[0]}"
    return f"{time.strftime('%Y-%m-%d')}; {machine}; median of {repeat}"


def _write(name: str, rows: list[Row | str], points: list[Any], here: str) -> None:
    import page  # the library that draws is large, and asked for only here

    page.write(name, rows, points, here)


def over(parts: Iterable[Measured]) -> int:
    """How many rows are over their budget."""
    return sum(isinstance(row, Row) and row.verdict == "OVER" for rows, _ in parts for row in rows)


def main() -> None:
    """Print the table; write the page where asked to."""
    args = _arguments()
    began, here = time.monotonic(), conditions(args.repeat)
    print(here, flush=True)
    found = {}
    for name in args.only:
        found[name] = measured(name, args.repeat, quick=args.quick)
        if args.write:
            _write(name, *found[name], here)
    minutes = (time.monotonic() - began) / 60
    print(f"\n{over(found.values())} over budget; {minutes:.1f} minutes; load now {os.getloadavg()[0]:.2f}")
    raise SystemExit(1 if over(found.values()) else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = list(MODULES)
    parser.add_argument("--only", type=_named, default=every, metavar="PART,...", help=f"of {', '.join(every)}")
    parser.add_argument("--repeat", type=int, help="runs of each figure; 3, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="small sizes, three minutes")
    parser.add_argument("--write", action="store_true", help="put these parts into docs/concepts/speed.md")
    args = parser.parse_args()
    args.repeat = args.repeat or (1 if args.quick else 3)
    return args


def _named(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in MODULES]:
        raise argparse.ArgumentTypeError(f"no part {unknown[0]!r}; there are {', '.join(MODULES)}")
    return names


if __name__ == "__main__":
    main()
