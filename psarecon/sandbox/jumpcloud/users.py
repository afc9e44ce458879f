"""The users of one organization: made up when asked for, because only their number is stored."""

from __future__ import annotations

from typing import Any

from psarecon.sandbox.calls import Call
from psarecon.sandbox.jumpcloud.lists import Bad, Record, Test, chosen, filters, listed, number, window
from psarecon.sandbox.names import address

_SORTS = {"_id", "id", "username", "email"}


def listing(call: Call, organization: Record) -> Record:
    """`GET /api/systemusers`: every user counts, the suspended ones too."""
    if any(name.lstrip("-").lower() not in _SORTS for name in listed(call, "sort")):
        raise Bad("cannot sort by this field")
    skip, limit = window(call)
    filtered = any(key.startswith("filter") for key, _ in call.query)
    return _page(call, organization, filters(call) if filtered else None, skip, limit, listed(call, "fields"))


def search(call: Call, organization: Record) -> Record:
    """`POST /api/search/systemusers` with a filter of fields that must be equal (`and`, `or`, or plain)."""
    body = _body(call)
    fields = str(body.get("fields") or "").replace(",", " ").split()
    skip, limit = number(body.get("skip"), 0), max(1, min(100, number(body.get("limit"), 10)))
    wanted = body.get("filter")
    return _page(call, organization, _test(wanted) if wanted else None, skip, limit, fields)


def _page(call: Call, organization: Record, test: Test | None, skip: int, limit: int, fields: list[str]) -> Record:
    users = range(organization["systemUsersCount"])
    if test is None:
        total, page = len(users), [_user(organization, index) for index in users[skip : skip + limit]]
    else:
        found = [user for user in (_user(organization, index) for index in users) if test(user)]
        total, page = len(found), found[skip : skip + limit]
    short = call.fault("short_list")
    page = page[: max(0, len(page) - short.number("dropped"))] if short else page
    return {"results": [chosen(user, fields or user, ("_id",)) for user in page], "totalCount": total}


def _user(organization: Record, index: int) -> Record:
    """The user number `index`; the first ones are the suspended ones."""
    suspended = index < organization["suspendedCount"]
    key = f"{organization['_id'][8:]}{index:08x}"
    return {
        "_id": key, "id": key, "username": f"user{index:05d}",
        "email": address(index, organization["domains"]),
        "state": "SUSPENDED" if suspended else "ACTIVATED", "suspended": suspended, "activated": True,
        "account_locked": False, "organization": organization["_id"], "created": "2024-01-15T09:00:00.000Z",
    }  # fmt: skip


def _body(call: Call) -> dict[str, Any]:
    try:
        body = call.json() if call.body else {}
    except ValueError as error:
        raise Bad("the body is not JSON") from error
    if not isinstance(body, dict):
        raise Bad("the body is not an object")
    return body


def _test(wanted: Any) -> Test:
    if not isinstance(wanted, dict):
        raise Bad("filter must be an object")
    if "or" in wanted or "and" in wanted:
        word = "or" if "or" in wanted else "and"
        tests = [_test(part) for part in wanted[word]]
        return lambda user: (any if word == "or" else all)(test(user) for test in tests)
    return lambda user: all(_equal(user.get(name), value) for name, value in wanted.items())


def _equal(have: Any, want: Any) -> bool:
    if isinstance(want, dict):
        return bool(have == want.get("$eq", have)) and bool(have != want.get("$ne", object()))
    return bool(have == want)
