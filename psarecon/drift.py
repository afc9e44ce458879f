"""Which lines somebody else moved since psarecon's last verified write. It is handed nothing that could write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date

from psarecon.domain import model
from psarecon.domain.costs import with_costs
from psarecon.domain.drift import Apart, Drift, DriftReport, Kind, Seen, judged
from psarecon.domain.guards import blocked
from psarecon.domain.model import Binding, LineKey
from psarecon.domain.periods import NeedsFollowing
from psarecon.domain.plan import Plan
from psarecon.domain.rules import NoUsage, wanted_quantity
from psarecon.domain.standing import Figures
from psarecon.ledger.journal import Journal
from psarecon.snapshot import Side, Snapshot, by_psa

Found = Drift | Apart


def find_drift(mapping: model.Mapping, snapshot: Snapshot, plan: Plan, journal: Journal) -> DriftReport:
    """What drifted; ``plan`` is that of the same mapping and snapshot. Raises RemoteError, LedgerError."""
    asking, _ = with_costs(mapping, snapshot.used)
    doubtful = {one.scope for one in plan.findings if one.scope.startswith("organization:") and blocked([one])}
    found: list[Found] = []
    written: set[LineKey] = set()
    for name, bindings in by_psa(asking.bindings).items():
        side = snapshot.sides[name]
        written |= {one.line for one in bindings if one.line.id in side.baselines}
        found += _not_ours(_judged(snapshot, side, bindings, doubtful), name, side, journal)
    return _report(mapping, plan, written, found)


def _judged(
    snapshot: Snapshot, side: Side, bindings: Iterable[Binding], doubtful: Collection[str]
) -> Iterator[tuple[Seen, Found]]:
    """Each line that is not as it was left; those that depend on later periods once these are read."""
    first = [(one, judged(_seen(snapshot, side, one))) for one in bindings]
    side.follow(one.line for one, answer in first if isinstance(answer, NeedsFollowing))
    odd = [one for one, answer in first if answer is not None]
    _look_again(side, [one.line for one in odd if isinstance(judged(_seen(snapshot, side, one)), Drift)])
    for binding in odd:
        seen = _seen(snapshot, side, binding, _wanted(snapshot, binding, doubtful))
        answer = judged(seen)
        if isinstance(answer, Drift | Apart):
            yield seen, answer


def _look_again(side: Side, lines: Sequence[LineKey]) -> None:
    """Read these lines once more: what a run of ours wrote after they were read would be taken for somebody else's."""
    if lines:
        following = any(side.observed[line].following for line in lines)
        side.observed |= side.psa.observe(lines, side.day, following=following)


def _seen(snapshot: Snapshot, side: Side, binding: Binding, wanted: Figures | None = None) -> Seen:
    line = binding.line
    known = (side.observed.get(line), side.baselines.get(line.id), side.doubts.get(line.id))
    return Seen(binding, *known, wanted, snapshot.when.today, snapshot.when.day)


def _wanted(snapshot: Snapshot, binding: Binding, doubtful: Collection[str]) -> Figures | None:
    """What mapping and usage ask for; None where the usage cannot be relied on."""
    if f"organization:{binding.product.source}/{binding.organization}" in doubtful:
        return None
    try:
        return Figures(wanted_quantity(binding, snapshot.used(binding)).quantity, binding.unit_cost)
    except NoUsage:
        return None


def _not_ours(judged_lines: Iterable[tuple[Seen, Found]], psa: str, side: Side, journal: Journal) -> Iterator[Found]:
    """What was found, but where writes of ours may be what moved the line: that cannot be told apart."""
    listed = list(judged_lines)
    moved = any(isinstance(one, Drift) for _, one in listed)
    settled = journal.settled(psa, side.tenant) if moved else set()
    dates = journal.last_dates(psa, side.tenant) if moved else {}
    for seen, one in listed:
        ours = _ours(seen, one, settled, dates) if isinstance(one, Drift) and one.kind is not Kind.ACCEPTED else None
        yield ours or one


def _ours(seen: Seen, drift: Drift, settled: Collection[str], dates: Mapping[str, date]) -> Apart | None:
    line = drift.line.id
    if line in settled:
        return seen.apart("settled", "a write in doubt was settled by a person, and none was verified since")
    latest = dates.get(line)
    if latest is not None and drift.since is not None and drift.since < latest <= seen.day:
        text = f"a write of ours dated {latest} counts by now, the last one is dated {drift.since}"
        return seen.apart("later-write", text)
    return None


def _report(mapping: model.Mapping, plan: Plan, written: set[LineKey], found: Iterable[Found]) -> DriftReport:
    listed = sorted(found, key=_line)
    apart = tuple(one for one in listed if isinstance(one, Apart))
    drifts = tuple(one for one in listed if isinstance(one, Drift))
    aside = {one.line for one in apart}
    moved = aside | {one.line for one in drifts if one.kind is not Kind.ACCEPTED}
    return DriftReport(
        as_of=plan.as_of,
        commit=mapping.commit,
        dirty=mapping.dirty,
        currency=plan.currency,
        tenants=plan.tenants,
        lines=len(mapping.bindings),
        compared=len(written - aside),
        drifts=drifts,
        apart=apart,
        unapplied=sum(change.line in written and change.line not in moved for change in plan.changes),
        unwritten=len({one.line for one in mapping.bindings} - written - aside),
    )


def _line(one: Found) -> LineKey:
    return one.line
