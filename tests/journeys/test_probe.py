"""`probe` as a person meets it: whom it refuses, what it prints, how it ends, and what plans make of its answers."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from harness import Rehearsal
from journeys.autotask_steps import ADJUSTMENT, autotask_setting, body_of, events, observed_plan, only_change
from journeys.contract_steps import real
from journeys.probe_steps import TENANTS, allow, answers, autotask_tenant, figures, probed

TENANT = TENANTS["autotask"]


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Rehearsal]:
    """A tenant with a client's line, a line for probes and one on an inactive contract."""
    with autotask_tenant(tmp_path / "msp") as found:
        yield found


def writes(found: Rehearsal) -> int:
    """Requests that could have changed anything."""
    return len([one for one in found.requests() if one["method"] != "GET" and "/query" not in one["path"]])


def test_a_tenant_that_the_settings_do_not_name_is_refused(tenant: Rehearsal) -> None:
    """Exit 3: no test_tenant, nothing sent."""
    ran = tenant.run("probe", "--tenant", TENANT)
    assert (ran.code, writes(tenant)) == (3, 0)
    assert "the settings name no test tenant: nothing was sent" in ran.err


def test_a_tenant_that_is_named_otherwise_on_the_command_line_is_refused(tenant: Rehearsal) -> None:
    """Exit 64: the two must be one."""
    allow(tenant)
    ran = tenant.run("probe", "--tenant", "127.0.0.1/90002")
    assert (ran.code, writes(tenant)) == (64, 0)
    assert "is no test_tenant of the settings: nothing was sent" in ran.err


def test_credentials_that_lead_to_another_tenant_are_refused(tenant: Rehearsal) -> None:
    """Exit 3: the settings and the command line agree, the tenant itself does not."""
    autotask_setting(tenant, 'test_tenant: "127.0.0.1/90002"')
    ran = tenant.run("probe", "--tenant", "127.0.0.1/90002")
    assert (ran.code, writes(tenant)) == (3, 0)
    assert f"lead to {TENANT}, not to the test tenant: nothing was sent" in ran.err


def test_a_line_that_is_mapped_is_refused(tenant: Rehearsal) -> None:
    """Exit 3: it is a client's, and the place in the mapping is named."""
    ran = probed(tenant, "--line", tenant.lines[0])
    assert (ran.code, writes(tenant)) == (3, 0)
    assert f"line {tenant.lines[0]} is mapped (clients/acme-corp.yaml:" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["--tenant", TENANT, "--line", "8oo1"],
        ["--line", "8001"],
        [],
        ["--jumpcloud-price", "much"],
        ["--jumpcloud-price", "-1"],
        ["--jumpcloud-price", "NaN"],
    ],
)
def test_words_that_make_no_sense_are_wrong_usage(tenant: Rehearsal, words: list[str]) -> None:
    """Exit 64, nothing sent."""
    allow(tenant)
    assert (tenant.run("probe", *words).code, writes(tenant)) == (64, 0)


def test_without_a_line_there_must_be_exactly_one_on_a_contract_for_probes(tenant: Rehearsal) -> None:
    """The contract was renamed: none is left, and the way out is told."""
    contract = tenant.truth(tenant.lines[1])["contract"]
    tenant.edit(contract=contract, name="Managed services")
    ran = probed(tenant)
    assert (ran.code, writes(tenant)) == (64, 0)
    assert "0 lines are on contracts named 'psarecon probe'" in ran.err


def test_a_dry_run_prints_the_calls_and_sends_none(tenant: Rehearsal) -> None:
    """As they would be if the tenant did what is expected; no file is written."""
    ran = probed(tenant, "--dry-run", "--inactive-line", tenant.lines[2])
    assert (ran.code, writes(tenant)) == (0, 0)
    calls = [line for line in ran.out.splitlines() if line.startswith("POST Contracts/")]
    assert len(calls) == 7
    assert '"effectiveDate": "2026-12-01", "unitChange": 0, "adjustedUnitCost": 9.00}' in calls[0]
    assert not (tenant.directory / "capabilities.yaml").exists()
    assert tenant.log() == []


def typed(found: Rehearsal, answer: str) -> int:
    """The exit code of a probe on a terminal, where somebody types an answer."""
    allow(found)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "psarecon", "-C", str(found.directory), "probe", "--tenant", TENANT]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=found.environ, stdin=theirs, stdout=quiet, stderr=quiet) as process:
        os.write(ours, f"{answer}\n".encode())
        code = process.wait(60)
    os.close(ours)
    os.close(theirs)
    return code


