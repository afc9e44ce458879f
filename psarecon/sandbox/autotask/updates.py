"""PATCH: the fields that may be changed without a date."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from psarecon.sandbox import money
from psarecon.sandbox.autotask import lines as stored
from psarecon.sandbox.autotask.adjustments import record
from psarecon.sandbox.autotask.entities import Entity
from psarecon.sandbox.autotask.errors import Refused, no_reference
from psarecon.sandbox.autotask.fields import Field
from psarecon.sandbox.calls import reply
from psarecon.sandbox.context import Context

_DESCRIPTIONS = {"invoicedescription": "invoice_description", "internaldescription": "internal_description"}


def patch(context: Context, entity: Entity, body: Any, contract_id: int | None) -> Response:
    """Change one record, whose id is in the body; what may not be written is passed over in silence.

    unproven: some read-only fields may rather be refused.
    """
    if not isinstance(body, dict):
        raise Refused("The request body is not valid.")  # unproven: the words
    given = {str(key).lower(): value for key, value in body.items()}
    record_id = given.get("id")
    if not isinstance(record_id, int) or isinstance(record_id, bool):
        raise Refused("Missing Required Field: id.")  # unproven: the words
    with context.world.change():
        if entity.table is None:
            _patch_line(context, record_id, given, contract_id)
        else:
            _patch_table(context, entity, record_id, given)
    return reply({"itemId": record_id})


def _patch_table(context: Context, entity: Entity, record_id: int, given: dict[str, Any]) -> None:
    if context.world.one(f"SELECT 1 FROM {entity.table} WHERE id = ?", record_id) is None:  # noqa: S608  # only our own names are put in
        raise no_reference("id")
    for field in entity.fields:
        if field.writable and field.column.isidentifier() and field.name.lower() in given:
            value = _stored(field, given[field.name.lower()])
            context.world.db.execute(f"UPDATE {entity.table} SET {field.column} = ? WHERE id = ?", (value, record_id))  # noqa: S608  # only our own names are put in


def _stored(field: Field, value: Any) -> Any:
    if field.kind == "double" and value is not None:
        return money.parse(value)
    return str(value)[:10] if field.kind == "datetime" else value


def _patch_line(context: Context, line_id: int, given: dict[str, Any], contract_id: int | None) -> None:
    line = stored.line(context.world, line_id)
    if line is None or contract_id not in {None, line.contract_id}:
        raise no_reference("id")
    for name, column in _DESCRIPTIONS.items():
        if name in given:
            context.world.db.execute(f"UPDATE contract_services SET {column} = ? WHERE id = ?", (given[name], line_id))  # noqa: S608  # only our own names are put in
    if "unitcost" in given:
        _patch_cost(context, line, given["unitcost"])


def _patch_cost(context: Context, line: stored.Line, value: Any) -> None:
    rule = context.rules.text("patch_unit_cost")
    if rule == "refused":
        raise Refused("The field unitCost is read only.")  # unproven: the words
    if rule == "accepted":
        record(context, line, current_start(context, line), 0, money.parse(value), None, "direct")


def current_start(context: Context, line: stored.Line) -> str:
    """The first day of the period that is running, or the contract's first day when none is."""
    today = context.world.today.isoformat()
    running = next(stored.periods(line, today, today), None)
    return line.start if running is None else running[1].start
