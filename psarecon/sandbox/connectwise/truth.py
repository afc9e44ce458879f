"""What is true in the emulated ConnectWise, for tests and for curious people."""

from __future__ import annotations

from decimal import Decimal

from psarecon.sandbox import money
from psarecon.sandbox.world import World

_SQL = """SELECT t.id, t.agreement_id, a.company_id, t.quantity, t.unit_cost, t.unit_price, t.writes,
 coalesce(t.effective, '') <= :today AND (t.cancelled IS NULL OR t.cancelled > :today) AND a.start <= :today
 AND (a.end IS NULL OR a.end >= :today) AND (a.cancelled IS NULL OR a.cancelled > :today)
 FROM cw_additions t JOIN cw_agreements a ON a.id = t.agreement_id ORDER BY t.id"""


def truth(world: World) -> list[dict[str, object]]:
    """Every addition as it is kept. It has no dated changes, so `live` says apart whether it bills today."""
    rows = world.db.execute(_SQL, {"today": world.today.isoformat()})
    return [
        {"psa": "connectwise", "id": str(key), "contract": str(agreement), "company": str(company),
         "quantity": None if quantity is None else amount(quantity), "unit_cost": money.show(cost),
         "unit_price": money.show(price), "writes": writes, "live": bool(live)}
        for key, agreement, company, quantity, cost, price, writes, live in rows
    ]  # fmt: skip


def amount(quantity: int) -> str:
    """A quantity without needless digits: 140000 -> "14"."""
    return f"{(Decimal(quantity) / 10_000).normalize():f}"
