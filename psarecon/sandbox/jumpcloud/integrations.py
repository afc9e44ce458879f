"""JumpCloud's own PSA integrations: which there are, and what they map. They write nothing here.

The envelope differs from list to list (`records` or `results`), every id is a text, and an organization can be mapped
to a company alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from psarecon.sandbox import dice
from psarecon.sandbox.calls import Call
from psarecon.sandbox.jumpcloud.lists import Record, window
from psarecon.sandbox.world import World, stamp

PSAS = ("autotask", "connectwise")
_BELOW = re.compile(r"^/api/v2/integrations/(?P<psa>autotask|connectwise)/(?P<id>[^/]+)/(?P<list>.+)$")
_ADDITIONS = re.compile(r"^agreements/(\d{1,18})/additions$")
_MAPPINGS = """SELECT m.organization_id, coalesce(o.name, ''), m.company_id, m.line_id, m.non_billable
 FROM integration_mappings m
 LEFT JOIN organizations o ON o.id = m.organization_id WHERE m.psa = ? ORDER BY m.position"""
_COMPANIES = {"autotask": "SELECT name FROM companies WHERE id = ?",
              "connectwise": "SELECT name FROM cw_companies WHERE id = ?"}  # fmt: skip
# The contract's id and name, and the line's name.
_LINES = {
    "autotask": "SELECT c.id, c.name, s.name FROM contract_services l JOIN contracts c ON c.id = l.contract_id"
                " JOIN services s ON s.id = l.service_id WHERE l.id = ?",
    "connectwise": "SELECT a.id, a.name, p.identifier FROM cw_additions l JOIN cw_agreements a ON a.id = l.agreement_id"
                   " JOIN cw_products p ON p.id = l.product_id WHERE l.id = ?",
}  # fmt: skip
_WORDS = {"autotask": ("contract", "service"), "connectwise": ("agreement", "addition")}
# Each list: its envelope, the keys of a row, and where the rows come from.
_LISTS = {
    ("autotask", "companies"): ("records", ("id", "name"), "SELECT id, name FROM companies ORDER BY id"),
    ("autotask", "contracts"): ("results", ("id", "name", "companyId"),
                                "SELECT id, name, company_id FROM contracts ORDER BY id"),
    ("autotask", "contracts/services"): (
        "results", ("id", "name", "contractId"),
        "SELECT l.id, s.name, l.contract_id FROM contract_services l JOIN services s ON s.id = service_id ORDER BY 1"),
    ("connectwise", "companies"): ("records", ("id", "name"), "SELECT id, name FROM cw_companies ORDER BY id"),
    ("connectwise", "agreements"): ("results", ("id", "name", "companyId"),
                                    "SELECT id, name, company_id FROM cw_agreements ORDER BY id"),
}  # fmt: skip


def switch_on(world: World, psa: str, mappings: Iterable[tuple[str, int, int | None, int]]) -> str:
    """Switch an integration on, with these mappings instead of those it had: (organization, company, line, free)."""
    base = dice.start("integration", psa, world.need("seed"))
    key = f"{base:08x}-5a4d-4b0c-8a4d-{dice.roll(base, 'id', 1 << 32):012x}"
    switch_off(world, psa)
    world.db.execute("INSERT INTO integrations VALUES (?, ?)", (psa, key))
    rows = [(psa, *mapping) for mapping in mappings]
    world.db.executemany("INSERT INTO integration_mappings VALUES (NULL, ?, ?, ?, ?, ?)", rows)
    return key


def switch_off(world: World, psa: str) -> None:
    """Switch an integration off and forget its mappings."""
    world.db.execute("DELETE FROM integrations WHERE psa = ?", (psa,))
    world.db.execute("DELETE FROM integration_mappings WHERE psa = ?", (psa,))


def listing(world: World, call: Call) -> Record:
    """`GET /api/v2/providers/{id}/integrations`."""
    found = world.db.execute("SELECT id, psa FROM integrations ORDER BY psa")
    return _page(call, "records", [{"integrationId": key, "type": psa} for key, psa in found])


def below(world: World, call: Call) -> Record | None:
    """A list of one integration, or None when there is no such integration or list."""
    match = _BELOW.match(call.path.rstrip("/"))
    if (
        match is None
        or world.one("SELECT 1 FROM integrations WHERE psa = ? AND id = ?", match["psa"], match["id"]) is None
    ):
        return None
    if match["list"] == "mappings":
        return _page(call, "records", _mappings(world, match["psa"]))
    additions = _ADDITIONS.match(match["list"])
    if additions is not None and match["psa"] == "connectwise":
        sql = ("SELECT l.id, p.identifier FROM cw_additions l JOIN cw_products p ON p.id = l.product_id"
               " WHERE l.agreement_id = ? ORDER BY l.id")  # fmt: skip
        return _page(call, "results", _records(("id", "name"), world.db.execute(sql, (int(additions[1]),))))
    known = _LISTS.get((match["psa"], match["list"]))
    return None if known is None else _page(call, known[0], _records(known[1], world.db.execute(known[2])))


def _records(keys: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> list[Record]:
    return [{key: str(value) for key, value in zip(keys, row, strict=True)} for row in rows]


def _page(call: Call, envelope: str, records: list[Record]) -> Record:
    skip, limit = window(call)
    return {envelope: records[skip : skip + limit], "totalCount": len(records)}


def _mappings(world: World, psa: str) -> list[Record]:
    reader: Callable[..., Record] = _mapping
    return [reader(world, psa, *row) for row in world.db.execute(_MAPPINGS, (psa,)).fetchall()]


def _mapping(world: World, psa: str, organization: str, name: str, company: int, line: int | None, free: int) -> Record:
    """One mapping; contract and line are absent where only tickets are mapped."""
    owner = world.one(_COMPANIES[psa], company)
    found: Record = {
        "organization": {"id": organization, "name": name},
        "company": {"id": str(company), "name": "" if owner is None else owner[0]},
        # unproven: the values of both; psarecon takes them for opaque.
        "lastSyncStatus": "SUCCESS", "lastSyncDateTime": stamp(world.now),
    }  # fmt: skip
    row = None if line is None else world.one(_LINES[psa], line)
    if row is not None:
        contract, service = _WORDS[psa]
        found[contract] = {"id": str(row[0]), "name": row[1]}
        found[service] = {"id": str(line), "name": row[2]}
        if psa == "autotask":
            found[service]["nonBillableUsers"] = free
    return found
