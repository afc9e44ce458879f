"""One line's change, from the difference that was found: named, dated, valued, with its literal call."""

from __future__ import annotations

from dataclasses import replace

from psarecon.domain.diff import Difference
from psarecon.domain.model import Binding, Call, Observed, Steps, Usage
from psarecon.domain.periods import Slot
from psarecon.domain.plan import Change, UsageView, change_id
from psarecon.domain.ports import Draft
from psarecon.domain.rules import rule_digest
from psarecon.snapshot import Moment, Side, Snapshot


def change_of(
    snapshot: Snapshot,
    binding: Binding,
    observed: Observed,
    found: Difference,
    steps: Steps,
    causes: tuple[str, ...],
    call: Call | None = None,
    rule: str | None = None,
) -> Change:
    """The change that takes the line from what was observed to what the difference says; ``call`` as its PSA has it,
    unless it is given, and ``rule`` as ``rule_digest`` has it."""
    side, usage, when = snapshot.sides[binding.line.psa], snapshot.used(binding), snapshot.when
    slot = _with_opening(found, side, binding)
    effective, digest = slot.effective_date, rule or rule_digest(binding)
    call = call or side.psa.call_for(Draft(binding.line, slot, found.quantity, found.unit_cost, observed))
    return Change(
        id=change_id(binding.line, found.quantity, found.unit_cost, effective, call),
        line=binding.line,
        client=binding.client,
        product=binding.product.name,
        quantity=found.quantity,
        unit_cost=found.unit_cost,
        effective_date=effective,
        causes=causes,
        evidence=steps.evidence,
        money=found.money,
        source=binding.at,
        call=call,
        names=(observed.names.company or "", observed.names.contract or "", observed.names.line or ""),
        live_quantity=slot.quantity,
        live_cost=slot.unit_cost,
        wanted_cost=binding.unit_cost,
        organization=_organization(binding),
        measured_on=None if effective is None else max(effective, when.day),
        ahead=effective is not None and effective > when.day,
        usage=_view(usage, steps, when, digest),
        touched=observed.touched,
    )


def _view(usage: Usage | None, steps: Steps, when: Moment, digest: str) -> UsageView:
    month, daily = (str(when.month), ()) if usage is None else (usage.month, usage.daily)
    return UsageView(month, daily, steps.steps, steps.usage, digest)


def _with_opening(found: Difference, side: Side, binding: Binding) -> Slot:
    """The slot, with the units before our first write of that date where the PSA's rows cannot tell them."""
    slot = found.slot
    period = slot.period
    if period is None or period.opening is not None or slot.effective_date is None:
        return slot
    first = side.written.get(binding.line.id, {}).get(slot.effective_date)
    return replace(slot, period=replace(period, opening=first)) if first is not None else slot


def _organization(binding: Binding) -> str | None:
    if binding.product.source is None or binding.organization is None:
        return None
    return f"{binding.product.source}/{binding.organization}"
