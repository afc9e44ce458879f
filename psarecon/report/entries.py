"""The rows of reports: a change of a plan, or a line that an edit of the mapping plans otherwise; and their sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from psarecon.domain.comparison import Comparison, Edited
from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Change, Plan, severities
from psarecon.report.plan_text import by_risk, pair_text
from psarecon.text import signed, unit_money

#: The columns of a change's row, and of an edited line's; the second is the client in both.
CHANGE = ("", "Client", "Product", "Quantity", "Unit cost", "From", "Cost/month", "Revenue/month", "Why", "Change")
EDIT = ("", "Client", "Product", "Edit", "Without it", "With it", "Cost/month", "Revenue/month", "Change")
CLIENT = 1
#: Columns of figures, which align to the right.
FIGURES = frozenset(
    {"Quantity", "Unit cost", "Changes", "Cost/month", "Revenue/month", "Margin/month", "Each/month", "Money/month"}
)
_GRAVITY = {Severity.BLOCK: 0, Severity.LOOK: 1, Severity.INFO: 2}
_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: whose it is, its gravest finding, what it moves a month, and its cells as they are, not escaped."""

    client: str
    severity: Severity | None
    cost: Decimal
    revenue: Decimal
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows of how many clients, and the money of them a month."""

    count: int
    clients: int
    cost: Decimal
    revenue: Decimal

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Sum:
        """The sum of these rows."""
        listed = list(entries)
        cost = sum((one.cost for one in listed), _NOTHING)
        revenue = sum((one.revenue for one in listed), _NOTHING)
        return cls(len(listed), len({one.client for one in listed}), cost, revenue)

    @property
    def margin(self) -> Decimal:
        """What is left of the revenue."""
        return self.revenue - self.cost

    @property
    def cells(self) -> tuple[str, str, str]:
        """Cost, revenue and margin, each with its sign."""
        return signed(self.cost), signed(self.revenue), signed(self.margin)

    def told(self) -> str:
        """``+1.00 cost, +2.00 revenue, +1.00 margin a month``."""
        return "{} cost, {} revenue, {} margin a month".format(*self.cells)


def counted(number: int, word: str) -> str:
    """``1 change``, ``2,000 changes``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def entries_of(plan: Plan) -> list[Entry]:
    """The plan's changes, the riskiest and dearest first."""
    marked = severities(plan)
    return [_of_change(change, marked.get(change.id)) for change in by_risk(plan)]


def _of_change(change: Change, severity: Severity | None) -> Entry:
    money = change.money
    cells = (
        severity.value if severity else "",
        change.client,
        change.product,
        pair_text(change.quantity, change.live_quantity),
        pair_text(change.unit_cost, change.live_cost, unit_money),
        str(change.effective_date or "at once"),
        signed(money.cost_change),
        signed(money.revenue_change),
        ", ".join(change.causes),
        change.id,
    )
    return Entry(change.client, severity, money.cost_change, money.revenue_change, cells)


def anyway_of(comparison: Comparison) -> list[Entry]:
    """The changes that come without the edit too, the riskiest and dearest first."""
    return entries_of(replace(comparison.plan, changes=comparison.anyway))


def edits_of(comparison: Comparison) -> list[Entry]:
    """The edited lines: what the edit itself moves, the riskiest and dearest first."""
    marked = severities(comparison.plan)
    listed = [(one, _of_edit(one, marked)) for one in comparison.edited]
    listed.sort(key=lambda both: (_gravity(both[1]), -max(abs(both[1].cost), abs(both[1].revenue)), both[0].line))
    return [entry for _, entry in listed]


def _gravity(entry: Entry) -> int:
    return _GRAVITY[entry.severity or Severity.INFO]


def edit_money(one: Edited) -> tuple[Decimal, Decimal]:
    """What the edit itself moves a month: cost and revenue with it, less those without it."""
    moved = [(change.money.cost_change, change.money.revenue_change) if change else (_NOTHING, _NOTHING)
             for change in (one.before, one.after)]  # fmt: skip
    (cost_before, revenue_before), (cost_after, revenue_after) = moved
    return cost_after - cost_before, revenue_after - revenue_before


def edit_kind(one: Edited) -> str:
    """``new``, ``gone`` or ``other figure``: the change is there only with the edit, only without it, or differs."""
    if one.before is None:
        return "new"
    return "gone" if one.after is None else "other figure"


def _of_edit(one: Edited, marked: dict[str, Severity]) -> Entry:
    severity = marked.get(one.after.id) if one.after else None
    cost, revenue = edit_money(one)
    cells = (
        severity.value if severity else "",
        one.client,
        one.product,
        edit_kind(one),
        _planned(one.before),
        _planned(one.after),
        signed(cost),
        signed(revenue),
        one.after.id if one.after else "",
    )
    return Entry(one.client, severity, cost, revenue, cells)


def _planned(change: Change | None) -> str:
    if change is None:
        return "no change"
    quantity = pair_text(change.quantity, change.live_quantity)
    cost = pair_text(change.unit_cost, change.live_cost, unit_money)
    return f"{quantity} at {cost}, {f'from {change.effective_date}' if change.effective_date else 'at once'}"


def by_client(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The rows by client, in the order in which the clients first appear."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.client, []).append(entry)
    return groups


class Subjects:
    """What findings are about, in words: the changes of a plan by each of their scopes."""

    def __init__(self, plan: Plan) -> None:
        self._by_scope: dict[str, Change] = {}
        for change in plan.changes:
            for scope in change.scopes[1:]:
                self._by_scope.setdefault(scope, change)

    def change(self, finding: Finding) -> Change | None:
        """A change that the finding is about; None where it is about the plan, a source, or a line without one."""
        return self._by_scope.get(finding.scope)

    def ordered(self, findings: Iterable[Finding]) -> list[Finding]:
        """BLOCK, then LOOK, then INFO; the dearest change first."""
        return sorted(findings, key=lambda one: (_GRAVITY[one.severity], -self._weight(one), one.scope, one.code))

    def _weight(self, finding: Finding) -> Decimal:
        change = self.change(finding)
        return change.money.weight if change else _NOTHING
