"""What ConnectWise's lists have in common: conditions, order, both ways of paging, chosen fields."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from starlette.responses import Response

from psarecon.sandbox.calls import Call, reply
from psarecon.sandbox.connectwise.conditions import Sql, compile_conditions, order
from psarecon.sandbox.connectwise.entities import Entity, Record, chosen, record
from psarecon.sandbox.connectwise.errors import bad, missing
from psarecon.sandbox.context import Context

_USUAL, _MOST = 25, 1000


class Scope(NamedTuple):
    """What a path narrows a list to, as SQL, and the base of the links in its records."""

    where: Sql
    base: str


def count(context: Context, call: Call, entity: Entity, scope: Scope) -> Response:
    """`GET …/count`."""
    where = _where(call, entity, scope)
    return reply({"count": _total(context, entity, where)})


def one(context: Context, call: Call, entity: Entity, scope: Scope, record_id: int) -> Response:
    """`GET …/{id}`."""
    return reply(chosen(find(context, entity, scope, record_id), call.first("fields")))


def find(context: Context, entity: Entity, scope: Scope, record_id: int) -> Record:
    """One record; raises `Refused` (404) when it is not there."""
    where = Sql(f"{scope.where.text} AND t.id = ?", [*scope.where.values, record_id])
    rows = _rows(context, entity, where, "LIMIT 1")
    if not rows:
        raise missing(entity.name)
    return record(entity, rows[0], scope.base, blank=_blank(context))


def _blank(context: Context) -> bool:
    return context.rules.text("cw_no_date") == "empty"


def page(context: Context, call: Call, entity: Entity, scope: Scope, *, forward: bool = True) -> Response:
    """One page: navigable, or forward only when the client asks for it and the list knows it."""
    where = _where(call, entity, scope)
    if call.fault("restricted"):
        where = Sql("0", [])
    asked = call.headers.get("pagination-type", "").lower() == "forward-only"
    turn = _forward if asked and forward else _navigable
    return turn(context, call, entity, Scope(where, scope.base))


def _where(call: Call, entity: Entity, scope: Scope) -> Sql:
    text, values = scope.where
    for name, lists in (("conditions", True), ("childConditions", False)):
        given = call.first(name)
        if given and given.strip():
            more = compile_conditions(given, entity.searchable, lists=lists)
            text, values = f"{text} AND {more.text}", [*values, *more.values]
    # No record of the sandbox has custom fields, so a condition on them meets none.
    return Sql(f"{text} AND 0" if call.first("customFieldConditions") else text, values)


def _navigable(context: Context, call: Call, entity: Entity, scope: Scope) -> Response:
    """Pages by number; `next` and `prev` are absent at the ends, and a page past the end is empty."""
    number, size = max(1, _whole(call, "page", 1)), _size(call)
    by = call.first("orderBy")
    # unproven: the order without orderBy.
    ordered = f"{order(by, entity.searchable)}, t.id" if by else "t.id"
    rows = _rows(context, entity, scope.where, f"ORDER BY {ordered} LIMIT {size} OFFSET {(number - 1) * size}")
    last = max(1, -(-_total(context, entity, scope.where) // size))
    targets = {"prev": number - 1 if number > 1 else 0, "next": number + 1 if number < last else 0,
               "last": last if number < last else 0}  # fmt: skip
    links = [_link(call, rel, "page", target) for rel, target in targets.items() if target]
    return _answer(context, call, entity, scope, rows, ", ".join(links) or None)


def _forward(context: Context, call: Call, entity: Entity, scope: Scope) -> Response:
    """Pages by the last id seen; `page` is ignored. unproven: orderBy is refused."""
    if call.first("orderBy"):
        raise bad("orderBy is not supported with forward-only pagination")
    after, size = _whole(call, "pageId", 0), _size(call)
    # On the first page the database had better choose by the conditions than by an id that excludes nothing.
    where = Sql(f"{scope.where.text} AND t.id > ?", [*scope.where.values, after]) if after else scope.where
    rows = _rows(context, entity, where, f"ORDER BY t.id LIMIT {size + 1}")
    more, rows = len(rows) > size, rows[:size]
    following = rows[-1][0] if rows else after
    link = _link(call, "next", "pageId", following)
    if not more:
        # unproven: what the header is on the last page; an empty page has nothing to point to in any case.
        rule = context.rules.text("cw_last_link")
        link_or_none = {"present": link if rows else "", "empty": "", "absent": None}[rule]
        return _answer(context, call, entity, scope, rows, link_or_none)
    return _answer(context, call, entity, scope, rows, link)


def _rows(context: Context, entity: Entity, where: Sql, rest: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(field.sql for field in entity.fields.values())
    sql = f"SELECT {columns} FROM {entity.tables} WHERE {where.text} {rest}"  # noqa: S608  # names are ours, values are bound
    return context.world.db.execute(_dated(context, sql), where.values).fetchall()


def _total(context: Context, entity: Entity, where: Sql) -> int:
    sql = f"SELECT count(*) FROM {entity.tables} WHERE {where.text}"  # noqa: S608  # as above
    return int(context.world.db.execute(_dated(context, sql), where.values).fetchone()[0])


def _dated(context: Context, sql: str) -> str:
    """The SQL with the sandbox's day in it."""
    return sql.replace(":today", f"'{context.world.today.isoformat()}'")


def _answer(
    context: Context, call: Call, entity: Entity, scope: Scope, rows: list[tuple[Any, ...]], link: str | None
) -> Response:
    fields = call.first("fields")
    blank = _blank(context)
    found = [chosen(record(entity, row, scope.base, blank=blank), fields) for row in rows]
    return reply(found, headers=None if link is None else {"Link": link})


def _size(call: Call) -> int:
    """25 unless asked otherwise; more than 1000 is silently 1000."""
    return max(1, min(_MOST, _whole(call, "pageSize", _USUAL)))


def _whole(call: Call, name: str, default: int) -> int:
    text = call.first(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise bad(f"{name} must be a whole number")
    return int(text)


def _link(call: Call, rel: str, name: str, value: int) -> str:
    """One entry of the Link header: the same request, on another page."""
    foreign = call.fault("foreign_page")
    base = foreign.text("base") if foreign else call.base
    kept = [(key, text) for key, text in call.query if key.lower() != name.lower()]
    query = urlencode([*kept, (name, str(value))], quote_via=quote)
    return f'<{base}{call.path}?{query}>; rel="{rel}"'
