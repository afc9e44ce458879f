"""A run as a screen follows it: where every change stands, the totals, and the question that makes the run wait.

``take`` is called by the thread that writes, everything else by the thread that shows; a lock stands between them.
How it is worded is in ``psarecon.review.run_text``.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from psarecon.domain.plan import Change
from psarecon.errors import EXIT_ERROR, PsareconError
from psarecon.patience import PATIENCE
from psarecon.protocol import Outcome, Progress, Result, Stage, Watch, exit_code

#: So many failures, with no line verified between them, and a person is asked.
FAILURES = 3
_BROKE_OFF = "the run broke off before its outcome was known: run `psarecon resume`"
_NOT_BEGUN = "the run broke off before it; nothing was sent"


class Standing(StrEnum):
    """Where a change stands, in the word that is shown.

    UNCLEAR: sent, and reading does not tell yet what became of it; IN_DOUBT: that is how it ended.
    """

    WAITING = "waiting"
    WRITING = "writing"
    VERIFIED = "verified"
    ALREADY = "already so"
    MOVED = "moved"
    FAILED = "failed"
    UNCLEAR = "unclear"
    IN_DOUBT = "in doubt"
    SKIPPED = "skipped"


_AFTER = {
    Outcome.VERIFIED: Standing.VERIFIED,
    Outcome.ALREADY: Standing.ALREADY,
    Outcome.CONFLICT: Standing.MOVED,
    Outcome.FAILED: Standing.FAILED,
    Outcome.UNKNOWN: Standing.IN_DOUBT,
    Outcome.SKIPPED: Standing.SKIPPED,
}
#: What somebody wants to see first, the gravest first.
TROUBLE = (Standing.IN_DOUBT, Standing.UNCLEAR, Standing.FAILED, Standing.MOVED)
_OPEN = (Standing.WAITING, Standing.WRITING, Standing.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Question:
    """Why the run waits: the place of the change it is about, and a sentence."""

    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Money a month that changes moved."""

    cost: Decimal = Decimal("0.00")
    revenue: Decimal = Decimal("0.00")

    def plus(self, change: Change) -> Moved:
        """And this change's."""
        return Moved(self.cost + change.money.cost_change, self.revenue + change.money.revenue_change)


@dataclass(frozen=True, slots=True)
class Totals:
    """The run in figures: ``done`` counts the changes the run is done with, in doubt or not; not those skipped.

    ``written`` is the money of what this run wrote and verified, ``already`` of what was so before; ``elapsed`` in
    seconds; ``rate`` is done a minute, pauses left out; ``budget`` the calls left by PSA, where known.
    """

    counts: Mapping[Standing, int]
    done: int
    total: int
    written: Moved
    already: Moved
    elapsed: float
    rate: float
    budget: Mapping[str, int]


