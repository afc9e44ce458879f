"""The control paths: clock, truth, edits, rules, the record of requests."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from psarecon.sandbox.build import Builder, building
from psarecon.sandbox.serve import running
from psarecon.sandbox.world import World

from .conftest import (
    COMPANY,
    CONTRACT,
    CW_COMPANY,
    LINE,
    ORGANIZATION,
    SEATS,
    SERVICE,
    TODAY,
    Serve,
    Site,
    client,
    where,
)


def crowd(builder: Builder) -> None:
    """60 organizations of 40 users each."""
    for number in range(60):
        builder.add_organization(f"Client {number}", users=40, suspended=1)


def marks(site: Site) -> dict[str, tuple[int, int]]:
    """(users, last month's mark) of every organization."""
    answer = site.jumpcloud.get(
        "/api/organizations?limit=100&sort=_id&fields[]=systemUsersCount&fields[]=highWaterMarkLastMonth"
    ).json()
    return {one["id"]: (one["systemUsersCount"], one["highWaterMarkLastMonth"]) for one in answer["results"]}


def test_health_tells_the_sandboxs_day(site: Site) -> None:
    """Noon in New York is 17:00 UTC in November, and the clock stands still."""
    known = {"ok": True, "today": "2026-11-21", "now": "2026-11-21T17:00:00Z"}
    assert [site.control.get("/health").json() for _ in range(2)] == [known, known]


def test_the_day_changes_at_midnight_in_new_york(serve: Serve) -> None:
    """03:59 UTC on the 1st is still the 31st there; an hour later it is not."""

    def october(builder: Builder) -> None:
        builder.world.set("now", "2026-10-31T16:00:00+00:00")

    site = serve(october)
    assert site.tell("/clock", now="2026-11-01T03:59:00Z").json()["today"] == "2026-10-31"
    assert site.tell("/clock", now="2026-11-01T04:00:00Z").json()["today"] == "2026-11-01"
    assert site.tell("/clock", today="2026-11-02").json()["now"] == "2026-11-02T17:00:00Z"


def test_the_clock_does_not_go_back(site: Site) -> None:
    """An earlier day is a 409 and changes nothing; the same moment is fine."""
    assert site.control.post("/clock", json={"today": "2026-11-20"}).status_code == 409
    assert site.tell("/clock", today="2026-11-21").json()["today"] == "2026-11-21"


@pytest.mark.parametrize("body", [{}, {"day": 1}, {"today": "soon"}, {"now": "2026-12-01T00:00:00"}, {"today": 5}, []])
def test_a_clock_order_that_is_not_understood_is_a_400(site: Site, body: Any) -> None:
    """The clock stays."""
    assert site.control.post("/clock", json=body).status_code == 400
    assert site.control.get("/health").json()["today"] == "2026-11-21"


def test_day_by_day_and_all_at_once_come_to_the_same(tmp_path: Path) -> None:
    """Users and marks after 45 days do not depend on the steps."""
    outcomes = []
    for name, steps in (("daily", 1), ("weekly", 7), ("once", 45)):
        with building(tmp_path / name, today=TODAY) as builder:
            crowd(builder)
            key = builder.world.need("jumpcloud_api_key")
        with running(tmp_path / name) as url, client(url, {"x-api-key": key}) as http:
            days = [*range(steps, 45, steps), 45]
            for day in days:
                http.post("/_sandbox/clock", json={"today": (TODAY + timedelta(days=day)).isoformat()})
        with World.open(tmp_path / name) as world:
            outcomes.append(
                world.db.execute("SELECT id, users, suspended, mark, last_mark FROM organizations").fetchall()
            )
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len({row[1] for row in outcomes[0]}) > 5


def test_last_months_mark_is_the_highest_daily_count(serve: Serve) -> None:
    """A client that counts every day of December knows December's mark in January."""
    site = serve(crowd)
    highest: dict[str, int] = {}
    for number in range(31):
        site.tell("/clock", today=(date(2026, 12, 1) + timedelta(days=number)).isoformat())
        for key, (users, _) in marks(site).items():
            highest[key] = max(users, highest.get(key, 0))
    site.tell("/clock", today="2027-01-01")
    assert {key: mark for key, (_, mark) in marks(site).items()} == highest
    assert len(set(highest.values())) > 3


def test_days_bring_small_moves_and_never_empty_an_organization(serve: Serve) -> None:
    """Nobody leaves or joins by more than about 3 % a day, and small ones keep a user."""

    def mixed(builder: Builder) -> None:
        for users in (1, 2, 40, 400):
            for number in range(10):
                builder.add_organization(f"{users} {number}", users=users)

    site = serve(mixed)
    before = marks(site)
    for number in range(1, 60):
        site.tell("/clock", today=(TODAY + timedelta(days=number)).isoformat())
        after = marks(site)
        assert min(users for users, _ in after.values()) >= 1
        assert all(abs(after[key][0] - before[key][0]) <= max(1, before[key][0] * 3 // 100) for key in after)
        before = after


def test_the_truth_names_lines_and_organizations(site: Site) -> None:
    """Ids and numbers are texts."""
    assert site.control.get("/world").json() == {
        "today": "2026-11-21",
        "lines": [{"psa": "autotask", "id": str(LINE), "contract": str(CONTRACT), "company": str(COMPANY),
                   "quantity": "14", "unit_cost": "9.00", "unit_price": "15.00", "writes": 0}],
        "organizations": [{"source": "jumpcloud", "id": ORGANIZATION, "users": "17"}],
    }  # fmt: skip


def test_the_truth_follows_the_day(site: Site) -> None:
    """A change dated next month is true next month, and an ended contract bills nothing."""
    site.adjust(day="2026-12-01", unitChange=2)
    assert site.truth()["quantity"] == "14"
    site.tell("/clock", today="2026-12-01")
    assert site.truth()["quantity"] == "16"
    site.tell("/edit", contract=str(CONTRACT), end="2026-11-30")
    assert site.truth()["quantity"] is None


def test_somebody_edits_a_line(site: Site) -> None:
    """Units from a date on, and cost and price of the running period on."""
    site.tell("/edit", psa="autotask", line=str(LINE), units_change=-2, effective="2026-11-11")
    site.tell("/edit", line=str(LINE), unit_cost="8.50")
    site.tell("/edit", line=str(LINE), unit_price="16.00")
    truth = site.truth()
    assert (truth["quantity"], truth["unit_cost"], truth["unit_price"], truth["writes"]) == ("12", "8.50", "16.00", 0)
    assert [row[:3] for row in site.rows(since="2026-10-01", until="2026-11-30")] == [
        ("2026-10-01", "2026-10-31", 14), ("2026-11-01", "2026-11-11", 14), ("2026-11-11", "2026-11-30", 12),
    ]  # fmt: skip
    assert site.rows(since="2026-10-01", until="2026-10-01")[0][3] == 126.0


def test_a_cost_edit_is_no_adjustment_of_its_day(site: Site) -> None:
    """An edit without a date does not stand in the way of an adjustment on the period's first day."""
    site.tell("/rules", same_date="refused")
    site.tell("/edit", line=str(LINE), unit_cost="8.50")
    assert site.adjust(unitChange=1).status_code == 200


def test_somebody_edits_everything_else(site: Site) -> None:
    """Names, status, dates, users; and things vanish."""
    site.tell("/edit", company=str(COMPANY), name="Acme Corp")
    site.tell("/edit", contract=str(CONTRACT), name="Renamed", status=0, start="2025-02-01", end="2027-01-31")
    site.tell("/edit", service=str(SERVICE), name="JumpCloud")
    site.tell("/edit", source="jumpcloud", organization=ORGANIZATION, users=30, suspended=4, name="Acme Corp")
    contract = site.query("Contracts", where("exist", "id"))[0]
    assert (contract["contractName"], contract["status"], contract["startDate"], contract["endDate"]) == (
        "Renamed", 0, "2025-02-01T00:00:00Z", "2027-01-31T00:00:00Z")  # fmt: skip
    assert site.query("Companies", where("eq", "companyName", "acme corp"))[0]["id"] == COMPANY
    assert site.query("Services", where("exist", "id"))[0]["name"] == "JumpCloud"
    suspended = site.jumpcloud.get("/api/systemusers?filter=state:$eq:SUSPENDED", headers={"x-org-id": ORGANIZATION})
    assert suspended.json()["totalCount"] == 4
    site.tell("/edit", organization=ORGANIZATION, delete=True)
    site.tell("/edit", contract=str(CONTRACT), delete=True)
    world = site.control.get("/world").json()
    assert (world["lines"], world["organizations"]) == ([], [])


def test_a_peak_between_two_counts_is_in_the_mark(site: Site) -> None:
    """Users who came and went on one day count for the month's mark."""
    site.tell("/edit", organization=ORGANIZATION, users=90)
    site.tell("/edit", organization=ORGANIZATION, users=17)
    site.tell("/clock", today="2026-12-01")
    assert marks(site)[ORGANIZATION][1] == 90


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"line": "8001"}, "units_change"),
        ({"line": "9999", "units_change": 1}, "9999"),
        ({"line": "x", "units_change": 1}, "line"),
        ({"line": "8001", "units": 1}, "units"),
        ({"line": "8001", "contract": "1", "units_change": 1}, "exactly one"),
        ({"line": "8001", "units_change": "1"}, "units_change"),
        ({"line": "8001", "units_change": -15}, "below zero"),
        ({"line": "8001", "unit_cost": 9}, "unit_cost"),
        ({"line": "8001", "unit_cost": "nine"}, "nine"),
        ({"line": "8001", "units_change": 1, "effective": "soon"}, "effective"),
        ({"line": "8001", "units_change": 1, "psa": "connectwise"}, "psa"),
        ({"contract": "29683353", "status": True}, "status"),
        ({"company": "174", "name": 5}, "name"),
        ({"company": "175", "name": "x"}, "175"),
        ({"organization": "624d9eae6849cf3b3f93dc56", "users": -1}, "users"),
        ({}, "exactly one"),
        ([], "object"),
    ],
)
def test_an_edit_that_is_not_understood_is_a_400(site: Site, body: Any, word: str) -> None:
    """The error names the key, and nothing changes."""
    before = site.control.get("/world").json()
    answer = site.control.post("/edit", json=body)
    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert site.control.get("/world").json() == before


