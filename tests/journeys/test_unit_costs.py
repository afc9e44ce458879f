"""Unit costs that are no figure of the settings: JumpCloud's price, and tiers by volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import findings, marks, observed_plan, only_change


def priced(found: Rehearsal, rule: str) -> None:
    """Let the product's unit cost be told by a rule."""
    found.settings('unit_cost: "9.00"', f"unit_cost: {rule}")


def price(found: Rehearsal, figure: int | None, organization: int = 0) -> None:
    """What JumpCloud's entitlement says a user costs."""
    found.edit(organization=found.organizations[organization], price_per_user=figure)


def costs(plan: dict[str, Any]) -> list[dict[str, str] | None]:
    """The unit costs of the plan's changes, in the order of lines."""
    return [change["unit_cost"] for change in plan["changes"]]


@pytest.mark.parametrize(
    ("unit", "figure", "after"), [("cents", 850, "8.50"), ("dollars", 8, "8.00"), ("cents", 1, "0.01")]
)
def test_the_sources_price_is_taken_in_the_unit_the_settings_say(
    acme: Rehearsal, unit: str, figure: int, after: str
) -> None:
    """850 cents are 8.50; nothing in the figure itself tells."""
    priced(acme, f"{{from: source, unit: {unit}}}")
    price(acme, figure)
    change = only_change(observed_plan(acme))
    assert (change["unit_cost"]["after"], change["wanted_cost"]) == (after, after)


def test_a_price_above_at_most_is_not_believed(acme: Rehearsal) -> None:
    """Dollars said where cents were meant: 850.00 a user is looked at, and the cost is left alone."""
    priced(acme, '{from: source, unit: dollars, at_most: "20.00"}')
    price(acme, 850)
    plan = observed_plan(acme)
    assert (only_change(plan)["unit_cost"], marks(plan)) == (None, {("LOOK", "source-cost-limit")})
    assert "850" in findings(plan, "source-cost-limit")[0]["text"]


@pytest.mark.parametrize("figure", [None, 0])
def test_a_price_that_is_missing_or_zero_is_never_written(acme: Rehearsal, figure: int | None) -> None:
    """Nobody knows whether JumpCloud fills it: the quantity goes on, the cost stays."""
    priced(acme, "{from: source, unit: cents}")
    price(acme, figure)
    plan = observed_plan(acme)
    assert (only_change(plan)["unit_cost"], marks(plan)) == (None, {("INFO", "source-cost-unknown")})


def test_a_price_of_another_product_is_not_taken(acme: Rehearsal) -> None:
    """``code`` says which of the source's products is meant."""
    priced(acme, "{from: source, unit: cents, code: SOMETHING-ELSE}")
    price(acme, 850)
    plan = observed_plan(acme)
    assert (only_change(plan)["unit_cost"], marks(plan)) == (None, {("INFO", "source-cost-unknown")})
    assert "it has: JUMPCLOUD_PLATFORM" in findings(plan, "source-cost-unknown")[0]["text"]


def test_a_lines_own_cost_wins_over_the_sources(tmp_path: Path) -> None:
    """8.50 for one client by the source, 7.00 for the other by its line."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd", extra={"unit_cost": "7.00"})) as found:
        priced(found, "{from: source, unit: cents}")
        price(found, 850)
        price(found, 850, organization=1)
        assert [cost and cost["after"] for cost in costs(observed_plan(found))] == ["8.50", "7.00"]


def test_prices_are_read_only_where_a_product_wants_them(acme: Rehearsal) -> None:
    """One request more for each mapped organization, and none where the cost is a figure."""
    acme.observed()
    path = f"/api/organizations/{acme.organizations[0]}"
    assert acme.requests("GET", path) == []
    priced(acme, "{from: source, unit: cents}")
    acme.observed()
    assert len(acme.requests("GET", path)) == 1


def test_a_price_that_cannot_be_read_costs_no_sample(acme: Rehearsal) -> None:
    """The count is worth more than the price."""
    priced(acme, "{from: source, unit: cents}")
    price(acme, 850)
    acme.fault("status", "jumpcloud", status=403, path="/api/organizations/", times=None)
    plan = observed_plan(acme)
    assert (only_change(plan)["quantity"], only_change(plan)["unit_cost"]) == ({"before": "10", "after": "14"}, None)


TIERS = '{tiers: [{from: 1, cost: "9.00"}, {from: 25, cost: "8.25"}, {from: 100, cost: "7.50"}]}'


@pytest.mark.parametrize(
    ("users", "after"), [((10, 14), "9.00"), ((11, 14), "8.25"), ((14, 85), "8.25"), ((15, 85), "7.50")]
)
def test_the_tier_is_chosen_by_the_products_seats_of_all_lines(
    tmp_path: Path, users: tuple[int, int], after: str
) -> None:
    """24 seats are below the second tier, 25 reach it; 99 and 100 likewise."""
    clients = [Client(f"Client {number}", users=count, unit_cost="1.00") for number, count in enumerate(users)]
    with rehearsal(tmp_path / "msp", *clients) as found:
        priced(found, TIERS)
        assert [cost and cost["after"] for cost in costs(observed_plan(found))] == [after, after]


def test_the_clients_terms_do_not_move_the_tier(tmp_path: Path) -> None:
    """The vendor counts seats used, not the minimum a client pays for."""
    with rehearsal(tmp_path / "msp", Client(extra={"minimum": 200}, unit_cost="1.00")) as found:
        priced(found, TIERS)
        change = only_change(observed_plan(found))
        assert (change["quantity"]["after"], change["unit_cost"]["after"]) == ("200", "9.00")


def test_with_seats_unknown_no_tier_is_chosen(tmp_path: Path) -> None:
    """One organization without a sample: the sum would be too small, so every cost is left alone."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd", users=30)) as found:
        priced(found, TIERS)
        found.fault("organization_error", "jumpcloud", organization=found.organizations[1], times=None)
        assert found.run("observe").code == 6
        plan = found.plan()
        assert costs(plan) == [None]
        (finding,) = findings(plan, "tier-unknown")
        assert (finding["severity"], finding["scope"]) == ("INFO", "plan")
        assert "the seats of 1 of 2 lines are not known" in finding["text"]


def test_a_cost_by_rule_settles_after_it_was_written(acme: Rehearsal) -> None:
    """Written once; the second plan is empty, and a moved price is told as the cause."""
    priced(acme, "{from: source, unit: cents}")
    price(acme, 850)
    observed_plan(acme)
    assert acme.apply().out == "1 verified\n"
    assert acme.truth()["unit_cost"] == "8.50"
    assert acme.plan()["changes"] == []
    price(acme, 800)
    change = only_change(observed_plan(acme))
    assert (change["quantity"], change["unit_cost"]["after"], change["causes"]) == (None, "8.00", ["cost"])
