"""What the lists of LastPass's REST API have in common: pages by token, filters, sort, problems."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from psarecon.sandbox.calls import Call

Record = dict[str, Any]
Page = dict[str, Any]


class Bad(Exception):
    """A request that fails with 400; `pointer` names what is wrong."""

    def __init__(self, detail: str, pointer: str) -> None:
        """Keep what the problem says."""
        super().__init__(detail)
        self.detail, self.pointer = detail, pointer


def problem(call: Call, status: int, title: str, detail: str, *, pointer: str | None = None) -> Response:
    """RFC 9457 problem details."""
    body: Record = {"title": title, "status": status, "detail": detail, "instance": call.path}
    if pointer is not None:
        body["errors"] = [{"detail": detail, "pointer": pointer}]
    return Response(json.dumps(body), status, media_type="application/problem+json")


def page(call: Call, total: int, read: Callable[[int, int], list[Record]], *, most: int = 500) -> Page:
    """`{"items", "nextPageToken"}`: the token is null on the last page, and the total is nowhere."""
    size, skip = number(call, "max-results", 10, most), _skip(call)
    items, after = read(skip, size), skip + size
    repeated = call.fault("repeated_token")
    if repeated is not None:
        return {"items": items, "nextPageToken": call.first("page-token") or _token(0)}
    short = call.fault("short_list")
    kept = items[: max(0, len(items) - short.number("dropped"))] if short else items
    return {"items": kept, "nextPageToken": _token(after) if after < total else None}


def number(call: Call, name: str, default: int, most: int) -> int:
    """A whole number from 1 to a limit. unproven: one beyond the limits is refused."""
    text = call.first(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise Bad(f"{name} must be a number from 1 to {most}", name)
    return int(text)


def _token(skip: int) -> str:
    return base64.urlsafe_b64encode(f"after:{skip}".encode()).decode().rstrip("=")


def _skip(call: Call) -> int:
    text = call.first("page-token")
    if not text:
        return 0
    try:
        word, _, skip = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        if word == "after":
            return int(skip)
    except ValueError:
        pass
    raise Bad("the page token is not valid", "page-token")


def listed(call: Call, name: str) -> list[str]:
    """The words of a parameter, separated by commas."""
    return [word.strip() for word in (call.first(name) or "").split(",") if word.strip()]


def one_of(call: Call, name: str, allowed: tuple[str, ...]) -> list[str]:
    """The words of a parameter that takes only some."""
    words = listed(call, name)
    for word in words:
        if word not in allowed:
            raise Bad(f"{name} must be of {', '.join(allowed)}", name)
    return words


def ordered(call: Call, columns: Mapping[str, str]) -> str:
    """The order that `sort=name:asc` asks for. unproven: the order without it."""
    column, _, direction = (call.first("sort") or "id:asc").partition(":")
    if column.lower() not in columns or direction not in {"", "asc", "desc"}:
        raise Bad("sort must be a field and asc or desc, as in name:asc", "sort")
    return f"{columns[column.lower()]} {direction or 'asc'}"
