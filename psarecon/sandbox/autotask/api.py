"""The emulated Autotask: paths and verbs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from psarecon.sandbox.autotask import adjustments, updates
from psarecon.sandbox.autotask.access import Access
from psarecon.sandbox.autotask.entities import CHILDREN, ENTITIES, Entity, Record
from psarecon.sandbox.autotask.errors import UNKNOWN_ZONE, Refused, errors, wrong_verb
from psarecon.sandbox.autotask.fields import described
from psarecon.sandbox.autotask.query import MOST, Query, parse
from psarecon.sandbox.calls import Call, reply
from psarecon.sandbox.context import Context
from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World

_PATH = re.compile(r"^(?P<zone>/zone\d+)?/atservicesrest(?:/(?P<version>v[\d.]+))?/(?P<rest>.+?)/?$")
_COSTS = {"unitCost", "cost"}


class Autotask:
    """Answers below /ATServicesRest/, whatever the case of the path."""

    name = "autotask"

    def __init__(self, world: World, rules: Rules) -> None:
        """Serve a world under its rules."""
        self._context = Context(world, rules)
        self.access = Access(world, rules)

    def owns(self, path: str) -> bool:
        """Whether a path is Autotask's."""
        return _PATH.match(path.lower()) is not None

    def writes(self, call: Call) -> bool:
        """Whether a request would change something."""
        return call.method in {"POST", "PUT", "PATCH", "DELETE"} and "query" not in _words(call)[1:]

    def enter(self, call: Call) -> Response | None:
        """Count a request in its entity's bucket."""
        return self.access.enter(call, _bucket(call))

    def leave(self, call: Call) -> None:
        """End the count of a request."""
        self.access.leave(call, _bucket(call))

    def latency(self) -> float:
        """Seconds that the hourly use adds."""
        return self.access.latency()

    def answer(self, call: Call) -> Response:
        """Answer one request."""
        match = _PATH.match(call.path.lower())
        words = _words(call)
        version = match["version"] if match else None
        if words[0] == "versioninformation":
            return reply({"apiVersions": self._context.rules.text("zone_versions").split("+")})
        if version not in {"v1.0", None}:
            return Response(status_code=404)  # unproven: what a second version offers
        if words[0] == "zoneinformation":
            return self._zone(call)
        if version is None or ((match and match["zone"]) or "") != _zone_path(call):
            return Response(status_code=404)
        return self.access.refuse(call) or self._serve(call, words)

    def _zone(self, call: Call) -> Response:
        user = call.first("user")
        if user != self._context.world.need("autotask_username"):
            return errors(UNKNOWN_ZONE)
        moved = call.fault("moved_zone")
        number = moved.number("zone") if moved else 1
        return reply({
            "zoneName": f"Sandbox zone {number}", "url": f"{call.base}{_zone_path(call)}/ATServicesRest/",
            "webUrl": f"{call.base}/", "ci": int(self._context.world.need("zone_id")),
        })  # fmt: skip

    def _serve(self, call: Call, words: list[str]) -> Response:
        try:
            return self._route(call, words)
        except Refused as refused:
            return errors(*refused.texts)

    def _route(self, call: Call, words: list[str]) -> Response:
        if words == ["thresholdinformation"]:
            return self.access.threshold() if call.method == "GET" else wrong_verb(call.method)
        entity = ENTITIES.get(words[0])
        if entity is None:
            return Response(status_code=404)
        if len(words) > 1 and words[1] == "entityinformation":
            return self._information(call, entity, words[2:])
        if len(words) > 1 and words[1] == "query":
            return self._query(call, entity, words[2:])
        if entity.name == "Contracts" and len(words) in {3, 4} and words[2] in CHILDREN and _is_id(words[1]):
            return self._child(call, ENTITIES[CHILDREN[words[2]]], int(words[1]), words[3:])
        return self._record(call, entity, words[1:])

    def _information(self, call: Call, entity: Entity, rest: list[str]) -> Response:
        if call.method != "GET":
            return wrong_verb(call.method)
        if rest == ["fields"]:
            return reply({"fields": described(entity.fields)})
        if rest == ["userdefinedfields"]:
            return reply({"fields": []}) if entity.has_udfs else Response(status_code=404)
        denied = call.fault("no_rights")
        barred = denied is not None and denied.text("entity").lower() == entity.name.lower()
        return reply({"info": _info(entity, barred=barred)}) if not rest else Response(status_code=404)

    def _query(self, call: Call, entity: Entity, rest: list[str]) -> Response:
        if entity.stream is None:
            return errors("This entity type does not support the query action.")
        if call.method not in {"GET", "POST"} or rest not in ([], ["next"], ["count"]):
            return wrong_verb(call.method)
        search = call.first("search")
        if rest == ["next"] and (call.method == "GET") != (search is not None):
            # A query goes on with the verb it began with.
            return wrong_verb(call.method)
        query = parse(self._filtered(entity, _body(call, search)), entity.by_name)
        if rest == ["count"]:
            return reply({"queryCount": sum(1 for _ in self._matches(call, entity, query, -1))})
        return self._page(call, entity, query, _paging(call), search)

    def _filtered(self, entity: Entity, body: Any) -> Any:
        """The query, without a filter of unit rows by line where the rules say that it does nothing."""
        rule = self._context.rules.text("units_filter")
        if entity.name != "ContractServiceUnits" or rule == "accepted" or not isinstance(body, dict):
            return body
        known = {key: value for key, value in body.items() if str(key).lower() == "filter" and isinstance(value, list)}
        by_line = [one for parts in known.values() for one in parts if _field(one) == "contractserviceid"]
        if by_line and rule == "refused":
            raise Refused("Unable to query on field contractServiceID.")  # unproven: the rule and the words
        return {**body, **{key: [one for one in parts if one not in by_line] for key, parts in known.items()}}

    def _matches(self, call: Call, entity: Entity, query: Query, after: int) -> Any:
        if entity.stream is None or call.fault("restricted"):
            return iter(())
        return (record for record in entity.stream(self._context, query, after) if query.test(record))

    def _page(
        self, call: Call, entity: Entity, query: Query, paging: Mapping[str, Any], search: str | None
    ) -> Response:
        after, size = paging["nextIds"][0], paging.get("pageSize") or query.size
        found: list[Record] = []
        for record in self._matches(call, entity, query, after):
            found.append(record)
            if len(found) > size:
                break
        more, items = len(found) > size, found[:size]
        if more and query.include is not None and "id" not in query.include:
            raise Refused("The id field must be included when there are more results.")  # unproven: the words
        previous = paging["previousIds"]
        pages = {
            "count": len(items), "requestCount": size,
            "prevPageUrl": _url(call, entity, size, previous[:-1], previous[-1], search) if previous else None,
            "nextPageUrl": _url(call, entity, size, [*previous, after], items[-1]["id"], search) if more else None,
        }  # fmt: skip
        return reply({"items": [_shown(call, item, query.include) for item in items], "pageDetails": pages})

    def _child(self, call: Call, entity: Entity, contract_id: int, rest: list[str]) -> Response:
        if entity.stream is None:
            if rest or call.method != "POST":
                return wrong_verb(call.method)
            return self._adjust(call, contract_id)
        if rest:
            return self._record(call, entity, rest)
        if call.method == "PATCH" and entity.name == "ContractServices":
            return updates.patch(self._context, entity, _body(call, None), contract_id)
        if call.method != "GET":
            return wrong_verb(call.method)
        search = json.dumps({"filter": [{"op": "eq", "field": "contractID", "value": contract_id}]})
        query = parse(json.loads(search), entity.by_name)
        return self._page(call, entity, query, _first_page(MOST), search)

    def _record(self, call: Call, entity: Entity, rest: list[str]) -> Response:
        if not rest:
            if entity.stream is None and call.method == "POST":
                return self._adjust(call, None)
            if entity.table and call.method == "PATCH":
                return updates.patch(self._context, entity, _body(call, None), None)
            return wrong_verb(call.method)
        if len(rest) != 1 or not _is_id(rest[0]):
            return Response(status_code=404)
        if call.method != "GET" or entity.stream is None:
            return wrong_verb(call.method)
        query = parse({"filter": [{"op": "eq", "field": "id", "value": int(rest[0])}]}, entity.by_name)
        item = next(iter(self._matches(call, entity, query, -1)), None)
        # unproven: an unknown id answers 200 with no item.
        return reply({"item": None if item is None else _shown(call, item, None)})

    def _adjust(self, call: Call, contract_id: int | None) -> Response:
        """Adjust, and answer without an id: that is what success looks like here."""
        body = _body(call, None)
        ignored = call.fault("ignored_field")
        if ignored is not None and isinstance(body, dict):
            name = ignored.text("name").lower()
            body = {key: value for key, value in body.items() if key.lower() != name}
        world = self._context.world
        with world.trial() if call.fault("false_200") else world.change():
            adjustments.adjust(self._context, body, contract_id)
        if self._context.rules.text("adjustment_answer") == "null":
            return reply({"itemId": None})
        return reply({"itemId": (world.one("SELECT max(id) FROM adjustments") or (None,))[0]})


