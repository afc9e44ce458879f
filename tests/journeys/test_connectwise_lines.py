"""What an addition, its agreement and its company say about a change, over real HTTP."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import TODAY, Rehearsal
from journeys.autotask_steps import findings, marks, observed_plan, only_change
from journeys.connectwise_steps import CwClient, add_cw_client, connectwise, connectwise_setting, patches

from psarecon.sandbox.build import building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running


def test_a_quantity_is_patched_once_and_found_in_place(tmp_path: Path) -> None:
    """Ten to fourteen: one PATCH with the absolute figure, at once, and a second plan has nothing to do."""
    with connectwise(tmp_path / "msp") as acme:
        change = only_change(observed_plan(acme))
        assert (change["quantity"], change["effective_date"]) == ({"before": "10", "after": "14"}, None)
        assert change["call"] == {
            "method": "PATCH",
            "path": f"finance/agreements/500871/additions/{acme.lines[0]}",
            "body": '[{"op":"replace","path":"quantity","value":14}]',
        }
        assert (acme.apply().out, acme.truth()["quantity"], patches(acme)) == ("1 verified\n", "14", 1)
        assert acme.plan()["changes"] == []


def test_quantity_and_cost_of_a_line_go_in_one_patch(tmp_path: Path) -> None:
    """Both figures absolute, in one call, verified together."""
    with connectwise(tmp_path / "msp", CwClient(unit_cost="8.125")) as acme:
        change = only_change(observed_plan(acme))
        assert json.loads(change["call"]["body"], parse_float=str) == [
            {"op": "replace", "path": "quantity", "value": 14},
            {"op": "replace", "path": "unitCost", "value": "9.00"},
        ]
        assert acme.apply().out == "1 verified\n"
        assert (acme.truth()["quantity"], acme.truth()["unit_cost"], patches(acme)) == ("14", "9.00", 1)


def test_of_two_live_additions_with_the_same_product_only_the_mapped_one_changes(tmp_path: Path) -> None:
    """The id decides; the other addition of the same product on the same agreement stays at ten."""
    with building(tmp_path / "msp", today=TODAY) as builder:
        product = builder.add_product("JC-PLATFORM")
        mapped, organization = add_cw_client(builder, CwClient(), product)
        twin = builder.add_addition(500871, product, quantity=10)
        write_config(tmp_path / "msp", builder.world, builder.clients)
        environ = environment(builder.world)
    with running(tmp_path / "msp") as url:
        acme = Rehearsal(tmp_path / "msp", url, environ, [str(mapped), str(twin)], [organization])
        observed_plan(acme)
        assert acme.apply().out == "1 verified\n"
        assert [acme.truth(line)["quantity"] for line in acme.lines] == ["14", "10"]
        assert acme.truth(acme.lines[1])["writes"] == 0


SAID: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, str], int]] = [
    ("addition cancelled in the past", {}, {"cancelled": date(2026, 11, 1)}, ("BLOCK", "addition-cancelled"), 0),
    ("addition cancelled today", {}, {"cancelled": TODAY}, ("BLOCK", "addition-cancelled"), 0),
    ("addition cancelled in the future", {}, {"cancelled": date(2026, 12, 31)}, ("INFO", "addition-ends"), 1),
    ("not yet effective", {}, {"effective": date(2026, 12, 1)}, ("LOOK", "addition-not-effective"), 1),
    ("do not bill", {}, {"bill_customer": "DoNotBill"}, ("LOOK", "do-not-bill"), 1),
    ("no charge", {}, {"bill_customer": "NoCharge"}, ("INFO", "no-charge"), 1),
    ("free units", {}, {"less_included": 2}, ("INFO", "less-included"), 1),
    ("another tool's tag", {}, {"serial_number": "Cloudconsole"}, ("LOOK", "foreign-tag"), 1),
    ("invoiced already", {"invoiced_through": date(2026, 11, 30)}, {}, ("LOOK", "already-invoiced"), 1),
    ("agreement cancelled", {"cancelled": date(2026, 11, 10)}, {}, ("BLOCK", "agreement-cancelled"), 0),
    ("agreement cancelled later", {"cancelled": date(2026, 12, 31)}, {}, ("INFO", "agreement-ends"), 1),
    ("agreement expired", {"end": date(2026, 10, 31)}, {}, ("BLOCK", "agreement-expired"), 0),
    ("agreement not begun", {"start": date(2026, 12, 1)}, {}, ("LOOK", "agreement-inactive"), 1),
]


@pytest.mark.parametrize(
    ("agreement", "addition", "mark", "changes"), [one[1:] for one in SAID], ids=[one[0] for one in SAID]
)
def test_what_speaks_against_a_line_is_said(
    tmp_path: Path, agreement: dict[str, Any], addition: dict[str, Any], mark: tuple[str, str], changes: int
) -> None:
    """A BLOCK leaves no change, a LOOK waits for a person, an INFO only tells."""
    with connectwise(tmp_path / "msp", CwClient(agreement=agreement, addition=addition)) as acme:
        plan = observed_plan(acme)
        assert mark in marks(plan)
        assert len(plan["changes"]) == changes
        acme.apply()
        assert patches(acme) == int(mark[0] == "INFO")


def test_an_agreement_that_is_a_child_is_looked_at(tmp_path: Path) -> None:
    """It is invoiced through its parent, which the finding names."""
    with connectwise(tmp_path / "msp", CwClient(), CwClient("Beta", users=10)) as acme:
        acme.edit(agreement=500872, parent=500871)
        acme.users(12, acme.organizations[1])
        found = findings(observed_plan(acme), "child-agreement")
        assert [(one["severity"], one["scope"]) for one in found] == [("LOOK", f"line:connectwise/{acme.lines[1]}")]
        assert "agreement 500871" in found[0]["text"]


def test_a_tag_of_our_own_is_no_finding(tmp_path: Path) -> None:
    """``own_tags`` names serial numbers that are nobody else's mark, in any case of letters."""
    with connectwise(tmp_path / "msp", CwClient(addition={"serial_number": "MSP-7"})) as acme:
        connectwise_setting(acme, "own_tags: [psarecon, msp-7]")
        assert marks(observed_plan(acme)) == set()


