from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from unit.domain.make import DECEMBER, LINE, NOVEMBER, PLACE, TODAY, binding, observed, pair, period

from psarecon.domain.acceptance import Kept, acceptance_finding, kept, told
from psarecon.domain.diff import Difference, difference
from psarecon.domain.drift import Apart, Drift, Kind, Seen, grouped, judged
from psarecon.domain.model import Acceptance, Baseline, Binding, Doubt, LineKey, Observed, Period, Steps
from psarecon.domain.money import Money
from psarecon.domain.periods import Dating, NeedsFollowing, Slot
from psarecon.domain.standing import Figures, standing

LEFT = Baseline(Decimal(10), Decimal("9.00"), 10, "rule", Decimal("9.00"), NOVEMBER[0], "run-1")
AHEAD = replace(LEFT, effective_date=DECEMBER[0])


def figures(quantity: str | int, cost: str | None = "9.00") -> Figures:
    """Units at a cost."""
    return Figures(Decimal(quantity), None if cost is None else Decimal(cost))


WANTED = figures(10)


def seen(
    line: Observed | None,
    baseline: Baseline | None = LEFT,
    *,
    doubt: Doubt | None = None,
    wanted: Figures | None = WANTED,
    of: Binding | None = None,
) -> Seen:
    """A line on the 20th of November, of which mapping and usage ask for ten at 9.00."""
    return Seen(of or binding(), line, baseline, doubt, wanted, TODAY, TODAY)


def drifted(one: Seen) -> Drift:
    """The drift of a line that must have drifted."""
    found = judged(one)
    assert isinstance(found, Drift)
    return found


def aside(one: Seen) -> str:
    """Why the line, which must be one of those, cannot be compared."""
    found = judged(one)
    assert isinstance(found, Apart)
    return found.code


def accepting(
    quantity: int | None = None, unit_cost: str | None = None, until: date = TODAY, *, reason: str = "a gift"
) -> Binding:
    """A binding whose line may keep these figures."""
    units = None if quantity is None else Decimal(quantity)
    cost = None if unit_cost is None else Decimal(unit_cost)
    return replace(binding(), accepted=Acceptance(units, cost, reason, until))


def test_a_line_that_holds_what_was_left_has_not_drifted() -> None:
    """Whatever mapping and usage ask for by now: that is an unapplied change, and no drift."""
    assert judged(seen(observed(period()), wanted=figures(17, "9.50"))) is None
    assert judged(seen(observed(quantity=10), wanted=figures(17))) is None


def test_a_line_that_was_never_written_can_not_drift() -> None:
    """There is nothing to hold it against."""
    assert judged(seen(observed(period(quantity=99)), None)) is None
    assert judged(seen(None, None)) is None


def test_a_line_that_somebody_moved_says_what_was_left_found_and_wanted() -> None:
    """Fourteen at 9.50 where ten at 9.00 were left, sold at 15.00: the money of it is what it moves a month."""
    found = drifted(seen(replace(observed(period(quantity=14, unit_cost="9.50")))))
    assert (found.kind, found.quantity, found.unit_cost) == (Kind.AGAINST, pair(10, 14), pair("9.00", "9.50"))
    assert (found.run, found.since, found.wanted, found.source) == ("run-1", NOVEMBER[0], WANTED, PLACE)
    assert found.money == Money(Decimal("90.00"), Decimal("133.00"), Decimal("150.00"), Decimal("210.00"))
    assert found.money.margin_change == Decimal("17.00")


@pytest.mark.parametrize(
    ("cost", "moved"),
    [("9.005", False), ("9.006", True), (None, False)],
    ids=["within the rounding", "beyond it", "hidden"],
)
def test_costs_are_compared_as_the_plan_compares_them(cost: str | None, *, moved: bool) -> None:
    """Half a cent is rounding; a cost that is hidden is not another one."""
    line = replace(observed(period(unit_cost=cost)), unit_cost=None)
    assert isinstance(judged(seen(line)), Drift) is moved


