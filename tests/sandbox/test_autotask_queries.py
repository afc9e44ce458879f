"""Queries, paging, metadata and access of the emulated Autotask."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from psarecon.sandbox.build import Builder

from .conftest import CONTRACT, LINE, SERVICE, Serve, Site, one_client, search, where


def crowd(builder: Builder) -> None:
    """1,203 companies with the ids 0 to 1202."""
    for number in range(1203):
        builder.add_company(f"Company {number:04d}", id=number)


def refusal(site: Site, entity: str, *conditions: Any, **more: Any) -> str:
    """The one error text of a refused query."""
    answer = site.autotask.post(f"/{entity}/query", json={"filter": list(conditions), **more})
    assert answer.status_code == 500
    texts: list[str] = answer.json()["errors"]
    assert len(texts) == 1
    return texts[0]


def test_zone_discovery_needs_no_credentials_and_ends_in_a_slash(site: Site) -> None:
    """A known user gets the zone's base address on this very server."""
    answer = httpx.get(f"{site.url}/ATServicesRest/V1.0/ZoneInformation", params={"user": site.headers["UserName"]})
    assert answer.json()["url"] == f"{site.url}/ATServicesRest/"
    assert answer.json()["ci"] == 90001


def test_an_unknown_user_has_no_zone(site: Site) -> None:
    """Zone discovery refuses with 500 and the quoted text."""
    answer = httpx.get(f"{site.url}/ATServicesRest/V1.0/ZoneInformation", params={"user": "x@example.invalid"})
    assert (answer.status_code, answer.json()) == (500, {"errors": ["Zone information could not be determined"]})


def test_two_versions_are_listed_and_the_second_is_not_there(site: Site) -> None:
    """A client that takes the last version fails."""
    assert httpx.get(f"{site.url}/ATServicesRest/VersionInformation").json() == {"apiVersions": ["V1.0", "V2.0"]}
    assert httpx.get(f"{site.url}/ATServicesRest/V2.0/ZoneInformation").status_code == 404


@pytest.mark.parametrize(
    ("header", "status"), [("UserName", 500), ("ApiIntegrationCode", 500), ("Secret", 401)]
)  # fmt: skip
def test_authentication_failures_have_different_statuses(site: Site, header: str, status: int) -> None:
    """Only a wrong secret is a 401."""
    answer = site.autotask.get("/Companies/0", headers={header: "wrong"})
    assert answer.status_code == status
    assert len(answer.json()["errors"]) == 1


def test_repeated_failures_lock_the_user_until_the_rule_is_posted(site: Site) -> None:
    """After the set number of failures the right secret is refused as well."""
    site.tell("/rules", lock_after=2)
    for _ in range(2):
        site.autotask.get("/Companies/0", headers={"Secret": "wrong"})
    assert site.autotask.get("/Companies/0").status_code == 401
    site.tell("/rules", lock_after=2)
    assert site.autotask.get("/Companies/0").status_code == 200


def test_company_zero_is_a_company(site: Site) -> None:
    """The id 0 can be read and queried."""
    assert site.autotask.get("/Companies/0").json()["item"]["companyName"] == "Sandbox MSP"
    assert [item["id"] for item in site.query("Companies", where("exist", "id"))] == [0, 174]


def test_an_unknown_id_is_an_empty_item(site: Site) -> None:
    """A missing record is 200 with null, not 404."""
    answer = site.autotask.get("/Contracts/1")
    assert (answer.status_code, answer.json()) == (200, {"item": None})


def test_paths_and_property_names_are_matched_without_case(site: Site) -> None:
    """Lower-case paths and upper-case property names work."""
    answer = httpx.post(
        f"{site.url}/atservicesrest/v1.0/contractservices/QUERY",
        headers=site.headers,
        json={"FILTER": [{"OP": "EQ", "Field": "ContractId", "VALUE": CONTRACT}], "includefields": ["ID", "UNITCOST"]},
    )
    assert answer.json()["items"] == [{"id": LINE, "unitCost": 9.0}]


def test_get_and_post_queries_give_the_same(site: Site) -> None:
    """The search parameter carries the same query as the body."""
    condition = where("beginsWith", "companyName", "acme")
    found = site.autotask.get("/Companies/query", params=search(condition)).json()["items"]
    assert [item["id"] for item in found] == [174] == [item["id"] for item in site.query("Companies", condition)]


@pytest.mark.parametrize(
    ("operator", "field", "value", "ids"),
    [
        ("eq", "id", 174, [174]),
        ("noteq", "id", 174, [0]),
        ("gt", "id", 0, [174]),
        ("gte", "id", 0, [0, 174]),
        ("lt", "id", 174, [0]),
        ("lte", "id", 174, [0, 174]),
        ("endsWith", "companyName", "MSP", [0]),
        ("contains", "companyName", "søn", [174]),
        ("exist", "parentCompanyID", None, []),
        ("notExist", "parentCompanyID", None, [0, 174]),
        ("in", "id", [0, "174"], [0, 174]),
        ("notIn", "id", [0], [174]),
        ("eq", "isActive", True, [0, 174]),
    ],
)
def test_each_operator_selects(site: Site, operator: str, field: str, value: Any, ids: list[int]) -> None:
    """The real operators choose the companies they should."""
    assert [item["id"] for item in site.query("Companies", where(operator, field, value))] == ids