def test_every_rule_says_why_it_is_one(site: Site) -> None:
    """Name, value, default, allowed values, meaning and what is unproven."""
    rules = {rule["name"]: rule for rule in site.control.get("/rules").json()["rules"]}
    assert set(rules["same_date"]) == {"name", "value", "default", "allowed", "meaning", "unproven"}
    assert rules["same_date"]["allowed"] == ["adds", "replaces", "refused"]
    assert rules["lock_after"]["allowed"] == {"from": 0, "to": 1000}
    assert {rule["value"] == rule["default"] for rule in rules.values()} == {True}


@pytest.mark.parametrize(
    ("body", "word"),
    [({"gravity": "off"}, "gravity"), ({"same_date": "maybe"}, "same_date"), ({"lock_after": "3"}, "lock_after"),
     ({"thread_status": 399}, "thread_status"), ({"lock_after": True}, "lock_after")],
)  # fmt: skip
def test_an_unknown_rule_or_value_is_a_400(site: Site, body: dict[str, Any], word: str) -> None:
    """The error names the rule, and no rule changes."""
    answer = site.control.post("/rules", json={"same_date": "refused"} | body)
    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert site.control.get("/rules").json()["rules"][0]["value"] == "adds"


def test_requests_are_written_down_without_queries_and_can_be_forgotten(site: Site) -> None:
    """Control requests are not among them; a dropped one has no status."""
    site.autotask.get("/ZoneInformation", params={"user": "secret@example.invalid"})
    site.tell("/faults", system="autotask", kind="drop_before_apply")
    with pytest.raises(Exception, match="disconnected"):
        site.autotask.get("/Companies/0")
    requests = site.control.get("/requests").json()["requests"]
    assert [(r["path"].rpartition("/")[2], r["status"]) for r in requests] == [("ZoneInformation", 500), ("0", None)]
    assert "secret" not in str(requests)
    site.control.delete("/requests")
    assert site.control.get("/requests").json() == {"requests": []}


