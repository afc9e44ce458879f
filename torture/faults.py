"""The faults of the network and of the PSA, as orders for the sandbox."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: Seconds that a slow server holds a write, the client's timeout for it, and how long a server may work on a call.
SLOW, WRITE_TIMEOUT, SETTLE = 0.35, 0.25, 1.0
#: Seconds that a write is held which is to be in flight when its sender is killed, and how long after the intent.
HELD, KILLED_AFTER = 0.2, 0.08
#: Stale reads end long before the settle window does: that is what the window promises to outlast.
_STALE_SECONDS = 0.5
_REFUSALS = {"autotask": '{"errors":["The value is not allowed."]}', "connectwise": '{"message":"Not allowed."}'}
_WRITES: Mapping[str, Mapping[str, str]] = {
    "autotask": {"method": "POST", "path": "ServiceAdjustments"},
    "connectwise": {"method": "PATCH", "path": "/additions/"},
}
_READS: Mapping[str, Mapping[str, str]] = {
    "autotask": {"method": "POST", "path": "/query"},
    "connectwise": {"method": "GET", "path": "/additions/"},
}
Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """An order for the sandbox; ``name`` is what it is counted under, ``edits`` the line it changes, if it does."""

    name: str
    order: Mapping[str, Any]
    edits: int | None = None


#: Of a write, by name: the sandbox's kind and its options, given the PSA.
_ON_WRITES: Mapping[str, Callable[[str], Options]] = {
    "dropped before": lambda _: {"kind": "drop_before_apply"},
    "dropped after": lambda _: {"kind": "drop_after_apply"},
    "cut short": lambda _: {"kind": "truncated"},
    "empty 500 before": lambda _: {"kind": "empty_500_before_apply"},
    "empty 500 after": lambda _: {"kind": "empty_500_after_apply"},
    "500 with a body": lambda psa: {"kind": "status", "status": 500, "body": _REFUSALS[psa]},
    "gateway page": lambda _: {"kind": "html"},
    "limit": lambda psa: {"kind": "thread_limit" if psa == "autotask" else "throttled"},
    "slow before": lambda _: {"kind": "delay", "seconds": SLOW, "when": "before_apply"},
    "slow after": lambda _: {"kind": "delay", "seconds": SLOW, "when": "after_apply"},
    "half a JSON": lambda _: {"kind": "bad_json"},
    "false 200": lambda _: {"kind": "false_200"},
}
_ON_READS: Mapping[str, Options] = {
    "read dropped": {"kind": "drop_after_apply"},
    "read 500": {"kind": "empty_500_after_apply"},
    "read 429": {"kind": "status", "status": 429, "body": '{"errors":["slow down"],"message":"slow down"}'},
    "read cut short": {"kind": "truncated"},
    "read half a JSON": {"kind": "bad_json"},
}


def draw_faults(luck: random.Random, psa: str, lines: int, *, in_the_call: bool) -> tuple[Fault, ...]:
    """None to three faults; one that holds the write where a process is to be killed in the call."""
    found = [_held(psa)] if in_the_call else []
    found += [_drawn(luck, psa, lines) for _ in range(luck.choices((0, 1, 2, 3), (2, 5, 3, 2))[0])]
    return tuple(found)


def _drawn(luck: random.Random, psa: str, lines: int) -> Fault:
    make = luck.choices((_write, _stale, _meddling, _read), (14, 3, 2, 3))[0]
    return make(luck, psa, lines)


def _write(luck: random.Random, psa: str, _lines: int) -> Fault:
    name = luck.choice(list(_ON_WRITES))
    times = luck.choice((1, 1, 2)) if name != "limit" else luck.choice((1, 1, 3))
    return Fault(
        name, {"system": psa, **_WRITES[psa], **_ON_WRITES[name](psa), "skip": luck.randrange(3), "times": times}
    )


def _stale(luck: random.Random, psa: str, _lines: int) -> Fault:
    order = {"kind": "stale_read", "seconds": _STALE_SECONDS, "times": luck.choice((1, 1, 2, 3))}
    return Fault("stale read", {"system": psa, **_READS[psa], **order})


def _meddling(luck: random.Random, psa: str, lines: int) -> Fault:
    """Somebody else changes a line while psarecon writes one, that one or another."""
    position = luck.randrange(lines)
    order = {"kind": "edit_before_write", "edit": position, "skip": luck.randrange(3)}
    return Fault("somebody else", {"system": psa, **_WRITES[psa], **order}, edits=position)


def _read(luck: random.Random, psa: str, _lines: int) -> Fault:
    """Mostly what the next try overcomes; now and then more tries than there are."""
    name = luck.choice(list(_ON_READS))
    times = luck.choices((1, 4), (6, 1))[0]
    return Fault(name, {"system": psa, **_READS[psa], **_ON_READS[name], "skip": luck.randrange(6), "times": times})


def _held(psa: str) -> Fault:
    return Fault("killed in the call", {"system": psa, **_WRITES[psa], "kind": "delay", "seconds": HELD, "times": None})
