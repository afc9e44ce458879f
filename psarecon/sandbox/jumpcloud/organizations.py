"""The provider's organizations, as v1 and v2 list them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from psarecon.sandbox import dice
from psarecon.sandbox.calls import Call
from psarecon.sandbox.jumpcloud.lists import Bad, Record, chosen, filters, listed, window
from psarecon.sandbox.world import World

_COLUMNS = ("SELECT id, name, users, suspended, last_mark, domains, per_user FROM organizations"
            " LEFT JOIN prices ON organization_id = id")  # fmt: skip
_SORTS = {"id": "id", "_id": "id", "name": "name", "displayname": "name", "settings.name": "name"}
_V1_USUAL = ("displayName", "logoUrl")


class Organizations:
    """Reads organizations; without `sort` their order differs from request to request."""

    def __init__(self, world: World) -> None:
        """Read a world."""
        self._world, self._turns = world, count(1)

    def find(self, call: Call, organization_id: str) -> Record | None:
        """One organization with all that is known of it, or None."""
        row = self._world.one(f"{_COLUMNS} WHERE id = ?", organization_id)
        return None if row is None else _record(call, row)

    def v2(self, call: Call) -> Record:
        """`GET /api/v2/providers/{id}/organizations`."""
        names = listed(call, "fields") or ["name", "maxSystemUsers"]
        results, total = self._page(call)
        return {"results": [chosen(record, names, ("id",)) for record in results], "totalCount": total}

    def v1(self, call: Call) -> Record:
        """`GET /api/organizations`; usage and last month's mark come only when their fields are asked for."""
        names = listed(call, "fields") or _V1_USUAL
        results, total = self._page(call)
        # Sources read both id and _id from this list.
        return {"results": [chosen(record, names, ("_id", "id")) for record in results], "totalCount": total}

    def _page(self, call: Call) -> tuple[list[Record], int]:
        skip, limit = window(call)
        rows, total = self._all(call, skip, limit)
        short = call.fault("short_list")
        kept = rows[: max(0, len(rows) - short.number("dropped"))] if short else rows
        return [_record(call, row) for row in kept], total

    def _all(self, call: Call, skip: int, limit: int) -> tuple[Sequence[Any], int]:
        order = _order(call)
        if any(key.startswith("filter") for key, _ in call.query):
            test = filters(call)
            every = self._world.db.execute(f"{_COLUMNS} ORDER BY {order or 'position'}").fetchall()
            rows = [row for row in every if test(_record(call, row))]
            return self._arranged(rows, order)[skip : skip + limit], len(rows)
        total = int((self._world.one("SELECT count(*) FROM organizations") or (0,))[0])
        if order is not None:
            sql = f"{_COLUMNS} ORDER BY {order} LIMIT ? OFFSET ?"
            return self._world.db.execute(sql, (limit, skip)).fetchall(), total
        rows = self._world.db.execute(f"{_COLUMNS} ORDER BY position").fetchall()
        return self._arranged(rows, None)[skip : skip + limit], total

    def _arranged(self, rows: list[Any], order: str | None) -> list[Any]:
        """The rows as they are when a sort was asked for, else in an order of this request alone."""
        if order is not None:
            return rows
        turn = dice.start(self._world.need("seed"), next(self._turns))
        return sorted(rows, key=lambda row: dice.roll(turn, row[0], 1 << 32))


def _order(call: Call) -> str | None:
    names = listed(call, "sort") or listed(call, "sortIgnoreCase")
    if not names:
        return None
    parts = []
    for name in names:
        column = _SORTS.get(name.lstrip("-").lower())
        if column is None:
            raise Bad(f"cannot sort by {name}")
        parts.append(f"{column} DESC" if name.startswith("-") else column)
    return ", ".join(parts)


def _record(call: Call, row: Sequence[Any]) -> Record:
    organization_id, name, users, suspended, last_mark, domains, per_user = row
    changed = call.fault("organization_count")
    if changed is not None and changed.text("organization") == organization_id:
        users = changed.number("users")
    return {
        "_id": organization_id, "id": organization_id, "name": name, "displayName": name, "logoUrl": "",
        "maxSystemUsers": 0, "systemsCount": users, "systemUsersCount": users, "suspendedCount": suspended,
        "highWaterMarkLastMonth": last_mark, "domains": domains,
        "entitlement": {"billingModel": "MSP", "isManuallyBilled": False, "entitlementProducts": _products(per_user)},
    }  # fmt: skip


def _products(per_user: int | None) -> list[Record]:
    """What the organization is entitled to. unproven: whether it is filled for a provider's clients, and its unit."""
    if per_user is None:
        return []
    return [{"name": "JumpCloud Platform", "productCode": "JUMPCLOUD_PLATFORM", "productCategory": "PLATFORM",
             "contractType": "MONTHLY", "pricePerUser": per_user, "committedUsers": 0, "uncommittedUsers": 0,
             "maxUserCount": 0}]  # fmt: skip


def whole(record: Record, provider: str) -> Record:
    """`GET /api/organizations/{id}`."""
    return {
        "_id": record["_id"], "id": record["_id"], "displayName": record["displayName"], "provider": provider,
        "logoUrl": "", "hasCreditCard": False, "entitlement": record["entitlement"],
        "settings": {"name": record["name"], "maxSystemUsers": record["maxSystemUsers"], "pendingDelete": False},
    }  # fmt: skip
