"""What can stop a change: limits on drops, zeros, stale or failed usage, counts and money.

A guard gives BLOCK findings. The way past it stands in the mapping (``allow``): it names the guard, the line
by where it is written, a reason and an end date; then the finding stays, as INFO. Sources: design of the
product; the limits are the settings' ``guards``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from psarecon.domain.model import Binding, Finding, Severity, Usage
from psarecon.domain.money import total
from psarecon.domain.plan import Change


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings' guards. Percentages of the figure before, money a month in the plan's currency, None: no limit."""

    drop_percent: Decimal = Decimal(20)
    drop_at_least: int = 5
    zero: bool = True
    usage_age: timedelta = timedelta(hours=36)
    changes_count: int | None = None
    changes_percent: Decimal | None = None
    money_change: Decimal | None = None
    money_plan: Decimal | None = None
    cost_move_percent: Decimal | None = None


def usage_findings(binding: Binding, usage: Usage, now: datetime, limits: Limits) -> Iterator[Finding]:
    """What speaks against resting a quantity on this usage; BLOCK findings stop the line."""
    for code, text in _usage_troubles(usage, now, limits):
        yield _guarded(code, organization_scope(binding), text, binding, now.date())
    if usage.latest and usage.latest_cross_check not in (None, usage.latest.count):
        text = f"counted {usage.latest.count} users, the vendor's own list says {usage.latest_cross_check}"
        yield Finding("usage-cross-check", Severity.LOOK, organization_scope(binding), text)
    if usage.vendor_mark is not None and usage.peak and usage.vendor_mark != usage.peak.count:
        ours = f"our samples of {usage.month} peak at {usage.peak.count} (used)"
        text = f"{ours}, the vendor's own mark is {usage.vendor_mark}"
        yield Finding("usage-vendor-mark", Severity.LOOK, organization_scope(binding), text)


def organization_scope(binding: Binding) -> str:
    """How findings name the organization whose usage the binding bills."""
    return f"organization:{binding.product.source}/{binding.organization}"


def sku_findings(binding: Binding, usage: Usage) -> Iterator[Finding]:
    """Whether the vendor sells the organization what the line bills."""
    wanted, scope = binding.product.sku, binding.line.scope
    if wanted is None or usage.latest is None or usage.sku == wanted:
        return
    if usage.sku is None:
        yield Finding("sku-unknown", Severity.INFO, scope, f"the source does not tell whether it sells {wanted!r}")
        return
    text = f"the line bills {wanted!r}, the vendor sells the organization {usage.sku!r}: another product is due"
    yield Finding("sku-differs", Severity.LOOK, scope, text)


def _usage_troubles(usage: Usage, now: datetime, limits: Limits) -> Iterator[tuple[str, str]]:
    if usage.failure is not None:
        yield "usage-failed", f"the last reading failed: {usage.failure}"
    if usage.latest is None:
        return
    age = now - usage.latest.taken_at
    if age > limits.usage_age:
        yield "usage-stale", f"the newest sample is {_hours(age)} old, the limit is {_hours(limits.usage_age)}"
    if usage.latest.count == 0 and usage.before_latest:
        yield "usage-zero", f"the newest sample counts 0 where {usage.before_latest} were"


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.0f} h"


def missing_days(usage: Usage, through: int) -> str:
    """Which days of the month, up to day ``through``, are without a sample: they are not guessed. Empty: none is."""
    return _missing_text(usage.daily[:through], usage.month)


@lru_cache(maxsize=1024)  # organizations that are read together miss the same days
def _missing_text(daily: tuple[int | None, ...], month: str) -> str:
    missing = [number for number, count in enumerate(daily, start=1) if count is None]
    return f"no sample on day {', '.join(_ranges(missing))} of {month}" if missing else ""


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    start = previous = numbers[0]
    for number in [*numbers[1:], None]:
        if number is not None and number == previous + 1:
            previous = number
            continue
        yield str(start) if start == previous else f"{start}-{previous}"
        if number is not None:
            start = previous = number


def change_findings(change: Change, binding: Binding, today: date, limits: Limits) -> Iterator[Finding]:
    """What speaks against one change."""
    yield from _others_work(change)
    for code, text in (*_quantity_troubles(change, limits), *_money_troubles(change, limits)):
        yield _guarded(code, change.scope, text, binding, today)


def _others_work(change: Change) -> Iterator[Finding]:
    """A change that would undo what somebody did: nobody but a person decides on it."""
    if "psa" in change.causes:
        text = "somebody changed the line in the PSA since our last write; this would write over it"
        yield Finding("changed-in-psa", Severity.LOOK, change.scope, text)
    if "rolled-back" in change.causes:
        text = "the last run on this line took a write back; this would write it again"
        yield Finding("rolled-back", Severity.LOOK, change.scope, text)


def _quantity_troubles(change: Change, limits: Limits) -> Iterator[tuple[str, str]]:
    if change.quantity is None:
        return
    before, after = change.quantity.before, change.quantity.after
    drop = before - after
    if limits.zero and after == 0 < before:
        yield "quantity-zero", f"the quantity would go from {before} to 0"
    elif drop >= limits.drop_at_least and drop * 100 > before * limits.drop_percent:
        yield (
            "quantity-drop",
            (
                f"the quantity would drop from {before} to {after}, "
                f"by more than {limits.drop_percent} % and at least {limits.drop_at_least}"
            ),
        )


def _money_troubles(change: Change, limits: Limits) -> Iterator[tuple[str, str]]:
    if limits.money_change is not None and change.money.weight > limits.money_change:
        yield "change-money", f"it moves {change.money.weight} a month, the limit for one line is {limits.money_change}"
    cost = change.unit_cost
    if cost is not None and limits.cost_move_percent is not None:
        moved = abs(cost.after - cost.before)
        if moved * 100 > cost.before * limits.cost_move_percent:
            limit = f"by more than {limits.cost_move_percent} %"
            yield "cost-move", f"the unit cost would move from {cost.before} to {cost.after}, {limit}"


def plan_findings(changes: Sequence[Change], lines: int, limits: Limits) -> Iterator[Finding]:
    """What speaks against the plan as a whole; a BLOCK here stops every change of it."""
    count = len(changes)
    if limits.changes_count is not None and count > limits.changes_count:
        yield _plan_block("plan-changes", f"{count} changes, the limit is {limits.changes_count}")
    if limits.changes_percent is not None and count * 100 > lines * limits.changes_percent:
        yield _plan_block("plan-changes", f"{count} of {lines} lines change, the limit is {limits.changes_percent} %")
    if limits.money_plan is None:
        return
    weight = total(change.money for change in changes).weight
    if weight > limits.money_plan:
        yield _plan_block("plan-money", f"the plan moves {weight} a month, the limit is {limits.money_plan}")


def _plan_block(code: str, text: str) -> Finding:
    return Finding(code, Severity.BLOCK, "plan", f"{text} (settings: guards)")


def _guarded(code: str, scope: str, text: str, binding: Binding, today: date) -> Finding:
    """A BLOCK finding, or INFO where the mapping allows it by name and the allowance still holds."""
    for allowance in binding.allow:
        if allowance.guard == code and today <= allowance.until:
            said = f"{text}; allowed at {binding.at} until {allowance.until}: {allowance.reason}"
            return Finding(code, Severity.INFO, scope, said)
    return Finding(code, Severity.BLOCK, scope, text)


def blocked(findings: Iterable[Finding]) -> bool:
    """Whether any of the findings is a BLOCK."""
    return any(finding.severity is Severity.BLOCK for finding in findings)
