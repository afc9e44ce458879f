"""`doctor`: everything that psarecon needs is looked at, whatever fails; each trouble has its line and its remedy."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from harness import TODAY, Client, Rehearsal, add_client
from journeys.autotask_steps import autotask_setting, observed_plan
from journeys.connectwise_steps import connectwise
from journeys.contract_steps import program
from journeys.probe_steps import TENANTS, autotask_tenant, probed

from psarecon.sandbox.build import building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.jumpcloud.build import IntegrationMapping
from psarecon.sandbox.serve import running


def looked(found: Rehearsal) -> dict[str, Any]:
    """Every check by its name, and the exit code as ``code``."""
    ran = found.run("doctor", "--format", "json")
    assert ran.err == ""
    rows: dict[str, Any] = {one["name"]: one for one in json.loads(ran.out)}
    return {**rows, "code": ran.code}


def states(checks: dict[str, Any]) -> dict[str, str]:
    """What is not as it should be, by name."""
    return {name: one["state"] for name, one in checks.items() if name != "code" and one["state"] != "OK"}


@pytest.fixture
def healthy(acme: Rehearsal) -> Rehearsal:
    """One client, in git, observed a moment ago."""
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=d", "-c", "user.email=d@x", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=acme.directory, check=True, env={**os.environ, "HOME": str(acme.directory)})
    acme.observed()
    return acme


def test_where_nothing_is_wrong_every_line_says_so(healthy: Rehearsal) -> None:
    """Exit 0, one line a check, a sum at the end; no credential anywhere, and nothing but reads."""
    healthy.forget_requests()
    ran = healthy.run("doctor")
    assert ran.code == 0, ran.out
    lines = ran.out.splitlines()
    assert all(line.startswith("OK    ") for line in lines[:-1]), ran.out
    assert lines[-1] == f"{len(lines) - 1} OK, 0 WARN, 0 FAIL"
    assert re.search(r"^OK    git: commit [0-9a-f]{40}, nothing differs$", ran.out, re.MULTILINE)
    assert f"OK    psas.autotask: tenant {TENANTS['autotask']}" in ran.out
    assert [value for value in healthy.environ.values() if value in ran.out] == []
    assert {one["method"] for one in healthy.requests() if "/query" not in one["path"]} == {"GET"}


def test_json_has_the_same_for_machines(healthy: Rehearsal) -> None:
    """Name, state, text and remedy of each."""
    checks = looked(healthy)
    assert checks["code"] == 0
    assert states(checks) == {}
    assert checks["ledger"].keys() == {"name", "state", "text", "remedy"}
    assert checks["settings"]["text"].startswith("valid, digest ")


def test_settings_that_are_not_valid_end_with_3_and_the_rest_is_looked_at(healthy: Rehearsal) -> None:
    """What does not need them is told all the same."""
    healthy.settings("currency: USD", "currency: usd")
    ran = healthy.run("doctor")
    assert ran.code == 3
    assert "FAIL  settings: psarecon.yaml:" in ran.out
    assert "currency must be three capitals such as USD" in ran.out
    assert "WARN  git: " in ran.out
    assert "OK    versions: psarecon " in ran.out


def test_a_mapping_that_is_not_valid_fails_and_the_rest_is_looked_at(healthy: Rehearsal) -> None:
    """Exit 1; the PSA is asked for its tenant all the same."""
    healthy.mapping("psa: autotask", "psa: autotsk")
    checks = looked(healthy)
    assert checks["code"] == 1
    assert checks["mapping"]["state"] == "FAIL"
    assert "there is no PSA 'autotsk'" in checks["mapping"]["text"]
    assert checks["psas.autotask"]["state"] == "OK"


def test_a_reference_that_leads_nowhere_names_itself_and_what_cannot_be_reached_without(healthy: Rehearsal) -> None:
    """The PSA's own line fails, its other ones point there, the source is looked at."""
    del healthy.environ["AUTOTASK_SECRET"]
    checks = looked(healthy)
    assert checks["code"] == 1
    assert checks["reference psas.autotask.secret"]["text"] == "psas.autotask.secret: env:AUTOTASK_SECRET is not set"
    assert checks["reference psas.autotask.secret"]["remedy"] == "set the variable where psarecon runs"
    assert checks["psas.autotask"]["state"] == "FAIL"
    assert checks["psas.autotask lines"]["text"] == "not looked at: see psas.autotask"
    assert checks["sources.jumpcloud"]["state"] == "OK"


