"""The managed companies and their users, as the REST API shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from psarecon.sandbox import names
from psarecon.sandbox.calls import Call
from psarecon.sandbox.lastpass.build import ADDONS, STATUSES, TYPES
from psarecon.sandbox.lastpass.pages import Page, one_of, ordered, page
from psarecon.sandbox.world import World

Record = dict[str, Any]
_COLUMNS = ("SELECT id, name, parent_id, type, status, license_limit, addons, users, disabled, invited, expired,"
            " staged, domains FROM lp_companies")  # fmt: skip
_STATUSES = ("enrolled", "disabled", "pending-invitation", "expired-invitation", "staged", "awaiting-approval")
_SORTS = {"id": "id", "name": "name", "status": "status", "licenselimit": "license_limit"}


class Company(NamedTuple):
    """One managed company as stored; `users` are the enrolled ones, the other counts come on top."""

    id: int
    name: str
    parent_id: int
    type: str
    status: str
    license_limit: int
    addons: str
    users: int
    disabled: int
    invited: int
    expired: int
    staged: int
    domains: str

    def statuses(self) -> Iterator[tuple[str, int]]:
        """How many users of each status there are."""
        counts = (self.users, self.disabled, self.invited, self.expired, self.staged)
        return zip(_STATUSES, counts, strict=False)


def find(world: World, call: Call, company: int) -> Company | None:
    """One managed company, or None; a fault can change its count."""
    row = world.one(f"{_COLUMNS} WHERE id = ?", company)
    if row is None:
        return None
    changed = call.fault("organization_count")
    found = Company._make(row)
    wrong = changed is not None and changed.text("organization") == str(company)
    return found._replace(users=changed.number("users")) if changed is not None and wrong else found


def listing(world: World, call: Call, *, children_only: bool) -> Page:
    """`GET /v1/managed-companies`."""
    where, values = _filters(call)
    if children_only and call.first("parent-id") is None:
        where, values = f"{where} AND parent_id = ?", [*values, int(world.need("lastpass_company"))]
    total = int(world.db.execute(f"SELECT count(*) FROM lp_companies WHERE {where}", values).fetchone()[0])  # noqa: S608  # only our own names are put in
    sql = f"{_COLUMNS} WHERE {where} ORDER BY {ordered(call, _SORTS)}, id LIMIT ? OFFSET ?"

    def read(skip: int, limit: int) -> list[Record]:
        rows = world.db.execute(sql, [*values, limit, skip])
        return [_company(Company._make(row)) for row in rows]

    return page(call, total, read)


def _filters(call: Call) -> tuple[str, list[Any]]:
    """The query's filters as SQL. unproven: that several filters are joined by and."""
    where, values = ["1"], list[Any]()
    for name, column in {"parent-id": "parent_id", "license-limit": "license_limit"}.items():
        if call.first(name) is not None:
            where.append(f"{column} = ?")
            values.append(call.first(name))
    if call.first("name") is not None:
        where.append("name LIKE ?")
        values.append(call.first("name"))
    for name, allowed in {"status": STATUSES, "type": ("msp", *TYPES)}.items():
        chosen = one_of(call, name, allowed)
        if chosen:
            where.append(f"{name} IN ({', '.join('?' * len(chosen))})")
            values += chosen
    for addon in one_of(call, "addon", ADDONS):
        where.append("instr(addons, ?)")
        values.append(addon)
    return " AND ".join(where), values


def _company(company: Company) -> Record:
    """One item. unproven: all names; they follow those of the filters and of the body that creates a company."""
    return {
        "id": company.id, "name": company.name, "parentId": company.parent_id, "type": company.type,
        "status": company.status, "licenseLimit": company.license_limit, "addons": _addons(company),
    }  # fmt: skip


def _addons(company: Company) -> list[str]:
    return company.addons.split(",") if company.addons else []


def users(call: Call, company: Company) -> Page:
    """`GET /v1/managed-companies/{id}/users` (and, of the account itself, `GET /v1/users`). There is no total.

    The users are made up when asked for, because only their numbers are stored.
    """
    wanted = one_of(call, "account-status", _STATUSES)
    statuses = [status for status, number in company.statuses() for _ in range(number)]
    found = [(index, status) for index, status in enumerate(statuses) if not wanted or status in wanted]
    for name, field in {"email": "email", "name": "name"}.items():
        text = call.first(name)
        if text is not None:
            found = [one for one in found if _like(text, _user(company, *one)[field])]
    ordered(call, {"name": "name", "email": "email", "id": "id"})
    return page(call, len(found), lambda skip, limit: [_user(company, *one) for one in found[skip : skip + limit]])


def _like(pattern: str, text: str) -> bool:
    """Whether a text meets a pattern in which % stands for anything, at its ends."""
    core = pattern.strip("%").lower()
    if pattern.startswith("%"):
        return core in text.lower() if pattern.endswith("%") else text.lower().endswith(core)
    return text.lower().startswith(core) if pattern.endswith("%") else text.lower() == core


def _user(company: Company, index: int, status: str) -> Record:
    key = user_id(company, index)
    return {"id": key, "name": f"User {index:05d}", "email": email(company, index), "accountStatus": status}


def user_id(company: Company, index: int) -> int:
    """The id of the user number `index`."""
    return company.id * 1_000_000 + index


def email(company: Company, index: int) -> str:
    """The address of the user number `index`."""
    return names.address(index, company.domains)


def account(world: World) -> Company:
    """The MSP's own company, which has a few users of its own."""
    own = int(world.need("lastpass_company"))
    return Company(own, "Sandbox MSP", 0, "msp", "active", 0, "", 3, 0, 0, 0, 0, names.domain("Sandbox MSP"))


def provhash(world: World, company: int) -> str:
    """The secret of one company for the Enterprise API: plainly none, and the same for the same seed."""
    return hashlib.sha256(f"not-a-secret {world.need('seed')} {company}".encode()).hexdigest()
