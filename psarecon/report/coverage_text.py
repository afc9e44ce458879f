"""What a mapping leaves out as text: by kind, the dearest first; and the words that every form has in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psarecon.domain.coverage import OPEN, Coverage, Gap, Kind, money_of
from psarecon.report.entries import counted
from psarecon.report.table import Column, rows_of
from psarecon.text import clean, plain, signed, unit_money

#: What each kind is called, what it counts, and what its money is.
TITLES = {
    Kind.UNBILLED: ("users that nobody bills", "organization", "not billed"),
    Kind.NO_LINE: ("clients without a line", "organization", "not billed"),
    Kind.UNUSED: ("billed for nobody", "line", "billed"),
    Kind.BELOW_COST: ("billed below cost", "line", "lost"),
    Kind.UNNAMED: ("lines that no mapping names", "line", "billed, kept by nobody"),
    Kind.IGNORED: ("ignored", "organization", ""),
    Kind.UNKNOWN: ("not known", "place", ""),
}
_COLUMNS = (
    Column("Client", 30),
    Column("Product", 20),
    Column("Quantity", 9, right=True),
    Column("Each/month", 10, right=True),
    Column("Money/month", 12, right=True),
    Column("Why", 80),
    Column("Place", 42),
    Column("Mapping", 36),
)
_REASONS = (Column("Client", 30), Column("Quantity", 9, right=True), Column("Place", 42), Column("Why", 120))


def coverage_text(report: Coverage) -> Iterator[str]:
    """The report's lines for a terminal."""
    yield from map(clean, _head(report))
    for kind in Kind:
        gaps = report.of(kind)
        if gaps:
            yield ""
            yield f"{title(kind, gaps)}:"
            yield from (f"  {line}" for line in _table(kind, gaps))


def _head(report: Coverage) -> Iterator[str]:
    commit = f"{report.commit[:9]}{' (dirty)' if report.dirty else ''}" if report.commit else "not in git"
    yield f"coverage as of {report.as_of:%Y-%m-%d %H:%M}Z  mapping {commit}"
    for name, tenant in report.tenants.items():
        yield f"{name}: {tenant}"
    yield summary(report)


def summary(report: Coverage) -> str:
    """How much was looked at, and what is not covered, in one line."""
    seen = f"{counted(report.organizations, 'organization')}, {counted(report.lines, 'mapped line')}"
    parts = list(_sums(report))
    if parts:
        return f"{seen}: a month {', '.join(parts)} ({report.currency})"
    return f"{seen}: {counted(len(report.open), 'gap')} without a figure" if report.open else f"{seen}: all is covered"


def _sums(report: Coverage) -> Iterator[str]:
    """The money of each word once: two kinds are not billed."""
    for word in dict.fromkeys(TITLES[kind][2] for kind in OPEN):
        gaps = [gap for gap in report.open if TITLES[gap.kind][2] == word]
        if _sum(gaps):
            yield f"{_sum(gaps)} {word}"


def _sum(gaps: Sequence[Gap]) -> str:
    money = money_of(gaps)
    return f"{money:,.2f}" if money else ""


def title(kind: Kind, gaps: Sequence[Gap]) -> str:
    """``users that nobody bills: 3 organizations, 120.00 a month not billed``."""
    name, noun, word = TITLES[kind]
    money = f", {_sum(gaps)} a month {word}" if _sum(gaps) else ""
    return f"{name}: {counted(len(gaps), noun)}{money}"


def cells(gap: Gap) -> tuple[str, ...]:
    """A gap's columns as they are, not made harmless: client, product, quantity, each, money, why, place, mapping."""
    unit = "" if gap.unit is None else unit_money(gap.unit)
    money = "" if gap.money is None else signed(gap.money).lstrip("+")
    return gap.client, gap.product, quantity(gap), unit, money, gap.why, gap.place, gap.at


def quantity(gap: Gap) -> str:
    """Users or units, empty where they are not known."""
    return "" if gap.count is None else plain(gap.count)


def _table(kind: Kind, gaps: Sequence[Gap]) -> Iterator[str]:
    if kind in OPEN:
        return rows_of(_COLUMNS, [cells(gap) for gap in gaps])
    return rows_of(_REASONS, [(gap.client, quantity(gap), gap.place, gap.why) for gap in gaps])
