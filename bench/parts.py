"""Runs one part of the bench in a process of its own: what it imports and builds is not counted as another's memory.

python bench/parts.py NAME REPEAT full|quick RESULT

Prints the rows as they are known; RESULT gets them, and the points of the growth curve, pickled.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from table import Row, line

#: The module of each part, in the order of the table.
MODULES = {
    "plan": "planning",
    "check": "checking",
    "network": "network",
    "start": "starting",
    "review": "reviewing",
    "ledger": "ledger",
}


def part(name: str, work: Path, repeat: int, points: list[Any], *, quick: bool) -> Iterator[Row | str]:
    """The rows of a part, in the sizes of the table or in small ones."""
    module = import_module(MODULES[name])
    sizes = module.QUICK if quick else module.FULL
    more = {"points": points} if name == "plan" else {}
    rows: Iterator[Row | str] = module.part(work, sizes, repeat, **more)
    return rows


def main() -> None:
    """Run it."""
    name, repeat, size, result = sys.argv[1:]
    rows, points = list[Row | str](), list[Any]()
    with TemporaryDirectory(prefix="psarecon-bench-") as folder:
        for row in part(name, Path(folder), int(repeat), points, quick=size == "quick"):
            rows.append(row)
            print(line(row), flush=True)
    Path(result).write_bytes(pickle.dumps((rows, points)))


if __name__ == "__main__":
    main()
