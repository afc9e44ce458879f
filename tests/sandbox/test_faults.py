"""Faults on order, as a client meets them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from .conftest import COMPANY, CONTRACT, LINE, ORGANIZATION, Site, client, where

ADJUSTMENTS = "ServiceAdjustments"


def fault(site: Site, kind: str, system: str = "autotask", **options: Any) -> int:
    """Order a fault and give its id."""
    return int(site.tell("/faults", system=system, kind=kind, **options).json()["id"])


@pytest.mark.parametrize(("kind", "quantity"), [("drop_before_apply", "14"), ("drop_after_apply", "15")])
def test_a_dropped_connection_ends_without_a_word(site: Site, kind: str, quantity: str) -> None:
    """The client sees a disconnect; only the world tells whether the write was applied."""
    fault(site, kind, method="POST", path=ADJUSTMENTS)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        site.adjust(unitChange=1)
    assert site.truth()["quantity"] == quantity
    assert site.adjust(unitChange=0).status_code == 200


@pytest.mark.parametrize(("kind", "quantity"), [("empty_500_before_apply", "14"), ("empty_500_after_apply", "15")])
def test_an_empty_500_says_nothing_about_the_write(site: Site, kind: str, quantity: str) -> None:
    """The answers are alike; the outcomes are not."""
    fault(site, kind, path=ADJUSTMENTS)
    answer = site.adjust(unitChange=1)
    assert (answer.status_code, answer.content) == (500, b"")
    assert site.truth()["quantity"] == quantity


def test_a_status_fault_answers_anything(site: Site) -> None:
    """Status, body and headers are as ordered, and the write is not applied."""
    fault(site, "status", status=503, body='{"errors":["busy"]}', headers={"Retry-After": "7"})
    answer = site.adjust(unitChange=1)
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (503, {"errors": ["busy"]}, "7")
    assert site.truth()["quantity"] == "14"


def test_an_html_page_can_come_instead_of_json(site: Site) -> None:
    """A gateway's error page has its own media type."""
    fault(site, "html", system="jumpcloud", status=403, body="<html>blocked</html>")
    answer = site.jumpcloud.get("/api/organizations")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")


def test_a_truncated_answer_promises_more_than_it_sends(site: Site) -> None:
    """The body ends before the length it announced."""
    fault(site, "truncated")
    with pytest.raises(httpx.RemoteProtocolError, match=r"without sending complete"):
        site.autotask.get("/Companies/0")


def test_bad_json_cannot_be_parsed(site: Site) -> None:
    """The status is 200 and the body is half of one."""
    fault(site, "bad_json")
    answer = site.autotask.get("/Companies/0")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"line 1"):
        answer.json()


@pytest.mark.parametrize("when", ["before_apply", "after_apply"])
def test_a_delayed_write_is_applied_though_the_client_gave_up(site: Site, when: str) -> None:
    """The server goes on working after the client's timeout."""
    body = {"contractServiceID": LINE, "effectiveDate": "2026-11-01", "unitChange": 1}
    fault(site, "delay", seconds=0.4, when=when, path=ADJUSTMENTS)
    with pytest.raises(httpx.ReadTimeout):
        site.autotask.post("/ContractServiceAdjustments", json=body, timeout=0.05)
    assert site.truth()["quantity"] == ("14" if when == "before_apply" else "15")
    deadline = time.monotonic() + 5
    while site.truth()["quantity"] == "14" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert site.truth()["quantity"] == "15"


def test_the_thread_limit_text_can_be_ordered(site: Site) -> None:
    """The refusal comes with the status that was asked for and applies nothing."""
    fault(site, "thread_limit", status=500, path=ADJUSTMENTS)
    answer = site.adjust(unitChange=1)
    assert answer.status_code == 500
    assert "The Autotask API thread threshold of 3 threads has been exceeded." in answer.json()["errors"][0]
    assert site.truth()["quantity"] == "14"


def test_a_fourth_concurrent_request_to_one_entity_is_refused(site: Site) -> None:
    """Three requests are under way; the fourth is a 429, and another entity is not concerned."""
    site.tell("/rules", latency_ms=250)
    with ThreadPoolExecutor(5) as pool, client(site.url + "/ATServicesRest/V1.0", site.headers) as shared:
        paths = ["/Companies/0"] * 4 + ["/Contracts/1"]
        statuses = list(pool.map(lambda path: shared.get(path).status_code, paths))
    assert sorted(statuses[:4]) == [200, 200, 200, 429]
    assert statuses[4] == 200