def test_groups_nest(site: Site) -> None:
    """`or` and `and` combine conditions."""
    both = {"op": "or", "items": [where("eq", "id", 0), where("eq", "id", 174)]}
    narrowed = {"op": "and", "items": [both, where("noteq", "companyName", "Sandbox MSP")]}
    assert [item["id"] for item in site.query("Companies", both)] == [0, 174]
    assert [item["id"] for item in site.query("Companies", narrowed)] == [174]
    assert [item["id"] for item in site.query("Companies", both, where("lt", "id", 9))] == [0]


@pytest.mark.parametrize("operator", ["startsWith", "isNull", "isNotNull", "between"])
def test_operators_that_do_not_exist_are_refused(site: Site, operator: str) -> None:
    """Operators that only bad guides know are errors."""
    assert operator.lower() in refusal(site, "Companies", where(operator, "companyName", "x"))


def test_a_query_without_a_filter_is_refused(site: Site) -> None:
    """An empty filter is an error, not everything."""
    assert "filter" in refusal(site, "Companies")


def test_unknown_fields_and_bad_values_are_refused(site: Site) -> None:
    """Each names the field."""
    assert "colour" in refusal(site, "Companies", where("eq", "colour", 1))
    assert "colour" in refusal(site, "Companies", where("exist", "id"), IncludeFields=["colour"])
    assert "isActive" in refusal(site, "Companies", where("eq", "isActive", "true"))
    assert "id" in refusal(site, "Companies", where("eq", "id", 10**30))
    assert "MaxRecords" in refusal(site, "Companies", where("exist", "id"), MaxRecords=501)


def test_more_than_500_or_conditions_are_refused(site: Site) -> None:
    """500 values are fine, 501 get the quoted text, whether as `in` or as `or`."""
    text = "Invalid query syntax. Queries are limited to 500 or fewer 'OR' conditions."
    assert site.query("Companies", where("in", "id", list(range(500)))) != []
    assert refusal(site, "Companies", where("in", "id", list(range(501)))) == text
    many = {"op": "or", "items": [where("eq", "id", number) for number in range(501)]}
    assert refusal(site, "Companies", many) == text


def test_a_post_query_goes_on_with_post_and_the_same_body(serve: Serve) -> None:
    """Three pages by id hold all 1,203 companies once, and a GET on the next page is a 405."""
    site = serve(crowd)
    body = {"filter": [where("gte", "id", 0)], "IncludeFields": ["id"]}
    url, ids = "/Companies/query", list[int]()
    while url:
        page = site.autotask.post(url, json=body).json()
        ids += [item["id"] for item in page["items"]]
        url = page["pageDetails"]["nextPageUrl"]
        if url:
            assert url.startswith(site.url)
            wrong = site.autotask.get(url)
            assert wrong.status_code == 405
            assert wrong.json() == {"Message": "The requested resource does not support http method 'GET'."}
    assert ids == list(range(1203))


def test_a_get_query_goes_on_with_get_and_can_go_back(serve: Serve) -> None:
    """The next address carries the search, the previous address leads back, and POST is a 405."""
    site = serve(crowd)
    first = site.autotask.get("/Companies/query", params=search(where("gte", "id", 0), MaxRecords=400)).json()
    second = site.autotask.get(first["pageDetails"]["nextPageUrl"]).json()
    assert [second["items"][0]["id"], second["items"][-1]["id"]] == [400, 799]
    assert site.autotask.get(second["pageDetails"]["prevPageUrl"]).json()["items"] == first["items"]
    assert site.autotask.post(first["pageDetails"]["nextPageUrl"], json={}).status_code == 405


def test_the_last_page_has_no_next(site: Site) -> None:
    """The page details of a single page name no other."""
    answer = site.autotask.post("/Companies/query", json={"filter": [where("exist", "id")]}).json()
    assert answer["pageDetails"] == {"count": 2, "requestCount": 500, "prevPageUrl": None, "nextPageUrl": None}


def test_more_pages_need_the_id_among_the_fields(serve: Serve) -> None:
    """A query that leaves the id out may not have a second page."""
    site = serve(crowd)
    assert "id field" in refusal(site, "Companies", where("exist", "id"), IncludeFields=["companyName"])


def test_counting_needs_no_pages(serve: Serve) -> None:
    """query/count says how many records there are."""
    site = serve(crowd)
    answer = site.autotask.post("/Companies/query/count", json={"filter": [where("gt", "id", 2)]})
    assert answer.json() == {"queryCount": 1200}


