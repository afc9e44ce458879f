"""Runs for the tests of what a run says and shows: a few changes, their steps, and a clock that is told the time."""

from __future__ import annotations

from collections.abc import Sequence

from unit.domain.make import change

from psarecon.domain.model import LineKey
from psarecon.domain.plan import Change
from psarecon.protocol import Outcome, Progress, Result, Stage, Watch
from psarecon.review.run import RunModel
from psarecon.review.run_text import RunLines
from psarecon.review.spans import text_of

NAMES = ("Acme Corp", "Beta Ltd", "Gamma AS", "Delta GmbH", "Epsilon BV")


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def changes(count: int = 5) -> list[Change]:
    """So many changes from 10 to 14 units, +36.00 cost and +60.00 revenue each."""
    lines = (LineKey("autotask", "174", "29683353", f"{8001 + number}") for number in range(count))
    return [change(line=line, client=NAMES[number % 5]) for number, line in enumerate(lines)]


def model(count: int = 5, *, left: bool = False, clock: Clock | None = None) -> RunModel:
    """A run over so many changes."""
    return RunModel(changes(count), "20261120T170000-abcdef", left=left, currency="USD", clock=clock or Clock())


def done(run: RunModel, place: int, outcome: Outcome, text: str = "") -> None:
    """The last step of a change."""
    run.take(Progress(Stage.DONE, run.changes[place], outcome, text))


def step(run: RunModel, place: int, stage: Stage, text: str = "") -> None:
    """A step on the way."""
    run.take(Progress(stage, run.changes[place], text=text))


def shown(run: RunModel, place: int, width: int = 100) -> str:
    """A line of the list."""
    return text_of(RunLines(run).line(place, width))


def carried_out(run: RunModel, outcomes: Sequence[Outcome]) -> RunModel:
    """A run in which the changes came to these outcomes, one after the other."""

    def start(watch: Watch) -> list[Result]:
        for one, outcome in zip(run.changes, outcomes, strict=True):
            watch.on(Progress(Stage.DONE, one, outcome, f"it is {outcome.value}"))
        return []

    run.carry_out(start)
    return run
