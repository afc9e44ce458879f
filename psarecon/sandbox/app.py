"""The front of the sandbox: every request comes in here, meets its faults, and is answered and written down."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from psarecon.sandbox.autotask.api import Autotask
from psarecon.sandbox.autotask.errors import THREADS, errors
from psarecon.sandbox.calls import Call, Vendor, reply
from psarecon.sandbox.connectwise import errors as connectwise
from psarecon.sandbox.connectwise.api import ConnectWise, asked_version
from psarecon.sandbox.control import Control
from psarecon.sandbox.faults import Fault, Faults
from psarecon.sandbox.jumpcloud.api import JumpCloud
from psarecon.sandbox.lastpass.api import LastPass
from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World

_KEPT = 200_000
Close = Callable[[tuple[str, int] | None], None]


class Ending(NamedTuple):
    """How a request ends: an answer, an answer cut short, or (no answer) a closed connection."""

    response: Response | None
    whole: bool = True


class Sandbox:
    """The ASGI application. `close` closes the connection of a client's address at once."""

    def __init__(self, world: World, close: Close) -> None:
        """Serve a world."""
        self._world = world
        self._close, self.faults, self.rules = close, Faults(), Rules(world)
        self.requests: deque[dict[str, object]] = deque(maxlen=_KEPT)
        self.autotask = Autotask(world, self.rules)
        self._vendors: Sequence[Vendor] = (
            self.autotask, ConnectWise(world, self.rules), JumpCloud(world, self.rules), LastPass(world, self.rules),
        )  # fmt: skip
        self._control = Control(world, self.rules, self.faults, self.requests, self.autotask)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        call = await Call.read(Request(scope, receive))
        try:
            ending = await self._outcome(call)
        except Exception as error:  # noqa: BLE001  # a fault of the emulator itself must not look like the vendor's
            traceback.print_exc()
            ending = Ending(reply({"error": f"the sandbox itself failed: {error!r}"}, 500))
        if ending.response is None:
            await self._drop(scope, receive)
            return
        said = time.time() + self.rules.number("clock_skew")
        ending.response.headers["date"] = formatdate(said, usegmt=True)
        if ending.whole:
            await ending.response(scope, receive, send)
        else:
            await self._cut(ending.response, scope, receive, send)

    async def _outcome(self, call: Call) -> Ending:
        """Find who answers, and write the request down unless it is a control request."""
        if call.path.startswith("/_sandbox/"):
            return Ending(self._control.answer(call))
        vendor = next((vendor for vendor in self._vendors if vendor.owns(call.path)), None)
        if vendor is None:
            ending = Ending(reply({"error": "no emulated system has this path"}, 404))
        else:
            ending = await self._through(call, vendor)
        self._write_down(call, vendor, ending)
        return ending

    async def _through(self, call: Call, vendor: Vendor) -> Ending:
        call.effects = self.faults.take(vendor.name, call, writes=vendor.writes(call))
        refused = vendor.enter(call)
        if refused is not None:
            return Ending(refused)
        try:
            await self._wait(vendor)
            return await self._befallen(call, vendor)
        finally:
            vendor.leave(call)

    async def _wait(self, vendor: Vendor) -> None:
        seconds = self.rules.number("latency_ms") / 1000
        seconds += self.autotask.latency() if vendor is self.autotask else 0
        if seconds:
            await asyncio.sleep(seconds)

    async def _befallen(self, call: Call, vendor: Vendor) -> Ending:
        """Answer under the faults: some end the request before anything is done, some after."""
        await self._delay(call, "before_apply")
        instead = _instead(call)
        if instead is not None:
            return instead
        edit = call.fault("edit_before_write")
        if edit is not None:
            self._control.edit(edit.options["edit"])
        response = self._answered(call, vendor)
        await self._delay(call, "after_apply")
        return _afterwards(call, response)

    def _answered(self, call: Call, vendor: Vendor) -> Response:
        """The vendor's answer; a stale read is answered from the world as it was before the last write."""
        if vendor.writes(call) and self.faults.lag(vendor.name):
            self._world.remember()
        if call.fault("stale_read"):
            with self._world.as_it_was():
                return vendor.answer(call)
        return vendor.answer(call)

    @staticmethod
    async def _delay(call: Call, when: str) -> None:
        fault = call.fault("delay")
        if fault is not None and fault.options["when"] == when:
            await asyncio.sleep(fault.options["seconds"])

    async def _drop(self, scope: Scope, receive: Receive) -> None:
        """Close the connection without a word, and wait until it is closed."""
        self._close(scope.get("client"))
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _cut(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise more bytes than are sent, then close the connection."""
        body = bytes(response.body)
        await send({"type": "http.response.start", "status": response.status_code,
                    "headers": _longer(response.raw_headers, len(body) + 1000)})  # fmt: skip
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await self._drop(scope, receive)

    def _write_down(self, call: Call, vendor: Vendor | None, ending: Ending) -> None:
        """Keep the request without its query, which may name a user."""
        status = ending.response.status_code if ending.response is not None else None
        entry: dict[str, object] = {"system": vendor.name if vendor else None, "method": call.method,
                                    "path": call.path, "status": status}  # fmt: skip
        if vendor is not None and vendor.name == "jumpcloud":
            entry["x_org_id"] = "x-org-id" in call.headers
        if vendor is not None and vendor.name == "connectwise":
            entry["version"] = asked_version(call)
        self.requests.append(entry)


def _instead(call: Call) -> Ending | None:
    """The ending by a fault that keeps the request from being worked on."""
    for fault in call.effects:
        if fault.kind == "drop_before_apply":
            return Ending(None)
        answer = _INSTEAD.get(fault.kind)
        if answer is not None and fault.options.get("when") != "after_apply":
            return Ending(answer(fault))
    return None


def _ordered(options: dict[str, Any]) -> Response:
    """The answer that a `status` fault describes; a JSON media type unless its headers say another."""
    headers = {str(name).lower(): str(value) for name, value in options["headers"].items()}
    headers.setdefault("content-type", "application/json")
    return Response(options["body"], options["status"], headers)


def _afterwards(call: Call, response: Response) -> Ending:
    """The ending by a fault that spoils the answer to a request that was worked on."""
    if call.fault("drop_after_apply"):
        return Ending(None)
    if call.fault("empty_500_after_apply"):
        return Ending(Response(status_code=500))
    late = call.fault("timeout_500")
    if late is not None:
        return Ending(_INSTEAD[late.kind](late))
    if call.fault("bad_json"):
        body = bytes(response.body)
        return Ending(Response(body[: len(body) // 2] + b'"', response.status_code, media_type="application/json"))
    return Ending(response, whole=call.fault("truncated") is None)


def _longer(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]


_INSTEAD: dict[str, Callable[[Fault], Response]] = {
    "empty_500_before_apply": lambda _: Response(status_code=500),
    "thread_limit": lambda fault: errors(THREADS, status=fault.number("status")),
    "html": lambda fault: Response(fault.text("body"), fault.number("status"), media_type="text/html"),
    "status": lambda fault: _ordered(fault.options),
    "throttled": lambda fault: connectwise.throttled(fault.number("seconds")),
    "timeout_500": lambda _: connectwise.timed_out(),
}
"""The answers of faults that come instead of the work."""
