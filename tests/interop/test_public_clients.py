"""Clients that others wrote, pointed at the sandbox: what they expect of the live systems, the sandbox does.

Not part of the default install: ``make interop`` runs these in an environment of their own, with the versions of
``requirements/interop.txt``. What differed is in ``docs/vendors/public-clients.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from py_autotask.client import AutotaskClient
from py_autotask.types import QueryFilter, QueryRequest
from pyconnectwise import ConnectWiseManageAPIClient
from pydantic import ValidationError

from psarecon.sandbox.build import Builder, building
from psarecon.sandbox.config import environment
from psarecon.sandbox.serve import running

TODAY = date(2026, 11, 20)
AGREEMENTS = 60


@dataclass(frozen=True)
class Sandbox:
    """A served world, and where its few named things are."""

    url: str
    environ: dict[str, str]
    addition: int
    agreement: int
    line: int
    contract: int

    def truth(self, psa: str, line: int) -> dict[str, Any]:
        """The sandbox's word on a line."""
        lines = requests.get(f"{self.url}/_sandbox/world", timeout=10).json()["lines"]
        return next(one for one in lines if (one["psa"], one["id"]) == (psa, str(line)))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Sixty agreements and contracts; the last of each has a line of ten units at 9.00."""
    with building(tmp_path, today=TODAY) as builder:
        agreement, addition = _connectwise(builder)
        contract, line = _autotask(builder)
        environ = environment(builder.world)
    with running(tmp_path) as url:
        yield Sandbox(url, environ, addition, agreement, line, contract)


def _connectwise(builder: Builder) -> tuple[int, int]:
    product = builder.add_product("JC-PLATFORM")
    company = builder.add_cw_company("Acme Corp", identifier="Acme")
    agreements = [builder.add_agreement(company, name=f"Managed {number}") for number in range(AGREEMENTS)]
    return agreements[-1], builder.add_addition(agreements[-1], product, quantity="10", unit_cost="9.00")


def _autotask(builder: Builder) -> tuple[int, int]:
    service = builder.add_service("JumpCloud Platform")
    company = builder.add_company("Acme Corp")
    contracts = [builder.add_contract(company, name=f"Managed {number}") for number in range(AGREEMENTS)]
    return contracts[-1], builder.add_line(contracts[-1], service, units=10)


class PlainConnectWise(ConnectWiseManageAPIClient):
    """The client writes https into every address; on this machine the sandbox speaks plain HTTP."""

    def _get_url(self) -> str:
        return super()._get_url().replace("https://", "http://")

    def _try_get_codebase_from_api(self, manage_url: str, company_name: str, headers: dict[str, str]) -> str:
        answer = requests.get(f"http://{manage_url}/login/companyinfo/{company_name}", headers=headers, timeout=10)
        return str(answer.json()["Codebase"])


@pytest.fixture
def connectwise(sandbox: Sandbox) -> PlainConnectWise:
    """PyConnectWise with the sandbox's keys; the codebase is looked up over plain HTTP."""
    environ = sandbox.environ
    keys = (environ["CW_CLIENT_ID"], environ["CW_PUBLIC_KEY"], environ["CW_PRIVATE_KEY"])
    return PlainConnectWise("examplemsp", sandbox.url.removeprefix("http://"), *keys)


def test_pyconnectwise_lists_all_agreements_page_by_page(connectwise: PlainConnectWise) -> None:
    """Sixty agreements, twenty-five a page, by the Link header."""
    pages = connectwise.finance.agreements.paginated(1, 25)
    assert len({agreement.id for agreement in pages.all()}) == AGREEMENTS


def test_pyconnectwise_lists_and_patches_an_addition(connectwise: PlainConnectWise, sandbox: Sandbox) -> None:
    """Its model reads our record; its PATCH changes the quantity, and nothing else."""
    additions = connectwise.finance.agreements.id(sandbox.agreement).additions
    (one,) = additions.get()
    assert (one.id, one.product.identifier, one.quantity, one.unit_cost) == (sandbox.addition, "JC-PLATFORM", 10.0, 9.0)
    patched = additions.id(sandbox.addition).patch([{"op": "replace", "path": "quantity", "value": 14}])
    assert patched.quantity == 14.0
    truth = sandbox.truth("connectwise", sandbox.addition)
    assert (truth["quantity"], truth["unit_cost"], truth["writes"]) == ("14", "9.00", 1)


@pytest.fixture
def autotask(sandbox: Sandbox) -> Iterator[AutotaskClient]:
    """py-autotask with the sandbox's keys; its zone discovery is wired to the vendor's host, so the base is given."""
    environ = sandbox.environ
    keys = {
        "username": environ["AUTOTASK_USERNAME"],
        "integration_code": environ["AUTOTASK_INTEGRATION_CODE"],
        "secret": environ["AUTOTASK_SECRET"],
    }
    with AutotaskClient.create(**keys, api_url=f"{sandbox.url}/atservicesrest") as client:
        yield client


def test_py_autotask_queries_contracts_and_the_services_of_one(autotask: AutotaskClient, sandbox: Sandbox) -> None:
    """Lower-case paths and its own spelling of the query's names are understood."""
    assert len(autotask.query("Contracts").items) == AGREEMENTS
    only = QueryRequest(filter=[QueryFilter(op="eq", field="contractID", value=sandbox.contract)])
    (service,) = autotask.query("ContractServices", only).items
    assert (service["id"], service["unitCost"]) == (sandbox.line, 9)


def test_py_autotask_takes_an_applied_adjustment_for_a_failure(autotask: AutotaskClient, sandbox: Sandbox) -> None:
    """The answer carries no id, its model wants one: four units more are billed, and its caller sees an error."""
    body = {
        "contractID": sandbox.contract,
        "contractServiceID": sandbox.line,
        "effectiveDate": "2026-11-01",
        "unitChange": 4,
    }
    with pytest.raises(ValidationError, match="itemId"):
        autotask.create_child_entity("Contracts", sandbox.contract, "ServiceAdjustments", body)
    truth = sandbox.truth("autotask", sandbox.line)
    assert (truth["quantity"], truth["writes"]) == ("14", 1)
