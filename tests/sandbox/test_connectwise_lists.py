"""The emulated ConnectWise: discovery, credentials, conditions, fields and both ways of paging."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from psarecon.sandbox.build import Builder

from .conftest import ADDITION, AGREEMENT, CW_BASE, CW_COMPANY, PRODUCT, Serve, Site, client

AGREEMENTS, COMPANIES = "/finance/agreements", "/company/companies"
ADDITIONS = f"{AGREEMENTS}/{AGREEMENT}/additions"
FORWARD = {"pagination-type": "forward-only"}


def many(builder: Builder) -> None:
    """60 companies, each with one agreement; every third is inactive, expired or cancelled by its dates."""
    for number in range(60):
        company = builder.add_cw_company(f"Client {number:02d}", identifier=f"C{number:02d}", deleted=number == 59)
        start = date(2027, 1, 1) if number % 3 == 1 else date(2025, 1, 1)
        end = date(2026, 10, 31) if number % 6 == 2 else None
        builder.add_agreement(company, start=start, end=end, cancelled=date(2026, 11, 21) if number % 6 == 5 else None)


def rows(site: Site, path: str, headers: dict[str, str] | None = None, /, **params: Any) -> list[dict[str, Any]]:
    """The records of one page."""
    answer = site.connectwise.get(path, params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def ids(site: Site, path: str, conditions: str) -> list[int]:
    """The ids of the records that meet a condition."""
    return [one["id"] for one in rows(site, path, conditions=conditions, pageSize=1000)]


def link(answer: httpx.Response, rel: str = "next") -> str | None:
    """The address of a relation of the Link header."""
    found: dict[str, str] = answer.links.get(rel, {})
    return found.get("url")


def test_company_information_needs_no_credentials(other: Site) -> None:
    """It names the codebase, and tells the host in the same answer."""
    found = httpx.get(f"{other.url}/login/companyinfo/examplemsp").json()
    assert (found["Codebase"], found["IsCloud"], found["SiteUrl"]) == (
        "v2026_4/",
        True,
        other.url.removeprefix("http://"),
    )
    other.tell("/rules", cw_is_cloud="text", cw_hosting="on_premise")
    found = httpx.get(f"{other.url}/login/companyinfo/ExampleMSP").json()
    assert (found["Codebase"], found["IsCloud"]) == ("v4_6_release/", "False")


def test_an_unknown_company_is_null(other: Site) -> None:
    """The status is 200 all the same."""
    answer = httpx.get(f"{other.url}/login/companyinfo/nobody")
    assert (answer.status_code, answer.json()) == (200, None)


@pytest.mark.parametrize(("hosting", "status"), [("cloud", 404), ("on_premise", 401)])
def test_wrong_credentials_look_different_on_cloud(other: Site, hosting: str, status: int) -> None:
    """Cloud hides them behind the status of what does not exist."""
    other.tell("/rules", cw_hosting=hosting)
    for header in ("Basic eDp5", "Basic !", "Bearer x", ""):
        answer = other.connectwise.get("/system/info", headers={"Authorization": header})
        assert answer.status_code == status
        assert set(answer.json()) == {"code", "message", "errors"}


def test_a_missing_client_id_is_a_403(other: Site) -> None:
    """The credentials are right, the integration is not named."""
    assert other.connectwise.get("/system/info", headers={"clientId": ""}).status_code == 403


def test_every_answer_has_a_request_id_and_the_version(other: Site) -> None:
    """The pinned version is written down."""
    answers = [other.connectwise.get("/system/info") for _ in range(2)]
    assert answers[0].headers["x-cw-request-id"] != answers[1].headers["x-cw-request-id"]
    assert answers[0].headers["api-current-version"] == "2026.4"
    other.connectwise.get("/system/info", headers={"Accept": "application/json"})
    requests = other.control.get("/requests").json()["requests"]
    assert [one["version"] for one in requests] == ["2026.4", "2026.4", None]


def test_the_codebase_of_the_day_serves_and_an_old_one_does_not(other: Site) -> None:
    """The router goes on serving after an upgrade."""
    with client(other.url, other.cw_headers) as http:
        assert http.get("/v2026_4/apis/3.0/system/info").status_code == 200
        assert http.get("/v2025_1/apis/3.0/system/info").status_code == 404
        other.tell("/faults", system="connectwise", kind="moved_codebase", skip=1)
        statuses = [http.get("/v2026_4/apis/3.0/system/info").status_code for _ in range(3)]
        assert statuses == [200, 404, 404]
        assert http.get("/login/companyinfo/examplemsp").json()["Codebase"] == "v2026_5/"
        assert http.get("/v2026_5/apis/3.0/system/info").status_code == 200
        assert http.get(f"{CW_BASE}/system/info").status_code == 200


def test_an_agreement_has_references_dates_and_what_is_null_is_absent(other: Site) -> None:
    """Dates are midnights in UTC; the reference to the company carries a link."""
    found = rows(other, AGREEMENTS)[0]
    assert found["company"] == {
        "id": CW_COMPANY, "identifier": "AcmeSon", "name": "Acme & Søn [Oslo]",
        "_info": {"company_href": f"{other.url}{CW_BASE}/company/companies/{CW_COMPANY}"},
    }  # fmt: skip
    assert (found["startDate"], found["nextInvoiceDate"]) == ("2025-01-01T00:00:00Z", "2026-11-01T00:00:00Z")
    assert (found["billingCycle"]["name"], found["agreementStatus"]) == ("Monthly", "Active")
    assert {"endDate", "dateCancelled", "parentAgreement"} & set(found) == set()


def test_dates_that_are_not_set_can_come_as_empty_texts(other: Site) -> None:
    """As one author reports."""
    other.tell("/rules", cw_no_date="empty")
    assert rows(other, AGREEMENTS)[0]["endDate"] == ""
    assert rows(other, ADDITIONS)[0]["cancelledDate"] == ""


def test_an_addition_has_its_numbers_reckoned(serve: Serve) -> None:
    """Billed is the quantity less what is included, and cost and price go with it."""

    def build(builder: Builder) -> None:
        agreement = builder.add_agreement(builder.add_cw_company("Acme"))
        product = builder.add_product("JC", unit_cost="0.00")
        builder.add_addition(agreement, product, quantity="12.5", less_included=2, unit_cost="9.0001", unit_price="15")

    found = rows(serve(build), ADDITIONS)[0]
    assert (found["quantity"], found["billedQuantity"], found["unitCost"]) == (12.5, 10.5, 9.0001)
    assert (found["extPrice"], found["extCost"], found["margin"]) == (157.5, 94.5011, 62.9989)
    assert found["product"]["identifier"] == "JC"
    assert "serialNumber" not in found


def test_additions_exist_only_below_their_agreement(other: Site) -> None:
    """There is no list across agreements, and an addition of another agreement is not found."""
    assert other.connectwise.get("/finance/additions").status_code == 404
    assert other.connectwise.get(f"{AGREEMENTS}/1/additions").status_code == 404
    assert other.connectwise.get(f"{ADDITIONS}/1").status_code == 404
    assert other.connectwise.get(f"{ADDITIONS}/{ADDITION}", params={"fields": "id"}).json() == {"id": ADDITION}
    assert other.connectwise.get(f"{ADDITIONS}/count").json() == {"count": 1}


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        ("id = 250001", 1),
        ("id in (250001, 250002,7)", 2),
        ("id not in (250001)", 59),
        ("id > 250058 and id <= 250060", 2),
        ('name = "client 07"', 1),
        ("name != 'Client 07'", 59),
        ('identifier like "C1*"', 10),
        ('identifier like "C1%"', 10),
        ('name contains "t 1"', 10),
        ('name not contains "t 1"', 50),
        ('name not like "Client 0*"', 50),
        ("deletedFlag = TRUE", 1),
        ('(id = 250001 or id = 250002) and name = "Client 00"', 1),
        ("id = 250001 OR id = 250002", 2),
        ("name = null", 0),
        ("lastUpdated > [2026-01-05T13:59:59Z]", 60),
        ("lastUpdated > [2026-01-06]", 0),
        ("_info/lastUpdated != null", 60),
        ("status/name = 'Active'", 60),
    ],
)
def test_conditions_choose_companies(serve: Serve, conditions: str, count: int) -> None:
    """The grammar of the guide, with double and single quotes and both wildcards."""
    assert len(ids(serve(many), COMPANIES, conditions)) == count


def test_conditions_reach_into_references_and_computed_fields(serve: Serve) -> None:
    """Company, status of the day, dates in brackets, and dates that are not set."""
    site = serve(many)
    assert ids(site, AGREEMENTS, "company/id in (250001,250003)") == [500871, 500873]
    statuses = ("Active", "Inactive", "Expired", "Cancelled")
    assert [len(ids(site, AGREEMENTS, f'agreementStatus = "{status}"')) for status in statuses] == [20, 20, 10, 10]
    assert len(ids(site, AGREEMENTS, "startDate <= [2025-01-01T00:00:00Z] and endDate = null")) == 30
    assert len(ids(site, AGREEMENTS, "noEndingDateFlag = false and cancelledFlag = false")) == 10


def test_additions_can_be_chosen_by_product_and_by_number(other: Site) -> None:
    """Decimals compare as numbers."""
    assert ids(other, ADDITIONS, 'product/identifier = "JC-PLATFORM" and quantity >= 14') == [ADDITION]
    assert ids(other, ADDITIONS, "unitCost < 8.9999") == []
    assert ids(other, ADDITIONS, f"product/id = {PRODUCT} and cancelledDate = null") == [ADDITION]


@pytest.mark.parametrize(
    "conditions",
    ["nothing = 1", "id", "id =", "id = x", 'id = "1"', "id = 1.5", "name = 1 and", "(id = 1", "id = 1)", "id ~ 1",
     "name like 5", "id in 1", "id in (1", "id < null", "deletedFlag = 1", "lastUpdated > 2026", "lastUpdated > [soon]",
     "id = 1 id = 2", "'x' = 1", "id not 5", "(" * 60 + "id = 1" + ")" * 60],
)  # fmt: skip
def test_a_condition_that_is_not_understood_is_a_400(other: Site, conditions: str) -> None:
    """Unknown fields are among them."""
    answer = other.connectwise.get(COMPANIES, params={"conditions": conditions})
    assert answer.status_code == 400
    assert answer.json()["code"] == "BadRequest"


def test_a_text_cannot_leave_its_quotes(other: Site) -> None:
    """Quotes are doubled or escaped with a backslash; both are the same text, and nothing is put into SQL."""
    other.tell("/edit", company=str(CW_COMPANY), name='O\'Hara "x" [y] 5%_*\\')
    for text in (r'''"O'Hara \"x\" [y] 5%_*\\"''', r'''"O'Hara ""x"" [y] 5%_*\\"''', r"""'O''Hara "x" [y] 5%_*\\'"""):
        assert ids(other, COMPANIES, f"name = {text}") == [CW_COMPANY]
    assert ids(other, COMPANIES, 'name like "O\'Hara ?x? [[]y] 5[%]_[*]%"') == []
    assert ids(other, COMPANIES, 'name like "O*[[]y] 5[%]_[*]*"') == [CW_COMPANY]
    assert ids(other, COMPANIES, 'name = "x\' OR 1=1 --"') == []


def test_child_conditions_know_no_lists(other: Site) -> None:
    """They reach the types of a company; a condition on custom fields meets nothing."""
    assert [one["id"] for one in rows(other, COMPANIES, childConditions='types/name = "Customer"')] == [CW_COMPANY]
    assert other.connectwise.get(COMPANIES, params={"childConditions": "types/id in (1)"}).status_code == 400
    assert rows(other, COMPANIES, customFieldConditions='caption="x" AND value != null') == []


def test_fields_choose_and_drop_info(other: Site) -> None:
    """`_info` comes only when it is asked for; a reference comes whole or in part."""
    assert rows(other, AGREEMENTS, fields="id,company/id,nothing") == [{"id": AGREEMENT, "company": {"id": CW_COMPANY}}]
    found = rows(other, AGREEMENTS, fields="company,_info")[0]
    assert set(found["company"]) == {"id", "identifier", "name"}
    assert set(found["_info"]) == {"lastUpdated", "updatedBy"}


_SIZES: tuple[dict[str, Any], ...] = ({}, {"pagesize": 40}, {"PAGESIZE": 5000})


def test_25_records_come_unless_more_are_asked_for(serve: Serve) -> None:
    """More than 1,000 is silently 1,000, and parameter names have no case."""

    def crowd(builder: Builder) -> None:
        for number in range(1001):
            builder.add_cw_company(f"Client {number}")

    site = serve(crowd)
    assert [len(rows(site, COMPANIES, **params)) for params in _SIZES] == [
        25,
        40,
        1000,
    ]
    assert site.connectwise.get(f"{COMPANIES}/count").json() == {"count": 1001}


def test_navigable_pages_have_next_and_last(serve: Serve) -> None:
    """The ends have no `next` or `prev`, a page past the end is empty, and the condition is kept."""
    site = serve(many)
    params: dict[str, str | int] = {"conditions": "deletedFlag = false", "orderBy": "id desc", "pageSize": 25}
    first = site.connectwise.get(COMPANIES, params=params)
    assert [rel for rel in ("prev", "next", "last") if link(first, rel)] == ["next", "last"]
    pages = [first]
    while (following := link(pages[-1])) is not None:
        pages.append(site.connectwise.get(following))
    assert [len(page.json()) for page in pages] == [25, 25, 9]
    found = [one["id"] for page in pages for one in page.json()]
    assert found == list(range(250059, 250000, -1))
    assert link(pages[-1], "prev") is not None
    assert rows(site, COMPANIES, page=9) == []
    assert link(site.connectwise.get(COMPANIES, params={"pageSize": 100})) is None


def test_forward_only_pages_go_by_the_last_id(serve: Serve) -> None:
    """A record that comes in between is neither skipped nor repeated."""
    site = serve(many)
    first = site.connectwise.get(COMPANIES, params={"pageSize": 30, "pageId": ""}, headers=FORWARD)
    following = link(first)
    assert following is not None
    assert parse_qs(urlsplit(following).query)["pageId"] == [str(first.json()[-1]["id"])] == ["250030"]
    site.tell("/edit", company="250031", name="Renamed")
    second = site.connectwise.get(following, headers=FORWARD)
    assert [one["id"] for one in second.json()] == list(range(250031, 250061))
    assert rows(site, COMPANIES, FORWARD, pageId=250060) == []


@pytest.mark.parametrize(("rule", "header"), [("present", "pageId=250060"), ("empty", ""), ("absent", None)])
def test_the_last_forward_only_page_may_have_any_link(serve: Serve, rule: str, header: str | None) -> None:
    """Clients disagree about it, so it is a rule."""
    site = serve(many)
    site.tell("/rules", cw_last_link=rule)
    answer = site.connectwise.get(COMPANIES, params={"pageSize": 60}, headers=FORWARD)
    given = answer.headers.get("link")
    assert header in given if header else given == header
    assert site.connectwise.get(COMPANIES, params={"pageSize": 59}, headers=FORWARD).headers["link"] != ""


def test_forward_only_does_not_order(other: Site) -> None:
    """Asking for both is a 400."""
    answer = other.connectwise.get(COMPANIES, params={"orderBy": "id asc"}, headers=FORWARD)
    assert answer.status_code == 400
    for by in ("nothing", "id sideways", "id asc desc", ""):
        status = other.connectwise.get(COMPANIES, params={"orderBy": by}).status_code
        assert status == (400 if by else 200)


def test_the_audit_trail_knows_no_forward_only_paging(other: Site) -> None:
    """It answers with navigable pages; type and id are needed."""
    other.tell("/edit", addition=str(ADDITION), quantity="15", unit_cost="8.00")
    other.tell("/edit", addition=str(ADDITION), serial_number="Unite")
    trail: dict[str, str | int] = {"type": "AgreementAddition", "id": ADDITION, "pageSize": 2}
    answer = other.connectwise.get("/system/audittrail", params=trail, headers=FORWARD)
    assert [one["text"] for one in answer.json()] == [
        'quantity has been changed from "14.00" to "15.00".', 'unitCost has been changed from "9.00" to "8.00".'
    ]  # fmt: skip
    assert "page=2" in answer.headers["link"]
    assert {one["auditSource"] for one in answer.json()} == {"Manage"}
    assert other.connectwise.get("/system/audittrail").status_code == 400


def test_an_address_may_be_2000_characters_long(other: Site) -> None:
    """A longer one is a 414 from the web server in front, unless the rule is off."""
    conditions = "id in (" + ",".join(["250001"] * 300) + ")"
    assert other.connectwise.get(COMPANIES, params={"conditions": conditions}).status_code == 414
    other.tell("/rules", cw_url_limit=0)
    assert ids(other, COMPANIES, conditions) == [CW_COMPANY]


def test_the_recap_tells_which_periods_are_invoiced(serve: Serve) -> None:
    """An invoice bears the first day of its period; the next one is due when the period after it begins."""

    def build(builder: Builder) -> None:
        company = builder.add_cw_company("Acme")
        builder.add_agreement(company, start=date(2025, 1, 15))
        builder.add_agreement(company, start=date(2025, 1, 15), billing_cycle="Quarterly",
                              invoiced_through=date(2026, 11, 1))  # fmt: skip
        builder.add_agreement(company, start=date(2026, 11, 1))
        builder.add_addition(500871, builder.add_product("JC"), quantity=3, unit_price="15.00")
        builder.add_addition(500871, PRODUCT, quantity=9, cancelled=date(2026, 11, 21))
        builder.add_addition(500871, PRODUCT, quantity=9, bill_customer="DoNotBill")

    site = serve(build)
    found = rows(site, "/finance/agreementrecap/", FORWARD)
    assert [(one.get("lastInvoiceDate"), one["nextInvoiceDate"][:10], one["nextInvoiceAmount"]) for one in found] == [
        ("2026-10-15T00:00:00Z", "2026-11-15", 45.0), ("2026-10-15T00:00:00Z", "2027-01-15", 0.0),
        (None, "2026-11-01", 0.0),
    ]  # fmt: skip
    site.tell("/edit", agreement="500871", invoiced_through="2026-12-14")
    assert rows(site, "/finance/agreementrecap")[0]["nextInvoiceDate"] == "2026-12-15T00:00:00Z"


def test_the_catalog_shows_the_automatic_flags(other: Site) -> None:
    """They can be switched by an edit."""
    flags: dict[str, Any] = {"fields": "identifier,cost,autoUpdateUnitCostFlag,autoUpdateUnitPriceFlag"}
    other.tell("/edit", product=str(PRODUCT), auto_update_unit_cost=True, unit_cost="8.75")
    assert rows(other, "/procurement/catalog", **flags) == [
        {"identifier": "JC-PLATFORM", "cost": 8.75, "autoUpdateUnitCostFlag": True, "autoUpdateUnitPriceFlag": False}
    ]


def test_unknown_paths_and_verbs_are_named(other: Site) -> None:
    """404 and 405; creating and deleting is not emulated."""
    assert other.connectwise.get("/finance/nothing").status_code == 404
    assert other.connectwise.post("/finance/nothing", json={}).status_code == 404
    assert other.connectwise.get(f"{COMPANIES}/x").status_code == 404
    assert other.connectwise.post(ADDITIONS, json={}).status_code == 405
    assert other.connectwise.delete(f"{ADDITIONS}/{ADDITION}").status_code == 405
    assert other.connectwise.post(AGREEMENTS, json={}).status_code == 405
    assert other.connectwise.get(COMPANIES, params={"page": "x"}).status_code == 400