def test_unknown_control_paths_and_bodies_are_named(site: Site) -> None:
    """404 for a path, 400 for a body that is no JSON; 404 for a path of no vendor."""
    assert site.control.get("/nothing").json()["error"] == "no control path GET /_sandbox/nothing"
    assert site.control.post("/rules", content=b"{").status_code == 400
    assert site.jumpcloud.get("/v5/apis/4.0/system/info").json() == {"error": "no emulated system has this path"}


def test_a_restart_keeps_the_world_and_the_rules(tmp_path: Path) -> None:
    """Clock, adjustments and switches survive; faults and the record of requests do not."""
    with building(tmp_path, today=TODAY) as builder:
        builder.add_organization("One", users=5, id=ORGANIZATION)
    with running(tmp_path) as url, client(url + "/_sandbox") as control:
        control.post("/clock", json={"today": "2026-12-05"})
        control.post("/rules", json={"same_date": "replaces"})
        control.post("/edit", json={"organization": ORGANIZATION, "users": 7})
        control.post("/faults", json={"system": "autotask", "kind": "html"})
    with running(tmp_path) as url, client(url + "/_sandbox") as control:
        assert control.get("/health").json()["today"] == "2026-12-05"
        assert control.get("/rules").json()["rules"][0]["value"] == "replaces"
        assert control.get("/world").json()["organizations"][0]["users"] == "7"
        assert control.get("/faults").json() == {"faults": []}