def test_the_thread_limit_can_be_switched_off(site: Site) -> None:
    """With 0 all are served."""
    site.tell("/rules", latency_ms=100, thread_limit=0)
    with ThreadPoolExecutor(5) as pool, client(site.url + "/ATServicesRest/V1.0", site.headers) as shared:
        assert list(pool.map(lambda _: shared.get("/Companies/0").status_code, range(5))) == [200] * 5


def test_somebody_else_edits_between_read_and_write(site: Site) -> None:
    """The edit happens when the write arrives, before it is applied, and not on reads."""
    fault(site, "edit_before_write", edit={"line": str(LINE), "units_change": 5, "effective": "2026-11-01"})
    assert site.rows(until="2026-11-30")[0][2] == 14
    site.adjust(unitChange=1)
    assert site.truth() | {"unit_price": None} == {
        "psa": "autotask", "id": str(LINE), "contract": str(CONTRACT), "company": str(COMPANY), "quantity": "20",
        "unit_cost": "9.00", "unit_price": None, "writes": 1,
    }  # fmt: skip


def test_the_next_page_can_be_on_a_foreign_host(site: Site) -> None:
    """The address of the next page names another host."""
    fault(site, "foreign_page", base="https://evil.example.net")
    page = site.autotask.post("/Companies/query", json={"filter": [where("exist", "id")], "MaxRecords": 1}).json()
    assert page["pageDetails"]["nextPageUrl"].startswith("https://evil.example.net/ATServicesRest/V1.0/Companies/")


def test_a_moved_zone_answers_404_on_the_old_base_only(site: Site) -> None:
    """Zone discovery gives the new base, which works until the fault is cleared."""
    fault(site, "moved_zone", zone=7)
    assert site.autotask.get("/Companies/0").status_code == 404
    zone = site.autotask.get("/ZoneInformation", params={"user": site.headers["UserName"]}).json()
    assert zone["url"] == f"{site.url}/zone7/ATServicesRest/"
    assert httpx.get(zone["url"] + "V1.0/Companies/0", headers=site.headers).status_code == 200
    site.control.delete("/faults")
    assert site.autotask.get("/Companies/0").status_code == 200


def test_a_restricted_user_sees_nothing(site: Site) -> None:
    """Queries answer 200 and no items."""
    fault(site, "restricted", times=None)
    assert site.query("Companies", where("exist", "id")) == []
    assert site.query("ContractServiceUnits", where("exist", "id")) == []


def test_hidden_costs_are_missing_not_zero(site: Site) -> None:
    """The cost fields are not in the records at all; prices are."""
    fault(site, "hide_costs", times=None)
    service = site.query("ContractServices", where("eq", "id", LINE))[0]
    row = site.query("ContractServiceUnits", where("eq", "contractServiceID", LINE))[0]
    assert ("unitCost" in service, "cost" in row, service["unitPrice"], row["price"]) == (False, False, 15.0, 210.0)


def test_an_ignored_field_is_dropped_in_silence(site: Site) -> None:
    """The units change, the cost does not, and the answer is a success."""
    fault(site, "ignored_field", name="adjustedUnitCost")
    assert site.adjust(unitChange=1, adjustedUnitCost=8).status_code == 200
    assert (site.truth()["quantity"], site.truth()["unit_cost"]) == ("15", "9.00")


@pytest.mark.parametrize("system", ["autotask", "jumpcloud"])
def test_an_expired_secret_is_a_401(site: Site, system: str) -> None:
    """The right credentials are refused once."""
    fault(site, "expired_secret", system=system)
    http, path = {
        "autotask": (site.autotask, "/Companies/0"),
        "jumpcloud": (site.jumpcloud, "/api/organizations"),
    }[system]
    assert [http.get(path).status_code, http.get(path).status_code] == [401, 200]


def test_one_organization_can_fail_alone(site: Site) -> None:
    """Only requests about that organization are refused, and only they use the fault up."""
    fault(site, "organization_error", system="jumpcloud", organization=ORGANIZATION, status=403)
    assert site.jumpcloud.get("/api/organizations").status_code == 200
    assert site.jumpcloud.get("/api/systemusers", headers={"x-org-id": ORGANIZATION}).status_code == 403
    assert site.jumpcloud.get("/api/systemusers", headers={"x-org-id": ORGANIZATION}).status_code == 200


def test_one_organizations_count_can_be_wrong(site: Site) -> None:
    """The users vanish from every route that counts them."""
    fault(site, "organization_count", system="jumpcloud", organization=ORGANIZATION, users=0, times=None)
    counted = site.jumpcloud.get("/api/systemusers", headers={"x-org-id": ORGANIZATION}).json()
    listed = site.jumpcloud.get("/api/organizations", params={"fields[0]": "systemUsersCount"}).json()
    assert (counted["totalCount"], listed["results"][0]["systemUsersCount"]) == (0, 0)


