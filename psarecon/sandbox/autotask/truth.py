"""What is true in the emulated Autotask on the sandbox's day, for tests and for curious people."""

from __future__ import annotations

from psarecon.sandbox import money
from psarecon.sandbox.autotask import lines as stored
from psarecon.sandbox.world import World, chunks

_LINES_AT_ONCE = 500


def truth(world: World) -> list[dict[str, object]]:
    """Every line with the units and the unit cost in force today; units are None when it does not bill today."""
    today = world.today.isoformat()
    owners = dict(world.db.execute("SELECT id, company_id FROM contracts"))
    found: list[dict[str, object]] = []
    for chunk in chunks(stored.lines(world), _LINES_AT_ONCE):
        changes = stored.adjustments(world, [line.id for line in chunk])
        found += [_line(line, changes.get(line.id, []), today, owners[line.contract_id]) for line in chunk]
    return found


def _line(line: stored.Line, changes: list[stored.Adjustment], today: str, company_id: int) -> dict[str, object]:
    row = stored.in_force(stored.rows(line, changes, low=today, high=today), today)
    return {
        "psa": "autotask", "id": str(line.id), "contract": str(line.contract_id), "company": str(company_id),
        "quantity": None if row is None else str(row.units),
        "unit_cost": money.show(stored.cost_on(line, changes, today)),
        "unit_price": money.show(stored.price_on(line, changes, today)), "writes": line.writes,
    }  # fmt: skip