def test_a_company_of_autotask_gets_a_type_a_number_and_a_web_site(site: Site) -> None:
    """The type by the picklist's label; a text that is null is taken away."""
    site.tell(
        "/edit", company=str(COMPANY), type="Prospect", number="A-17", web_address="www.acme.example", active=False
    )
    (item,) = site.query("Companies", where("eq", "webAddress", "www.acme.example"))
    assert (item["companyType"], item["companyNumber"], item["isActive"]) == (3, "A-17", False)
    site.tell("/edit", company=str(COMPANY), number=None)
    assert site.query("Companies", where("eq", "id", COMPANY))[0]["companyNumber"] is None
    assert site.control.post("/edit", json={"company": str(COMPANY), "type": "Friend"}).status_code == 400


def test_a_company_of_connectwise_gets_a_type_an_identifier_and_a_web_site(other: Site) -> None:
    """Conditions find it by each; types are a list, as on the wire."""
    other.tell("/edit", company=str(CW_COMPANY), type="Vendor", identifier="Acme", website="acme.example", active=False)
    conditions = (
        'types/name = "Vendor" and website = "acme.example" and identifier = "Acme" and status/name != "Active"'
    )
    answer = other.connectwise.get(
        "/company/companies", params={"conditions": conditions, "fields": "id,types,website"}
    )
    assert answer.json() == [{"id": CW_COMPANY, "types": [{"id": 3, "name": "Vendor"}], "website": "acme.example"}]
    other.tell("/edit", company=str(CW_COMPANY), website=None)
    assert "website" not in other.connectwise.get(f"/company/companies/{CW_COMPANY}").json()


def test_users_addresses_take_the_domains_of_their_organization_in_turn(site: Site) -> None:
    """Without an edit there is one, made from the name."""
    headers = {"x-org-id": ORGANIZATION}
    listed = site.jumpcloud.get("/api/systemusers", params={"fields": "email"}, headers=headers).json()["results"]
    assert {one["email"].partition("@")[2] for one in listed} == {"acmesnoslo.example"}
    site.tell("/edit", organization=ORGANIZATION, domains=["one.example", "two.example"])
    listed = site.jumpcloud.get("/api/systemusers", params={"fields": "email"}, headers=headers).json()["results"]
    assert [one["email"] for one in listed[:3]] == [
        "user00000@one.example", "user00001@two.example", "user00002@one.example",
    ]  # fmt: skip
    for wrong in ([], ["a,b"], "one.example"):
        assert site.control.post("/edit", json={"organization": ORGANIZATION, "domains": wrong}).status_code == 400


def test_users_of_lastpass_have_addresses_of_their_companys_domains_too(other: Site) -> None:
    """The same edit."""
    other.tell("/edit", organization=SEATS, domains=["one.example"])
    items = other.lastpass.get(f"/managed-companies/{SEATS}/users").json()["items"]
    assert {one["email"].partition("@")[2] for one in items} == {"one.example"}