def test_a_cost_that_only_one_side_knows_moves_no_money() -> None:
    """Units that moved are worth their own cost alone."""
    line = replace(observed(period(quantity=14, unit_cost=None)), unit_cost=None)
    found = drifted(seen(line))
    assert (found.unit_cost, found.money.cost_change) == (None, Decimal("36.00"))


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        pytest.param(figures(14), Kind.AGREES, id="somebody wrote what is wanted"),
        pytest.param(figures(14, None), Kind.AGREES, id="the cost is not kept"),
        pytest.param(figures(14, "9.50"), Kind.AGAINST, id="the cost is not what is wanted"),
        pytest.param(figures(13), Kind.AGAINST, id="the units are not"),
        pytest.param(None, Kind.AGAINST, id="nobody knows what is wanted"),
    ],
)
def test_a_drift_that_agrees_is_told_from_one_that_does_not(wanted: Figures | None, kind: Kind) -> None:
    """By units, and by the cost where it is kept."""
    assert drifted(seen(observed(period(quantity=14)), wanted=wanted)).kind is kind


def test_a_write_dated_ahead_is_looked_for_where_it_will_count() -> None:
    """Ten from December on were left; November's fourteen are no drift, and December must be read first."""
    assert judged(seen(observed(period(quantity=14)), AHEAD)) == NeedsFollowing()
    both = observed(period(quantity=14), period(DECEMBER), following=True)
    assert judged(seen(both, AHEAD)) is None
    moved = drifted(seen(observed(period(), period(DECEMBER, 12), following=True), AHEAD))
    assert (moved.quantity, moved.since) == (pair(10, 12), DECEMBER[0])


def test_once_the_month_has_turned_the_period_under_way_counts() -> None:
    """What was left in November stands in December too, until somebody moves it."""
    day = date(2026, 12, 5)
    assert judged(replace(seen(observed(period(DECEMBER))), today=day, day=day)) is None
    assert drifted(replace(seen(observed(period(DECEMBER, 11))), today=day, day=day)).quantity == pair(10, 11)


@pytest.mark.parametrize(
    ("line", "baseline", "code"),
    [
        pytest.param(None, LEFT, "line-missing", id="gone"),
        pytest.param(replace(observed(), quantity=None, periods=()), LEFT, "not-billing", id="no units that day"),
        pytest.param(observed(period(), following=True), AHEAD, "not-shown", id="no period from that date on"),
        pytest.param(
            observed(period()), replace(LEFT, effective_date=date(2026, 11, 25)), "not-shown", id="later in the period"
        ),
    ],
)
def test_what_cannot_be_compared_is_named_apart(line: Observed | None, baseline: Baseline, code: str) -> None:
    """With its reason, and never called drift."""
    assert aside(seen(line, baseline)) == code


def test_a_line_in_doubt_is_named_apart_whatever_it_holds() -> None:
    """Also one whose first write is in doubt: who moved it is not known."""
    doubt = Doubt("c1", "run-2", "sent, and nobody knows")
    assert aside(seen(observed(period(quantity=14)), doubt=doubt)) == "in-doubt"
    assert aside(seen(observed(period(quantity=14)), None, doubt=doubt)) == "in-doubt"


@pytest.mark.parametrize(
    ("accepted", "kind"),
    [
        pytest.param(accepting(14, "9.50"), Kind.ACCEPTED, id="both figures"),
        pytest.param(accepting(14), Kind.AGAINST, id="the cost drifted too, and is not named"),
        pytest.param(accepting(unit_cost="9.50"), Kind.AGAINST, id="the units drifted too, and are not named"),
        pytest.param(accepting(15, "9.50"), Kind.AGAINST, id="other units than those that were accepted"),
        pytest.param(accepting(14, "9.50", NOVEMBER[0]), Kind.AGAINST, id="the day is past"),
    ],
)
def test_drift_is_accepted_while_every_figure_of_it_is(accepted: Binding, kind: Kind) -> None:
    """By the mapping, until a day, for exactly these figures."""
    assert drifted(seen(observed(period(quantity=14, unit_cost="9.50")), of=accepted)).kind is kind


def test_an_acceptance_is_listed_for_as_long_as_it_holds() -> None:
    """Also once a write of the other figure has moved the baseline."""
    assert drifted(seen(observed(period()), of=accepting(10))).kind is Kind.ACCEPTED