class RunModel:
    """One run over ``changes``, in their order; ``run`` names it in the journal.

    ``left`` says that blocked or undecided changes of the plan are left aside, as the exit code tells. ``budget``
    may be set before the run begins; it is asked from the thread that shows.
    """

    def __init__(
        self,
        changes: Sequence[Change],
        run: str,
        *,
        left: bool = False,
        currency: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.changes = changes
        self.run = run
        self.currency = currency
        self.budget: Callable[[], Mapping[str, int]] = dict
        self.error: Exception | None = None
        self._left = left
        self._clock = clock
        self._turn = threading.Condition()
        self._places = {change.id: place for place, change in enumerate(changes)}
        self._standings = [Standing.WAITING] * len(changes)
        self._texts: dict[int, str] = {}
        self._counts = Counter({Standing.WAITING: len(changes)})
        self._results: list[Result] = []
        self._changed: set[int] = set()
        self._written, self._already = Moved(), Moved()
        self._at: tuple[int, Stage] | None = None
        self._failures = 0
        self._question: Question | None = None
        self._stop = False
        self._ended = threading.Event()
        self._began: float | None = None
        self._end_at: float | None = None
        self._asked_at: float | None = None
        self._waited = 0.0

    # The thread that writes.

    def carry_out(self, start: Callable[[Watch], Sequence[Result]]) -> None:
        """Let ``start`` write under this model's eyes; it returns when nothing is written any more.

        Raises nothing: what went wrong is ``error``.
        """
        with PATIENCE.kept():
            self._begin()
            try:
                start(self.watch())
            except Exception as error:  # noqa: BLE001 - a screen shows it; the command raises it once the screen is gone
                self.error = error
            finally:
                self._end()

    def _begin(self) -> None:
        with self._turn:
            self._began = self._clock()
            if self._stop:
                PATIENCE.hurry()

    def watch(self) -> Watch:
        """What the service is to be run with."""
        return Watch(
            on=self.take, stop=lambda: self.stopping, pause=self.pause, paused=lambda: self.question is not None
        )

    def take(self, progress: Progress) -> None:
        """One step of one change."""
        with self._turn:
            place = self._places[progress.change.id]
            self._at = (place, progress.stage)
            if progress.outcome is not None:
                self._at = None
                self._finish(place, progress.outcome, progress.text)
            elif progress.stage is Stage.WAITING:
                self._at = None
                self._move(place, Standing.UNCLEAR, progress.text)
            else:
                self._move(place, Standing.WRITING, "")
            self._ask_about(place, progress.outcome)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until a person answers the question or stops the run."""
        with self._turn:
            asked = self._question is not None
            self._turn.wait_for(lambda: self._stop or (asked and self._question is None), seconds)

    def _finish(self, place: int, outcome: Outcome, text: str) -> None:
        change = self.changes[place]
        if outcome is Outcome.VERIFIED:
            self._written = self._written.plus(change)
        elif outcome is Outcome.ALREADY:
            self._already = self._already.plus(change)
        self._results.append(Result(change, outcome, text))
        self._move(place, _AFTER[outcome], text)

    def _move(self, place: int, standing: Standing, text: str) -> None:
        self._counts[self._standings[place]] -= 1
        self._counts[standing] += 1
        self._standings[place] = standing
        self._texts[place] = text
        self._changed.add(place)

    def _ask_about(self, place: int, outcome: Outcome | None) -> None:
        """Whether a person is to say how it goes on: only while there is something left to write."""
        if outcome is Outcome.VERIFIED:
            self._failures = 0
        self._failures += outcome is Outcome.FAILED
        why = self._trouble(place)
        if why and self._question is None and not self._stop and self._counts[Standing.WAITING]:
            self._failures = 0
            self._question = Question(place, why)
            self._asked_at = self._clock()

    def _trouble(self, place: int) -> str:
        standing = self._standings[place]
        if standing is Standing.UNCLEAR:
            return "it is not clear yet what became of this change"
        if standing is Standing.IN_DOUBT:
            return "what became of this change is in doubt"
        return f"{FAILURES} changes failed and none was verified since" if self._failures >= FAILURES else ""

    def _end(self) -> None:
        """Whatever has no outcome now will get none: it is in doubt if it may have been sent."""
        with self._turn:
            at, stage = self._at or (None, Stage.REREAD)
            for place, standing in enumerate(self._standings):
                sent = standing is Standing.UNCLEAR or (place == at and stage is not Stage.REREAD)
                if standing in _OPEN:
                    self._finish(place, *((Outcome.UNKNOWN, _BROKE_OFF) if sent else (Outcome.SKIPPED, _NOT_BEGUN)))
            self._at = None
            self._answered()
            self._end_at = self._clock()
            self._ended.set()

    # The thread that shows.

    def ask_stop(self) -> None:
        """Finish the call in flight, then stop. No question is asked and no long wait is kept any more."""
        with self._turn:
            self._stop = True
            self._answered()
            if self._began is not None and not self.ended:
                PATIENCE.hurry()

    def go_on(self) -> None:
        """The answer to the question: go on."""
        with self._turn:
            self._answered()

    def _answered(self) -> None:
        if self._asked_at is not None:
            self._waited += self._clock() - self._asked_at
        self._question = self._asked_at = None
        self._turn.notify_all()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is written any more; whether that is so."""
        return self._ended.wait(seconds)

    @property
    def ended(self) -> bool:
        """Whether nothing is written any more."""
        return self._ended.is_set()

    @property
    def stopping(self) -> bool:
        """Whether the run was told to stop."""
        return self._stop

    @property
    def question(self) -> Question | None:
        """What the run waits for, if it does."""
        return self._question

    @property
    def in_flight(self) -> int | None:
        """The place of the change that is being written."""
        at = self._at
        return None if at is None else at[0]

    def drain(self) -> set[int]:
        """The places whose standing changed since it was last asked."""
        with self._turn:
            changed, self._changed = self._changed, set()
        return changed

    def standing(self, place: int) -> Standing:
        """Where a change stands."""
        return self._standings[place]

    def text(self, place: int) -> str:
        """What there is to say about it, not made harmless yet."""
        return self._texts.get(place, "")

    def next_trouble(self, place: int) -> int | None:
        """The next change behind ``place``, past the end from the beginning, that was not verified; skipped ones
        only where there is nothing graver."""
        for wanted in (TROUBLE, (Standing.SKIPPED,)):
            if any(self._counts[standing] for standing in wanted):
                count = len(self.changes)
                places = ((place + step) % count for step in range(1, count + 1))
                return next((one for one in places if self._standings[one] in wanted), None)
        return None

    def totals(self) -> Totals:
        """The run in figures, at one instant."""
        budget = self.budget()
        with self._turn:
            counts = {standing: self._counts[standing] for standing in Standing}
            done = len(self.changes) - sum(counts[one] for one in (*_OPEN, Standing.SKIPPED))
            elapsed = self._elapsed()
            at_work = elapsed - self._waited - (self._clock() - self._asked_at if self._asked_at is not None else 0.0)
            rate = 60 * done / at_work if at_work > 0 else 0.0
            total = len(self.changes)
            return Totals(counts, done, total, self._written, self._already, elapsed, rate, budget)

    def _elapsed(self) -> float:
        if self._began is None:
            return 0.0
        return (self._clock() if self._end_at is None else self._end_at) - self._began

    def results(self) -> list[Result]:
        """What became of each change that has an outcome, in the order they got it."""
        with self._turn:
            return list(self._results)

    def exit_code(self) -> int:
        """As ``psarecon apply`` has it."""
        if self.error is not None:
            return self.error.exit_code if isinstance(self.error, PsareconError) else EXIT_ERROR
        return exit_code((result.outcome for result in self.results()), left=self._left)
