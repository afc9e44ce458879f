"""Approving and posting the billing periods of a contract."""

from __future__ import annotations

from psarecon.sandbox.world import World


def post(world: World, contract_id: int, through: str) -> None:
    """Approve and post every period of a contract that starts on or before a day."""
    values = (contract_id, through, world.today.isoformat())
    world.db.execute("INSERT INTO postings (contract_id, through, stamped) VALUES (?, ?, ?)", values)
