"""What somebody else may change in JumpCloud."""

from __future__ import annotations

from typing import Any

from psarecon.sandbox import values
from psarecon.sandbox.context import Context
from psarecon.sandbox.jumpcloud.integrations import PSAS, switch_off, switch_on
from psarecon.sandbox.values import Body

_MAPPING = {"organization", "company", "line", "non_billable_users"}


def _organization(context: Context, key: str, body: Body) -> None:
    world = context.world
    values.known(world, "organizations", key, "organization")
    if values.flag(body, "delete"):
        world.db.execute("DELETE FROM organizations WHERE id = ?", (key,))
    values.put(world, "organizations", key, "name", values.text(body, "name"))
    values.put(world, "organizations", key, "domains", values.domains(body))
    values.put(world, "organizations", key, "users", values.count(body, "users"))
    values.put(world, "organizations", key, "suspended", values.count(body, "suspended"))
    world.db.execute(
        "UPDATE organizations SET mark = max(mark, users), suspended = min(suspended, users) WHERE id = ?", (key,)
    )
    if "price_per_user" in body:
        world.db.execute("DELETE FROM prices WHERE organization_id = ?", (key,))
        price = values.count(body, "price_per_user")
        world.db.executemany("INSERT INTO prices VALUES (?, ?)", [] if price is None else [(key, price)])


def _integration(context: Context, psa: str, body: Body) -> None:
    """Switch an integration on with `mappings`, or off with `enabled` false."""
    if psa not in PSAS:
        raise ValueError(f"integration must be one of {', '.join(PSAS)}")
    if values.flag(body, "enabled") is False:
        switch_off(context.world, psa)
        return
    mappings = body.get("mappings", [])
    if not isinstance(mappings, list):
        raise ValueError("mappings must be a list")  # noqa: TRY004  # ValueError is what callers report as a 400
    switch_on(context.world, psa, [_mapping(mapping) for mapping in mappings])


def _mapping(mapping: Any) -> tuple[str, int, int | None, int]:
    if not isinstance(mapping, dict) or not {"organization", "company"} <= set(mapping) <= _MAPPING:
        raise ValueError(f"a mapping of mappings takes {', '.join(sorted(_MAPPING))}; the first two are needed")
    line = mapping.get("line")
    return (
        str(mapping["organization"]), values.identity(str(mapping["company"]), "company"),
        None if line is None else values.identity(str(line), "line"), values.count(mapping, "non_billable_users") or 0,
    )  # fmt: skip


EDITS = {
    "organization": (_organization, frozenset({"users", "suspended", "name", "domains", "price_per_user", "delete"})),
    "integration": (_integration, frozenset({"mappings", "enabled"})),
}
"""Each target: what carries an edit out, and the keys it takes."""
