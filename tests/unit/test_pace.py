"""No more than so many requests in any minute, whatever the clock of the minute says."""

from __future__ import annotations

import pytest

from psarecon.errors import BudgetSpent
from psarecon.http import Pace, RateBudget


class _Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def _moments(limit: int, count: int, between: float = 0.0) -> list[float]:
    """When each of ``count`` requests was let go, from the first."""
    time = _Time()
    pace = Pace(limit, clock=time.clock, sleep=time.sleep)
    moments = []
    for _ in range(count):
        pace.keep()
        moments.append(time.now)
        time.now += between
    return [round(moment - moments[0], 3) for moment in moments]


def test_requests_below_the_limit_do_not_wait() -> None:
    """Five at once where five are allowed."""
    assert _moments(5, 5) == [0.0] * 5


def test_the_request_above_the_limit_waits_until_the_first_is_a_minute_old() -> None:
    """Five at once, then five more after sixty seconds, then the eleventh after another sixty."""
    assert _moments(5, 11) == [0.0] * 5 + [60.0] * 5 + [120.0]


def test_the_window_slides() -> None:
    """One every ten seconds and two a minute: each waits for the one before the last."""
    assert _moments(2, 5, between=10.0) == [0.0, 10.0, 60.0, 70.0, 120.0]


def test_no_minute_holds_more_than_the_limit() -> None:
    """Counted over every window that begins with a request."""
    moments = _moments(7, 50, between=1.0)
    assert max(sum(start <= other < start + 60 for other in moments) for start in moments) == 7


def test_what_is_left_of_a_pace_comes_back_as_the_window_slides() -> None:
    """Three a minute: none after three, one again when the first is a minute old."""
    time = _Time()
    pace = Pace(3, clock=time.clock, sleep=time.sleep)
    seen = [pace.left()]
    for _ in range(3):
        pace.keep()
        seen.append(pace.left())
        time.now += 10
    time.now += 30
    assert [*seen, pace.left()] == [3, 2, 1, 0, 1]


def test_what_is_left_of_a_budget_is_what_it_allows_less_what_was_spent() -> None:
    """Unknown without a limit; from 90 of 95, five; never less than none."""
    budget = RateBudget(at_once=2)
    assert budget.left() is None
    budget.allow(spent=90, limit=95)
    assert budget.left() == 5
    for _ in range(5):
        with budget.slot("a"):
            pass
    assert budget.left() == 0
    with pytest.raises(BudgetSpent), budget.slot("a"):
        pass
    budget.allow(spent=100, limit=95)
    assert budget.left() == 0


def test_a_budget_with_a_pace_and_a_limit_has_the_lesser_left() -> None:
    """The minute's two before the hour's forty."""
    budget = RateBudget(at_once=2, pace=Pace(2))
    assert budget.left() == 2
    budget.allow(spent=0, limit=1)
    assert budget.left() == 1