def test_a_month_that_is_billed_in_arrears_is_open_until_its_own_invoice(tmp_path: Path) -> None:
    """With ``invoices: in-arrears`` an invoice dated 1 December is November's own; one of January says it is done."""
    client = CwClient(agreement={"invoiced_through": date(2026, 11, 30)})
    with connectwise(tmp_path / "msp", client) as acme:
        connectwise_setting(acme, "invoices: in-arrears")
        assert marks(observed_plan(acme)) == set()
        acme.edit(agreement=500871, invoiced_through="2026-12-31")
        assert marks(acme.plan()) == {("LOOK", "already-invoiced")}


def test_the_catalog_flag_matters_only_where_the_cost_is_kept(tmp_path: Path) -> None:
    """A product whose unit cost the catalog updates by itself: LOOK with a cost in the mapping, no request without."""
    with connectwise(tmp_path / "msp") as acme:
        acme.edit(product=752, auto_update_unit_cost=True)
        assert marks(observed_plan(acme)) == {("LOOK", "catalog-cost")}
        acme.settings(', unit_cost: "9.00"', "")
        acme.forget_requests()
        assert marks(acme.plan()) == set()
        assert acme.requests("GET", "/procurement/catalog") == []


def test_another_product_behind_the_addition_is_asked_about(tmp_path: Path) -> None:
    """The mapping asserts the product's identifier: a wrong id shows."""
    with connectwise(tmp_path / "msp") as acme:
        acme.mapping('name: "JC-PLATFORM"', 'name: "LP-BUSINESS"')
        plan = observed_plan(acme)
        assert marks(plan) == {("LOOK", "name-differs")}
        assert "'LP-BUSINESS'" in findings(plan, "name-differs")[0]["text"]


