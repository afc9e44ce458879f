from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hostile.looks import STEADY
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import change, pair, plan_of
from unit.report.samples import NAMES, numbered, plans, texts

from psarecon.domain.model import Finding, Severity, Touched
from psarecon.domain.money import Money
from psarecon.domain.plan import Plan
from psarecon.report.csv import COLUMNS, csv_line, csv_rows, neutral

DOCUMENTED = Path(__file__).parents[3] / "docs" / "reference" / "formats.md"


def read(text: str) -> list[dict[str, str]]:
    """The rows as another program reads them."""
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_row_holds_all_of_a_change() -> None:
    """Ids, names, figures before and after, money, causes, findings, who touched it, and the place in the mapping."""
    one = replace(
        change(pair(10, 14), pair("8.25", "9.00")), touched=Touched("Jane", datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC))
    )
    plan = plan_of([one], [Finding("name-differs", Severity.LOOK, f"line:{one.line}", "another name")])
    (row,) = read("".join(csv_rows(plan)))
    assert row == {
        "plan": plan.id, "as_of": "2026-11-20T17:00:00Z", "month": "2026-11", "change": one.id, "risk": "LOOK",
        "psa": "autotask", "company_id": "174", "contract_id": "29683353", "line_id": "8001", "company": "Acme Corp",
        "contract": "Managed services", "line": "JumpCloud Platform", "client": "Acme Corp",
        "product": "jumpcloud-platform", "organization": "jumpcloud/org-1", "quantity_before": "10",
        "quantity_after": "14", "unit_cost_before": "8.25", "unit_cost_after": "9.00", "effective_date": "2026-11-01",
        "cost_before": "90.00", "cost_after": "126.00", "cost_change": "36.00", "revenue_before": "150.00",
        "revenue_after": "210.00", "revenue_change": "60.00", "margin_change": "24.00", "currency": "USD",
        "causes": "usage", "findings": "name-differs", "touched_by": "Jane", "touched_at": "2026-11-02T03:04:05Z",
        "mapping": "clients/acme.yaml:6",
    }  # fmt: skip


def test_lines_end_as_the_standard_says_and_the_header_comes_first() -> None:
    """RFC 4180: CR LF behind each line, the names of the columns before all rows, also without a change."""
    assert list(csv_rows(plan_of(()))) == [",".join(COLUMNS) + "\r\n"]
    lines = list(csv_rows(plan_of([numbered(1), numbered(2)])))
    assert len(lines) == 3
    assert all(line.endswith("\r\n") and line.count("\n") == 1 for line in lines)


def test_every_column_is_documented_in_its_order() -> None:
    """The names are a contract; the page of formats lists them."""
    section = DOCUMENTED.read_text(encoding="utf-8").partition("## CSV columns")[2].partition("\n## ")[0]
    told = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
    assert told == list(COLUMNS)


def test_what_is_unknown_is_empty_and_a_fall_stays_a_figure() -> None:
    """A minus before a figure is no formula; a cost that nobody may see is not nought."""
    (row,) = read("".join(csv_rows(plan_of([change(pair(14, 10), live_cost=None, money=Money(), effective=None)]))))
    assert (row["unit_cost_before"], row["unit_cost_after"], row["cost_before"]) == ("", "", "")
    assert row["effective_date"] == ""
    fallen = Money(Decimal("90.00"), Decimal("54.00"), Decimal("150.00"), Decimal("90.00"))
    (row,) = read("".join(csv_rows(plan_of([change(pair(10, 6), money=fallen)]))))
    assert (row["cost_change"], row["revenue_change"], row["margin_change"]) == ("-36.00", "-60.00", "-24.00")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "' =1"), ("\r=1", "' =1"), ("\n1", "' 1"), ("  =1", "'  =1"), ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"), ("\x00=1", "\ufffd=1"), ("a=1", "a=1"), ("'=1", "'=1"), ("", ""), (" ", " "),
    ],
)  # fmt: skip
def test_no_text_is_a_formula(text: str, shown: str) -> None:
    """An apostrophe before it makes a spreadsheet show it instead."""
    assert neutral(text) == shown


@STEADY
@given(plans())
def test_any_plan_is_read_back_with_a_row_a_change(plan: Plan) -> None:
    """Whatever the names are: as many rows as changes, as many cells as columns, no formula in a cell of text."""
    rows = read("".join(csv_rows(plan)))
    assert [row["change"] for row in rows] == [one.id for one in plan.changes]
    for row, one in zip(rows, plan.changes, strict=True):
        assert set(row) == set(COLUMNS)
        assert Decimal(row["cost_change"]) == one.money.cost_change
        assert row["client"] == neutral(one.client)
        assert not row["client"].lstrip().startswith(("=", "+", "-", "@"))


@STEADY
@given(st.lists(st.one_of(texts, st.sampled_from(NAMES)), min_size=1, max_size=5))
def test_any_line_is_one_line_of_utf_8(cells: list[str]) -> None:
    """No name breaks it, and every name can be written down."""
    line = csv_line(cells)
    assert line.encode("utf-8").count(b"\n") == 1
    assert len(next(csv.reader([line], strict=True))) == len(cells)
