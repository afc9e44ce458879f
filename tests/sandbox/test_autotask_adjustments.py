"""Adjustments of the emulated Autotask, and the unit rows that follow."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from psarecon.sandbox.build import Builder

from .conftest import COMPANY, CONTRACT, LINE, SERVICE, Serve, Site, one_client, where

OUTSIDE = (
    "ContractServiceAdjustment effectiveDate must be between the start date and end date of the Contract "
    "referenced by contractID."
)


def refused(answer: Any) -> str:
    """The one text of a refused adjustment."""
    assert answer.status_code == 500
    texts: list[str] = answer.json()["errors"]
    assert len(texts) == 1
    return texts[0]


def test_success_is_an_answer_without_an_id(site: Site) -> None:
    """The POST answers 200 and a null item id."""
    answer = site.adjust(unitChange=1)
    assert (answer.status_code, answer.json()) == (200, {"itemId": None})


def test_a_change_at_a_period_start_moves_that_row_and_all_later_ones(site: Site) -> None:
    """No row is split, and the row's cost is that of the whole period."""
    site.adjust(unitChange=3)
    assert site.rows(since="2026-10-01") == [
        ("2026-10-01", "2026-10-31", 14, 126.0),
        ("2026-11-01", "2026-11-30", 17, 153.0),
        ("2026-12-01", "2026-12-31", 17, 153.0),
    ]


def test_a_change_inside_a_period_splits_its_row(site: Site) -> None:
    """Both parts are prorated by days, and the first part ends where the second begins."""
    site.adjust(day="2026-11-11", unitChange=3)
    assert site.rows() == [
        ("2026-11-01", "2026-11-11", 14, 42.0),
        ("2026-11-11", "2026-11-30", 17, 102.0),
        ("2026-12-01", "2026-12-31", 17, 153.0),
    ]


def test_split_rows_need_not_overlap(site: Site) -> None:
    """With the rule off, the first part ends on the day before, at the same cost."""
    site.tell("/rules", row_overlap="no")
    site.adjust(day="2026-11-11", unitChange=3)
    assert site.rows(until="2026-11-30") == [
        ("2026-11-01", "2026-11-10", 14, 42.0), ("2026-11-11", "2026-11-30", 17, 102.0)]  # fmt: skip


def test_split_amounts_keep_four_decimals(site: Site) -> None:
    """14 units at 9.00 for 3 of 31 days are 12.1935."""
    site.adjust(day="2026-12-04", unitChange=1)
    assert [row[3] for row in site.rows(since="2026-12-01")] == [12.1935, 121.9355]


def test_row_ids_stay_when_rows_are_split(site: Site) -> None:
    """A split adds one id and changes none."""
    before = {item["id"] for item in site.query("ContractServiceUnits", where("eq", "contractServiceID", LINE))}
    site.adjust(day="2026-11-11", unitChange=3)
    after = {item["id"] for item in site.query("ContractServiceUnits", where("eq", "contractServiceID", LINE))}
    assert len(before) == 36
    assert len(after - before) == 1
    assert before < after


def test_a_row_can_be_read_by_its_id(site: Site) -> None:
    """The id of a row leads back to it."""
    row = site.query("ContractServiceUnits", where("eq", "startDate", "2026-11-01"))[0]
    assert site.autotask.get(f"/ContractServiceUnits/{row['id']}").json()["item"] == row


def test_quantity_and_cost_change_in_one_adjustment(site: Site) -> None:
    """The contract service shows the new cost and price, and the rows bill them from the date on."""
    site.adjust(unitChange=1, adjustedUnitCost=8.75, adjustedUnitPrice=16)
    item = site.autotask.get(f"/ContractServices/{LINE}").json()["item"]
    assert (item["unitCost"], item["unitPrice"]) == (8.75, 16.0)
    assert [row[2:] for row in site.rows(since="2026-10-01")] == [(14, 126.0), (15, 131.25), (15, 131.25)]


def test_a_cost_alone_leaves_the_units(site: Site) -> None:
    """UnitChange may be left out or be 0."""
    site.adjust(adjustedUnitCost=8)
    site.adjust(day="2026-12-01", unitChange=0, adjustedUnitCost=7)
    assert [row[2:] for row in site.rows()] == [(14, 112.0), (14, 98.0)]