@pytest.mark.parametrize("system", ["autotask", "jumpcloud"])
def test_refused_credentials_fail_and_the_other_system_is_looked_at(healthy: Rehearsal, system: str) -> None:
    """Each is told apart."""
    healthy.fault("expired_secret", system, times=None)
    checks = looked(healthy)
    broken, fine = ("psas.autotask", "sources.jumpcloud")[:: 1 if system == "autotask" else -1]
    assert (checks["code"], checks[broken]["state"], checks[fine]["state"]) == (1, "FAIL", "OK")
    assert "check the credentials" in checks[broken]["remedy"]


@pytest.mark.parametrize("entity", ["Companies", "Contracts", "ContractServices", "ContractServiceUnits", "Services"])
def test_a_right_to_read_that_is_missing_names_its_entity(healthy: Rehearsal, entity: str) -> None:
    """By what Autotask says of the API user."""
    healthy.fault("no_rights", entity=entity, times=None)
    checks = looked(healthy)
    assert checks["psas.autotask rights"]["state"] == "FAIL"
    assert f"{entity}: may not be read" in checks["psas.autotask rights"]["text"]


def test_a_right_to_write_that_is_missing_is_known_before_the_first_write(healthy: Rehearsal) -> None:
    """Adjustments may not be created: that fails, though every plan would be made."""
    healthy.fault("no_rights", entity="ContractServiceAdjustments", times=None)
    checks = looked(healthy)
    assert "ContractServiceAdjustments: may not be written" in checks["psas.autotask rights"]["text"]
    assert (checks["code"], checks["psas.autotask lines"]["state"]) == (1, "OK")


def test_hidden_costs_are_a_warning(healthy: Rehearsal) -> None:
    """They are not zero, and nothing is compared."""
    healthy.fault("hide_costs", times=None)
    checks = looked(healthy)
    assert (checks["code"], states(checks)) == (0, {"psas.autotask lines": "WARN"})
    assert "the unit cost of 1 is hidden" in checks["psas.autotask lines"]["text"]


def test_a_mapped_line_that_is_not_shown_is_a_warning(healthy: Rehearsal) -> None:
    """It is named."""
    healthy.edit(line=healthy.lines[0], delete=True)
    checks = looked(healthy)
    assert f"not: autotask/{healthy.lines[0]}" in checks["psas.autotask lines"]["text"]


def test_a_mapped_organization_that_is_not_listed_is_a_warning(healthy: Rehearsal) -> None:
    """It was moved or deleted."""
    healthy.edit(organization=healthy.organizations[0], delete=True)
    checks = looked(healthy)
    assert checks["sources.jumpcloud"]["state"] == "WARN"
    assert healthy.organizations[0] in checks["sources.jumpcloud"]["text"]


@pytest.mark.parametrize(
    ("skew", "state"),
    [(0, "OK"), (50, "OK"), (-50, "OK"), (75, "WARN"), (-75, "WARN"), (290, "WARN"), (310, "FAIL"), (-310, "FAIL")],
)
def test_a_clock_that_is_off_by_a_minute_is_a_warning_by_five_it_fails(
    healthy: Rehearsal, skew: int, state: str
) -> None:
    """Held against the date of each vendor's own answers."""
    healthy.rule(clock_skew=skew)
    checks = looked(healthy)
    assert {checks["psas.autotask clock"]["state"], checks["sources.jumpcloud clock"]["state"]} == {state}
    assert ("behind" if skew > 0 else "ahead of") in checks["psas.autotask clock"]["text"] or skew == 0


def test_a_line_in_doubt_is_named_with_its_run(healthy: Rehearsal) -> None:
    """A write came to something else than was asked for; `resume` is the remedy."""
    observed_plan(healthy)
    healthy.fault("edit_before_write", edit={"line": healthy.lines[0], "units_change": 1, "effective": "2026-11-01"})
    assert healthy.apply().code == 6
    checks = looked(healthy)
    assert checks["doubts"]["state"] == "WARN"
    assert f"autotask/{healthy.lines[0]} (run " in checks["doubts"]["text"]
    assert checks["doubts"]["remedy"] == "run `psarecon resume`"


def ledger_of(found: Rehearsal) -> sqlite3.Connection:
    """The ledger, opened behind psarecon's back."""
    return sqlite3.connect(found.directory / ".psarecon" / "ledger.db")


def test_a_newest_row_that_was_changed_fails(healthy: Rehearsal) -> None:
    """One look at the end of the journal; `log --verify` goes over all of it."""
    observed_plan(healthy)
    assert healthy.apply().code == 0
    assert looked(healthy)["ledger"]["state"] == "OK"
    with ledger_of(healthy) as ledger:
        ledger.execute("UPDATE journal SET event = 'failed' WHERE id = (SELECT max(id) FROM journal)")
    ledger.close()
    checks = looked(healthy)
    assert checks["ledger"]["state"] == "FAIL"
    assert checks["ledger"]["remedy"] == "`psarecon log --verify` says where"


