"""Drift as plain data, for JSON: figures are decimal strings, a figure that is not known is null."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from psarecon.domain.drift import Apart, Drift, DriftReport, Group, Kind, grouped
from psarecon.domain.model import Acceptance, LineKey
from psarecon.domain.plan import day_data, pair_data
from psarecon.domain.standing import Figures
from psarecon.report.drift_text import sum_of

FORMAT_VERSION = 1


def drift_data(report: DriftReport) -> dict[str, Any]:
    """The whole report."""
    drifted = report.of(Kind.AGAINST)
    return {
        "format_version": FORMAT_VERSION,
        "as_of": report.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mapping": {"commit": report.commit, "dirty": report.dirty},
        "currency": report.currency,
        "tenants": report.tenants,
        "totals": {
            "lines": report.lines,
            "compared": report.compared,
            "drifted": len(drifted),
            "agreeing": len(report.of(Kind.AGREES)),
            "accepted": len(report.of(Kind.ACCEPTED)),
            "apart": len(report.apart),
            "unapplied": report.unapplied,
            "unwritten": report.unwritten,
            **_moved(drifted),
        },
        "groups": [_group(one) for one in grouped(report.drifts) if one.kind is not Kind.ACCEPTED],
        "accepted": [_line(one) for one in report.of(Kind.ACCEPTED)],
        "apart": [_apart(one) for one in report.apart],
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "kind": group.kind.value,
        "product": group.product,
        "quantity": pair_data(group.quantity),
        "unit_cost": pair_data(group.unit_cost),
        **_moved(list(group.drifts)),
        "lines": [_line(one) for one in group.drifts],
    }


def _moved(drifts: list[Drift]) -> dict[str, str]:
    of = sum_of(drifts)
    return {"cost_change": f"{of.cost:f}", "revenue_change": f"{of.revenue:f}", "margin_change": f"{of.margin:f}"}


def _line(one: Drift) -> dict[str, Any]:
    touched = one.touched
    at = touched.at.strftime("%Y-%m-%dT%H:%M:%SZ") if touched and touched.at else None
    return {
        **_named(one),
        "left": {**_figures(one.left), "run": one.run, "since": day_data(one.since)},
        "found": _figures(one.found),
        "wanted": None if one.wanted is None else _figures(one.wanted),
        "touched": None if touched is None else {"by": touched.by, "at": at},
        "acceptance": _acceptance(one.acceptance),
        **_moved([one]),
    }


def _apart(one: Apart) -> dict[str, Any]:
    return {**_named(one), "code": one.code, "text": one.text}


def _named(one: Drift | Apart) -> dict[str, Any]:
    source = {"file": one.source.file, "line": one.source.line}
    return {"line": _key(one.line), "client": one.client, "product": one.product, "source": source}


def _key(line: LineKey) -> dict[str, str]:
    return {"psa": line.psa, "company": line.company, "contract": line.contract, "id": line.id}


def _figures(figures: Figures) -> dict[str, str | None]:
    return {"quantity": _number(figures.quantity), "unit_cost": _number(figures.unit_cost)}


def _number(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _acceptance(one: Acceptance | None) -> dict[str, Any] | None:
    if one is None:
        return None
    figures = {"quantity": _number(one.quantity), "unit_cost": _number(one.unit_cost)}
    return {**figures, "reason": one.reason, "until": one.until.isoformat()}
