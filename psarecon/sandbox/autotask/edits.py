"""What somebody else may change in Autotask."""

from __future__ import annotations

from collections.abc import Callable

from psarecon.sandbox import values
from psarecon.sandbox.autotask import lines as stored
from psarecon.sandbox.autotask.adjustments import below_zero, record
from psarecon.sandbox.autotask.fields import COMPANY_TYPE
from psarecon.sandbox.autotask.postings import post
from psarecon.sandbox.autotask.updates import current_start
from psarecon.sandbox.context import Context
from psarecon.sandbox.values import Body


def _line(context: Context, key: str, body: Body) -> None:
    line = stored.line(context.world, values.identity(key, "line"))
    if line is None:
        raise ValueError(f"line: there is none with id {key}")
    if values.flag(body, "delete"):
        context.world.db.execute("DELETE FROM contract_services WHERE id = ?", (line.id,))
        return
    change = values.whole(body, "units_change")
    day = values.day(body, "effective") if "effective" in body else current_start(context, line)
    origin = "somebody" if change or "effective" in body else "direct"
    cost, price = values.amount(body, "unit_cost"), values.amount(body, "unit_price")
    record(context, line, day, change or 0, cost, price, origin)
    if below_zero(context, line):
        raise ValueError("units_change would bring the line below zero")


def _contract(context: Context, key: str, body: Body) -> None:
    world, contract = context.world, values.identity(key, "contract")
    values.known(world, "contracts", contract, "contract")
    if values.flag(body, "delete"):
        world.db.execute("DELETE FROM contract_services WHERE contract_id = ?", (contract,))
        world.db.execute("DELETE FROM contracts WHERE id = ?", (contract,))
    values.put(world, "contracts", contract, "name", values.text(body, "name"))
    values.put(world, "contracts", contract, "status", values.whole(body, "status"))
    for name in ("start", "end"):
        values.put(world, "contracts", contract, name, values.day(body, name) if name in body else None)
    if "post_through" in body:
        post(world, contract, values.day(body, "post_through"))


def _named(table: str, word: str) -> Callable[[Context, str, Body], None]:
    def rename(context: Context, key: str, body: Body) -> None:
        record_id = values.identity(key, word)
        values.known(context.world, table, record_id, word)
        values.put(context.world, table, record_id, "name", values.text(body, "name"))

    return rename


_rename = _named("companies", "company")


def _company(context: Context, key: str, body: Body) -> None:
    _rename(context, key, body)
    world, company = context.world, values.identity(key, "company")
    kinds = {label: int(value) for value, label in COMPANY_TYPE}
    kind = values.choice(body, "type", tuple(kinds))
    values.put(world, "companies", company, "type", None if kind is None else kinds[kind])
    values.put(world, "companies", company, "active", values.flag(body, "active"))
    for name, column in {"number": "number", "web_address": "web"}.items():
        if name in body:
            values.write(world, "companies", company, column, values.text(body, name))


EDITS = {
    "line": (_line, frozenset({"units_change", "effective", "unit_cost", "unit_price", "delete"})),
    "contract": (_contract, frozenset({"status", "start", "end", "name", "post_through", "delete"})),
    "company": (_company, frozenset({"name", "type", "active", "number", "web_address"})),
    "service": (_named("services", "service"), frozenset({"name"})),
}
"""Each target: what carries an edit out, and the keys it takes."""
