"""The emulated LastPass: paths, keys and problems of both APIs."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable

from starlette.responses import Response

from psarecon.sandbox.calls import Call, reply
from psarecon.sandbox.context import Context
from psarecon.sandbox.lastpass import companies, enterprise, reports
from psarecon.sandbox.lastpass.pages import Bad, problem
from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World

_BASE = "/business/v1/"
_USERS = re.compile(r"^managed-companies/(?P<company>\d{1,18})/users$")


class LastPass:
    """Answers below /business/v1/ and at /enterpriseapi.php."""

    name = "lastpass"

    def __init__(self, world: World, rules: Rules) -> None:
        """Serve a world under its rules."""
        self._context = Context(world, rules)

    def owns(self, path: str) -> bool:
        """Whether a path is LastPass's."""
        return path.startswith(_BASE) or path == enterprise.PATH

    def writes(self, call: Call) -> bool:
        """Say no for the Enterprise API: the one command served is a question, although it is a POST."""
        return call.method != "GET" and call.path != enterprise.PATH

    def enter(self, call: Call) -> Response | None:
        """Let every request in: no limits are published."""
        del call
        return None

    def leave(self, call: Call) -> None:
        """Say nothing: nothing is counted."""

    def answer(self, call: Call) -> Response:
        """Answer one request."""
        if call.path == enterprise.PATH:
            return enterprise.answer(self._context.world, call)
        if not self._known(call) or call.fault("expired_secret"):
            return problem(call, 401, "Unauthorized", "The API key is missing or not valid.")  # unproven: the words
        try:
            return self._route(call, call.path.removeprefix(_BASE).rstrip("/"))
        except Bad as bad:
            return problem(call, 400, "Bad Request", bad.detail, pointer=bad.pointer)

    def _known(self, call: Call) -> bool:
        kind, _, key = call.headers.get("authorization", "").partition(" ")
        expected = self._context.world.need("lastpass_api_key")
        return kind.lower() == "api-key" and hmac.compare_digest(key.strip().encode(), expected.encode())

    def _route(self, call: Call, path: str) -> Response:
        if call.method != "GET":
            return problem(call, 405, "Method Not Allowed", "The sandbox only answers questions.")
        users, serve = _USERS.match(path), _LISTS.get(path)
        if users is not None:
            return self._users(call, int(users["company"]))
        if serve is None:
            return problem(call, 404, "Not Found", "There is no such resource.")
        return reply(serve(self._context, call))

    def _users(self, call: Call, company: int) -> Response:
        refused = call.fault("organization_error")
        if refused is not None:
            return problem(call, refused.number("status"), "Forbidden", "The company cannot be read.")
        found = companies.find(self._context.world, call, company)
        if found is None:
            return problem(call, 404, "Not Found", "There is no such company.")
        return reply(companies.users(call, found))


def _companies(context: Context, call: Call) -> object:
    return companies.listing(context.world, call, children_only=context.rules.text("lp_listing") == "children")


_LISTS: dict[str, Callable[[Context, Call], object]] = {
    "users": lambda context, call: companies.users(call, companies.account(context.world)),
    "managed-companies": _companies,
    "managed-companies-reports/billing-cycles": lambda context, call: reports.cycles(
        context.world, call, context.rules.number("lp_cycle_day")
    ),
    "managed-companies-reports/billing-reports": lambda context, call: reports.reports(context.world, call),
}
