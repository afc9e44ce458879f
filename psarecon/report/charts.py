"""Bars of figures: whose they are, where each begins and how long it is, for the page to draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from psarecon.domain.plan import Change
from psarecon.report.entries import Entry, Sum, by_client, counted
from psarecon.text import clean, signed

#: How many clients, or causes, have a bar of their own; all others have one together.
_BARS = 12
_WIDTH = Decimal(1000)
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Piece:
    """One bar: its left end and its width, of 1,000."""

    start: str
    width: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One subject with a piece for each series, and its figures in words; no piece where a sum would dwarf the rest."""

    name: str
    pieces: tuple[Piece, ...]
    told: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A title, the names of the series, where nought stands (of 1,000), and the bars from top to bottom."""

    title: str
    series: tuple[str, ...]
    zero: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    figures: tuple[Decimal, ...]
    told: str


def by_money(entries: Sequence[Entry]) -> Chart:
    """The money that moves a month, cost and revenue, of the clients it moves most for."""
    sums = [(client, Sum.of(those)) for client, those in by_client(entries).items()]
    sums.sort(key=lambda one: -max(abs(one[1].cost), abs(one[1].revenue)))
    rows = [
        _Row(clean(client, _LONGEST) or "(no name)", (of.cost, of.revenue), _told(of)) for client, of in sums[:_BARS]
    ]
    first = {client for client, _ in sums[:_BARS]}
    others = Sum.of(entry for entry in entries if entry.client not in first)
    if others.count:
        rows.append(_Row(counted(others.clients, "other client"), (), _told(others)))
    return _chart("Money a month by client", ("cost", "revenue"), rows)


def _told(of: Sum) -> str:
    return f"{signed(of.cost)} / {signed(of.revenue)}"


def by_cause(changes: Iterable[Change]) -> Chart:
    """How many changes have which causes; a change with two of them counts once, under both together."""
    counts = Counter(", ".join(change.causes) or "no cause told" for change in changes).most_common()
    rows = [_Row(clean(name, _LONGEST), (Decimal(count),), counted(count, "change")) for name, count in counts[:_BARS]]
    others = sum(count for _, count in counts[_BARS:])
    if others:
        rows.append(_Row("others", (), counted(others, "change")))
    return _chart("Changes by cause", ("changes",), rows)


def _chart(title: str, series: tuple[str, ...], rows: Sequence[_Row]) -> Chart:
    figures = [figure for row in rows for figure in row.figures]
    low, high = min([Decimal(0), *figures]), max([Decimal(0), *figures])
    scale = _WIDTH / ((high - low) or 1)
    bars = (Bar(row.name, tuple(_piece(one, low, scale) for one in row.figures), row.told) for row in rows)
    return Chart(title, series, f"{-low * scale:.1f}", tuple(bars))


def _piece(figure: Decimal, low: Decimal, scale: Decimal) -> Piece:
    return Piece(f"{(min(figure, Decimal(0)) - low) * scale:.1f}", f"{abs(figure) * scale:.1f}")