@pytest.mark.parametrize(("rule", "cost"), [("at_once", 8.0), ("on_date", 9.0)])
def test_a_future_cost_shows_as_the_rule_says(site: Site, rule: str, cost: float) -> None:
    """The rows know the date in either case; the contract service shows the cost now or later."""
    site.tell("/rules", cost_flips=rule)
    site.adjust(day="2026-12-01", adjustedUnitCost=8)
    assert site.autotask.get(f"/ContractServices/{LINE}").json()["item"]["unitCost"] == cost
    assert [row[3] for row in site.rows()] == [126.0, 112.0]
    assert site.truth()["unit_cost"] == "9.00"
    site.tell("/clock", today="2026-12-01")
    assert site.autotask.get(f"/ContractServices/{LINE}").json()["item"]["unitCost"] == 8.0
    assert site.truth()["unit_cost"] == "8.00"


def test_the_time_of_the_effective_date_is_dropped(site: Site) -> None:
    """A late hour does not move the day, whatever its zone would say."""
    site.adjust(day="2026-11-01T23:30:00.00", unitChange=2)
    assert site.rows(until="2026-11-30") == [("2026-11-01", "2026-11-30", 16, 144.0)]


def test_same_date_adjustments_add_up_by_default(site: Site) -> None:
    """14 + 2 + 3."""
    site.adjust(unitChange=2)
    site.adjust(unitChange=3)
    assert site.truth()["quantity"] == "19"


def test_same_date_adjustments_replace_when_the_rule_says_so(site: Site) -> None:
    """The second counts from the units before the first: 14 + 3, and the cost of the first stays."""
    site.tell("/rules", same_date="replaces")
    site.adjust(unitChange=2, adjustedUnitCost=8)
    site.adjust(unitChange=3)
    assert (site.truth()["quantity"], site.truth()["unit_cost"]) == ("17", "8.00")
    site.adjust(day="2026-12-01", unitChange=1)
    assert [row[2] for row in site.rows()] == [17, 18]


def test_same_date_adjustments_are_refused_when_the_rule_says_so(site: Site) -> None:
    """The second gets the quoted text and changes nothing; another date is fine."""
    site.tell("/rules", same_date="refused")
    site.adjust(unitChange=2)
    text = refused(site.adjust(unitChange=3))
    assert "Attempt to insert duplicate data into contract_service_period" in text
    assert (site.truth()["quantity"], site.truth()["writes"]) == ("16", 1)
    assert site.adjust(day="2026-12-01", unitChange=3).status_code == 200


@pytest.mark.parametrize("day", ["2024-12-31", "2028-01-01"])
def test_a_date_outside_the_contract_is_refused(site: Site, day: str) -> None:
    """The quoted text names the contract's dates."""
    assert refused(site.adjust(day=day, unitChange=1)) == OUTSIDE


@pytest.mark.parametrize("day", ["2025-01-01", "2027-12-31"])
def test_the_first_and_last_day_of_the_contract_are_inside(site: Site, day: str) -> None:
    """Both ends are inclusive."""
    assert site.adjust(day=day, unitChange=1).status_code == 200


def test_units_may_reach_zero_but_not_go_below(site: Site) -> None:
    """-14 is accepted, one more is refused and changes nothing."""
    assert site.adjust(unitChange=-14).status_code == 200
    assert site.truth()["quantity"] == "0"
    assert "negative" in refused(site.adjust(unitChange=-1))
    assert site.truth()["quantity"] == "0"


def test_units_may_not_go_below_zero_later_either(site: Site) -> None:
    """A decrease now that a later decrease would not survive is refused."""
    site.adjust(day="2026-12-01", unitChange=-10)
    assert "negative" in refused(site.adjust(unitChange=-5))
    assert [row[2] for row in site.rows()] == [14, 4]


