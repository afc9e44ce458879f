"""The emulated ConnectWise: what a PATCH and a PUT do to an addition, what somebody else does, and faults."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from psarecon.sandbox.build import Builder

from .conftest import ADDITION, AGREEMENT, PRODUCT, Serve, Site

ONE = f"/finance/agreements/{AGREEMENT}/additions/{ADDITION}"


def patch(site: Site, where: str = ONE, /, **fields: Any) -> httpx.Response:
    """Replace some fields of the addition in one PATCH."""
    body = [{"op": "replace", "path": name, "value": value} for name, value in fields.items()]
    return site.connectwise.patch(where, json=body)


def addition(site: Site) -> dict[str, Any]:
    """The addition as ConnectWise gives it."""
    found: dict[str, Any] = site.connectwise.get(ONE).json()
    return found


def truth(site: Site) -> tuple[Any, ...]:
    """Quantity, unit cost, and how many PATCHes took effect."""
    line = site.truth(ADDITION)
    return line["quantity"], line["unit_cost"], line["writes"]


def fault(site: Site, kind: str, **options: Any) -> None:
    """Order a fault of ConnectWise."""
    site.tell("/faults", system="connectwise", kind=kind, **options)


def test_a_patch_takes_effect_at_once_and_answers_with_the_whole_line(other: Site) -> None:
    """The reckoned fields, the moment and the author follow."""
    before = addition(other)
    after = patch(other, quantity=15, unitCost=8.5).json()
    assert after == addition(other)
    assert (after["quantity"], after["extPrice"], after["extCost"], after["margin"]) == (15.0, 225.0, 127.5, 97.5)
    assert after["_info"] == {"lastUpdated": "2026-11-21T17:00:00Z", "updatedBy": "ApiMember"}
    assert after["_info"]["lastUpdated"] > before["_info"]["lastUpdated"]
    assert truth(other) == ("15", "8.50", 1)


def test_the_same_patch_again_changes_nothing(other: Site) -> None:
    """It is no write, and the moment stays; another one is a second later although the clock stands still."""
    stamps = []
    for quantity in (15, 15, 16):
        patch(other, quantity=quantity)
        stamps.append(addition(other)["_info"]["lastUpdated"][-4:])
    assert stamps == [":00Z", ":00Z", ":01Z"]
    assert truth(other) == ("16", "9.00", 2)


def test_numbers_may_be_texts(other: Site) -> None:
    """As many scripts send them."""
    assert patch(other, quantity="15", unitCost="8.75").status_code == 200
    assert truth(other) == ("15", "8.75", 1)


@pytest.mark.parametrize("path", ["Quantity", "/quantity", "quantity/value", "product/id", "extPrice", "nothing"])
def test_a_path_that_is_no_field_is_a_200_without_effect(other: Site, path: str) -> None:
    """Case, slash, part of a reference, reckoned field: nothing changes, and nothing says so, unless by rule."""
    before = addition(other)
    assert patch(other, **{path: 20}).json() == before
    assert truth(other) == ("14", "9.00", 0)
    other.tell("/rules", cw_unknown_path="refused")
    assert patch(other, quantity=15, **{path: 20}).status_code == 400
    assert truth(other) == ("14", "9.00", 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("quantity", "many"), ("quantity", [1]), ("unitCost", True), ("billCustomer", "Yes"), ("cancelledDate", "soon"),
     ("cancelledDate", "2026-02-30"), ("serialNumber", 5), ("serialNumber", "x" * 51), ("product", 5),
     ("product", {"id": 999}), ("quantity", "1e999")],
)  # fmt: skip
def test_a_wrong_value_is_a_400_that_names_the_field(other: Site, field: str, value: Any) -> None:
    """The envelope says that the object is invalid, and nothing is saved."""
    answer = patch(other, unitPrice=1, **{field: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidObject")
    assert answer.json()["errors"][0]["field"] == field
    assert addition(other)["unitPrice"] == 15.0


@pytest.mark.parametrize(
    "body", ["{", "{}", "[1]", '[{"op": "test", "path": "quantity", "value": 1}]', '[{"op": "add"}]']
)
def test_a_body_that_is_no_array_of_operations_is_a_400(other: Site, body: str) -> None:
    """There is no `test`, so no precondition."""
    assert other.connectwise.patch(ONE, content=body).status_code == 400


def test_remove_and_null_empty_a_field(other: Site) -> None:
    """The field is then absent; an amount of money is zero."""
    patch(other, serialNumber="Unite", cancelledDate="2026-12-01T00:00:00Z")
    assert addition(other)["cancelledDate"] == "2026-12-01T00:00:00Z"
    other.connectwise.patch(ONE, json=[{"op": "remove", "path": "serialNumber"}, {"op": "remove", "path": "unitCost"}])
    patch(other, cancelledDate=None)
    assert {"serialNumber", "cancelledDate"} & set(addition(other)) == set()
    assert addition(other)["unitCost"] == 0.0


def test_the_server_may_round(other: Site) -> None:
    """Two decimals, half up; the answer already says so. Otherwise four decimals are kept."""
    assert patch(other, unitCost=17.6049).json()["unitCost"] == 17.6049
    other.tell("/rules", cw_rounding="two_decimals")
    assert patch(other, unitCost="17.605", quantity="14.004").json()["unitCost"] == 17.61
    assert truth(other)[:2] == ("14", "17.61")


def test_another_product_brings_its_price(serve: Serve) -> None:
    """Unless price and cost come in the same PATCH. A reference is replaced whole."""

    def build(builder: Builder) -> None:
        agreement = builder.add_agreement(builder.add_cw_company("Acme"))
        builder.add_addition(agreement, builder.add_product("JC"), quantity=3)
        builder.add_product("LP", unit_cost="4.25", unit_price="7.00")

    site = serve(build)
    found = patch(site, product={"id": PRODUCT + 1}).json()
    assert (found["product"]["identifier"], found["unitCost"], found["unitPrice"]) == ("LP", 4.25, 7.0)
    assert patch(site, product={"id": PRODUCT}, unitCost=8).json()["unitCost"] == 8.0


def test_an_effective_date_in_an_invoiced_period_is_refused(serve: Serve) -> None:
    """So is one before billing begins; with prorating the first is accepted."""

    def build(builder: Builder) -> None:
        company, product = builder.add_cw_company("Acme"), builder.add_product("JC")
        for prorate in (False, True):
            agreement = builder.add_agreement(company, start=date(2026, 6, 1), prorate=prorate)
            builder.add_addition(agreement, product, quantity=3)

    site = serve(build)
    refused = patch(site, effectiveDate="2026-10-15T00:00:00Z").json()["errors"][0]
    assert refused["message"].startswith("Since this period has already been invoiced")
    assert patch(site, effectiveDate="2026-05-01").json()["errors"][0]["message"].startswith("effectiveDate cannot be")
    assert patch(site, effectiveDate="2026-11-15").status_code == 200
    prorated = f"/finance/agreements/{AGREEMENT + 1}/additions/{ADDITION + 1}"
    assert patch(site, prorated, effectiveDate="2026-10-15").status_code == 200


def test_a_cancelled_line_is_patched_unless_the_rule_says_no(other: Site) -> None:
    """Both are possible; nobody has described it."""
    other.tell("/edit", addition=str(ADDITION), cancelled_date="2026-11-01")
    assert patch(other, quantity=15).status_code == 200
    other.tell("/rules", cw_dead_lines="refuse")
    assert patch(other, quantity=16).status_code == 400
    assert truth(other) == ("15", "9.00", 1)


def test_a_put_empties_what_it_does_not_send(other: Site) -> None:
    """That is why psarecon never sends one."""
    patch(other, serialNumber="Unite")
    answer = other.connectwise.put(ONE, json={"product": {"id": PRODUCT}, "billCustomer": "DoNotBill", "unitPrice": 15})
    assert answer.status_code == 200
    assert {"quantity", "serialNumber", "effectiveDate"} & set(answer.json()) == set()
    assert (answer.json()["unitCost"], answer.json()["billCustomer"]) == (0.0, "DoNotBill")
    assert other.connectwise.put(ONE, json={"quantity": 1}).status_code == 400
    assert other.connectwise.put(ONE, json=[]).status_code == 400


def test_a_patch_leaves_a_trail(other: Site) -> None:
    """One row for each field, by the API's member."""
    patch(other, quantity=15, unitCost=8)
    found = other.connectwise.get("/system/audittrail", params={"type": "AgreementAddition", "id": ADDITION}).json()
    assert [(one["text"], one["enteredBy"], one["auditSource"]) for one in found] == [
        ('quantity has been changed from "14.00" to "15.00".', "ApiMember", "API"),
        ('unitCost has been changed from "9.00" to "8.00".', "ApiMember", "API"),
    ]


