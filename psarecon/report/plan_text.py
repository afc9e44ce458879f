"""A plan as text: what it is, what it is worth, the riskiest and dearest changes first, then what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from heapq import nsmallest

from psarecon.domain.model import Finding, LineKey, Severity
from psarecon.domain.plan import Change, Pair, Plan, severities
from psarecon.report.table import Column, rows_of
from psarecon.text import clean, plain, signed, unit_money

_COLUMNS = (
    Column("", 1),
    Column("Client", 26),
    Column("Product", 20),
    Column("Quantity", 13, right=True),
    Column("Unit cost", 15, right=True),
    Column("From", 10),
    Column("Cost/month", 12, right=True),
    Column("Why", 16),
    Column("Change", 12),
)
#: Rows of a plan that is kept in a file as well.
MOST_ROWS = 1000
_MARKS = {Severity.BLOCK: "x", Severity.LOOK: "!"}
_GRAVITY = {Severity.BLOCK: 0, Severity.LOOK: 1, Severity.INFO: 2}


def by_risk(plan: Plan, marked: Mapping[str, Severity] | None = None, most: int | None = None) -> list[Change]:
    """The changes in the order of review: blocked, to be looked at, the rest; the dearest first.

    ``marked`` are the plan's ``severities`` where they are known, ``most`` how many changes are wanted (None: all).
    """
    marked = severities(plan) if marked is None else marked

    def rank(change: Change) -> tuple[int, Decimal, LineKey]:
        return _GRAVITY[marked.get(change.id, Severity.INFO)], -change.money.weight, change.line

    return sorted(plan.changes, key=rank) if most is None else nsmallest(most, plan.changes, key=rank)


def plan_text(plan: Plan, kept_in: str = "") -> Iterator[str]:
    """The plan's lines for a terminal. Of one that is ``kept_in`` a file, not more rows than anybody reads: the
    riskiest and dearest, and what the others come to."""
    yield from map(clean, headline(plan))
    marked = severities(plan)
    shown = by_risk(plan, marked, MOST_ROWS if kept_in and len(plan.changes) > MOST_ROWS else None)
    if shown:
        yield ""
        yield from rows_of(_COLUMNS, [_row(change, marked.get(change.id)) for change in shown])
    if len(shown) < len(plan.changes):
        yield clean(_left_out(plan, shown, kept_in))
    yield from _findings(plan.findings)


def _left_out(plan: Plan, shown: Sequence[Change], kept_in: str) -> str:
    """How many changes have no row, and their money: shown and left out are the whole, to the cent."""
    whole = plan.totals["plan"]
    cost = Decimal(whole["cost_change"]) - sum(change.money.cost_change for change in shown)
    revenue = Decimal(whole["revenue_change"]) - sum(change.money.revenue_change for change in shown)
    count = len(plan.changes) - len(shown)
    worth = f"{signed(cost)} cost, {signed(revenue)} revenue a month"
    return f"... {count} more {'change' if count == 1 else 'changes'}, {worth}: psarecon show {kept_in}"


def headline(plan: Plan) -> Iterator[str]:
    """What the plan is and rests on, and what it is worth; not yet made harmless."""
    commit = f"{plan.commit[:9]}{' (dirty)' if plan.dirty else ''}" if plan.commit else "not in git"
    yield f"plan {plan.id[:12]}  as of {plan.as_of:%Y-%m-%d %H:%M}Z  usage of {plan.month}  mapping {commit}"
    for name, tenant in plan.tenants.items():
        yield f"{name}: {tenant}"
    yield summary(plan)


def summary(plan: Plan) -> str:
    """How many changes on how many lines, and the money of them."""
    lines, total = plan.totals["lines"], plan.totals["plan"]
    counted = f"{total['changes']} {'change' if total['changes'] == 1 else 'changes'} on {lines} lines"
    if not plan.changes:
        return f"no changes: {lines} lines are as they should be, or held back by a finding"
    parts = [f"{signed(Decimal(total[f'{what}_change']))} {what}" for what in ("cost", "revenue", "margin")]
    return f"{counted}: {', '.join(parts)} a month ({plan.currency})"


def _row(change: Change, severity: Severity | None) -> tuple[str, ...]:
    return (
        _MARKS.get(severity, "") if severity else "",
        change.client,
        change.product,
        pair_text(change.quantity, change.live_quantity),
        pair_text(change.unit_cost, change.live_cost, unit_money),
        str(change.effective_date or "at once"),
        signed(change.money.cost_change),
        ", ".join(change.causes),
        change.id,
    )


def pair_text(pair: Pair | None, live: Decimal | None, write: Callable[[Decimal], str] = plain) -> str:
    """``10 → 14``, or the figure that stays; ``?`` where it is unknown."""
    if pair is not None:
        return f"{write(pair.before)} → {write(pair.after)}"
    return "?" if live is None else write(live)


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    ordered = sorted(findings, key=lambda one: (_GRAVITY[one.severity], one.scope, one.code))
    if ordered:
        yield ""
    for finding in ordered:
        yield clean(f"{finding.severity.value:5}  {finding.scope}  {finding.code}: {finding.text}")


def change_text(plan: Plan, change: Change) -> Iterator[str]:
    """All there is to say about one change: why, from what, to what, and the literal call."""
    return map(clean, _change_lines(plan, change))


def _change_lines(plan: Plan, change: Change) -> Iterator[str]:
    line = change.line
    company, contract, name = change.names
    yield f"change {change.id}: {change.client}, {change.product}"
    yield f"  line        {line}: {name} on {contract} ({line.contract}) of {company} ({line.company})"
    yield f"  quantity    {pair_text(change.quantity, change.live_quantity)}"
    yield f"  unit cost   {pair_text(change.unit_cost, change.live_cost, unit_money)}"
    yield f"  effective   {change.effective_date or 'at once'}"
    cost, revenue = signed(change.money.cost_change), signed(change.money.revenue_change)
    yield f"  money       {cost} cost, {revenue} revenue a month"
    steps = " → ".join(f"{step} {figure}" for step, figure in change.usage.steps)
    yield f"  because     {', '.join(change.causes)}; {steps}"
    for evidence in change.evidence:
        taken = f"{evidence.taken_at:%Y-%m-%d %H:%M}Z ({evidence.how})"
        yield f"  evidence    {evidence.role} {evidence.count} at {taken}"
    yield f"  mapping     {change.source}"
    yield f"  call        {change.call.method} {change.call.path} {change.call.body}"
    for finding in plan.findings_of(change):
        yield f"  {finding.severity.value:5}       {finding.code}: {finding.text}"
