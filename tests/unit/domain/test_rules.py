from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import NOW, binding, sample, usage_of

from psarecon.domain.model import QuantityRule, Terms, Usage
from psarecon.domain.rules import NoUsage, rule_digest, wanted_quantity

terms = st.builds(
    Terms,
    non_billable=st.integers(0, 50),
    multiple_of=st.integers(1, 12),
    committed=st.integers(0, 200),
    minimum=st.integers(0, 200),
    maximum=st.none() | st.integers(0, 400),
)
counts = st.integers(0, 1000)


def _quantity(count: int, what: Terms) -> int:
    return int(wanted_quantity(binding(terms=what), usage_of(count)).quantity)


@pytest.mark.parametrize(
    ("count", "what", "steps"),
    [
        pytest.param(47, Terms(), [("high-water-mark", "47")], id="usage alone"),
        pytest.param(
            47, Terms(non_billable=3), [("high-water-mark", "47"), ("non_billable", "44")], id="ours are free"
        ),
        pytest.param(2, Terms(non_billable=3), [("high-water-mark", "2"), ("non_billable", "0")], id="never below 0"),
        pytest.param(41, Terms(multiple_of=5), [("high-water-mark", "41"), ("multiple_of", "45")], id="rounded up"),
        pytest.param(
            45, Terms(multiple_of=5), [("high-water-mark", "45")], id="a step that changes nothing is not told"
        ),
        pytest.param(0, Terms(minimum=10), [("high-water-mark", "0"), ("minimum", "10")], id="at least"),
        pytest.param(60, Terms(maximum=50), [("high-water-mark", "60"), ("maximum", "50")], id="at most"),
        pytest.param(
            47,
            Terms(non_billable=3, multiple_of=5, committed=50, minimum=60, maximum=55),
            [
                ("high-water-mark", "47"),
                ("non_billable", "44"),
                ("multiple_of", "45"),
                ("committed", "50"),
                ("minimum", "60"),
                ("maximum", "55"),
            ],
            id="all of them, in their order",
        ),
    ],
)
def test_each_term_is_a_step_in_the_documented_order(count: int, what: Terms, steps: list[tuple[str, str]]) -> None:
    """The reviewer sees every step that moved the figure, and the last one is the quantity."""
    found = wanted_quantity(binding(terms=what), usage_of(count))
    assert list(found.steps) == steps
    assert str(found.quantity) == steps[-1][1]


@given(counts, terms)
def test_a_quantity_is_never_above_the_maximum(count: int, what: Terms) -> None:
    """Whatever else is promised: the maximum is the last word."""
    assert what.maximum is None or _quantity(count, what) <= what.maximum


@given(counts, terms)
def test_a_quantity_is_never_below_minimum_or_commitment_unless_the_maximum_is(count: int, what: Terms) -> None:
    """A client pays for what was promised."""
    floor = max(what.minimum, what.committed)
    assert _quantity(count, what) >= (floor if what.maximum is None else min(floor, what.maximum))


@given(counts, counts, terms)
def test_more_users_never_make_a_lower_quantity(one: int, other: int, what: Terms) -> None:
    """The rules are monotone in the usage."""
    low, high = sorted((one, other))
    assert _quantity(low, what) <= _quantity(high, what)


@given(counts, terms)
def test_seats_are_rounded_up_by_less_than_one_step(count: int, what: Terms) -> None:
    """Rounding alone: a multiple, not below the billable users, and less than a whole step above them."""
    alone = Terms(non_billable=what.non_billable, multiple_of=what.multiple_of)
    billable, quantity = max(0, count - what.non_billable), _quantity(count, alone)
    assert quantity % what.multiple_of == 0
    assert billable <= quantity < billable + what.multiple_of


def test_the_high_water_mark_rests_on_the_peak_and_current_on_the_last_sample() -> None:
    """The same month, two products: 52 and 47, each with its evidence."""
    usage = replace(usage_of(52, last=47), last=sample(47, NOW + timedelta(hours=1)))
    mark = wanted_quantity(binding(QuantityRule.HIGH_WATER_MARK), usage)
    current = wanted_quantity(binding(QuantityRule.CURRENT), usage)
    assert (mark.quantity, current.quantity) == (Decimal(52), Decimal(47))
    assert [(one.role, one.count, one.taken_at) for one in mark.evidence] == [("high-water-mark", 52, NOW)]
    assert [(one.role, one.count) for one in current.evidence] == [("current", 47)]


def test_a_fixed_quantity_needs_no_usage_and_has_no_evidence() -> None:
    """What is written is what is billed."""
    found = wanted_quantity(binding(QuantityRule.FIXED, Terms(fixed=25)), None)
    assert (found.quantity, found.usage, found.evidence) == (Decimal(25), None, ())


@pytest.mark.parametrize("usage", [None, Usage("2026-11"), Usage("2026-11", latest=sample(52))])
def test_a_month_without_a_sample_gives_no_quantity(usage: Usage | None) -> None:
    """A figure of another month is not a figure of this one."""
    with pytest.raises(NoUsage):
        wanted_quantity(binding(), usage)


def test_zero_users_is_a_figure_and_not_a_missing_one() -> None:
    """0 is what was counted; the guards judge it."""
    assert wanted_quantity(binding(), usage_of(0)).quantity == 0


@given(terms, terms)
def test_the_rule_digest_moves_with_every_term(one: Terms, other: Terms) -> None:
    """Two mappings have one digest only when they say the same."""
    same = rule_digest(binding(terms=one)) == rule_digest(binding(terms=other))
    assert same == (one == other)


def test_the_rule_digest_tells_rule_and_organization_and_not_the_cost() -> None:
    """A changed cost is a cause of its own."""
    usual = rule_digest(binding())
    assert rule_digest(binding(QuantityRule.CURRENT)) != usual
    assert rule_digest(binding(organization="org-2")) != usual
    assert rule_digest(binding(unit_cost="8.00")) == usual
