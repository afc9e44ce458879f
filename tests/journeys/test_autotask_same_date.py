"""A second adjustment of one service on one date: added, taking the first one's place, or refused by the tenant."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import (
    approve_all,
    autotask_setting,
    body_of,
    events,
    findings,
    last_text,
    marks,
    observed_plan,
    only_change,
)


@pytest.fixture
def raised(acme: Rehearsal) -> Rehearsal:
    """Ten became fourteen by an adjustment of 1 November; now there are sixteen users."""
    observed_plan(acme)
    assert acme.apply().code == 0
    acme.users(16)
    acme.observed()
    return acme


@pytest.fixture
def repriced(acme: Rehearsal) -> Rehearsal:
    """Ten became fourteen by an adjustment of 1 November; now the unit costs 9.50."""
    observed_plan(acme)
    assert acme.apply().code == 0
    acme.settings('unit_cost: "9.00"', 'unit_cost: "9.50"')
    return acme


@pytest.fixture
def taken(raised: Rehearsal) -> Rehearsal:
    """The tenant refused the second adjustment of 1 November, and the setting says so now."""
    raised.rule(same_date="refused")
    raised.plan()
    assert raised.apply().code == 6
    autotask_setting(raised, "same_date: refused")
    return raised


def test_where_the_tenant_adds_a_second_adjustment_of_the_date_counts_from_the_first(raised: Rehearsal) -> None:
    """Fourteen to sixteen: +2 on the same 1 November, verified."""
    change = only_change(raised.plan())
    assert (change["effective_date"], body_of(change)["unitChange"]) == ("2026-11-01", 2)
    assert (raised.apply().code, raised.truth()["quantity"], raised.truth()["writes"]) == (0, "16", 2)


def test_a_tenant_that_replaces_is_noticed_by_the_read_back(raised: Rehearsal) -> None:
    """+2 took the place of +4: twelve is neither fourteen nor sixteen; unknown, and the setting is named."""
    raised.rule(same_date="replaces")
    raised.plan()
    ran = raised.apply()
    assert (ran.code, ran.out, raised.truth()["quantity"]) == (6, "1 unknown\n", "12")
    assert events(raised)[-2:] == ["intent", "unknown"]
    assert "set psas.autotask.same_date: replaces" in last_text(raised)


def test_a_line_that_was_replaced_is_blocked_until_the_setting_says_so(raised: Rehearsal) -> None:
    """The next plan does not touch it and names the setting."""
    raised.rule(same_date="replaces")
    raised.plan()
    raised.apply()
    plan = raised.plan()
    assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "same-date")})
    assert "psas.autotask.same_date: replaces" in findings(plan, "same-date")[0]["text"]


def test_once_the_setting_says_replaces_the_delta_counts_from_before_the_first(raised: Rehearsal) -> None:
    """Twelve to sixteen is +6 from the ten before 1 November; it ends at sixteen and stays there.

    The line is not as the last verified write left it, so that a person has to say so.
    """
    raised.rule(same_date="replaces")
    raised.plan()
    raised.apply()
    autotask_setting(raised, "same_date: replaces")
    change = only_change(raised.plan())
    assert (change["quantity"], body_of(change)["unitChange"]) == ({"before": "12", "after": "16"}, 6)
    approve_all(raised)
    assert (raised.apply().code, raised.truth()["quantity"]) == (0, "16")
    assert raised.plan()["changes"] == []


def test_a_line_that_began_with_the_period_counts_from_the_units_before_our_first_write(tmp_path: Path) -> None:
    """No row tells what was before 1 November, the contract's first day: the ledger does."""
    with rehearsal(tmp_path / "msp", Client(start=date(2026, 11, 1))) as found:
        autotask_setting(found, "same_date: replaces")
        found.rule(same_date="replaces")
        observed_plan(found)
        assert found.apply().code == 0
        found.users(16)
        change = only_change(observed_plan(found))
        assert (change["quantity"], body_of(change)["unitChange"]) == ({"before": "14", "after": "16"}, 6)
        assert (found.apply().code, found.truth()["quantity"]) == (0, "16")


def test_a_setting_that_says_replaces_where_the_tenant_adds_is_noticed_too(raised: Rehearsal) -> None:
    """+6 was added to fourteen: twenty is unknown, and the text names the other value."""
    autotask_setting(raised, "same_date: replaces")
    raised.plan()
    ran = raised.apply()
    assert (ran.code, raised.truth()["quantity"]) == (6, "20")
    assert "set psas.autotask.same_date: adds" in last_text(raised)


