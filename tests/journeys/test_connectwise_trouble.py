"""A ConnectWise that misbehaves: false successes, throttling, cut connections, moving codebases, wrong credentials."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from harness import Rehearsal
from journeys.autotask_steps import assert_one_clear_error, events, last_text, observed_plan, only_change
from journeys.connectwise_steps import CwClient, connectwise, connectwise_setting, patches

from psarecon.errors import EXIT_STALE


def test_a_patch_that_answers_200_and_changes_nothing_is_unknown_never_verified(tmp_path: Path) -> None:
    """Read back ten where fourteen was sent: a person decides, and the next plan leaves the line alone."""
    with connectwise(tmp_path / "msp") as acme:
        observed_plan(acme)
        acme.fault("false_200", "connectwise")
        ran = acme.apply()
        assert (ran.code, ran.out, acme.truth()["quantity"], patches(acme)) == (6, "1 unknown\n", "10", 1)
        assert "the server accepted it and nothing changed" in last_text(acme)
        plan = acme.plan()
        assert [(one["severity"], one["code"]) for one in plan["findings"] if one["severity"] == "BLOCK"] == [
            ("BLOCK", "in-doubt")
        ]


def test_a_200_that_shows_the_new_figure_and_keeps_the_old_is_unknown_too(tmp_path: Path) -> None:
    """The answer's body is not believed: only what is read afterwards counts."""
    with connectwise(tmp_path / "msp") as acme:
        observed_plan(acme)
        acme.fault("false_200", "connectwise", answer="after")
        assert (acme.apply().out, acme.truth()["quantity"]) == ("1 unknown\n", "10")


def test_a_field_the_server_leaves_out_is_unknown(tmp_path: Path) -> None:
    """The quantity is taken and the cost is not: neither before nor after."""
    with connectwise(tmp_path / "msp", CwClient(unit_cost="8.00")) as acme:
        observed_plan(acme)
        acme.fault("ignored_field", "connectwise", name="unitCost")
        assert (acme.apply().out, acme.truth()["quantity"], acme.truth()["unit_cost"]) == ("1 unknown\n", "14", "8.00")


def test_a_server_that_rounds_the_cost_ends_in_an_empty_plan(tmp_path: Path) -> None:
    """17.605 is kept as 17.61: verified, and the second plan is still empty."""
    with connectwise(tmp_path / "msp", CwClient(unit_cost="17.00")) as acme:
        acme.rule(cw_rounding="two_decimals")
        acme.settings('unit_cost: "9.00"', 'unit_cost: "17.605"')
        assert only_change(observed_plan(acme))["unit_cost"] == {"before": "17.00", "after": "17.605"}
        assert (acme.apply().out, acme.truth()["unit_cost"]) == ("1 verified\n", "17.61")
        assert acme.plan()["changes"] == []


@pytest.mark.parametrize("body", ["odd", "html"])
def test_reads_that_are_throttled_are_sent_again(tmp_path: Path, body: str) -> None:
    """429 with a body of its own shape, or a page of HTML: the plan is made all the same."""
    with connectwise(tmp_path / "msp") as acme:
        acme.observed()
        _throttle(acme, body)
        assert only_change(acme.plan())["quantity"] == {"before": "10", "after": "14"}


@pytest.mark.parametrize("body", ["odd", "html"])
def test_a_write_that_is_throttled_is_read_before_it_is_sent_again(tmp_path: Path, body: str) -> None:
    """Refused by a limit, the line seen unchanged, sent a second time: one write took effect."""
    with connectwise(tmp_path / "msp") as acme:
        observed_plan(acme)
        _throttle(acme, body, method="PATCH")
        acme.forget_requests()
        assert (acme.apply().out, acme.truth()["writes"]) == ("1 verified\n", 1)
        methods = [one["method"] for one in acme.requests(path="/additions/")]
        assert methods == ["GET", "PATCH", "GET", "PATCH", "GET"]


def _throttle(acme: Rehearsal, body: str, **options: str) -> None:
    if body == "odd":
        acme.fault("throttled", "connectwise", seconds=0, **options)
    else:
        acme.fault("html", "connectwise", status=429, **options)


def test_the_vendors_words_are_told_when_throttling_does_not_end(tmp_path: Path) -> None:
    """Its 429 has no code and no errors, only a message: that is what is shown, with exit 1."""
    with connectwise(tmp_path / "msp") as acme:
        acme.observed()
        acme.fault("throttled", "connectwise", seconds=0, times=None, path="finance/agreements$")
        ran = acme.run("plan")
        assert ran.code == 1
        assert_one_clear_error(ran, acme)
        assert "asks to slow down (429): Too many requests. Please try again in 0 seconds." in ran.err


def test_a_timeout_in_the_vendors_words_is_read_again(tmp_path: Path) -> None:
    """500 with a timeout is an outage in passing: reads are repeated."""
    with connectwise(tmp_path / "msp") as acme:
        acme.observed()
        acme.fault("timeout_500", "connectwise", times=2)
        assert only_change(acme.plan())["quantity"] == {"before": "10", "after": "14"}


@pytest.mark.parametrize("kind", ["drop_after_apply", "empty_500_after_apply"])
def test_a_write_whose_answer_is_lost_is_found_by_reading(tmp_path: Path, kind: str) -> None:
    """Applied, and the answer gone: one PATCH, verified by what is read."""
    with connectwise(tmp_path / "msp") as acme:
        observed_plan(acme)
        acme.fault(kind, "connectwise", method="PATCH")
        assert (acme.apply().out, acme.truth()["quantity"], patches(acme)) == ("1 verified\n", "14", 1)


