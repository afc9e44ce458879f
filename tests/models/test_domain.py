"""Planning as a state machine: whatever usage, mapping and PSAs do, plan and apply come to rest and can be undone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from models.server import ACROSS, MONTHS
from models.world import LINES, NOW, OPEN, World, approve_all
from unit.domain.make import binding

from psarecon.domain.decisions import About, Decision, sort_changes
from psarecon.domain.guards import Limits
from psarecon.domain.model import QuantityRule, Reading, Severity, Terms
from psarecon.domain.plan import Change, Plan, severities
from psarecon.domain.plan_file import load_plan, plan_bytes
from psarecon.protocol import Outcome

CALM = settings(derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
lines = st.sampled_from(sorted(LINES))
rules = st.sampled_from([QuantityRule.HIGH_WATER_MARK, QuantityRule.CURRENT])
costs = st.integers(1, 3000).map(lambda cents: Decimal(cents) / 100)
terms = st.builds(
    Terms,
    non_billable=st.integers(0, 5),
    multiple_of=st.integers(1, 10),
    committed=st.integers(0, 20),
    minimum=st.integers(0, 20),
    maximum=st.none() | st.integers(0, 40),
)
limits = st.builds(
    Limits,
    drop_percent=st.integers(0, 100).map(Decimal),
    drop_at_least=st.integers(0, 20),
    zero=st.booleans(),
    usage_age=st.just(OPEN.usage_age),
    changes_count=st.none() | st.integers(0, 4),
    changes_percent=st.none() | st.integers(0, 100).map(Decimal),
    money_change=st.none() | st.integers(0, 300).map(Decimal),
    money_plan=st.none() | st.integers(0, 300).map(Decimal),
    cost_move_percent=st.none() | st.integers(0, 100).map(Decimal),
)


class Domain(RuleBasedStateMachine):
    """Usage comes in, mappings and PSAs change, plans are made, decided on, applied and undone."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.decided: dict[str, tuple[Decision, Change]] = {}

    @initialize(across=st.booleans())
    def begin(self, across: bool) -> None:  # noqa: FBT001 - hypothesis names it
        """The contract began on a 1st, or on a 15th."""
        self.world.servers["dated"].spans = ACROSS if across else MONTHS

    @rule(line=lines, count=st.integers(0, 40), hours=st.integers(0, 400))
    def read(self, line: str, count: int, hours: int) -> None:
        """A source tells how many there were some hours ago."""
        self.world.read([Reading("jumpcloud", line, "users", NOW - timedelta(hours=hours), count, "counted")])

    @rule(line=lines, how=rules, said=terms)
    def bill_usage(self, line: str, how: QuantityRule, said: Terms) -> None:
        """The mapping bills the line by usage, on other terms."""
        self.world.bindings[line] = replace(
            binding(how, said, line=LINES[line], client=line, organization=line),
            unit_cost=self.world.bindings[line].unit_cost,
        )

    @rule(line=lines, quantity=st.integers(0, 40))
    def bill_fixed(self, line: str, quantity: int) -> None:
        """The mapping bills a figure."""
        self.world.fixes(line, quantity)

    @rule(line=lines, cost=costs)
    def cost(self, line: str, cost: Decimal) -> None:
        """The mapping asks for another unit cost."""
        self.world.costs(line, cost)

    @rule(line=lines, change=st.integers(-12, 12))
    def edit(self, line: str, change: int) -> None:
        """Somebody else changes the line in the PSA."""
        self.world.server_of(line).edit(line, change)

    @rule()
    def post(self) -> None:
        """The month is posted: what is still to come lands in the next."""
        self.world.servers["dated"].posted = True

    @rule()
    def settle(self) -> None:
        """Plan, apply, plan: the second plan is empty; every line that is not held back is as it should be.

        A line that was lowered ahead and is now raised today takes two: one adjustment has one date.
        """
        plan = self._applied(self.world.plan())
        for change in plan.changes:
            row = self.world.truth()[change.line.id]
            assert change.quantity_after == (row.following if change.ahead else row.quantity)
            assert change.unit_cost is None or row.cost == change.unit_cost.after
        again = self.world.plan()
        if self.world.servers["dated"].spans is ACROSS:
            assert all(change.ahead for change in again.changes)
            again = self._rested(again)
        assert (again.changes, again.totals["plan"]["changes"]) == ((), 0)

    def _rested(self, plan: Plan) -> Plan:
        self._applied(plan)
        return self.world.plan()

    @precondition(lambda self: self.world.servers["dated"].spans is MONTHS)
    @rule()
    def undo(self) -> None:
        """A mapping that asks for the figures before brings exactly them back; where a decrease need not wait."""
        before = self.world.truth()
        plan = self._applied(self.world.plan())
        for change in plan.changes:
            self.world.fixes(change.line.id, int(change.live_quantity))
            if change.unit_cost is not None:
                self.world.costs(change.line.id, change.unit_cost.before)
        undoing = self.world.plan()
        touched = {change.line: change for change in undoing.changes}
        assert touched.keys() == {change.line for change in plan.changes}
        for change in plan.changes:
            inverse = touched[change.line]
            assert (inverse.live_quantity, inverse.quantity_after) == (change.quantity_after, change.live_quantity)
            assert inverse.money.cost_change == -change.money.cost_change
        self._applied(undoing)
        assert self.world.truth() == before

    def _applied(self, plan: Plan) -> Plan:
        """The plan, carried out without a hitch."""
        approved = self.world.decide(plan)
        assert len(approved) == len(plan.changes)
        results = self.world.apply(plan, approved) or []
        assert {one.outcome for one in results} <= {Outcome.VERIFIED}
        return plan

    @rule(luck=st.integers(0, 1000))
    def shuffle(self, luck: int) -> None:
        """Mapping files, PSAs and readings in any order: the same bytes, which load as the same plan."""
        plan = self.world.plan()
        content = plan_bytes(plan)
        assert plan_bytes(self.world.plan(luck=random.Random(luck))) == content
        assert (load_plan(content, "plan.json"), plan.id) == (plan, self.world.plan().id)

    @rule(
        loose=limits,
        drop=st.tuples(st.integers(0, 100), st.integers(0, 20)),
        others=st.tuples(*[st.none() | st.integers(0, 300)] * 5),
    )
    def tighten(self, loose: Limits, drop: tuple[int, int], others: tuple[int | None, ...]) -> None:
        """Tighter limits never let a change pass that looser ones held back."""
        tight = _tighter(loose, drop, others)
        held, still = _blocked(self.world.plan(loose)), _blocked(self.world.plan(tight))
        assert held <= still

    @rule()
    def decide(self) -> None:
        """Every change there is now is approved; the decisions are kept for all later plans."""
        plan = self.world.plan()
        changes = {change.id: change for change in plan.changes}
        self.decided |= {one.change: (one, changes[one.change]) for one in approve_all(plan)}

    @invariant()
    def a_decision_fits_no_other_change(self) -> None:
        """What an old decision approves is to the figure, the day and the call what was decided on."""
        plan = self.world.plan()
        for change, decision in sort_changes(plan, (one for one, _ in self.decided.values())).approved:
            _, decided = self.decided[change.id]
            assert (About.of(change), change.call) == (About.of(decided), decided.call)
            assert decision.change == change.id

    def teardown(self) -> None:
        """The world ends."""
        self.world.close()


