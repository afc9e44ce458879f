"""A plan as CSV (RFC 4180): a header, then a row a change. A name can never become a formula of a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from psarecon.domain.model import Finding, Touched
from psarecon.domain.plan import Change, Plan, severities
from psarecon.text import clean

#: The columns, for good: new ones are added at the end. ``docs/reference/formats.md`` says what each holds.
COLUMNS = (
    "plan", "as_of", "month", "change", "risk", "psa", "company_id", "contract_id", "line_id", "company", "contract",
    "line", "client", "product", "organization", "quantity_before", "quantity_after", "unit_cost_before",
    "unit_cost_after", "effective_date", "cost_before", "cost_after", "cost_change", "revenue_before", "revenue_after",
    "revenue_change", "margin_change", "currency", "causes", "findings", "touched_by", "touched_at", "mapping",
)  # fmt: skip
#: What a spreadsheet takes for the beginning of a formula, also in its wide forms.
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_BREAKS = frozenset("\t\r\n")

Cell = str | Decimal | int | None


def csv_rows(plan: Plan) -> Iterator[str]:
    """The lines of the file, each with its CR LF: the header, then the changes in the plan's order."""
    marked = severities(plan)
    codes = _codes(plan.findings)
    yield csv_line(COLUMNS)
    for change in plan.changes:
        risk = marked.get(change.id)
        found = sorted({code for scope in change.scopes for code in codes.get(scope, ())})
        yield csv_line(_cells(plan, change, risk.value if risk else "", " ".join(found)))


def csv_line(cells: Iterable[Cell]) -> str:
    """One line of a CSV file with its CR LF: texts neutralised, figures as plain decimals, None as nothing."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_written(cell) for cell in cells])
    return line.getvalue()


def neutral(text: str) -> str:
    """A text that a spreadsheet shows as it is: harmless, and with an apostrophe before what would be a formula."""
    shown = clean(text)
    return f"'{shown}" if text[:1] in _BREAKS or shown.lstrip()[:1] in _FORMULA else shown


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return str(cell) if isinstance(cell, int) else neutral(cell)


def _codes(findings: Iterable[Finding]) -> dict[str, set[str]]:
    codes: dict[str, set[str]] = {}
    for finding in findings:
        codes.setdefault(finding.scope, set()).add(finding.code)
    return codes


def _cells(plan: Plan, change: Change, risk: str, found: str) -> list[Cell]:
    line, cost = change.line, change.unit_cost
    return [
        *(plan.id, _instant(plan.as_of), plan.month, change.id, risk),
        *(line.psa, line.company, line.contract, line.id, *change.names, change.client, change.product),
        change.organization,
        change.quantity.before if change.quantity else change.live_quantity,
        change.quantity_after,
        cost.before if cost else change.live_cost,
        change.cost_after,
        str(change.effective_date or ""),
        *_money(change),
        *(plan.currency, " ".join(change.causes), found),
        *_touched(change.touched),
        str(change.source),
    ]


def _money(change: Change) -> list[Cell]:
    money = change.money
    cost = (money.cost_before, money.cost_after, money.cost_change)
    return [*cost, money.revenue_before, money.revenue_after, money.revenue_change, money.margin_change]


def _touched(touched: Touched | None) -> tuple[str, str]:
    if touched is None:
        return "", ""
    return touched.by or "", _instant(touched.at) if touched.at else ""


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
