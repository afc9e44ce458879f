"""What a plan costs as it grows: the whole process, with a PSA in it, beside octoDNS with as many records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import octo
from mapped import AS_OF, mapped
from process import Beside, Command, Took, in_turn, rows
from table import Row

#: What the PSA holds, and how that is said.
_HOLDS = {"same": "nothing changed", "changed": "everything changed, plan saved"}
#: The most of octoDNS's processor time; of its memory.
_CPU, _MEMORY = {"same": 0.20, "changed": 0.25}, 0.8
#: The budgets hold from so many lines on: below it is the start of either program that is measured.
_FROM = 50_000
_ENVIRON = {"PYTHONPATH": str(Path(__file__).parent / "memory")}
_OCTODNS = "octoDNS"


@dataclass(frozen=True)
class Point:
    """A measured plan: so many lines, what the PSA held, who planned, what it took."""

    lines: int
    holds: str
    whose: str
    took: Took


@dataclass(frozen=True)
class Sizes:
    """Lines of the plans that octoDNS makes too, of those beyond what it is asked for, and of five lines a client."""

    beside: tuple[int, ...] = (1_000, 10_000, 50_000)
    alone: tuple[int, ...] = (100_000, 250_000)
    five: int = 50_000


FULL, QUICK = Sizes(), Sizes((1_000, 5_000), (10_000,), 5_000)


def part(work: Path, sizes: Sizes, repeat: int, points: list[Point]) -> Iterator[Row | str]:
    """All rows; what was measured is added to ``points``."""
    for holds, said in _HOLDS.items():
        for lines in sizes.beside:
            yield f"plan, {lines:,} lines, {said}"
            yield from _beside(work, lines, holds, repeat, points)
        yield f"plan, {said}: how it grows"
        for lines in sizes.alone:
            yield from _alone(work, lines, holds, points)
        yield f"plan, {sizes.five:,} lines, five of a client, {said}"
        (took,) = in_turn([planned(work / f"five-{holds}", sizes.five, holds, of_client=5)], repeat)
        yield from rows("plan", took)


def planned(directory: Path, lines: int, holds: str, *, of_client: int = 1) -> Command:
    """A config directory whose usage is read; the command that plans it, and saves the plan where there is one."""
    mapped(directory, lines, holds, of_client=of_client)
    moment = ("--as-of", AS_OF)
    Command(("psarecon", "observe", *moment), directory, _ENVIRON).run()
    words = ("psarecon", "plan", *moment, *(() if holds == "same" else ("-o", "plan.json")))
    says = "no changes" if holds == "same" else f"{lines} changes on {lines} lines"
    return Command(words, directory, _ENVIRON, says)


def _beside(work: Path, lines: int, holds: str, repeat: int, points: list[Point]) -> Iterator[Row]:
    ours = planned(work / f"ours-{holds}-{lines}", lines, holds)
    peer = octo.zoned(work / f"octodns-{holds}-{lines}", lines, holds)
    took, other = in_turn([ours, peer], repeat)
    points += [Point(lines, holds, "psarecon", took), Point(lines, holds, _OCTODNS, other)]
    shares = (_CPU[holds], _MEMORY) if lines >= _FROM else (None, None)
    yield from rows("plan", took, Beside(_OCTODNS, other, *shares))


def _alone(work: Path, lines: int, holds: str, points: list[Point]) -> Iterator[Row]:
    """Once: what so long a run takes varies little. The memory of a line is what it adds to the smallest plan."""
    took = planned(work / f"ours-{holds}-{lines}", lines, holds).run()
    points.append(Point(lines, holds, "psarecon", took))
    least = next(point for point in points if (point.holds, point.whose) == (holds, "psarecon"))
    more = lines - least.lines
    yield from rows(f"{lines:,} lines", took)
    yield Row(f"{lines:,} lines: CPU of a line", (took.cpu - least.took.cpu) / more * 1e6, "µs")
    yield Row(f"{lines:,} lines: memory of a line", (took.peak - least.took.peak) / more * 1024, "KiB")
