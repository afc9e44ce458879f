"""The emulated JumpCloud: paths, keys, and where x-org-id must and must not be."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable

from starlette.responses import Response

from psarecon.sandbox.calls import Call, reply
from psarecon.sandbox.jumpcloud import integrations, users
from psarecon.sandbox.jumpcloud.lists import Bad, Record, listed
from psarecon.sandbox.jumpcloud.organizations import Organizations, whole
from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World

_PROVIDER = re.compile(r"^/api/v2/providers/([^/]+)/organizations$")
_INTEGRATIONS = re.compile(r"^/api/v2/providers/([^/]+)/integrations$")
_ONE = re.compile(r"^/api/organizations/([^/]+)$")
# x-org-id may not be sent here.
_UNSCOPED = re.compile(r"^/api/(organizations|v2/providers|v2/organizations)(/|$)")
_ID = re.compile(r"^[0-9a-f]{24}$")
_FIGURES = {"systemUsersCount", "highWaterMarkLastMonth"}


class JumpCloud:
    """Answers below /api/."""

    name = "jumpcloud"

    def __init__(self, world: World, rules: Rules) -> None:
        """Serve a world under its rules."""
        self._world, self._rules, self._organizations = world, rules, Organizations(world)

    def owns(self, path: str) -> bool:
        """Whether a path is JumpCloud's."""
        return path.startswith("/api/")

    def writes(self, call: Call) -> bool:
        """Say no for the one POST there is: it is a search."""
        return call.method != "GET" and "/search/" not in call.path

    def enter(self, call: Call) -> Response | None:
        """Let every request in: no numeric limit is published."""
        del call
        return None

    def leave(self, call: Call) -> None:
        """Count nothing."""

    def answer(self, call: Call) -> Response:
        """Answer one request."""
        if call.fault("expired_secret") or not self._key(call):
            return reply({"message": "Unauthorized"}, 401)
        try:
            return self._route(call, call.path.rstrip("/"))
        except Bad as error:
            return reply({"code": 400, "message": str(error), "status": "Bad Request", "details": []}, 400)

    def _key(self, call: Call) -> bool:
        expected = self._world.need("jumpcloud_api_key")
        return hmac.compare_digest(call.headers.get("x-api-key", "").encode(), expected.encode())

    def _route(self, call: Call, path: str) -> Response:
        if _UNSCOPED.match(path):
            if "x-org-id" in call.headers:
                # unproven: the words of the body.
                return reply({"message": "Forbidden: organization ID included on unsupported route"}, 403)
            return self._unscoped(call, path)
        if path.startswith("/api/v2/integrations/") and call.method == "GET":
            found = integrations.below(self._world, call)
            return _not_found() if found is None else reply(found)
        if path == "/api/users/getSelf" and call.method == "GET":
            return reply(_self(call, self._world.need("jumpcloud_provider")))
        scoped: dict[tuple[str, str], Callable[[Call, Record], Record]] = {
            ("GET", "/api/systemusers"): users.listing,
            ("POST", "/api/search/systemusers"): users.search,
        }
        serve = scoped.get((call.method, path))
        return _not_found() if serve is None else self._scoped(call, serve)

    def _unscoped(self, call: Call, path: str) -> Response:
        if call.method != "GET":
            return _not_found()
        provider, one, own = _PROVIDER.match(path), _ONE.match(path), _INTEGRATIONS.match(path)
        if path == "/api/organizations":
            return reply(self._figured(self._organizations.v1(call)))
        if provider is not None:
            known = provider[1] == self._world.need("jumpcloud_provider")
            return reply(self._organizations.v2(call)) if known else _not_found()
        if own is not None:
            known = own[1] == self._world.need("jumpcloud_provider")
            return reply(integrations.listing(self._world, call)) if known else _not_found()
        return _not_found() if one is None else self._one(call, one[1])

    def _figured(self, page: Record) -> Record:
        """The list, without the undocumented figures where the rules say that there are none."""
        if self._rules.text("jc_figures") == "present":
            return page
        return {**page, "results": [{k: v for k, v in one.items() if k not in _FIGURES} for one in page["results"]]}

    def _one(self, call: Call, organization_id: str) -> Response:
        found = self._organizations.find(call, organization_id)
        if found is None:
            return _not_found()
        return _refused(call, organization_id) or reply(whole(found, self._world.need("jumpcloud_provider")))

    def _scoped(self, call: Call, serve: Callable[[Call, Record], Record]) -> Response:
        """A path of one organization: x-org-id must name it."""
        organization_id = call.headers.get("x-org-id")
        if organization_id is None:
            return reply({"message": "Unauthorized: no organization selected"}, 401)
        if not _ID.match(organization_id):
            return reply({"message": "Bad Request: invalid organization ID"}, 400)  # unproven: the words
        found = self._organizations.find(call, organization_id)
        if found is None:
            return _not_found()
        return _refused(call, organization_id) or reply(serve(call, found))


def _refused(call: Call, organization_id: str) -> Response | None:
    """The answer of a fault that one organization has, if it is this one."""
    fault = call.fault("organization_error")
    if fault is None or fault.text("organization") != organization_id:
        return None
    return reply({"message": "the organization cannot be read"}, fault.number("status"))


def _self(call: Call, provider: str) -> Record:
    known = {"_id": provider[:20] + "0001", "provider": provider, "email": "sandbox@example.invalid"}
    names = listed(call, "fields")
    return {name: value for name, value in known.items() if not names or name in names}


def _not_found() -> Response:
    return reply({"code": 404, "message": "Not Found", "status": "Not Found"}, 404)
