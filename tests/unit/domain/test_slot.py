from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import DECEMBER, NOVEMBER, TODAY, observed, period

from psarecon.domain.model import Observed, Period, Remark, Severity
from psarecon.domain.periods import Dating, NeedsFollowing, SameDate, Slot, choose_slot

STRADDLES = (date(2026, 11, 15), date(2026, 12, 14))
NEXT = (date(2026, 12, 15), date(2027, 1, 14))
TAKEN = frozenset({NOVEMBER[0]})
OPEN = Dating(TODAY)
CLOSING = Dating(TODAY, closing=True)
REFUSES = Dating(TODAY, same_date=SameDate.REFUSED, taken=TAKEN)


def _codes(found: Slot | Remark | NeedsFollowing) -> list[tuple[str, Severity]]:
    assert isinstance(found, Slot)
    return [(remark.code, remark.severity) for remark in found.remarks]


@pytest.mark.parametrize(
    ("line", "wanted", "dating", "day", "codes"),
    [
        pytest.param(observed(), 14, OPEN, None, [], id="a PSA without periods takes it at once"),
        pytest.param(observed(period()), 14, OPEN, NOVEMBER[0], [], id="the open period"),
        pytest.param(
            observed(period(posted=True), period(DECEMBER), following=True),
            14,
            OPEN,
            DECEMBER[0],
            [("period-posted", Severity.INFO)],
            id="posted: the next",
        ),
        pytest.param(
            observed(period(STRADDLES), period(NEXT), following=True),
            9,
            OPEN,
            NEXT[0],
            [("decrease-waits", Severity.INFO)],
            id="a decrease waits for the next period",
        ),
        pytest.param(observed(period(STRADDLES)), 11, OPEN, STRADDLES[0], [], id="an increase does not wait"),
        pytest.param(observed(period(STRADDLES)), 10, OPEN, STRADDLES[0], [], id="the same quantity does not wait"),
        pytest.param(
            observed(period(split=True)),
            14,
            OPEN,
            NOVEMBER[0],
            [("period-split", Severity.LOOK)],
            id="split by somebody",
        ),
        pytest.param(
            observed(period()),
            14,
            CLOSING,
            NOVEMBER[0],
            [("later-periods-move", Severity.INFO)],
            id="closing a month",
        ),
        pytest.param(
            observed(period(), period(DECEMBER), following=True),
            14,
            REFUSES,
            DECEMBER[0],
            [("date-taken", Severity.LOOK)],
            id="a second adjustment is refused: the next",
        ),
        pytest.param(
            observed(period()),
            14,
            Dating(TODAY, same_date=SameDate.REFUSED, taken=TAKEN, allow_proration=True),
            TODAY,
            [("prorated", Severity.LOOK)],
            id="or today, where prorating is allowed",
        ),
        pytest.param(
            observed(period()),
            14,
            Dating(TODAY, same_date=SameDate.ADDS, taken=TAKEN),
            NOVEMBER[0],
            [],
            id="a tenant that adds takes the same date again",
        ),
    ],
)
def test_a_change_is_dated_to_the_first_day_of_the_period_that_takes_it(
    line: Observed, wanted: int, dating: Dating, day: date | None, codes: list[tuple[str, Severity]]
) -> None:
    """The effective date, and what is said about it."""
    found = choose_slot(line, Decimal(wanted), dating)
    assert isinstance(found, Slot)
    assert found.effective_date == day
    assert _codes(found) == codes


@pytest.mark.parametrize(
    ("line", "wanted", "dating"),
    [
        pytest.param(observed(period(posted=True)), 14, OPEN, id="posted"),
        pytest.param(observed(period(STRADDLES)), 9, OPEN, id="a waiting decrease"),
        pytest.param(observed(period()), 14, REFUSES, id="a taken date"),
    ],
)
def test_later_periods_are_asked_for_only_when_the_current_one_is_passed_over(
    line: Observed, wanted: int, dating: Dating
) -> None:
    """One more read, for these lines alone."""
    assert choose_slot(line, Decimal(wanted), dating) == NeedsFollowing()


@pytest.mark.parametrize(
    ("line", "wanted", "dating", "code", "severity"),
    [
        pytest.param(
            observed(period(posted=True), following=True),
            14,
            OPEN,
            "no-open-period",
            Severity.BLOCK,
            id="contract ends",
        ),
        pytest.param(
            observed(period(posted=True)), 14, CLOSING, "month-posted", Severity.BLOCK, id="closed and posted"
        ),
        pytest.param(observed(period(STRADDLES)), 9, CLOSING, "decrease-waits", Severity.INFO, id="closed, straddling"),
    ],
)
def test_where_no_period_takes_the_change_a_remark_says_why(
    line: Observed, wanted: int, dating: Dating, code: str, severity: Severity
) -> None:
    """Never a silent skip."""
    found = choose_slot(line, Decimal(wanted), dating)
    assert isinstance(found, Remark)
    assert (found.code, found.severity) == (code, severity)


spans = st.sampled_from([NOVEMBER, STRADDLES, DECEMBER, NEXT])
some_periods = st.lists(
    st.builds(period, spans, st.integers(0, 60), posted=st.booleans(), split=st.booleans()), min_size=1, max_size=3
)
datings = st.builds(
    Dating,
    st.just(TODAY),
    closing=st.booleans(),
    same_date=st.sampled_from(SameDate),
    allow_proration=st.booleans(),
    taken=st.sets(st.sampled_from([NOVEMBER[0], STRADDLES[0], DECEMBER[0], TODAY])).map(frozenset),
)


@given(found=some_periods, wanted=st.integers(0, 60), dating=datings, following=st.booleans())
def test_no_slot_lies_in_a_posted_period_or_lowers_one_under_way_that_straddles(
    found: list[Period], wanted: int, dating: Dating, *, following: bool
) -> None:
    """Whatever the tenant's ways: posted periods are history, and a decrease never reaches back into another month."""
    slot = choose_slot(observed(*found, following=following), Decimal(wanted), dating)
    if isinstance(slot, Slot):
        assert slot.period is not None
        assert not slot.period.posted
        under_way = slot.period.first <= dating.today or dating.closing
        assert not (wanted < slot.quantity and slot.period.straddles() and under_way)


@given(some_periods, st.integers(0, 60), datings)
def test_a_tenant_that_refuses_a_second_adjustment_is_never_given_one(
    found: list[Period], wanted: int, dating: Dating
) -> None:
    """A quantity is dated to a day without an adjustment of ours, except where a closed month leaves no choice."""
    slot = choose_slot(observed(*found, following=True), Decimal(wanted), dating)
    if isinstance(slot, Slot) and dating.same_date is SameDate.REFUSED and not dating.closing:
        assert slot.effective_date not in dating.taken or slot.quantity == wanted
