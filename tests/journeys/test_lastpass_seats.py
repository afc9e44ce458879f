"""Seats of LastPass's managed companies, by both of its APIs, over real HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from journeys.autotask_steps import findings, marks, observed_plan, only_change
from journeys.lastpass_steps import (
    LpClient,
    counts,
    enterprise_answering,
    lastpass,
    lastpass_setting,
    use_enterprise,
)

MIXED = {"disabled": 3, "invited": 2, "expired": 1, "staged": 1}


def test_enrolled_users_are_the_seats_that_are_billed(tmp_path: Path) -> None:
    """Fourteen enrolled, the others free: ten becomes fourteen, written and found."""
    with lastpass(tmp_path / "msp", LpClient(company=MIXED)) as acme:
        change = only_change(observed_plan(acme))
        assert (change["quantity"], change["usage"]["steps"]) == ({"before": "10", "after": "14"}, [["current", "14"]])
        assert (acme.apply().out, acme.truth()["quantity"]) == ("1 verified\n", "14")
        assert acme.plan()["changes"] == []


def test_invited_users_are_counted_only_by_setting(tmp_path: Path) -> None:
    """``count_invited: true`` adds the two pending invitations, not the expired one."""
    with lastpass(tmp_path / "msp", LpClient(company=MIXED)) as acme:
        lastpass_setting(acme, "count_invited: true")
        change = only_change(observed_plan(acme))
        assert change["quantity"] == {"before": "10", "after": "16"}
        assert change["evidence"][0]["how"] == "users enrolled or pending-invitation"


def test_users_are_counted_page_by_page(tmp_path: Path) -> None:
    """1,234 users on three pages, none of which tells a total."""
    with lastpass(tmp_path / "msp", LpClient(quantity=1233, users=1234)) as acme:
        assert only_change(observed_plan(acme))["quantity"] == {"before": "1233", "after": "1234"}
        assert len(acme.requests("GET", f"/managed-companies/{acme.organizations[0]}/users")) == 3


def test_a_token_that_repeats_ends_the_paging_with_an_error(tmp_path: Path) -> None:
    """Nothing is counted from half a list: the organization fails, is blocked, and the other goes on."""
    with lastpass(tmp_path / "msp", LpClient(), LpClient("Beta", users=12)) as acme:
        path = f"managed-companies/{acme.organizations[0]}/users"
        acme.fault("repeated_token", "lastpass", path=path, times=None)
        ran = acme.run("observe")
        assert (ran.code, counts(acme)) == (6, dict(zip(acme.organizations, [None, 12], strict=True)))
        assert "the token of the next page was there before" in ran.err
        plan = acme.plan()
        assert [change["client"] for change in plan["changes"]] == ["Beta"]
        assert ("BLOCK", "usage-missing") in marks(plan)


def test_a_list_of_companies_whose_token_repeats_fails_the_source(tmp_path: Path) -> None:
    """Exit 1, and nobody is billed from it."""
    with lastpass(tmp_path / "msp") as acme:
        acme.fault("repeated_token", "lastpass", path="managed-companies$", times=None)
        assert acme.run("observe").code == 1
        assert acme.plan()["changes"] == []


FAMILY = LpClient("Reseller", users=5, company={"type": "managed-msp"})


@pytest.mark.parametrize("listing", ["all", "children"])
def test_grandchild_companies_are_not_counted_twice(tmp_path: Path, listing: str) -> None:
    """A reseller of five seats, a client of seven below it: five are billed, not twelve; the seven are not read."""
    with lastpass(tmp_path / "msp", FAMILY, LpClient("Below", users=7, mapped=False)) as acme:
        acme.edit(organization=acme.organizations[1], source="lastpass", parent=acme.organizations[0])
        acme.rule(lp_listing=listing)
        assert only_change(observed_plan(acme))["quantity"] == {"before": "10", "after": "5"}
        assert counts(acme) == {acme.organizations[0]: 5}


def test_a_grandchild_that_is_mapped_is_billed_for_its_own_seats_once(tmp_path: Path) -> None:
    """Both are mapped: five and seven."""
    with lastpass(tmp_path / "msp", FAMILY, LpClient("Below", users=9)) as acme:
        acme.edit(organization=acme.organizations[1], source="lastpass", parent=acme.organizations[0])
        observed_plan(acme)
        assert counts(acme) == dict(zip(acme.organizations, [5, 9], strict=True))


def test_a_company_the_account_does_not_list_is_an_error_never_zero(tmp_path: Path) -> None:
    """Detached in LastPass: blocked, with the reason."""
    with lastpass(tmp_path / "msp") as acme:
        acme.observed()
        acme.edit(organization=acme.organizations[0], source="lastpass", delete=True)
        assert acme.run("observe").code == 6
        plan = acme.plan()
        assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "usage-failed")})
        assert "does not list this company" in findings(plan, "usage-failed")[0]["text"]


def test_a_refused_key_fails_the_source_and_shows_no_secret(tmp_path: Path) -> None:
    """401 with problem details: exit 1, their words, no key."""
    with lastpass(tmp_path / "msp") as acme:
        acme.environ["LASTPASS_API_KEY"] = "lpkey_wrong"
        ran = acme.run("observe")
        assert ran.code == 1
        assert "The API key is missing or not valid." in ran.err
        assert "lpkey_wrong" not in ran.err


@pytest.mark.parametrize(
    ("addons", "sku", "mark"),
    [
        ([], "lastpass", set()),
        (["mfa"], "lastpass-mfa", set()),
        (["mfa"], "lastpass", {("LOOK", "sku-differs")}),
        ([], "lastpass-mfa", {("LOOK", "sku-differs")}),
        (["sso", "mfa"], "lastpass-mfa-sso", set()),
    ],
)
def test_the_products_sku_is_held_against_the_companys_add_ons(
    tmp_path: Path, addons: list[str], sku: str, mark: set[tuple[str, str]]
) -> None:
    """LastPass and LastPass with MFA are products of their own: a person looks where they disagree."""
    with lastpass(tmp_path / "msp", LpClient(company={"addons": addons})) as acme:
        acme.settings("metric: seats,", f"metric: seats, sku: {sku},")
        assert marks(observed_plan(acme)) == mark


def test_billing_reports_cross_check_where_asked_for(tmp_path: Path) -> None:
    """The running cycle's report says fourteen; once a user is gone, it still does: LOOK, and the count is used."""
    with lastpass(tmp_path / "msp") as acme:
        lastpass_setting(acme, "cross_check: billing-reports")
        assert marks(observed_plan(acme)) == set()
        acme.edit(organization=acme.organizations[0], source="lastpass", users=13)
        plan = observed_plan(acme)
        assert marks(plan) == {("LOOK", "usage-cross-check")}
        assert only_change(plan)["quantity"] == {"before": "10", "after": "13"}


