"""What ``psarecon decide`` prints: the changes it was asked for with what was decided on them, and how all stand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psarecon.domain.decisions import Decision, Verdict, encoded, read_decision
from psarecon.domain.model import Severity
from psarecon.domain.plan import pair_data
from psarecon.report.plan_text import pair_text
from psarecon.report.table import Column, rows_of
from psarecon.review.kept import Kept, about
from psarecon.review.opened import Opened, Row
from psarecon.text import signed, unit_money

_COLUMNS = (
    Column("", 1),
    Column("Client", 26),
    Column("Product", 20),
    Column("Quantity", 13, right=True),
    Column("Unit cost", 15, right=True),
    Column("From", 10),
    Column("Cost/month", 12, right=True),
    Column("Decision", 8),
    Column("By", 20),
    Column("When", 16),
    Column("Change", 12),
    Column("Reason", 60),
)
_MARKS = {Severity.BLOCK: "x", Severity.LOOK: "!"}


def print_decided(opened: Opened, kept: Kept, listed: Sequence[Row] | None, form: str) -> None:
    """The list, if there is to be one, and the counts of the whole plan."""
    counts = _counts(opened.rows, kept)
    found = [] if listed is None else _Stand.of(listed, kept)
    if form == "json":
        changes = {} if listed is None else {"changes": [_data(one) for one in found]}
        print(json.dumps({"plan": opened.head.id, **counts, **changes}, indent=2))
        return
    if found:
        for line in rows_of(_COLUMNS, [_cells(one) for one in found]):
            print(line)
        print()
    declined = counts["rejected"] + counts["held"]
    print(f"{counts['approved']} approved, {declined} rejected or held, {counts['open']} open")


@dataclass(frozen=True, slots=True)
class _Stand:
    """A change, and what was decided on it, or on other figures of its line."""

    row: Row
    decision: Decision | None
    lapsed: Decision | None

    @classmethod
    def of(cls, rows: Sequence[Row], kept: Kept) -> list[_Stand]:
        """All of them at once, which is much quicker than one by one."""
        pieces = kept.pieces(row.id for row in rows)
        read = {change: read_decision(json.loads(piece)) for change, piece in pieces.items() if piece is not None}
        return [cls(row, read.get(row.id), kept.lapsed(row)) for row in rows]

    @property
    def word(self) -> str:
        """How it stands, in a word."""
        if self.decision is not None and not (self.blocked and self.decision.verdict is Verdict.APPROVE):
            return self.decision.verdict.value
        return "blocked" if self.blocked else "open" if self.lapsed is None else "lapsed"

    @property
    def blocked(self) -> bool:
        """Whether it cannot be approved."""
        return self.row.severity is Severity.BLOCK


def _counts(rows: Sequence[Row], kept: Kept) -> dict[str, int]:
    """How the changes of the plan stand; a blocked one is only that, whatever was decided."""
    blocked = [row for row in rows if row.severity is Severity.BLOCK]
    found = Counter(kept.verdicts.get(row.id) for row in rows)
    found.subtract(kept.verdicts.get(row.id) for row in blocked)
    return {
        "approved": found[Verdict.APPROVE],
        "rejected": found[Verdict.REJECT],
        "held": found[Verdict.HOLD],
        "open": found[None],
        "blocked": len(blocked),
    }


def _cells(one: _Stand) -> tuple[str, ...]:
    row, shown, wanted = one.row, one.decision or one.lapsed, about(one.row)
    return (
        _MARKS.get(row.severity, "") if row.severity else "",
        row.client,
        row.product,
        pair_text(wanted.quantity, row.before),
        pair_text(wanted.unit_cost, row.cost_after, unit_money),
        row.since,
        signed(row.cost_change),
        one.word,
        shown.by if shown else "",
        shown.at[:16].replace("T", " ") if shown else "",
        row.id,
        one.decision.reason if one.decision else _lapse(one.lapsed) if one.lapsed else "",
    )


def _lapse(decision: Decision) -> str:
    """Which decision no longer holds: ``approve was for 10 → 14 from 2026-11-01: checked``."""
    reason = f": {decision.reason}" if decision.reason else ""
    was = decision.about
    if was is None:
        return f"{decision.verdict.value}{reason}"
    parts = [pair_text(was.quantity, None)] if was.quantity else []
    parts += [f"at {pair_text(was.unit_cost, None, unit_money)}"] if was.unit_cost else []
    since = f"from {was.effective_date}" if was.effective_date else "at once"
    return f"{decision.verdict.value} was for {' '.join([*parts, since])}{reason}"


def _data(one: _Stand) -> dict[str, Any]:
    row, wanted = one.row, about(one.row)
    return {
        "change": row.id,
        "line": row.line,
        "client": row.client,
        "product": row.product,
        "quantity": pair_data(wanted.quantity),
        "unit_cost": pair_data(wanted.unit_cost),
        "effective_date": wanted.effective_date,
        "cost_change": f"{row.cost_change:f}",
        "revenue_change": f"{row.revenue_change:f}",
        "causes": list(row.causes),
        "severity": row.severity.value if row.severity else None,
        "findings": list(row.codes),
        "state": one.word,
        "decision": _decision_data(one.decision),
        "lapsed": _decision_data(one.lapsed),
    }


def _decision_data(decision: Decision | None) -> Any:
    """As in the decisions file."""
    return None if decision is None else json.loads(encoded(decision))
