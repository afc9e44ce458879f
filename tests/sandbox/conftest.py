"""A small world with one client, served over real HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from psarecon.sandbox.build import Builder, building
from psarecon.sandbox.serve import running
from psarecon.sandbox.world import World

TODAY = date(2026, 11, 21)
LINE, CONTRACT, COMPANY, SERVICE = 8001, 29683353, 174, 301
ORGANIZATION = "624d9eae6849cf3b3f93dc56"
BASE = "/ATServicesRest/V1.0"
CW_BASE = "/v4_6_release/apis/3.0"
CW_COMPANY, AGREEMENT, PRODUCT, ADDITION = 250001, 500871, 752, 3000589
SEATS = "18273"


class Site:
    """A served world and the two vendors' clients."""

    def __init__(self, directory: Path, url: str, stack: ExitStack) -> None:
        """Open the clients with the world's credentials."""
        self.directory, self.url = directory, url
        with World.open(directory) as world:
            self.headers = {name: world.need(f"autotask_{key}") for name, key in _HEADERS.items()}
            self.key = {"x-api-key": world.need("jumpcloud_api_key")}
            self.provider = world.need("jumpcloud_provider")
            self.cw_headers, self.lp_headers = cw_headers(world), {"Authorization": f"api-key {_key(world)}"}
        self.autotask = stack.enter_context(client(url + BASE, self.headers))
        self.jumpcloud = stack.enter_context(client(url, self.key))
        self.connectwise = stack.enter_context(client(url + CW_BASE, self.cw_headers))
        self.lastpass = stack.enter_context(client(url + "/business/v1", self.lp_headers))
        self.control = stack.enter_context(client(url + "/_sandbox"))

    def query(self, entity: str, *conditions: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """The items of one page of a POST query."""
        answer = self.autotask.post(f"/{entity}/query", json={"filter": list(conditions), **more})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def rows(self, line: int = LINE, *, since: str = "2026-11-01", until: str = "2026-12-31") -> list[Any]:
        """(start, end, units, cost) of the rows of a line that start in a span of days."""
        items = self.query("ContractServiceUnits", where("eq", "contractServiceID", line),
                           where("gte", "startDate", since), where("lte", "startDate", until))  # fmt: skip
        return [(item["startDate"][:10], item["endDate"][:10], item["units"], item["cost"]) for item in items]

    def adjust(self, line: int = LINE, day: str = "2026-11-01", **changes: Any) -> httpx.Response:
        """Post one adjustment."""
        body = {"contractServiceID": line, "contractID": CONTRACT, "effectiveDate": day, **changes}
        return self.autotask.post(f"/Contracts/{CONTRACT}/ServiceAdjustments", json=body)

    def truth(self, line: int = LINE) -> dict[str, Any]:
        """What the sandbox says of a line."""
        lines: list[dict[str, Any]] = self.control.get("/world").json()["lines"]
        return next(entry for entry in lines if entry["id"] == str(line))

    def tell(self, path: str, /, **body: Any) -> httpx.Response:
        """Post to a control path, which must accept it."""
        answer = self.control.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer


def client(base: str, headers: dict[str, str] | None = None) -> httpx.Client:
    """An HTTP client; it skips loading certificates, which takes longer than a whole test."""
    return httpx.Client(base_url=base, headers=headers, timeout=10, verify=False)  # noqa: S501  # plain HTTP to this machine has nothing to verify


def cw_headers(world: World) -> dict[str, str]:
    """What a ConnectWise client sends with every request."""
    company, public, private = (world.need(f"connectwise_{key}") for key in ("company", "public_key", "private_key"))
    known = base64.b64encode(f"{company}+{public}:{private}".encode()).decode()
    return {"Authorization": f"Basic {known}", "clientId": world.need("connectwise_client_id"),
            "Accept": "application/vnd.connectwise.com+json; version=2026.4"}  # fmt: skip


def _key(world: World) -> str:
    return world.need("lastpass_api_key")


_HEADERS = {"UserName": "username", "Secret": "secret", "ApiIntegrationCode": "integration_code"}
Serve = Callable[[Callable[[Builder], None]], Site]


def where(operator: str, field: str, value: Any = None) -> dict[str, Any]:
    """One condition of a query."""
    return {"op": operator, "field": field, "value": value}


def search(*conditions: dict[str, Any], **more: Any) -> dict[str, str]:
    """The query parameters of a GET query."""
    return {"search": json.dumps({"filter": list(conditions), **more})}


def one_client(builder: Builder) -> None:
    """A company with a monthly contract from 2025-01-01 to 2027-12-31, 14 units at 9.00, and 17 users."""
    builder.add_company("Sandbox MSP", id=0)
    builder.add_company("Acme & Søn [Oslo]", id=COMPANY)
    builder.add_service("JumpCloud Platform", id=SERVICE)
    builder.add_contract(COMPANY, id=CONTRACT, start=date(2025, 1, 1), end=date(2027, 12, 31))
    builder.add_line(CONTRACT, SERVICE, units=14, id=LINE)
    builder.add_organization("Acme & Søn [Oslo]", users=17, suspended=2, last_month=19, id=ORGANIZATION)


def one_agreement(builder: Builder) -> None:
    """A company with an agreement from 2025-01-01 without end, 14 units at 9.00, and 17 LastPass seats."""
    builder.add_cw_company("Acme & Søn [Oslo]", identifier="AcmeSon", id=CW_COMPANY)
    builder.add_product("JC-PLATFORM", description="JumpCloud Platform", id=PRODUCT)
    builder.add_agreement(CW_COMPANY, id=AGREEMENT, start=date(2025, 1, 1))
    builder.add_addition(AGREEMENT, PRODUCT, quantity=14, id=ADDITION)
    builder.add_lastpass_company("Acme & Søn [Oslo]", users=17, disabled=2, invited=1, last_month=19, id=SEATS)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Build a world, serve it until the test ends, and give its site."""
    with ExitStack() as stack:

        def start(build: Callable[[Builder], None]) -> Site:
            with building(tmp_path, today=TODAY) as builder:
                build(builder)
            return Site(tmp_path, stack.enter_context(running(tmp_path)), stack)

        yield start


@pytest.fixture
def site(serve: Serve) -> Site:
    """The world with one client, served."""
    return serve(one_client)


@pytest.fixture
def other(serve: Serve) -> Site:
    """The world with one client of ConnectWise and LastPass, served."""
    return serve(one_agreement)
