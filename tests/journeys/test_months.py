"""The month turns at midnight in the billing time zone, also on a day the clocks change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal


@pytest.fixture
def october(tmp_path: Path) -> Iterator[Rehearsal]:
    """One client with ten units and ten users, on the last day of October 2026 at noon in New York."""
    with rehearsal(tmp_path / "msp", Client(users=10), today=date(2026, 10, 31)) as found:
        yield found


def _observe_at(place: Rehearsal, now: str, users: int) -> None:
    place.control("POST", "clock", {"now": now})
    place.users(users)
    place.observed()


def _billed(plan: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    changes = plan["changes"]
    return plan["month"], [(one["quantity"]["before"], one["quantity"]["after"]) for one in changes]


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        pytest.param(
            "America/New_York", "2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", id="the clocks change that day"
        ),
        pytest.param("America/Havana", "2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", id="midnight comes twice"),
        pytest.param("Asia/Kolkata", "2026-10-31T18:29:59Z", "2026-10-31T18:30:00Z", id="half an hour off"),
    ],
)
def test_a_sample_belongs_to_the_month_of_its_local_day(october: Rehearsal, zone: str, before: str, after: str) -> None:
    """52 a second before midnight are October's, 40 at midnight are November's."""
    october.settings("timezone: America/New_York", f"timezone: {zone}")
    _observe_at(october, before, 52)
    assert _billed(october.plan()) == ("2026-10", [("10", "52")])
    _observe_at(october, after, 40)
    assert _billed(october.plan()) == ("2026-11", [("10", "40")])


def test_the_hour_that_comes_twice_is_one_day_of_the_month_that_began(october: Rehearsal) -> None:
    """01:30 before and after the clocks go back on the first: both are November's first day."""
    _observe_at(october, "2026-11-01T05:30:00Z", 40)
    _observe_at(october, "2026-11-01T06:30:00Z", 41)
    plan = october.plan()
    assert _billed(plan) == ("2026-11", [("10", "41")])
    assert plan["changes"][0]["usage"]["daily"][:2] == ["41", None]


def test_an_earlier_month_is_closed_from_its_own_samples(october: Rehearsal) -> None:
    """October's 52 are billed into October while its period is not posted; November's 40 are not touched."""
    _observe_at(october, "2026-11-01T03:00:00Z", 52)
    _observe_at(october, "2026-11-01T17:00:00Z", 40)
    plan = october.plan("--month", "2026-10")
    assert _billed(plan) == ("2026-10", [("10", "52")])
    assert plan["changes"][0]["effective_date"] == "2026-10-01"
    told = {one["code"] for one in plan["findings"] if one["severity"] == "INFO"}
    assert "later-periods-move" in told


def test_a_posted_month_is_closed_for_good(october: Rehearsal) -> None:
    """What is posted is blocked, with the way out in words."""
    _observe_at(october, "2026-11-01T03:00:00Z", 52)
    _observe_at(october, "2026-11-01T17:00:00Z", 40)
    contract = _contract(october)
    october.edit(contract=contract, post_through="2026-10-31")
    plan = october.plan("--month", "2026-10")
    assert plan["changes"] == []
    (found,) = [one for one in plan["findings"] if one["severity"] == "BLOCK"]
    assert (found["code"], found["scope"]) == ("month-posted", f"line:autotask/{october.lines[0]}")
    assert "bill the difference by hand" in found["text"]


def _contract(place: Rehearsal) -> str:
    text = next((place.directory / "clients").glob("*.yaml")).read_text(encoding="utf-8")
    return text.partition("contract: {id: ")[2].partition(",")[0]


def test_the_settings_may_bill_the_month_before(october: Rehearsal) -> None:
    """``billing.month: previous``: on the first of November October is complete, and billed from then on."""
    october.settings("currency: USD}", "currency: USD, month: previous}")
    _observe_at(october, "2026-11-01T03:00:00Z", 52)
    _observe_at(october, "2026-11-01T17:00:00Z", 40)
    plan = october.plan()
    assert _billed(plan) == ("2026-10", [("10", "52")])
    assert plan["changes"][0]["effective_date"] == "2026-11-01"


def test_a_year_turns_like_a_month(tmp_path: Path) -> None:
    """December's 52 and January's 40, a second apart."""
    with rehearsal(tmp_path / "msp", Client(users=10), today=date(2026, 12, 31)) as place:
        _observe_at(place, "2027-01-01T04:59:59Z", 52)
        assert _billed(place.plan()) == ("2026-12", [("10", "52")])
        _observe_at(place, "2027-01-01T05:00:00Z", 40)
        assert _billed(place.plan()) == ("2027-01", [("10", "40")])
