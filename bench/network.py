"""How near plans, readings and writes come to what latency and the vendors' limits allow.

Every request to the sandbox waits 200 ms. The critical path is the greater of two bounds that hold for any client:

- the chain: requests that must follow each other, and beside them so many others as the vendor lets;
- the pace: above so many requests a minute the vendor refuses, so the next one waits for the next minute.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from process import Command, Took
from table import Row
from worlds import EACH, Site, control, site

LATENCY = 0.2
_BUDGET = 1.3
_MINUTE = 60.0
_PEERS = Path(__file__).parent / "peers"
#: The most requests of one applied change: read, write, read.
_A_CHANGE = 3
#: Requests that a run makes once, whatever it writes; the beginnings of their last words.
_DISCOVERY = ("ZoneInformation", "ThresholdInformation", "examplemsp")


@dataclass(frozen=True)
class Vendor:
    """A system's own rules. ``stages``: the kinds of requests that can go beside each other, stage after stage.

    ``least``: the fewest requests for so many contracts and lines, of the kinds that are named (none: of all).
    """

    name: str
    at_once: int
    stages: tuple[tuple[str, ...], ...]
    least: Callable[[int, int], int]
    counted: str = ""
    per_minute: int = 0

    def kinds(self, paths: list[str]) -> Counter[str]:
        """How often each kind was asked for; the last kind that fits is it."""
        named = [kind for stage in self.stages for kind in stage]
        return Counter(next(kind for kind in reversed(named) if f"/{kind}" in path) for path in paths)

    def path(self, times: Counter[str]) -> float:
        """Seconds of the critical path."""
        rounds = sum(max(ceil(times[kind] / self.at_once) for kind in stage) for stage in self.stages)
        waits = (times.total() - 1) // self.per_minute if self.per_minute else 0
        return max(LATENCY * rounds, _MINUTE * waits + LATENCY)

    def one_by_one(self, requests: int) -> float:
        """Seconds that so many requests take when nothing is asked for together."""
        waits = (requests - 1) // self.per_minute if self.per_minute else 0
        left = requests - waits * self.per_minute
        return _MINUTE * waits + LATENCY * ceil(left / self.at_once)

    def rules(self) -> dict[str, int]:
        """The sandbox's switches: the latency, and the vendor's limits."""
        limits = {"autotask": {"thread_limit": 3, "hourly_limit": 10_000}, "connectwise": {"cw_per_minute": 1000}}
        return {"latency_ms": round(LATENCY * 1000), **limits.get(self.name, {})}


def _autotask_least(contracts: int, lines: int) -> int:
    """Zone, threshold, picklist and catalogue; companies and contracts, lines and their units, 500 a request."""
    return 4 + 2 * ceil(contracts / 500) + 2 * ceil(lines / 500)


def _jumpcloud_least(organizations: int, _: int) -> int:
    """Who asks; both lists of organizations, 100 a page; a count of each."""
    return 1 + 2 * ceil(organizations / 100) + organizations


#: Limits: docs/vendors/autotask.md ("Limits"), docs/vendors/connectwise.md ("Limits"), docs/vendors/jumpcloud.md.
AUTOTASK = Vendor(
    "autotask",
    3,
    (
        ("ZoneInformation",),
        ("ThresholdInformation",),
        ("Companies", "Contracts", "ContractServices", "ContractServiceUnits"),
        ("Services",),
    ),
    _autotask_least,
)
CONNECTWISE = Vendor(
    "connectwise",
    8,
    (("companyinfo",), ("companies", "agreements", "agreementrecap"), ("additions",), ("catalog",)),
    lambda agreements, _: agreements,
    "additions",
    1000,
)
JUMPCLOUD = Vendor(
    "jumpcloud", 8, (("users/getSelf",), ("organizations", "providers"), ("systemusers",)), _jumpcloud_least
)


@dataclass(frozen=True)
class Sizes:
    """Lines of the plans beside others, lines of those that are compared by computing, organizations, changes."""

    measured: int = 2_000
    computed: int = 10_000
    organizations: int = 1_000
    changes: int = 30


FULL, QUICK = Sizes(), Sizes(100, 500, 100, 5)


def part(work: Path, sizes: Sizes, repeat: int) -> Iterator[Row | str]:
    """All rows."""
    for vendor in (AUTOTASK, CONNECTWISE):
        for lines in (sizes.measured, sizes.computed):
            yield f"{vendor.name}: plan, {lines:,} lines, {EACH} of a contract, 200 ms a request"
            found = site(work / f"{vendor.name}-{lines}", vendor.name, lines)
            yield from _planned(vendor, found, repeat, measured=lines == sizes.measured)
        yield f"{vendor.name}: apply, {sizes.changes} changes, 200 ms a request"
        yield from _applied(vendor, site(work / f"{vendor.name}-apply", vendor.name, 3 * sizes.changes))
    yield f"jumpcloud: observe, {sizes.organizations:,} organizations, 200 ms a request"
    yield from _observed(site(work / "jumpcloud", "autotask", EACH * sizes.organizations), repeat)


def _planned(vendor: Vendor, found: Site, repeat: int, *, measured: bool) -> Iterator[Row]:
    command = Command(("psarecon", "plan"), found.directory, found.environ, f"on {found.lines} lines")
    took, times = _asked(vendor, found, command, 1 if found.lines > _PATIENT and vendor.per_minute else repeat)
    yield from _rows("plan", vendor, took, times, len(found.contracts), found.lines)
    peers = _measured(vendor, found) if measured else _computed(vendor, found)
    for whose, wall in peers:
        yield Row("plan: wall", took.wall, "s", wall, whose)
    yield Row("plan: requests", times.total(), "requests", found.lines, "a request a line")


#: Lines above which a plan that is paced by the minute is made once: the vendor's clock decides how long it takes.
_PATIENT = 2_000


def _observed(found: Site, repeat: int) -> Iterator[Row]:
    command = Command(("psarecon", "observe"), found.directory, found.environ)
    took, times = _asked(JUMPCLOUD, found, command, repeat)
    organizations = len(found.contracts)
    yield from _rows("observe", JUMPCLOUD, took, times, organizations, organizations)
    yield Row("observe: wall", took.wall, "s", LATENCY * times.total(), "one by one (computed)")


def _rows(what: str, vendor: Vendor, took: Took, times: Counter[str], contracts: int, lines: int) -> Iterator[Row]:
    yield Row(f"{what}: wall", took.wall, "s", vendor.path(times), "the critical path", _BUDGET)
    yield Row(f"{what}: wall less CPU", took.wall - took.cpu, "s", vendor.path(times), "the critical path")
    yield Row(f"{what}: CPU", took.cpu, "s")
    counted = times[vendor.counted] if vendor.counted else times.total()
    named = f"requests for {vendor.counted}" if vendor.counted else "requests"
    yield Row(f"{what}: {named}", counted, "requests", vendor.least(contracts, lines), "the fewest", 1.0)


def _asked(vendor: Vendor, found: Site, command: Command, repeat: int) -> tuple[Took, Counter[str]]:
    """The medians, and what the last run asked for; each run meets a vendor who has not been asked before."""
    runs = []
    for _ in range(repeat):
        with found.served(**vendor.rules()) as url:
            runs.append(command.run())
            asked = control(url, "GET", "requests")["requests"]
    paths = [one["path"] for one in asked if one["system"] == vendor.name]
    return Took.middle(runs), vendor.kinds(paths)


def _measured(vendor: Vendor, found: Site) -> Iterator[tuple[str, float]]:
    """The others, once each: the latency decides how long they take."""
    with found.served(**vendor.rules()) as url:
        asked = {"headers": found.headers(), "addresses": [f"{url}/{one}" for one in found.addresses()]}
        yield "a request a line", _peer("per_line.py", found, asked, str(vendor.at_once))
    if vendor is CONNECTWISE:
        with found.served(**vendor.rules()) as url:
            keys = [found.environ[f"CW_{name}"] for name in ("CLIENT_ID", "PUBLIC_KEY", "PRIVATE_KEY")]
            told = {"site": url.removeprefix("http://"), "keys": keys, "agreements": list(found.contracts)}
            yield "PyConnectWise", _peer("additions.py", found, told)


def _peer(script: str, found: Site, asked: Mapping[str, object], *more: str) -> float:
    path = found.directory / "asked.json"
    path.write_text(json.dumps(asked), "utf-8")
    words = ("python", str(_PEERS / script), str(path), *more)
    return Command(words, found.directory, says=f"{found.lines} lines").run().wall


def _computed(vendor: Vendor, found: Site) -> Iterator[tuple[str, float]]:
    yield "a request a line (computed)", vendor.one_by_one(found.lines)
    if vendor is CONNECTWISE:
        yield "PyConnectWise (computed)", LATENCY * (1 + len(found.contracts))


def _applied(vendor: Vendor, found: Site) -> Iterator[Row]:
    """A plan of every third client's lines, applied; one write at a time, so its requests follow each other."""

    def run(*words: str) -> Took:
        return Command(("psarecon", *words), found.directory, found.environ).run()

    with found.served(**vendor.rules()) as url:
        run("plan", "-o", "plan.json")
        changes = len(json.loads((found.directory / "plan.json").read_bytes())["changes"])
        control(url, "DELETE", "requests")
        took = run("apply", "plan.json", "--approve-clean")
        asked = control(url, "GET", "requests")["requests"]
    of_lines = [one for one in asked if not one["path"].rpartition("/")[2].startswith(_DISCOVERY)]
    yield Row("apply: requests a change", len(of_lines) / changes, "a change", limit=_A_CHANGE)
    yield Row("apply: wall", took.wall, "s", LATENCY * len(asked), "its requests in a row", _BUDGET)
    yield Row("apply: wall of a change", took.wall / changes, "s")
