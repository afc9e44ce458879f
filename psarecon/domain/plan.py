"""The plan: every change and finding, as canonical data with an id of its own.

The id is a sha256 over the canonical JSON of everything but the id. Loading a plan writes it again and
compares the bytes, so that one edited byte is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from psarecon.domain import jsontext
from psarecon.domain.model import Call, Evidence, Finding, LineKey, Place, Severity, Touched
from psarecon.domain.money import Money
from psarecon.records import record


@record
class Pair:
    """A figure before and after."""

    before: Decimal
    after: Decimal


@record
class UsageView:
    """The month a change rests on, for the reviewer: its daily highs and the steps from usage to quantity."""

    month: str
    daily: tuple[int | None, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    count: int | None = None
    rule: str = ""


@record
class Change:
    """One line's update: quantity and/or unit cost, before and after, from which day, why, and what it is worth.

    ``live`` holds all the PSA said when the plan was made; ``wanted_cost`` what the mapping asks for, also
    where the cost does not change. ``names`` are the PSA's company, contract and line names. ``measured_on`` is the
    day whose figures are compared, ``ahead`` says that its period had not begun when the plan was made. ``touched`` is
    who changed the line in the PSA last, before the plan was made.
    """

    id: str
    line: LineKey
    client: str
    product: str
    quantity: Pair | None
    unit_cost: Pair | None
    effective_date: date | None
    causes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    money: Money
    source: Place
    call: Call
    names: tuple[str, str, str] = ("", "", "")
    live_quantity: Decimal = Decimal(0)
    live_cost: Decimal | None = None
    wanted_cost: Decimal | None = None
    organization: str | None = None
    measured_on: date | None = None
    ahead: bool = False
    usage: UsageView = field(default_factory=lambda: UsageView(""))
    touched: Touched | None = None

    @property
    def scope(self) -> str:
        """How findings name this change."""
        return f"change:{self.id}"

    @property
    def scopes(self) -> tuple[str, str, str, str]:
        """Every scope whose findings are about this change: the plan, itself, its line, its organization."""
        return ("plan", self.scope, self.line.scope, f"organization:{self.organization}")

    @property
    def quantity_after(self) -> Decimal:
        """The units in force once the change is applied."""
        return self.quantity.after if self.quantity else self.live_quantity

    @property
    def cost_after(self) -> Decimal | None:
        """The unit cost in force once the change is applied; None where unknown."""
        return self.unit_cost.after if self.unit_cost else self.live_cost


def change_id(line: LineKey, quantity: Pair | None, unit_cost: Pair | None, effective: date | None, call: Call) -> str:
    """A short hash of exactly what a decision is about, the literal call included: if the world moves, the id moves."""
    sent = ",".join(map(jsontext.text, (call.method, call.path, call.body)))
    what = f"{jsontext.text(line.psa)},{jsontext.text(line.id)},{pair_json(quantity)},{pair_json(unit_cost)}"
    said = f"[{what},{jsontext.day(effective)},[{sent}]]"
    return hashlib.sha256(said.encode("ascii")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes and findings of one run, in canonical order."""

    as_of: datetime
    month: str
    tool_version: str
    commit: str | None
    dirty: bool
    settings_digest: str
    currency: str
    tenants: dict[str, str]
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    totals: dict[str, Any]
    id: str = ""

    def findings_of(self, change: Change) -> tuple[Finding, ...]:
        """What was found about a change: on itself, its line, its organization, or the whole plan."""
        return tuple(finding for finding in self.findings if finding.scope in change.scopes)


def severities(plan: Plan) -> dict[str, Severity]:
    """The gravest severity (BLOCK or LOOK) of each change that has one, by change id."""
    by_scope: dict[str, set[Severity]] = {}
    for finding in plan.findings:
        if finding.severity is not Severity.INFO:
            by_scope.setdefault(finding.scope, set()).add(finding.severity)
    gravest: dict[str, Severity] = {}
    for change in plan.changes if by_scope else ():
        found = {severity for scope in change.scopes if scope in by_scope for severity in by_scope[scope]}
        for severity in (Severity.BLOCK, Severity.LOOK):
            if severity in found:
                gravest[change.id] = severity
                break
    return gravest


def canonical(data: object) -> bytes:
    """The one way of writing ``data`` as JSON: sorted keys, no spaces, ASCII."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def pair_json(pair: Pair | None) -> str:
    """A pair as canonical JSON."""
    return "null" if pair is None else f'{{"after":"{pair.after:f}","before":"{pair.before:f}"}}'


def pair_data(pair: Pair | None) -> dict[str, str] | None:
    """A pair as JSON data."""
    return None if pair is None else {"before": f"{pair.before:f}", "after": f"{pair.after:f}"}


def day_data(day: date | None) -> str | None:
    """A day as JSON data."""
    return None if day is None else day.isoformat()


def totals_data(changes: Sequence[Change], lines: int) -> dict[str, Any]:
    """Totals of the plan, of each PSA and of each client that has changes: counts and money a month."""
    psas: defaultdict[str, _Sum] = defaultdict(_Sum)
    clients: defaultdict[str, _Sum] = defaultdict(_Sum)
    for change in changes:
        cost, revenue = change.money.cost_change, change.money.revenue_change
        psas[change.line.psa].add(1, cost, revenue)
        clients[change.client].add(1, cost, revenue)
    whole = _Sum()
    for part in psas.values():
        whole.add(part.changes, part.cost, part.revenue)
    grouped = {"psas": psas, "clients": clients}
    totals = {key: {name: total.data() for name, total in group.items()} for key, group in grouped.items()}
    return {"lines": lines, "plan": whole.data(), **totals}


class _Sum:
    """Changes counted and added up."""

    __slots__ = ("changes", "cost", "revenue")

    def __init__(self) -> None:
        self.changes, self.cost, self.revenue = 0, Decimal("0.00"), Decimal("0.00")

    def add(self, changes: int, cost: Decimal, revenue: Decimal) -> None:
        """So many more changes, which move cost and revenue so much a month."""
        self.changes += changes
        self.cost += cost
        self.revenue += revenue

    def data(self) -> dict[str, str | int]:
        """The sums as JSON data."""
        return {
            "changes": self.changes,
            "cost_change": f"{self.cost:f}",
            "revenue_change": f"{self.revenue:f}",
            "margin_change": f"{self.revenue - self.cost:f}",
        }
