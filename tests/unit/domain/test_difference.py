from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import DECEMBER, LINE, NOVEMBER, TODAY, binding, observed, pair, period

from psarecon.domain.diff import ROLLED_BACK, Difference, causes, difference, line_findings
from psarecon.domain.model import Baseline, Binding, LineKey, Names, Observed, Period, Remark, Severity, Steps, Terms
from psarecon.domain.periods import Dating, NeedsFollowing, SameDate, Slot
from psarecon.domain.rules import rule_digest

OPEN = Dating(TODAY)
ACROSS, AFTER = (date(2026, 11, 15), date(2026, 12, 14)), (date(2026, 12, 15), date(2027, 1, 14))
RULE = rule_digest(binding())
BASELINE = Baseline(Decimal(10), Decimal("9.00"), 10, RULE, Decimal("9.00"), NOVEMBER[0], "run")


def _steps(quantity: int, usage: int | None = None) -> Steps:
    return Steps(Decimal(quantity), quantity if usage is None else usage, ())


def _difference(quantity: int, line: Observed, cost: str | None = "9.00") -> Difference:
    found = difference(binding(unit_cost=cost), line, _steps(quantity), OPEN)
    assert isinstance(found, Difference)
    return found


def test_a_line_that_is_as_it_should_be_has_no_difference() -> None:
    """Neither quantity nor cost moves."""
    assert difference(binding(), observed(period()), _steps(10), OPEN) is None


def test_quantity_and_cost_are_told_apart_and_worth_their_money() -> None:
    """Fourteen units at 9.50 where ten at 9.00 were, sold at 15.00."""
    found = _difference(14, observed(period()), "9.50")
    assert (found.quantity, found.unit_cost) == (pair(10, 14), pair("9.00", "9.50"))
    assert (found.money.cost_before, found.money.cost_after) == (Decimal("90.00"), Decimal("133.00"))
    assert (found.money.cost_change, found.money.revenue_change) == (Decimal("43.00"), Decimal("60.00"))
    assert found.money.margin_change == Decimal("17.00")


def test_a_cost_that_is_not_kept_never_changes() -> None:
    """Without a unit cost in the mapping the PSA's own stays."""
    assert _difference(14, observed(period()), None).unit_cost is None


def test_a_hidden_cost_is_left_alone() -> None:
    """Unknown is not 0."""
    line = replace(observed(period(unit_cost=None)), unit_cost=None)
    assert _difference(14, line).unit_cost is None
    assert difference(binding(), line, _steps(10), OPEN) is None


def test_a_cost_alone_goes_to_the_first_open_period_even_where_a_decrease_would_wait() -> None:
    """The quantity that already stands in the next period leaves the cost for the current one."""
    line = observed(period(ACROSS, 10), period(AFTER, 8), following=True)
    found = _difference(8, line, "9.50")
    assert (found.quantity, found.unit_cost) == (None, pair("9.00", "9.50"))
    assert found.slot.effective_date == ACROSS[0]


def test_a_posted_line_that_is_as_it_should_be_needs_nothing() -> None:
    """No second read and no finding for a line that is right already."""
    assert difference(binding(), observed(period(posted=True)), _steps(10), OPEN) is None
    assert difference(binding(), observed(period(posted=True)), _steps(14), OPEN) == NeedsFollowing()


@pytest.mark.parametrize(
    ("now", "then"),
    [
        pytest.param(period(posted=True), period(DECEMBER, 8), id="the month was posted"),
        pytest.param(period(ACROSS), period(AFTER, 8), id="the period reaches into two months"),
    ],
)
def test_what_we_lowered_ahead_is_raised_back_though_today_is_right(now: Period, then: Period) -> None:
    """The next period was lowered to eight by us; back at ten, today's ten are not the whole truth."""
    dating = replace(OPEN, ahead=then.first)
    assert difference(binding(), observed(now), _steps(10), dating) == NeedsFollowing()
    found = difference(binding(), observed(now, then, following=True), _steps(10), dating)
    assert isinstance(found, Difference)
    assert (found.quantity, found.slot.effective_date) == (pair(8, 10), then.first)
    as_wanted = observed(now, replace(then, quantity=Decimal(10)), following=True)
    assert difference(binding(), as_wanted, _steps(10), dating) is None


def test_periods_ahead_that_we_did_not_write_to_are_not_read() -> None:
    """Writes of this period, or none: what lies ahead is whoever's it is, and costs no request."""
    for ahead in (None, NOVEMBER[1]):
        assert difference(binding(), observed(period(posted=True)), _steps(10), replace(OPEN, ahead=ahead)) is None


def test_a_contract_that_ends_has_no_slot_for_a_difference() -> None:
    """Posted to its end: a remark, not a change."""
    found = difference(binding(), observed(period(posted=True), following=True), _steps(14), OPEN)
    assert isinstance(found, Remark)
    assert found.code == "no-open-period"