def test_the_truth_tells_live_lines_from_dead_ones(serve: Serve) -> None:
    """By the dates of the line and of its agreement."""

    def build(builder: Builder) -> None:
        company, product = builder.add_cw_company("Acme"), builder.add_product("JC")
        running, ended = builder.add_agreement(company), builder.add_agreement(company, cancelled=date(2026, 11, 21))
        later = builder.add_agreement(company, end=date(2026, 11, 20))
        for agreement in (running, ended, later):
            builder.add_addition(agreement, product, quantity=1)
        builder.add_addition(running, product, quantity=1, cancelled=date(2026, 11, 21))
        builder.add_addition(running, product, quantity=1, cancelled=date(2026, 11, 22))
        builder.add_addition(running, product, quantity=1, effective=date(2026, 11, 22))

    lines = serve(build).control.get("/world").json()["lines"]
    assert [line["live"] for line in lines] == [True, False, False, False, True, False]


def test_somebody_edits_a_line_and_an_agreement(other: Site) -> None:
    """It is no write of ours, and the record says that it was touched."""
    other.tell("/edit", addition=str(ADDITION), quantity="12.5", unit_cost="8", less_included="1")
    other.tell("/edit", addition=str(ADDITION), effective_date="2026-12-01", cancelled_date="2027-01-01")
    other.tell("/edit", addition=str(ADDITION), bill_customer="NoCharge", serial_number="Unite")
    found = addition(other)
    assert (found["quantity"], found["billedQuantity"], found["billCustomer"], found["serialNumber"]) == (
        12.5, 11.5, "NoCharge", "Unite")  # fmt: skip
    assert (found["effectiveDate"][:10], found["cancelledDate"][:10]) == ("2026-12-01", "2027-01-01")
    assert truth(other) == ("12.5", "8.00", 0)
    other.tell("/edit", agreement=str(AGREEMENT), cancelled_date="2026-11-30", billing_cycle="Annual", prorate=True,
               end="2027-12-31", name="Renamed")  # fmt: skip
    parent = other.connectwise.get(f"/finance/agreements/{AGREEMENT}").json()
    assert (parent["agreementStatus"], parent["cancelledFlag"], parent["billingCycle"]["name"], parent["name"]) == (
        "Active", True, "Annual", "Renamed")  # fmt: skip
    assert parent["_info"]["lastUpdated"] == "2026-11-21T17:00:00Z"
    other.tell("/edit", addition=str(ADDITION), cancelled_date=None, quantity=None)
    assert {"cancelledDate", "quantity"} & set(addition(other)) == set()


