"""Take a run back: a plan of the opposite of what it wrote, through the same guards; whoever applies it decides.

A line that moved on since is left out, and told. What is taken back stays so: the next plan's change of such a line
waits for a person (``rolled-back``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from psarecon.changes import change_of
from psarecon.domain.diff import ROLLED_BACK, Difference, difference, line_findings
from psarecon.domain.guards import blocked, change_findings, plan_findings
from psarecon.domain.model import (
    Binding,
    Finding,
    Mapping,
    Names,
    Observed,
    Period,
    Product,
    QuantityRule,
    Remark,
    Severity,
    Steps,
    Terms,
)
from psarecon.domain.money import same_cost
from psarecon.domain.plan import Change, Plan
from psarecon.domain.plan_file import read_change
from psarecon.domain.written import with_id
from psarecon.errors import InvalidInput
from psarecon.ledger.journal import Event, Journal
from psarecon.probe.run import RUNS
from psarecon.reconcile import Policy, assembled, dating_of, held_back
from psarecon.snapshot import Side, Snapshot


@dataclass(frozen=True, slots=True)
class Written:
    """What one run wrote for certain: its whole name, and the changes with the tenant each was written to."""

    run: str
    changes: tuple[tuple[Change, str], ...]


def written_by(journal: Journal, run: str) -> Written:
    """What a run wrote and saw written, by the beginning of its name. Raises InvalidInput: none, several, a probe."""
    entries = journal.entries(run=run)
    names = sorted({entry.run for entry in entries})
    if len(names) != 1:
        told = f"{len(names)} runs begin so" if names else "the journal knows no such run"
        raise InvalidInput(f"run {run!r}: {told}", hint="psarecon log names the runs")
    if names[0].startswith(RUNS):
        hint = "`psarecon doctor` tells of one that did not; `psarecon probe` then does it first"
        raise InvalidInput(f"run {names[0]} was a probe, which puts back what it changed", hint=hint)
    intents = {one.change: read_change(one.detail["change"]) for one in entries if one.event is Event.INTENT}
    done = [
        (intents[one.change], one.tenant) for one in entries if one.event is Event.VERIFIED and one.change in intents
    ]
    return Written(names[0], tuple(done))


def bindings_of(written: Written, mapping: Mapping) -> list[Binding]:
    """A binding for each line that was written, asking for what was there before.

    The mapping's own where it still has the line: its names are checked and its allowances hold.
    """
    known = {binding.line: binding for binding in mapping.bindings}
    return [_asking_back(known.get(change.line) or _made(change), change) for change, _ in written.changes]


def _asking_back(binding: Binding, change: Change) -> Binding:
    product = replace(binding.product, cost_rule=None)
    return replace(binding, product=product, unit_cost=change.unit_cost.before if change.unit_cost else None)


def _made(change: Change) -> Binding:
    """For a line that has left the mapping."""
    product = Product(change.product, QuantityRule.FIXED)
    return Binding(change.client, product, None, change.line, Names(), Terms(), None, (), change.source)


@dataclass(slots=True)
class _Found:
    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def rollback(written: Written, mapping: Mapping, snapshot: Snapshot, policy: Policy) -> Plan:
    """The plan that takes the run back, of a snapshot of ``bindings_of``.

    Raises InvalidInput: the run wrote to another tenant. RemoteError.
    """
    found = _Found([], list(snapshot.claims.findings))
    bindings = bindings_of(written, mapping)
    for name, side in snapshot.sides.items():
        side.follow(binding.line for binding in bindings if binding.line.psa == name)
    for binding, (change, tenant) in zip(bindings, written.changes, strict=True):
        side = snapshot.sides[binding.line.psa]
        _same_tenant(side, change, tenant)
        _take_back(_Line(written.run, binding, change, snapshot, policy), found)
    lines = max(len(mapping.bindings), len(bindings))
    found.findings += plan_findings(found.changes, lines, policy.limits)
    found.findings.append(_told(written, found))
    whole = replace(mapping, bindings=tuple(bindings))
    return with_id(assembled(policy, whole, snapshot, found.changes, found.findings))


def _same_tenant(side: Side, change: Change, tenant: str) -> None:
    if side.tenant != tenant:
        text = f"the run wrote to {tenant}, the credentials of {change.line.psa} lead to {side.tenant}"
        raise InvalidInput(text, hint="use the settings that the run used")


def _told(written: Written, found: _Found) -> Finding:
    text = f"takes back run {written.run}: {len(found.changes)} of the {len(written.changes)} lines it wrote"
    return Finding("rollback", Severity.INFO, "plan", text)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line to be taken back: ``change`` is what the run wrote."""

    run: str
    binding: Binding
    change: Change
    snapshot: Snapshot
    policy: Policy

    @property
    def side(self) -> Side:
        """Its PSA's."""
        return self.snapshot.sides[self.binding.line.psa]


