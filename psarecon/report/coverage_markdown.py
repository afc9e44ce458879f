"""What a mapping leaves out, as the text of an issue: within what a site allows, names escaped, the rest counted."""

from __future__ import annotations

from collections.abc import Sequence

from psarecon.domain.coverage import OPEN, Coverage, Gap, Kind
from psarecon.report.coverage_text import TITLES, cells, quantity, summary, title
from psarecon.report.entries import counted
from psarecon.report.escaped import code, escaped
from psarecon.report.markdown import LIMIT, assembled
from psarecon.report.markdown_parts import END, Listed, Part, folded
from psarecon.report.sheet import table_row

#: The name in the hidden first line by which a bot finds its own issue or comment again.
MARKER = "psarecon:coverage"
_COLUMNS = ("Client", "Product", "Quantity", "Each/month", "Money/month", "Why", "Place", "Mapping")
_REASONS = ("Client", "Quantity", "Place", "Why")
_TEXT, _TEXT_BYTES = 300, 900
#: What each kind may take of the room that those before it left.
_SHARES = {Kind.UNBILLED: 0.4, Kind.UNKNOWN: 1.0}


def coverage_markdown(report: Coverage, limit: int = LIMIT) -> str:
    """The report in at most ``limit`` bytes of UTF-8."""
    name = counted(len(report.open), "gap") if report.open else "all is covered"
    head = [f"<!-- {MARKER} -->", f"## psarecon coverage: {name}", "", f"**{escaped(summary(report), 300)}**", ""]
    parts: list[tuple[Part, float]] = [(_part(kind, report.of(kind)), _SHARES.get(kind, 0.5)) for kind in Kind]
    return "\n".join(assembled([*head, _rests_on(report), ""], parts, limit)).rstrip("\n") + "\n"


def _rests_on(report: Coverage) -> str:
    dirty = " with uncommitted edits" if report.dirty else ""
    mapping = f"mapping {code(report.commit[:12])}{dirty}" if report.commit else "mapping not in git"
    tenants = "".join(f"; {code(name)} {code(tenant)}" for name, tenant in report.tenants.items())
    return f"As of {report.as_of:%Y-%m-%d %H:%M}Z, {mapping}{tenants}."


def _part(kind: Kind, gaps: Sequence[Gap]) -> Listed:
    """What is open stands open; what only tells is folded."""
    name = title(kind, gaps)
    if kind in OPEN:
        rows, columns = [table_row(_row(gap)) for gap in gaps], _COLUMNS
        opening, closing = (f"### {name[:1].upper()}{name[1:]}", ""), ()
        return Listed(opening, columns, rows, lambda shown: _more(kind, gaps[shown:]), closing)
    reasons = [table_row(_reason(gap)) for gap in gaps]
    return Listed(folded(name), _REASONS, reasons, lambda shown: _more(kind, gaps[shown:]), END)


def _more(kind: Kind, gaps: Sequence[Gap]) -> str:
    told = title(kind, gaps).removeprefix(f"{TITLES[kind][0]}: ")
    return f"**And {told}: not shown.**"


def _row(gap: Gap) -> list[str]:
    client, product, *figures, why, place, at = cells(gap)
    return [escaped(client), escaped(product), *map(escaped, figures), _told(why), code(place), code(at) if at else ""]


def _reason(gap: Gap) -> list[str]:
    return [escaped(gap.client), quantity(gap), code(gap.place), _told(gap.why)]


def _told(why: str) -> str:
    return escaped(why, _TEXT, _TEXT_BYTES)
