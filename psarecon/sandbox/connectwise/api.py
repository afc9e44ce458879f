"""The emulated ConnectWise: paths and verbs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.responses import Response

from psarecon.sandbox.calls import Call, reply
from psarecon.sandbox.connectwise import lists, updates
from psarecon.sandbox.connectwise.access import Access
from psarecon.sandbox.connectwise.conditions import Sql
from psarecon.sandbox.connectwise.entities import (
    ADDITIONS,
    AGREEMENTS,
    AUDIT,
    CATALOG,
    COMPANIES,
    RECAP,
    Entity,
)
from psarecon.sandbox.connectwise.errors import Refused, bad, error, missing, refusal
from psarecon.sandbox.connectwise.lists import Scope
from psarecon.sandbox.context import Context
from psarecon.sandbox.dice import start
from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World

_PATH = re.compile(r"^/(?P<codebase>v[\w.]+/)apis/3\.0/(?P<rest>.*?)/*$", re.IGNORECASE)
_INFO = re.compile(r"^/login/companyinfo/(?P<company>[^/]+)/?$", re.IGNORECASE)
_ADDITIONS = re.compile(r"^finance/agreements/(?P<agreement>\d{1,18})/additions(?:/(?P<rest>[^/]+))?$")
_LISTS: Mapping[str, Entity] = {
    "company/companies": COMPANIES,
    "finance/agreements": AGREEMENTS,
    "finance/agreementrecap": RECAP,
    "procurement/catalog": CATALOG,
}
_ALL = Sql("1", [])
_CURRENT = "2026.4"
_VERSION = re.compile(r"version\s*=\s*([\w.]+)", re.IGNORECASE)


class ConnectWise:
    """Answers below /v4_6_release/apis/3.0/ (or the version of the day) and /login/companyinfo/."""

    name = "connectwise"

    def __init__(self, world: World, rules: Rules) -> None:
        """Serve a world under its rules."""
        self._context = Context(world, rules)
        self._access = Access(self._context)
        self._served = 0

    def owns(self, path: str) -> bool:
        """Whether a path is ConnectWise's."""
        return _PATH.match(path) is not None or _INFO.match(path) is not None

    def writes(self, call: Call) -> bool:
        """Whether a request would change something."""
        return call.method in {"POST", "PUT", "PATCH", "DELETE"}

    def enter(self, call: Call) -> Response | None:
        """Count a request against the requests of a minute."""
        del call
        return self._access.enter()

    def leave(self, call: Call) -> None:
        """Say nothing: the minute's count does not care when a request ends."""

    def answer(self, call: Call) -> Response:
        """Answer one request, with the headers that every answer has."""
        response = self._answer(call)
        self._served += 1
        response.headers["x-cw-request-id"] = f"{start('connectwise', self._served):08x}-{self._served:04x}"
        response.headers["api-current-version"] = _CURRENT
        return response

    def _answer(self, call: Call) -> Response:
        info, path = _INFO.match(call.path), _PATH.match(call.path)
        if info is not None:
            return self._access.company_info(call, info["company"]) if call.method == "GET" else _wrong_verb()
        if path is None:
            raise AssertionError("only paths that are ConnectWise's come here")
        refused = self._access.refuse(call, path["codebase"])
        if refused is not None:
            return refused
        try:
            response = self._route(call, path["rest"].lower(), f"{call.base}/{path['codebase']}apis/3.0")
        except Refused as why:
            return refusal(why)
        if response.status_code == 200:
            # The description gives every success the media type of its model; of errors it says nothing.
            version = asked_version(call) or _CURRENT
            response.headers["content-type"] = f"application/vnd.connectwise.com+json; version={version}"
        return response

    def _route(self, call: Call, rest: str, base: str) -> Response:
        additions = _ADDITIONS.match(rest)
        if additions is not None:
            return self._additions(call, int(additions["agreement"]), additions["rest"], base)
        if call.method != "GET":
            return _wrong_verb() if rest.partition("/count")[0] in _LISTS else _nowhere()
        if rest == "system/info":
            return reply({"version": "v2026.4.105333", "isCloud": self._access.cloud, "licenseBits": [],
                          "serverTimeZone": "Eastern Standard Time", "cloudRegion": "NA"})  # fmt: skip
        if rest == "system/audittrail":
            return self._audit(call, base)
        return self._list(call, rest, base)

    def _list(self, call: Call, rest: str, base: str) -> Response:
        scope = Scope(_ALL, base)
        if rest in _LISTS:
            return lists.page(self._context, call, _LISTS[rest], scope)
        path, _, last = rest.rpartition("/")
        if path not in _LISTS:
            return _nowhere()
        if last == "count":
            return lists.count(self._context, call, _LISTS[path], scope)
        return lists.one(self._context, call, _LISTS[path], scope, _id(last))

    def _audit(self, call: Call, base: str) -> Response:
        """The trail of one record. It does not know forward-only paging."""
        kind, key = call.first("type"), call.first("id")
        if not kind or not key:
            raise bad("type and id are required.")  # unproven: the words
        scope = Scope(Sql("t.type = ? AND t.record_id = ?", [kind, _id(key)]), base)
        return lists.page(self._context, call, AUDIT, scope, forward=False)

    def _additions(self, call: Call, agreement: int, rest: str | None, base: str) -> Response:
        """The additions of one agreement: there is no list across agreements."""
        if self._context.world.one("SELECT 1 FROM cw_agreements WHERE id = ?", agreement) is None:
            raise missing("Agreement")
        scope = Scope(Sql("t.agreement_id = ?", [agreement]), base)
        if call.method == "GET" and rest is None:
            return lists.page(self._context, call, ADDITIONS, scope)
        if call.method == "GET" and rest == "count":
            return lists.count(self._context, call, ADDITIONS, scope)
        if rest is None or rest == "count" or call.method not in {"GET", "PATCH", "PUT"}:
            return _wrong_verb()
        if call.method == "GET":
            return lists.one(self._context, call, ADDITIONS, scope, _id(rest))
        return self._write(call, scope, _id(rest))

    def _write(self, call: Call, scope: Scope, addition: int) -> Response:
        """Change one addition and answer with all of it."""
        before = lists.find(self._context, ADDITIONS, scope, addition)
        body = _body(call)
        false = call.fault("false_200")
        if false is not None and false.text("answer") == "before":
            return reply(before)
        with self._context.world.trial() if false is not None else self._context.world.change():
            change = updates.patch if call.method == "PATCH" else _put
            change(self._context, call, addition, body)
            after = lists.find(self._context, ADDITIONS, scope, addition)
        return reply(after) if self._context.rules.text("cw_patch_answer") == "record" else Response()


def _put(context: Context, call: Call, addition: int, body: object) -> None:
    del call
    updates.put(context, addition, body)


def asked_version(call: Call) -> str | None:
    """The version of the model that the client pins in `Accept`, or None."""
    found = _VERSION.search(call.headers.get("accept", ""))
    return None if found is None else found[1]


def _body(call: Call) -> object:
    try:
        return call.json()
    except ValueError as why:
        raise bad("The request body is not valid JSON.") from why  # unproven: the words


def _id(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= 18):
        raise missing("Resource")
    return int(word)


def _wrong_verb() -> Response:
    return error(405, "MethodNotAllowed", "The requested resource does not support this method.")  # unproven: words


def _nowhere() -> Response:
    return error(404, "NotFound", "The requested resource was not found.")
