"""What an edit of the mapping causes, and what comes anyway: as data, and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from psarecon.domain.comparison import Comparison, Edited
from psarecon.domain.model import Finding
from psarecon.domain.plan import Plan
from psarecon.domain.plan_file import change_data, finding_data
from psarecon.report.entries import (
    CHANGE,
    EDIT,
    FIGURES,
    Entry,
    Subjects,
    Sum,
    anyway_of,
    counted,
    edit_kind,
    edit_money,
    edits_of,
)
from psarecon.report.plan_text import headline
from psarecon.report.table import Column, rows_of
from psarecon.text import clean

FORMAT_VERSION = 1
_WIDEST = {"": 5, "Client": 26, "Product": 20, "Edit": 12, "Without it": 34, "With it": 34, "Why": 16}
_OTHERS = 15


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON data; changes and findings as a plan has them, figures as decimal text.

    ``base`` is the plan without the edit, ``plan`` the one with it. The money of an edited line is what the edit itself
    moves: with it, less without it.
    """
    return {
        "format_version": FORMAT_VERSION,
        "base": {"ref": comparison.base, **_plan_data(comparison.without)},
        "plan": _plan_data(comparison.plan),
        "currency": comparison.plan.currency,
        "edited": [_edited_data(one) for one in comparison.edited],
        "anyway": [change_data(change) for change in comparison.anyway],
        "appeared": [finding_data(finding) for finding in comparison.appeared],
        "gone": [finding_data(finding) for finding in comparison.gone],
        "totals": {"edited": _sum_data(edits_of(comparison)), "anyway": _sum_data(anyway_of(comparison))},
    }


def _plan_data(plan: Plan) -> dict[str, Any]:
    return {"id": plan.id, "commit": plan.commit, "dirty": plan.dirty, "totals": plan.totals["plan"]}


def _edited_data(one: Edited) -> dict[str, Any]:
    cost, revenue = edit_money(one)
    return {
        "line": {"psa": one.line.psa, "company": one.line.company, "contract": one.line.contract, "id": one.line.id},
        "client": one.client,
        "product": one.product,
        "edit": edit_kind(one),
        "before": change_data(one.before) if one.before else None,
        "after": change_data(one.after) if one.after else None,
        "cost_change": f"{cost:f}",
        "revenue_change": f"{revenue:f}",
        "margin_change": f"{revenue - cost:f}",
    }


def _sum_data(entries: Iterable[Entry]) -> dict[str, str | int]:
    of = Sum.of(entries)
    figures = {"cost_change": of.cost, "revenue_change": of.revenue, "margin_change": of.margin}
    return {"lines": of.count, **{name: f"{figure:f}" for name, figure in figures.items()}}


def comparison_text(comparison: Comparison) -> Iterator[str]:
    """The comparison's lines for a terminal: what the edit causes, what comes anyway, and whose findings are whose."""
    yield from map(clean, headline(comparison.plan))
    yield ""
    edits, anyway = edits_of(comparison), anyway_of(comparison)
    yield clean(f"this edit, against {comparison.base} ({comparison.commit[:9]}): {_told(edits, 'edited line')}")
    yield from _rows(EDIT, edits)
    yield from _findings("it brings", comparison.appeared, Subjects(comparison.plan))
    yield from _findings("it takes away", comparison.gone, Subjects(comparison.without))
    yield ""
    yield f"comes anyway: {_told(anyway, 'change')}"
    yield from _rows(CHANGE, anyway)
    known = set(comparison.appeared)
    others = [finding for finding in comparison.plan.findings if finding not in known]
    yield from _findings("comes anyway", others, Subjects(comparison.plan))


def _told(entries: list[Entry], word: str) -> str:
    return f"{counted(len(entries), word)}, {Sum.of(entries).told()}" if entries else "nothing"


def _rows(columns: tuple[str, ...], entries: list[Entry]) -> Iterator[str]:
    if entries:
        shown = [Column(name, _WIDEST.get(name, _OTHERS), right=name in FIGURES) for name in columns]
        yield from rows_of(shown, [entry.cells for entry in entries])


def _findings(whose: str, findings: Iterable[Finding], subjects: Subjects) -> Iterator[str]:
    for finding in subjects.ordered(findings):
        yield clean(f"{whose}: {finding.severity.value}  {finding.scope}  {finding.code}: {finding.text}")
