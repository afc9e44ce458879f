"""Contract service adjustments: the one way to change units, unit cost and unit price with a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from psarecon.sandbox import money
from psarecon.sandbox.autotask import lines as stored
from psarecon.sandbox.autotask.errors import DUPLICATE, NEGATIVE, OUTSIDE_CONTRACT, POSTED, Refused, no_reference
from psarecon.sandbox.context import Context
from psarecon.sandbox.world import stamp

_LARGEST = 2**31 - 1  # units and ids of adjustments are 32-bit whole numbers


@dataclass(frozen=True)
class Wanted:
    """A checked body: which line or service, from which day, and what changes. Money in ten-thousandths."""

    contract_id: int | None
    line_id: int | None
    service_id: int | None
    effective: str
    unit_change: int | None
    unit_cost: int | None
    unit_price: int | None


def adjust(context: Context, body: Any, contract_id: int | None = None) -> int:
    """Carry out one adjustment and give the line's id; raises `Refused` and changes nothing when it may not be.

    `contract_id` is the contract of a child path; it goes before the body's.
    """
    wanted = _read(body, contract_id)
    with context.world.change():
        line = _find(context, wanted) or _new_line(context, wanted)
        _check(context, line, wanted)
        _store(context, line, wanted)
        if below_zero(context, line):
            raise Refused(NEGATIVE)
        if context.rules.text("zero_units") == "refuse" and _units(context, line, wanted.effective) == 0:
            raise Refused("The contract service must have at least one unit.")  # unproven: the rule and the words
    return line.id


def _read(body: Any, contract_id: int | None) -> Wanted:
    if not isinstance(body, dict):
        raise Refused("The request body is not valid.")  # unproven: the words
    given = {str(key).lower(): value for key, value in body.items()}
    named = _whole(given, "contractID")
    return Wanted(
        named if contract_id is None else contract_id,
        _whole(given, "contractServiceID"), _whole(given, "serviceID"), _day(given),
        _whole(given, "unitChange"), _amount(given, "adjustedUnitCost"), _amount(given, "adjustedUnitPrice"),
    )  # fmt: skip


def _whole(given: dict[str, Any], name: str) -> int | None:
    value = given.get(name.lower())
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST):
        raise Refused(f"The value for {name} is not a valid integer.")  # unproven: the words
    return value


def _amount(given: dict[str, Any], name: str) -> int | None:
    value = given.get(name.lower())
    try:
        return None if value is None else money.parse(value)
    except ValueError as error:
        raise Refused(f"The value for {name} is not a valid double.") from error  # unproven: the words


def _day(given: dict[str, Any]) -> str:
    """The day alone: a time part is dropped, with no conversion. unproven: one copy of the page says otherwise."""
    value = given.get("effectivedate")
    if value is None:
        raise Refused("Missing Required Field: effectiveDate.")  # unproven: the words
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as error:
        raise Refused("The value for effectiveDate is not a valid date.") from error  # unproven: the words


def _find(context: Context, wanted: Wanted) -> stored.Line | None:
    """The line that is meant; None when a service of a contract matches none (Autotask then makes one)."""
    if wanted.line_id is not None:
        line = stored.line(context.world, wanted.line_id)
        if line is None or wanted.contract_id not in {None, line.contract_id}:
            raise no_reference("contractServiceID")
        return line
    if wanted.contract_id is None or wanted.service_id is None:
        raise Refused("Missing Required Field: contractServiceID.")  # unproven: the words
    values = (wanted.contract_id, wanted.service_id)
    # unproven: with the same service twice on a contract, the first one is taken.
    return next(stored.lines(context.world, "s.contract_id = ? AND s.service_id = ?", values), None)


def _new_line(context: Context, wanted: Wanted) -> stored.Line:
    """The contract service that an unmatched service brings into being, billing from the effective date."""
    world = context.world
    if world.one("SELECT 1 FROM contracts WHERE id = ?", wanted.contract_id) is None:
        raise no_reference("contractID")
    service = world.one("SELECT unit_cost, unit_price FROM services WHERE id = ?", wanted.service_id)
    if service is None:
        raise no_reference("serviceID")
    values = (wanted.contract_id, wanted.service_id, wanted.effective, *service)
    made = world.db.execute(
        "INSERT INTO contract_services (contract_id, service_id, first_day, units, unit_cost, unit_price)"
        " VALUES (?, ?, ?, 0, ?, ?)",
        values,
    )
    line = stored.line(world, int(made.lastrowid or 0))
    if line is None:
        raise no_reference("contractID")
    return line


def _check(context: Context, line: stored.Line, wanted: Wanted) -> None:
    """Everything that can be said before the change is made."""
    if line.contract_type != stored.RECURRING:
        raise Refused("The Contract referenced by contractID must be a Recurring Service contract.")  # unproven: words
    if not line.start <= wanted.effective <= line.end:
        raise Refused(OUTSIDE_CONTRACT)
    status = context.world.one("SELECT status FROM contracts WHERE id = ?", line.contract_id)
    if status == (0,) and context.rules.text("inactive_contract") == "refuse":
        raise Refused("The Contract referenced by contractID is not active.")  # unproven: the rule and the words
    if context.rules.text("same_date") == "refused" and _same_date(context, line, wanted):
        raise Refused(DUPLICATE)
    if context.rules.text("posted_period") == "refuse" and _posted(context, line, wanted.effective):
        raise Refused(POSTED)


def _same_date(context: Context, line: stored.Line, wanted: Wanted) -> list[stored.Adjustment]:
    """The earlier adjustments of the line on the same date; changes made without a date do not count."""
    changes = stored.adjustments(context.world, [line.id]).get(line.id, [])
    return [change for change in changes if change.effective == wanted.effective and change.origin != "direct"]


def _posted(context: Context, line: stored.Line, day: str) -> bool:
    posted = stored.postings(context.world, [line.contract_id]).get(line.contract_id, ())
    row = stored.in_force(stored.rows(line, (), posted, low=day, high=day), day)
    return row is not None and row.posted is not None


def _store(context: Context, line: stored.Line, wanted: Wanted) -> None:
    """Write the adjustment, its note and the count of writes."""
    change, cost, price = wanted.unit_change, _cost(context, wanted), _price(context, line, wanted)
    if context.rules.text("same_date") == "replaces":
        # unproven: what the later adjustment leaves out is taken over from the one it replaces.
        for old in _same_date(context, line, wanted):
            change = old.unit_change if wanted.unit_change is None else wanted.unit_change
            cost = old.unit_cost if cost is None else cost
            price = old.unit_price if price is None else price
            context.world.db.execute("UPDATE adjustments SET replaced = 1 WHERE id = ?", (old.id,))
    record(context, line, wanted.effective, change or 0, cost, price, "api")
    context.world.db.execute("UPDATE contract_services SET writes = writes + 1 WHERE id = ?", (line.id,))
    _note(context, line, wanted)


def _cost(context: Context, wanted: Wanted) -> int | None:
    """The adjusted unit cost with as many decimals as are kept."""
    if wanted.unit_cost is None or context.rules.text("cost_decimals") == "four":
        return wanted.unit_cost
    return (wanted.unit_cost + 50) // 100 * 100


def _price(context: Context, line: stored.Line, wanted: Wanted) -> int | None:
    """The adjusted unit price; of an adjustment that names none, by rule, the catalogue's."""
    if wanted.unit_price is not None or context.rules.text("omitted_price") == "keeps":
        return wanted.unit_price
    found = context.world.one("SELECT unit_price FROM services WHERE id = ?", line.service_id)
    return None if found is None else int(found[0])


