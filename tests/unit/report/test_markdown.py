from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from hostile.looks import STEADY
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.domain.make import plan_of
from unit.report.samples import NAMES, Page, edited, money, numbered, plans, rendered

from psarecon.domain.comparison import Comparison
from psarecon.domain.model import Evidence, Finding, Severity
from psarecon.domain.plan import Plan
from psarecon.report.entries import edit_money
from psarecon.report.markdown import LEAST, markdown
from psarecon.text import clean

_LEFT = re.compile(
    r"([\d,]+) more (?:change|edited line)s? of ([\d,]+) clients?, "
    r"(\S+) cost, (\S+) revenue, \S+ margin a month, not shown\.$"
)
OURS = {
    "h2", "h3", "h4", "p", "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "span",
}  # fmt: skip

budgets = st.one_of(st.integers(LEAST, 8000), st.integers(8000, 200_000))


def left_out(page: Page) -> list[tuple[int, int, Decimal, Decimal]]:
    """Every sentence on what is not shown: changes, clients, cost, revenue."""
    found = [_LEFT.match(text) for tag, text in page.texts if tag == "strong"]
    counts = [(int(one[1].replace(",", "")), int(one[2].replace(",", ""))) for one in found if one]
    sums = [(money(one[3]), money(one[4])) for one in found if one]
    return [(*count, *both) for count, both in zip(counts, sums, strict=True)]


def moved(page: Page, kinds: Iterable[str] = ("Quantity", "Without it")) -> tuple[int, Decimal, Decimal]:
    """How many rows of changes there are to see, and their cost and revenue."""
    tables = [table for table in page.tables if set(kinds) & set(table.columns)]
    costs = [money(text) for table in tables for text in table.column("Cost/month")]
    revenues = [money(text) for table in tables for text in table.column("Revenue/month")]
    return len(costs), sum(costs, Decimal(0)), sum(revenues, Decimal(0))


def whole(page: Page) -> tuple[int, Decimal, Decimal]:
    """Shown and left out together."""
    count, cost, revenue = moved(page)
    for more, _, cost_left, revenue_left in left_out(page):
        count, cost, revenue = count + more, cost + cost_left, revenue + revenue_left
    return count, cost, revenue


def findings_told(page: Page) -> int:
    """Findings shown and findings counted as not shown."""
    shown = sum(len(table.rows) for table in page.tables if "What was found" in table.columns)
    more = [
        re.match(r"([\d,]+) more findings? \(.*\), not shown\.$", text) for tag, text in page.texts if tag == "strong"
    ]
    return shown + sum(int(one[1].replace(",", "")) for one in more if one)


@settings(STEADY, max_examples=150)
@given(plans(), budgets)
def test_any_plan_keeps_any_budget_and_tells_the_whole(plan: Plan, limit: int) -> None:
    """Never a byte more than allowed; shown and left out are all changes, all money and all findings of the plan."""
    text = markdown(plan, limit)
    assert len(text.encode("utf-8")) <= limit
    assert text.startswith("<!-- psarecon:plan -->\n## psarecon: ")
    page = rendered(text)
    cost = sum((one.money.cost_change for one in plan.changes), Decimal(0))
    revenue = sum((one.money.revenue_change for one in plan.changes), Decimal(0))
    assert whole(page) == (len(plan.changes), cost, revenue)
    assert findings_told(page) == len(plan.findings)


@settings(STEADY, max_examples=100)
@given(plans().map(edited), budgets)
def test_any_comparison_keeps_any_budget_and_tells_the_whole(comparison: Comparison, limit: int) -> None:
    """What the edit moves and what comes anyway, each complete."""
    text = markdown(comparison.plan, limit, comparison)
    assert len(text.encode("utf-8")) <= limit
    edits = [edit_money(one) for one in comparison.edited]
    cost = sum((one.money.cost_change for one in comparison.anyway), sum((one[0] for one in edits), Decimal(0)))
    revenue = sum((one.money.revenue_change for one in comparison.anyway), sum((one[1] for one in edits), Decimal(0)))
    page = rendered(text)
    assert whole(page) == (len(edits) + len(comparison.anyway), cost, revenue)
    assert findings_told(page) == len(comparison.plan.findings) + len(comparison.gone)


@settings(STEADY, max_examples=60)
@given(plans(), st.booleans())
def test_nothing_of_a_plan_is_more_than_text(plan: Plan, compared: bool) -> None:  # noqa: FBT001
    """Whatever its names are: no element but ours, no link, no picture, no attribute but a column's alignment."""
    text = markdown(plan, 65_536, edited(plan) if compared else None)
    page = rendered(text)
    assert {tag for tag, _ in page.elements} <= OURS
    assert {name for _, names in page.elements for name in names} <= {"style"}
    assert text.count("<details>") == text.count("</details>") == [tag for tag, _ in page.elements].count("details")