def test_a_write_that_was_cut_off_before_is_not_sent_blindly_again(tmp_path: Path) -> None:
    """Absolute or not: it is read until the server cannot be working on it, then it has failed."""
    with connectwise(tmp_path / "msp") as acme:
        observed_plan(acme)
        acme.fault("drop_before_apply", "connectwise", method="PATCH")
        assert (acme.apply().out, acme.truth()["quantity"], patches(acme)) == ("1 failed\n", "10", 1)
        assert events(acme) == ["intent", "failed"]


def test_a_line_that_moved_since_the_plan_is_a_conflict(tmp_path: Path) -> None:
    """Somebody made it twelve: shown with all three figures, nothing is sent."""
    with connectwise(tmp_path / "msp") as acme:
        observed_plan(acme)
        acme.edit(addition=int(acme.lines[0]), quantity="12")
        ran = acme.apply()
        assert (ran.code, ran.out, patches(acme)) == (EXIT_STALE, "1 conflict\n", 0)
        assert "planned from 10, now 12 at 9.00, wanted 14; nothing was sent" in ran.err


def test_a_codebase_that_moves_while_a_plan_is_read_is_looked_up_once(tmp_path: Path) -> None:
    """The tenant is upgraded after the agreements were read: companyinfo a second time, and the plan is whole."""
    clients = [CwClient(f"Client {number}", users=14) for number in range(6)]
    with connectwise(tmp_path / "msp", *clients) as acme:
        acme.observed()
        acme.fault("moved_codebase", "connectwise", skip=8)
        acme.forget_requests()
        assert len(acme.plan()["changes"]) == 6
        assert len(acme.requests("GET", "/login/companyinfo")) == 2


def test_a_codebase_that_moves_before_a_write_costs_no_line(tmp_path: Path) -> None:
    """The PATCH of the second line meets a 404: nothing was carried out, so it is read, and sent to the new place."""
    clients = [CwClient(), CwClient("Beta", users=12)]
    with connectwise(tmp_path / "msp", *clients) as acme:
        observed_plan(acme)
        acme.fault("moved_codebase", "connectwise", skip=5)
        assert acme.apply().out == "2 verified\n"
        assert [acme.truth(line)["quantity"] for line in acme.lines] == ["14", "12"]
        assert [acme.truth(line)["writes"] for line in acme.lines] == [1, 1]


def test_wrong_credentials_on_a_cloud_tenant_answer_404_and_the_message_says_so(tmp_path: Path) -> None:
    """The vendor hides them behind 404: the error names that, and the settings to check."""
    with connectwise(tmp_path / "msp") as acme:
        acme.observed()
        acme.environ["CW_PRIVATE_KEY"] = "not-the-key"
        ran = acme.run("plan")
        assert ran.code == 1
        assert_one_clear_error(ran, acme)
        assert "(404)" in ran.err
        assert "a cloud tenant also answers so to wrong credentials" in ran.err
        assert "psas.connectwise.private_key" in ran.err


def test_wrong_credentials_on_a_server_of_ones_own_are_refused_as_such(tmp_path: Path) -> None:
    """401 there: told as it is, and not tried again."""
    with connectwise(tmp_path / "msp") as acme:
        acme.rule(cw_hosting="on_premise")
        acme.observed()
        acme.environ["CW_PRIVATE_KEY"] = "not-the-key"
        acme.forget_requests()
        ran = acme.run("plan")
        assert "refused the credentials (401)" in ran.err
        assert len(acme.requests("GET", "/finance/agreements")) == 1


def test_an_unknown_company_is_named(tmp_path: Path) -> None:
    """Discovery answers 200 and null: no credential is sent anywhere."""
    with connectwise(tmp_path / "msp") as acme:
        acme.observed()
        acme.settings("company: examplemsp", "company: exampelmsp")
        acme.forget_requests()
        ran = acme.run("plan")
        assert "ConnectWise knows no company 'exampelmsp'" in ran.err
        assert acme.requests("GET", "/apis/") == []


@pytest.mark.parametrize("link", ["present", "empty", "absent"])
def test_three_pages_forward_only_are_read_whatever_the_last_link_header_says(tmp_path: Path, link: str) -> None:
    """2,100 agreements to recap: the mapped one stands on the last page, and is known to be invoiced."""
    client = CwClient(agreement={"invoiced_through": date(2026, 11, 30)})
    with connectwise(tmp_path / "msp", client, others=2100) as acme:
        acme.rule(cw_last_link=link)
        acme.observed()
        acme.forget_requests()
        plan = acme.plan()
        assert ("LOOK", "already-invoiced") in {(one["severity"], one["code"]) for one in plan["findings"]}
        assert len(acme.requests("GET", "/finance/agreementrecap/")) == 3


def test_the_settings_pace_is_kept(tmp_path: Path) -> None:
    """With a limit of requests a minute that the plan stays below, the server's own limit is never met."""
    with connectwise(tmp_path / "msp") as acme:
        connectwise_setting(acme, "requests_per_minute: 20")
        acme.rule(cw_per_minute=20)
        assert len(observed_plan(acme)["changes"]) == 1
        assert [one for one in acme.requests() if one["status"] == 429] == []
