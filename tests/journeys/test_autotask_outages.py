"""What may go wrong between psarecon and Autotask while it reads: one clear error each, and no secret to strangers."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from harness import TODAY, Client, Rehearsal, rehearsal
from journeys.autotask_steps import (
    GLANCE,
    assert_one_clear_error,
    autotask_requests,
    events,
    fleet,
    last_text,
    listening,
    matched,
    observed_plan,
    only_change,
)

CREDENTIALS = {"username", "secret", "apiintegrationcode"}
UNITS = "ContractServiceUnits/query"


def test_only_version_one_is_used_where_the_server_lists_two(acme: Rehearsal) -> None:
    """VersionInformation answers V1.0 and V2.0; every path of a plan and an apply is one of V1.0."""
    acme.rule(zone_versions="V1.0+V2.0")
    observed_plan(acme)
    acme.apply()
    paths = {one["path"].split("/")[2] for one in autotask_requests(acme)}
    assert paths == {"V1.0"}


def test_a_zone_that_moved_is_followed_once(acme: Rehearsal) -> None:
    """The zone moves while the plan is being made: found anew, and the plan is as if nothing had been."""
    acme.observed()
    acme.forget_requests()
    acme.fault("delay", path="ThresholdInformation", seconds=0.5)

    def move() -> None:
        while matched(acme) == 0:
            time.sleep(GLANCE)
        acme.fault("moved_zone", zone=2)

    mover = threading.Thread(target=move)
    mover.start()
    plan = acme.plan()
    mover.join()
    assert only_change(plan)["quantity"] == {"before": "10", "after": "14"}
    gone = [one for one in autotask_requests(acme) if one["status"] == 404]
    assert gone != []
    assert [one["path"] for one in gone if "/zone2/" in one["path"]] == []
    assert len(acme.requests("GET", "ZoneInformation")) == 2


def test_a_zone_on_another_host_gets_no_credential(acme: Rehearsal) -> None:
    """Zone discovery names a server that is not Autotask's: refused, and that server hears nothing at all."""
    acme.observed()
    with listening({}) as stranger:
        elsewhere = stranger.url.replace("127.0.0.1", "localhost") + "/ATServicesRest/"
        with listening({"zoneName": "One", "url": elsewhere, "webUrl": elsewhere, "ci": 90001}) as discovery:
            acme.settings('url: "file:.sandbox/url", username', f'url: "{discovery.url}", username')
            ran = acme.run("plan")
    assert (ran.code, "names 'localhost'" in ran.err) == (1, True)
    assert_one_clear_error(ran, acme)
    assert [names & CREDENTIALS for _, names in discovery.heard] == [set()]
    assert stranger.heard == []


def test_a_page_on_another_host_gets_no_credential(tmp_path: Path) -> None:
    """260 lines of two rows each make a second page; it is said to be on another host, which hears nothing."""
    with listening({}) as stranger, fleet(tmp_path / "msp", 260, adjusted=(TODAY, 2)) as found:
        elsewhere = stranger.url.replace("127.0.0.1", "localhost")
        found.fault("foreign_page", base=elsewhere, times=None)
        ran = found.run("plan")
    assert (ran.code, "another host, 'localhost'" in ran.err) == (1, True)
    assert_one_clear_error(ran, found)
    assert stranger.heard == []


@pytest.mark.parametrize("kind", ["html", "truncated", "bad_json"])
def test_an_answer_that_is_none_is_one_clear_error(acme: Rehearsal, kind: str) -> None:
    """An outage page, half a body, broken JSON, again and again: exit 1 that names the request, no traceback."""
    acme.observed()
    acme.fault(kind, path=UNITS, times=None)
    ran = acme.run("plan")
    assert ran.code == 1
    assert_one_clear_error(ran, acme)
    assert "Autotask POST /ATServicesRest/V1.0/ContractServiceUnits/query" in ran.err
    assert len(acme.requests("POST", UNITS)) == 4


@pytest.mark.parametrize("kind", ["html", "truncated", "bad_json", "drop_before_apply", "empty_500_before_apply"])
def test_a_read_that_fails_in_passing_is_tried_again(acme: Rehearsal, kind: str) -> None:
    """Once broken, then well: the plan is made from two requests."""
    acme.observed()
    acme.fault(kind, path=UNITS)
    assert only_change(acme.plan())["quantity"]["after"] == "14"
    assert len(acme.requests("POST", UNITS)) == 2


@pytest.mark.parametrize("status", [429, 500])
def test_a_read_refused_by_the_thread_limit_is_tried_again(acme: Rehearsal, status: int) -> None:
    """The refusal comes with 429 or, as some report, with 500: it passes, so the read is repeated."""
    acme.observed()
    acme.fault("thread_limit", path=UNITS, status=status)
    assert only_change(acme.plan())["quantity"]["after"] == "14"
    assert [one["status"] for one in acme.requests("POST", UNITS)] == [status, 200]


