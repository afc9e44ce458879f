"""What a plan may not do unless the mapping or the settings say so, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal

ALLOW = 'allow: [{{guard: {}, reason: "sold a branch", until: "{}"}}]\nlines:\n'


def _found(plan: dict[str, Any], severity: str) -> list[str]:
    return sorted(one["code"] for one in plan["findings"] if one["severity"] == severity)


def _planned(place: Rehearsal) -> dict[str, Any]:
    place.observed()
    return place.plan()


@pytest.mark.parametrize(
    ("units", "users", "blocked"),
    [
        pytest.param(25, 20, [], id="exactly 20 %"),
        pytest.param(25, 19, ["quantity-drop"], id="one more"),
        pytest.param(10, 6, [], id="four seats"),
        pytest.param(10, 5, ["quantity-drop"], id="five seats"),
        pytest.param(4, 0, ["quantity-zero"], id="to zero"),
    ],
)
def test_a_drop_is_blocked_from_its_limits_on(tmp_path: Path, units: int, users: int, blocked: list[str]) -> None:
    """The change is shown, and not written; below the limits it is."""
    with rehearsal(tmp_path / "msp", Client(units=units, users=users)) as place:
        plan = _planned(place)
        assert _found(plan, "BLOCK") == blocked
        assert plan["changes"][0]["quantity"] == {"before": str(units), "after": str(users)}
        assert place.apply().code == (4 if blocked else 0)
        assert place.truth()["quantity"] == str(units if blocked else users)


def test_an_allowance_in_the_mapping_lets_a_drop_pass_and_is_told(tmp_path: Path) -> None:
    """By the guard's name, with a reason: the finding stays, as INFO, and the change is clean."""
    with rehearsal(tmp_path / "msp", Client(units=40, users=10)) as place:
        place.mapping("lines:\n", ALLOW.format("quantity-drop", "2999-12-31"))
        plan = _planned(place)
        (told,) = [one for one in plan["findings"] if one["code"] == "quantity-drop"]
        assert told["severity"] == "INFO"
        assert told["text"].endswith("until 2999-12-31: sold a branch")
        assert place.apply().code == 0
        assert place.truth()["quantity"] == "10"


@pytest.mark.parametrize(
    ("today", "blocked"), [("2026-11-20", []), ("2026-11-21", ["quantity-drop"])], ids=["last day", "day after"]
)
def test_an_allowance_lapses_the_day_after_it_ends(tmp_path: Path, today: str, blocked: list[str]) -> None:
    """`until` is the last day it holds."""
    with rehearsal(tmp_path / "msp", Client(units=40, users=10)) as place:
        place.mapping("lines:\n", ALLOW.format("quantity-drop", "2026-11-20"))
        place.today(today)
        place.users(10)
        assert _found(_planned(place), "BLOCK") == blocked


def test_an_allowance_for_another_guard_does_not_help(tmp_path: Path) -> None:
    """A fall to zero is not a drop."""
    with rehearsal(tmp_path / "msp", Client(units=40, users=0)) as place:
        place.mapping("lines:\n", ALLOW.format("quantity-drop", "2999-12-31"))
        assert _found(_planned(place), "BLOCK") == ["quantity-zero"]


def test_an_allowance_on_one_client_is_not_anothers(tmp_path: Path) -> None:
    """The scope is where it is written."""
    clients = Client("Acme Corp", units=40, users=10), Client("Beta Ltd", units=40, users=10)
    with rehearsal(tmp_path / "msp", *clients) as place:
        place.mapping("lines:\n", ALLOW.format("quantity-drop", "2999-12-31"))
        plan = _planned(place)
        assert (_found(plan, "BLOCK"), len(plan["changes"])) == (["quantity-drop"], 2)
        assert place.apply().code == 4
        assert [place.truth(line)["quantity"] for line in place.lines] == ["10", "40"]


@pytest.mark.parametrize(
    ("guards", "blocked"),
    [
        pytest.param("money: {change: '60.00'}", [], id="a line's limit"),
        pytest.param("money: {change: '59.99'}", ["change-money", "change-money"], id="a cent less"),
        pytest.param("money: {plan: '120.00'}", [], id="the plan's limit"),
        pytest.param("money: {plan: '119.99'}", ["plan-money"], id="a cent less of it"),
        pytest.param("changes: {count: 2}", [], id="as many changes"),
        pytest.param("changes: {count: 1}", ["plan-changes"], id="one less"),
        pytest.param("changes: {percent: 100}", [], id="all lines"),
        pytest.param("changes: {percent: 99}", ["plan-changes"], id="not all lines"),
    ],
)
def test_limits_of_the_settings_block_lines_or_the_whole_plan(tmp_path: Path, guards: str, blocked: list[str]) -> None:
    """Two lines, each four seats up: 36.00 of cost and 60.00 of revenue a month."""
    with rehearsal(tmp_path / "msp", Client("Acme Corp"), Client("Beta Ltd")) as place:
        place.settings("guards: {", f"guards: {{{guards}, ")
        plan = _planned(place)
        assert _found(plan, "BLOCK") == blocked
        assert plan["totals"]["plan"]["revenue_change"] == "120.00"
        assert place.apply().code == (4 if blocked else 0)
        assert place.adjustments() == (0 if blocked else 2)


def test_a_unit_cost_that_moves_too_far_is_blocked(tmp_path: Path) -> None:
    """From 6.00 to 9.00 where 10 % are allowed."""
    with rehearsal(tmp_path / "msp", Client(unit_cost="6.00")) as place:
        place.settings("guards: {", "guards: {cost_move: {percent: 10}, ")
        assert _found(_planned(place), "BLOCK") == ["cost-move"]


def test_an_allowance_holds_until_midnight_in_the_billing_time_zone(acme: Rehearsal) -> None:
    """At nine in the evening in New York it is already the 21st in UTC: the last day is not over."""
    allow = "allow: [{guard: usage-zero, reason: moved out, until: 2026-11-20}]\nlines:"
    acme.mapping("lines:", allow)
    acme.observed()
    acme.users(0)
    acme.control("POST", "clock", {"now": "2026-11-21T02:00:00Z"})
    acme.observed()
    assert [one["severity"] for one in acme.plan()["findings"] if one["code"] == "usage-zero"] == ["INFO"]
    acme.control("POST", "clock", {"now": "2026-11-21T05:00:00Z"})
    assert [one["severity"] for one in acme.plan()["findings"] if one["code"] == "usage-zero"] == ["BLOCK"]
