"""A plan as one page for a browser: figures, charts, findings and every change; nothing is fetched, no name acts.

Everything from outside is made harmless (``psarecon.text.clean``) and escaped where it is written. Should a sign still
get through, the page's own policy forbids the browser every script but ours, every style but ours, and every request.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from psarecon import __version__
from psarecon.domain.comparison import Comparison
from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Plan
from psarecon.report.charts import by_cause, by_money
from psarecon.report.entries import (
    CHANGE,
    EDIT,
    FIGURES,
    Entry,
    Subjects,
    Sum,
    anyway_of,
    counted,
    edits_of,
    entries_of,
)
from psarecon.text import clean, signed

_TEMPLATES = Path(__file__).parent / "templates"
_NAME, _TEXT = 120, 500
#: So many findings stand open, the others are folded.
_OPEN = 25


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell; ``key`` is the number it is sorted by, None for a text."""

    text: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: the gravest, more BLOCK and LOOK, and remarks."""

    grave: Sequence[dict[str, str]]
    more: Sequence[dict[str, str]]
    remarks: Sequence[dict[str, str]]

    @property
    def more_told(self) -> str:
        """What stands on the fold of what is less grave."""
        return counted(len(self.more), "more finding")

    @property
    def remarks_told(self) -> str:
        """What stands on the fold of the remarks."""
        return counted(len(self.remarks), "remark")


def html_page(plan: Plan, comparison: Comparison | None = None) -> str:
    """The page. With a comparison: what the edit causes first, then what comes anyway."""
    entries = entries_of(plan)
    style, script = (Markup((_TEMPLATES / name).read_text(encoding="utf-8")) for name in ("plan.css", "plan.js"))  # noqa: S704 - our own files
    return (
        _environment()
        .get_template("plan.html.j2")
        .render(
            title=_title(plan, entries),
            facts=_facts(plan, comparison),
            cards=_cards(plan, entries, comparison),
            psas=_psas(plan),
            charts=(by_money(entries), by_cause(plan.changes)),
            parts=_parts(plan, entries) if comparison is None else _compared(comparison),
            version=__version__,
            style=style,
            style_hash=_hash(style),
            script=script,
            script_hash=_hash(script),
        )
    )


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _harmless(value: Any) -> Any:
    """Every text on its way to the page; what is Markup is ours."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _hash(text: str) -> str:
    """How the policy names the one script, and the one style, that may be."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _title(plan: Plan, entries: Sequence[Entry]) -> str:
    changes = counted(len(entries), "change") if entries else "no changes"
    return f"psarecon: {changes} on {counted(plan.totals['lines'], 'line')}"


def _facts(plan: Plan, comparison: Comparison | None) -> list[str]:
    dirty = ", with uncommitted edits" if plan.dirty else ""
    facts = [
        f"plan {plan.id[:12]}",
        f"as of {plan.as_of:%Y-%m-%d %H:%M}Z",
        f"usage of {plan.month}",
        f"mapping {plan.commit[:12]}{dirty}" if plan.commit else "mapping not in git",
    ]
    if comparison is not None:
        facts.append(f"compared with {clean(comparison.base, _NAME)} ({comparison.commit[:12]})")
    return facts


def _cards(plan: Plan, entries: Sequence[Entry], comparison: Comparison | None) -> list[dict[str, str]]:
    of, risks = Sum.of(entries), Counter(entry.severity for entry in entries)
    clean_ones = len(entries) - risks[Severity.BLOCK] - risks[Severity.LOOK]
    money = [_card(name, signed(figure), f"{plan.currency} a month") for name, figure in
             (("Cost", of.cost), ("Revenue", of.revenue), ("Margin", of.margin))]  # fmt: skip
    cards = [
        _card("Changes", f"{of.count:,}", f"of {counted(of.clients, 'client')}"),
        *money,
        _card("Blocked", f"{risks[Severity.BLOCK]:,}", f"{risks[Severity.LOOK]:,} to look at, {clean_ones:,} clean"),
    ]
    if comparison is not None:
        edits = Sum.of(edits_of(comparison))
        cards.append(
            _card("Caused by the edit", signed(edits.cost), f"cost a month, on {counted(edits.count, 'line')}")
        )
    return cards


def _card(name: str, figure: str, note: str) -> dict[str, str]:
    return {"name": name, "figure": figure, "note": note}


def _psas(plan: Plan) -> list[dict[str, Any]]:
    found = []
    for name, tenant in plan.tenants.items():
        of = Sum.of(entries_of(_only(plan, name)))
        found.append({"name": name, "tenant": tenant, "figures": [f"{of.count:,}", *of.cells]})
    return found


def _only(plan: Plan, psa: str) -> Plan:
    return replace(plan, changes=tuple(change for change in plan.changes if change.line.psa == psa))


def _parts(plan: Plan, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    told = "" if entries else "Every line is as it should be, or held back by a finding."
    changes = _part("Changes, riskiest and dearest first", told, [], _table("change", CHANGE, entries))
    found = _part("Findings", "", [("", _found(plan.findings, Subjects(plan)))], _table("change", CHANGE, ()))
    return [found, changes] if plan.findings else [changes]


def _compared(comparison: Comparison) -> list[dict[str, Any]]:
    plan, known = comparison.plan, set(comparison.appeared)
    subjects, edits, anyway = Subjects(plan), edits_of(comparison), anyway_of(comparison)
    others = [one for one in plan.findings if one not in known]
    causes = [
        ("Findings it brings", _found(comparison.appeared, subjects)),
        ("Findings it takes away", _found(comparison.gone, Subjects(comparison.without))),
    ]
    comes = [("Findings that are there anyway", _found(others, subjects))]
    return [
        _part("This pull request causes", _told(edits, "edited line"), causes, _table("edit", EDIT, edits)),
        _part("Comes anyway", _told(anyway, "change"), comes, _table("change", CHANGE, anyway)),
    ]


def _told(entries: Sequence[Entry], word: str) -> str:
    return f"{counted(len(entries), word)}: {Sum.of(entries).told()}." if entries else "Nothing."


def _part(title: str, told: str, findings: list[tuple[str, Found]], table: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "told": told, "findings": findings, "table": table}


def _found(findings: Iterable[Finding], subjects: Subjects) -> Found:
    ordered = subjects.ordered(findings)
    grave = [_finding(one, subjects) for one in ordered if one.severity is not Severity.INFO]
    remarks = [_finding(one, subjects) for one in ordered if one.severity is Severity.INFO]
    return Found(grave[:_OPEN], grave[_OPEN:], remarks)


def _finding(one: Finding, subjects: Subjects) -> dict[str, str]:
    change = subjects.change(one)
    about = "the whole plan" if one.scope == "plan" else clean(one.scope, _NAME)
    if change is not None:
        about = f"{clean(change.client, _NAME)}, {clean(change.product, _NAME)}"
    return {"severity": one.severity.value, "about": about, "code": one.code, "text": clean(one.text, _TEXT)}


def _table(kind: str, columns: Sequence[str], entries: Sequence[Entry]) -> dict[str, Any]:
    heads = [{"name": name, "figure": name in FIGURES} for name in columns]
    return {"kind": kind, "columns": heads, "rows": [_row(columns, entry) for entry in entries]}


def _row(columns: Sequence[str], entry: Entry) -> list[Cell]:
    return [Cell(clean(text, _NAME), _key(text) if name in FIGURES else None)
            for name, text in zip(columns, entry.cells, strict=True)]  # fmt: skip


def _key(text: str) -> str:
    """The figure as a script reads it; where two stand, before and after, the later one."""
    figure = text.rpartition("→")[2].strip().replace(",", "").lstrip("+")
    return "" if figure == "?" else figure
