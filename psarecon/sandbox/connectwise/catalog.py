"""What the catalog does to additions by itself."""

from __future__ import annotations

from psarecon.sandbox.connectwise.updates import save
from psarecon.sandbox.context import Context
from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World

_SQL = """SELECT t.id, p.auto_cost, p.unit_cost, p.auto_price, p.unit_price FROM cw_products p
 JOIN cw_additions t ON t.product_id = p.id WHERE p.auto_cost OR p.auto_price"""


def push(world: World) -> None:
    """Bring the cost and price of flagged products to their additions. unproven: that this is what the flags do."""
    context = Context(world, Rules(world))
    if context.rules.text("cw_catalog_push") == "never":
        return
    for addition, cost_flag, cost, price_flag, price in world.db.execute(_SQL).fetchall():
        wanted = {"unit_cost": cost} if cost_flag else {}
        save(context, addition, {**wanted, "unit_price": price} if price_flag else wanted, api=False)