def _words(call: Call) -> list[str]:
    """The path below the version, in lower case."""
    match = _PATH.match(call.path.lower())
    return match["rest"].split("/") if match else [""]


def _is_id(word: str) -> bool:
    """Whether a word of a path can be an id of 64 bits."""
    return word.isascii() and word.isdigit() and len(word) <= 18


def _bucket(call: Call) -> str:
    """Which entity's thread limit a request counts for. unproven: a child path counts for the child."""
    words = _words(call)
    return CHILDREN.get(words[2], words[0]) if words[0] == "contracts" and len(words) > 2 else words[0]


def _zone_path(call: Call) -> str:
    moved = call.fault("moved_zone")
    return f"/zone{moved.number('zone')}" if moved else ""


def _body(call: Call, search: str | None) -> Any:
    try:
        return json.loads(search) if search is not None else call.json()
    except ValueError as error:
        raise Refused("Invalid query syntax.") from error  # unproven: the words


def _first_page(size: int) -> dict[str, Any]:
    return {"pageSize": size, "previousIds": [], "nextIds": [-1]}


def _paging(call: Call) -> dict[str, Any]:
    """Where a page begins: after the id in nextIds."""
    text = call.first("paging")
    if text is None:
        return _first_page(0)
    try:
        paging = json.loads(text)
        return {"pageSize": min(MOST, max(1, int(paging["pageSize"]))), "nextIds": [int(paging["nextIds"][0])],
                "previousIds": [int(known) for known in paging["previousIds"]]}  # fmt: skip
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Refused("Invalid paging.") from error  # unproven: the words


