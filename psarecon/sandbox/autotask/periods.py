"""Billing periods: they step from the contract's start date, not from the calendar month."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

MONTHS = {2: 1, 3: 3, 4: 6, 5: 12}
"""Months of a period by contractPeriodType. unproven: 3, 4 (only a comment in one code base) and 1 = one-time."""


class Period(NamedTuple):
    """One billing period; both days are inclusive ISO dates."""

    start: str
    end: str
    days: int


def add_months(day: date, months: int) -> date:
    """The same day of a later (or earlier) month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=1 << 17)
def period(start: str, months: int, index: int) -> Period:
    """The period number `index` (from 0) of a contract that starts on `start`.

    unproven: anniversaries are reckoned from the start date, so 31 January gives 28 February, then 31 March.
    """
    first = date.fromisoformat(start)
    begin, following = add_months(first, index * months), add_months(first, (index + 1) * months)
    return Period(begin.isoformat(), (following - timedelta(days=1)).isoformat(), (following - begin).days)


@lru_cache(maxsize=1 << 17)
def index_at(start: str, months: int, day: str) -> int:
    """The number of the period that contains `day`; negative before the contract starts."""
    first, then = date.fromisoformat(start), date.fromisoformat(day)
    index = ((then.year - first.year) * 12 + then.month - first.month) // months
    return index - 1 if add_months(first, index * months) > then else index


@lru_cache(maxsize=1 << 16)
def days_between(start: str, end: str) -> int:
    """Days from `start` up to and including `end`."""
    return (date.fromisoformat(end) - date.fromisoformat(start)).days + 1


@lru_cache(maxsize=1 << 16)
def previous_day(day: str) -> str:
    """The day before."""
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
