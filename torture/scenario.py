"""What happens in one run: lines and what is wanted of them, who decided what, and everything that goes wrong.

A scenario is drawn from its PSA and its seed alone, so that a seed repeats it anywhere.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from psarecon.domain.decisions import Verdict
from psarecon.protocol import Stage
from torture.faults import Fault, draw_faults

#: Lines of a world; each on a contract of its own in Autotask, all on one agreement in ConnectWise.
LINES = 4
WANTED_COST = "9.00"
#: Places to be killed at that are no stage: while the server works on the call; just before a commit is on disk.
IN_THE_CALL, BEFORE_COMMIT = "call", "commit"
KILLS = (*(stage.value for stage in Stage), IN_THE_CALL, BEFORE_COMMIT)
#: What can happen to the ledger while a run writes to it, by the kind of database.
LEDGER_TROUBLE = {
    "sqlite": ("disk-full", "ledger-gone", "ledger-busy"),
    "postgres": ("backends-terminated", "ledger-busy"),
}


@dataclass(frozen=True, slots=True)
class LineSpec:
    """One line: units and unit cost in the PSA, units that usage asks for, and the verdict (None: undecided)."""

    units: int
    cost: str
    wanted: int
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Moment:
    """The ``nth`` time that a change comes to a stage (or to another of ``KILLS``), counted from one."""

    where: str
    nth: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody else adds units to a line, by its position, after the plan was made."""

    line: int
    units: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run. ``trouble`` is what befalls the ledger, and when."""

    psa: str
    ledger: str
    seed: int
    lines: tuple[LineSpec, ...]
    faults: tuple[Fault, ...] = ()
    edits: tuple[Edit, ...] = ()
    kill: Moment | None = None
    trouble: tuple[str, Moment] | None = None
    plans_again: bool = False
    names: tuple[str, ...] = field(default=(), compare=False)


def draw(psa: str, ledger: str, seed: int) -> Scenario:
    """The scenario of a seed."""
    luck = random.Random(f"{psa} {seed}")
    lines = tuple(_line(luck) for _ in range(LINES))
    edits = (_edit(luck, lines),) if luck.random() < 0.15 else ()
    kill = _moment(luck, KILLS) if luck.random() < 0.4 else None
    trouble = _trouble(luck, ledger) if luck.random() < 0.12 else None
    faults = draw_faults(luck, psa, LINES, in_the_call=kill is not None and kill.where == IN_THE_CALL)
    return Scenario(psa, ledger, seed, lines, faults, edits, kill, trouble, plans_again=luck.random() < 0.25)


def _line(luck: random.Random) -> LineSpec:
    units = luck.randint(80, 160)
    wanted = units + luck.choice((-1, 0, 1, 2, 3, 4, 6))
    cost = luck.choice((WANTED_COST, WANTED_COST, WANTED_COST, "8.50"))
    return LineSpec(
        units, cost, wanted, luck.choices((Verdict.APPROVE, Verdict.REJECT, Verdict.HOLD, None), (20, 2, 1, 2))[0]
    )


def _edit(luck: random.Random, lines: tuple[LineSpec, ...]) -> Edit:
    """To a figure nobody planned, or to the very figure that is wanted."""
    position = luck.randrange(LINES)
    to_wanted = lines[position].wanted - lines[position].units
    return Edit(position, to_wanted if to_wanted and luck.random() < 0.3 else 3)


def _trouble(luck: random.Random, ledger: str) -> tuple[str, Moment]:
    """A connection is lost between two transactions, or, which is worse, when one is about to be committed."""
    kind = luck.choice(LEDGER_TROUBLE[ledger])
    return kind, _moment(luck, (*_stages(), *[BEFORE_COMMIT] * 5) if kind == "backends-terminated" else _stages())


def _stages() -> tuple[str, ...]:
    return tuple(stage.value for stage in Stage)


def _moment(luck: random.Random, places: tuple[str, ...]) -> Moment:
    return Moment(luck.choice(places), luck.choice((1, 1, 1, 2, 2, 3)))


def shown(scenario: Scenario) -> dict[str, Any]:
    """The scenario in plain words, for a person who looks at one seed."""
    return {
        "lines": [
            f"{one.units} at {one.cost}, wanted {one.wanted} at {WANTED_COST}, {one.verdict or 'undecided'}"
            for one in scenario.lines
        ],
        "faults": [fault.order for fault in scenario.faults],
        "edits": [f"line {one.line} by {one.units:+d} after the plan" for one in scenario.edits],
        "kill": scenario.kill and f"{scenario.kill.where}, time {scenario.kill.nth}",
        "ledger": scenario.trouble
        and f"{scenario.trouble[0]} at {scenario.trouble[1].where}, time {scenario.trouble[1].nth}",
    }
