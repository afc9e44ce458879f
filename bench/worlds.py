"""Worlds of the sandbox for the bench: so many lines of one PSA, five to a contract, every third client to change.

Quantities are fixed, so that a plan asks the PSA alone.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import SETTINGS, environment, write_config
from psarecon.sandbox.serve import running

#: Lines of a contract.
EACH = 5
_TODAY = date(2026, 11, 18)
_PRODUCT = "jumpcloud-platform"
_FIXED = {_PRODUCT: {"quantity": "fixed", "unit_cost": "9.00"}}
_SEATS, _MORE = 10, 14


@dataclass(frozen=True)
class Site:
    """A config directory with the world behind it. ``contracts``: the lines of each; ids as the PSA has them."""

    directory: Path
    psa: str
    environ: Mapping[str, str]
    contracts: Mapping[int, tuple[int, ...]]

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(map(len, self.contracts.values()))

    @contextmanager
    def served(self, **rules: int) -> Iterator[str]:
        """Serve it under these rules, with nothing remembered of earlier requests; its URL."""
        with running(self.directory) as url:
            control(url, "POST", "rules", rules)
            yield url

    def headers(self) -> dict[str, str]:
        """What the PSA wants to be told by a client."""
        if self.psa == "autotask":
            names = {"UserName": "USERNAME", "Secret": "SECRET", "ApiIntegrationCode": "INTEGRATION_CODE"}
            return {header: self.environ[f"AUTOTASK_{name}"] for header, name in names.items()}
        pair = f"examplemsp+{self.environ['CW_PUBLIC_KEY']}:{self.environ['CW_PRIVATE_KEY']}"
        said = base64.b64encode(pair.encode()).decode("ascii")
        return {"Authorization": f"Basic {said}", "clientId": self.environ["CW_CLIENT_ID"]}

    def addresses(self) -> list[str]:
        """The path of each line's own record."""
        if self.psa == "autotask":
            return [
                f"ATServicesRest/V1.0/ContractServices/{line}" for lines in self.contracts.values() for line in lines
            ]
        root = "v4_6_release/apis/3.0/finance/agreements"
        return [f"{root}/{one}/additions/{line}" for one, lines in self.contracts.items() for line in lines]


def site(directory: Path, psa: str, lines: int) -> Site:
    """Build a world of so many lines, and the config directory that maps it."""
    with building(directory, today=_TODAY) as builder:
        product = (
            builder.add_product("JC-PLATFORM") if psa == "connectwise" else builder.add_service("JumpCloud Platform")
        )
        contracts = dict(_client(builder, psa, number, product) for number in range(lines // EACH))
        write_config(directory, builder.world, builder.clients, products=_FIXED)
        _at_once(directory / SETTINGS)
        return Site(directory, psa, environment(builder.world), contracts)


def _at_once(settings: Path) -> None:
    """As many requests at once as Autotask lets an integration have; unless told, psarecon leaves one to others."""
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("{type: autotask,", "{type: autotask, threads: 3,"), "utf-8")


def _client(builder: Builder, psa: str, number: int, product: int) -> tuple[int, tuple[int, ...]]:
    name, wanted = f"Client {number:05d}", {"fixed": _SEATS if number % 3 else _MORE}
    company = builder.add_cw_company(name) if psa == "connectwise" else builder.add_company(name)
    contract = builder.add_agreement(company) if psa == "connectwise" else builder.add_contract(company)
    lines = tuple(_line(builder, psa, contract, product) for _ in range(EACH))
    mapped = [MappedLine(_PRODUCT, contract, line, wanted) for line in lines]
    builder.map_client(name, builder.add_organization(name, users=_SEATS), company, mapped, psa=psa)
    return contract, lines


def _line(builder: Builder, psa: str, contract: int, product: int) -> int:
    if psa == "connectwise":
        return builder.add_addition(contract, product, quantity=_SEATS)
    return builder.add_line(contract, product, units=_SEATS)


def control(url: str, method: str, what: str, body: dict[str, Any] | None = None) -> Any:
    """Tell the sandbox something, or ask it."""
    answer = httpx.request(method, f"{url}/_sandbox/{what}", json=body, timeout=60, trust_env=False)
    return answer.raise_for_status().json() if answer.content else None
