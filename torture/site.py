"""The sandbox of a worker, in a process of its own: a fresh world for each run, behind real HTTP."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running
from psarecon.sandbox.world import world_path
from torture.scenario import LINES, LineSpec, Scenario

TODAY = date(2026, 11, 20)
NOW = "2026-11-20T17:00:00Z"
PRODUCT, SOURCE, METRIC = "seats", "exports", "users"
_PRODUCTS = {PRODUCT: {"source": SOURCE, "metric": METRIC, "quantity": "high-water-mark", "unit_cost": "9.00"}}
_SPAWN = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class World:
    """What a fresh world is like: its address, the credentials, and the lines' ids and contracts by position."""

    url: str
    environ: dict[str, str]
    lines: tuple[str, ...]
    contracts: tuple[str, ...]


def organization(position: int) -> str:
    """How the source calls the client of a line."""
    return f"client-{position}"


def write_settings(directory: Path, psa: str, ledger: str) -> None:
    """Settings and mapping of the worker's directory: the same for each of its runs, whatever the figures."""
    with building(directory, today=TODAY) as builder:
        _build(builder, psa, [LineSpec(10, "9.00", 10, None)] * LINES)
        write_config(directory, builder.world, builder.clients, products=_PRODUCTS)
    path = directory / "psarecon.yaml"
    text = path.read_text("utf-8").replace("ledger: sqlite:.psarecon/ledger.db", f"ledger: {ledger}")
    jumpcloud = 'jumpcloud: {type: jumpcloud, url: "file:.sandbox/url", api_key: "env:JUMPCLOUD_API_KEY"}'
    text = text.replace(jumpcloud, f'{SOURCE}: {{type: files, path: "usage/*"}}')
    path.write_text(text, "utf-8")
    for client in (directory / "clients").glob("*.yaml"):
        client.write_text(client.read_text("utf-8").replace("{jumpcloud: ", f"{{{SOURCE}: "), "utf-8")


def _build(builder: Builder, psa: str, lines: list[LineSpec]) -> tuple[list[str], list[str]]:
    made = _in_autotask(builder, lines) if psa == "autotask" else _in_connectwise(builder, lines)
    for position, (company, contract, line) in enumerate(made):
        known = {"jumpcloud": organization(position)}
        builder.map_client(f"Client {position}", known, company, [MappedLine(PRODUCT, contract, line)], psa=psa)
    return [str(line) for _, _, line in made], [str(contract) for _, contract, _ in made]


def _in_autotask(builder: Builder, lines: list[LineSpec]) -> list[tuple[int, int, int]]:
    service, found = builder.add_service("Seats"), []
    for position, spec in enumerate(lines):
        company = builder.add_company(f"Client {position}")
        contract = builder.add_contract(company)
        line = builder.add_line(contract, service, units=spec.units, unit_cost=spec.cost)
        found.append((company, contract, line))
    return found


def _in_connectwise(builder: Builder, lines: list[LineSpec]) -> list[tuple[int, int, int]]:
    product, company = builder.add_product("SEATS"), builder.add_cw_company("Client 0")
    agreement = builder.add_agreement(company)
    added = [builder.add_addition(agreement, product, quantity=one.units, unit_cost=one.cost) for one in lines]
    return [(company, agreement, line) for line in added]


def _serve(pipe: Connection, inherited: Connection, directory: Path) -> None:
    """World after world, for as long as the worker lives."""
    inherited.close()
    with ExitStack() as stack:
        while True:
            try:
                scenario: Scenario = pipe.recv()
            except EOFError:
                return
            stack.close()
            for path in world_path(directory).parent.glob("world.db*"):
                path.unlink()
            with building(directory, today=TODAY) as builder:
                lines, contracts = _build(builder, scenario.psa, list(scenario.lines))
                environ = environment(builder.world)
            url = stack.enter_context(running(directory))
            pipe.send(World(url, environ, tuple(lines), tuple(contracts)))


class Site:
    """The server process at our orders, and the sandbox's own control interface."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._control = httpx.Client(timeout=30, trust_env=False)
        self._url = ""

    def fresh(self, scenario: Scenario) -> World:
        """A world as the scenario begins; the one before is gone."""
        self._pipe.send(scenario)
        world: World = self._pipe.recv()
        self._control.close()
        self._control = httpx.Client(timeout=30, trust_env=False, verify=False)  # noqa: S501  # plain HTTP to this machine
        self._url = world.url
        return world

    def ask(self, method: str, what: str, body: Any = None) -> Any:
        """A call of the control interface, which must go well."""
        answer = self._control.request(method, f"{self._url}/_sandbox/{what}", json=body)
        if answer.status_code >= 300:
            raise RuntimeError(f"the sandbox refused {what}: {answer.text}")
        return answer.json()

    def truth(self) -> dict[str, dict[str, Any]]:
        """By line: what the sandbox says is true."""
        return {line["id"]: line for line in self.ask("GET", "world")["lines"]}

    def requests(self) -> list[dict[str, Any]]:
        """Every request since the last ``forget``."""
        found: list[dict[str, Any]] = self.ask("GET", "requests")["requests"]
        return found

    def close(self) -> None:
        """Close the control connection and let the server process end."""
        self._control.close()
        self._pipe.close()


@contextmanager
def serving(directory: Path) -> Iterator[Site]:
    """A site whose server lives in another process, so that this one may fork without threads."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs, ours, directory), daemon=True)
    process.start()
    theirs.close()
    site = Site(ours)
    try:
        yield site
    finally:
        site.close()
        process.terminate()
        process.join(10)