@pytest.mark.parametrize(("answer", "code"), [(TENANT, 0), ("yes", 64), ("", 64)])
def test_on_a_terminal_the_tenants_name_is_typed_once_more(tenant: Rehearsal, answer: str, code: int) -> None:
    """Anything else is no consent: nothing is sent."""
    assert typed(tenant, answer) == code
    assert (writes(tenant) > 0) == (code == 0)


def test_without_a_terminal_nothing_is_asked(tenant: Rehearsal) -> None:
    """The settings and the command line are the consent; every write is in the journal, whole."""
    allow(tenant)
    ran = real(tenant, "probe", "--tenant", TENANT)
    assert ran.code == 0, ran.err
    told = events(tenant, tenant.lines[1])
    assert told.count("intent") == tenant.adjustments()
    assert tenant.run("log", "--verify").code == 0


def test_a_probe_is_not_taken_back_by_rollback(tenant: Rehearsal) -> None:
    """It did so itself: a plan that takes its steps back one by one would undo what undid them."""
    assert probed(tenant).code == 0
    ran = tenant.run("rollback", tenant.log()[0]["run"], "-o", str(tenant.directory / "back.json"))
    assert ran.code == 3
    assert "was a probe, which puts back what it changed" in ran.err


def test_another_runs_lease_is_respected(tenant: Rehearsal) -> None:
    """Exit 7, nothing sent."""
    from psarecon.ledger.database import open_database
    from psarecon.ledger.leases import Holder, Leases

    database = open_database("sqlite:.psarecon/ledger.db", tenant.directory)
    lease = Leases(database).take(TENANT, Holder("dana", "desk", "other"), 60)
    assert (probed(tenant).code, writes(tenant)) == (7, 0)
    lease.release()
    database.close()


@pytest.mark.parametrize("kind", ["drop_after_apply", "drop_before_apply", "empty_500_after_apply", "truncated"])
@pytest.mark.parametrize("skip", [0, 1, 4])
def test_a_call_whose_answer_was_lost_ends_the_probe_and_all_is_put_back(
    tenant: Rehearsal, kind: str, skip: int
) -> None:
    """Whether it was carried out is read once the server can no longer be working on it; exit 6, no doubt is left."""
    before = figures(tenant)
    tenant.fault(kind, path=ADJUSTMENT, skip=skip)
    ran = probed(tenant)
    assert ran.code == 6
    assert "the probe ended early" in ran.err
    assert "the line is as it was before" in ran.out
    assert figures(tenant) == before
    assert tenant.run("resume").out == "nothing is in doubt\n"


def test_what_cannot_be_put_back_is_told_with_the_way_to_mend_it_and_put_back_next_time(tenant: Rehearsal) -> None:
    """From the third call on, all are refused: one unit stands, doctor says so, the next probe begins with it."""
    before = figures(tenant)
    body = '{"errors": ["The database is being maintained."]}'
    tenant.fault("status", path=ADJUSTMENT, skip=2, status=500, body=body, times=None)
    ran = probed(tenant)
    assert ran.code == 6
    line, contract = tenant.lines[1], tenant.truth(tenant.lines[1])["contract"]
    stands = f"line {line} of contract {contract}, from 2026-12-01: 11 units, 10 before; adjust it by -1 there"
    assert f"error: this stands in the PSA: {stands}" in ran.err
    assert f"did not put line {contract}/{line} back" in tenant.run("doctor").out
    tenant.no_faults()
    ran = tenant.run("probe", "--tenant", TENANT)
    assert ran.code == 0, ran.err
    assert "probes: none left anything behind" in tenant.run("doctor").out
    tenant.today("2026-12-01")
    assert figures(tenant) == before


def test_the_file_keeps_what_it_says_of_others_and_what_was_not_asked_again(tenant: Rehearsal) -> None:
    """A probe of JumpCloud, then two of Autotask, the second without the inactive contract: all answers are there."""
    assert tenant.run("probe", "--jumpcloud-price", "9.00").code == 0
    assert probed(tenant, "--inactive-line", tenant.lines[2]).code == 0
    first = answers(tenant)
    assert tenant.run("probe", "--tenant", TENANT).code == 0
    assert answers(tenant) == first
    assert answers(tenant, "sources", "jumpcloud")["price_unit"] == "cents"
    text = (tenant.directory / "capabilities.yaml").read_text(encoding="utf-8")
    assert "# As found on 2026-11-20; not answered since." in text
    assert tenant.run("check").code == 0


