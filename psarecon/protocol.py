"""The words of a write, for ``apply``, ``resume`` and who watches: stages, outcomes, when a line is as wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from psarecon.domain.model import Baseline
from psarecon.domain.money import same_cost
from psarecon.domain.plan import Change
from psarecon.domain.ports import State
from psarecon.errors import EXIT_BLOCKED, EXIT_DONE, EXIT_PARTIAL, EXIT_STALE


class Outcome(StrEnum):
    """What became of a change."""

    VERIFIED = "verified"
    ALREADY = "already"
    CONFLICT = "conflict"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Stage(StrEnum):
    """Where a change is, for whoever watches: the stages of the write protocol in their order.

    WAITING: it was sent and reading back did not tell what became of it; it is read again after the other lines.
    """

    LEASED = "leased"
    REREAD = "reread"
    INTENT = "intent"
    SENT = "sent"
    READ_BACK = "read-back"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of one change; ``outcome`` only with DONE, ``text`` with DONE and WAITING."""

    stage: Stage
    change: Change
    outcome: Outcome | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a change, in words where there is something to say."""

    change: Change
    outcome: Outcome
    text: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: how long a server may still work on a call whose answer was lost, and how long a lease runs."""

    settle: float = 300.0
    lease: float = 600.0


@dataclass(slots=True)
class Watch:
    """Who looks on and who may stop the run.

    ``stop`` and ``paused`` are asked between lines; while ``paused`` holds, nothing is sent and the lease is kept.
    ``pause`` waits so many seconds, or less once there is something new to ask for; ``clock`` tells seconds from
    any beginning, and never goes back.
    """

    on: Callable[[Progress], None] = lambda _progress: None
    stop: Callable[[], bool] = lambda: False
    pause: Callable[[float], None] = time.sleep
    paused: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic


def exit_code(outcomes: Iterable[Outcome], *, left: bool) -> int:
    """The exit code of a run that came to these outcomes; ``left``: blocked lines or undecided changes were left."""
    found = set(outcomes)
    if found & {Outcome.FAILED, Outcome.UNKNOWN, Outcome.SKIPPED}:
        return EXIT_PARTIAL
    if Outcome.CONFLICT in found:
        return EXIT_STALE
    return EXIT_BLOCKED if left else EXIT_DONE


def before_holds(change: Change, state: State) -> bool:
    """Whether the line is as the plan saw it."""
    return state.quantity == change.live_quantity and (
        change.unit_cost is None or same_cost(state.unit_cost, change.unit_cost.before)
    )


def after_holds(change: Change, state: State) -> bool:
    """Whether the line is as the change would leave it."""
    return state.quantity == change.quantity_after and (
        change.unit_cost is None or same_cost(state.unit_cost, change.unit_cost.after)
    )


def described(state: State | None) -> str:
    """A state in words."""
    if state is None:
        return "not to be read"
    return f"{state.quantity}" + ("" if state.unit_cost is None else f" at {state.unit_cost}")


def baseline_of(change: Change, run: str) -> Baseline:
    """What a verified change leaves behind."""
    return Baseline(
        quantity=change.quantity_after,
        unit_cost=change.cost_after,
        usage=change.usage.count,
        rule=change.usage.rule,
        wanted_cost=change.wanted_cost,
        effective_date=change.effective_date,
        run=run,
    )
