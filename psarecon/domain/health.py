"""What ``doctor`` finds: checks with a state and a remedy, and what an adapter tells of itself. Pure data and ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class State(StrEnum):
    """FAIL: something will not work. WARN: it will, and a person should know. OK: as it should be."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what it is called, how it is, in words, and the way out if there is one to go."""

    name: str
    state: State
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Checkup:
    """One thing to look at; ``look`` may raise PsareconError, which is then what was found."""

    name: str
    look: Callable[[], Check]


@runtime_checkable
class Examinable(Protocol):
    """An adapter that can tell whether its credentials may do what psarecon needs."""

    def checkups(self, now: datetime) -> Sequence[Checkup]:
        """What to look at, as of ``now``; none of it changes anything. Asks nobody."""
        ...


@runtime_checkable
class KnowsClock(Protocol):
    """An adapter that hears the vendor's clock."""

    def clock_ahead(self) -> float | None:
        """Seconds the vendor's clock is ahead of ours, by its last answer; None while unknown. Asks nobody."""
        ...


def clock_check(name: str, ahead: float | None) -> Check:
    """How far our clock is off: a minute is worth a look, five may move a day's readings and a lease's end."""
    if ahead is None:
        return Check(name, State.OK, "not told")
    text = f"ours is {abs(ahead):.0f} s {'behind' if ahead > 0 else 'ahead of'} the vendor's"
    if abs(ahead) <= _WARN_SECONDS:
        return Check(name, State.OK, text)
    state = State.FAIL if abs(ahead) > _FAIL_SECONDS else State.WARN
    return Check(name, state, text, "set this machine's clock by NTP")


_WARN_SECONDS, _FAIL_SECONDS = 60, 300
