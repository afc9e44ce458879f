"""Drift as the text of an issue or a comment: within what a site allows, names escaped, what is left out counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psarecon.domain.drift import Apart, Drift, DriftReport, Group, Kind, grouped
from psarecon.report.drift_text import figures, left_over, sum_of, summary, title, touched
from psarecon.report.entries import counted
from psarecon.report.escaped import code, escaped
from psarecon.report.markdown import LIMIT, assembled
from psarecon.report.markdown_parts import END, Listed, Part, folded
from psarecon.report.sheet import table_row

#: The name in the hidden first line by which a bot finds its own issue or comment again.
MARKER = "psarecon:drift"
#: So many groups have their lines listed; the others are rows of the table of groups.
_LISTED = 25
_GROUPS = ("Product", "What was found", "Cost/month", "Revenue/month", "Margin/month")
_LINES = ("Client", "Product", "Quantity", "Unit cost", "Wanted", "Last touched", "Line", "Mapping")
_ACCEPTED = ("Client", "Product", "Quantity", "Unit cost", "Wanted", "Until", "Reason", "Mapping")
_APART = ("Line", "Client", "Product", "Why")
_TEXT, _TEXT_BYTES = 300, 900


def drift_markdown(report: DriftReport, limit: int = LIMIT) -> str:
    """The report in at most ``limit`` bytes of UTF-8."""
    drifted, agreeing = report.of(Kind.AGAINST), report.of(Kind.AGREES)
    name = f"{counted(len(drifted), 'line')} drifted" if drifted else "no drift"
    left = [f"- {escaped(one, 200)}" for one in left_over(report)]
    head = [f"<!-- {MARKER} -->", f"## psarecon: {name}", "", f"**{escaped(summary(report), 200)}**", "", *left, ""]
    groups = [one for one in grouped(drifted) if one.kind is Kind.AGAINST]
    parts: list[tuple[Part, float]] = [
        (_groups(groups), 0.3),
        *((_lines(f"{escaped(one.product)}: {escaped(title(one), 200)}", one.drifts), 0.3) for one in groups[:_LISTED]),
        (_apart(report.apart), 0.4),
        (_lines("Moved by somebody else, to what mapping and usage ask for", agreeing), 0.5),
        (_accepted(report.of(Kind.ACCEPTED)), 1.0),
    ]
    return "\n".join(assembled([*head, _rests_on(report), ""], parts, limit)).rstrip("\n") + "\n"


def _rests_on(report: DriftReport) -> str:
    dirty = " with uncommitted edits" if report.dirty else ""
    mapping = f"mapping {code(report.commit[:12])}{dirty}" if report.commit else "mapping not in git"
    tenants = ", ".join(f"{code(name)} {code(tenant)}" for name, tenant in report.tenants.items())
    return f"As of {report.as_of:%Y-%m-%d %H:%M}Z, {mapping}; {tenants}."


def _groups(groups: Sequence[Group]) -> Listed:
    rows = [table_row([escaped(one.product), escaped(title(one), 200), *sum_of(one.drifts).cells]) for one in groups]
    opening = ("### Drift, dearest first", "")
    return Listed(opening, _GROUPS, rows, lambda shown: _more([one for of in groups[shown:] for one in of.drifts]))


def _lines(name: str, drifts: Sequence[Drift]) -> Listed:
    rows = [table_row(_row(one)) for one in drifts]
    opening = folded(f"{name} ({sum_of(drifts).told()})")
    return Listed(opening, _LINES, rows, lambda shown: _more(drifts[shown:]), END)


def _more(drifts: Sequence[Drift]) -> str:
    return f"**{counted(len(drifts), 'more line')}, {sum_of(drifts).told()}, not shown.**"


def _row(one: Drift) -> list[str]:
    named = (one.client, one.product, *figures(one), touched(one))
    return [*map(escaped, named), code(str(one.line)), code(str(one.source))]


def _accepted(drifts: Sequence[Drift]) -> Listed:
    rows = [table_row(_accepted_row(one)) for one in drifts]
    opening = folded(f"Accepted: {counted(len(drifts), 'line')}")
    return Listed(opening, _ACCEPTED, rows, lambda shown: _more(drifts[shown:]), END)


def _accepted_row(one: Drift) -> list[str]:
    until, reason = (str(one.acceptance.until), one.acceptance.reason) if one.acceptance else ("", "")
    named: Iterable[str] = map(escaped, (one.client, one.product, *figures(one), until))
    return [*named, escaped(reason, _TEXT, _TEXT_BYTES), code(str(one.source))]


def _apart(lines: Sequence[Apart]) -> Listed:
    rows = [table_row(_apart_row(one)) for one in lines]
    opening = ("### Cannot be compared", "")
    return Listed(opening, _APART, rows, lambda shown: f"**{counted(len(lines) - shown, 'more line')}, not shown.**")


def _apart_row(one: Apart) -> list[str]:
    text = escaped(one.text, _TEXT, _TEXT_BYTES)
    return [code(str(one.line)), escaped(one.client), escaped(one.product), text]
