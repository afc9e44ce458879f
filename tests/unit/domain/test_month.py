from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psarecon.domain.periods import Month

ZONES = ("UTC", "America/New_York", "America/Havana", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe")
months = st.builds(Month, st.integers(1990, 2199), st.integers(1, 12))
zones = st.sampled_from(ZONES).map(ZoneInfo)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "month", "start", "end"),
    [
        pytest.param("UTC", "2026-11", "2026-11-01T00:00", "2026-12-01T00:00", id="no offset"),
        pytest.param(
            "America/New_York", "2026-10", "2026-10-01T04:00", "2026-11-01T04:00", id="ends on a clock change"
        ),
        pytest.param("America/New_York", "2026-11", "2026-11-01T04:00", "2026-12-01T05:00", id="begins on one"),
        pytest.param("America/New_York", "2026-03", "2026-03-01T05:00", "2026-04-01T04:00", id="spring inside"),
        pytest.param("America/Havana", "2026-11", "2026-11-01T04:00", "2026-12-01T05:00", id="midnight comes twice"),
        pytest.param("America/Asuncion", "2017-10", "2017-10-01T04:00", "2017-11-01T03:00", id="midnight never comes"),
        pytest.param("Asia/Kolkata", "2026-11", "2026-10-31T18:30", "2026-11-30T18:30", id="half an hour"),
        pytest.param("Pacific/Kiritimati", "2026-01", "2025-12-31T10:00", "2026-01-31T10:00", id="far east"),
    ],
)
def test_a_month_begins_and_ends_at_local_midnights(zone: str, month: str, start: str, end: str) -> None:
    """The bounds in UTC, whatever the clocks do at the turn."""
    assert Month.parse(month).bounds(ZoneInfo(zone)) == (_utc(start), _utc(end))


@given(months, zones)
def test_months_follow_each_other_without_gap_or_overlap(month: Month, zone: ZoneInfo) -> None:
    """The end of a month is the beginning of the next, in every zone."""
    start, end = month.bounds(zone)
    assert start < end == month.next().bounds(zone)[0]


@given(months, zones, st.integers(0, 31 * 86400 - 1))
def test_every_instant_within_the_bounds_has_a_local_day_of_that_month(
    month: Month, zone: ZoneInfo, second: int
) -> None:
    """An instant is billed in the month its own local calendar shows."""
    start, end = month.bounds(zone)
    moment = start + timedelta(seconds=second) % (end - start)
    assert Month.of(moment.astimezone(zone).date()) == month


@given(months)
def test_the_month_before_the_next_is_the_month_itself(month: Month) -> None:
    """``previous`` and ``next`` undo each other, also over a new year."""
    assert month.next().previous() == month.previous().next() == month
    assert month.previous() < month < month.next()


@given(months)
def test_twelve_months_on_is_the_same_month_of_the_next_year(month: Month) -> None:
    """A year has twelve months."""
    later = month
    for _ in range(12):
        later = later.next()
    assert later == Month(month.year + 1, month.number)


@given(months)
def test_a_written_month_reads_as_itself(month: Month) -> None:
    """``2026-11`` both ways; and it has as many days as lie between its first and its last."""
    assert Month.parse(str(month)) == month
    assert (month.last - month.first).days + 1 == month.days
    assert month.days in {28, 29, 30, 31}


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "2026/11", " 2026-11"]
)
def test_anything_but_a_written_month_is_refused(text: str) -> None:
    """The message says how to write it."""
    with pytest.raises(ValueError, match="write it as 2026-11"):
        Month.parse(text)


@pytest.mark.parametrize(("year", "days"), [(2024, 29), (2026, 28), (2000, 29), (2100, 28)])
def test_february_follows_the_leap_years(year: int, days: int) -> None:
    """Also at the turn of a century."""
    assert Month(year, 2).days == days
