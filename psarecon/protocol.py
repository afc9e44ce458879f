"""The words of a write, shared by ``apply`` and ``resume``: its stages, its outcomes, and when a line is as wanted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from psarecon.domain.model import Baseline
from psarecon.domain.money import same_cost
from psarecon.domain.plan import Change
from psarecon.domain.ports import State


class Outcome(StrEnum):
    """What became of a change."""

    VERIFIED = "verified"
    ALREADY = "already"
    CONFLICT = "conflict"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Stage(StrEnum):
    """Where a change is, for whoever watches: the stages of the write protocol in their order."""

    LEASED = "leased"
    REREAD = "reread"
    INTENT = "intent"
    SENT = "sent"
    READ_BACK = "read-back"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of one change; ``outcome`` and ``text`` only with DONE."""

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
    """Who looks on and who may stop the run: ``stop`` is asked between lines, ``pause`` waits so many seconds."""

    on: Callable[[Progress], None] = lambda _progress: None
    stop: Callable[[], bool] = lambda: False
    pause: Callable[[float], None] = time.sleep


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