def test_a_short_list_keeps_its_total(site: Site) -> None:
    """Fewer rows come than the total promises."""
    fault(site, "short_list", system="jumpcloud", dropped=3)
    answer = site.jumpcloud.get("/api/systemusers", params={"limit": 100}, headers={"x-org-id": ORGANIZATION}).json()
    assert (len(answer["results"]), answer["totalCount"]) == (14, 17)


def test_a_fault_waits_and_ends_as_ordered(site: Site) -> None:
    """It skips one match, befalls two, and is then over."""
    fault(site, "empty_500_before_apply", method="GET", path="companies/0", skip=1, times=2)
    assert [site.autotask.get("/Companies/0").status_code for _ in range(4)] == [200, 500, 500, 200]
    assert site.control.get("/faults").json()["faults"][0]["matched"] == 4


def test_faults_concern_only_their_method_and_path(site: Site) -> None:
    """Another path and another method pass."""
    fault(site, "empty_500_before_apply", method="POST", path="^/ATServicesRest/V1.0/Companies/query$", times=None)
    assert site.autotask.get("/Companies/0").status_code == 200
    assert site.query("Contracts", where("exist", "id")) != []
    assert site.autotask.post("/Companies/query", json={"filter": [where("exist", "id")]}).status_code == 500


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"system": "xero", "kind": "html"}, "system"),
        ({"system": "autotask", "kind": "flood"}, "kind"),
        ({"system": "jumpcloud", "kind": "moved_zone"}, "moved_zone"),
        ({"system": "autotask", "kind": "html", "colour": 1}, "colour"),
        ({"system": "autotask", "kind": "html", "status": 99}, "status"),
        ({"system": "autotask", "kind": "status"}, "status"),
        ({"system": "autotask", "kind": "delay"}, "seconds"),
        ({"system": "autotask", "kind": "delay", "seconds": 1, "when": "never"}, "when"),
        ({"system": "autotask", "kind": "html", "times": -1}, "times"),
        ({"system": "autotask", "kind": "html", "skip": "1"}, "skip"),
        ({"system": "autotask", "kind": "html", "path": "("}, "path"),
        ({"system": "autotask", "kind": "html", "method": "FETCH"}, "method"),
        ({"system": "autotask", "kind": "edit_before_write", "edit": {"line": "1", "units_change": 1}}, "line"),
        ({"system": "autotask", "kind": "edit_before_write"}, "edit"),
    ],
)
def test_a_wrong_order_is_refused_by_name(site: Site, body: dict[str, Any], word: str) -> None:
    """The 400 names the key, and no fault is in force."""
    answer = site.control.post("/faults", json=body)
    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert site.control.get("/faults").json() == {"faults": []}


def test_rehearsing_an_ordered_edit_changes_nothing(site: Site) -> None:
    """A fault's edit is tried when it is ordered, and taken back."""
    fault(site, "edit_before_write", edit={"line": str(LINE), "units_change": -4})
    assert site.truth()["quantity"] == "14"


def test_a_stale_read_shows_what_was_before_the_last_write(site: Site) -> None:
    """Reads before the write are fresh, as many after it as were ordered are not, and the truth is never stale."""
    fault(site, "stale_read", path="ContractServiceUnits", times=2)
    assert [units for _, _, units, _ in site.rows()][-1] == 14
    site.adjust(unitChange=1)
    assert [[units for _, _, units, _ in site.rows()][-1] for _ in range(3)] == [14, 14, 15]
    assert site.truth()["quantity"] == "15"


def test_a_stale_read_can_last_for_a_time(site: Site) -> None:
    """Until the seconds are over, however often one reads."""
    fault(site, "stale_read", times=None, seconds=0.2)
    site.adjust(unitChange=1)
    assert site.rows()[-1][2] == 14
    time.sleep(0.25)
    assert site.rows()[-1][2] == 15


def test_an_adjustment_can_be_accepted_and_forgotten(site: Site) -> None:
    """The answer is that of a success; a wrong adjustment is refused all the same."""
    fault(site, "false_200", times=2)
    assert (site.adjust(unitChange=1).json(), site.truth()["quantity"]) == ({"itemId": None}, "14")
    assert site.adjust(line=1, unitChange=1).status_code == 500
    assert (site.adjust(unitChange=1).status_code, site.truth()["quantity"]) == (200, "15")