@pytest.mark.parametrize(("left", "state"), [(600.0, "OK"), (-1.0, "WARN")])
def test_who_holds_a_lease_is_told_and_one_that_ran_out_is_a_warning(
    healthy: Rehearsal, left: float, state: str
) -> None:
    """Who, where, since when, and whether that run is alive."""
    looked(healthy)
    now = time.time()
    row = (TENANTS["autotask"], "dana", "token", "desk", "20261120T170000-abcdef", "", "", now, now, now + left)
    with ledger_of(healthy) as ledger:
        ledger.execute("INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    ledger.close()
    found = looked(healthy)["leases"]
    assert found["state"] == state
    assert f"dana on desk holds {TENANTS['autotask']}: run 20261120T170000-abcdef" in found["text"]


def test_usage_that_is_older_than_the_guard_allows_is_a_warning(healthy: Rehearsal) -> None:
    """Three days later nobody has observed."""
    healthy.today("2026-11-23")
    found = looked(healthy)["usage jumpcloud/users"]
    assert found["state"] == "WARN"
    assert found["text"].startswith("last read 2026-11-20 17:00Z, longer ago than")


def test_a_second_writer_of_a_mapped_line_is_a_warning(tmp_path: Path) -> None:
    """JumpCloud's own integration keeps it."""
    directory = tmp_path / "msp"
    with building(directory, today=TODAY) as builder:
        line, organization = add_client(builder, Client(), builder.add_service("JumpCloud Platform"))
        company = builder.clients[0].company
        builder.integrate("autotask", [IntegrationMapping(organization, company, line)])
        write_config(directory, builder.world, builder.clients)
        environ = environment(builder.world)
    with running(directory) as url:
        found = looked(Rehearsal(directory, url, environ, [str(line)], [organization]))
    assert found["second writer"]["state"] == "WARN"
    assert "JumpCloud's own PSA integration keeps this line too" in found["second writer"]["text"]
    assert "1 lines are mapped by JumpCloud's own" in found["sources.jumpcloud rights"]["text"]


def test_a_few_calls_left_are_a_warning(healthy: Rehearsal) -> None:
    """Of the tenant's requests an hour, which all integrations share."""
    healthy.fault(
        "status",
        status=200,
        path="ThresholdInformation",
        body='{"externalRequestThreshold":10000,"requestThresholdTimeframe":60,"currentTimeframeRequestCount":9400}',
        times=None,
    )
    found = looked(healthy)["psas.autotask budget"]
    assert found["state"] == "WARN"


def test_connectwise_is_looked_at_as_far_as_reading_tells(tmp_path: Path) -> None:
    """Counts of what is read; that writing is allowed is known with the first write alone."""
    with connectwise(tmp_path / "msp") as found:
        found.observed()
        checks = looked(found)
        assert checks["psas.connectwise"]["text"] == f"tenant {TENANTS['connectwise']}"
        rights = checks["psas.connectwise rights"]["text"]
        assert "finance/agreements: 1 may be read" in rights
        assert "additions: whether they may be written is not known until the first write" in rights
        assert found.requests("PATCH") == []


def test_capabilities_are_told_and_a_setting_that_says_otherwise_is_a_warning(tmp_path: Path) -> None:
    """Of this tenant: how many answers; a setting beside them wins; of another tenant they are not used."""
    with autotask_tenant(tmp_path / "msp") as found:
        assert probed(found).code == 0
        name = "psas.autotask capabilities"
        assert re.match(r"\d answers of 2026-11-20, by psarecon ", looked(found)[name]["text"])
        autotask_setting(found, "same_date: replaces")
        checks = looked(found)
        assert (checks[name]["state"], checks["mapping"]["state"]) == ("WARN", "WARN")
        assert "same_date: replaces (probe: adds)" in checks[name]["text"]
        path = found.directory / "capabilities.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("/90001", "/7"), encoding="utf-8")
        assert "of 127.0.0.1/7, not of 127.0.0.1/90001" in looked(found)[name]["text"]


def test_as_a_program_of_its_own_it_needs_no_terminal(healthy: Rehearsal) -> None:
    """As a pipeline starts it."""
    ran = program(healthy.directory, "doctor", environ={**healthy.environ, "PATH": os.environ["PATH"]})
    assert (ran.code, ran.err) == (0, "")
