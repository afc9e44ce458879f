"""JumpCloud's own PSA integrations, and the price it says it takes."""

from __future__ import annotations

from typing import Any

import pytest

from psarecon.sandbox.build import Builder
from psarecon.sandbox.jumpcloud.build import IntegrationMapping

from .conftest import (
    ADDITION,
    AGREEMENT,
    COMPANY,
    CONTRACT,
    CW_COMPANY,
    LINE,
    ORGANIZATION,
    Serve,
    Site,
    one_agreement,
    one_client,
)


def both(builder: Builder) -> None:
    """One client in Autotask and one in ConnectWise; the second organization has a price."""
    one_client(builder)
    one_agreement(builder)
    builder.add_organization("Bolt", users=5, id="624d9eae6849cf3b3f93dc57", price_per_user=900)


def listed(site: Site, path: str, **params: Any) -> dict[str, Any]:
    """One answer of JumpCloud, which must come."""
    answer = site.jumpcloud.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def base(site: Site, psa: str) -> str:
    """Where the lists of an integration are."""
    records = listed(site, f"/api/v2/providers/{site.provider}/integrations")["records"]
    return next(f"/api/v2/integrations/{psa}/{one['integrationId']}" for one in records if one["type"] == psa)


def test_no_integration_is_switched_on(serve: Serve) -> None:
    """The envelope is `records`."""
    site = serve(both)
    path = f"/api/v2/providers/{site.provider}/integrations"
    assert listed(site, path) == {"records": [], "totalCount": 0}
    assert site.jumpcloud.get(path, headers={"x-org-id": ORGANIZATION}).status_code == 403
    assert site.jumpcloud.get("/api/v2/providers/5/integrations").status_code == 404
    assert site.jumpcloud.get("/api/v2/integrations/autotask/5/mappings").status_code == 404


def test_an_autotask_mapping_names_the_contract_service(serve: Serve) -> None:
    """Every id is a text; users who are not billed are told."""

    def build(builder: Builder) -> None:
        both(builder)
        builder.integrate("autotask", [IntegrationMapping(ORGANIZATION, COMPANY, LINE, 3)])

    site = serve(build)
    found = listed(site, f"{base(site, 'autotask')}/mappings")
    assert found == {"totalCount": 1, "records": [{
        "organization": {"id": ORGANIZATION, "name": "Acme & Søn [Oslo]"},
        "company": {"id": str(COMPANY), "name": "Acme & Søn [Oslo]"},
        "contract": {"id": str(CONTRACT), "name": "Managed services"},
        "service": {"id": str(LINE), "name": "JumpCloud Platform", "nonBillableUsers": 3},
        "lastSyncStatus": "SUCCESS", "lastSyncDateTime": "2026-11-21T17:00:00Z",
    }]}  # fmt: skip


def test_a_connectwise_mapping_is_switched_on_by_an_edit(serve: Serve) -> None:
    """It names the addition by its product; a mapping for tickets only has neither agreement nor addition."""
    site = serve(both)
    mappings = [
        {"organization": ORGANIZATION, "company": str(CW_COMPANY), "line": str(ADDITION)},
        {"organization": "624d9eae6849cf3b3f93dc99", "company": str(CW_COMPANY)},
    ]
    site.tell("/edit", integration="connectwise", mappings=mappings)
    records = listed(site, f"{base(site, 'connectwise')}/mappings")["records"]
    assert records[0]["agreement"] == {"id": str(AGREEMENT), "name": "Managed services"}
    assert records[0]["addition"] == {"id": str(ADDITION), "name": "JC-PLATFORM"}
    assert {"agreement", "addition"} & set(records[1]) == set()
    assert records[1]["organization"] == {"id": "624d9eae6849cf3b3f93dc99", "name": ""}
    site.tell("/edit", integration="connectwise", enabled=False)
    assert listed(site, f"/api/v2/providers/{site.provider}/integrations")["totalCount"] == 0


def test_mappings_come_ten_at_a_time(serve: Serve) -> None:
    """The total is whole."""

    def build(builder: Builder) -> None:
        both(builder)
        builder.integrate("autotask", [IntegrationMapping(ORGANIZATION, COMPANY, LINE)] * 13)

    site = serve(build)
    path = f"{base(site, 'autotask')}/mappings"
    sizes = [len(listed(site, path, **params)["records"]) for params in ({}, {"limit": 100}, {"skip": 10})]
    assert sizes == [10, 13, 3]
    assert listed(site, path)["totalCount"] == 13


def test_the_other_lists_have_the_envelopes_of_the_specification(serve: Serve) -> None:
    """Companies are `records`, the rest `results`; ids are texts."""
    site = serve(both)
    for psa in ("autotask", "connectwise"):
        site.tell("/edit", integration=psa, mappings=[])
    own = base(site, "autotask")
    assert listed(site, f"{own}/companies")["records"][0] == {"id": "0", "name": "Sandbox MSP"}
    assert listed(site, f"{own}/contracts")["results"][0]["companyId"] == str(COMPANY)
    assert listed(site, f"{own}/contracts/services")["results"] == [
        {"id": str(LINE), "name": "JumpCloud Platform", "contractId": str(CONTRACT)}
    ]
    own = base(site, "connectwise")
    assert listed(site, f"{own}/companies")["records"][0]["id"] == str(CW_COMPANY)
    assert listed(site, f"{own}/agreements")["results"][0]["companyId"] == str(CW_COMPANY)
    assert listed(site, f"{own}/agreements/{AGREEMENT}/additions")["results"] == [
        {"id": str(ADDITION), "name": "JC-PLATFORM"}
    ]
    assert site.jumpcloud.get(f"{own}/contracts").status_code == 404


@pytest.mark.parametrize(
    ("body", "word"),
    [({"integration": "halo", "mappings": []}, "integration"), ({"integration": "autotask"}, "say what changes"),
     ({"integration": "autotask", "mappings": {}}, "mappings"),
     ({"integration": "autotask", "mappings": [{"organization": "x"}]}, "company"),
     ({"integration": "autotask", "mappings": [{"organization": "x", "company": "1", "line": "x"}]}, "line"),
     ({"integration": "autotask", "enabled": "no"}, "enabled")],
)  # fmt: skip
def test_a_wrong_order_is_refused_by_name(serve: Serve, body: dict[str, Any], word: str) -> None:
    """And no integration is switched on."""
    site = serve(both)
    answer = site.control.post("/edit", json=body)
    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert listed(site, f"/api/v2/providers/{site.provider}/integrations")["totalCount"] == 0


def test_an_organization_says_what_a_user_costs(serve: Serve) -> None:
    """A whole number whose unit nobody documents; without one there is no product."""
    site = serve(both)

    def prices(organization: str) -> list[int]:
        products = listed(site, f"/api/organizations/{organization}")["entitlement"]["entitlementProducts"]
        return [product["pricePerUser"] for product in products]

    assert (prices(ORGANIZATION), prices("624d9eae6849cf3b3f93dc57")) == ([], [900])
    site.tell("/edit", organization=ORGANIZATION, price_per_user=850)
    site.tell("/edit", organization="624d9eae6849cf3b3f93dc57", price_per_user=None)
    assert (prices(ORGANIZATION), prices("624d9eae6849cf3b3f93dc57")) == ([850], [])
