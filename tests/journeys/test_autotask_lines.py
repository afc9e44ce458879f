"""Whether a line is the one the mapping means, and what of it may be written."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import approve_all, autotask_setting, body_of, findings, marks, observed_plan, only_change

BEFORE_AND_AFTER = {"before": Decimal("8.50"), "after": Decimal("9.00")}


@pytest.fixture
def inactive(tmp_path: Path) -> Iterator[Rehearsal]:
    """A line on a contract that was set inactive; it goes on billing."""
    with rehearsal(tmp_path / "msp", Client(status=0)) as found:
        yield found


@pytest.fixture
def cheaper(tmp_path: Path) -> Iterator[Rehearsal]:
    """Fourteen units as wanted, at 8.50 where 9.00 is wanted."""
    with rehearsal(tmp_path / "msp", Client(units=14, unit_cost="8.50")) as found:
        yield found


def test_the_plan_shows_the_cost_of_a_unit_not_of_the_period(cheaper: Rehearsal) -> None:
    """Fourteen at 8.50 make a row of 119.00; the plan says 8.50 before and 9.00 after."""
    change = only_change(observed_plan(cheaper))
    assert {key: Decimal(value) for key, value in change["unit_cost"].items()} == BEFORE_AND_AFTER
    assert change["money"]["monthly_cost"] == {"before": "119.00", "after": "126.00"}


def test_the_cost_of_a_unit_can_be_worked_out_from_the_periods_amount(cheaper: Rehearsal) -> None:
    """With ``cost_from: periods`` the row's 119.00 for fourteen units is 8.50 a unit as well."""
    autotask_setting(cheaper, "cost_from: periods")
    change = only_change(observed_plan(cheaper))
    assert {key: Decimal(value) for key, value in change["unit_cost"].items()} == BEFORE_AND_AFTER
    assert (cheaper.apply().code, cheaper.truth()["unit_cost"]) == (0, "9.00")


def test_a_cost_alone_is_written_with_no_change_of_units(cheaper: Rehearsal) -> None:
    """An adjustment of 0 units with the new cost, verified; the units stay."""
    change = only_change(observed_plan(cheaper))
    body = body_of(change)
    assert (change["quantity"], body["unitChange"], body["adjustedUnitCost"]) == (None, 0, Decimal("9.00"))
    assert (cheaper.apply().code, cheaper.adjustments()) == (0, 1)
    assert (cheaper.truth()["quantity"], cheaper.truth()["unit_cost"]) == ("14", "9.00")


def test_a_hidden_cost_is_unknown_and_left_alone_while_the_quantity_moves(tmp_path: Path) -> None:
    """Where the API user may not see costs there is no cost change from 0; the quantity is written and verified."""
    with rehearsal(tmp_path / "msp", Client(unit_cost="8.50")) as found:
        found.fault("hide_costs", times=None)
        plan = observed_plan(found)
        change = only_change(plan)
        assert (change["unit_cost"], change["live"]["unit_cost"], "adjustedUnitCost" in body_of(change)) == (
            None,
            None,
            False,
        )
        assert marks(plan) == {("INFO", "cost-unknown")}
        assert found.apply().code == 0
        assert (found.truth()["quantity"], found.truth()["unit_cost"]) == ("14", "8.50")


def test_a_hidden_cost_alone_is_no_change(cheaper: Rehearsal) -> None:
    """The units are right and the cost cannot be seen: nothing to do, and it is said."""
    cheaper.fault("hide_costs", times=None)
    plan = observed_plan(cheaper)
    assert (plan["changes"], marks(plan)) == ([], {("INFO", "cost-unknown")})


def test_an_inactive_contract_that_still_bills_is_reported_and_not_written_by_itself(inactive: Rehearsal) -> None:
    """Planned with a LOOK; ``apply --approve-clean`` leaves it and says so with exit 4."""
    plan = observed_plan(inactive)
    assert (only_change(plan)["quantity"]["after"], marks(plan)) == ("14", {("LOOK", "contract-inactive")})
    ran = inactive.apply()
    assert (ran.code, ran.out, inactive.truth()["writes"]) == (4, "1 open\n", 0)


def test_an_inactive_contract_is_written_once_a_person_approves(inactive: Rehearsal) -> None:
    """A named decision lets the same change through, and the journal keeps its reason."""
    observed_plan(inactive)
    approve_all(inactive)
    ran = inactive.apply()
    assert (ran.code, ran.out) == (0, "1 verified\n")
    assert (inactive.truth()["quantity"], inactive.truth()["writes"]) == ("14", 1)
    assert inactive.log()[0]["detail"]["decision"]["reason"] == "seen"


def test_company_zero_is_a_company_like_any_other(tmp_path: Path) -> None:
    """Id 0 is the provider's own company: planned, written, verified."""
    with rehearsal(tmp_path / "msp", Client(company=0)) as found:
        plan = observed_plan(found)
        assert (only_change(plan)["line"]["company"], marks(plan)) == ("0", set())
        assert (found.apply().code, found.truth()["quantity"]) == (0, "14")


def test_company_zero_in_the_mapping_is_not_taken_for_unset(acme: Rehearsal) -> None:
    """The mapping says 0 where the contract belongs to 174: blocked."""
    acme.mapping("company: {id: 174", "company: {id: 0")
    assert ("BLOCK", "company-differs") in marks(observed_plan(acme))


def test_a_contract_of_another_company_blocks_the_line(acme: Rehearsal) -> None:
    """The mapping says company 175, Autotask says 174: nothing may be written."""
    acme.mapping("company: {id: 174", "company: {id: 175")
    plan = observed_plan(acme)
    assert plan["changes"] == []
    assert findings(plan, "company-differs")[0]["severity"] == "BLOCK"
    assert "company 175" in findings(plan, "company-differs")[0]["text"]
    assert "174" in findings(plan, "company-differs")[0]["text"]


def test_a_line_of_another_contract_blocks_the_line(tmp_path: Path) -> None:
    """The mapping ties Acme's line to Beta's contract: that line is blocked, Beta's own goes on."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd")) as found:
        found.mapping("contract: {id: 29683353", "contract: {id: 29683354")
        plan = observed_plan(found)
        assert [change["line"]["id"] for change in plan["changes"]] == [found.lines[1]]
        blocks = findings(plan, "contract-differs")
        assert [(one["severity"], one["scope"]) for one in blocks] == [("BLOCK", f"line:autotask/{found.lines[0]}")]


def test_a_line_that_is_not_there_blocks_itself_alone(tmp_path: Path) -> None:
    """Acme's contract service was deleted: blocked as missing, Beta's line is planned."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd")) as found:
        found.edit(line=found.lines[0], delete=True)
        plan = observed_plan(found)
        assert [change["line"]["id"] for change in plan["changes"]] == [found.lines[1]]
        assert [one["severity"] for one in findings(plan, "line-missing")] == ["BLOCK"]


@pytest.mark.parametrize("what", ["company", "contract", "service"])
def test_a_name_that_differs_asks_for_a_look(acme: Rehearsal, what: str) -> None:
    """Renamed in Autotask: the change is planned, but not without a person."""
    acme.edit(**{what: {"company": "174", "contract": "29683353", "service": "301"}[what], "name": "Something else"})
    plan = observed_plan(acme)
    only_change(plan)
    assert marks(plan) == {("LOOK", "name-differs")}
    assert "'Something else'" in findings(plan, "name-differs")[0]["text"]
    assert acme.apply().code == 4
