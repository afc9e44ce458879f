"""Who may call: credentials, the lock after failures, the thread limit and the hourly limit."""

from __future__ import annotations

import hmac
import time
from collections import Counter, deque

from starlette.responses import Response

from psarecon.sandbox.autotask.errors import THREADS, errors
from psarecon.sandbox.calls import Call, reply
from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World

_HOUR = 3600.0
_THRESHOLD = 10_000
_STEPS = ((0.75, 1.0), (0.5, 0.5))  # unproven: share of the hourly threshold, added seconds


class Access:
    """The counters of one served Autotask; they live as long as the server."""

    def __init__(self, world: World, rules: Rules) -> None:
        """Start with clean counters."""
        self._world, self._rules = world, rules
        self._threads: Counter[tuple[str, str]] = Counter()
        self._requests: deque[float] = deque()
        self.failures = 0

    def enter(self, call: Call, bucket: str) -> Response | None:
        """Count a request; refuse it by the hourly limit or the thread limit."""
        self._requests.append(time.monotonic())
        hourly = self._rules.number("hourly_limit")
        # unproven: status and words of this refusal.
        if hourly and self.used() > hourly:
            return errors("The API request threshold for the last 60 minutes has been exceeded.", status=429)
        key, limit = self._key(call, bucket), self._rules.number("thread_limit")
        if limit and bucket != "zoneinformation" and self._threads[key] >= limit:
            return errors(THREADS, status=self._rules.number("thread_status"))
        self._threads[key] += 1
        return None

    def leave(self, call: Call, bucket: str) -> None:
        """Count a request that `enter` let in and that has ended."""
        key = self._key(call, bucket)
        self._threads[key] -= 1
        if not self._threads[key]:
            del self._threads[key]

    @staticmethod
    def _key(call: Call, bucket: str) -> tuple[str, str]:
        return call.headers.get("apiintegrationcode", ""), bucket

    def used(self) -> int:
        """Requests of the last 60 real minutes."""
        horizon = time.monotonic() - _HOUR
        while self._requests and self._requests[0] < horizon:
            self._requests.popleft()
        return len(self._requests)

    def latency(self) -> float:
        """Seconds that the hourly use adds to an answer."""
        if self._rules.text("latency_steps") == "off":
            return 0.0
        share = self.used() / _THRESHOLD
        return next((seconds for step, seconds in _STEPS if share >= step), 0.0)

    def threshold(self) -> Response:
        """`ThresholdInformation`."""
        return reply({"externalRequestThreshold": _THRESHOLD, "requestThresholdTimeframe": 60,
                      "currentTimeframeRequestCount": self.used()})  # fmt: skip

    def refuse(self, call: Call) -> Response | None:
        """Check the three headers. Not all failures are 401: an unknown user or integration code is a 500."""
        if call.fault("expired_secret"):
            return errors("The credentials are not valid.", status=401)
        limit = self._rules.number("lock_after")
        if limit and self.failures >= limit:
            return errors("The API user is locked.", status=401)  # unproven: the words
        found = self._failure(call)
        self.failures = 0 if found is None else self.failures + 1
        return found

    def _failure(self, call: Call) -> Response | None:
        # unproven: the words of all three.
        if not self._same(call, "username"):
            return errors("The logged in user was not found.")
        if not self._same(call, "apiintegrationcode", "integration_code"):
            return errors("The API integration code is not valid.")
        if not self._same(call, "secret"):
            return errors("The credentials are not valid.", status=401)
        return None

    def _same(self, call: Call, header: str, name: str | None = None) -> bool:
        expected = self._world.need(f"autotask_{name or header}")
        return hmac.compare_digest(call.headers.get(header, "").encode(), expected.encode())
