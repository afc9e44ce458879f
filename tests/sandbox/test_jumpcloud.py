"""The emulated JumpCloud."""

from __future__ import annotations

from typing import Any

import pytest

from psarecon.sandbox.build import Builder

from .conftest import ORGANIZATION, Serve, Site

ORG = {"x-org-id": ORGANIZATION}


def many(builder: Builder) -> None:
    """130 organizations with 1 to 130 users, two of them of one name."""
    for number in range(130):
        builder.add_organization(f"Client {max(1, number):03d}", users=number + 1)


def v2(site: Site, **params: Any) -> dict[str, Any]:
    """One page of the provider's organizations."""
    answer = site.jumpcloud.get(f"/api/v2/providers/{site.provider}/organizations", params=params)
    assert answer.status_code == 200
    page: dict[str, Any] = answer.json()
    return page


def test_a_wrong_key_is_a_401(site: Site) -> None:
    """The body is the vendor's."""
    answer = site.jumpcloud.get("/api/organizations", headers={"x-api-key": "wrong"})
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_the_provider_id_comes_from_get_self(site: Site) -> None:
    """Only the asked field is given."""
    answer = site.jumpcloud.get("/api/users/getSelf", params={"fields": "provider"})
    assert answer.json() == {"provider": site.provider}


def test_ten_organizations_come_unless_more_are_asked_for(serve: Serve) -> None:
    """The usual page is 10, the largest 100, and the total is always whole."""
    site = serve(many)
    sizes = [len(v2(site, **params)["results"]) for params in ({}, {"limit": 100}, {"limit": 1000}, {"skip": 125})]
    assert sizes == [10, 100, 100, 5]
    assert v2(site, skip=125)["totalCount"] == 130


def test_the_order_is_unstable_without_a_sort(serve: Serve) -> None:
    """The same request gives another order; with a sort it does not, and pages fit together."""
    site = serve(many)
    loose = [[one["id"] for one in v2(site, limit=100)["results"]] for _ in range(2)]
    assert loose[0] != loose[1]
    pages = [v2(site, limit=100, skip=skip, sort="id")["results"] for skip in (0, 100)]
    ids = [one["id"] for page in pages for one in page]
    assert ids == sorted(ids)
    assert len(set(ids)) == 130
    assert v2(site, limit=1, sort="-name")["results"][0]["name"] == "Client 129"


def test_v2_organizations_have_id_name_and_cap_but_no_usage(site: Site) -> None:
    """The documented fields, no more."""
    assert v2(site)["results"] == [{"id": ORGANIZATION, "name": "Acme & Søn [Oslo]", "maxSystemUsers": 0}]


def test_v2_filters_by_equality_and_membership(serve: Serve) -> None:
    """The total counts what the filter lets through."""
    site = serve(many)
    assert v2(site, filter="name:eq:Client 001")["totalCount"] == 2
    assert v2(site, filter="name:in:Client 005,Client 006", fields="name")["totalCount"] == 2
    assert site.jumpcloud.get(f"/api/v2/providers/{site.provider}/organizations",
                              params={"filter": "name:like:x"}).status_code == 400  # fmt: skip


def test_an_unknown_provider_is_not_found(site: Site) -> None:
    """Another provider's list is a 404."""
    assert site.jumpcloud.get("/api/v2/providers/000000000000000000000000/organizations").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "fields[0]=id&fields[1]=displayName&fields[2]=systemUsersCount&fields[3]=highWaterMarkLastMonth",
        "fields[]=displayName&fields[]=systemUsersCount&fields[]=highWaterMarkLastMonth",
        "fields=displayName systemUsersCount highWaterMarkLastMonth",
    ],
)
def test_v1_organizations_tell_usage_when_asked(site: Site, query: str) -> None:
    """All three ways of listing fields work; both id and _id come along."""
    answer = site.jumpcloud.get(f"/api/organizations?sort=_id&{query}").json()
    assert answer == {"totalCount": 1, "results": [{
        "_id": ORGANIZATION, "id": ORGANIZATION, "displayName": "Acme & Søn [Oslo]", "systemUsersCount": 17,
        "highWaterMarkLastMonth": 19,
    }]}  # fmt: skip


