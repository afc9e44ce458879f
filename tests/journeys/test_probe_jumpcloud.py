"""`probe --jumpcloud-price`: what JumpCloud's prices are in, by reading alone; products that leave their unit out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Rehearsal
from journeys.probe_steps import answers, autotask_tenant

FROM_SOURCE = "unit_cost: {from: source}"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Rehearsal]:
    """A provider whose organization has a pricePerUser of 900."""
    with autotask_tenant(tmp_path / "msp") as found:
        yield found


@pytest.mark.parametrize(("price", "unit"), [("9.00", "cents"), ("900", "dollars"), ("8.50", None), ("90", None)])
def test_the_operators_price_tells_the_unit(provider: Rehearsal, price: str, unit: str | None) -> None:
    """900 is nine dollars in cents, or nine hundred; beside any other price it tells nothing. Nothing is written."""
    ran = provider.run("probe", "--jumpcloud-price", price)
    assert ran.code == 0, ran.err
    assert answers(provider, "sources", "jumpcloud").get("price_unit") == unit
    assert {one["method"] for one in provider.requests()} == {"GET"}


@pytest.mark.parametrize("rule", ["present", "absent"])
def test_the_undocumented_figures_are_there_or_not(provider: Rehearsal, rule: str) -> None:
    """By the list that is read for them."""
    provider.rule(jc_figures=rule)
    assert provider.run("probe", "--jumpcloud-price", "9.00").code == 0
    assert answers(provider, "sources", "jumpcloud")["figures"] == rule


def test_a_product_may_leave_its_unit_to_the_file(provider: Rehearsal) -> None:
    """Without the file `check` refuses it; with it, 900 cents are a cost of 9.00."""
    provider.settings('unit_cost: "9.00"', FROM_SOURCE)
    ran = provider.run("check")
    assert ran.code == 3
    assert "unit_cost needs unit: what the source's price is in" in ran.err
    provider.settings(FROM_SOURCE, 'unit_cost: "9.00"')
    assert provider.run("probe", "--jumpcloud-price", "9.00").code == 0
    provider.settings('unit_cost: "9.00"', FROM_SOURCE)
    provider.edit(line=provider.lines[0], unit_cost="8.00")
    provider.observed()
    assert provider.plan()["changes"][0]["unit_cost"] == {"before": "8.00", "after": "9.00"}


def test_a_unit_that_is_of_another_provider_is_not_used(provider: Rehearsal) -> None:
    """No price is believed: the cost is left alone, and a finding says so."""
    assert provider.run("probe", "--jumpcloud-price", "9.00").code == 0
    provider.settings('unit_cost: "9.00"', FROM_SOURCE)
    path = provider.directory / "capabilities.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('tenant: "', 'tenant: "another-'), encoding="utf-8")
    provider.observed()
    plan = provider.plan()
    assert plan["changes"][0]["unit_cost"] is None
    assert "source-cost-unknown" in {one["code"] for one in plan["findings"]}


def test_a_unit_that_disagrees_with_the_file_is_a_warning(provider: Rehearsal) -> None:
    """The settings win, and `check` says so."""
    assert provider.run("probe", "--jumpcloud-price", "9.00").code == 0
    provider.settings('unit_cost: "9.00"', "unit_cost: {from: source, unit: dollars}")
    ran = provider.run("check")
    assert ran.code == 0
    assert "unit is dollars, and wins; capabilities.yaml has price_unit: cents, found on 2026-11-20" in ran.err
