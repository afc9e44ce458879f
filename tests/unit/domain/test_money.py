from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import change, pair

from psarecon.domain.money import CENT, TOLERANCE, Money, cents, monthly, same_cost, total
from psarecon.domain.plan import totals_data

units = st.integers(0, 100_000).map(Decimal)
unit_money = st.decimals(0, 100_000, places=4, allow_nan=False, allow_infinity=False)
amounts = st.decimals(-1_000_000, 1_000_000, places=2, allow_nan=False, allow_infinity=False)
monies = st.builds(Money, *(st.none() | amounts for _ in range(4)))


@pytest.mark.parametrize(
    ("quantity", "unit", "months", "amount"),
    [
        pytest.param("14", "9.00", 1, "126.00", id="plain"),
        pytest.param("1", "0.005", 1, "0.01", id="half a cent goes up"),
        pytest.param("1", "0.0049", 1, "0.00", id="less goes down"),
        pytest.param("3", "4.2500", 1, "12.75", id="four decimals"),
        pytest.param("1", "100.00", 3, "33.33", id="a quarter's price by the month"),
        pytest.param("2", "100.00", 3, "66.67", id="and again"),
        pytest.param("10", "120.00", 12, "100.00", id="a year's"),
        pytest.param("0", "9.00", 1, "0.00", id="nothing"),
    ],
)
def test_a_monthly_amount_is_rounded_half_up_once(quantity: str, unit: str, months: int, amount: str) -> None:
    """The rounding rule, figure by figure."""
    assert str(monthly(Decimal(quantity), Decimal(unit), months)) == amount


def test_an_unknown_unit_has_no_amount() -> None:
    """Hidden is not zero."""
    assert monthly(Decimal(14), None, 1) is None


@given(units, unit_money, st.sampled_from([1, 3, 6, 12]))
def test_rounding_moves_an_amount_by_at_most_half_a_cent(quantity: Decimal, unit: Decimal, months: int) -> None:
    """And leaves exactly two decimals."""
    found = monthly(quantity, unit, months)
    assert found is not None
    assert abs(found * months - quantity * unit) <= CENT / 2 * months
    assert found.as_tuple().exponent == -2


@given(amounts)
def test_rounding_a_rounded_amount_changes_nothing(amount: Decimal) -> None:
    """Once is enough."""
    assert cents(amount) == amount


@given(st.lists(monies, max_size=8))
def test_the_total_moves_by_the_sum_of_what_moves(listed: list[Money]) -> None:
    """What is shown adds up: unknown amounts count as nothing in the sums and in their parts."""
    whole = total(listed)
    assert whole.cost_before == sum((one.cost_before or 0 for one in listed), Decimal(0))
    assert whole.revenue_after == sum((one.revenue_after or 0 for one in listed), Decimal(0))


@given(st.lists(st.builds(Money, amounts, amounts, amounts, amounts), max_size=8))
def test_the_totals_of_a_plan_are_the_sums_of_its_changes(listed: list[Money]) -> None:
    """To the cent, for the plan, and for the only client and PSA."""
    changes = [change(pair(10, 11 + number), money=money) for number, money in enumerate(listed)]
    totals = totals_data(changes, 20)
    cost = sum((one.cost_change for one in listed), Decimal(0))
    margin = sum((one.margin_change for one in listed), Decimal(0))
    assert (totals["lines"], totals["plan"]["changes"]) == (20, len(listed))
    assert Decimal(totals["plan"]["cost_change"]) == cost
    assert Decimal(totals["plan"]["margin_change"]) == margin
    assert list(totals["clients"].values()) == list(totals["psas"].values()) == ([totals["plan"]] if listed else [])


@given(monies)
def test_margin_is_revenue_less_cost_and_weight_the_larger_move(money: Money) -> None:
    """Both follow from the two movements."""
    assert money.margin_change == money.revenue_change - money.cost_change
    assert money.weight == max(abs(money.cost_change), abs(money.revenue_change))


def test_a_move_from_or_to_the_unknown_is_no_move() -> None:
    """A hidden cost moves no money."""
    money = Money(None, Decimal(126), Decimal(150), None)
    assert (money.cost_change, money.revenue_change, money.weight) == (Decimal(0), Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("9.00", "9.0000", True),
        ("9.00", "9.0050", True),
        ("9.00", "9.0051", False),
        ("9.00", "8.9950", True),
        (None, None, True),
        (None, "0.00", False),
    ],
)
def test_costs_within_half_a_cent_are_one_cost(one: str | None, other: str | None, *, same: bool) -> None:
    """The edge itself is no difference yet, and the unknown equals only the unknown."""
    figures = [None if text is None else Decimal(text) for text in (one, other)]
    assert same_cost(figures[0], figures[1]) is same
    assert same_cost(figures[1], figures[0]) is same


@given(unit_money)
def test_a_cost_is_the_same_up_to_the_tolerance_and_no_further(cost: Decimal) -> None:
    """The tolerance is exact on both sides."""
    step = Decimal("0.0001")
    assert same_cost(cost, cost + TOLERANCE)
    assert same_cost(cost, cost - TOLERANCE)
    assert not same_cost(cost, cost + TOLERANCE + step)
    assert not same_cost(cost, cost - TOLERANCE - step)
