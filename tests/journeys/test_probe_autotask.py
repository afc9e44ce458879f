"""`probe` on an Autotask test tenant: every question it asks, under every way a tenant may have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from harness import Rehearsal
from journeys.probe_steps import answers, autotask_tenant, figures, probed


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Rehearsal]:
    """A tenant whose current period is open and whose earlier ones are posted."""
    with autotask_tenant(tmp_path / "msp", posted=date(2026, 10, 31)) as found:
        yield found


USUAL = {
    "units_by": "contract-service",
    "same_date": "adds",
    "adjustment_answer": "null",
    "omitted_price": "keeps",
    "cost_from": "periods",
    "cost_decimals": "4",
    "zero_units": "accepted",
    "row_overlap": "yes",
    "posted_period": "refused",
    "inactive_contract": "accepted",
}


def test_a_tenant_as_the_sandbox_usually_is_answers_every_question(tenant: Rehearsal) -> None:
    """Ten answers, in the file with their questions and evidence, and on stdout; every line is as it was."""
    before = figures(tenant)
    ran = probed(tenant, "--inactive-line", tenant.lines[2])
    assert ran.code == 0, ran.out + ran.err
    assert answers(tenant) == USUAL
    assert figures(tenant) == before
    assert "same_date: adds\n    What does a second adjustment of a service on one date do?\n" in ran.out
    text = (tenant.directory / "capabilities.yaml").read_text(encoding="utf-8")
    assert '      #   +0, +1, +0 on 2026-12-01: 10 units became 11\n      same_date: "adds"\n' in text


#: By rule of the sandbox: a value of it, and the answer that tells it from the others.
WAYS = [
    ("units_filter", "ignored", "units_by", "contract"),
    ("units_filter", "refused", "units_by", "contract"),
    ("same_date", "replaces", "same_date", "replaces"),
    ("adjustment_answer", "id", "adjustment_answer", "id"),
    ("omitted_price", "resets", "omitted_price", "resets"),
    ("cost_flips", "on_date", "cost_from", "services"),
    ("cost_decimals", "two", "cost_decimals", "2"),
    ("zero_units", "refuse", "zero_units", "refused"),
    ("row_overlap", "no", "row_overlap", "no"),
    ("posted_period", "accept", "posted_period", "accepted"),
    ("inactive_contract", "refuse", "inactive_contract", "refused"),
]


@pytest.mark.parametrize(("rule", "value", "key", "answer"), WAYS)
def test_each_other_way_of_a_tenant_is_told_apart(
    tenant: Rehearsal, rule: str, value: str, key: str, answer: str
) -> None:
    """One rule is otherwise: one answer is, too; every line is as it was, and the journal holds no doubt."""
    tenant.rule(**{rule: value})
    before = figures(tenant)
    ran = probed(tenant, "--inactive-line", tenant.lines[2])
    assert ran.code == 0, ran.out + ran.err
    assert answers(tenant) == {**USUAL, key: answer}
    assert figures(tenant) == before
    assert tenant.run("resume").out == "nothing is in doubt\n"


@pytest.mark.parametrize("day", ["2026-12-01", "2026-12-02", "2027-03-31", "2027-04-01"])
@pytest.mark.parametrize("rule", ["adds", "replaces"])
def test_what_was_changed_is_taken_back_for_every_later_day(tenant: Rehearsal, day: str, rule: str) -> None:
    """The adjustments were of December: then, too, the line is as if nobody had asked."""
    tenant.rule(same_date=rule)
    before = figures(tenant)
    assert probed(tenant).code == 0
    tenant.today(day)
    assert figures(tenant) == before


def test_a_tenant_that_takes_one_adjustment_a_date_is_asked_nothing_that_could_not_be_taken_back(
    tenant: Rehearsal,
) -> None:
    """The adjustment of no unit was the date's one; the second is refused, which is the answer; no third is sent."""
    tenant.rule(same_date="refused")
    before = figures(tenant)
    ran = probed(tenant, "--inactive-line", tenant.lines[2])
    assert ran.code == 0, ran.out + ran.err
    assert answers(tenant) == {
        "units_by": "contract-service",
        "same_date": "refused",
        "adjustment_answer": "null",
        "omitted_price": "keeps",
    }
    assert tenant.adjustments() == 2
    assert figures(tenant) == before


def test_a_second_probe_gives_the_same_answers_on_the_next_period(tenant: Rehearsal) -> None:
    """December was cut by the first one, so January is used; whatever the first left behind does no harm."""
    tenant.rule(same_date="replaces")
    assert probed(tenant, "--inactive-line", tenant.lines[2]).code == 0
    first = answers(tenant)
    tenant.forget_requests()
    ran = tenant.run("probe", "--tenant", "127.0.0.1/90001", "--inactive-line", tenant.lines[2])
    assert ran.code == 0, ran.out + ran.err
    assert answers(tenant) == first
    assert "on 2027-01-01" in ran.out
