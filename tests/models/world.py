"""The world of the models: two PSAs, a real ledger whose clock is the test's, and the verbs on them."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from models.server import CALL, LAG, LATE, Clock, Killed, Row, Server
from unit.domain.make import binding

from psarecon.apply import Applier
from psarecon.domain.decisions import Decision, Verdict, sort_changes
from psarecon.domain.guards import Limits
from psarecon.domain.model import Binding, LineKey, Mapping, QuantityRule, Reading, Terms
from psarecon.domain.periods import Month
from psarecon.domain.plan import Change, Plan
from psarecon.errors import LockHeld
from psarecon.ledger.database import open_database
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.leases import Holder, Leases
from psarecon.ledger.usage import UsageLog
from psarecon.protocol import Outcome, Progress, Result, Stage, Timing, Watch
from psarecon.reconcile import Policy, Reconciler
from psarecon.resume import Resumer
from psarecon.snapshot import Ledger, Moment, Observer

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
WHEN = Moment(NOW, ZoneInfo("UTC"), Month(2026, 11))
#: Seconds. A server works on a call no longer than ``SETTLE``, counted from sending it, and reads lag less.
SETTLE, LEASE = LATE + LAG + 2 * CALL, 100.0
#: Nothing is blocked by these: a model that only looks on would prove nothing.
OPEN = Limits(drop_percent=Decimal(10_000), zero=False, usage_age=WHEN.now - datetime(2000, 1, 1, tzinfo=UTC))

LINES = {
    "d1": LineKey("dated", "1", "10", "d1"),
    "d2": LineKey("dated", "1", "10", "d2"),
    "a1": LineKey("at-once", "2", "20", "a1"),
    "a2": LineKey("at-once", "2", "20", "a2"),
}


class World:
    """Two PSAs with two lines each, ten units at 9.00; everything in it passes by its own clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self._folder = tempfile.TemporaryDirectory(prefix="psarecon-model-")
        sa.event.listen(sa.Engine, "engine_connect", self._tell_time)
        self.database = open_database("sqlite:ledger.db", Path(self._folder.name))
        self.journal, self.usage = Journal(self.database), UsageLog(self.database)
        self.servers = {name: self._server(name) for name in ("dated", "at-once")}
        self.bindings = {name: self._binding(line) for name, line in LINES.items()}
        self.approved: set[str] = set()
        self.runs = 0

    def _tell_time(self, connection: sa.Connection) -> None:
        """SQLite takes its own clock for the ledger's; here that is ours. And nobody cuts the power here."""
        below = connection.connection.driver_connection
        assert isinstance(below, sqlite3.Connection)
        below.create_function("julianday", 1, lambda _moment: self.clock.now / 86400 + 2440587.5)
        below.execute("PRAGMA synchronous=OFF")

    def _server(self, name: str) -> Server:
        rows = {line.id: Row(10, 10, Decimal("9.00")) for line in LINES.values() if line.psa == name}
        return Server(name, name == "dated", self.clock, rows)

    def _binding(self, line: LineKey, quantity: int = 10) -> Binding:
        terms = Terms(fixed=quantity)
        return binding(QuantityRule.FIXED, terms, line=line, client=line.id, organization=line.id)

    def close(self) -> None:
        """The world ends."""
        self.database.close()
        sa.event.remove(sa.Engine, "engine_connect", self._tell_time)
        self._folder.cleanup()

    # The mapping and the truth

    def fixes(self, line: str, quantity: int) -> None:
        """The mapping asks for a figure, whatever usage says."""
        cost = self.bindings[line].unit_cost
        self.bindings[line] = replace(self._binding(LINES[line], quantity), unit_cost=cost)

    def costs(self, line: str, cost: Decimal) -> None:
        """The mapping asks for another unit cost."""
        self.bindings[line] = replace(self.bindings[line], unit_cost=cost)

    def truth(self) -> dict[str, Row]:
        """What the PSAs hold."""
        return {line: row for server in self.servers.values() for line, row in server.books().items()}

    def under_way(self) -> set[str]:
        """The lines that a call which was sent may still change."""
        return set().union(*(server.under_way() for server in self.servers.values()))

    def edited(self) -> set[str]:
        """The lines that somebody else changed."""
        return {line for server in self.servers.values() for line in server.edited}

    def doubts(self) -> set[str]:
        """The lines that the journal holds back."""
        return {line for server in self.servers.values() for line in self.journal.doubts(server.name, server.tenant)}

    def server_of(self, line: str) -> Server:
        """The PSA of a line."""
        return self.servers[LINES[line].psa]

    # The verbs

    def plan(self, limits: Limits = OPEN, luck: random.Random | None = None) -> Plan:
        """A plan; ``luck`` shuffles all that comes in no order of its own."""
        bindings, names = list(self.bindings.values()), list(self.servers)
        if luck is not None:
            luck.shuffle(bindings)
            luck.shuffle(names)
        psas = {name: self.servers[name] for name in names}
        listed = tuple(bindings)
        snapshot = Observer(psas, lambda: Ledger(self.usage, self.journal)).look(listed, WHEN)
        return Reconciler(Policy(limits, "USD", "digest")).plan(Mapping(listed), snapshot)

    def read(self, readings: Iterable[Reading]) -> None:
        """Readings come in."""
        self.usage.add(readings)

    def decide(self, plan: Plan, lines: Iterable[str] = LINES) -> list[tuple[Change, Decision]]:
        """A person approves the changes of these lines and says nothing of the others; what comes of that."""
        wanted = {change.id for change in plan.changes if change.line.id in set(lines)}
        said = [one for one in approve_all(plan) if one.change in wanted]
        self.approved |= wanted
        return list(sort_changes(plan, said).approved)

    def apply(
        self,
        plan: Plan,
        approved: Sequence[tuple[Change, Decision]],
        *,
        kill: tuple[Stage, int] | None = None,
        seen_gone: bool = False,
        stop_after: int | None = None,
    ) -> list[Result] | None:
        """``apply``; None: it was killed, or locked out. Unless its machine sees that, its lease stays behind."""
        self.runs += 1
        watch = _Watching(self.clock, kill, stop_after)
        run = f"run-{self.runs}"
        leases, timing = Leases(self.database), Timing(SETTLE, LEASE)
        applier = Applier(self.servers, self.journal, leases, run, Holder("a", "host", run), timing, watch.watch())
        try:
            return applier.apply(plan, approved)
        except Killed:
            if not seen_gone:
                leases.take(self.servers[watch.psa].tenant, Holder("killed", "host", run), LEASE)
        except LockHeld:
            pass
        return None

    def resume(self, *, waits: bool = True, stopped: bool = False) -> list[Result]:
        """``resume``; nothing where it was locked out."""
        watch = Watch(stop=lambda: stopped, pause=self.clock.pause)
        leases, timing = Leases(self.database), Timing(SETTLE, LEASE)
        resumer = Resumer(self.servers, self.journal, leases, Holder("r", "host", "r"), timing, watch, waits)
        with suppress(LockHeld):
            return resumer.resume()
        return []

    def accept_the_rest(self) -> None:
        """A person has looked at what is still in doubt, and takes it as it is."""
        leases, timing = Leases(self.database), Timing(SETTLE, LEASE)
        resumer = Resumer(self.servers, self.journal, leases, Holder("r", "host", "r"), timing)
        for entry in self.journal.open_entries():
            resumer.accept(entry.change, "a person", "seen")

    def verified(self, line: str) -> int:
        """How often the journal says that a write of the line was done."""
        return sum(one.event is Event.VERIFIED for one in self.journal.entries(line=line))

    def quiet(self) -> None:
        """Nothing goes wrong any more, and whatever was under way or held has had its time."""
        for server in self.servers.values():
            server.calm()
        self.clock.pause(SETTLE + LEASE + LAG)


