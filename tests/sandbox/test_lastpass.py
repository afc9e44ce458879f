"""The emulated LastPass: the REST API for MSPs and the Enterprise API."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from psarecon.sandbox.build import Builder
from psarecon.sandbox.lastpass.companies import provhash
from psarecon.sandbox.world import World

from .conftest import SEATS, Serve, Site

USERS = f"/managed-companies/{SEATS}/users"


def tree(builder: Builder) -> None:
    """A client, a suspended client, and a reseller with two clients of its own; one id after the other."""
    builder.add_lastpass_company("Acme", users=17, last_month=19, addons=("mfa",))
    builder.add_lastpass_company("Bolt", users=5, status="suspended")
    reseller = builder.add_lastpass_company("Partner", users=9, type="managed-msp")
    builder.add_lastpass_company("Florist", users=6, parent=reseller, addons=("mfa", "sso"))
    builder.add_lastpass_company("Grocer", users=4, parent=reseller)


def page(site: Site, path: str, **params: Any) -> Any:
    """One page, which must come."""
    answer = site.lastpass.get(path, params={name.replace("_", "-"): value for name, value in params.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(site: Site, **params: Any) -> list[str]:
    """The names of the managed companies that a query finds."""
    return [one["name"] for one in page(site, "/managed-companies", **params)["items"]]


def every(site: Site, path: str, **params: Any) -> list[list[dict[str, Any]]]:
    """All pages of a list, by their tokens."""
    pages = [page(site, path, **params)]
    while pages[-1]["nextPageToken"] is not None:
        pages.append(page(site, path, page_token=pages[-1]["nextPageToken"], **params))
    return [one["items"] for one in pages]


def enterprise(site: Site, company: str = SEATS, secret: str | None = None, **body: Any) -> httpx.Response:
    """One command of the Enterprise API, with the company's own secret."""
    with World.open(site.directory) as world:
        known = provhash(world, int(company))
    command = {"cid": int(company), "provhash": secret or known, "cmd": "getuserdata", "data": {}, **body}
    return httpx.post(f"{site.url}/enterpriseapi.php", json=command)


