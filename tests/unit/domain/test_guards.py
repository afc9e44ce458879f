from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import NOW, TODAY, allowance, binding, change, pair, sample, usage_of

from psarecon.domain.guards import Limits, blocked, change_findings, missing_days, plan_findings, usage_findings
from psarecon.domain.model import Allowance, Finding, Severity, Usage
from psarecon.domain.money import Money


def _codes(before: int, after: int, limits: Limits | None = None) -> list[str]:
    found = change_findings(change(pair(before, after)), binding(), TODAY, limits or Limits())
    return [finding.code for finding in found if finding.severity is Severity.BLOCK]


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        pytest.param(25, 20, [], id="exactly 20 %"),
        pytest.param(25, 19, ["quantity-drop"], id="a seat more"),
        pytest.param(24, 19, ["quantity-drop"], id="exactly 5 seats, above 20 %"),
        pytest.param(10, 6, [], id="60 % and only 4 seats"),
        pytest.param(10, 5, ["quantity-drop"], id="5 seats"),
        pytest.param(1000, 800, [], id="200 seats are 20 %"),
        pytest.param(3, 0, ["quantity-zero"], id="zero has its own guard, however few"),
        pytest.param(0, 0, [], id="zero stays"),
        pytest.param(10, 100, [], id="a rise is never a drop"),
    ],
)
def test_a_drop_is_blocked_above_the_percentage_and_from_the_least_number(
    before: int, after: int, codes: list[str]
) -> None:
    """Both edges are exact: 20 % and 5 seats by default."""
    assert _codes(before, after) == codes


def test_without_the_zero_guard_a_fall_to_zero_is_a_drop() -> None:
    """Switching one guard off does not open the other."""
    assert _codes(40, 0, Limits(zero=False)) == ["quantity-drop"]
    assert _codes(4, 0, Limits(zero=False)) == []


limits = st.builds(
    Limits,
    drop_percent=st.integers(0, 100).map(Decimal),
    drop_at_least=st.integers(0, 50),
    zero=st.booleans(),
    money_change=st.none() | st.integers(0, 500).map(Decimal),
)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), limits)
def test_a_bigger_drop_never_passes_where_a_smaller_one_is_blocked(
    before: int, one: int, other: int, what: Limits
) -> None:
    """The guards on quantity are monotone in the drop."""
    smaller, bigger = before - min(before, one, other), before - min(before, max(one, other))
    quantity_only = replace(what, money_change=None)
    assert not (_codes(before, smaller, quantity_only) and not _codes(before, bigger, quantity_only))


@given(st.integers(0, 500), st.integers(0, 500), limits)
def test_a_rise_is_never_blocked_by_a_quantity_guard(before: int, more: int, what: Limits) -> None:
    """Only money may speak against more seats."""
    assert _codes(before, before + more, replace(what, money_change=None)) == []


@pytest.mark.parametrize(
    ("after", "limit", "codes"),
    [("126.00", "36.00", []), ("126.01", "36.00", ["change-money"]), ("53.99", "36.00", ["change-money"])],
)
def test_a_line_may_move_as_much_money_as_the_limit_and_no_cent_more(after: str, limit: str, codes: list[str]) -> None:
    """Up or down, the larger of cost and revenue counts."""
    money = Money(Decimal("90.00"), Decimal(after), Decimal("90.00"), Decimal("90.00"))
    found = change_findings(change(pair(10, 14), money=money), binding(), TODAY, Limits(money_change=Decimal(limit)))
    assert [one.code for one in found] == codes


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        ("10.00", "11.00", []),
        ("10.00", "11.0001", ["cost-move"]),
        ("10.00", "9.00", []),
        ("10.00", "8.9999", ["cost-move"]),
        ("0.00", "9.00", ["cost-move"]),
    ],
)
def test_a_unit_cost_may_move_by_the_percentage_and_no_further(before: str, after: str, codes: list[str]) -> None:
    """Ten per cent of the cost before, both ways; from nothing, any cost is too far."""
    moved = change(unit_cost=pair(before, after))
    found = change_findings(moved, binding(), TODAY, Limits(cost_move_percent=Decimal(10)))
    assert [one.code for one in found] == codes


def test_a_plan_may_hold_as_many_changes_as_the_limits_and_not_one_more() -> None:
    """By number and in percent of all lines."""
    changes = [change(pair(10, 11 + number)) for number in range(4)]
    assert list(plan_findings(changes, 8, Limits(changes_count=4, changes_percent=Decimal(50)))) == []
    by_count = list(plan_findings(changes, 8, Limits(changes_count=3)))
    by_share = list(plan_findings(changes, 7, Limits(changes_percent=Decimal(50))))
    assert [(one.code, one.scope) for one in (*by_count, *by_share)] == [("plan-changes", "plan")] * 2
    assert blocked(by_count)
    assert "4 changes, the limit is 3" in by_count[0].text


