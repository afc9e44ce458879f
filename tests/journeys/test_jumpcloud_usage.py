"""What is counted, and how a month's counts become the quantity."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal


def findings(plan: dict[str, Any], *severities: str) -> set[tuple[str, str]]:
    """Code and scope of the findings of these severities (default: BLOCK and LOOK)."""
    wanted = severities or ("BLOCK", "LOOK")
    return {(one["code"], one["scope"]) for one in plan["findings"] if one["severity"] in wanted}


def quantities(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """Before and after of every change."""
    return [(one["quantity"]["before"], one["quantity"]["after"]) for one in plan["changes"]]


@pytest.fixture
def november(tmp_path: Path) -> Iterator[Rehearsal]:
    """One client with ten units, at the beginning of November."""
    with rehearsal(tmp_path / "msp", Client(users=10)) as found:
        yield found


def _observe_on(place: Rehearsal, day: str, users: int) -> None:
    place.today(day)
    place.users(users)
    place.observed()


def test_the_highest_count_of_the_month_is_billed_with_its_evidence(november: Rehearsal) -> None:
    """40, 52, 47 on three days: 52, read on the second."""
    for day, users in (("2026-11-23", 40), ("2026-11-24", 52), ("2026-11-25", 47)):
        _observe_on(november, day, users)
    plan = november.plan()
    assert quantities(plan) == [("10", "52")]
    (change,) = plan["changes"]
    assert change["evidence"] == [
        {
            "role": "high-water-mark", "count": "52", "taken_at": "2026-11-24T17:00:00Z",
            "how": "systemusers totalCount",
        }
    ]  # fmt: skip
    assert change["usage"]["daily"][22:25] == ["40", "52", "47"]
    assert change["usage"]["steps"] == [["high-water-mark", "52"]]


def test_a_product_billed_by_its_current_count_takes_the_last_one(november: Rehearsal) -> None:
    """40, 52, 47: 47."""
    november.settings("quantity: high-water-mark", "quantity: current")
    for day, users in (("2026-11-23", 40), ("2026-11-24", 52), ("2026-11-25", 47)):
        _observe_on(november, day, users)
    assert quantities(november.plan()) == [("10", "47")]


def test_the_next_month_starts_anew(november: Rehearsal) -> None:
    """52 in November is nothing in December, where 47 are counted."""
    _observe_on(november, "2026-11-24", 52)
    november.plan()
    assert november.apply().code == 0
    _observe_on(november, "2026-12-01", 47)
    plan = november.plan()
    assert (plan["month"], quantities(plan)) == ("2026-12", [("52", "47")])
    assert [one["count"] for one in plan["changes"][0]["evidence"]] == ["47"]


def test_a_month_without_a_sample_is_blocked_until_it_is_observed(november: Rehearsal) -> None:
    """Yesterday's count was November's: nobody guesses December's."""
    _observe_on(november, "2026-11-30", 52)
    november.today("2026-12-01")
    scope = f"organization:jumpcloud/{november.organizations[0]}"
    plan = november.plan()
    assert (plan["changes"], findings(plan)) == ([], {("usage-missing", scope)})


def test_suspended_users_count(tmp_path: Path) -> None:
    """JumpCloud bills them: fourteen users, three of them suspended, are fourteen."""
    with rehearsal(tmp_path / "msp", Client(users=14, suspended=3)) as place:
        place.observed()
        assert quantities(place.plan()) == [("10", "14")]


def test_two_figures_of_the_vendor_that_differ_are_looked_at(acme: Rehearsal) -> None:
    """The organization's own list is what is billed; the provider's list says 15."""
    organization = acme.organizations[0]
    acme.fault(
        "organization_count", "jumpcloud", organization=organization, users=15, path="/api/organizations$", times=None
    )
    acme.observed()
    plan = acme.plan()
    assert quantities(plan) == [("10", "14")]
    assert findings(plan) == {("usage-cross-check", f"organization:jumpcloud/{organization}")}
    assert acme.apply().code == 4
    assert acme.adjustments() == 0


def test_without_the_undocumented_list_there_is_only_no_cross_check(acme: Rehearsal) -> None:
    """It may vanish any day; the count stands on its own."""
    acme.fault("status", "jumpcloud", status=404, path="/api/organizations$", times=None)
    acme.observed()
    plan = acme.plan()
    assert (quantities(plan), findings(plan)) == ([("10", "14")], set())


def test_the_vendors_own_mark_of_a_closed_month_is_compared(tmp_path: Path) -> None:
    """Twenty users came and went between two readings: JumpCloud bills 20, our samples say 14."""
    with rehearsal(tmp_path / "msp", Client(), today=_october()) as place:
        place.settings("currency: USD}", "currency: USD, month: previous}")
        place.observed()
        place.users(20)
        place.users(14)
        place.today("2026-11-01")
        place.observed()
        plan = place.plan()
        assert (plan["month"], quantities(plan)) == ("2026-10", [("10", "14")])
        scope = f"organization:jumpcloud/{place.organizations[0]}"
        assert findings(plan) == {("usage-vendor-mark", scope)}
        (text,) = [one["text"] for one in plan["findings"] if one["code"] == "usage-vendor-mark"]
        assert text == "our samples of 2026-10 peak at 14 (used), the vendor's own mark is 20"


def _october() -> date:
    return date(2026, 10, 31)


def test_days_without_a_sample_are_told(november: Rehearsal) -> None:
    """Not guessed: a finding that only tells, and the change stays clean."""
    _observe_on(november, "2026-11-23", 40)
    _observe_on(november, "2026-11-25", 47)
    plan = november.plan()
    (told,) = [one for one in plan["findings"] if one["severity"] == "INFO"]
    assert (told["code"], told["text"]) == ("usage-missing-days", "no sample on day 1-22, 24 of 2026-11")
    assert findings(plan) == set()


@pytest.mark.parametrize(
    ("now", "codes"),
    [
        pytest.param("2026-11-22T05:00:00Z", set(), id="36 hours"),
        pytest.param("2026-11-22T05:00:01Z", {"usage-stale"}, id="a second more"),
    ],
)
def test_usage_may_be_thirty_six_hours_old_and_not_a_second_more(acme: Rehearsal, now: str, codes: set[str]) -> None:
    """Read at 17:00 on the 20th; then the reading stopped."""
    acme.observed()
    acme.control("POST", "clock", {"now": now})
    plan = acme.plan()
    assert {code for code, _ in findings(plan)} == codes
    assert len(plan["changes"]) == (not codes)


def test_a_plan_as_of_an_earlier_day_knows_nothing_of_later_samples(november: Rehearsal) -> None:
    """What was known on the evening of the second day."""
    for day, users in (("2026-11-23", 40), ("2026-11-24", 41), ("2026-11-25", 52)):
        _observe_on(november, day, users)
    assert quantities(november.plan("--as-of", "2026-11-24T23:00:00Z")) == [("10", "41")]
    assert quantities(november.plan("--as-of", "2026-11-23T18:00:00+01:00")) == [("10", "40")]