def _units(context: Context, line: stored.Line, day: str) -> int:
    return stored.units_on(line, stored.adjustments(context.world, [line.id]).get(line.id, []), day)


def record(
    context: Context,
    line: stored.Line,
    effective: str,
    unit_change: int,
    unit_cost: int | None,
    unit_price: int | None,
    origin: str,
) -> None:
    """Keep one change of a line."""
    context.world.db.execute(
        "INSERT INTO adjustments (line_id, effective, unit_change, unit_cost, unit_price, origin)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (line.id, effective, unit_change, unit_cost, unit_price, origin),
    )


def _note(context: Context, line: stored.Line, wanted: Wanted) -> None:
    """Any change of units or price leaves a note at the contract. unproven: its words."""
    text = f"Contract service {line.id}: units changed by {wanted.unit_change or 0} from {wanted.effective}."
    context.world.db.execute(
        "INSERT INTO notes (contract_id, title, description, created) VALUES (?, ?, ?, ?)",
        (line.contract_id, "Contract service adjusted", text, stamp(context.world.now)),
    )


def below_zero(context: Context, line: stored.Line) -> bool:
    """Whether any row of a line has come below zero, now or later."""
    changes = stored.adjustments(context.world, [line.id]).get(line.id, [])
    return any(stored.units_on(line, changes, change.effective) < 0 for change in changes)
