"""Changes that somebody else makes in the vendors' systems, behind psarecon's back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from psarecon.sandbox import money
from psarecon.sandbox.autotask import lines as stored
from psarecon.sandbox.autotask.adjustments import below_zero, record
from psarecon.sandbox.autotask.entities import Context
from psarecon.sandbox.autotask.updates import current_start
from psarecon.sandbox.world import World

_SYSTEM = {"line": "psa", "contract": "psa", "company": "psa", "service": "psa", "organization": "source"}
_NAMES = {"psa": "autotask", "source": "jumpcloud"}
_LARGEST = 2**31 - 1
_ALLOWED = {
    "line": {"units_change", "effective", "unit_cost", "unit_price", "delete"},
    "contract": {"status", "start", "end", "name", "post_through", "delete"},
    "company": {"name"},
    "service": {"name"},
    "organization": {"users", "suspended", "name", "delete"},
}


def edit(context: Context, body: Any) -> None:
    """Carry out one edit; raises `ValueError` naming the key that is wrong, and then changes nothing."""
    if not isinstance(body, dict):
        raise ValueError("an edit is an object")  # noqa: TRY004  # ValueError is what callers report as a 400
    targets = sorted(set(body) & set(_ALLOWED))
    if len(targets) != 1:
        raise ValueError(f"name exactly one of {', '.join(_ALLOWED)}")
    target = targets[0]
    _check_keys(body, target)
    with context.world.change():
        _EDITS[target](context, str(body[target]), body)


def _check_keys(body: Mapping[str, Any], target: str) -> None:
    system = _SYSTEM[target]
    if body.get(system, _NAMES[system]) != _NAMES[system]:
        raise ValueError(f"{system} must be {_NAMES[system]}")
    unknown = sorted(set(body) - _ALLOWED[target] - {target, system})
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r} for a {target}")
    if not set(body) & _ALLOWED[target]:
        raise ValueError(f"say what changes: {', '.join(sorted(_ALLOWED[target]))}")


def _line(context: Context, key: str, body: Mapping[str, Any]) -> None:
    line = stored.line(context.world, _id(key, "line"))
    if line is None:
        raise ValueError(f"line: there is none with id {key}")
    if body.get("delete"):
        context.world.db.execute("DELETE FROM contract_services WHERE id = ?", (line.id,))
        return
    change = _whole(body, "units_change")
    day = _day(body, "effective") if "effective" in body else current_start(context, line)
    origin = "somebody" if change or "effective" in body else "direct"
    record(context, line, day, change or 0, _amount(body, "unit_cost"), _amount(body, "unit_price"), origin)
    if below_zero(context, line):
        raise ValueError("units_change would bring the line below zero")


def _contract(context: Context, key: str, body: Mapping[str, Any]) -> None:
    contract_id = _id(key, "contract")
    _known(context.world, "contracts", contract_id, "contract")
    if body.get("delete"):
        context.world.db.execute("DELETE FROM contract_services WHERE contract_id = ?", (contract_id,))
        context.world.db.execute("DELETE FROM contracts WHERE id = ?", (contract_id,))
    _set(context.world, "contracts", contract_id, "name", _text(body, "name"))
    _set(context.world, "contracts", contract_id, "status", _whole(body, "status"))
    for name in ("start", "end"):
        _set(context.world, "contracts", contract_id, name, _day(body, name) if name in body else None)
    if "post_through" in body:
        post(context.world, contract_id, _day(body, "post_through"))


def post(world: World, contract_id: int, through: str) -> None:
    """Approve and post every period of a contract that starts on or before a day."""
    values = (contract_id, through, world.today.isoformat())
    world.db.execute("INSERT INTO postings (contract_id, through, stamped) VALUES (?, ?, ?)", values)


def _company(context: Context, key: str, body: Mapping[str, Any]) -> None:
    company_id = _id(key, "company")
    _known(context.world, "companies", company_id, "company")
    _set(context.world, "companies", company_id, "name", _text(body, "name"))


def _service(context: Context, key: str, body: Mapping[str, Any]) -> None:
    service_id = _id(key, "service")
    _known(context.world, "services", service_id, "service")
    _set(context.world, "services", service_id, "name", _text(body, "name"))


def _organization(context: Context, key: str, body: Mapping[str, Any]) -> None:
    world = context.world
    _known(world, "organizations", key, "organization")
    if body.get("delete"):
        world.db.execute("DELETE FROM organizations WHERE id = ?", (key,))
    _set(world, "organizations", key, "name", _text(body, "name"))
    users, suspended = _whole(body, "users"), _whole(body, "suspended")
    if min(users or 0, suspended or 0) < 0:
        raise ValueError("users and suspended must be at least 0")
    _set(world, "organizations", key, "users", users)
    _set(world, "organizations", key, "suspended", suspended)
    world.db.execute(
        "UPDATE organizations SET mark = max(mark, users), suspended = min(suspended, users) WHERE id = ?", (key,)
    )


def _set(world: World, table: str, key: int | str, column: str, value: object) -> None:
    if value is not None:
        world.db.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, key))  # noqa: S608  # only our own names are put in


def _known(world: World, table: str, key: int | str, word: str) -> None:
    if world.one(f"SELECT 1 FROM {table} WHERE id = ?", key) is None:  # noqa: S608  # only our own names are put in
        raise ValueError(f"{word}: there is none with id {key}")


def _id(key: str, word: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) <= 18):
        raise ValueError(f"{word} must be a numeric id")
    return int(key)


def _whole(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST):
        raise ValueError(f"{name} must be a whole number")
    return value


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a text")
    return value


def _amount(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a decimal number in quotes")
    return None if value is None else money.parse(value)


def _day(body: Mapping[str, Any], name: str) -> str:
    try:
        return date.fromisoformat(body[name]).isoformat()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a date, as in 2026-11-01") from error


_EDITS: dict[str, Callable[[Context, str, Mapping[str, Any]], None]] = {
    "line": _line, "contract": _contract, "company": _company, "service": _service, "organization": _organization,
}  # fmt: skip
