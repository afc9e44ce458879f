"""Rows of a plan under review, made by hand: everything has a plain default, a test names what it is about."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

from psarecon.review.opened import Row


def row(
    client: str = "Acme Corp",
    *,
    line: str = "autotask/8001",
    units: tuple[str, str] | None = ("10", "14"),
    unit_cost: tuple[str, str] | None = ("9.00", "9.00"),
    since: str = "2026-11-01",
    cost: str = "36.00",
    revenue: str = "60.00",
    **more: Any,
) -> Row:
    """A row, by default 10 -> 14 units at 9.00 from 2026-11-01; its id is that of exactly these figures."""
    exact = f"{line} {units} {unit_cost} {since}"
    found = Row(
        start=0,
        length=0,
        id=hashlib.sha256(exact.encode("utf-8", "surrogatepass")).hexdigest()[:12],
        line=line,
        psa=line.partition("/")[0],
        client=client,
        product="jumpcloud-platform",
        contract="Managed services",
        organization="jumpcloud/org-1",
        moves=units is not None,
        before=Decimal(units[0] if units else "10"),
        after=Decimal(units[1] if units else "10"),
        cost_before=Decimal(unit_cost[0]) if unit_cost else None,
        cost_after=Decimal(unit_cost[1]) if unit_cost else None,
        cost_change=Decimal(cost),
        revenue_change=Decimal(revenue),
        since=since,
        causes=("usage",),
    )
    return replace(found, **more)