def told(answer: httpx.Response) -> dict[str, Any]:
    """The JSON inside an answer that calls itself XML."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml;charset=UTF-8")
    found: dict[str, Any] = json.loads(answer.text)
    return found


@pytest.mark.parametrize("header", ["", "api-key wrong", "Bearer x", "api-key"])
def test_a_wrong_key_is_a_problem(other: Site, header: str) -> None:
    """401 with the media type of problems."""
    answer = other.lastpass.get("/managed-companies", headers={"Authorization": header})
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json()["title"] == "Unauthorized"


def test_a_managed_company_has_the_fields_of_the_filters(other: Site) -> None:
    """Ten come unless more are asked for; the list has no total."""
    assert page(other, "/managed-companies") == {
        "items": [{"id": 18273, "name": "Acme & Søn [Oslo]", "parentId": 9000001, "type": "managed",
                   "status": "active", "licenseLimit": 0, "addons": []}],
        "nextPageToken": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["Acme", "Bolt", "Partner", "Florist", "Grocer"]),
        ({"sort": "name:desc"}, ["Partner", "Grocer", "Florist", "Bolt", "Acme"]),
        ({"parent_id": "18275"}, ["Florist", "Grocer"]),
        ({"parent_id": "9000001", "status": "active"}, ["Acme", "Partner"]),
        ({"status": "active,suspended", "type": "managed"}, ["Acme", "Bolt", "Florist", "Grocer"]),
        ({"type": "managed-msp,msp"}, ["Partner"]),
        ({"addon": "mfa"}, ["Acme", "Florist"]),
        ({"addon": "mfa,sso"}, ["Florist"]),
        ({"name": "%o%"}, ["Bolt", "Florist", "Grocer"]),
        ({"license_limit": "5"}, []),
    ],
)
def test_managed_companies_can_be_chosen(serve: Serve, params: dict[str, str], found: list[str]) -> None:
    """Grandchildren are among them unless the parent is named."""
    assert names(serve(tree), **params) == found


def test_the_list_may_hold_children_only(serve: Serve) -> None:
    """Which of both it is, no source says."""
    site = serve(tree)
    site.tell("/rules", lp_listing="children")
    assert names(site) == ["Acme", "Bolt", "Partner"]
    assert names(site, parent_id="18275") == ["Florist", "Grocer"]


def test_users_must_be_counted_page_by_page(other: Site) -> None:
    """Enrolled, disabled and invited ones are in the list; a filter of statuses leaves some out."""
    pages = every(other, USERS)
    assert [len(items) for items in pages] == [10, 10]
    statuses = [one["accountStatus"] for items in pages for one in items]
    assert [statuses.count(word) for word in ("enrolled", "disabled", "pending-invitation")] == [17, 2, 1]
    assert len({one["id"] for items in pages for one in items}) == 20
    enrolled = every(other, USERS, account_status="enrolled,staged", max_results=7)
    assert [len(items) for items in enrolled] == [7, 7, 3]
    assert len(page(other, USERS, email="user00003%")["items"]) == 1
    assert set(pages[0][0]) == {"id", "name", "email", "accountStatus"}


def test_the_accounts_own_users_are_a_list_of_their_own(other: Site) -> None:
    """They belong to no client."""
    assert len(page(other, "/users")["items"]) == 3


@pytest.mark.parametrize(
    ("path", "params", "pointer"),
    [
        ("/managed-companies", {"max-results": 501}, "max-results"),
        ("/managed-companies", {"max-results": 0}, "max-results"),
        ("/managed-companies", {"page-token": "x"}, "page-token"),
        ("/managed-companies", {"status": "asleep"}, "status"),
        ("/managed-companies", {"sort": "colour:asc"}, "sort"),
        (USERS, {"account-status": "active"}, "account-status"),
        ("/managed-companies-reports/billing-cycles", {"number-of-cycles": 13}, "number-of-cycles"),
        ("/managed-companies-reports/billing-reports", {"end-date": "2026-11-30"}, "start-date"),
        ("/managed-companies-reports/billing-reports",
         {"start-date": "2026-11-02", "end-date": "2026-11-01"}, "end-date"),
        ("/managed-companies-reports/billing-reports",
         {"start-date": "2026-11-01", "end-date": "2026-11-02", "max-results": 51}, "max-results"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_a_problem_that_names_it(
    other: Site, path: str, params: dict[str, str], pointer: str
) -> None:
    """As RFC 9457 has it."""
    answer = other.lastpass.get(path, params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_unknown_companies_paths_and_writes_are_problems(other: Site) -> None:
    """404, and 405 for everything that writes."""
    assert other.lastpass.get("/managed-companies/5/users").status_code == 404
    assert other.lastpass.get("/nothing").status_code == 404
    assert other.lastpass.post("/managed-companies", json={}).status_code == 405


def test_billing_cycles_are_a_bare_array(other: Site) -> None:
    """The running one first; they need not be calendar months."""
    path = "/managed-companies-reports/billing-cycles"
    assert page(other, path) == [{"startDate": "2026-11-01", "endDate": "2026-11-30"}]
    other.tell("/rules", lp_cycle_day=25)
    assert page(other, path, number_of_cycles=2) == [
        {"startDate": "2026-10-25", "endDate": "2026-11-24"}, {"startDate": "2026-09-25", "endDate": "2026-10-24"},
    ]  # fmt: skip


def test_billing_reports_have_one_record_for_each_company_that_is_billed(serve: Serve) -> None:
    """A reseller's record holds its clients' seats, so adding all records up counts these twice."""
    site, path = serve(tree), "/managed-companies-reports/billing-reports"
    span = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
    found = {one["companyName"]: one["userCount"] for items in every(site, path, **span) for one in items}
    assert found == {"Acme": 17, "Partner": 19, "Florist": 6, "Grocer": 4}
    clients = page(site, path, license_type="msp-managed-company", **span)["items"]
    assert [one["companyName"] for one in clients] == ["Acme", "Florist", "Grocer"]
    assert (
        page(site, path, start_date="2026-10-01", end_date="2026-10-31", max_results=1)["items"][0]["userCount"] == 19
    )


def test_the_enterprise_api_keys_users_by_id(other: Site) -> None:
    """Everything is a 200 of text/xml; disabled users are users, invited ones are a list of their own."""
    found = told(enterprise(other))
    assert (found["total"], found["count"], len(found["Users"])) == (19, 19, 19)
    assert sum(user["disabled"] for user in found["Users"].values()) == 2
    assert found["invited"] == ["user00019@acmesnoslo.example"]
    assert all(key.isdigit() for key in found["Users"])
    never = [user for user in found["Users"].values() if user["neverloggedin"]]
    assert {(user["last_login"], user["totalscore"]) for user in never} == {("", None)}


def test_the_enterprise_api_pages_by_index(other: Site) -> None:
    """Past the end `Users` is an empty list although the total is not zero."""
    pages = [told(enterprise(other, data={"pagesize": 10, "pageindex": index})) for index in range(3)]
    assert [(one["total"], one["count"]) for one in pages] == [(19, 10), (19, 9), (19, 0)]
    assert (pages[2]["Users"], len(set(pages[0]["Users"]) & set(pages[1]["Users"]))) == ([], 0)


def test_no_users_are_an_empty_list(serve: Serve) -> None:
    """The total says that it is true."""

    def build(builder: Builder) -> None:
        builder.add_lastpass_company("Empty", users=0)

    site = serve(build)
    assert told(enterprise(site)) == {"total": 0, "count": 0, "Users": [], "Groups": {"Everyone": []}}


def test_getuserdata_can_be_narrowed(other: Site) -> None:
    """To the disabled, to administrators, to one name."""
    assert told(enterprise(other, data={"disabled": 1}))["total"] == 2
    assert told(enterprise(other, data={"admin": 1}))["total"] == 1
    assert told(enterprise(other, data={"username": "user00003@acmesnoslo.example"}))["total"] == 1


@pytest.mark.parametrize("body", [{"provhash": "wrong"}, {"cid": 5}, {"cid": "x"}])
def test_a_wrong_secret_is_xml_inside_a_200(other: Site, body: dict[str, Any]) -> None:
    """Nothing but the text tells it from a success."""
    answer = enterprise(other, **body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml;charset=UTF-8")
    assert answer.text.endswith('<lastpass rc="Authorization Error"/>')


def test_other_commands_fail_inside_a_200(other: Site) -> None:
    """A body that is no JSON has no secret."""
    assert told(enterprise(other, cmd="batchadd"))["status"] == "FAIL"
    answer = httpx.post(f"{other.url}/enterpriseapi.php", content=b"{")
    assert "Authorization Error" in answer.text


def test_a_token_that_repeats_never_ends(other: Site) -> None:
    """The same page comes again and again."""
    other.tell("/faults", system="lastpass", kind="repeated_token", times=None)
    token = page(other, USERS)["nextPageToken"]
    again = page(other, USERS, page_token=token)
    assert again["nextPageToken"] == token
    assert again == page(other, USERS, page_token=token)


def test_one_companys_users_can_be_wrong_or_refused(serve: Serve) -> None:
    """In both APIs, and for that company only."""
    site = serve(tree)
    for options in ({"kind": "organization_count", "users": 0}, {"kind": "organization_error", "status": 403}):
        site.tell("/faults", system="lastpass", organization=SEATS, times=None, **options)
    assert told(enterprise(site))["status"] == "FAIL"
    assert site.lastpass.get(USERS).status_code == 403
    assert len(page(site, "/managed-companies/18274/users")["items"]) == 5
    assert told(enterprise(site, "18274"))["total"] == 5
    site.control.delete("/faults")
    site.tell("/faults", system="lastpass", organization=SEATS, times=2, kind="organization_count", users=0)
    assert page(site, USERS)["items"] == []
    assert told(enterprise(site))["Users"] == []
    assert told(enterprise(site))["total"] == 17


def test_a_short_list_keeps_its_total(other: Site) -> None:
    """So `Users` can be empty although there are some."""
    other.tell("/faults", system="lastpass", kind="short_list", dropped=99, times=2)
    assert page(other, USERS)["items"] == []
    assert (told(enterprise(other))["total"], told(enterprise(other))["count"]) == (19, 19)


def test_an_expired_key_speaks_as_each_api_does(other: Site) -> None:
    """401 here, XML there."""
    other.tell("/faults", system="lastpass", kind="expired_secret", times=2)
    assert other.lastpass.get(USERS).status_code == 401
    assert "Authorization Error" in enterprise(other).text


def test_somebody_edits_a_company(other: Site) -> None:
    """The truth counts the enrolled users."""
    other.tell("/edit", organization=SEATS, users=20, disabled=0, invited=3, expired=1, staged=1, addons=["mfa", "sso"],
               status="suspended", name="Acme", type="managed-msp", parent="5")  # fmt: skip
    assert page(other, "/managed-companies")["items"][0] == {
        "id": 18273, "name": "Acme", "parentId": 5, "type": "managed-msp", "status": "suspended", "licenseLimit": 0,
        "addons": ["mfa", "sso"],
    }  # fmt: skip
    assert other.control.get("/world").json()["organizations"] == [{"source": "lastpass", "id": SEATS, "users": "20"}]
    assert len(every(other, USERS, max_results=500)[0]) == 25
    other.tell("/edit", source="lastpass", organization=SEATS, delete=True)
    assert page(other, "/managed-companies")["items"] == []


@pytest.mark.parametrize(
    ("body", "word"),
    [({"users": -1}, "users"), ({"addons": ["vpn"]}, "addons"), ({"status": "off"}, "status"), ({"type": 5}, "type"),
     ({"suspended": 1}, "suspended"), ({"users": 1, "source": "jumpcloud"}, SEATS),
     ({"users": 1, "source": "x"}, "source")],
)  # fmt: skip
def test_an_edit_that_is_not_understood_names_its_key(other: Site, body: dict[str, Any], word: str) -> None:
    """And the count stays."""
    answer = other.control.post("/edit", json={"organization": SEATS, **body})
    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert other.control.get("/world").json()["organizations"][0]["users"] == "17"


def test_days_move_lastpass_users_too(serve: Serve) -> None:
    """Small moves from the seed, other than JumpCloud's; last month's highest count is in the report."""

    def crowd(builder: Builder) -> None:
        for number in range(40):
            builder.add_lastpass_company(f"Client {number}", users=100)
            builder.add_organization(f"Client {number}", users=100)

    site = serve(crowd)
    site.tell("/clock", today="2026-12-20")
    users: dict[str, list[int]] = {"jumpcloud": [], "lastpass": []}
    for one in site.control.get("/world").json()["organizations"]:
        users[one["source"]].append(int(one["users"]))
    assert users["jumpcloud"] != users["lastpass"]
    assert len(set(users["lastpass"])) > 5
    assert all(75 < count < 140 for count in users["lastpass"])
    span = {"start_date": "2026-11-01", "end_date": "2026-11-30", "max_results": 50}
    marks = [one["userCount"] for one in page(site, "/managed-companies-reports/billing-reports", **span)["items"]]
    assert min(marks) >= 100
    assert len(set(marks)) > 3
