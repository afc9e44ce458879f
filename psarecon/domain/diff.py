"""One line's desired state against what the PSA says: the change, or nothing, or why neither can be said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from psarecon.domain.model import Baseline, Binding, Finding, Observed, Remark, Severity, Steps
from psarecon.domain.money import Money, monthly, same_cost
from psarecon.domain.periods import Dating, NeedsFollowing, Slot, choose_slot
from psarecon.domain.plan import Pair
from psarecon.records import record

#: Stands for the rule of a baseline whose write took back an earlier one.
ROLLED_BACK = "rolled-back"


@record
class Difference:
    """What would change on a line, in which slot, with the money and the findings that came up on the way.

    ``quantity`` and ``unit_cost`` are None where they stay.
    """

    slot: Slot
    quantity: Pair | None
    unit_cost: Pair | None
    money: Money


def line_findings(binding: Binding, observed: Observed | None, today: date) -> Iterator[Finding]:
    """What the PSA's answer says against touching the line at all, and what it says about the names."""
    line = binding.line
    if observed is None:
        text = f"line {line.id} is not in the PSA, or hidden from its API user"
        yield Finding("line-missing", Severity.BLOCK, line.scope, text)
        return
    for remark in observed.remarks:
        yield Finding(remark.code, remark.severity, line.scope, remark.text)
    if line != observed.line or binding.names != observed.names:
        yield from _identity_findings(binding, observed)
    if observed.quantity is None:
        text = f"the line is not billing on {today}: it has no units on that day"
        yield Finding("not-billing", Severity.BLOCK, line.scope, text)
    if binding.unit_cost is not None and observed.unit_cost is None:
        text = "the unit cost is hidden from the API user: it is unknown, not 0, and is left alone"
        yield Finding("cost-unknown", Severity.INFO, line.scope, text)


def _identity_findings(binding: Binding, observed: Observed) -> Iterator[Finding]:
    scope = binding.line.scope
    for what, mapped, real in (
        ("contract", binding.line.contract, observed.line.contract),
        ("company", binding.line.company, observed.line.company),
    ):
        if mapped != real:
            text = f"the mapping says {what} {mapped}, the PSA says {real}"
            yield Finding(f"{what}-differs", Severity.BLOCK, scope, text)
    for what in ("company", "contract", "line"):
        said, real_name = getattr(binding.names, what), getattr(observed.names, what)
        if said is not None and said != real_name:
            text = f"the mapping calls the {what} {said!r}, the PSA calls it {real_name!r}: is the id right?"
            yield Finding("name-differs", Severity.LOOK, scope, text)


def difference(
    binding: Binding, observed: Observed, steps: Steps, dating: Dating
) -> Difference | Remark | NeedsFollowing | None:
    """What would change on the line; None when nothing does.

    A quantity that already stands in its slot falls back to the first open slot for the cost alone. Where nothing
    changes now, a period that a write of ours was dated to may still lie ahead and ask for another figure.
    """
    if dating.unhindered and _right(observed, steps.quantity, binding.unit_cost):
        return None
    slot = choose_slot(observed, steps.quantity, dating)
    if not isinstance(slot, Slot):
        idle = _current(observed) == steps.quantity and _cost_pair(observed.unit_cost, binding.unit_cost) is None
        return _ahead(binding, observed, steps, dating) if idle else slot
    quantity = Pair(slot.quantity, steps.quantity) if slot.quantity != steps.quantity else None
    if quantity is None and _current(observed) != steps.quantity:
        held = choose_slot(observed, _current(observed), dating)
        slot = held if isinstance(held, Slot) else slot
    cost = _cost_pair(slot.unit_cost, binding.unit_cost)
    if quantity is None and cost is None:
        return _ahead(binding, observed, steps, dating)
    return Difference(slot, quantity, cost, _money(slot, quantity, cost, observed))


