"""Remember lines that were right before psarecon ever wrote them, so that whoever changes one afterwards is noticed.

A line's baseline comes from its last verified write. A line that never needed one would have none, and a hand edit of
it would pass for a line seen the first time (``docs/concepts/causes.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal

from psarecon.changes import change_of
from psarecon.domain import model
from psarecon.domain.costs import with_costs
from psarecon.domain.diff import Difference
from psarecon.domain.guards import blocked
from psarecon.domain.model import Binding, Call, Observed
from psarecon.domain.money import Money, monthly, same_cost
from psarecon.domain.periods import Slot
from psarecon.domain.plan import Change, Plan
from psarecon.domain.plan_file import change_data
from psarecon.domain.ports import PsaReader
from psarecon.domain.rules import NoUsage, wanted_quantity
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.leases import Holder, Lease, Leases
from psarecon.protocol import Timing, baseline_of
from psarecon.snapshot import Side, Snapshot

#: Looks at the PSAs and plans what it sees.
Look = Callable[[], tuple[model.Mapping, Snapshot, Plan]]
_NOT_SENT = Call("", "", "")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What came of it: the lines remembered now, how many had a baseline, and how many wait for a write or a person."""

    changes: tuple[Change, ...]
    known: int
    waiting: int


@dataclass(slots=True)
class Rememberer:
    """Writes baselines, under the lease of each tenant: nobody writes a line between the look and the ledger."""

    psas: Mapping[str, PsaReader]
    journal: Journal
    leases: Leases
    holder: Holder
    timing: Timing = field(default_factory=Timing)

    def remember(self, look: Look) -> Remembered:
        """Look, and remember what is as wanted. Raises LockHeld, RemoteError, LedgerError, InvalidInput."""
        with ExitStack() as held:
            leases = {name: self._lease(psa, held) for name, psa in sorted(self.psas.items())}
            mapping, snapshot, plan = look()
            found = tuple(right_lines(mapping, snapshot, plan))
            for change in found:
                self._append(change, snapshot.sides[change.line.psa], leases[change.line.psa])
        known = sum(len(_bound(mapping, name) & set(side.baselines)) for name, side in snapshot.sides.items())
        lines = len({binding.line for binding in mapping.bindings})
        return Remembered(found, known, lines - known - len(found))

    def _lease(self, psa: PsaReader, held: ExitStack) -> Lease:
        lease = self.leases.take(psa.tenant, self.holder, self.timing.lease)
        held.callback(lease.release)
        return lease

    def _append(self, change: Change, side: Side, lease: Lease) -> None:
        lease.hold(0)
        detail = {
            "change": change_data(change),
            "by": self.holder.owner,
            "reason": "",
            "text": "as wanted; nothing was written",
            "runner": {"owner": self.holder.owner, "host": self.holder.host, "url": self.holder.run_url},
        }
        run = self.holder.run
        self.journal.under(lease).append(
            run, Event.REMEMBERED, change.id, change.line, side.tenant, change.effective_date, detail,
            baseline_of(change, run),
        )  # fmt: skip


def _bound(mapping: model.Mapping, psa: str) -> set[str]:
    return {binding.line.id for binding in mapping.bindings if binding.line.psa == psa}


def right_lines(mapping: model.Mapping, snapshot: Snapshot, plan: Plan) -> Iterator[Change]:
    """A change that moves nothing for each line that is as mapping and usage ask, and has no baseline.

    ``plan`` is that of the same mapping and snapshot: a line with a change in it, a BLOCK or an accepted drift is left
    alone, and so is one in doubt.
    """
    asking, _ = with_costs(mapping, snapshot.used)
    moved = {change.line for change in plan.changes}
    stopped = {finding.scope for finding in plan.findings if blocked([finding])}
    for binding in sorted(asking.bindings, key=lambda one: one.line):
        side = snapshot.sides[binding.line.psa]
        if binding.line not in moved and not _scopes(binding) & stopped and _free(binding, side):
            yield from _right(binding, snapshot, side)


def _scopes(binding: Binding) -> set[str]:
    return {"plan", binding.line.scope, f"organization:{binding.product.source}/{binding.organization}"}


def _free(binding: Binding, side: Side) -> bool:
    known = binding.line.id in side.baselines or binding.line.id in side.doubts
    return not known and binding.accepted is None


def _right(binding: Binding, snapshot: Snapshot, side: Side) -> Iterator[Change]:
    observed = side.line(binding)
    try:
        steps = wanted_quantity(binding, snapshot.used(binding))
    except NoUsage:
        return
    if observed is None or observed.quantity is None:
        return
    now = _now(observed)
    if now.quantity == steps.quantity and _kept(binding, now.unit_cost):
        stays = Difference(now, None, None, _money(now, observed))
        yield change_of(snapshot, binding, observed, stays, steps, (), _NOT_SENT)


def _now(observed: Observed) -> Slot:
    """What is in force on the day of the snapshot, and since when, as far as the PSA keeps periods."""
    assert observed.quantity is not None
    if not observed.periods:
        return Slot(None, observed.quantity, observed.unit_cost)
    period = observed.periods[0]
    cost = observed.unit_cost if period.unit_cost is None else period.unit_cost
    return Slot(period.first, period.quantity, cost, period)


def _kept(binding: Binding, unit_cost: Decimal | None) -> bool:
    """Whether the cost is as wanted; one that is hidden cannot be remembered."""
    return binding.unit_cost is None or (unit_cost is not None and same_cost(unit_cost, binding.unit_cost))


def _money(now: Slot, observed: Observed) -> Money:
    cost = monthly(now.quantity, now.unit_cost, observed.months)
    revenue = monthly(now.quantity, observed.unit_price, observed.months)
    return Money(cost, cost, revenue, revenue)
