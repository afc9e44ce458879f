"""How near a plan of many ConnectWise agreements comes to what latency and the vendor's limits allow.

    python bench/connectwise.py [--agreements 1000] [--milliseconds 200]

Two bounds hold for any client, and the critical path is the greater one:

- the chain: requests that must follow each other (codebase, agreements, catalog), and between them one list of
  additions an agreement, so many side by side as there are threads;
- the pace: above so many requests a minute the vendor refuses, so the next one waits for the next minute.

The first row keeps the vendor's pace, and the sandbox refuses whoever does not; the second has no limit of a minute,
and shows how well the requests go side by side.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any

import httpx
from process import Figure, measured

from psarecon.psa.connectwise.client import Ways
from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

BUDGET = 1.3
#: "About 1,000 requests a minute" (docs/vendors/connectwise.md, "Limits").
VENDOR_PER_MINUTE = 1000
#: The most that the settings take.
_UNLIMITED = 100_000
_MINUTE = 60.0
_PRODUCT = "jumpcloud-platform"
_FIXED = {_PRODUCT: {"quantity": "fixed", "unit_cost": "9.00"}}
_KINDS = ("companyinfo", "companies", "agreements", "agreementrecap", "additions", "catalog")


@dataclass(frozen=True)
class Asked:
    """What a plan asked ConnectWise: how often each list was answered, and how many requests came too fast."""

    times: Counter[str]
    refused: int

    @property
    def total(self) -> int:
        """All requests that were answered."""
        return sum(self.times.values())

    def chain(self, latency: float, threads: int) -> float:
        """Seconds that the requests take when each that can go beside another does."""
        rounds = [ceil(self.times[kind] / threads) for kind in ("companyinfo", "agreements", "additions", "catalog")]
        return latency * sum(rounds)

    def pace(self, latency: float, per_minute: int) -> float:
        """Seconds until the last request may be sent and is answered."""
        return _MINUTE * ((self.total - 1) // per_minute) + latency

    def bounds(self, latency: float, per_minute: int) -> str:
        """Both bounds in words."""
        threads = Ways().at_once
        chain, pace = self.chain(latency, threads), self.pace(latency, per_minute)
        counts = ", ".join(f"{self.times[kind]:,} {kind}" for kind in _KINDS)
        limit = f"{per_minute:,} a minute" if per_minute < _UNLIMITED else "no limit"
        said = f"{self.total:,} requests ({counts}), {self.refused} refused"
        which = "the pace" if pace > chain else "the chain"
        return f"{said}; chain {chain:.1f} s at {threads} threads, pace {pace:.1f} s at {limit}: bound by {which}"


def figures(directory: Path, agreements: int = 1000, latency: float = 0.2) -> Iterator[tuple[Figure, str]]:
    """Each row, and what its critical path is made of."""
    environ = _world(directory, agreements)
    with running(directory) as url:
        delay = {"system": "connectwise", "kind": "delay", "seconds": latency, "times": None}
        _control(url, "POST", "faults", delay)
        for per_minute in (VENDOR_PER_MINUTE, _UNLIMITED):
            with _limited(directory, url, per_minute):
                yield _row(directory, url, environ, agreements, latency, per_minute)


def _row(
    directory: Path, url: str, environ: dict[str, str], agreements: int, latency: float, per_minute: int
) -> tuple[Figure, str]:
    _control(url, "DELETE", "requests")
    limit = f"{per_minute:,} a minute" if per_minute < _UNLIMITED else "no limit"
    what = f"plan, {agreements:,} agreements, {latency * 1000:.0f} ms, {limit}"
    figure = measured(what, ["-C", str(directory), "plan"], 1, environ)
    asked = _asked(_control(url, "GET", "requests")["requests"])
    path = max(asked.chain(latency, Ways().at_once), asked.pace(latency, per_minute))
    budget = f"{figure.seconds / path:.2f} of the critical path of {path:.1f} s, at most {BUDGET:.2f}"
    return replace(figure, budget=budget), asked.bounds(latency, per_minute)


def _asked(requests: list[dict[str, Any]]) -> Asked:
    served = [one for one in requests if one["system"] == "connectwise"]
    paths = [one["path"] for one in served if one["status"] != 429]
    kinds = Counter(next(kind for kind in reversed(_KINDS) if kind in path) for path in paths)
    return Asked(kinds, len(served) - len(paths))


@contextmanager
def _limited(directory: Path, url: str, per_minute: int) -> Iterator[None]:
    """Let the sandbox refuse above a limit that psarecon knows, or neither of them have one."""
    path = directory / "psarecon.yaml"
    text = path.read_text("utf-8")
    limit = per_minute if per_minute < _UNLIMITED else 0
    _control(url, "POST", "rules", {"cw_per_minute": limit})
    if not limit:
        old = "connectwise: {type: connectwise,"
        path.write_text(text.replace(old, f"{old} requests_per_minute: {per_minute},", 1), "utf-8")
    yield
    path.write_text(text, "utf-8")


def _world(directory: Path, agreements: int) -> dict[str, str]:
    """A client for each agreement, every third to change; quantities are fixed, so that only the PSA is asked."""
    with building(directory, today=date(2026, 11, 18)) as builder:
        product = builder.add_product("JC-PLATFORM")
        for number in range(agreements):
            _client(builder, number, product)
        write_config(directory, builder.world, builder.clients, products=_FIXED)
        return environment(builder.world)


def _client(builder: Builder, number: int, product: int) -> None:
    name = f"Client {number:05d}"
    company = builder.add_cw_company(name)
    agreement = builder.add_agreement(company)
    addition = builder.add_addition(agreement, product, quantity=10)
    lines = [MappedLine(_PRODUCT, agreement, addition, {"fixed": 10 if number % 3 else 14})]
    builder.map_client(name, builder.add_organization(name, users=10), company, lines, psa="connectwise")


def _control(url: str, method: str, what: str, body: dict[str, Any] | None = None) -> Any:
    answer = httpx.request(method, f"{url}/_sandbox/{what}", json=body, timeout=60, trust_env=False)
    return answer.raise_for_status().json() if answer.content else None


def main() -> None:
    """Print each row and its bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agreements", type=int, default=1000)
    parser.add_argument("--milliseconds", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="psarecon-bench-") as directory:
        for figure, bounds in figures(Path(directory) / "msp", args.agreements, args.milliseconds / 1000):
            print(f"{figure.what}: {figure.seconds:.2f} s, {figure.mebibytes:.0f} MiB; {figure.budget}")
            print(f"  {bounds}", flush=True)


if __name__ == "__main__":
    main()