def _url(call: Call, entity: Entity, size: int, previous: list[int], after: int, search: str | None) -> str:
    """The absolute address of another page; the search rides along only when the query began with GET."""
    foreign = call.fault("foreign_page")
    base = foreign.text("base") if foreign else f"{call.base}{_zone_path(call)}"
    paging = json.dumps({"pageSize": size, "previousIds": previous, "nextIds": [after]}, separators=(",", ":"))
    rest = "" if search is None else f"&search={quote(search, safe='')}"
    return f"{base}/ATServicesRest/V1.0/{entity.name}/query/next?paging={quote(paging, safe='')}{rest}"


def _shown(call: Call, item: Record, include: tuple[str, ...] | None) -> Record:
    """The record with the fields asked for; costs are missing when the security level may not see them."""
    if call.fault("hide_costs"):
        item = {name: value for name, value in item.items() if name not in _COSTS}
    return item if include is None else {name: item[name] for name in include if name in item}


def _field(part: Any) -> str:
    return str(part.get("field", "")).lower() if isinstance(part, dict) else ""


def _info(entity: Entity, *, barred: bool = False) -> dict[str, Any]:
    """What the entity allows; ``barred``: to this API user nothing."""

    def access(*, allowed: bool) -> int:
        return 1 if allowed and not barred else 0

    queryable = entity.stream is not None
    return {
        "name": entity.singular, "canCreate": entity.can_create, "canDelete": False, "canQuery": queryable,
        "canUpdate": entity.can_update, "userAccessForCreate": access(allowed=entity.can_create),
        "userAccessForDelete": 0, "userAccessForQuery": access(allowed=queryable),
        "userAccessForUpdate": access(allowed=entity.can_update), "hasUserDefinedFields": entity.has_udfs,
        "supportsWebhookCallouts": False,
    }  # fmt: skip