def test_a_posted_period_is_not_changed(site: Site) -> None:
    """The quoted text comes for a date in it; the next period is open."""
    site.tell("/edit", contract=str(CONTRACT), post_through="2026-11-01")
    assert "already approved and posted contract period" in refused(site.adjust(unitChange=1))
    assert refused(site.adjust(day="2026-11-20", unitChange=1)) != OUTSIDE
    assert site.adjust(day="2026-12-01", unitChange=1).status_code == 200


def test_posting_stamps_rows_and_makes_billing_items(site: Site) -> None:
    """Each posted period has one item; a change inside it has one more, for the difference and its days."""
    site.adjust(day="2026-11-11", unitChange=3)
    assert site.query("BillingItems", where("eq", "contractServiceID", LINE)) == []
    site.tell("/edit", contract=str(CONTRACT), post_through="2026-11-15")
    stamps = site.query("ContractServiceUnits", where("gte", "startDate", "2026-11-01"), MaxRecords=3)
    assert [row["approveAndPostDate"] for row in stamps] == ["2026-11-21T00:00:00Z"] * 2 + [None]
    items = site.query("BillingItems", where("gte", "itemDate", "2026-10-01"))
    assert [(i["itemDate"][:10], i["quantity"], i["totalAmount"], i["ourCost"]) for i in items] == [
        ("2026-10-01", 14, 210.0, 126.0),
        ("2026-11-01", 14, 210.0, 126.0),
        ("2026-11-11", 3, 30.0, 18.0),
    ]
    assert items[2]["contractServicePeriodID"] == items[1]["contractServicePeriodID"] == stamps[0]["id"]
    assert items[2]["contractServiceAdjustmentID"] == 1


def test_a_posted_period_can_be_open_by_rule(site: Site) -> None:
    """With the rule on accept the change is made."""
    site.tell("/rules", posted_period="accept")
    site.tell("/edit", contract=str(CONTRACT), post_through="2026-11-01")
    assert site.adjust(unitChange=1).status_code == 200


def test_the_line_must_belong_to_the_contract(site: Site) -> None:
    """An unknown line and a line of another contract are unknown references."""
    text = "Value does not reference an existing entity for contractServiceID . "
    assert refused(site.adjust(line=9999, unitChange=1)) == text
    body = {"contractID": 5, "contractServiceID": LINE, "effectiveDate": "2026-11-01", "unitChange": 1}
    assert refused(site.autotask.post("/ContractServiceAdjustments", json=body)) == text


def test_the_root_path_takes_adjustments_too(site: Site) -> None:
    """Without a contract id the line's own contract counts; names are matched without case."""
    body = {"ContractServiceId": LINE, "EffectiveDate": "2026-11-01", "UNITCHANGE": 1}
    assert site.autotask.post("/contractserviceadjustments", json=body).json() == {"itemId": None}
    assert site.truth()["quantity"] == "15"


def test_an_unmatched_service_silently_becomes_a_new_line(site: Site) -> None:
    """Addressed by service, a service that the contract has not starts billing on the effective date."""
    backup = 302
    body = {"contractID": CONTRACT, "serviceID": backup, "effectiveDate": "2026-11-11", "unitChange": 4}
    assert refused(site.autotask.post("/ContractServiceAdjustments", json=body)).endswith("serviceID . ")
    site.autotask.post("/ContractServiceAdjustments", json=body | {"serviceID": SERVICE})
    assert site.truth()["quantity"] == "18"


def test_a_new_line_bills_from_its_first_day(serve: Serve) -> None:
    """The line that came into being has no rows before the effective date, and a part of the first period."""

    def with_backup(builder: Builder) -> None:
        one_client(builder)
        builder.add_service("Backup", id=302, unit_cost="3.00")

    site = serve(with_backup)
    body = {"contractID": CONTRACT, "serviceID": 302, "effectiveDate": "2026-11-11", "unitChange": 4}
    assert site.autotask.post("/ContractServiceAdjustments", json=body).json() == {"itemId": None}
    rows = site.query("ContractServiceUnits", where("eq", "serviceID", 302), MaxRecords=2)
    found = [(row["startDate"][:10], row["endDate"][:10], row["units"], row["cost"]) for row in rows]
    assert found == [("2026-11-11", "2026-11-30", 4, 8.0), ("2026-12-01", "2026-12-31", 4, 12.0)]


