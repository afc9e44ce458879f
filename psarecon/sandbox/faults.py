"""Faults on order: what goes wrong, for which requests, and how often."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from psarecon.sandbox.calls import Call

SYSTEMS = ("autotask", "jumpcloud", "connectwise", "lastpass")
_PSAS = ("autotask", "connectwise")
_SOURCES = ("jumpcloud", "lastpass")
_ANY = object()
_COMMON = {"system", "kind", "method", "path", "times", "skip"}
# Each kind: the systems that know it, and its own options with their defaults (a type: the option must be given).
KINDS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "drop_before_apply": (SYSTEMS, {}),
    "drop_after_apply": (SYSTEMS, {}),
    "empty_500_before_apply": (SYSTEMS, {}),
    "empty_500_after_apply": (SYSTEMS, {}),
    "status": (SYSTEMS, {"status": int, "body": "", "headers": {}}),
    "html": (SYSTEMS, {"status": 502, "body": "<html><body><h1>Bad gateway</h1></body></html>"}),
    "truncated": (SYSTEMS, {}),
    "delay": (SYSTEMS, {"seconds": _ANY, "when": "before_apply"}),
    "bad_json": (SYSTEMS, {}),
    "thread_limit": (("autotask",), {"status": 429}),
    "edit_before_write": (_PSAS, {"edit": dict}),
    "foreign_page": (_PSAS, {"base": "https://pages.example.net"}),
    "moved_zone": (("autotask",), {"zone": 2}),
    "restricted": (_PSAS, {}),
    "hide_costs": (("autotask",), {}),
    "no_rights": (("autotask",), {"entity": str}),
    "ignored_field": (_PSAS, {"name": str}),
    "moved_codebase": (("connectwise",), {"codebase": "v2026_5/"}),
    "throttled": (("connectwise",), {"seconds": 1}),
    "timeout_500": (("connectwise",), {"when": "before_apply"}),
    "false_200": (_PSAS, {"answer": "before"}),
    "stale_read": (_PSAS, {"seconds": 600.0}),
    "expired_secret": (SYSTEMS, {}),
    "organization_error": (_SOURCES, {"organization": str, "status": 403}),
    "organization_count": (_SOURCES, {"organization": str, "users": int}),
    "short_list": (_SOURCES, {"dropped": 1}),
    "repeated_token": (("lastpass",), {}),
}
_WRITES_ONLY = {"edit_before_write", "ignored_field", "false_200"}
_READS_ONLY = {"restricted", "hide_costs", "no_rights", "foreign_page", "short_list", "repeated_token", "stale_read"}
_STANDING = {"moved_zone", "moved_codebase"}
_PATHS = {
    ("autotask", "restricted"): re.compile(r"/query|/contracts/\d+/", re.IGNORECASE),
    ("autotask", "foreign_page"): re.compile(r"/query", re.IGNORECASE),
    ("connectwise", "restricted"): re.compile(r"/apis/3.0/(company|finance|procurement)/", re.IGNORECASE),
    ("connectwise", "foreign_page"): re.compile(r"/apis/3.0/(company|finance|procurement)/", re.IGNORECASE),
    ("lastpass", "repeated_token"): re.compile(r"/business/v1/", re.IGNORECASE),
    ("autotask", "no_rights"): re.compile(r"/entityinformation", re.IGNORECASE),
    ("autotask", "hide_costs"): re.compile(r"/contractservice(s|units)|/contracts/\d+/service(s|units)", re.IGNORECASE),
}


@dataclass
class Fault:
    """One fault: `times` more matches (None: until cleared) after `skip` matches have passed unharmed.

    `written` is when something was last written since the order (monotonic): reads can be stale only after that.
    """

    id: int
    system: str
    kind: str
    method: str | None
    path: re.Pattern[str] | None
    times: int | None
    skip: int
    options: dict[str, Any]
    matched: int = 0
    written: float | None = None

    def number(self, name: str) -> int:
        """An option that is a whole number."""
        return int(self.options[name])

    def text(self, name: str) -> str:
        """An option that is a text."""
        return str(self.options[name])

    def meets(self, call: Call, *, writes: bool) -> bool:
        """Whether a request is one that this fault can befall."""
        if (self.kind in _WRITES_ONLY and not writes) or (self.kind in _READS_ONLY and writes):
            return False
        if self.kind == "stale_read" and not self._lagging():
            return False
        if self.method is not None and self.method != call.method:
            return False
        usual = _PATHS.get((self.system, self.kind))
        if usual is not None and not usual.search(call.path):
            return False
        if self.kind.startswith("organization_") and not self._concerns(call):
            return False
        return self.path is None or self.path.search(call.path) is not None

    def _lagging(self) -> bool:
        """Whether reads may still be answered with what was before the last write."""
        return self.written is not None and time.monotonic() - self.written <= float(self.options["seconds"])

    def _concerns(self, call: Call) -> bool:
        """Whether a request is about the fault's organization; a list is about every organization's count."""
        named = self.text("organization")
        if call.headers.get("x-org-id") == named or call.path.rstrip("/").endswith(named):
            return True
        if f"/managed-companies/{named}/" in call.path or _cid(call) == named:
            return True
        return self.kind == "organization_count" and call.path.rstrip("/").endswith("/organizations")

    def take(self) -> bool:
        """Use the fault up by one match; False while it lets matches pass."""
        self.matched += 1
        if self.matched <= self.skip:
            return False
        if self.kind in _STANDING:
            return True
        return self.times is None or self.matched <= self.skip + self.times

    def shown(self) -> dict[str, object]:
        """The fault for `GET /_sandbox/faults`."""
        path = None if self.path is None else self.path.pattern
        return {"id": self.id, "system": self.system, "kind": self.kind, "method": self.method, "path": path,
                "times": self.times, "skip": self.skip, "matched": self.matched, **self.options}  # fmt: skip


def _cid(call: Call) -> str | None:
    """The company that a request to LastPass's Enterprise API names in its body."""
    found = re.search(rb'"cid"\s*:\s*"?(\d+)', call.body) if call.path == "/enterpriseapi.php" else None
    return None if found is None else found[1].decode()


