"""One request as the emulators see it, and the answers they give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from psarecon.sandbox.faults import Fault


@dataclass
class Call:
    """One request: method, path, query pairs, headers by lower-case name, body, and the faults that befall it.

    `base` is the server's own address, `url` the whole one with its query.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    base: str
    url: str = ""
    effects: list[Fault] = field(default_factory=list)

    @classmethod
    async def read(cls, request: Request) -> Call:
        """Read a whole request."""
        return cls(
            request.method,
            request.url.path,
            request.query_params.multi_items(),
            {name.lower(): value for name, value in request.headers.items()},
            await request.body(),
            str(request.base_url).rstrip("/"),
            str(request.url),
        )

    def first(self, name: str) -> str | None:
        """The first query value of a name, whatever its case, or None."""
        return next((value for key, value in self.query if key.lower() == name.lower()), None)

    def json(self) -> Any:
        """The body as JSON with exact decimals; raises `ValueError` when it is none."""
        return json.loads(self.body, parse_float=Decimal)

    def fault(self, kind: str) -> Fault | None:
        """The fault of this kind that befalls this request, or None."""
        return next((fault for fault in self.effects if fault.kind == kind), None)


class Vendor(Protocol):
    """An emulated system: it says which requests are its own, and answers them."""

    name: str

    def owns(self, path: str) -> bool:
        """Whether a path is one of this vendor's."""

    def writes(self, call: Call) -> bool:
        """Whether a request would change something."""

    def enter(self, call: Call) -> Response | None:
        """Count a request that begins; an answer given here refuses it at once."""

    def leave(self, call: Call) -> None:
        """Count a request that `enter` let in and that has ended."""

    def answer(self, call: Call) -> Response:
        """Do what the request asks, and answer."""


def reply(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, headers, "application/json; charset=utf-8")