def test_an_agreement_can_have_a_parent_and_vanish(serve: Serve) -> None:
    """Its additions go with it."""

    def build(builder: Builder) -> None:
        company = builder.add_cw_company("Acme")
        parent = builder.add_agreement(company, name="Parent")
        builder.add_addition(builder.add_agreement(company, parent=parent), builder.add_product("JC"), quantity=1)

    site = serve(build)
    child = site.connectwise.get(f"/finance/agreements/{AGREEMENT + 1}").json()
    assert child["parentAgreement"]["name"] == "Parent"
    site.tell("/edit", agreement=str(AGREEMENT + 1), parent=None)
    assert "parentAgreement" not in site.connectwise.get(f"/finance/agreements/{AGREEMENT + 1}").json()
    site.tell("/edit", agreement=str(AGREEMENT + 1), delete=True)
    assert site.control.get("/world").json()["lines"] == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"addition": str(ADDITION), "units_change": 1}, "units_change"),
        ({"addition": "7", "quantity": "1"}, "7"),
        ({"addition": str(ADDITION), "quantity": 1}, "quantity"),
        ({"addition": str(ADDITION), "unit_cost": None}, "null"),
        ({"addition": str(ADDITION), "bill_customer": "yes"}, "bill_customer"),
        ({"addition": str(ADDITION), "product_id": "9"}, "product_id"),
        ({"addition": str(ADDITION), "quantity": "1", "psa": "autotask"}, "psa"),
        ({"addition": str(ADDITION), "line": str(ADDITION), "quantity": "1"}, "exactly one"),
        ({"agreement": str(AGREEMENT), "parent": "9"}, "parent"),
        ({"agreement": str(AGREEMENT), "billing_cycle": "Sometimes"}, "billing_cycle"),
        ({"agreement": str(AGREEMENT), "end": "soon"}, "end"),
        ({"product": str(PRODUCT), "auto_update_unit_cost": 1}, "auto_update_unit_cost"),
        ({"company": "250001", "deleted": "yes"}, "deleted"),
    ],
)
def test_an_edit_that_is_not_understood_names_its_key(other: Site, body: dict[str, Any], word: str) -> None:
    """And nothing changes."""
    answer = other.control.post("/edit", json=body)
    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert truth(other) == ("14", "9.00", 0)