class _Watching:
    """Who looks at a run: kills it at the n-th time of a stage, or tells it to stop after so many finished changes."""

    def __init__(self, clock: Clock, kill: tuple[Stage, int] | None, stop_after: int | None) -> None:
        self._clock = clock
        self._stage = kill[0] if kill else None
        self._left = kill[1] if kill else 0
        self._stop_after = stop_after
        self.psa = "dated"

    def watch(self) -> Watch:
        """For the service."""
        return Watch(on=self._on, stop=self._stop, pause=self._clock.pause, clock=lambda: self._clock.now)

    def _on(self, progress: Progress) -> None:
        self.psa = progress.change.line.psa
        if self._stop_after is not None and progress.outcome is not None:
            self._stop_after -= 1
        if progress.stage is self._stage:
            self._left -= 1
            if self._left == 0:
                raise Killed

    def _stop(self) -> bool:
        return self._stop_after is not None and self._stop_after <= 0


def approve_all(plan: Plan) -> list[Decision]:
    """A decision for each change, whatever was found about it."""
    at = "2026-11-20T17:00:00Z"
    return [Decision(one.id, Verdict.APPROVE, "a person", at) for one in plan.changes]


def unknown(results: Iterable[Result]) -> set[str]:
    """The lines whose outcome a run did not find out."""
    return {one.change.line.id for one in results if one.outcome is Outcome.UNKNOWN}
