"""How many requests reading and writing take, and that no line is lost between pages."""

from __future__ import annotations

import re
from collections import Counter
from math import ceil
from pathlib import Path

import pytest
from harness import TODAY, Rehearsal
from journeys.autotask_steps import fleet

PAGE = 500


def queries(rehearsal: Rehearsal) -> Counter[str]:
    """How often each entity was queried, next pages included."""
    found = (re.search(r"/V1\.0/(\w+)/query", one["path"]) for one in rehearsal.requests("POST"))
    return Counter(match[1] for match in found if match)


@pytest.mark.parametrize("count", [1300, 2000])
def test_a_plan_takes_the_fewest_requests_that_pages_allow(tmp_path: Path, count: int) -> None:
    """One request for 500 lines of each entity, and at most ten besides; every line is in the plan."""
    with fleet(tmp_path / "msp", count) as found:
        plan = found.plan()
        assert {change["line"]["id"] for change in plan["changes"]} == set(found.lines)
        asked = queries(found)
        assert {entity for entity, times in asked.items() if times > ceil(count / PAGE)} == set()
        assert set(asked) == {"Companies", "Contracts", "ContractServices", "ContractServiceUnits", "Services"}
        assert len(found.requests()) - sum(asked.values()) <= 10


def test_a_query_of_more_than_a_page_is_continued_by_post_and_loses_no_line(tmp_path: Path) -> None:
    """600 lines whose units changed today have two rows on the day each: 1,200 rows, every page, every line right."""
    with fleet(tmp_path / "msp", 600, adjusted=(TODAY, 2)) as found:
        changes = found.plan()["changes"]
        pages = found.requests(path="/query/next")
        assert {(page["method"], page["status"]) for page in pages} == {("POST", 200)}
        assert [page["path"].split("/")[3] for page in pages].count("ContractServiceUnits") == len(pages) >= 2
        assert {change["line"]["id"] for change in changes} == set(found.lines)
        assert {(change["quantity"]["before"], change["quantity"]["after"]) for change in changes} == {("12", "14")}


def test_an_apply_takes_at_most_three_requests_for_a_change(tmp_path: Path) -> None:
    """Sixty changes: sixty POSTs, and no more than 3 x 60 + 10 requests in all; each line written once."""
    with fleet(tmp_path / "msp", 60) as found:
        found.plan()
        found.forget_requests()
        ran = found.apply()
        assert (ran.code, ran.out, found.adjustments()) == (0, "60 verified\n", 60)
        assert len(found.requests()) <= 3 * 60 + 10
        written = {(one["quantity"], one["writes"]) for one in found.control("GET", "world")["lines"]}
        assert written == {("14", 1)}


def test_an_apply_of_costs_takes_at_most_three_requests_for_a_change_too(tmp_path: Path) -> None:
    """Fifty changes of quantity and cost together, each read before and after: 3 x 50 + 10."""
    with fleet(tmp_path / "msp", 50) as found:
        found.settings('unit_cost: "9.00"', 'unit_cost: "9.50"')
        found.plan()
        found.forget_requests()
        ran = found.apply()
        assert (ran.code, ran.out, found.adjustments()) == (0, "50 verified\n", 50)
        assert len(found.requests()) <= 3 * 50 + 10
        written = {(one["quantity"], one["unit_cost"]) for one in found.control("GET", "world")["lines"]}
        assert written == {("14", "9.50")}


def test_a_second_plan_takes_no_more_requests_than_the_first(tmp_path: Path) -> None:
    """With everything in place there is nothing to do, and nothing is asked twice."""
    with fleet(tmp_path / "msp", 60) as found:
        found.plan()
        first = len(found.requests())
        found.apply()
        found.forget_requests()
        assert found.plan()["changes"] == []
        assert len(found.requests()) == first
