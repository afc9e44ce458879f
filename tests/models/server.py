"""A PSA small enough to be believed: what it applied is known, what it answers is ordered, its clock is the test's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from psarecon.domain.model import Call, LineKey, Names, Observed, Period
from psarecon.domain.periods import SameDate
from psarecon.domain.plan import Change
from psarecon.domain.ports import Diagnosis, Draft, State
from psarecon.errors import Refused, Throttled, Uncertain, Unreachable

#: The period under way and the next, on a contract from a 1st, and on one from a 15th.
MONTHS = ((date(2026, 11, 1), date(2026, 11, 30)), (date(2026, 12, 1), date(2026, 12, 31)))
ACROSS = ((date(2026, 11, 15), date(2026, 12, 14)), (date(2026, 12, 15), date(2027, 1, 14)))
#: Seconds: how long a call may take, how long after it the server may still work on it, how long its answers may lag.
CALL, LATE, LAG = 5.0, 30.0, 20.0


class Killed(BaseException):
    """SIGKILL: nothing of ours may catch it."""


class Answer(StrEnum):
    """What becomes of a write, and what its sender hears of it."""

    DONE = "applied, and said so"
    DONE_LATE = "said to be applied, and applied later"
    NOT_DONE = "said to be applied, and never applied"
    LOST = "not applied, and the answer lost"
    LOST_DONE = "applied, and the answer lost"
    LOST_LATE = "the answer lost, and applied later"
    REFUSED = "refused"
    THROTTLED = "refused by a limit, for a while"
    OVERTAKEN = "refused by a limit, and somebody else is quicker"
    UNREACHABLE = "never arrived"
    MET = "somebody else was a moment earlier; then applied"
    KILLED = "the sender killed before it arrived"
    KILLED_DONE = "applied, and the sender killed"
    KILLED_LATE = "the sender killed, and applied later"


_NOW = (Answer.DONE, Answer.LOST_DONE, Answer.MET, Answer.KILLED_DONE)
_LATER = (Answer.DONE_LATE, Answer.LOST_LATE, Answer.KILLED_LATE)


@dataclass
class Clock:
    """Seconds since 1970 that pass only when told."""

    now: float = 1_795_194_000.0

    def pause(self, seconds: float) -> None:
        """Let so many pass."""
        self.now += seconds


@dataclass(frozen=True)
class Row:
    """A line's truth: its units in the period under way and in the next, and its unit cost."""

    quantity: int
    following: int
    cost: Decimal


@dataclass(frozen=True)
class Sent:
    """A call on its way into the books: which line, what it does, when it is done."""

    line: str
    body: str
    due: float