def test_a_file_that_is_not_valid_is_told_by_every_command(tenant: Rehearsal) -> None:
    """With its place, as any other file of the directory."""
    (tenant.directory / "capabilities.yaml").write_text("version: 1\npsas: {autotask: {tenant: 7}}\n")
    ran = tenant.run("check")
    assert ran.code == 3
    assert "capabilities.yaml:2:" in ran.err
    assert tenant.run("plan").code == 3


def heeded(found: Rehearsal) -> None:
    """Fourteen are written, then sixteen are asked for."""
    observed_plan(found)
    assert found.apply().code == 0
    found.users(16)
    found.observed()


def test_a_plan_counts_as_a_tenant_that_replaces_was_found_to(tenant: Rehearsal) -> None:
    """Without a setting: +6 from the ten before 1 November; it ends at sixteen, where the default ends at twelve."""
    tenant.rule(same_date="replaces")
    assert probed(tenant).code == 0
    heeded(tenant)
    assert body_of(only_change(tenant.plan()))["unitChange"] == 6
    assert (tenant.apply().code, tenant.truth()["quantity"]) == (0, "16")


def test_a_plan_passes_over_a_taken_date_where_the_tenant_was_found_to_refuse(tenant: Rehearsal) -> None:
    """The second change of the month is dated to the next period, not refused night after night."""
    tenant.rule(same_date="refused")
    assert probed(tenant).code == 0
    heeded(tenant)
    assert only_change(tenant.plan())["effective_date"] == "2026-12-01"


def test_a_cost_that_is_shown_before_its_time_is_not_taken_for_todays(tenant: Rehearsal) -> None:
    """Somebody dated 9.00 to December; today's cost is 8.00 by the period's row, and the plan sets it right."""
    tenant.edit(line=tenant.lines[0], unit_cost="8.00", effective="2026-11-01")
    tenant.edit(line=tenant.lines[0], unit_cost="9.00", effective="2026-12-01")
    assert only_change(observed_plan(tenant))["unit_cost"] is None
    assert probed(tenant).code == 0
    cost = only_change(tenant.plan())["unit_cost"]
    assert [Decimal(cost[one]) for one in ("before", "after")] == [Decimal(8), Decimal(9)]


def test_a_tenant_that_refuses_the_usual_filter_can_be_planned_once_it_is_known(tenant: Rehearsal) -> None:
    """Unit rows are asked for by contract."""
    tenant.rule(units_filter="refused")
    tenant.observed()
    assert tenant.run("plan").code == 1
    assert probed(tenant).code == 0
    assert only_change(tenant.plan())["quantity"] == {"before": "10", "after": "14"}
    assert tenant.apply().code == 0


def test_a_price_that_would_be_lost_is_sent_along_once_it_is_known(tenant: Rehearsal) -> None:
    """The line's own 15.00 stays, where the tenant would take the catalogue's 20.00."""
    tenant.rule(omitted_price="resets")
    assert probed(tenant).code == 0
    change = only_change(observed_plan(tenant))
    assert change["call"]["body"].endswith('"unitChange": 4, "adjustedUnitPrice": 15.00}')
    assert tenant.apply().code == 0
    assert (tenant.truth()["quantity"], tenant.truth()["unit_price"]) == ("14", "15.00")


def test_a_price_that_moved_since_the_plan_is_not_written_over(tenant: Rehearsal) -> None:
    """The call of the plan would set the old one: nothing is sent."""
    tenant.rule(omitted_price="resets")
    assert probed(tenant).code == 0
    observed_plan(tenant)
    tenant.edit(line=tenant.lines[0], unit_price="16.00")
    tenant.forget_requests()
    assert (tenant.apply().code, tenant.adjustments(), tenant.truth()["unit_price"]) == (6, 0, "16.00")


def test_a_setting_wins_over_the_file(tenant: Rehearsal) -> None:
    """`same_date: adds` in the settings, replaces in the file: the plan counts from fourteen, and `check` warns."""
    tenant.rule(same_date="replaces")
    assert probed(tenant).code == 0
    autotask_setting(tenant, "same_date: adds")
    heeded(tenant)
    assert body_of(only_change(tenant.plan()))["unitChange"] == 2
    assert "same_date is adds, and wins; capabilities.yaml has same_date: replaces" in tenant.run("check").err


def test_answers_of_another_tenant_are_not_used(tenant: Rehearsal) -> None:
    """The file is of a tenant whose number is another: the default counts."""
    tenant.rule(same_date="replaces")
    assert probed(tenant).code == 0
    path = tenant.directory / "capabilities.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("/90001", "/7"), encoding="utf-8")
    heeded(tenant)
    assert body_of(only_change(tenant.plan()))["unitChange"] == 2
