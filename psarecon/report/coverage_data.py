"""What a mapping leaves out as plain data, for JSON, and as rows for a spreadsheet: figures are decimals, a figure that
is not known is null or empty."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from psarecon.domain.coverage import Coverage, Gap, Kind, money_of
from psarecon.report.csv import csv_line

FORMAT_VERSION = 1
#: The columns, for good: new ones are added at the end. ``docs/reference/formats.md`` says what each holds.
COLUMNS = ("kind", "client", "product", "place", "quantity", "unit", "money", "currency", "why", "mapping", "as_of")


def coverage_data(report: Coverage) -> dict[str, Any]:
    """The whole report."""
    return {
        "format_version": FORMAT_VERSION,
        "as_of": _moment(report),
        "mapping": {"commit": report.commit, "dirty": report.dirty},
        "currency": report.currency,
        "tenants": dict(report.tenants),
        "partial": report.partial,
        "totals": {
            "organizations": report.organizations,
            "lines": report.lines,
            "open": len(report.open),
            "kinds": {kind.value: _total(report.of(kind)) for kind in Kind},
        },
        "gaps": [_gap(gap) for gap in report.gaps],
    }


def _moment(report: Coverage) -> str:
    return report.as_of.strftime("%Y-%m-%dT%H:%M:%SZ")


def _total(gaps: tuple[Gap, ...]) -> dict[str, Any]:
    return {"count": len(gaps), "money": f"{money_of(gaps):f}"}


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "kind": gap.kind.value,
        "client": gap.client,
        "product": gap.product or None,
        "place": gap.place,
        "quantity": _number(gap.count),
        "unit": _number(gap.unit),
        "money": _number(gap.money),
        "why": gap.why,
        "mapping": gap.at or None,
    }


def _number(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def coverage_rows(report: Coverage) -> Iterator[str]:
    """The lines of a CSV file (RFC 4180), each with its CR LF: a header, then every gap in order."""
    yield csv_line(COLUMNS)
    for gap in report.gaps:
        figures = (gap.count, gap.unit, gap.money)
        named = (gap.kind.value, gap.client, gap.product, gap.place)
        yield csv_line([*named, *figures, report.currency, gap.why, gap.at, _moment(report)])
