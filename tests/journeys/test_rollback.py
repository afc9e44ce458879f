"""A run is taken back: a plan of its opposite, reviewed and applied like any other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import Data, approve_all, autotask_setting, findings, marks, observed_plan, only_change
from journeys.connectwise_steps import CwClient, connectwise


def rollback(place: Rehearsal, run: str | None = None) -> Data:
    """The plan that takes a run back (default: the journal's last), saved where plans are."""
    ran = place.run("rollback", run or last_run(place), "-o", str(place.plan_file), "--format", "json")
    assert ran.code == 0, ran.err
    return plan_data(place)


def plan_data(place: Rehearsal) -> Data:
    """The saved plan."""
    found: Data = json.loads(place.plan_file.read_bytes())
    return found


def last_run(place: Rehearsal) -> str:
    """The run that wrote to the journal last."""
    run: str = place.log()[-1]["run"]
    return run


def applied(place: Rehearsal) -> str:
    """Observe, plan, apply; the run."""
    observed_plan(place)
    assert place.apply().code == 0
    return last_run(place)


def figures(place: Rehearsal, line: str | None = None) -> tuple[Any, Any, Any]:
    """Quantity, unit cost and writes of a line, as the sandbox has them."""
    truth = place.truth(line)
    return truth["quantity"], truth["unit_cost"], truth["writes"]


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients: more users, fewer users, another unit cost."""
    clients = (Client("More"), Client("Fewer", units=14, users=12), Client("Dearer", users=10, unit_cost="8.50"))
    with rehearsal(tmp_path / "msp", *clients) as found:
        yield found


def test_a_run_that_is_taken_back_leaves_every_line_as_it_was_before(three: Rehearsal) -> None:
    """Quantities and unit costs, each by one write more; a second rollback of the run finds every line moved on."""
    before = [figures(three, line)[:2] for line in three.lines]
    run = applied(three)
    assert [figures(three, line)[2] for line in three.lines] == [1, 1, 1]
    plan = rollback(three)
    assert {tuple(change["causes"]) for change in plan["changes"]} == {("rollback",)}
    assert [one["text"] for one in findings(plan, "rollback")] == [f"takes back run {run}: 3 of the 3 lines it wrote"]
    assert three.apply().out == "3 verified\n"
    assert [figures(three, line) for line in three.lines] == [(*one, 2) for one in before]
    again = rollback(three, run)
    assert (again["changes"], len(findings(again, "moved-on"))) == ([], 3)


def test_in_connectwise_both_figures_come_back_in_one_patch(tmp_path: Path) -> None:
    """Fourteen at 9.00 were written over ten at 8.50."""
    with connectwise(tmp_path / "msp", CwClient(unit_cost="8.50")) as place:
        applied(place)
        assert figures(place) == ("14", "9.00", 1)
        change = only_change(rollback(place))
        assert (change["quantity"], change["unit_cost"]) == (
            {"before": "14", "after": "10"},
            {"before": "9.00", "after": "8.50"},
        )
        assert place.apply().code == 0
        assert figures(place) == ("10", "8.50", 2)


def test_what_was_taken_back_is_not_written_again_without_a_person(three: Rehearsal) -> None:
    """The night after: usage still asks for it, the plan says so, and --approve-clean leaves it alone."""
    applied(three)
    rollback(three)
    assert three.apply().code == 0
    plan = observed_plan(three)
    assert {tuple(change["causes"]) for change in plan["changes"]} == {("rolled-back",)}
    assert marks(plan) == {("LOOK", "rolled-back")}
    assert (three.apply().code, [figures(three, line)[2] for line in three.lines]) == (4, [2, 2, 2])
    approve_all(three)
    assert three.apply().code == 0
    assert [figures(three, line)[2] for line in three.lines] == [3, 3, 3]
    assert three.plan()["changes"] == []


def test_a_line_that_somebody_changed_since_is_told_and_left_alone(three: Rehearsal) -> None:
    """Sixteen now, which are not the fourteen that the run left."""
    run = applied(three)
    three.edit(line=three.lines[0], units_change=2)
    plan = rollback(three)
    assert [change["line"]["id"] for change in plan["changes"]] == three.lines[1:]
    (moved,) = findings(plan, "moved-on")
    assert (moved["severity"], moved["scope"]) == ("LOOK", f"line:autotask/{three.lines[0]}")
    assert moved["text"] == f"run {run} left 14, the line now is 16: it is not taken back"
    assert three.apply().code == 0
    assert figures(three)[0] == "16"


def test_an_increase_in_a_period_across_two_months_is_taken_back_from_its_own_date(tmp_path: Path) -> None:
    """A decrease would wait for 15 December; this one undoes what was put on 15 November."""
    with rehearsal(tmp_path / "msp", Client(start=date(2025, 1, 15))) as place:
        applied(place)
        change = only_change(rollback(place))
        assert (change["effective_date"], change["quantity"]) == ("2026-11-15", {"before": "14", "after": "10"})
        assert place.apply().code == 0
        assert figures(place)[0] == "10"


def test_a_decrease_that_still_waits_is_taken_back_where_it_waits(tmp_path: Path) -> None:
    """Ten from 15 December were written; fourteen stand there again, and today was never touched."""
    with rehearsal(tmp_path / "msp", Client(units=14, users=10, start=date(2025, 1, 15))) as place:
        applied(place)
        change = only_change(rollback(place))
        assert (change["effective_date"], change["quantity"]) == ("2026-12-15", {"before": "10", "after": "14"})
        assert place.apply().code == 0
        place.today("2026-12-15")
        assert figures(place)[0] == "14"


def test_guards_hold_for_a_rollback_too(tmp_path: Path) -> None:
    """From twenty back to ten is a drop of half: blocked, until the mapping allows it by name."""
    with rehearsal(tmp_path / "msp", Client(users=20)) as place:
        applied(place)
        assert [one["severity"] for one in findings(rollback(place), "quantity-drop")] == ["BLOCK"]
        assert (place.apply().code, figures(place)[0]) == (4, "20")
        place.mapping(
            "lines:",
            "allow: [{guard: quantity-drop, reason: a wrong count, until: 2026-11-30}]\nlines:",
        )
        rollback(place, place.log()[0]["run"])
        assert (place.apply().code, figures(place)[0]) == (0, "10")


def test_a_line_that_left_the_mapping_can_be_taken_back(three: Rehearsal) -> None:
    """The journal knows which line it was."""
    applied(three)
    min((three.directory / "clients").glob("*.yaml")).unlink()
    assert len(rollback(three)["changes"]) == 3
    assert three.apply().out == "3 verified\n"


def test_a_tenant_that_replaces_adjustments_gets_the_step_from_before_the_first(tmp_path: Path) -> None:
    """A second adjustment of the date takes the first away: none at all leaves ten."""
    with rehearsal(tmp_path / "msp") as place:
        place.rule(same_date="replaces")
        autotask_setting(place, "same_date: replaces")
        applied(place)
        change = only_change(rollback(place))
        assert change["quantity"] == {"before": "14", "after": "10"}
        assert place.apply().code == 0
        assert figures(place)[0] == "10"


@pytest.mark.parametrize("run", ["nothing-like-it", "2"])
def test_a_run_that_is_not_one_run_is_invalid_input(three: Rehearsal, run: str) -> None:
    """None begins so, or two do."""
    applied(three)
    three.users(17)
    three.observed()
    three.plan()
    assert three.apply().code == 0
    ran = three.run("rollback", run)
    assert (ran.code, f"error: run '{run}': " in ran.err) == (3, True)


def test_a_rollback_writes_nothing_itself(three: Rehearsal) -> None:
    """Only apply writes."""
    applied(three)
    three.forget_requests()
    rollback(three)
    assert three.adjustments() == 0


def test_a_decrease_that_waits_is_taken_back_with_the_cost_that_waits_with_it(tmp_path: Path) -> None:
    """Ten at 9.00 from 15 December were written in one adjustment; fourteen at 8.50 stand there again."""
    with rehearsal(tmp_path / "msp", Client(units=14, users=10, unit_cost="8.50", start=date(2025, 1, 15))) as place:
        applied(place)
        change = only_change(rollback(place))
        assert (change["effective_date"], change["quantity"]) == ("2026-12-15", {"before": "10", "after": "14"})
        assert place.apply().code == 0
        place.today("2026-12-15")
        assert figures(place) == ("14", "8.50", 2)