def test_v1_organizations_keep_usage_to_themselves_otherwise(site: Site) -> None:
    """Without fields neither count nor mark is there."""
    assert set(site.jumpcloud.get("/api/organizations").json()["results"][0]) == {"_id", "id", "displayName", "logoUrl"}


def test_one_organization_can_be_read(site: Site) -> None:
    """By its id; an unknown one is a 404."""
    found = site.jumpcloud.get(f"/api/organizations/{ORGANIZATION}").json()
    assert (found["_id"], found["provider"], found["settings"]["name"]) == (
        ORGANIZATION, site.provider, "Acme & Søn [Oslo]")  # fmt: skip
    assert site.jumpcloud.get("/api/organizations/000000000000000000000000").status_code == 404


@pytest.mark.parametrize("path", ["/api/organizations", "/api/v2/providers/x/organizations", "/api/organizations/x"])
def test_an_organization_header_is_forbidden_where_it_has_no_meaning(site: Site, path: str) -> None:
    """The provider's own routes answer 403."""
    assert site.jumpcloud.get(path, headers=ORG).status_code == 403


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 401), ("not-hex", 400), ("000000000000000000000000", 404), (ORGANIZATION, 200)],
)  # fmt: skip
def test_users_need_the_organization_header(site: Site, header: str | None, status: int) -> None:
    """Missing, malformed, unknown and right."""
    headers = {} if header is None else {"x-org-id": header}
    answer = site.jumpcloud.get("/api/systemusers", headers=headers)
    assert answer.status_code == status
    if header is None:
        assert answer.json() == {"message": "Unauthorized: no organization selected"}


def test_the_count_of_users_is_the_total_suspended_ones_included(site: Site) -> None:
    """One row is enough to learn the count."""
    answer = site.jumpcloud.get("/api/systemusers?limit=1&skip=0&fields=_id", headers=ORG).json()
    assert answer["totalCount"] == 17
    assert [set(user) for user in answer["results"]] == [{"_id"}]


def test_users_can_be_paged_without_repeating(site: Site) -> None:
    """Two pages hold the 17 users once."""
    pages = [site.jumpcloud.get(f"/api/systemusers?sort=_id&skip={skip}", headers=ORG).json()["results"]
             for skip in (0, 10)]  # fmt: skip
    assert [len(page) for page in pages] == [10, 7]
    assert len({user["_id"] for page in pages for user in page}) == 17


def test_users_can_be_filtered_and_searched_by_state(site: Site) -> None:
    """Two are suspended, 15 are active."""
    path = "/api/systemusers?filter=state:$eq:SUSPENDED"
    assert site.jumpcloud.get(path, headers=ORG).json()["totalCount"] == 2
    body = {"filter": {"and": [{"state": "ACTIVATED"}, {"suspended": False}]}, "fields": "email username", "limit": 3}
    found = site.jumpcloud.post("/api/search/systemusers", json=body, headers=ORG).json()
    assert (found["totalCount"], len(found["results"])) == (15, 3)
    assert set(found["results"][0]) == {"_id", "email", "username"}
    either = {"filter": {"or": [{"state": "SUSPENDED"}, {"state": {"$eq": "ACTIVATED"}}]}}
    assert site.jumpcloud.post("/api/search/systemusers", json=either, headers=ORG).json()["totalCount"] == 17


def test_requests_say_whether_they_named_an_organization(site: Site) -> None:
    """The record has no query and no secret."""
    site.jumpcloud.get("/api/systemusers?limit=1", headers=ORG)
    site.jumpcloud.get("/api/organizations")
    assert site.control.get("/requests").json()["requests"] == [
        {"system": "jumpcloud", "method": "GET", "path": "/api/systemusers", "status": 200, "x_org_id": True},
        {"system": "jumpcloud", "method": "GET", "path": "/api/organizations", "status": 200, "x_org_id": False},
    ]