class Faults:
    """The faults in force; they live as long as the server."""

    def __init__(self) -> None:
        """Start with none."""
        self._ids = count(1)
        self.active: list[Fault] = []

    def add(self, body: Mapping[str, Any]) -> int:
        """Order a fault and give its id; raises `ValueError` naming what is wrong with the order."""
        fault = _read(body, next(self._ids))
        self.active.append(fault)
        return fault.id

    def clear(self) -> None:
        """End all faults."""
        self.active.clear()

    def lag(self, system: str) -> bool:
        """Note that a system is about to be written; answers whether reads shall be stale from then on."""
        stale = [fault for fault in self.active if fault.system == system and fault.kind == "stale_read"]
        for fault in stale:
            fault.written = time.monotonic()
        return bool(stale)

    def take(self, system: str, call: Call, *, writes: bool) -> list[Fault]:
        """The faults that befall a request, each used up by one match."""
        if not self.active:
            return []
        met = [fault for fault in self.active if fault.system == system and fault.meets(call, writes=writes)]
        return [fault for fault in met if fault.take()]


def _read(body: Mapping[str, Any], fault_id: int) -> Fault:
    system, kind = body.get("system"), body.get("kind")
    if system not in SYSTEMS:
        raise ValueError(f"system must be one of {', '.join(SYSTEMS)}")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    systems, known = KINDS[kind]
    if system not in systems:
        raise ValueError(f"kind {kind} belongs to system {' and '.join(systems)}")
    unknown = sorted(set(body) - _COMMON - set(known))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r} for kind {kind}")
    return Fault(fault_id, system, kind, _method(body), _pattern(body), _times(body), _count(body, "skip", 0),
                 {name: _option(kind, name, default, body) for name, default in known.items()})  # fmt: skip


def _method(body: Mapping[str, Any]) -> str | None:
    value = body.get("method")
    if value is not None and value not in {"GET", "POST", "PUT", "PATCH", "DELETE"}:
        raise ValueError("method must be GET, POST, PUT, PATCH or DELETE")
    return value


def _pattern(body: Mapping[str, Any]) -> re.Pattern[str] | None:
    value = body.get("path")
    try:
        return None if value is None else re.compile(value, re.IGNORECASE)
    except (re.error, TypeError) as error:
        raise ValueError(f"path must be a regular expression: {error}") from error


def _times(body: Mapping[str, Any]) -> int | None:
    """How often: once unless said otherwise; null for until cleared."""
    if "times" in body and body["times"] is None:
        return None
    return _count(body, "times", 1)


def _count(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} must be a whole number of at least 0")
    return value


def _option(kind: str, name: str, default: Any, body: Mapping[str, Any]) -> Any:
    """One of the kind's own options, of the type of its default."""
    value = body.get(name, default)
    if kind in {"delay", "stale_read"} and name == "seconds":
        return _seconds(value)
    if name == "answer" and value not in {"before", "after"}:
        raise ValueError("answer must be before or after")
    if name == "when" and value not in {"before_apply", "after_apply"}:
        raise ValueError("when must be before_apply or after_apply")
    wanted = default if isinstance(default, type) else type(default)
    if isinstance(value, bool) or not isinstance(value, wanted):
        raise ValueError(f"{name} must be given as {wanted.__name__} for kind {kind}")  # noqa: TRY004  # ValueError is what callers report as a 400
    if name == "status" and isinstance(value, int) and not 200 <= value <= 599:
        raise ValueError("status must be a number from 200 to 599")
    return value


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 600:
        raise ValueError("seconds must be a number from 0 to 600")
    return seconds