def test_only_recurring_contracts_are_adjusted(serve: Serve) -> None:
    """A contract of another type has no rows and takes no adjustment."""

    def materials(builder: Builder) -> None:
        builder.add_contract(COMPANY, id=CONTRACT, type=1)
        builder.add_line(CONTRACT, builder.add_service("S"), units=1, id=LINE)

    site = serve(materials)
    assert "Recurring Service" in refused(site.adjust(unitChange=1))
    assert site.rows() == []
    assert site.truth()["quantity"] is None


def test_an_inactive_contract_bills_on_and_its_adjustments_are_a_rule(site: Site) -> None:
    """Setting a contract inactive stops neither its rows nor, by default, its adjustments."""
    site.tell("/edit", contract=str(CONTRACT), status=0)
    assert site.adjust(unitChange=1).status_code == 200
    site.tell("/rules", inactive_contract="refuse")
    assert "not active" in refused(site.adjust(unitChange=1))
    assert site.truth()["quantity"] == "15"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"unitChange": 1.5}, "unitChange"),
        ({"unitChange": "1"}, "unitChange"),
        ({"unitChange": 10**30}, "unitChange"),
        ({"adjustedUnitCost": True}, "adjustedUnitCost"),
        ({"day": "soon"}, "effectiveDate"),
        ({"effectiveDate": None}, "effectiveDate"),
    ],
)
def test_bad_values_are_refused_by_name(site: Site, changes: dict[str, Any], name: str) -> None:
    """The text names the field, and nothing changes."""
    assert name in refused(site.adjust(**changes))
    assert site.truth()["writes"] == 0


def test_every_adjustment_leaves_a_note_and_is_counted(site: Site) -> None:
    """The contract's notes are a witness, and the truth counts writes through the API."""
    site.adjust(unitChange=1)
    site.adjust(day="2026-12-01", unitChange=1)
    notes = site.query("ContractNotes", where("eq", "contractID", CONTRACT))
    assert [note["title"] for note in notes] == ["Contract service adjusted"] * 2
    assert site.truth()["writes"] == 2


def test_periods_step_from_the_contracts_start_by_its_period_type(serve: Serve) -> None:
    """Monthly, quarterly, semi-annual and yearly contracts that start on the 31st or on the 15th."""
    starts = {2: date(2026, 8, 31), 3: date(2026, 8, 15), 4: date(2026, 8, 15), 5: date(2026, 8, 15)}

    def several(builder: Builder) -> None:
        service = builder.add_service("S")
        for period_type, start in starts.items():
            contract = builder.add_contract(0, start=start, end=date(2028, 1, 2), period_type=period_type)
            builder.add_line(contract, service, units=1, id=period_type)

    site = serve(several)
    spans = {kind: [row[:2] for row in site.rows(kind, since="2026-01-01", until="2029-01-01")] for kind in starts}
    assert spans[2][:3] == [("2026-08-31", "2026-09-29"), ("2026-09-30", "2026-10-30"), ("2026-10-31", "2026-11-29")]
    assert spans[3][:2] == [("2026-08-15", "2026-11-14"), ("2026-11-15", "2027-02-14")]
    assert spans[4] == [("2026-08-15", "2027-02-14"), ("2027-02-15", "2027-08-14"), ("2027-08-15", "2028-01-02")]
    assert spans[5] == [("2026-08-15", "2027-08-14"), ("2027-08-15", "2028-01-02")]


def test_a_window_of_days_finds_exactly_the_rows_that_touch_it(site: Site) -> None:
    """The bulk read by dates gives the two rows that contain the day of a split, and one on other days."""
    site.adjust(day="2026-11-11", unitChange=3)

    def on(day: str) -> list[int]:
        found = site.query("ContractServiceUnits", where("in", "contractID", [CONTRACT]),
                           where("lte", "startDate", day), where("gte", "endDate", day))  # fmt: skip
        return [item["units"] for item in found]

    assert [on("2026-11-10"), on("2026-11-11"), on("2026-11-12"), on("2024-12-31")] == [[14], [14, 17], [17], []]