def test_a_plan_may_move_as_much_money_as_the_limit_and_no_cent_more() -> None:
    """Moves up and down cancel each other: it is the sum that is billed."""
    up = Money(Decimal(0), Decimal(100), Decimal(0), Decimal(0))
    down = Money(Decimal(40), Decimal(0), Decimal(0), Decimal(0))
    changes = [change(pair(10, 11), money=up), change(pair(10, 12), money=down)]
    assert list(plan_findings(changes, 2, Limits(money_plan=Decimal("60.00")))) == []
    over = list(plan_findings(changes, 2, Limits(money_plan=Decimal("59.99"))))
    assert [(one.code, one.severity) for one in over] == [("plan-money", Severity.BLOCK)]


@pytest.mark.parametrize(
    ("guard", "until", "severity"),
    [
        pytest.param("quantity-drop", TODAY, Severity.INFO, id="its last day"),
        pytest.param("quantity-drop", TODAY - timedelta(days=1), Severity.BLOCK, id="the day after"),
        pytest.param("quantity-drop", date(2999, 1, 1), Severity.INFO, id="long before"),
        pytest.param("quantity-zero", TODAY, Severity.BLOCK, id="another guard's"),
    ],
)
def test_an_allowance_holds_for_its_guard_through_its_last_day(guard: str, until: date, severity: Severity) -> None:
    """The finding stays, with who allowed it and why."""
    allowed = binding(allow=[allowance(guard, until)])
    (found,) = change_findings(change(pair(40, 10)), allowed, TODAY, Limits())
    assert (found.code, found.severity) == ("quantity-drop", severity)
    said = f"clients/acme.yaml:6 until {until}: the client sold a branch"
    assert (said in found.text) is (severity is Severity.INFO)


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_an_allowance_lapses_the_day_after_it_ends(until: date, today: date) -> None:
    """On every pair of days."""
    allowed = binding(allow=[Allowance("quantity-zero", "closed", until)])
    (found,) = change_findings(change(pair(3, 0)), allowed, today, Limits())
    assert (found.severity is Severity.INFO) is (today <= until)


def _usage_codes(usage: Usage) -> list[tuple[str, Severity]]:
    found: list[Finding] = list(usage_findings(binding(), usage, NOW, Limits()))
    assert {one.scope for one in found} <= {"organization:jumpcloud/org-1"}
    return [(one.code, one.severity) for one in found]


def _aged(age: timedelta) -> Usage:
    return replace(usage_of(52), latest=sample(52, NOW - age))


@pytest.mark.parametrize(
    ("usage", "codes"),
    [
        pytest.param(usage_of(52), [], id="fresh"),
        pytest.param(_aged(timedelta(hours=36)), [], id="36 hours"),
        pytest.param(_aged(timedelta(hours=36, seconds=1)), [("usage-stale", Severity.BLOCK)], id="a second more"),
        pytest.param(replace(usage_of(52), failure="503"), [("usage-failed", Severity.BLOCK)], id="failed"),
        pytest.param(
            replace(usage_of(52), latest=sample(0), before_latest=52),
            [("usage-zero", Severity.BLOCK)],
            id="zero after 52",
        ),
        pytest.param(replace(usage_of(0), latest=sample(0)), [], id="zero from the first"),
        pytest.param(
            replace(usage_of(52), latest_cross_check=51),
            [("usage-cross-check", Severity.LOOK)],
            id="two counts",
        ),
        pytest.param(replace(usage_of(52), latest_cross_check=52), [], id="two equal counts"),
        pytest.param(replace(usage_of(52), vendor_mark=53), [("usage-vendor-mark", Severity.LOOK)], id="two marks"),
        pytest.param(replace(usage_of(52), vendor_mark=52), [], id="two equal marks"),
        pytest.param(Usage("2026-11", failure="503"), [("usage-failed", Severity.BLOCK)], id="never read"),
    ],
)
def test_usage_that_cannot_be_trusted_is_a_finding_on_the_organization(
    usage: Usage, codes: list[tuple[str, Severity]]
) -> None:
    """Stale, failed, fallen to zero: BLOCK. Two figures that differ: LOOK."""
    assert _usage_codes(usage) == codes


@pytest.mark.parametrize(
    ("daily", "through", "text"),
    [
        ((1, 2, 3), 3, None),
        ((None, 2, None), 3, "day 1, 3 of"),
        ((None, None, None, 4, None, None), 6, "day 1-3, 5-6 of"),
        ((None, None, 3, None), 3, "day 1-2 of"),
        ((0, None), 2, "day 2 of"),
    ],
)
def test_days_without_a_sample_are_told_as_ranges(
    daily: tuple[int | None, ...], through: int, text: str | None
) -> None:
    """Only days that have been; a day that counted 0 has a sample."""
    found = missing_days(Usage("2026-11", daily=daily), through)
    assert found == ("" if text is None else f"no sample on {text} 2026-11")


@given(st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=31), st.integers(0, 31))
def test_every_missing_day_is_named_once(daily: list[int | None], through: int) -> None:
    """The ranges, read back, are exactly the days without a sample."""
    wanted = [day for day, count in enumerate(daily[:through], start=1) if count is None]
    found = missing_days(Usage("2026-11", daily=tuple(daily)), through)
    if not wanted:
        assert found == ""
        return
    words = found.removeprefix("no sample on day ").removesuffix(" of 2026-11").split(", ")
    ends = [(int(word.partition("-")[0]), int(word.rpartition("-")[2])) for word in words]
    assert [day for first, last in ends for day in range(first, last + 1)] == wanted
