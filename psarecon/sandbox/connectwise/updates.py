"""PATCH and PUT of an addition: what is accepted, what is passed over in silence, and the trail it leaves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from psarecon.sandbox import money
from psarecon.sandbox.calls import Call
from psarecon.sandbox.connectwise.errors import ALREADY_INVOICED, BEFORE_START, bad, invalid
from psarecon.sandbox.context import Context
from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World, stamp

BILLING = ("Billable", "DoNotBill", "NoCharge")
_MEMBER = "ApiMember"
Values = dict[str, Any]


class _Column(NamedTuple):
    """Where a field is kept, how a value is read, and what a PUT without it leaves."""

    name: str
    read: Callable[[str, Any], Any]
    default: Any


def patch(context: Context, call: Call, addition: int, body: Any) -> None:
    """Carry out a PATCH: an array of {op, path, value}, saved at once.

    Raises `Refused` when a value is wrong. A path that is no field (another case, a leading slash, a part of a
    reference) changes nothing and is no error.
    """
    if not isinstance(body, list) or not all(isinstance(part, dict) for part in body):
        raise bad("The body must be an array of operations.")  # unproven: the words
    wanted: Values = {}
    for part in body:
        _read(context.rules, call, part, wanted)
    save(context, addition, wanted, api=True)


def put(context: Context, addition: int, body: Any) -> None:
    """Carry out a PUT: fields that are not sent go to their default or to null."""
    if not isinstance(body, dict):
        raise bad("The body must be an addition.")
    for name in ("product", "billCustomer"):
        if body.get(name) is None:
            raise invalid(name, f"{name} is required.")
    wanted = {column.name: column.default for column in _COLUMNS.values()}
    for name, value in body.items():
        if name in _COLUMNS:
            wanted[_COLUMNS[name].name] = _COLUMNS[name].read(name, value)
    save(context, addition, wanted, api=True)


def _read(rules: Rules, call: Call, part: Mapping[str, Any], wanted: Values) -> None:
    """Add one operation to what is wanted."""
    operation, path = part.get("op"), part.get("path")
    if operation not in {"add", "replace", "remove"} or not isinstance(path, str):
        raise bad("An operation needs op (add, replace, remove) and path.")  # unproven: the words
    column = _COLUMNS.get(path)
    if column is None:
        if rules.text("cw_unknown_path") == "refused":
            raise invalid(path, f"{path} is not a field.")
        return
    ignored = call.fault("ignored_field")
    if ignored is None or ignored.text("name") != path:
        wanted[column.name] = column.read(path, None if operation == "remove" else part.get("value"))


def save(context: Context, addition: int, wanted: Values, *, api: bool) -> None:
    """Keep what differs, with a new `lastUpdated` and a row of the audit trail for each field."""
    world = context.world
    names = [column.name for column in _COLUMNS.values()]
    row = world.one(f"SELECT {', '.join(names)}, updated FROM cw_additions WHERE id = ?", addition)  # noqa: S608  # only our own names are put in
    if row is None:
        raise AssertionError("the addition was looked up before")
    before = dict(zip([*names, "updated"], row, strict=True))
    wanted = _completed(context, before, wanted) if api else wanted
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if api:
        _check(context, addition, changed)
    if changed:
        _keep(world, addition, before, changed, api=api)


def _completed(context: Context, before: Values, wanted: Values) -> Values:
    """Rounded by rule; and a product that is another one brings the catalog's cost and price with it."""
    if context.rules.text("cw_rounding") == "two_decimals":
        # unproven: how many decimals are kept of quantities, costs and prices.
        rounded = ("quantity", "less_included", "unit_cost", "unit_price")
        wanted = {name: _cents(value) if name in rounded else value for name, value in wanted.items()}
    product = wanted.get("product_id", before["product_id"])
    if product == before["product_id"]:
        return wanted
    found = context.world.one("SELECT unit_cost, unit_price FROM cw_products WHERE id = ?", product)
    if found is None:
        raise invalid("product", f"product {product} not found.")
    return {"unit_cost": found[0], "unit_price": found[1], **wanted}


def _cents(amount: int | None) -> int | None:
    return None if amount is None else (amount + 50) // 100 * 100


