"""The control paths below /_sandbox/: look at the truth, move the clock, edit, order faults, switch rules."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from psarecon.sandbox import clock
from psarecon.sandbox.autotask.api import Autotask
from psarecon.sandbox.autotask.truth import truth as autotask_truth
from psarecon.sandbox.calls import Call, reply
from psarecon.sandbox.connectwise.truth import truth as connectwise_truth
from psarecon.sandbox.context import Context
from psarecon.sandbox.edits import edit
from psarecon.sandbox.faults import Faults
from psarecon.sandbox.onboarding import truth as onboarding_truth
from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World, stamp

Answer = dict[str, object]


class Control:
    """Answers below /_sandbox/. Whatever is not understood is a 400 that names it."""

    def __init__(
        self, world: World, rules: Rules, faults: Faults, requests: deque[dict[str, object]], autotask: Autotask
    ) -> None:
        """Control these parts."""
        self._context, self._faults, self._requests, self._autotask = Context(world, rules), faults, requests, autotask
        self._routes: dict[tuple[str, str], Callable[[Any], Answer]] = {
            ("GET", "health"): self._health, ("GET", "world"): self._world,
            ("GET", "truth/onboarding"): lambda _: {"organizations": onboarding_truth(self._context.world)},
            ("GET", "requests"): lambda _: {"requests": list(self._requests)},
            ("DELETE", "requests"): self._forget, ("POST", "clock"): self._clock,
            ("POST", "edit"): self._edit, ("GET", "rules"): lambda _: {"rules": self._context.rules.listing()},
            ("POST", "rules"): self._switch, ("DELETE", "faults"): self._heal, ("POST", "faults"): self._fault,
            ("GET", "faults"): lambda _: {"faults": [fault.shown() for fault in self._faults.active]},
        }  # fmt: skip

    def answer(self, call: Call) -> Response:
        """Answer one control request."""
        route = self._routes.get((call.method, call.path.removeprefix("/_sandbox/").strip("/")))
        if route is None:
            return reply({"error": f"no control path {call.method} {call.path}"}, 404)
        try:
            return reply(route(call.json() if call.method == "POST" else None))
        except clock.Backwards as error:
            return reply({"error": str(error)}, 409)
        except ValueError as error:
            return reply({"error": str(error)}, 400)

    def edit(self, body: Any) -> None:
        """Carry out an edit, as `POST /_sandbox/edit` would."""
        edit(self._context, body)

    def _health(self, _: Any) -> Answer:
        return {"ok": True, "today": self._context.world.today.isoformat(), "now": stamp(self._context.world.now)}

    def _world(self, _: Any) -> Answer:
        world = self._context.world
        lines = autotask_truth(world) + connectwise_truth(world)
        return {"today": world.today.isoformat(), "lines": lines, "organizations": _organizations(world)}

    def _forget(self, _: Any) -> Answer:
        self._requests.clear()
        return {"requests": []}

    def _clock(self, body: Any) -> Answer:
        clock.move(self._context.world, _object(body))
        return self._health(None)

    def _edit(self, body: Any) -> Answer:
        self.edit(body)
        return {"ok": True}

    def _switch(self, body: Any) -> Answer:
        wanted = _object(body)
        self._context.rules.change(wanted)
        if "lock_after" in wanted:
            self._autotask.access.failures = 0
        return {"rules": self._context.rules.listing()}

    def _fault(self, body: Any) -> Answer:
        ordered = _object(body)
        if ordered.get("kind") == "edit_before_write" and not isinstance(ordered.get("edit"), dict):
            raise ValueError("edit must be an edit, as POST /_sandbox/edit takes it")
        if ordered.get("kind") == "edit_before_write":
            self._rehearse(ordered["edit"])
        return {"id": self._faults.add(ordered)}

    def _rehearse(self, body: Any) -> None:
        """Try an edit and take it back, so that a wrong one is refused now and not in the middle of a write."""
        with self._context.world.trial():
            self.edit(body)

    def _heal(self, _: Any) -> Answer:
        self._faults.clear()
        return {"faults": []}


def _organizations(world: World) -> list[dict[str, str]]:
    """What every source would have to count: of LastPass the enrolled users."""
    tables = {"jumpcloud": "organizations ORDER BY position", "lastpass": "lp_companies ORDER BY id"}
    return [
        {"source": source, "id": str(key), "users": str(users)}
        for source, table in tables.items()
        for key, users in world.db.execute(f"SELECT id, users FROM {table}")  # noqa: S608  # only our own names are put in
    ]


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004  # ValueError is what callers report as a 400
    return body