def test_every_hostile_name_is_there_to_read() -> None:
    """As its harmless self, cut to sixty signs; the empty one says that it is empty."""
    page = rendered(markdown(plan_of([numbered(number, client=name) for number, name in enumerate(NAMES)])))
    shown = {" ".join(text.replace("\u200b", "").split()) for table in page.tables for text in table.column("Client")}
    for name in NAMES:
        told = " ".join(clean(name, 60).split()) or "(no name)"
        assert told in shown or f": {told}" in " ".join(page.text().split()), name


def grouped(count: int) -> Plan:
    """So many changes, three a client, each moving a little more than the one before it."""
    changes = [numbered(number, f"{number}.10", f"{2 * number}.20", f"Client {number // 3}") for number in range(count)]
    return plan_of(changes)


def test_a_small_plan_is_told_whole_in_the_open() -> None:
    """No fold, nothing left out, the dearest first."""
    text = markdown(grouped(20))
    page = rendered(text)
    assert moved(page)[0] == 20
    assert "details" not in text
    assert page.tables[1].column("Client")[:4] == ["Client 6", "Client 6", "Client 5", "Client 5"]


def test_after_the_dearest_rows_the_rest_is_folded_by_client() -> None:
    """Twenty-five in the open; each fold says how many it holds and what they are worth."""
    page = rendered(markdown(grouped(60)))
    assert moved(page) == (60, Decimal("1776.00"), Decimal("3552.00"))
    assert left_out(page) == []
    summaries = [text for tag, text in page.texts if tag == "summary" and text]
    assert len(summaries) == 12
    assert summaries[0] == "2 more changes, +67.20 cost, +134.40 revenue, +67.20 margin a month: Client 11"
    assert summaries[1] == "3 more changes, +93.30 cost, +186.60 revenue, +93.30 margin a month: Client 10"


def test_what_does_not_fit_is_counted_and_summed_client_by_client() -> None:
    """The sentence, and the table behind it whose last row holds the clients there was no room for."""
    plan = grouped(900)
    page = rendered(markdown(plan, 16_384))
    ((count, clients, cost, revenue),) = left_out(page)
    sums = page.tables[-1]
    assert sums.columns == ["Client", "Changes", "Cost/month", "Revenue/month", "Margin/month"]
    assert sum(int(text.replace(",", "")) for text in sums.column("Changes")) == count
    assert sum(map(money, sums.column("Cost/month"))) == cost
    assert sum(map(money, sums.column("Revenue/month"))) == revenue
    assert sum(map(money, sums.column("Margin/month"))) == revenue - cost
    named = re.match(r"(\d+) more clients$", sums.column("Client")[-1])
    assert named
    assert int(named[1]) + len(sums.rows) - 1 == clients


def test_a_client_of_a_thousand_lines_leaves_room_for_the_others() -> None:
    """Fifty of its lines at the most, and the fold says of how many."""
    plan = plan_of(
        [numbered(number, "5.00", client="Big" if number < 1000 else f"Small {number}") for number in range(1010)]
    )
    page = rendered(markdown(plan))
    summaries = [text for tag, text in page.texts if tag == "summary" and text]
    assert "50 more changes (the first of 975), +250.00 cost" in summaries[0]
    assert (
        sum(summary.endswith(tuple(f"Small {number}" for number in range(1000, 1010))) for summary in summaries) == 10
    )
    assert left_out(page) == [(925, 1, Decimal("4625.00"), Decimal("13875.00"))]


def test_what_is_blocked_stands_before_what_is_dear() -> None:
    """Findings first, then the changes by risk and money; remarks in a fold at the end."""
    changes = [
        numbered(number, cost, client=f"Client {number}")
        for number, cost in enumerate(["1.00", "900.00", "3.00", "70.00"])
    ]
    findings = [
        Finding("quantity-drop", Severity.BLOCK, changes[0].scope, "fewer than a | pipe"),
        Finding("name-differs", Severity.LOOK, f"line:{changes[2].line}", "another name"),
        Finding("usage-missing-days", Severity.INFO, "source:jumpcloud", "day 3"),
        Finding("line-missing", Severity.BLOCK, "line:autotask/999", "not there"),
    ]  # fmt: skip
    text = markdown(plan_of(changes, findings))
    page = rendered(text)
    _, looked, listed, remarks = page.tables
    assert listed.column("Client") == ["Client 0", "Client 2", "Client 1", "Client 3"]
    assert [row[0] for row in listed.rows] == ["BLOCK", "LOOK", "", ""]
    assert looked.rows == [
        ["BLOCK", "Client 0, jumpcloud-platform", "quantity-drop", "fewer than a | pipe"],
        ["BLOCK", "line:autotask/999", "line-missing", "not there"],
        ["LOOK", "Client 2, jumpcloud-platform", "name-differs", "another name"],
    ]
    assert remarks.rows == [["INFO", "source:jumpcloud", "usage-missing-days", "day 3"]]
    assert "1 blocked, 1 to look at, 2 clean. Findings: 2 BLOCK, 1 LOOK, 1 INFO." in text


