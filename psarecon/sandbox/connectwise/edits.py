"""What somebody else may change in ConnectWise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psarecon.sandbox import values
from psarecon.sandbox.connectwise.entities import TYPES
from psarecon.sandbox.connectwise.invoices import CYCLES, invoices
from psarecon.sandbox.connectwise.updates import BILLING, later, save
from psarecon.sandbox.context import Context
from psarecon.sandbox.values import Body

_AMOUNTS = {"quantity": "quantity", "less_included": "less_included", "unit_cost": "unit_cost",
            "unit_price": "unit_price"}  # fmt: skip
_DAYS = {"effective_date": "effective", "cancelled_date": "cancelled"}
_FLAGS = {"auto_update_unit_cost": "auto_cost", "auto_update_unit_price": "auto_price", "inactive": "inactive"}


def _addition(context: Context, key: str, body: Body) -> None:
    addition = values.identity(key, "addition")
    values.known(context.world, "cw_additions", addition, "addition")
    if values.flag(body, "delete"):
        context.world.db.execute("DELETE FROM cw_additions WHERE id = ?", (addition,))
        return
    wanted: dict[str, Any] = {column: values.amount(body, name) for name, column in _AMOUNTS.items() if name in body}
    wanted |= {column: values.day_or_none(body, name) for name, column in _DAYS.items() if name in body}
    if "bill_customer" in body:
        wanted["bill_customer"] = values.choice(body, "bill_customer", BILLING)
    if "serial_number" in body:
        wanted["serial_number"] = values.text(body, "serial_number")
    if "product_id" in body:
        wanted["product_id"] = values.identity(str(body["product_id"]), "product_id")
        values.known(context.world, "cw_products", wanted["product_id"], "product_id")
    if any(value is None for name, value in wanted.items() if name not in _NULLABLE):
        raise ValueError("only dates, quantity and serial_number may be null")
    save(context, addition, wanted, api=False)


_NULLABLE = {"quantity", "effective", "cancelled", "serial_number"}


def _agreement(context: Context, key: str, body: Body) -> None:
    world, agreement = context.world, values.identity(key, "agreement")
    values.known(world, "cw_agreements", agreement, "agreement")
    if values.flag(body, "delete"):
        world.db.execute("DELETE FROM cw_additions WHERE agreement_id = ?", (agreement,))
        world.db.execute("DELETE FROM cw_agreements WHERE id = ?", (agreement,))
        return
    values.put(world, "cw_agreements", agreement, "name", values.text(body, "name"))
    values.put(world, "cw_agreements", agreement, "prorate", values.flag(body, "prorate"))
    values.put(world, "cw_agreements", agreement, "billing_cycle", values.choice(body, "billing_cycle", (*CYCLES,)))
    values.put(world, "cw_agreements", agreement, "start", values.day(body, "start") if "start" in body else None)
    for name, column in {"end": "end", "cancelled_date": "cancelled", "invoiced_through": "invoiced_through"}.items():
        if name in body:
            values.write(world, "cw_agreements", agreement, column, values.day_or_none(body, name))
    if "parent" in body:
        values.write(world, "cw_agreements", agreement, "parent_id", _parent(context, body))
    _touch(context, agreement)


def _parent(context: Context, body: Body) -> int | None:
    if body["parent"] is None:
        return None
    parent = values.identity(str(body["parent"]), "parent")
    values.known(context.world, "cw_agreements", parent, "parent")
    return parent


def _touch(context: Context, agreement: int) -> None:
    """Reckon the invoices anew, and say that the agreement has been changed."""
    world = context.world
    sql = "SELECT bill_start, billing_cycle, invoiced_through, updated FROM cw_agreements WHERE id = ?"
    start, cycle, through, updated = world.one(sql, agreement) or ("",) * 4
    last, following = invoices(start, cycle, through)
    for column, value in {"last_invoice": last, "next_invoice": following, "updated": later(world, updated)}.items():
        values.write(world, "cw_agreements", agreement, column, value)


def _company(context: Context, key: str, body: Body) -> None:
    company = values.identity(key, "company")
    values.known(context.world, "cw_companies", company, "company")
    values.put(context.world, "cw_companies", company, "name", values.text(body, "name"))
    values.put(context.world, "cw_companies", company, "identifier", values.text(body, "identifier"))
    kind = values.choice(body, "type", TYPES)
    values.put(context.world, "cw_companies", company, "type", None if kind is None else TYPES.index(kind) + 1)
    for name in ("deleted", "active"):
        values.put(context.world, "cw_companies", company, name, values.flag(body, name))
    if "website" in body:
        values.write(context.world, "cw_companies", company, "website", values.text(body, "website"))


def _product(context: Context, key: str, body: Body) -> None:
    product = values.identity(key, "product")
    values.known(context.world, "cw_products", product, "product")
    values.put(context.world, "cw_products", product, "identifier", values.text(body, "identifier"))
    for name in ("unit_cost", "unit_price"):
        values.put(context.world, "cw_products", product, name, values.amount(body, name))
    for name, column in _FLAGS.items():
        values.put(context.world, "cw_products", product, column, values.flag(body, name))


Edit = tuple[Callable[[Context, str, Body], None], frozenset[str]]
EDITS: dict[str, Edit] = {
    "line": (_addition, frozenset({*_AMOUNTS, *_DAYS, "bill_customer", "serial_number", "product_id", "delete"})),
    "contract": (_agreement, frozenset({"name", "prorate", "billing_cycle", "start", "end", "cancelled_date",
                                        "invoiced_through", "parent", "delete"})),
    "company": (_company, frozenset({"name", "identifier", "type", "deleted", "active", "website"})),
    "service": (_product, frozenset({"identifier", "unit_cost", "unit_price", *_FLAGS})),
}  # fmt: skip
"""Each target: what carries an edit out, and the keys it takes."""