def _ahead(binding: Binding, observed: Observed, steps: Steps, dating: Dating) -> Difference | NeedsFollowing | None:
    """What a line that is right today needs later on, where a write of ours left another figure there."""
    periods = observed.periods or ()
    if dating.closing or dating.ahead is None or not periods or dating.ahead <= periods[0].last:
        return None
    if not observed.following:
        return NeedsFollowing()
    later = tuple(period for period in periods if period.last >= dating.ahead)
    slot = choose_slot(replace(observed, periods=later), steps.quantity, dating) if later else None
    if not isinstance(slot, Slot) or slot.quantity == steps.quantity:
        return None
    quantity, cost = Pair(slot.quantity, steps.quantity), _cost_pair(slot.unit_cost, binding.unit_cost)
    return Difference(slot, quantity, cost, _money(slot, quantity, cost, observed))


def _right(observed: Observed, quantity: Decimal, unit_cost: Decimal | None) -> bool:
    """Whether the line holds these figures in the slot that any change of it would land in: nothing is to be chosen
    for it, as for nearly all lines on nearly all days."""
    if not observed.periods:
        return (
            observed.periods is None
            and observed.quantity == quantity
            and _cost_pair(observed.unit_cost, unit_cost) is None
        )
    now = observed.periods[0]
    return now.quantity == quantity and not now.posted and _cost_pair(now.unit_cost, unit_cost) is None


def _current(observed: Observed) -> Decimal:
    quantity = observed.periods[0].quantity if observed.periods else observed.quantity
    assert quantity is not None
    return quantity


def _cost_pair(live: Decimal | None, wanted: Decimal | None) -> Pair | None:
    if wanted is None or live is None or same_cost(live, wanted):
        return None
    return Pair(live, wanted)


def _money(slot: Slot, quantity: Pair | None, cost: Pair | None, observed: Observed) -> Money:
    after = quantity.after if quantity else slot.quantity
    unit_after = cost.after if cost else slot.unit_cost
    return Money(
        monthly(slot.quantity, slot.unit_cost, observed.months),
        monthly(after, unit_after, observed.months),
        monthly(slot.quantity, observed.unit_price, observed.months),
        monthly(after, observed.unit_price, observed.months),
    )


def causes(
    binding: Binding, steps: Steps, slot: Slot, baseline: Baseline | None, rule: str, latest: date | None = None
) -> tuple[str, ...]:
    """Why the line differs, told from the last verified write: usage, mapping, cost, psa, first; else a new period.

    ``rolled-back`` stands alone: the last write took back an earlier one, and this change would write it again.
    ``latest`` is the furthest date that a verified write of ours is dated to, whether it has come or not.
    """
    if baseline is None:
        return ("first",)
    if baseline.rule == ROLLED_BACK:
        return ("rolled-back",)
    found = []
    if steps.usage != baseline.usage:
        found.append("usage")
    if rule != baseline.rule:
        found.append("mapping")
    if not same_cost(binding.unit_cost, baseline.wanted_cost):
        found.append("cost")
    if _reached(baseline, slot.effective_date, latest) and moved_behind_us(baseline, slot.quantity, slot.unit_cost):
        found.append("psa")
    return tuple(found) or ("period",)


def _reached(baseline: Baseline, day: date | None, latest: date | None) -> bool:
    """Whether the figures of a slot are those that the baseline's write left: not before its date, and not where a
    write dated further ahead came in between."""
    if day is None or baseline.effective_date is None:
        return True
    return baseline.effective_date <= day and (latest is None or day < latest or baseline.effective_date >= latest)


def moved_behind_us(baseline: Baseline, quantity: Decimal, unit_cost: Decimal | None) -> bool:
    """Whether the PSA no longer holds what the last write left; a cost that is hidden tells nothing."""
    known = unit_cost is not None and baseline.unit_cost is not None
    return quantity != baseline.quantity or (known and not same_cost(unit_cost, baseline.unit_cost))