def test_a_refused_second_adjustment_has_failed_and_names_the_setting(raised: Rehearsal) -> None:
    """The duplicate is refused: nothing changed, exit 6, the server's words and the way out."""
    raised.rule(same_date="refused")
    raised.plan()
    raised.forget_requests()
    ran = raised.apply()
    assert (ran.code, ran.out, raised.adjustments(), raised.truth()["quantity"]) == (6, "1 failed\n", 1, "14")
    assert "duplicate data into contract_service_period" in last_text(raised)
    assert "set psas.autotask.same_date: refused" in last_text(raised)


def test_a_refused_line_is_blocked_until_the_setting_says_so(raised: Rehearsal) -> None:
    """The same plan is not tried night after night."""
    raised.rule(same_date="refused")
    raised.plan()
    raised.apply()
    plan = raised.plan()
    assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "same-date")})


def test_where_the_tenant_refuses_the_next_period_is_used(taken: Rehearsal) -> None:
    """+2 from 1 December, for a person to look at; written and verified there."""
    plan = taken.plan()
    change = only_change(plan)
    assert (change["effective_date"], body_of(change)["unitChange"]) == ("2026-12-01", 2)
    assert ("LOOK", "date-taken") in marks(plan)
    approve_all(taken)
    assert (taken.apply().code, taken.truth()["quantity"]) == (0, "14")
    taken.today("2026-12-01")
    assert taken.truth()["quantity"] == "16"


def test_where_the_tenant_refuses_today_is_used_if_proration_is_allowed(taken: Rehearsal) -> None:
    """With ``allow_proration: true``: +2 from 20 November, for a person to look at."""
    autotask_setting(taken, "allow_proration: true")
    plan = taken.plan()
    change = only_change(plan)
    assert (change["effective_date"], body_of(change)["unitChange"]) == ("2026-11-20", 2)
    assert ("LOOK", "prorated") in marks(plan)
    approve_all(taken)
    assert (taken.apply().code, taken.truth()["quantity"]) == (0, "16")


def test_a_cost_alone_on_a_taken_date_does_not_take_the_units_away_unnoticed(repriced: Rehearsal) -> None:
    """An adjustment of 0 units took the place of +4: ten again; unknown, and the setting is named."""
    repriced.rule(same_date="replaces")
    assert body_of(only_change(repriced.plan()))["unitChange"] == 0
    assert (repriced.apply().code, repriced.truth()["quantity"]) == (6, "10")
    assert "set psas.autotask.same_date: replaces" in last_text(repriced)


def test_with_the_setting_right_a_cost_alone_keeps_the_units(repriced: Rehearsal) -> None:
    """The replacing adjustment carries the +4 along with the new cost."""
    repriced.rule(same_date="replaces")
    autotask_setting(repriced, "same_date: replaces")
    change = only_change(repriced.plan())
    body = body_of(change)
    assert (change["quantity"], body["unitChange"], body["adjustedUnitCost"]) == (None, 4, Decimal("9.50"))
    assert repriced.apply().code == 0
    assert (repriced.truth()["quantity"], repriced.truth()["unit_cost"]) == ("14", "9.50")


def test_where_the_tenant_refuses_a_cost_alone_is_not_sent_to_a_taken_date(repriced: Rehearsal) -> None:
    """The date holds an adjustment: the new cost is dated to the next period instead of failing every night."""
    repriced.rule(same_date="refused")
    autotask_setting(repriced, "same_date: refused")
    change = only_change(repriced.plan())
    assert (change["effective_date"], body_of(change)["unitChange"]) == ("2026-12-01", 0)


def test_a_taken_date_is_free_for_another_line(tmp_path: Path) -> None:
    """What was refused for Acme's line says nothing about Beta's on the same date."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd", users=10)) as found:
        found.rule(same_date="refused")
        autotask_setting(found, "same_date: refused")
        observed_plan(found)
        assert found.apply().code == 0
        found.users(12, found.organizations[1])
        change = only_change(observed_plan(found))
        assert (change["line"]["id"], change["effective_date"]) == (found.lines[1], "2026-11-01")


@pytest.fixture
def others(raised: Rehearsal) -> Rehearsal:
    """Somebody else's adjustment of 20 November stands between ours and now."""
    raised.edit(line=raised.lines[0], units_change=1, effective="2026-11-20")
    return raised


def test_units_somebody_added_later_are_not_counted_twice_where_the_tenant_replaces(others: Rehearsal) -> None:
    """Ten, ours +4, theirs +1: fifteen to sixteen means ours becomes +5, and it ends at sixteen."""
    others.rule(same_date="replaces")
    autotask_setting(others, "same_date: replaces")
    change = only_change(others.plan())
    assert change["quantity"] == {"before": "15", "after": "16"}
    assert body_of(change)["unitChange"] == 5
    approve_all(others)
    assert (others.apply().code, others.truth()["quantity"]) == (0, "16")
