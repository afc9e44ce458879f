"""JumpCloud's own PSA integration keeps the same line: caught at plan, before two programs bill against each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import findings, marks, observed_plan
from journeys.connectwise_steps import connectwise


def claim(found: Rehearsal, psa: str, company: int, line: str | None) -> None:
    """Switch JumpCloud's integration on, with the first organization mapped to a line, or for tickets only."""
    mapping = {"organization": found.organizations[0], "company": company, "line": line and int(line)}
    found.edit(integration=psa, mappings=[{key: value for key, value in mapping.items() if value is not None}])


def test_a_line_that_jumpclouds_integration_keeps_is_blocked_with_the_remedy(tmp_path: Path) -> None:
    """No change for the claimed line; the other client goes on."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd", users=12)) as found:
        claim(found, "autotask", 174, found.lines[0])
        plan = observed_plan(found)
        assert [change["client"] for change in plan["changes"]] == ["Beta Ltd"]
        (finding,) = findings(plan, "second-writer")
        assert (finding["severity"], finding["scope"]) == ("BLOCK", f"line:autotask/{found.lines[0]}")
        assert "JumpCloud's own PSA integration keeps this line too" in finding["text"]
        assert "remove the mapping in JumpCloud's multi-tenant portal (Integrations)" in finding["text"]


def test_an_addition_is_blocked_just_the_same(tmp_path: Path) -> None:
    """ConnectWise mappings name agreement and addition."""
    with connectwise(tmp_path / "msp") as found:
        claim(found, "connectwise", 250001, found.lines[0])
        plan = observed_plan(found)
        assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "second-writer")})


def test_once_the_mapping_is_removed_there_the_line_is_ours_again(acme: Rehearsal) -> None:
    """The next plan has the change."""
    claim(acme, "autotask", 174, acme.lines[0])
    assert observed_plan(acme)["changes"] == []
    acme.edit(integration="autotask", enabled=False)
    plan = acme.plan()
    assert ([change["client"] for change in plan["changes"]], marks(plan)) == (["Acme Corp"], set())


def test_an_organization_mapped_for_tickets_only_claims_no_line(acme: Rehearsal) -> None:
    """A company without a service writes nothing."""
    claim(acme, "autotask", 174, None)
    assert marks(observed_plan(acme)) == set()


def test_an_integration_with_another_psa_claims_nothing_here(acme: Rehearsal) -> None:
    """The same number as an addition of ConnectWise is another line."""
    acme.edit(integration="connectwise", mappings=[{"organization": acme.organizations[0], "company": 250001}])
    assert marks(observed_plan(acme)) == set()


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_key_without_the_right_to_ask_holds_no_plan_back(acme: Rehearsal, status: int) -> None:
    """What cannot be asked is told, as INFO, and the change stays clean."""
    acme.observed()
    acme.fault("status", "jumpcloud", status=status, path="/integrations", times=None)
    plan = acme.plan()
    assert len(plan["changes"]) == 1
    (finding,) = findings(plan, "second-writer-unknown")
    assert (finding["severity"], finding["scope"]) == ("INFO", "source:jumpcloud")
    assert f"({status})" in finding["text"]
    assert acme.apply().out == "1 verified\n"


def test_a_plan_without_the_sources_key_is_made_all_the_same(acme: Rehearsal) -> None:
    """A pipeline may plan where only the PSA's key is known."""
    acme.observed()
    del acme.environ["JUMPCLOUD_API_KEY"]
    plan = acme.plan()
    assert len(plan["changes"]) == 1
    assert "JUMPCLOUD_API_KEY is not set" in findings(plan, "second-writer-unknown")[0]["text"]


def test_many_mappings_are_read_to_the_last_page(tmp_path: Path) -> None:
    """The claimed line stands on the second page of a hundred."""
    clients = [Client(f"Client {number:03d}", users=10) for number in range(101)]
    with rehearsal(tmp_path / "msp", *clients) as found:
        mappings = [
            {"organization": organization, "company": found.truth(line)["company"], "line": int(line)}
            for organization, line in zip(found.organizations, found.lines, strict=True)
        ]
        found.edit(integration="autotask", mappings=[{**one, "company": int(one["company"])} for one in mappings])
        assert len(findings(observed_plan(found), "second-writer")) == 101
