"""Which day a change is dated to: the first of an open billing period, never a day that the PSA would prorate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import body_of, events, findings, marks, observed_plan, only_change

FIFTEENTH = date(2025, 1, 15)


@pytest.fixture
def mid_month(tmp_path: Path) -> Iterator[Rehearsal]:
    """A contract that began on a 15th: its period runs from 15 November to 14 December."""
    with rehearsal(tmp_path / "msp", Client(start=FIFTEENTH)) as found:
        yield found


@pytest.fixture
def mid_month_fewer(tmp_path: Path) -> Iterator[Rehearsal]:
    """The same with fourteen units and ten users."""
    with rehearsal(tmp_path / "msp", Client(units=14, users=10, start=FIFTEENTH)) as found:
        yield found


@pytest.fixture
def posted(tmp_path: Path) -> Iterator[Rehearsal]:
    """A contract from a 1st whose November is approved and posted."""
    with rehearsal(tmp_path / "msp", Client(posted_before=date(2026, 11, 1))) as found:
        yield found


def test_an_increase_in_the_middle_of_a_period_is_dated_to_the_first_day_of_the_period(mid_month: Rehearsal) -> None:
    """Ten to fourteen on 20 November, contract from a 15th: +4 from 15 November."""
    change = only_change(observed_plan(mid_month))
    assert change["effective_date"] == "2026-11-15"
    assert body_of(change) == {
        "contractID": 29683353,
        "contractServiceID": 8001,
        "effectiveDate": "2026-11-15",
        "unitChange": 4,
    }


def test_an_increase_in_the_middle_of_a_period_takes_one_post(mid_month: Rehearsal) -> None:
    """One adjustment, verified, and the units are there."""
    observed_plan(mid_month)
    assert (mid_month.apply().code, mid_month.adjustments()) == (0, 1)
    assert (mid_month.truth()["quantity"], mid_month.truth()["writes"]) == ("14", 1)


def test_a_decrease_passes_over_a_period_that_straddles_two_billing_months(mid_month_fewer: Rehearsal) -> None:
    """Fourteen to ten on a contract from a 15th: -4 from 15 December, and the plan says that it waits."""
    plan = observed_plan(mid_month_fewer)
    change = only_change(plan)
    assert (change["effective_date"], body_of(change)["unitChange"]) == ("2026-12-15", -4)
    assert marks(plan) == {("INFO", "decrease-waits")}


def test_a_decrease_that_waits_leaves_today_alone_and_comes_with_the_next_period(mid_month_fewer: Rehearsal) -> None:
    """Verified on the row that begins on 15 December; until then fourteen are billed."""
    observed_plan(mid_month_fewer)
    assert mid_month_fewer.apply().code == 0
    assert mid_month_fewer.truth()["quantity"] == "14"
    mid_month_fewer.today("2026-12-15")
    assert (mid_month_fewer.truth()["quantity"], mid_month_fewer.truth()["writes"]) == ("10", 1)


def test_a_decrease_that_waits_is_taken_back_when_the_users_come_back(mid_month_fewer: Rehearsal) -> None:
    """Fourteen again before the next period began: today needs nothing, 15 December gets its four back."""
    observed_plan(mid_month_fewer)
    assert mid_month_fewer.apply().code == 0
    mid_month_fewer.users(14)
    change = only_change(observed_plan(mid_month_fewer))
    assert (change["effective_date"], change["quantity"]) == ("2026-12-15", {"before": "10", "after": "14"})
    assert mid_month_fewer.apply().code == 0
    assert mid_month_fewer.plan()["changes"] == []
    mid_month_fewer.today("2026-12-15")
    assert (mid_month_fewer.truth()["quantity"], mid_month_fewer.truth()["writes"]) == ("14", 2)


def test_users_beyond_those_that_left_are_billed_now_and_then_ahead(mid_month_fewer: Rehearsal) -> None:
    """Ten wait for 15 December, then sixteen: two more today, which the waiting row follows, and four more with it."""
    observed_plan(mid_month_fewer)
    assert mid_month_fewer.apply().code == 0
    mid_month_fewer.users(16)
    steps = []
    for _ in range(2):
        change = only_change(observed_plan(mid_month_fewer))
        steps.append((change["effective_date"], body_of(change)["unitChange"]))
        assert mid_month_fewer.apply().code == 0
    assert steps == [("2026-11-15", 2), ("2026-12-15", 4)]
    assert mid_month_fewer.plan()["changes"] == []
    mid_month_fewer.today("2026-12-15")
    assert mid_month_fewer.truth()["quantity"] == "16"


def test_what_two_writes_of_ours_made_of_the_next_period_is_not_taken_for_somebody_elses_work(
    mid_month_fewer: Rehearsal,
) -> None:
    """Ten from 15 December, then sixteen now, the day before: on the 15th the rest is raised, and nobody is asked."""
    observed_plan(mid_month_fewer)
    mid_month_fewer.apply()
    mid_month_fewer.today("2026-12-14")
    mid_month_fewer.users(16)
    observed_plan(mid_month_fewer)
    mid_month_fewer.apply()
    mid_month_fewer.today("2026-12-15")
    mid_month_fewer.users(16)
    plan = observed_plan(mid_month_fewer)
    change = only_change(plan)
    assert (change["quantity"], change["causes"]) == ({"before": "12", "after": "16"}, ["period"])
    assert (marks(plan), mid_month_fewer.apply().code) == (set(), 0)


def test_a_decrease_that_waits_is_not_planned_a_second_time(mid_month_fewer: Rehearsal) -> None:
    """The next plan of the same day finds the next period as it should be."""
    observed_plan(mid_month_fewer)
    mid_month_fewer.apply()
    assert mid_month_fewer.plan()["changes"] == []


def test_a_decrease_on_a_contract_from_the_first_is_dated_to_the_first_of_this_month(tmp_path: Path) -> None:
    """Fourteen to ten where periods are calendar months: -4 from 1 November."""
    with rehearsal(tmp_path / "msp", Client(units=14, users=10)) as found:
        change = only_change(observed_plan(found))
        assert (change["effective_date"], body_of(change)["unitChange"]) == ("2026-11-01", -4)
        assert found.apply().code == 0
        assert (found.truth()["quantity"], found.truth()["writes"]) == ("10", 1)


def test_quantity_and_cost_of_a_line_go_in_one_post(tmp_path: Path) -> None:
    """+4 and a unit cost of 9.00 instead of 8.50: one adjustment with both."""
    with rehearsal(tmp_path / "msp", Client(unit_cost="8.50")) as found:
        change = only_change(observed_plan(found))
        assert (body_of(change)["unitChange"], change["call"]["body"].count('"adjustedUnitCost": 9.00')) == (4, 1)
        assert (found.apply().code, found.adjustments()) == (0, 1)
        truth = found.truth()
        assert (truth["quantity"], truth["unit_cost"], truth["writes"]) == ("14", "9.00", 1)


def test_a_posted_period_is_passed_over_for_the_first_day_of_the_next(posted: Rehearsal) -> None:
    """November is posted: +4 from 1 December, said in a finding."""
    plan = observed_plan(posted)
    change = only_change(plan)
    assert (change["effective_date"], body_of(change)["unitChange"]) == ("2026-12-01", 4)
    assert marks(plan) == {("INFO", "period-posted")}


def test_a_change_of_the_next_period_is_verified_on_that_period(posted: Rehearsal) -> None:
    """Ten are billed in November still, fourteen from 1 December on, with one write."""
    observed_plan(posted)
    assert (posted.apply().code, posted.adjustments()) == (0, 1)
    assert (posted.truth()["quantity"], events(posted)) == ("10", ["intent", "verified"])
    posted.today("2026-12-01")
    assert posted.truth()["quantity"] == "14"


def test_cost_alone_waits_for_the_next_period_when_this_one_is_posted(tmp_path: Path) -> None:
    """The units are right, the cost is not: an adjustment of 0 units and 9.00 from 1 December, verified there."""
    client = Client(units=14, unit_cost="8.50", posted_before=date(2026, 11, 1))
    with rehearsal(tmp_path / "msp", client) as found:
        found.rule(cost_flips="on_date")
        change = only_change(observed_plan(found))
        assert (change["effective_date"], body_of(change)["unitChange"], change["quantity"]) == ("2026-12-01", 0, None)
        assert (found.apply().code, events(found)) == (0, ["intent", "verified"])


def test_no_open_period_is_a_finding_and_no_change(tmp_path: Path) -> None:
    """November is posted and the contract ends with it: blocked, nothing to write."""
    client = Client(posted_before=date(2026, 11, 1), end=date(2026, 11, 30))
    with rehearsal(tmp_path / "msp", client) as found:
        plan = observed_plan(found)
        assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "no-open-period")})
        assert "2026-11-01 to 2026-11-30" in findings(plan, "no-open-period")[0]["text"]


def test_of_two_rows_that_hold_the_day_the_later_start_counts(tmp_path: Path) -> None:
    """Somebody added two today: the row until today says ten, the row from today says twelve; twelve it is."""
    with rehearsal(tmp_path / "msp", Client(adjustments=((date(2026, 11, 20), 2),))) as found:
        change = only_change(observed_plan(found))
        assert change["quantity"] == {"before": "12", "after": "14"}
        assert body_of(change)["unitChange"] == 2


def test_rows_of_the_future_never_count(tmp_path: Path) -> None:
    """Five more from December on are no units of November: the change is ten to fourteen."""
    with rehearsal(tmp_path / "msp", Client(adjustments=((date(2026, 12, 1), 5),))) as found:
        change = only_change(observed_plan(found))
        assert change["quantity"] == {"before": "10", "after": "14"}
        assert body_of(change)["unitChange"] == 4


def test_a_change_inside_the_period_by_somebody_else_is_shown_for_a_look(tmp_path: Path) -> None:
    """Somebody added two on the 10th: the delta counts from today's twelve, and a person is asked to look."""
    with rehearsal(tmp_path / "msp", Client(adjustments=((date(2026, 11, 10), 2),))) as found:
        plan = observed_plan(found)
        change = only_change(plan)
        assert (change["effective_date"], body_of(change)["unitChange"]) == ("2026-11-01", 2)
        assert marks(plan) == {("LOOK", "period-split")}
        assert (found.apply().code, found.truth()["writes"]) == (4, 0)


def test_a_line_that_is_not_billing_today_is_not_a_line_of_no_units(tmp_path: Path) -> None:
    """The contract begins in December: blocked as not billing, instead of raised from 0."""
    with rehearsal(tmp_path / "msp", Client(start=date(2026, 12, 1))) as found:
        plan = observed_plan(found)
        assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "not-billing")})