def _take_back(line: _Line, found: _Found) -> None:
    observed = line.side.line(line.binding)
    findings = [*line_findings(line.binding, observed, line.snapshot.when.day), *held_back(line.snapshot, line.binding)]
    found.findings += findings
    if observed is None or blocked(findings):
        return
    now = _now(line, observed)
    if now is None or not _as_left(line.change, *now):
        found.findings.append(_moved_on(line, now))
        return
    _oppose(line, observed, now[0], found)


def _now(line: _Line, observed: Observed) -> tuple[Decimal, Decimal | None] | None:
    """Quantity and unit cost in force from the date that was written; None when the PSA shows no such period."""
    if observed.periods is None:
        assert observed.quantity is not None
        return observed.quantity, observed.unit_cost
    day = max(line.change.effective_date or line.snapshot.when.day, line.snapshot.when.day)
    period = next((one for one in observed.periods if one.first <= day <= one.last), None)
    return (period.quantity, _cost(period, observed)) if period else None


def _cost(period: Period, observed: Observed) -> Decimal | None:
    return period.unit_cost if period.unit_cost is not None else observed.unit_cost


def _as_left(change: Change, quantity: Decimal, unit_cost: Decimal | None) -> bool:
    cost = change.unit_cost
    return quantity == change.quantity_after and (cost is None or same_cost(unit_cost, cost.after))


def _moved_on(line: _Line, now: tuple[Decimal, Decimal | None] | None) -> Finding:
    change = line.change
    left = f"{change.quantity_after}" + (f" at {change.unit_cost.after}" if change.unit_cost else "")
    is_now = "cannot be seen" if now is None else f"is {now[0]}" + (f" at {now[1]}" if change.unit_cost else "")
    text = f"run {line.run} left {left}, the line now {is_now}: it is not taken back"
    return Finding("moved-on", Severity.LOOK, line.binding.line.scope, text)


def _from_then_on(change: Change, observed: Observed) -> Observed:
    """The line without the periods before the date that was written to: they never had what is taken back."""
    day = change.effective_date
    if observed.periods is None or day is None:
        return observed
    return replace(observed, periods=tuple(period for period in observed.periods if period.last >= day))


def _oppose(line: _Line, observed: Observed, now: Decimal, found: _Found) -> None:
    wanted = line.change.quantity.before if line.change.quantity else now
    steps = Steps(wanted, None, ((f"before run {line.run}", f"{wanted}"),))
    dating = replace(dating_of(line.side, line.binding, line.snapshot.when), undoes=line.change.effective_date)
    answer = difference(line.binding, _from_then_on(line.change, observed), steps, dating)
    scope = line.binding.line.scope
    if isinstance(answer, Difference):
        change = change_of(line.snapshot, line.binding, observed, answer, steps, ("rollback",))
        change = replace(change, usage=replace(change.usage, rule=ROLLED_BACK))
        found.changes.append(change)
        found.findings += [Finding(one.code, one.severity, scope, one.text) for one in answer.slot.remarks]
        found.findings += change_findings(change, line.binding, line.snapshot.when.today, line.policy.limits)
    elif isinstance(answer, Remark):
        found.findings.append(Finding(answer.code, answer.severity, scope, answer.text))
