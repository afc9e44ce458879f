"""How quick the review is: the real program in a terminal, the model behind it, Textual's own table beside them.

    python bench/review.py [--changes 1000 10000 100000] [--start 50000] [--repeat 5]

A key's processor time is read from outside, until the screen is still and the decision is on disk. It is that of the
whole process: painting, and asking git and the ledger about the change, are in it. Where a key decides, the thread that
saves is told apart: the key's own is that of the main thread alone, which the next key has to wait for.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from terminal import Press, Terminal

_HERE = Path(__file__).parent
_PAGE_DOWN, _ESCAPE, _ENTER, _RIGHT = "\x1b[6~", "\x1b", "\r", "\x1b[C"
#: What is typed into the filter, letter by letter.
_TYPED = ("harbor", "client:delta", "money>100", "finding:look", "is:open")
_KEY, _FILTER, _PAINT, _START, _MEMORY = 20, 100, 150, 1500, 250
#: Seconds between two keys of one that is held down.
_REPEATS = 0.04
#: Changes of the plan that the program is started on.
START = 50_000
#: The most changes that are put into Textual's table.
_TABLE = 100_000


@dataclass(frozen=True)
class Figure:
    """One row: the median of so many values, their extremes, and the most that the median may be (None: no limit)."""

    what: str
    values: Sequence[float]
    unit: str = "ms"
    budget: float | None = None

    def __str__(self) -> str:
        middle, least, most = statistics.median(self.values), min(self.values), max(self.values)
        spread = f"{least:.1f} to {most:.1f}, n={len(self.values)}" if len(self.values) > 1 else ""
        verdict = "" if self.budget is None else f"{'ok  ' if middle <= self.budget else 'OVER'} {self.budget:g}"
        return f"{self.what:52} {middle:9.1f} {self.unit:3}  {spread:26} {verdict}".rstrip()


@dataclass(frozen=True)
class Made:
    """A plan file, and the client whose change a review shows first."""

    path: Path
    first: str
    changes: int


def made(directory: Path, changes: int) -> Made:
    """Make a plan, in a process of its own: this one stays small, or its children would be counted large."""
    path = directory / f"plan-{changes}.json"
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, str(_HERE / "plans.py"), str(changes), str(path)], check=True, capture_output=True, text=True
    )
    return Made(path, done.stdout.strip(), changes)


def starts(plan: Made, repeat: int) -> Figure:
    """From the process's start until the first row is painted."""
    what = f"review, {plan.changes:,} changes: start to first row"
    return Figure(what, [_start(plan) for _ in range(repeat)], budget=_START if plan.changes <= START else None)


def _start(plan: Made) -> float:
    with Terminal(["-m", "psarecon", "review", str(plan.path)], plan.path.parent) as terminal:
        taken = terminal.painted(plan.first) - terminal.began
        terminal.press("")
        terminal.leave()
    return taken * 1000


def helps(repeat: int, directory: Path) -> Figure:
    """``--help``: what every command pays for imports."""

    def once() -> float:
        with Terminal(["-m", "psarecon", "--help"], directory) as terminal:
            return (terminal.painted("wrong usage") - terminal.began) * 1000

    return Figure("psarecon --help: start to end", [once() for _ in range(repeat)])


def paints(plan: Made, what: str, repeat: int, budget: float | None) -> Iterator[Figure]:
    """From the end of loading until the first row is painted, and the peak memory then."""
    taken, peaks = [], []
    for _ in range(repeat):
        with Terminal([str(_HERE / "inside.py"), what, str(plan.path)], plan.path.parent) as terminal:
            painted = terminal.painted(plan.first)
            terminal.press("")
            said, peak = terminal.leave()
        taken.append((painted - json.loads(said[said.rindex("{") :])["loaded"]) * 1000)
        peaks.append(peak)
    yield Figure(f"{what}: first paint after load", taken, budget=budget)
    yield Figure(f"{what}: peak memory, only opened", peaks, "MiB")


def keys(plan: Made, times: int) -> Iterator[Figure]:
    """Processor time of each key, on a fresh plan and on one all but decided; then the peak memory of all that."""
    with Terminal(["-m", "psarecon", "review", str(plan.path)], plan.path.parent) as terminal:
        terminal.painted(plan.first)
        terminal.press("")
        yield from _moving(terminal, times)
        yield from _deciding(terminal, times, "")
        yield from _typing(terminal)
        yield from _grouping(terminal)
        yield from _all_clean(terminal)
        yield from _deciding(terminal, times, ", all others decided")
        yield Figure("peak memory after all of this", [terminal.leave()[1]], "MiB", _MEMORY)