def test_child_lists_belong_to_their_contract(site: Site) -> None:
    """A contract's services and unit rows can be read below it."""
    services = site.autotask.get(f"/Contracts/{CONTRACT}/Services").json()["items"]
    rows = site.autotask.get(f"/Contracts/{CONTRACT}/ServiceUnits").json()["items"]
    assert [(item["id"], item["serviceID"], item["unitCost"]) for item in services] == [(LINE, SERVICE, 9.0)]
    assert len(rows) == 36


def test_a_long_child_list_has_pages(serve: Serve) -> None:
    """A contract of 50 years has 600 monthly rows on two pages."""

    def long(builder: Builder) -> None:
        builder.add_contract(0, id=1, start=date(2000, 1, 31), end=date(2050, 1, 30))
        builder.add_line(1, builder.add_service("S"), units=1)

    site = serve(long)
    first = site.autotask.get("/Contracts/1/ServiceUnits").json()
    second = site.autotask.get(first["pageDetails"]["nextPageUrl"]).json()
    rows = first["items"] + second["items"]
    assert (len(first["items"]), len(second["items"]), len({row["id"] for row in rows})) == (500, 100, 600)
    assert [row["startDate"][:10] for row in rows[:4]] == ["2000-01-31", "2000-02-29", "2000-03-31", "2000-04-30"]


def test_metadata_names_picklists_with_text_values(site: Site) -> None:
    """Picklist values are strings even where records carry numbers."""
    fields = {field["name"]: field for field in
              site.autotask.get("/Contracts/entityInformation/fields").json()["fields"]}  # fmt: skip
    assert [(v["value"], v["label"]) for v in fields["status"]["picklistValues"]] == [
        ("1", "Active"),
        ("0", "Inactive"),
    ]
    assert ("2", "Monthly") in [(v["value"], v["label"]) for v in fields["contractPeriodType"]["picklistValues"]]
    assert fields["companyID"]["isReadOnly"] is True


def test_metadata_says_what_an_entity_allows(site: Site) -> None:
    """Adjustments can be created and nothing else."""
    info = site.autotask.get("/ContractServiceAdjustments/entityInformation").json()["info"]
    assert (info["canCreate"], info["canQuery"], info["canUpdate"], info["canDelete"]) == (True, False, False, False)
    assert site.autotask.get("/Services/entityInformation/userDefinedFields").status_code == 404


def test_adjustments_cannot_be_queried_or_deleted(site: Site) -> None:
    """A query is a 500 with the quoted text, other verbs a 405."""
    assert refusal(site, "ContractServiceAdjustments", where("exist", "id")) == (
        "This entity type does not support the query action."
    )
    answer = site.autotask.delete("/ContractServiceAdjustments")
    assert answer.json() == {"Message": "The requested resource does not support http method 'DELETE'."}
    assert site.autotask.get("/Invoices/1").status_code == 404


def test_the_threshold_counts_every_request(site: Site) -> None:
    """The hourly count rises by one with each request."""
    first, second = (site.autotask.get("/ThresholdInformation").json() for _ in range(2))
    assert first == {"externalRequestThreshold": 10000, "requestThresholdTimeframe": 60,
                     "currentTimeframeRequestCount": 1}  # fmt: skip
    assert second["currentTimeframeRequestCount"] == 2


def test_the_hourly_limit_can_be_switched_on(site: Site) -> None:
    """Beyond the set number every request is a 429."""
    site.tell("/rules", hourly_limit=2)
    assert [site.autotask.get("/Companies/0").status_code for _ in range(3)] == [200, 200, 429]


def test_patching_a_line_changes_descriptions_and_ignores_the_cost(site: Site) -> None:
    """The id is in the body; unitCost is passed over unless the rule says otherwise."""
    body = {"id": LINE, "invoiceDescription": "Seats", "unitCost": 8.5}
    path = f"/Contracts/{CONTRACT}/Services"
    assert site.autotask.patch(path, json=body).json() == {"itemId": LINE}
    item = site.autotask.get(f"/ContractServices/{LINE}").json()["item"]
    assert (item["invoiceDescription"], item["unitCost"]) == ("Seats", 9.0)
    site.tell("/rules", patch_unit_cost="accepted")
    site.autotask.patch(path, json=body)
    assert site.autotask.get(f"/ContractServices/{LINE}").json()["item"]["unitCost"] == 8.5
    site.tell("/rules", patch_unit_cost="refused")
    assert site.autotask.patch(path, json=body).status_code == 500


def test_patching_a_contract_moves_its_end(site: Site) -> None:
    """A writable field of a root entity changes."""
    assert site.autotask.patch("/Contracts", json={"id": CONTRACT, "endDate": "2026-12-31T00:00:00"}).status_code == 200
    assert site.autotask.get(f"/Contracts/{CONTRACT}").json()["item"]["endDate"] == "2026-12-31T00:00:00Z"


def test_the_world_of_the_fixture_has_36_periods(serve: Serve) -> None:
    """The last day of a contract is inside its last period."""
    rows = serve(one_client).rows(since="2027-12-01", until="2028-12-31")
    assert rows == [("2027-12-01", "2027-12-31", 14, 126.0)]
