"""Who may call ConnectWise, and where: credentials, the codebase of the day, the length of addresses, the rate."""

from __future__ import annotations

import base64
import hmac
import time
from collections import deque

from starlette.responses import Response

from psarecon.sandbox.calls import Call, reply
from psarecon.sandbox.connectwise import errors
from psarecon.sandbox.context import Context

ROUTER = "v4_6_release/"
"""The codebase that always works: on premise it is the only one, on cloud it leads to the version of the day."""
_MINUTE = 60.0


class Access:
    """The counters of one served ConnectWise; they live as long as the server."""

    def __init__(self, context: Context) -> None:
        """Start with clean counters."""
        self._world, self._rules = context
        self._requests: deque[float] = deque()

    def enter(self) -> Response | None:
        """Count a request; refuse it above the requests of a minute."""
        limit, now = self._rules.number("cw_per_minute"), time.monotonic()
        while self._requests and self._requests[0] < now - _MINUTE:
            self._requests.popleft()
        if limit and len(self._requests) >= limit:
            return errors.throttled(1 + int(self._requests[0] + _MINUTE - now))
        self._requests.append(now)
        return None

    @property
    def cloud(self) -> bool:
        """Whether this is a hosted tenant: it has versioned codebases, and hides what is wrong behind 404."""
        return self._rules.text("cw_hosting") == "cloud"

    def codebase(self, call: Call) -> str:
        """Where requests go today."""
        moved = call.fault("moved_codebase")
        if moved is not None:
            return moved.text("codebase")
        return self._world.need("connectwise_codebase") if self.cloud else ROUTER

    def company_info(self, call: Call, login: str) -> Response:
        """`/login/companyinfo/{login}`: without credentials; null for a company that is not known."""
        if login.lower() != self._world.need("connectwise_company").lower():
            return reply(None)
        text = self._rules.text("cw_is_cloud") == "text"
        return reply({
            "CompanyName": "Sandbox MSP", "Codebase": self.codebase(call), "VersionCode": "v2026.4",
            "VersionNumber": "v4.6.105333", "CompanyID": "SANDBOX",
            "IsCloud": str(self.cloud) if text else self.cloud, "SiteUrl": call.base.partition("://")[2],
        })  # fmt: skip

    def refuse(self, call: Call, codebase: str) -> Response | None:
        """The answer to a request that may not be served, or None."""
        limit = self._rules.number("cw_url_limit")
        if limit and len(call.url) > limit:
            return errors.html(414, "Request-URI Too Long")
        if codebase.lower() not in {ROUTER, self.codebase(call).lower()}:
            return errors.html(404, "404 - File or directory not found.")  # unproven: that it is a page
        if not self._known(call) or call.fault("expired_secret"):
            # unproven: codes and words of both.
            if self.cloud:
                return errors.error(404, "NotFound", "The requested resource was not found.")
            return errors.error(401, "Unauthorized", "UserNotAuthenticated")
        if not self._same(call.headers.get("clientid", ""), "client_id"):
            return errors.error(403, "Security", "A valid clientId is required.")  # unproven: code and words
        return None

    def _known(self, call: Call) -> bool:
        kind, _, encoded = call.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True) if kind.lower() == "basic" else b""
        except ValueError:
            return False
        company, public, private = (self._world.need(f"connectwise_{key}") for key in _PARTS)
        return hmac.compare_digest(given, f"{company}+{public}:{private}".encode())

    def _same(self, given: str, name: str) -> bool:
        return hmac.compare_digest(given.encode(), self._world.need(f"connectwise_{name}").encode())


_PARTS = ("company", "public_key", "private_key")