@dataclass
class Server:
    """A PSA. ``dated``: takes deltas with a date, as Autotask; else absolute figures at once, as ConnectWise.

    ``script`` orders the answers of the next writes, ``deaf`` how many of the next reads fail. Reads show the books
    as they were ``lag`` seconds ago, and never go back behind what they have shown.
    """

    name: str
    dated: bool
    clock: Clock
    rows: dict[str, Row]
    script: list[Answer] = field(default_factory=list)
    deaf: int = 0
    lag: float = 0.0
    posted: bool = False
    spans: tuple[tuple[date, date], tuple[date, date]] = MONTHS
    on_write: Callable[[str, Call], None] = lambda _line, _call: None
    applied: list[str] = field(default_factory=list)
    edited: dict[str, float] = field(default_factory=dict)
    _queue: list[Sent] = field(default_factory=list)
    _history: list[tuple[float, dict[str, Row]]] = field(default_factory=list)
    _shown: float = 0.0
    same_date = SameDate.ADDS
    allow_proration = False
    write_seconds = CALL

    def __post_init__(self) -> None:
        self._history.append((0.0, dict(self.rows)))

    @property
    def tenant(self) -> str:
        """One a server."""
        return f"tenant of {self.name}"

    # The truth, for tests

    def books(self) -> dict[str, Row]:
        """What is true now."""
        due = [one for one in self._queue if one.due <= self.clock.now]
        self._queue = [one for one in self._queue if one.due > self.clock.now]
        for one in sorted(due, key=lambda one: one.due):
            self._carry_out(one.line, one.body, one.due)
        return self.rows

    def under_way(self) -> set[str]:
        """The lines that a call which was sent may still change."""
        self.books()
        return {one.line for one in self._queue}

    def edit(self, line: str, change: int) -> None:
        """Somebody else adds units."""
        row = self.books()[line]
        more = max(0, row.quantity + change) - row.quantity
        self.edited[line] = self.clock.now
        self._set(line, replace(row, quantity=row.quantity + more, following=row.following + more), self.clock.now)

    def shows_truth(self, line: str) -> bool:
        """Whether nobody edited the line since what reads show."""
        return self.edited.get(line, -1.0) <= max(self._shown, self.clock.now - self.lag)

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self.script, self.deaf, self.lag = [], 0, 0.0

    def _set(self, line: str, row: Row, at: float) -> None:
        self.rows[line] = row
        self._history.append((at, dict(self.rows)))

    def _carry_out(self, line: str, body: str, at: float) -> None:
        said, row = json.loads(body), self.rows[line]
        cost = Decimal(said["cost"]) if "cost" in said else row.cost
        if "quantity" in said:
            new = Row(said["quantity"], said["quantity"], cost)
        elif said["from"] == self.spans[0][0].isoformat():
            new = Row(row.quantity + said["delta"], row.following + said["delta"], cost)
        else:
            new = Row(row.quantity, row.following + said["delta"], cost)
        self.applied.append(line)
        self._set(line, new, at)

    def _visible(self) -> Mapping[str, Row]:
        self.books()
        self._shown = max(self._shown, self.clock.now - self.lag)
        return next(rows for at, rows in reversed(self._history) if at <= self._shown)

    # The port

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        """In the order asked for."""
        assert self.spans[0][0] <= day <= self.spans[0][1]
        rows = self._visible()
        return {line: self._observed(line, rows[line.id], following=following) for line in lines}

    def _observed(self, line: LineKey, row: Row, *, following: bool) -> Observed:
        quantity, cost = Decimal(row.quantity), row.cost
        now = Period(*self.spans[0], quantity, cost, self.posted)
        then = Period(*self.spans[1], Decimal(row.following), cost, posted=False)
        periods = (now, then) if following else (now,)
        return Observed(
            line, Names(), quantity, cost, Decimal("15.00"), periods if self.dated else None, self.dated and following
        )

    def call_for(self, draft: Draft) -> Call:
        """A delta from the slot's date, or an absolute figure."""
        after = draft.quantity.after if draft.quantity else draft.slot.quantity
        body: dict[str, object] = {"quantity": int(after)}
        if draft.slot.effective_date is not None:
            body = {"delta": int(after - draft.slot.quantity), "from": draft.slot.effective_date.isoformat()}
        if draft.unit_cost is not None:
            body["cost"] = f"{draft.unit_cost.after}"
        return Call("POST", f"lines/{draft.line.id}", json.dumps(body))

    def reread(self, changes: Sequence[Change]) -> Mapping[str, State]:
        """The state of each line on the day its change is measured."""
        self.clock.pause(0.2)
        if self.deaf:
            self.deaf -= 1
            raise Uncertain("no answer to a read")
        rows = self._visible()
        return {change.id: self._state(rows[change.line.id], change) for change in changes}

    def _state(self, row: Row, change: Change) -> State:
        later = change.measured_on is not None and change.measured_on >= self.spans[1][0]
        return State(Decimal(row.following if later else row.quantity), row.cost)

    def write(self, call: Call) -> None:
        """As ordered."""
        answer, line = (self.script.pop(0) if self.script else Answer.DONE), call.path.removeprefix("lines/")
        self.on_write(line, call)
        self.clock.pause(0.2)
        if answer in (Answer.MET, Answer.OVERTAKEN):
            self.edit(line, 1)
        if answer in _NOW:
            self.books()
            self._carry_out(line, call.body, self.clock.now)
        if answer in _LATER:
            self._queue.append(Sent(line, call.body, self.clock.now + LATE))
        self._say(answer)

    def _say(self, answer: Answer) -> None:
        if answer is Answer.UNREACHABLE:
            raise Unreachable("no route")
        if answer is Answer.REFUSED:
            raise Refused("not today", status=400, texts=("not today",))
        if answer in (Answer.THROTTLED, Answer.OVERTAKEN):
            raise Throttled("slow down", status=429, wait=2 * LATE)
        if answer in (Answer.KILLED, Answer.KILLED_DONE, Answer.KILLED_LATE):
            raise Killed
        if answer in (Answer.LOST, Answer.LOST_DONE, Answer.LOST_LATE):
            self.clock.pause(CALL)
            raise Uncertain("no answer in time")

    def diagnose(self, change: Change, state: State | None, texts: Sequence[str]) -> Diagnosis | None:
        """Nothing to add."""
        del change, state, texts
        return None

    def close(self) -> None:
        """Nothing is open."""
