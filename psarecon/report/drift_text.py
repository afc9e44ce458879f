"""Drift as text: what does not hold what was left, the dearest first; what was accepted; what cannot be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from psarecon.domain.acceptance import told
from psarecon.domain.drift import Drift, DriftReport, Group, Kind, grouped
from psarecon.domain.plan import Pair
from psarecon.report.entries import Sum, counted
from psarecon.report.plan_text import pair_text
from psarecon.report.table import Column, rows_of
from psarecon.text import clean, signed, unit_money

AGREES = "moved by somebody else to what mapping and usage ask for, so that nothing is to be done:"
#: So many lines of a group are shown where not all are asked for.
FIRST = 5
_COLUMNS = (
    Column("Client", 26),
    Column("Quantity", 13, right=True),
    Column("Unit cost", 15, right=True),
    Column("Wanted", 14, right=True),
    Column("Cost/month", 12, right=True),
    Column("Left by run", 22),
    Column("From", 10),
    Column("Last touched", 38),
    Column("Line", 24),
    Column("Mapping", 36),
)
_ACCEPTED = (
    Column("Client", 26),
    Column("Product", 20),
    Column("Quantity", 13, right=True),
    Column("Unit cost", 15, right=True),
    Column("Wanted", 14, right=True),
    Column("Until", 10),
    Column("Reason", 50),
    Column("Mapping", 36),
)
_APART = (Column("Line", 24), Column("Client", 26), Column("Product", 20), Column("Why", 120), Column("Mapping", 36))


def drift_text(report: DriftReport, *, whole: bool = False) -> Iterator[str]:
    """The report's lines for a terminal; of each group the first, unless the ``whole`` is asked for."""
    yield from map(clean, _head(report))
    groups = grouped(report.drifts)
    yield from _groups([one for one in groups if one.kind is Kind.AGAINST], whole=whole)
    agreeing = [one for one in groups if one.kind is Kind.AGREES]
    yield from _titled(AGREES if agreeing else "")
    yield from _groups(agreeing, whole=whole)
    yield from _table("accepted", _ACCEPTED, [_accepted_row(one) for one in report.of(Kind.ACCEPTED)])
    apart = [(str(one.line), one.client, one.product, one.text, str(one.source)) for one in report.apart]
    yield from _table("cannot be compared", _APART, apart)
    yield ""
    yield from left_over(report)


def _head(report: DriftReport) -> Iterator[str]:
    commit = f"{report.commit[:9]}{' (dirty)' if report.dirty else ''}" if report.commit else "not in git"
    yield f"drift as of {report.as_of:%Y-%m-%d %H:%M}Z  mapping {commit}"
    for name, tenant in report.tenants.items():
        yield f"{name}: {tenant}"
    yield summary(report)


def summary(report: DriftReport) -> str:
    """How many lines drifted, and what it is worth."""
    drifted = report.of(Kind.AGAINST)
    lines = counted(report.compared, "line")
    if not drifted:
        return f"no drift: {lines} compared with what was written last"
    return f"{len(drifted):,} of {lines} drifted: {sum_of(drifted).told()} ({report.currency})"


def sum_of(drifts: Iterable[Drift]) -> Sum:
    """What these lines cost and bring a month more than was left."""
    listed = list(drifts)
    cost = sum((one.money.cost_change for one in listed), Decimal("0.00"))
    revenue = sum((one.money.revenue_change for one in listed), Decimal("0.00"))
    return Sum(len(listed), len({one.client for one in listed}), cost, revenue)


def title(group: Group) -> str:
    """What happened to the group's lines: ``the same cost rise 9.00 → 9.50 for 214 lines``."""
    same = "the same " if len(group.drifts) > 1 else ""
    moved = " and ".join(_moves(group.quantity, group.unit_cost))
    return f"{same}{moved} for {counted(len(group.drifts), 'line')}"


def _moves(quantity: Pair | None, cost: Pair | None) -> Iterator[str]:
    if quantity is not None:
        yield f"quantity {pair_text(quantity, None)}"
    if cost is not None:
        word = "rise" if cost.after > cost.before else "fall"
        yield f"cost {word} {pair_text(cost, None, unit_money)}"


def _titled(text: str) -> Iterator[str]:
    if text:
        yield ""
        yield text


def _groups(groups: Iterable[Group], *, whole: bool) -> Iterator[str]:
    for group in groups:
        yield from _titled(clean(f"{group.product}: {title(group)}, {sum_of(group.drifts).told()}"))
        shown = group.drifts if whole else group.drifts[:FIRST]
        yield from _indented(rows_of(_COLUMNS, [_row(one) for one in shown]))
        yield from _indented(more(group, len(shown)))


def more(group: Group, shown: int) -> list[str]:
    """One line on what is not shown of a group, if anything."""
    left = group.drifts[shown:]
    return [f"{counted(len(left), 'more line')}, {sum_of(left).told()}: --all shows all"] if left else []


def _row(one: Drift) -> tuple[str, ...]:
    return (
        one.client,
        *figures(one),
        signed(one.money.cost_change),
        one.run,
        str(one.since or "at once"),
        touched(one),
        str(one.line),
        str(one.source),
    )


def figures(one: Drift) -> tuple[str, str, str]:
    """Quantity and unit cost, left and found, and what is wanted."""
    return (
        pair_text(one.quantity, one.found.quantity),
        pair_text(one.unit_cost, one.found.unit_cost, unit_money),
        "not known" if one.wanted is None else told(one.wanted),
    )


def touched(one: Drift) -> str:
    """Who changed the line last, and when, as far as the PSA tells; it may have been something else on the line."""
    if one.touched is None:
        return "not told"
    at = f"{one.touched.at:%Y-%m-%d %H:%M}Z" if one.touched.at else ""
    return " ".join(part for part in (one.touched.by, at) if part)


def _accepted_row(one: Drift) -> tuple[str, ...]:
    assert one.acceptance is not None
    return (
        one.client,
        one.product,
        *figures(one),
        str(one.acceptance.until),
        one.acceptance.reason,
        str(one.source),
    )


def _table(name: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield from _titled(f"{counted(len(rows), 'line')} {name}")
        yield from _indented(rows_of(columns, rows))


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def left_over(report: DriftReport) -> Iterator[str]:
    """What is no drift: changes that are not applied, and lines that were never written."""
    unapplied = counted(report.unapplied, "change") if report.unapplied else "no change"
    verb = "are" if report.unapplied > 1 else "is"
    yield f"{unapplied} of mapping or usage {verb} unapplied on lines that nobody touched (psarecon plan)"
    if report.unwritten:
        verb = "was" if report.unwritten == 1 else "were"
        yield f"{counted(report.unwritten, 'line')} {verb} never written by psarecon, which can tell no drift of them"