def _tighter(loose: Limits, drop: tuple[int, int], others: tuple[int | None, ...]) -> Limits:
    """Limits of which each is at most the loose one."""
    count, percent, money, plan, cost = (None if one is None else Decimal(one) for one in others)
    fewer = _lesser(loose.changes_count, count)
    return replace(
        loose,
        drop_percent=min(loose.drop_percent, Decimal(drop[0])),
        drop_at_least=min(loose.drop_at_least, drop[1]),
        zero=True,
        changes_count=None if fewer is None else int(fewer),
        changes_percent=_lesser(loose.changes_percent, percent),
        money_change=_lesser(loose.money_change, money),
        money_plan=_lesser(loose.money_plan, plan),
        cost_move_percent=_lesser(loose.cost_move_percent, cost),
    )


def _lesser(one: Decimal | int | None, other: Decimal | None) -> Decimal | None:
    return min((Decimal(figure) for figure in (one, other) if figure is not None), default=None)


def _blocked(plan: Plan) -> set[str]:
    """The changes that cannot be approved."""
    return {change for change, found in severities(plan).items() if found is Severity.BLOCK}


TestDomain = Domain.TestCase
TestDomain.settings = settings(CALM, max_examples=60, stateful_step_count=15)

readings = st.lists(
    st.tuples(lines, st.integers(0, 40), st.integers(0, 400)), max_size=12, unique_by=lambda one: (one[0], one[2])
)


@pytest.fixture(scope="module")
def worlds() -> Iterator[tuple[World, World]]:
    """Two worlds that bill by usage."""
    pair = World(), World()
    for world in pair:
        for line, key in LINES.items():
            world.bindings[line] = binding(line=key, client=line, organization=line)
    yield pair
    for world in pair:
        world.close()


@given(found=readings, luck=st.integers(0, 1000))
@settings(CALM, max_examples=60)
def test_readings_that_come_in_another_order_make_the_same_plan(
    worlds: tuple[World, World], found: list[tuple[str, int, int]], luck: int
) -> None:
    """The bytes are the same: a night that read its sources twice, or late, plans nothing else."""
    one, other = worlds
    metric = f"users {luck} {found}"  # of its own: the worlds remember all that they were told
    taken = [
        Reading("jumpcloud", line, metric, NOW - timedelta(hours=hours), count, "counted")
        for line, count, hours in found
    ]
    for world, order in ((one, taken), (other, random.Random(luck).sample(taken, len(taken)))):
        for line, known in world.bindings.items():
            world.bindings[line] = replace(known, product=replace(known.product, metric=metric))
        for reading in order:
            world.read([reading])
    assert plan_bytes(one.plan()) == plan_bytes(other.plan())


@given(before=st.integers(0, 60), figures=st.tuples(st.integers(0, 60), st.integers(0, 60)), guards=limits)
@settings(CALM, max_examples=60)
def test_a_larger_drop_is_never_judged_more_mildly(before: int, figures: tuple[int, int], guards: Limits) -> None:
    """Of two figures below what stands, the lower one is held back wherever the higher one is."""
    world = World()
    try:
        world.server_of("a1").edit("a1", before - 10)
        graves = []
        for figure in sorted((min(one, before) for one in figures), reverse=True):
            world.fixes("a1", figure)
            graves.append(bool(_blocked(world.plan(guards))))
        assert graves != [True, False]
    finally:
        world.close()