def test_an_addition_re_pointed_after_the_plan_is_not_written(tmp_path: Path) -> None:
    """Somebody puts another product on the line between plan and apply: nothing is sent, and the text says why."""
    with connectwise(tmp_path / "msp") as acme:
        observed_plan(acme)
        acme.edit(product=752, identifier="SOMETHING-ELSE")
        ran = acme.apply()
        assert (ran.code, ran.out, patches(acme)) == (6, "1 failed\n", 0)
        assert "bills 'SOMETHING-ELSE' now, planned was 'JC-PLATFORM'" in ran.err


def test_an_addition_of_another_agreement_is_blocked(tmp_path: Path) -> None:
    """Two lines mapped crosswise: each is found on the other's agreement, and the finding says which is right."""
    with connectwise(tmp_path / "msp", CwClient(), CwClient("Beta", users=10)) as acme:
        acme.mapping("agreement: {id: 500871,", "agreement: {id: 500872,")
        acme.mapping("agreement: {id: 500872,", "agreement: {id: 500871,", client=1)
        found = findings(observed_plan(acme), "contract-differs")
        assert [(one["severity"], one["text"]) for one in found] == [
            ("BLOCK", "the mapping says contract 500872, the PSA says 500871"),
            ("BLOCK", "the mapping says contract 500871, the PSA says 500872"),
        ]


def test_an_addition_that_is_gone_is_blocked(tmp_path: Path) -> None:
    """Deleted in the PSA: never created again, and never a quantity of nothing."""
    with connectwise(tmp_path / "msp") as acme:
        acme.edit(addition=int(acme.lines[0]), delete=True)
        plan = observed_plan(acme)
        assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "line-missing")})


def test_an_addition_without_a_quantity_is_blocked(tmp_path: Path) -> None:
    """The field may be null; null is not zero."""
    with connectwise(tmp_path / "msp") as acme:
        acme.edit(addition=int(acme.lines[0]), quantity=None)
        plan = observed_plan(acme)
        assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "not-billing")})


def test_dates_that_are_not_set_may_come_empty(tmp_path: Path) -> None:
    """Absent, null and an empty text are one and the same."""
    with connectwise(tmp_path / "msp") as acme:
        acme.rule(cw_no_date="empty")
        assert marks(observed_plan(acme)) == set()


def test_money_of_a_quarterly_agreement_is_told_a_month(tmp_path: Path) -> None:
    """Four units more at 15.00 a quarter are 20.00 a month."""
    with connectwise(tmp_path / "msp", CwClient(agreement={"billing_cycle": "Quarterly"})) as acme:
        money = only_change(observed_plan(acme))["money"]
        assert money["monthly_revenue"] == {"before": "50.00", "after": "70.00"}
        assert money["monthly_cost"] == {"before": "30.00", "after": "42.00"}


def test_quantities_with_decimals_are_read_as_they_are(tmp_path: Path) -> None:
    """A double such as 10.50 is ten and a half, shown without needless zeros."""
    with connectwise(tmp_path / "msp", CwClient(quantity="10.50")) as acme:
        assert only_change(observed_plan(acme))["quantity"] == {"before": "10.5", "after": "14"}
        assert acme.apply().out == "1 verified\n"


def test_an_earlier_month_cannot_be_closed_where_changes_count_at_once(tmp_path: Path) -> None:
    """November's figure would be billed from December on: somebody looks at it first."""
    with connectwise(tmp_path / "msp") as acme:
        acme.observed()
        acme.today("2026-12-01")
        acme.observed()
        plan = acme.plan("--month", "2026-11")
        (finding,) = findings(plan, "closed-at-once")
        assert (finding["severity"], only_change(plan)["quantity"]["before"]) == ("LOOK", "10")
        assert findings(acme.plan(), "closed-at-once") == []