def test_an_acceptance_says_what_it_keeps_and_what_would_be_asked() -> None:
    """And, where it does not count, why."""
    steps = Steps(Decimal(17), 17, ())

    def text(of: Binding, found: Figures | None) -> tuple[str, str]:
        finding = acceptance_finding(of, found, steps, TODAY)
        assert finding.severity == ("INFO" if finding.code == "drift-accepted" else "LOOK")
        assert finding.scope == f"line:{LINE}"
        return finding.code, finding.text

    assert text(accepting(14), figures(14)) == (
        "drift-accepted",
        "quantity 14: accepted until 2026-11-20, and mapping and usage ask for 17 at 9.00; a gift",
    )
    gone = "accept_drift at clients/acme.yaml:6 does not count"
    for of, found, why in (
        (accepting(14, until=NOVEMBER[0]), figures(14), "quantity 14: accepted until 2026-11-01, which is past"),
        (accepting(14, "8.00"), figures(14), "quantity 14 and unit cost 8.00: accepted, and the PSA holds 14 at 9.00"),
        (
            accepting(None, "8.00"),
            figures(14, None),
            "unit cost 8.00: accepted, and the PSA holds 14 at an unknown cost",
        ),
        (accepting(14), None, "quantity 14: accepted, and the PSA does not show what it holds"),
    ):
        assert text(of, found) == ("acceptance-over", f"{why}; {gone}")


def test_equal_drift_is_one_group_and_the_dearest_comes_first() -> None:
    """Two lines with the same rise of cost, whatever their units; one that agrees comes last, however dear."""
    lines = [LineKey("autotask", "174", "1", str(number)) for number in range(4)]
    costs = observed(period(unit_cost="9.50"))
    more = replace(observed(period(quantity=20, unit_cost="9.50")), line=lines[1])
    dear = observed(period(quantity=40))
    found = [
        drifted(seen(costs, of=binding(line=lines[0]))),
        drifted(seen(more, replace(LEFT, quantity=Decimal(20)), of=binding(line=lines[1]))),
        drifted(seen(observed(period(quantity=11)), of=binding(line=lines[2]))),
        drifted(seen(dear, of=binding(line=lines[3]), wanted=figures(40))),
    ]
    groups = grouped(reversed(found))
    assert [[one.line.id for one in group.drifts] for group in groups] == [["1", "0"], ["2"], ["3"]]
    assert (groups[0].unit_cost, groups[0].quantity) == (pair("9.00", "9.50"), None)


def test_figures_are_told_as_they_are_written() -> None:
    """Units at a cost; a cost that is not kept is not spoken of."""
    assert (told(figures(14)), told(figures(14, None))) == ("14 at 9.00", "14")


def test_without_a_write_the_day_itself_counts() -> None:
    """An acceptance can stand on a line that was never written."""
    assert standing(observed(period(quantity=14)), None, TODAY) == figures(14)


def test_what_is_kept_leaves_the_other_figure_to_be_asked() -> None:
    """A quantity that is kept is the one that is there; a cost that is kept is not asked for."""
    line, steps = observed(period(quantity=14)), Steps(Decimal(17), 17, ())
    units = kept(accepting(14), figures(14), TODAY)
    asked, left = units.asked(accepting(14), line, steps)
    assert (asked.unit_cost, left.quantity, left.usage, left.steps) == (
        Decimal("9.00"),
        Decimal(14),
        17,
        (("accepted", "14"),),
    )
    asked, left = kept(accepting(unit_cost="9.00"), figures(14), TODAY).asked(accepting(unit_cost="9.00"), line, steps)
    assert (asked.unit_cost, left) == (None, steps)


@pytest.mark.parametrize("now", [period(quantity=14), period(quantity=14, posted=True)], ids=["open", "posted"])
def test_a_quantity_that_is_kept_moves_in_no_period(now: Period) -> None:
    """Not in December either, where somebody left another one; a cost alone may still move."""
    of, dating = accepting(14), Dating(TODAY, ahead=DECEMBER[0])
    line = observed(now, period(DECEMBER, 12), following=True)
    asked, steps = Kept(quantity=True).asked(of, line, Steps(Decimal(17), 17, ()))
    assert Kept(quantity=True).of(difference(asked, line, steps, dating)) is None
    dearer = replace(asked, unit_cost=Decimal("9.50"))
    found = Kept(quantity=True).of(difference(dearer, observed(period(quantity=14)), steps, dating))
    assert isinstance(found, Difference)
    assert (found.quantity, found.unit_cost) == (None, pair("9.00", "9.50"))


def test_what_is_kept_is_no_cause_of_a_change_of_the_other_figure() -> None:
    """As if the last write had left it; without one there is nothing to say."""
    slot = Slot(NOVEMBER[0], Decimal(14), Decimal("8.00"))
    both = Kept(quantity=True, unit_cost=True)
    assert both.as_left(LEFT, slot) == replace(LEFT, quantity=Decimal(14), unit_cost=Decimal("8.00"), wanted_cost=None)
    assert (Kept().as_left(LEFT, slot), both.as_left(None, slot)) == (LEFT, None)
