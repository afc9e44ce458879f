"""What somebody else may change in LastPass."""

from __future__ import annotations

from psarecon.sandbox import values
from psarecon.sandbox.context import Context
from psarecon.sandbox.lastpass.build import ADDONS, STATUSES, TYPES
from psarecon.sandbox.values import Body

_COUNTS = ("users", "disabled", "invited", "expired", "staged")


def _organization(context: Context, key: str, body: Body) -> None:
    world, company = context.world, values.identity(key, "organization")
    values.known(world, "lp_companies", company, "organization")
    if values.flag(body, "delete"):
        world.db.execute("DELETE FROM lp_companies WHERE id = ?", (company,))
    for name in _COUNTS:
        values.put(world, "lp_companies", company, name, values.count(body, name))
    values.put(world, "lp_companies", company, "name", values.text(body, "name"))
    values.put(world, "lp_companies", company, "domains", values.domains(body))
    values.put(world, "lp_companies", company, "status", values.choice(body, "status", STATUSES))
    values.put(world, "lp_companies", company, "type", values.choice(body, "type", TYPES))
    if "parent" in body:
        values.write(world, "lp_companies", company, "parent_id", _parent(context, body["parent"]))
    values.put(world, "lp_companies", company, "addons", _addons(body))
    world.db.execute("UPDATE lp_companies SET mark = max(mark, users) WHERE id = ?", (company,))


def _parent(context: Context, value: object) -> int:
    """The company above; null is the MSP's own."""
    return values.identity(context.world.need("lastpass_company") if value is None else str(value), "parent")


def _addons(body: Body) -> str | None:
    if "addons" not in body:
        return None
    given = body["addons"]
    if not isinstance(given, list) or not set(map(str, given)) <= set(ADDONS):
        raise ValueError(f"addons must be a list of {', '.join(ADDONS)}")
    return ",".join(map(str, given))


EDITS = {
    "organization": (
        _organization,
        frozenset({*_COUNTS, "name", "domains", "status", "type", "parent", "addons", "delete"}),
    ),
}
"""Each target: what carries an edit out, and the keys it takes."""
