"""`probe` on a ConnectWise test tenant: every question it asks, under every way a tenant may have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Rehearsal
from journeys.probe_steps import answers, connectwise_tenant, figures, probed


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Rehearsal]:
    """A tenant with an agreement for probes."""
    with connectwise_tenant(tmp_path / "msp") as found:
        yield found


USUAL = {
    "last_link": "present",
    "catalog_cost": "not-flagged",
    "unknown_path": "ignored",
    "cost_decimals": "4",
    "quantity_decimals": "4",
    "patch_answer": "record",
}


def test_a_tenant_as_the_sandbox_usually_is_answers_every_question(tenant: Rehearsal) -> None:
    """Six answers; three PATCHes, the last of which puts everything back."""
    before = figures(tenant)
    ran = probed(tenant, kind="connectwise")
    assert ran.code == 0, ran.out + ran.err
    assert answers(tenant, name="connectwise") == USUAL
    assert figures(tenant) == before
    assert len(tenant.requests("PATCH", "/additions/")) == 3


@pytest.mark.parametrize(
    ("rule", "value", "changed"),
    [
        ("cw_last_link", "empty", {"last_link": "empty"}),
        ("cw_last_link", "absent", {"last_link": "absent"}),
        ("cw_unknown_path", "refused", {"unknown_path": "refused"}),
        ("cw_rounding", "two_decimals", {"cost_decimals": "2", "quantity_decimals": "2"}),
        ("cw_patch_answer", "nothing", {"patch_answer": "nothing"}),
        ("cw_hosting", "on_premise", {}),
        ("cw_no_date", "empty", {}),
    ],
)
def test_each_other_way_of_a_tenant_is_told_apart(
    tenant: Rehearsal, rule: str, value: str, changed: dict[str, str]
) -> None:
    """One rule is otherwise: its answers are, too; every line is as it was, and the journal holds no doubt."""
    tenant.rule(**{rule: value})
    before = figures(tenant)
    ran = probed(tenant, kind="connectwise")
    assert ran.code == 0, ran.out + ran.err
    assert answers(tenant, name="connectwise") == {**USUAL, **changed}
    assert figures(tenant) == before
    assert tenant.run("resume").out == "nothing is in doubt\n"


def test_an_answer_that_is_not_what_was_kept_is_told(tenant: Rehearsal) -> None:
    """The PATCH answers what was before, and changes nothing: no decimals are learned from that."""
    tenant.fault("false_200", "connectwise", times=None)
    ran = probed(tenant, kind="connectwise")
    assert ran.code == 0, ran.out + ran.err
    given = answers(tenant, name="connectwise")
    assert given["patch_answer"] == "record"
    assert "cost_decimals" not in given


@pytest.mark.parametrize(("catalog", "answer"), [("9.00", "same"), ("8.00", "kept")])
def test_a_flagged_product_tells_whether_its_cost_was_overwritten(tmp_path: Path, catalog: str, answer: str) -> None:
    """By reading alone: a cost other than the catalog's was kept; the same cost tells nothing more."""
    with connectwise_tenant(tmp_path / "msp", auto_cost=True, catalog=catalog) as found:
        assert probed(found, kind="connectwise").code == 0
        assert answers(found, name="connectwise")["catalog_cost"] == answer
