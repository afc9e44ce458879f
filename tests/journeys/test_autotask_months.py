"""Closing a month that is over, and billing a month late by habit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import body_of, events, findings, marks, only_change

HALLOWEEN = date(2026, 10, 31)


@pytest.fixture
def november(tmp_path: Path) -> Iterator[Rehearsal]:
    """Ten units; fourteen users were counted on 31 October and seventeen on 1 November, which is today."""
    with rehearsal(tmp_path / "msp", Client(), today=HALLOWEEN) as found:
        found.observed()
        found.today("2026-11-01")
        found.users(17)
        found.observed()
        yield found


def test_a_month_that_is_over_is_closed_in_its_own_period(november: Rehearsal) -> None:
    """``plan --month 2026-10`` bills October's fourteen from 1 October, not November's seventeen."""
    plan = november.plan("--month", "2026-10")
    change = only_change(plan)
    assert (plan["month"], change["effective_date"], change["quantity"]["after"]) == ("2026-10", "2026-10-01", "14")
    assert body_of(change)["unitChange"] == 4
    assert marks(plan) == {("INFO", "later-periods-move")}


def test_closing_a_month_is_verified_in_the_month_that_is_closed(november: Rehearsal) -> None:
    """The row of October is read back; November moved along and its own plan then asks for three more."""
    november.plan("--month", "2026-10")
    assert (november.apply().code, events(november)) == (0, ["intent", "verified"])
    assert november.plan("--month", "2026-10")["changes"] == []
    assert only_change(november.plan())["quantity"] == {"before": "14", "after": "17"}


def test_without_a_month_the_plan_is_of_the_current_one(november: Rehearsal) -> None:
    """On 1 November: seventeen, from 1 November."""
    plan = november.plan()
    change = only_change(plan)
    assert (plan["month"], change["effective_date"], body_of(change)["unitChange"]) == ("2026-11", "2026-11-01", 7)


def test_a_posted_month_cannot_be_closed_any_more(november: Rehearsal) -> None:
    """October is posted: blocked, no change, and nothing spills into November."""
    november.edit(contract="29683353", post_through="2026-10-01")
    plan = november.plan("--month", "2026-10")
    assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "month-posted")})
    assert "2026-10-01 to 2026-10-31" in findings(plan, "month-posted")[0]["text"]


def test_the_month_before_can_be_what_is_always_billed(november: Rehearsal) -> None:
    """``billing.month: previous``: November's period bills October's fourteen."""
    november.settings("currency: USD}", "currency: USD, month: previous}")
    plan = november.plan()
    change = only_change(plan)
    assert (plan["month"], change["effective_date"], change["quantity"]["after"]) == ("2026-10", "2026-11-01", "14")
    assert (november.apply().code, november.truth()["quantity"], november.truth()["writes"]) == (0, "14", 1)


def test_a_month_that_has_not_begun_is_wrong_usage(november: Rehearsal) -> None:
    """``--month 2026-12`` on 1 November: exit 64 and a word why."""
    ran = november.run("plan", "--month", "2026-12")
    assert (ran.code, "2026-12 has not begun" in ran.err) == (64, True)


def test_closing_a_month_never_lowers_a_period_that_reaches_into_another(tmp_path: Path) -> None:
    """Contract from a 15th, fourteen units, ten users in October: the period that begins in October stays."""
    client = Client(units=14, users=10, start=date(2025, 1, 15))
    with rehearsal(tmp_path / "msp", client, today=HALLOWEEN) as found:
        found.observed()
        found.today("2026-11-01")
        found.observed()
        plan = found.plan("--month", "2026-10")
        assert (plan["changes"], ("INFO", "decrease-waits") in marks(plan)) == ([], True)