def test_the_psa_must_be_said_when_two_have_the_id(serve: Serve) -> None:
    """Otherwise the one that has it is meant."""

    def build(builder: Builder) -> None:
        builder.add_company("Autotask's", id=7)
        builder.add_cw_company("ConnectWise's", id=7)

    site = serve(build)
    refused = site.control.post("/edit", json={"company": "7", "name": "x"})
    assert refused.json()["error"] == "say psa: autotask and connectwise both have a company 7"
    site.tell("/edit", psa="connectwise", company="7", name="x")
    assert site.connectwise.get("/company/companies/7").json()["name"] == "x"


def test_the_catalog_overwrites_flagged_products_at_midnight(other: Site) -> None:
    """The price without a flag stays, and the rule can be off."""
    other.tell("/edit", product=str(PRODUCT), auto_update_unit_cost=True, unit_cost="8.75", unit_price="16.00")
    other.tell("/clock", now="2026-11-21T20:00:00Z")
    assert truth(other) == ("14", "9.00", 0)
    other.tell("/clock", today="2026-11-22")
    assert truth(other) == ("14", "8.75", 0)
    assert addition(other)["unitPrice"] == 15.0
    other.tell("/rules", cw_catalog_push="never")
    other.tell("/edit", product=str(PRODUCT), unit_cost="8.00")
    other.tell("/clock", today="2026-11-23")
    assert truth(other) == ("14", "8.75", 0)


@pytest.mark.parametrize(("kind", "quantity"), [("drop_before_apply", "14"), ("drop_after_apply", "15")])
def test_a_dropped_patch_may_have_been_applied(other: Site, kind: str, quantity: str) -> None:
    """The client sees a disconnect either way."""
    fault(other, kind, method="PATCH")
    with pytest.raises(httpx.RemoteProtocolError):
        patch(other, quantity=15)
    assert truth(other)[0] == quantity


