"""A mixed MSP: Autotask and ConnectWise, JumpCloud and LastPass, in one plan and one run, over real HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from harness import TODAY, Rehearsal
from journeys.autotask_steps import approve_all, marks, observed_plan

from psarecon.sandbox.generate import init
from psarecon.sandbox.serve import running

CLIENTS = 300
_VARIABLE = re.compile(r"export (\w+)=(\S+)")


@pytest.fixture(scope="module")
def msp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Three hundred mixed clients as ``sandbox init`` makes them."""
    directory = tmp_path_factory.mktemp("mixed") / "msp"
    init(directory, clients=CLIENTS, today=TODAY)
    environ = dict(_VARIABLE.findall((directory / "env.sh").read_text("utf-8")))
    with running(directory) as url:
        yield Rehearsal(directory, url, environ)


def _world(msp: Rehearsal) -> dict[tuple[str, str], dict[str, Any]]:
    return {(line["psa"], line["id"]): line for line in msp.control("GET", "world")["lines"]}


def test_three_hundred_mixed_clients_are_planned_applied_and_left_in_place(msp: Rehearsal) -> None:
    """Both PSAs in one run: every line ends as planned, no other moves, and the second plan is empty."""
    before = _world(msp)
    plan = observed_plan(msp)
    assert marks(plan) == set()
    changed = {(change["line"]["psa"], change["line"]["id"]): change for change in plan["changes"]}
    assert {psa for psa, _ in changed} == {"autotask", "connectwise"}
    assert {change["product"] for change in plan["changes"]} == {"jumpcloud-platform", "lastpass-business"}
    assert msp.apply().out == f"{len(changed)} verified\n"
    after = _world(msp)
    for line, change in changed.items():
        wanted = change["quantity"]["after"] if change["quantity"] else before[line]["quantity"]
        assert (after[line]["quantity"], after[line]["writes"]) == (wanted, 1), line
    still = before.keys() - changed.keys()
    assert {line: after[line]["quantity"] for line in still} == {line: before[line]["quantity"] for line in still}
    assert msp.plan()["changes"] == []


def test_a_plan_costs_one_request_a_mapped_agreement_and_few_more(msp: Rehearsal) -> None:
    """On ConnectWise: additions once for each agreement, and no more than ten others."""
    msp.observed()
    msp.forget_requests()
    msp.plan()
    asked = [one for one in msp.requests() if "/apis/3.0/" in one["path"] or one["path"].startswith("/login/")]
    additions = [one for one in asked if one["path"].endswith("/additions")]
    assert len({one["path"] for one in additions}) == len(additions)
    assert len(asked) - len(additions) <= 10


def test_a_change_costs_three_requests_at_most(msp: Rehearsal) -> None:
    """On ConnectWise: read, write, read; the read before the next line goes along with the read-back."""
    world = _world(msp)
    lines = [line["id"] for line in world.values() if line["psa"] == "connectwise" and line["live"]][:20]
    for line in lines:
        msp.edit(addition=int(line), unit_cost="1.00")
    changes = [change for change in observed_plan(msp)["changes"] if change["line"]["psa"] == "connectwise"]
    approve_all(msp)
    msp.forget_requests()
    assert msp.apply().code == 0
    asked = [one for one in msp.requests() if "/additions/" in one["path"]]
    assert len(changes) > 0
    assert len(asked) <= 3 * len(changes)
