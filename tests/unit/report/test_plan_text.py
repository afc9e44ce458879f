"""The text of a plan that is kept in a file ends where nobody reads on; what it leaves out is counted and summed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from unit.domain.make import plan_of
from unit.report.samples import numbered

from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Plan
from psarecon.report.plan_text import MOST_ROWS, plan_text


def many(count: int, findings: Sequence[Finding] = ()) -> Plan:
    """Changes of 0.01, 0.02, ... a month."""
    return plan_of((numbered(number, f"{number / 100:.2f}", "0.00") for number in range(1, count + 1)), findings)


def money_of(rows: Sequence[str]) -> list[Decimal]:
    """The cost a month of each row."""
    return [Decimal(row.split()[-3]) for row in rows]


def test_of_a_plan_in_a_file_the_dearest_are_shown_and_the_rest_is_told_to_the_cent() -> None:
    """1,002 changes: the two cheapest have no row, and come to 0.01 and 0.02."""
    lines = list(plan_text(many(MOST_ROWS + 2), "plan.json"))
    rows, last = lines[5:-1], lines[-1]
    assert money_of(rows) == [Decimal(number) / 100 for number in range(MOST_ROWS + 2, 2, -1)]
    assert last == "... 2 more changes, +0.03 cost, 0.00 revenue a month: psarecon show plan.json"


def test_a_blocked_change_has_its_row_however_cheap_it_is() -> None:
    """It comes first, and so the three cheapest of the others have none."""
    plan = many(MOST_ROWS + 2)
    found = Finding("quantity-drop", Severity.BLOCK, plan.changes[0].scope, "it would drop")
    lines = list(plan_text(plan_of(plan.changes, [found]), "plan.json"))
    assert lines[5].startswith("x ")
    assert plan.changes[0].id in lines[5]
    assert "... 2 more changes, +0.05 cost," in lines[5 + MOST_ROWS]


def test_a_plan_that_is_kept_nowhere_is_shown_whole() -> None:
    """Nothing else would tell its changes."""
    assert len(list(plan_text(many(MOST_ROWS + 2)))) == 5 + MOST_ROWS + 2


def test_a_plan_of_a_thousand_changes_is_shown_whole() -> None:
    """There is no rest to tell."""
    assert len(list(plan_text(many(MOST_ROWS), "plan.json"))) == 5 + MOST_ROWS