def _moving(terminal: Terminal, times: int) -> Iterator[Figure]:
    yield _cpu("down", _presses(terminal, "j" * times))
    yield _cpu("page down", _presses(terminal, [_PAGE_DOWN] * times))
    yield _cpu("last line, first line", _presses(terminal, "Gg" * (times // 2)))


def _deciding(terminal: Terminal, times: int, when: str) -> Iterator[Figure]:
    terminal.press("n")  # past the blocked ones, which nothing approves
    yield from _saved(f"hold, saved{when}", _presses(terminal, "d" * times))
    yield from _saved(f"undo, saved{when}", _presses(terminal, "u" * (times // 2)))
    terminal.press("n")
    yield from _saved(f"approve, saved{when}", _presses(terminal, "a" * times))
    asked = [(terminal.press("x"), terminal.press(_ENTER)) for _ in range(times // 4)]
    yield _cpu(f"reject: why?{when}", [one for one, _ in asked])
    yield from _saved(f"reject: the answer, saved{when}", [one for _, one in asked])
    yield from _saved(f"hold held down{when}", [_held(terminal, "d", 2 * times)])
    yield _cpu(f"next open{when}", _presses(terminal, "n" * times))


def _held(terminal: Terminal, key: str, times: int) -> Press:
    """A key of so many that a keyboard repeats."""
    whole = terminal.hold(key * times, _REPEATS)
    return Press(whole.own / times, whole.others / times, whole.wall / times)


def _typing(terminal: Terminal) -> Iterator[Figure]:
    """A filter is typed; the list follows each letter."""
    opened = []
    for text in _TYPED:
        opened.append(terminal.press("/"))
        letters = _presses(terminal, text)
        yield Figure(f"filter {text}: CPU a letter", [one.cpu * 1000 for one in letters], budget=_FILTER)
        yield Figure("  until the last is painted", [one.wall * 1000 for one in letters], budget=_FILTER)
        terminal.press(_ESCAPE)
    yield _cpu("filter: opened", opened)


def _grouping(terminal: Terminal) -> Iterator[Figure]:
    for key, name in (("c", "client"), ("e", "equal")):
        yield _cpu(f"group by {name}, unfold all, none", _presses(terminal, key * 3), budget=None)


def _all_clean(terminal: Terminal) -> Iterator[Figure]:
    """Every clean change is approved at once."""
    yield _cpu("approve all clean: the question", [terminal.press("A")], budget=None)
    terminal.press(_RIGHT)
    yield from _saved("approve all clean: yes, saved", [terminal.press(_ENTER)], budget=None)


def _presses(terminal: Terminal, typed: Iterable[str]) -> list[Press]:
    return [terminal.press(key) for key in typed]


def _cpu(what: str, presses: Iterable[Press], budget: float | None = _KEY) -> Figure:
    return Figure(f"{what}: CPU", [one.cpu * 1000 for one in presses], budget=budget)


def _saved(what: str, presses: Sequence[Press], budget: float | None = _KEY) -> Iterator[Figure]:
    """What the main thread had to do for a key, which is what is felt; below it all other threads."""
    yield Figure(f"{what}: CPU", [one.own * 1000 for one in presses], budget=budget)
    yield Figure("  in other threads (saving)", [one.others * 1000 for one in presses])


def models(plan: Made) -> Iterator[Figure]:
    """The acts on the list without a screen: the first time, then the median of six."""
    words = [sys.executable, str(_HERE / "inside.py"), "model", str(plan.path)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    for what, (first, later) in json.loads(done.stdout).items():
        budget = _FILTER if what.startswith("filter") else None
        yield Figure(f"model, {what}: first time", [first], budget=budget)
        if what.startswith(("filter", "group", "unfold")):
            yield Figure("  later", [later], budget=budget)


def tables(plan: Made, times: int) -> Iterator[Figure]:
    """Textual's own table with the same rows, for comparison."""
    yield from paints(plan, "datatable", 1, None)
    with Terminal([str(_HERE / "inside.py"), "datatable", str(plan.path)], plan.path.parent) as terminal:
        terminal.painted(plan.first)
        terminal.press("")
        yield _cpu("datatable, down", _presses(terminal, ["\x1b[B"] * times), budget=None)
        yield _cpu("datatable, page down", _presses(terminal, [_PAGE_DOWN] * times), budget=None)
        terminal.leave()


def figures(directory: Path, sizes: Iterable[int], start: int, repeat: int) -> Iterator[Figure | str]:
    """All rows, as they are measured, with a heading for each size."""
    yield "The start of the program"
    yield helps(repeat, directory)
    yield starts(made(directory, start), repeat)
    for size in sizes:
        plan = made(directory, size)
        yield f"{size:,} changes, {plan.path.stat().st_size / 1e6:.0f} MB"
        yield starts(plan, repeat)
        yield from paints(plan, "screen", repeat, _PAINT)
        yield from models(plan)
        yield from keys(plan, 4 * repeat)
        if size <= _TABLE:
            yield from tables(plan, 2 * repeat)


def printed(rows: Iterable[Figure | str]) -> None:
    """Print each row as soon as it is known."""
    for row in rows:
        print(row if isinstance(row, Figure) else f"\n{row}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--start", type=int, default=START, help="changes of the plan that the program is started on")
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="psarecon-bench-") as directory:
        printed(figures(Path(directory), args.changes, args.start, args.repeat))


if __name__ == "__main__":
    main()