def test_the_enterprise_api_counts_users_who_are_not_disabled(tmp_path: Path) -> None:
    """Its answer calls itself XML and is JSON: fourteen, three disabled ones free."""
    with lastpass(tmp_path / "msp", LpClient(company={"disabled": 3, "invited": 2})) as acme:
        use_enterprise(acme)
        assert only_change(observed_plan(acme))["quantity"] == {"before": "10", "after": "14"}


def test_the_enterprise_api_counts_invited_users_only_by_setting(tmp_path: Path) -> None:
    """They stand in a list of their own."""
    with lastpass(tmp_path / "msp", LpClient(company={"invited": 2})) as acme:
        use_enterprise(acme, options="count_invited: true, ")
        assert only_change(observed_plan(acme))["quantity"] == {"before": "10", "after": "16"}


def test_the_enterprise_api_is_read_page_by_page(tmp_path: Path) -> None:
    """450 users are three pages of 200."""
    with lastpass(tmp_path / "msp", LpClient(quantity=449, users=450)) as acme:
        use_enterprise(acme)
        assert only_change(observed_plan(acme))["quantity"] == {"before": "449", "after": "450"}
        assert len(acme.requests("POST", "/enterpriseapi.php")) == 3


def test_an_error_inside_a_200_is_blocked_never_zero(tmp_path: Path) -> None:
    """A refused key answers 200 with XML: the reading fails, and the line is left alone."""
    with lastpass(tmp_path / "msp", LpClient(), LpClient("Beta", users=12)) as acme:
        use_enterprise(acme)
        acme.observed()
        acme.environ[f"LP_HASH_{acme.organizations[0]}"] = "0" * 64
        ran = acme.run("observe")
        assert (ran.code, counts(acme)) == (6, dict(zip(acme.organizations, [None, 12], strict=True)))
        assert "refused the key: Authorization Error" in ran.err
        plan = acme.plan()
        assert [change["client"] for change in plan["changes"]] == ["Beta"]
        assert marks(plan) == {("BLOCK", "usage-failed")}


def _user(**fields: Any) -> dict[str, Any]:
    return {"username": "u", "disabled": False, **fields}


@pytest.mark.parametrize(
    ("answer", "code", "count"),
    [
        ({"total": 0, "count": 0, "Users": []}, 0, 0),
        ({"total": 4, "count": 4, "Users": []}, 6, None),
        ({"total": 0, "count": 0, "Users": {}}, 0, 0),
        ({"total": 4, "count": 0, "Users": {}}, 6, None),
        ({"total": "2", "Users": {"1": _user(), "2": _user(disabled="1")}}, 0, 1),
        ({"total": 2, "Users": {"1": _user(), "2": {"username": "v"}}}, 6, None),
        ({"total": 1}, 6, None),
        ({"Users": {"1": _user()}}, 6, None),
        ({"status": "FAIL", "errors": ["Invalid command"]}, 6, None),
        ([], 6, None),
    ],
    ids=[
        "an empty list and a total of 0", "an empty list and a total of 4", "no users and a total of 0",
        "no users and a total of 4", "texts for numbers", "a flag that is missing", "no users at all", "no total",
        "an error in JSON", "not an object",
    ],
)  # fmt: skip
def test_no_users_is_zero_only_when_the_total_says_so(
    tmp_path: Path, answer: Any, code: int, count: int | None
) -> None:
    """Everything else that is short of an answer is a failed reading."""
    with lastpass(tmp_path / "msp") as acme, enterprise_answering(lambda _page: answer) as url:
        use_enterprise(acme, url)
        assert (acme.run("observe").code, counts(acme)) == (code, {acme.organizations[0]: count})


def test_an_enterprise_company_without_a_key_is_a_failed_reading(tmp_path: Path) -> None:
    """The mapping bills it, the settings know no account of it."""
    with lastpass(tmp_path / "msp") as acme:
        known, acme.organizations = acme.organizations, ["1"]
        acme.environ |= {"LP_CID_1": "1", "LP_HASH_1": "x"}
        use_enterprise(acme)
        ran = acme.run("observe")
        assert ran.code == 6
        assert f"failed: {known[0]} : there is no key for it under sources.lastpass.accounts" in ran.err
