"""What the tests of `probe` share: worlds with a contract that is there to be experimented on, and what it answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from harness import PRODUCT, TODAY, Ran, Rehearsal
from ruamel.yaml import YAML

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

Data = dict[str, Any]

#: What the sandbox calls its tenants.
TENANTS = {"autotask": "127.0.0.1/90001", "connectwise": "127.0.0.1/examplemsp"}
PRICE = "15.00"


@contextmanager
def autotask_tenant(directory: Path, *, posted: date | None = None, today: date = TODAY) -> Iterator[Rehearsal]:
    """A client's line, then a line of ten units on a contract for probes, then one on an inactive contract."""
    with building(directory, today=today) as builder:
        service = builder.add_service("JumpCloud Platform", unit_price="20.00")
        client, organization = _client(builder, service)
        ours = builder.add_company("Our own")
        asked = builder.add_contract(ours, name="psarecon probe", posted_before=posted)
        line = builder.add_line(asked, service, units=10, unit_cost="9.00", unit_price=PRICE)
        ended = builder.add_contract(ours, name="Set aside", status=0)
        inactive = builder.add_line(ended, service, units=10, unit_cost="9.00", unit_price=PRICE)
        write_config(directory, builder.world, builder.clients)
        environ = environment(builder.world)
    with running(directory) as url:
        yield Rehearsal(directory, url, environ, [str(one) for one in (client, line, inactive)], [organization])


def _client(builder: Builder, service: int) -> tuple[int, str]:
    company = builder.add_company("Acme Corp")
    contract = builder.add_contract(company)
    line = builder.add_line(contract, service, units=10, unit_price=PRICE)
    organization = builder.add_organization("Acme Corp", users=14, price_per_user=900)
    builder.map_client("Acme Corp", organization, company, [MappedLine(PRODUCT, contract, line, {})])
    return line, organization


def allow(found: Rehearsal, kind: str = "autotask") -> str:
    """Name the tenant as the test tenant in the settings; answers it."""
    tenant = TENANTS[kind]
    found.settings(f"{kind}: {{type: {kind},", f'{kind}: {{type: {kind}, test_tenant: "{tenant}",')
    return tenant


def probed(found: Rehearsal, *words: str, kind: str = "autotask") -> Ran:
    """A probe of the tenant that the settings allow."""
    return found.run("probe", "--tenant", allow(found, kind), *words)


def answers(found: Rehearsal, section: str = "psas", name: str = "autotask") -> dict[str, str]:
    """What capabilities.yaml says."""
    data = YAML(typ="safe").load((found.directory / "capabilities.yaml").read_text(encoding="utf-8"))
    given: dict[str, str] = data[section][name]["answers"]
    return given


def figures(found: Rehearsal) -> list[tuple[str, str, str, str]]:
    """Of every line of the world its id, quantity, cost and price, as they are true."""
    lines = found.control("GET", "world")["lines"]
    return [(one["id"], one["quantity"], one["unit_cost"], one["unit_price"]) for one in lines]


@contextmanager
def connectwise_tenant(directory: Path, *, auto_cost: bool = False, catalog: str = "9.00") -> Iterator[Rehearsal]:
    """A client's addition, then one of ten units on an agreement for probes."""
    with building(directory, today=TODAY) as builder:
        product = builder.add_product("JC-PLATFORM", unit_cost=catalog, auto_update_unit_cost=auto_cost)
        company = builder.add_cw_company("Acme Corp")
        agreement = builder.add_agreement(company)
        client = builder.add_addition(agreement, product, quantity=10, unit_cost="9.00")
        organization = builder.add_organization("Acme Corp", users=14)
        lines = [MappedLine(PRODUCT, agreement, client, {})]
        builder.map_client("Acme Corp", organization, company, lines, psa="connectwise")
        asked = builder.add_agreement(builder.add_cw_company("Our own"), name="psarecon probe")
        line = builder.add_addition(asked, product, quantity=10, unit_cost="9.00")
        write_config(directory, builder.world, builder.clients)
        environ = environment(builder.world)
    with running(directory) as url:
        yield Rehearsal(directory, url, environ, [str(client), str(line)], [organization])