def test_the_head_says_what_the_plan_is_and_rests_on() -> None:
    """Totals, tenants, moment, newest reading, commit and id: enough to find the plan again."""
    plan = replace(plan_of([numbered(1)]), dirty=True, tenants={"autotask": "127.0.0.1/12345", "connectwise": "other"})
    text = markdown(plan)
    assert text.splitlines()[:4] == [
        "<!-- psarecon:plan -->",
        "## psarecon: 1 change on 1 line",
        "",
        "**+9.00 cost, +15.00 revenue, +6.00 margin a month** (USD)",
    ]
    assert (
        f"Plan `{plan.id[:12]}` as of 2026-11-20 17:00Z, usage of 2026-11, newest reading in it 2026-11-20 17:00Z, "
        "mapping `0123456789ab` with uncommitted edits."
    ) in text
    assert rendered(text).tables[0].rows == [
        ["autotask", "127.0.0.1/12345", "1", "+9.00", "+15.00", "+6.00"],
        ["connectwise", "other", "0", "0.00", "0.00", "0.00"],
    ]


def test_a_plan_without_changes_says_so() -> None:
    """And what was found all the same."""
    text = markdown(plan_of((), [Finding("line-missing", Severity.BLOCK, "line:autotask/1", "not there")]))
    assert "## psarecon: no changes on 0 lines\n\nFindings: 1 BLOCK.\n" in text
    assert "not there" in text


def test_the_marker_can_be_chosen() -> None:
    """Two plans under one pull request have a comment each."""
    assert markdown(grouped(1), marker="psarecon:emea").startswith("<!-- psarecon:emea -->\n")


def test_less_than_two_kibibytes_is_no_budget() -> None:
    """What must be said takes that much."""
    with pytest.raises(ValueError, match="2047"):
        markdown(grouped(1), LEAST - 1)


def test_figures_of_sixty_digits_keep_the_least_budget_too() -> None:
    """Nobody has such a bill, but a file can hold it; what it comes to is told, and that there is more."""
    changes = [
        numbered(number, f"{'9' * 59}.{number % 90 + 10}", f"-{'9' * 60}.00", f"Client {number}")
        for number in range(50)
    ]
    plan = plan_of(changes)
    for comparison in (None, edited(plan)):
        text = markdown(plan, LEAST, comparison)
        assert len(text.encode()) <= LEAST
        assert f"{sum(one.money.cost_change for one in changes):+,.2f} cost" in text


def test_a_comparison_tells_what_the_edit_causes_from_what_comes_anyway() -> None:
    """A new line, one that is gone, one with another figure; the money is that of the edit alone."""
    plan = plan_of(
        [
            numbered(1, "90.00", "150.00", "New"),
            numbered(2, "6.00", "9.00", "Other"),
            numbered(3, "1.00", "2.00", "Same"),
        ]
    )
    found = edited(plan)
    text = markdown(plan, comparison=found)
    page = rendered(text)
    _, edits, gone, anyway = page.tables
    assert text.splitlines()[1] == "## psarecon: this pull request plans 3 lines otherwise, 1 change comes anyway"
    ids = [one.id for one in plan.changes]
    assert [[row[1], *row[3:]] for row in edits.rows] == [
        ["New", "new", "no change", "10 → 12 at 9.00, from 2026-11-01", "+90.00", "+150.00", ids[0]],
        ["Gone & Co", "gone", "10 → 5011 at 9.00, from 2026-11-01", "no change", "-70.00", "-100.00", ""],
        ["Other", "other figure", *["10 → 13 at 9.00, from 2026-11-01"] * 2, "+5.00", "+6.00", ids[1]],
    ]
    sums = "**+25.00 cost, +56.00 revenue, +31.00 margin a month**, against `main` (`fedcba987654`)"
    assert f"{sums}: 1 new change, 1 gone, 1 with another figure." in text
    assert anyway.column("Client") == ["Same"]
    assert "**+1.00 cost, +2.00 revenue, +1.00 margin a month**: 1 change;" in text
    assert gone.rows[0][3] == "it was so"
    order = [text.index(heading) for heading in ("This pull request causes", "Findings it takes away", "Comes anyway")]
    assert order == sorted(order)


def test_an_edit_that_changes_nothing_says_so() -> None:
    """A comment edited in the mapping: all that is planned comes anyway."""
    plan = plan_of([numbered(1, evidence) for evidence in ("9.00",)])
    same = Comparison("main", "fedcba9876543210", plan, plan, (), plan.changes, (), ())
    text = markdown(plan, comparison=same)
    assert "## psarecon: this pull request plans nothing otherwise, 1 change comes anyway" in text
    assert "### This pull request causes\n\nNothing, against `main` (`fedcba987654`).\n" in text


def test_the_newest_reading_is_told() -> None:
    """Of all evidence of all changes, the last."""
    one = numbered(1)
    early = Evidence("current", 9, one.evidence[0].taken_at.replace(day=2), "counted")
    plan = plan_of([replace(one, evidence=(early,))])
    assert "newest reading in it 2026-11-02 17:00Z" in markdown(plan)