@pytest.mark.parametrize(("answer", "shown"), [("before", 14.0), ("after", 15.0)])
def test_a_false_200_changes_nothing(other: Site, answer: str, shown: float) -> None:
    """Its body shows the line as it is, or as it would be; only a read tells."""
    fault(other, "false_200", answer=answer)
    response = patch(other, quantity=15)
    assert (response.status_code, response.json()["quantity"]) == (200, shown)
    assert addition(other)["quantity"] == 14.0
    assert truth(other) == ("14", "9.00", 0)
    assert patch(other, quantity=15).json()["quantity"] == 15.0


def test_a_stale_read_shows_the_addition_before_the_patch(other: Site) -> None:
    """Of two writes it is the state between them."""
    patch(other, quantity=15)
    fault(other, "stale_read")
    patch(other, quantity=16)
    assert [addition(other)["quantity"] for _ in range(2)] == [15.0, 16.0]


def test_an_ignored_field_is_passed_over(other: Site) -> None:
    """The other fields of the PATCH take effect."""
    fault(other, "ignored_field", name="unitCost")
    assert patch(other, quantity=15, unitCost=8).status_code == 200
    assert truth(other) == ("15", "9.00", 1)


def test_a_429_has_a_body_of_its_own(other: Site) -> None:
    """`Retry-After`, no code, no errors; or an HTML page from the proxy in front."""
    fault(other, "throttled", seconds=30)
    answer = patch(other, quantity=15)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert answer.json() == {"error": "ConnectWiseAPI", "message": "Too many requests. Please try again in 30 seconds."}
    fault(other, "html", status=429)
    assert patch(other, quantity=15).headers["content-type"].startswith("text/html")
    assert truth(other) == ("14", "9.00", 0)


def test_requests_beyond_the_minutes_limit_are_refused(other: Site) -> None:
    """The count is of real time."""
    other.tell("/rules", cw_per_minute=3)
    statuses = [other.connectwise.get("/system/info").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert 1 <= int(other.connectwise.get("/system/info").headers["retry-after"]) <= 61


@pytest.mark.parametrize(("when", "quantity"), [("before_apply", "14"), ("after_apply", "15")])
def test_a_timeout_is_a_500_that_says_so(other: Site, when: str, quantity: str) -> None:
    """Whether the write was applied is not in it."""
    fault(other, "timeout_500", when=when)
    answer = patch(other, quantity=15)
    assert (answer.status_code, answer.json()["message"]) == (500, "A timeout has occured. Please try again.")
    assert truth(other)[0] == quantity


def test_somebody_else_edits_before_the_patch(other: Site) -> None:
    """The edit is tried when it is ordered, and carried out when the write arrives."""
    fault(other, "edit_before_write", edit={"addition": str(ADDITION), "quantity": "20", "unit_cost": "7"})
    assert truth(other) == ("14", "9.00", 0)
    patch(other, quantity=15)
    assert truth(other) == ("15", "7.00", 1)


def test_a_restricted_member_sees_nothing_and_links_may_lead_away(other: Site) -> None:
    """Lists are empty; and the Link header names another host."""
    fault(other, "restricted")
    assert other.connectwise.get("/finance/agreements").json() == []
    fault(other, "foreign_page", base="https://evil.example.net")
    answer = other.connectwise.get("/finance/agreements", headers={"pagination-type": "forward-only"})
    assert answer.links["next"]["url"].startswith("https://evil.example.net/v4_6_release/apis/3.0/finance/agreements")


def test_an_expired_key_looks_like_a_missing_record_on_cloud(other: Site) -> None:
    """Once; then it is right again."""
    fault(other, "expired_secret")
    assert [other.connectwise.get("/system/info").status_code for _ in range(2)] == [404, 200]