def _check(context: Context, addition: int, changed: Values) -> None:
    sql = ("SELECT a.bill_start, a.invoiced_through, a.prorate, a.cancelled, a.end, t.cancelled FROM cw_additions t"
           " JOIN cw_agreements a ON a.id = t.agreement_id WHERE t.id = ?")  # fmt: skip
    found = context.world.one(sql, addition)
    start, through, prorate, *ends = found if found is not None else (None,) * 6
    effective, today = changed.get("effective"), context.world.today.isoformat()
    if effective is not None and effective < str(start):
        raise invalid("effectiveDate", BEFORE_START)
    if effective is not None and through is not None and effective <= through and not prorate:
        raise invalid("effectiveDate", ALREADY_INVOICED)
    if context.rules.text("cw_dead_lines") == "refuse" and any(end is not None and end <= today for end in ends):
        raise invalid("id", "The addition is cancelled or its agreement has ended.")  # unproven: the words


def _keep(world: World, addition: int, before: Values, changed: Values, *, api: bool) -> None:
    now = later(world, before["updated"])
    member, source = (_MEMBER, "API") if api else ("Somebody", "Manage")
    with world.change():
        sets = ", ".join(f"{name} = ?" for name in changed)
        world.db.execute(
            f"UPDATE cw_additions SET {sets}, updated = ?, updated_by = ?, writes = writes + ? WHERE id = ?",  # noqa: S608  # only our own names are put in
            [*changed.values(), now, member, int(api), addition],
        )
        rows = [("AgreementAddition", addition, _told(name, before[name], value), now, member, source)
                for name, value in changed.items()]  # fmt: skip
        world.db.executemany("INSERT INTO cw_audit VALUES (NULL, ?, ?, ?, ?, ?, ?)", rows)


def _told(name: str, before: Any, after: Any) -> str:
    """The words of the audit trail. unproven: what they are."""
    show = money.show if name in _AMOUNTS else str
    shown = ['""' if value is None else f'"{show(value)}"' for value in (before, after)]
    field = next(field for field, column in _COLUMNS.items() if column.name == name)
    return f"{field} has been changed from {shown[0]} to {shown[1]}."


def later(world: World, updated: str) -> str:
    """The sandbox's moment, or a second after the last change when the clock has not moved."""
    after = datetime.fromisoformat(updated).astimezone(UTC) + timedelta(seconds=1)
    return stamp(max(world.now, after))


def _amount(name: str, value: Any) -> int | None:
    """A number, also as a text; null is none. unproven: negative and absent quantities are accepted."""
    if value is None:
        return None
    try:
        return money.parse(Decimal(value) if isinstance(value, str) else value)
    except (ValueError, ArithmeticError) as error:
        raise invalid(name, f"{name} must be a number.") from error


def _money(name: str, value: Any) -> int:
    return _amount(name, value) or 0


def _day(name: str, value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d(T|$)", value):
        raise invalid(name, f"{name} must be a date.")
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError as error:
        raise invalid(name, f"{name} must be a date.") from error


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise invalid(name, f"{name} must be a string.")
    if name == "serialNumber" and len(value or "") > 50:
        raise invalid(name, f"{name} must be at most 50 characters.")
    return value


def _billing(name: str, value: Any) -> str:
    if value not in BILLING:
        raise invalid(name, f"{name} must be one of {', '.join(BILLING)}.")
    return str(value)


def _reference(name: str, value: Any) -> int:
    """A reference is replaced whole: {"id": 5}."""
    key = value.get("id") if isinstance(value, dict) else None
    if not isinstance(key, int) or isinstance(key, bool):
        raise invalid(name, f"{name} must be a reference with an id.")
    return key


_AMOUNTS = {"quantity", "less_included", "unit_cost", "unit_price"}
_COLUMNS = {
    "product": _Column("product_id", _reference, None),
    "quantity": _Column("quantity", _amount, None),
    "lessIncluded": _Column("less_included", _money, 0),
    "unitPrice": _Column("unit_price", _money, 0),
    "unitCost": _Column("unit_cost", _money, 0),
    "billCustomer": _Column("bill_customer", _billing, None),
    "effectiveDate": _Column("effective", _day, None),
    "cancelledDate": _Column("cancelled", _day, None),
    "serialNumber": _Column("serial_number", _text, None),
    "invoiceDescription": _Column("invoice_description", _text, None),
    "description": _Column("description", _text, None),
}
