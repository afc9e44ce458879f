"""The write protocol as a state machine: whatever servers, killers and clocks do, nothing is written twice or lost.

A small PSA of the tests' own applies calls or not, answers or not, late or not, and shows its books late. The ledger
is a real one; only its clock is the test's. The rules stay within what the protocol asks of a PSA: it works on a call
no longer than the settle window, and what it has shown once it never takes back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from models.server import LAG, Answer
from models.world import LINES, World, unknown

from psarecon.domain.model import Call
from psarecon.domain.plan import Plan
from psarecon.domain.plan_file import read_change
from psarecon.ledger.journal import Event
from psarecon.protocol import Outcome, Result, Stage

lines = st.sampled_from(sorted(LINES))
answers = st.lists(st.sampled_from(list(Answer)), max_size=6)
some_lines = st.frozensets(lines, min_size=1)
kills = st.none() | st.tuples(st.sampled_from(list(Stage)), st.integers(1, 4))

stops = st.none() | st.integers(0, 3)


class Protocol(RuleBasedStateMachine):
    """Plans, applies, kills, resumes, edits and waits, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.plan: Plan
        for server in self.world.servers.values():
            server.on_write = self._on_write

    @initialize(figures=st.lists(st.integers(0, 30), min_size=4, max_size=4))
    def begin(self, figures: list[int]) -> None:
        """The mapping asks for something, and there is a plan."""
        for line, figure in zip(LINES, figures, strict=True):
            self.world.fixes(line, figure)
        self.plan = self.world.plan()

    @rule(line=lines, figure=st.integers(0, 30))
    def want(self, line: str, figure: int) -> None:
        """The mapping asks for another figure."""
        self.world.fixes(line, figure)

    @rule(line=lines, change=st.integers(-5, 5).filter(bool))
    def edit(self, line: str, change: int) -> None:
        """Somebody else changes a line."""
        self.world.server_of(line).edit(line, change)

    @rule(seconds=st.sampled_from([1.0, 20.0, 60.0, 200.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.clock.pause(seconds)

    @rule(name=st.sampled_from(["dated", "at-once"]), lag=st.sampled_from([0.0, 5.0, LAG - 1]), deaf=st.integers(0, 3))
    def trouble(self, name: str, lag: float, deaf: int) -> None:
        """Reads of a PSA lag, and the next few fail."""
        self.world.servers[name].lag, self.world.servers[name].deaf = lag, deaf

    @rule()
    def make_plan(self) -> None:
        """A new plan, in which no line that is in doubt may be touched."""
        self.plan = self.world.plan()
        assert self.world.doubts().isdisjoint(change.line.id for change in self.plan.changes)

    @rule(only=some_lines, script=answers, kill=kills, seen_gone=st.booleans(), stop_after=stops)
    def apply(
        self,
        only: frozenset[str],
        script: list[Answer],
        kill: tuple[Stage, int] | None,
        seen_gone: bool,  # noqa: FBT001 - hypothesis names them
        stop_after: int | None,
    ) -> None:
        """The plan, new or old, is applied once more, as far as it is approved."""
        for server in self.world.servers.values():
            server.script = script
        approved = self.world.decide(self.plan, only)
        self._found(self.world.apply(self.plan, approved, kill=kill, seen_gone=seen_gone, stop_after=stop_after))

    @rule(waits=st.booleans(), stopped=st.booleans())
    def resume(self, waits: bool, stopped: bool) -> None:  # noqa: FBT001 - hypothesis names them
        """What is in doubt is settled as far as it can be."""
        self._found(self.world.resume(waits=waits, stopped=stopped))

    def _found(self, results: list[Result] | None) -> None:
        """What a run says of its lines is so: verified ones are as wanted, unknown ones are held back."""
        for one in results or ():
            line, change = one.change.line.id, one.change
            if one.outcome is Outcome.VERIFIED and self.world.server_of(line).shows_truth(line):
                assert self.world.truth()[line].quantity == change.quantity_after
        assert unknown(results or ()) <= self.world.doubts()

    def _on_write(self, line: str, call: Call) -> None:
        """A call arrives at a PSA: it was approved, it is in the journal, and no other is under way for the line."""
        entry = self.world.journal.entries(line=line)[-1]
        change = read_change(entry.detail["change"])
        assert (entry.event, change.call) == (Event.INTENT, call)
        assert entry.change in self.world.approved
        assert line not in self.world.under_way(), "sent while an earlier call may still be carried out"
        if self.world.server_of(line).shows_truth(line):
            assert self.world.truth()[line].quantity == change.live_quantity, "sent on another figure than the plan saw"

    @invariant()
    def whatever_may_still_happen_is_in_doubt(self) -> None:
        """No plan touches a line whose call may still be carried out."""
        assert self.world.under_way() <= self.world.doubts()

    @invariant()
    def every_write_is_told_or_in_doubt(self) -> None:
        """A line that nobody else touched was written as often as the journal says, unless it says it does not know."""
        for line in LINES.keys() - self.world.edited() - self.world.doubts():
            assert self.world.server_of(line).applied.count(line) == self.world.verified(line), line

    def teardown(self) -> None:
        """Once all is quiet the lines come to what the mapping asks for, and then there is nothing to do."""
        try:
            self._converges()
        finally:
            self.world.close()

    def _converges(self) -> None:
        self.world.quiet()
        self.world.resume()
        self.world.accept_the_rest()
        plan = self.world.plan()
        results = self.world.apply(plan, self.world.decide(plan)) or []
        assert {one.outcome for one in results} <= {Outcome.VERIFIED}
        wanted = {line: binding.terms.fixed for line, binding in self.world.bindings.items()}
        assert {line: row.quantity for line, row in self.world.truth().items()} == wanted
        assert (self.world.plan().changes, self.world.doubts()) == ((), set())


@pytest.fixture
def world() -> Iterator[World]:
    """A world that ends with the test."""
    found = World()
    yield found
    found.close()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([Answer.THROTTLED, Answer.KILLED_LATE], id="killed"),
        pytest.param([Answer.THROTTLED, Answer.LOST_LATE], id="its answer lost"),
    ],
)
def test_a_call_that_a_limit_held_up_is_judged_by_when_it_was_sent_at_last(world: World, script: list[Answer]) -> None:
    """Told to wait a minute, sent again, and then its sender was killed or heard nothing: it still has its time."""
    world.fixes("d1", 14)
    plan = world.plan()
    world.servers["dated"].script = script
    world.apply(plan, world.decide(plan), seen_gone=True)
    world.resume()
    assert (world.truth()["d1"].quantity, world.verified("d1"), world.plan().changes) == (14, 1, ())


def step(machine: Protocol, luck: random.Random) -> None:
    """One rule, chosen by chance: mostly those that write."""
    line, name = luck.choice(sorted(LINES)), luck.choice(["dated", "at-once"])
    acts: list[Callable[[], object]] = [
        lambda: machine.want(line, luck.randint(0, 30)),
        lambda: machine.edit(line, luck.choice([-2, -1, 1, 2])),
        lambda: machine.wait(luck.choice([1.0, 20.0, 60.0, 200.0])),
        lambda: machine.trouble(name, luck.choice([0.0, 5.0, LAG - 1]), luck.choice([0, 0, 1, 3])),
        machine.make_plan,
        lambda: machine.resume(luck.random() < 0.5, luck.random() < 0.2),
        lambda: machine.apply(
            frozenset(luck.sample(sorted(LINES), luck.randint(1, 4))),
            luck.choices(list(Answer), k=luck.randint(0, 5)),
            (luck.choice(list(Stage)), luck.randint(1, 4)) if luck.random() < 0.3 else None,
            luck.random() < 0.5,
            luck.randint(0, 3) if luck.random() < 0.2 else None,
        ),
    ]
    luck.choices(acts, weights=[3, 1, 2, 1, 4, 2, 5])[0]()
    machine.whatever_may_still_happen_is_in_doubt()
    machine.every_write_is_told_or_in_doubt()


@pytest.mark.parametrize("seeds", [range(first, first + 20) for first in range(0, 80, 20)], ids=str)
def test_eighty_long_walks_break_nothing(seeds: range) -> None:
    """Twenty steps each, by chance and always the same: more ground than a search for small failures covers."""
    for seed in seeds:
        luck, machine = random.Random(seed), Protocol()
        machine.begin([luck.randint(0, 30) for _ in LINES])
        try:
            for _ in range(20):
                step(machine, luck)
        finally:
            machine.teardown()


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(
    max_examples=60, stateful_step_count=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