@pytest.mark.parametrize(
    ("bound", "steps", "baseline", "told"),
    [
        pytest.param(binding(), _steps(14), None, ("first",), id="never written by us"),
        pytest.param(binding(), _steps(14), BASELINE, ("usage",), id="users came"),
        pytest.param(
            binding(terms=Terms(minimum=14)),
            _steps(14, 10),
            BASELINE,
            ("mapping",),
            id="the mapping changed",
        ),
        pytest.param(binding(unit_cost="9.50"), _steps(10), BASELINE, ("cost",), id="the cost changed"),
        pytest.param(binding(), _steps(10), replace(BASELINE, quantity=Decimal(12)), ("psa",), id="changed behind us"),
        pytest.param(
            binding(),
            _steps(10),
            replace(BASELINE, unit_cost=Decimal("8.00")),
            ("psa",),
            id="its cost behind us",
        ),
        pytest.param(binding(), _steps(10), BASELINE, ("period",), id="a new period"),
        pytest.param(
            binding(terms=Terms(minimum=1), unit_cost="9.50"),
            _steps(14),
            replace(BASELINE, quantity=Decimal(12)),
            ("usage", "mapping", "cost", "psa"),
            id="all at once",
        ),
    ],
)
def test_causes_are_told_from_the_last_verified_write(
    bound: Binding, steps: Steps, baseline: Baseline | None, told: tuple[str, ...]
) -> None:
    """Usage, mapping, cost, PSA, first time seen; else the calendar."""
    slot = Slot(NOVEMBER[0], Decimal(10), Decimal("9.00"))
    assert causes(bound, steps, slot, baseline, rule_digest(bound)) == told


def test_a_write_into_a_later_period_says_nothing_of_an_earlier_one() -> None:
    """What was dated to December cannot be missed in November."""
    ahead = replace(BASELINE, quantity=Decimal(12), effective_date=DECEMBER[0])
    slot = Slot(NOVEMBER[0], Decimal(10), Decimal("9.00"))
    assert causes(binding(), _steps(14), slot, ahead, RULE) == ("usage",)


def _line_codes(bound: Binding, line: Observed | None) -> list[tuple[str, Severity]]:
    return [(one.code, one.severity) for one in line_findings(bound, line, TODAY)]


@pytest.mark.parametrize(
    ("bound", "line", "codes"),
    [
        pytest.param(binding(), observed(period()), [], id="as mapped"),
        pytest.param(binding(), None, [("line-missing", Severity.BLOCK)], id="gone"),
        pytest.param(binding(), observed(quantity=None), [("not-billing", Severity.BLOCK)], id="no units today"),
        pytest.param(
            binding(),
            replace(observed(), unit_cost=None),
            [("cost-unknown", Severity.INFO)],
            id="hidden cost",
        ),
        pytest.param(binding(unit_cost=None), replace(observed(), unit_cost=None), [], id="a hidden cost nobody keeps"),
        pytest.param(
            binding(),
            replace(observed(), line=LineKey("autotask", "174", "1", "8001")),
            [("contract-differs", Severity.BLOCK)],
            id="another contract",
        ),
        pytest.param(
            binding(),
            replace(observed(), line=LineKey("autotask", "0", LINE.contract, "8001")),
            [("company-differs", Severity.BLOCK)],
            id="another company",
        ),
        pytest.param(
            binding(names=Names("Acme", None, "JumpCloud")),
            observed(),
            [("name-differs", Severity.LOOK)] * 2,
            id="other names",
        ),
        pytest.param(binding(names=Names("Acme Corp")), observed(), [], id="the same name"),
        pytest.param(
            binding(),
            replace(observed(), remarks=(Remark("contract-type", Severity.BLOCK, "text"),)),
            [("contract-type", Severity.BLOCK)],
            id="a remark of the adapter",
        ),
    ],
)
def test_what_speaks_against_a_line_is_a_finding_on_it(
    bound: Binding, line: Observed | None, codes: list[tuple[str, Severity]]
) -> None:
    """Ids are the truth, names are asserted."""
    assert _line_codes(bound, line) == codes


def test_what_was_rolled_back_is_named_so_whatever_else_moved() -> None:
    """Until a write of the plan's own follows."""
    back = replace(BASELINE, rule=ROLLED_BACK, usage=None)
    slot = Slot(NOVEMBER[0], Decimal(11), Decimal("9.00"))
    assert causes(binding(), _steps(14), slot, back, RULE) == ("rolled-back",)


def test_a_period_that_two_writes_of_ours_reached_is_not_taken_for_somebody_elses_work() -> None:
    """Ten were written for December, then two more from November on: twelve there are both, not a hand's."""
    ahead = Slot(DECEMBER[0], Decimal(12), Decimal("9.00"))
    assert "psa" in causes(binding(), _steps(14), ahead, BASELINE, RULE)
    assert "psa" not in causes(binding(), _steps(14), ahead, BASELINE, RULE, DECEMBER[0])


_FEW = st.integers(0, 3)
_COSTS = st.sampled_from([None, "9.00", "9.004", "9.50"])
_PERIODS = st.lists(
    st.builds(
        lambda span, units, cost, posted, split: period(span, units, unit_cost=cost, posted=posted, split=split),
        st.sampled_from([NOVEMBER, ACROSS, DECEMBER]),
        _FEW,
        _COSTS,
        st.booleans(),
        st.booleans(),
    ),
    max_size=2,
)


@given(
    _PERIODS,
    st.booleans(),
    _FEW,
    _FEW,
    _COSTS,
    st.booleans(),
    st.sampled_from(SameDate),
)
def test_a_line_that_is_right_needs_no_slot_and_gets_none(
    periods: list[Period],
    following: bool,  # noqa: FBT001 - drawn
    units: int,
    wanted: int,
    cost: str | None,
    closing: bool,  # noqa: FBT001 - drawn
    same_date: SameDate,
) -> None:
    """The answer is the one that choosing a slot comes to: a date of ours that no period has makes it be chosen."""
    line = observed(*periods, following=following, quantity=units)
    usual = Dating(TODAY, closing=closing, same_date=same_date)
    chosen = replace(usual, taken=frozenset({date(1999, 1, 1)}))
    asked = binding(unit_cost=cost), line, _steps(wanted)
    assert difference(*asked, usual) == difference(*asked, chosen)