def test_no_limit_of_the_tenant_is_met_by_a_plan_of_many_lines(tmp_path: Path) -> None:
    """Three requests at once to an entity are allowed; a plan of 1,600 lines never has more under way."""
    with fleet(tmp_path / "msp", 1600) as found:
        found.rule(latency_ms=20)
        assert len(found.plan()["changes"]) == 1600
        assert [one for one in found.requests() if one["status"] != 200] == []


def test_an_expired_secret_is_refused_once_and_not_tried_again(acme: Rehearsal) -> None:
    """401: exactly one request is refused, because repeated failures would lock the API user."""
    acme.observed()
    acme.fault("expired_secret", times=None)
    ran = acme.run("plan")
    assert (ran.code, "refused the credentials (401)" in ran.err) == (1, True)
    assert_one_clear_error(ran, acme)
    assert [one["status"] for one in autotask_requests(acme)].count(401) == 1


def test_an_unknown_user_is_one_clear_error(acme: Rehearsal) -> None:
    """Zone discovery answers 500 with a text: said once, asked once."""
    acme.observed()
    acme.environ["AUTOTASK_USERNAME"] = "nobody@example.invalid"
    ran = acme.run("plan")
    assert (ran.code, "Zone information could not be determined" in ran.err) == (1, True)
    assert_one_clear_error(ran, acme)
    assert len(autotask_requests(acme)) == 1


def test_a_wrong_integration_code_is_refused_once(acme: Rehearsal) -> None:
    """It comes as 500 with a text, not as 401: final all the same."""
    acme.observed()
    acme.environ["AUTOTASK_INTEGRATION_CODE"] = "NOT-THE-CODE"
    ran = acme.run("plan")
    assert (ran.code, [one["status"] for one in autotask_requests(acme)]) == (1, [200, 500])
    assert_one_clear_error(ran, acme)


def test_an_expired_secret_before_an_apply_sends_nothing(acme: Rehearsal) -> None:
    """The plan is made, then the secret expires: exit 1, no intent, no write, one refusal."""
    observed_plan(acme)
    acme.forget_requests()
    acme.fault("expired_secret", times=None)
    ran = acme.apply()
    assert_one_clear_error(ran, acme)
    assert (ran.code, events(acme), acme.truth()["writes"]) == (1, [], 0)
    assert [one["status"] for one in autotask_requests(acme)].count(401) == 1


def test_a_restricted_api_user_that_sees_nothing_blocks_instead_of_clearing(acme: Rehearsal) -> None:
    """Every query comes back empty: the line is missing or hidden, never zero."""
    acme.fault("restricted", times=None)
    plan = observed_plan(acme)
    assert (plan["changes"], ("BLOCK", "line-missing")) == (
        [],
        (plan["findings"][0]["severity"], plan["findings"][0]["code"]),
    )


def threshold(rehearsal: Rehearsal, used: int) -> None:
    """Let the tenant's hourly count stand at ``used`` of 10,000."""
    said = {"externalRequestThreshold": 10000, "requestThresholdTimeframe": 60, "currentTimeframeRequestCount": used}
    rehearsal.fault("status", path="ThresholdInformation", status=200, body=json.dumps(said), times=None)


def test_an_hourly_threshold_that_is_nearly_used_up_stops_before_it_is_met(acme: Rehearsal) -> None:
    """9,500 of 10,000: psarecon stops at its 95 %, since the tenant's other integrations share the rest."""
    acme.observed()
    threshold(acme, 9500)
    ran = acme.run("plan")
    assert (ran.code, "9500 requests are used of the 9500 psarecon allows itself" in ran.err) == (1, True)
    assert_one_clear_error(ran, acme)
    assert acme.requests("POST") == []


def test_a_threshold_that_has_room_stops_nothing(acme: Rehearsal) -> None:
    """9,480 of 10,000 leaves twenty: enough for this plan."""
    acme.observed()
    threshold(acme, 9480)
    assert only_change(acme.plan())["quantity"]["after"] == "14"


def test_a_budget_that_runs_out_during_an_apply_skips_the_rest(tmp_path: Path) -> None:
    """Five requests are left for two lines: one is written and read back, the other has nothing sent."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd")) as found:
        observed_plan(found)
        threshold(found, 9497)
        ran = found.apply()
        assert (ran.code, ran.out) == (6, "1 verified, 1 failed\n")
        assert (found.adjustments(), found.truth(found.lines[1])["writes"]) == (1, 0)
        assert "requests are used of the 9500" in last_text(found)
