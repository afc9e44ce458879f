"""What the ledger costs on SQLite and on PostgreSQL: a year of daily samples, and a run of many changes.

Both keep every commit on disk before they go on.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from table import Row

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE.parent / "tests"))
from postgres import serving  # noqa: E402 - the folder had to be named first


@dataclass(frozen=True)
class Sizes:
    """Organizations, days with a reading of each, changes that are journaled."""

    organizations: int = 10_000
    days: int = 365
    changes: int = 10_000


FULL, QUICK = Sizes(), Sizes(1_000, 60, 500)
#: The days that a year is compared with.
_MONTH = 31


def part(work: Path, sizes: Sizes, repeat: int) -> Iterator[Row | str]:
    """All rows, each PostgreSQL's figure beside SQLite's."""
    with serving(fsync="on") as server, server.database() as month, server.database() as year, server.database() as run:
        lite = [f"sqlite:{work}/{name}.db" for name in ("month", "year", "run")]
        both = [lite, [month, year, run]]
        yield f"ledger: samples of {sizes.organizations:,} organizations, once a day"
        yield from _samples([urls[0] for urls in both], sizes.organizations, _MONTH, repeat)
        yield from _samples([urls[1] for urls in both], sizes.organizations, sizes.days, repeat)
        yield f"ledger: a run of {sizes.changes:,} changes"
        yield from _journaled([urls[2] for urls in both], sizes.changes)


def _samples(urls: list[str], organizations: int, days: int, repeat: int) -> Iterator[Row]:
    counts = (str(organizations), str(days))
    filled = [_told("fill", url, *counts) for url in urls]
    yield _row(f"{days} days: write a day, CPU", filled, "cpu", "s")
    yield _row(f"{days} days: write a day, wall", filled, "wall", "s")
    found = [[_told("read", url, *counts) for _ in range(repeat)] for url in urls]
    read = [{name: statistics.median(one[name] for one in runs) for name in runs[0]} for runs in found]
    yield _row(f"{days} days: read a month's usage, CPU", read, "cpu", "s")
    yield _row(f"{days} days: read a month's usage, wall", read, "wall", "s")
    yield _row(f"{days} days: read a month's usage, memory", read, "peak", "MiB")
    yield _row(f"{days} days: on disk", [_told("size", url, *counts) for url in urls], "mebibytes", "MiB")


def _journaled(urls: list[str], changes: int) -> Iterator[Row]:
    told = [_told("journal", url, str(changes)) for url in urls]
    yield _row("journal: wall of a change", told, "each", "ms")
    yield _row("journal: read all baselines and doubts, wall", told, "read", "s")


def _row(what: str, figures: list[dict[str, float]], name: str, unit: str) -> Row:
    lite, postgres = figures
    return Row(f"SQLite, {what}", lite[name], unit, postgres[name], "PostgreSQL")


def _told(*words: str) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, str(_HERE / "inside_ledger.py"), *words], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
