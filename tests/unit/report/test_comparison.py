from __future__ import annotations

import json
from decimal import Decimal

from hostile.looks import STEADY
from hypothesis import given
from unit.domain.make import plan_of
from unit.report.samples import edited, numbered, plans

from psarecon.domain.comparison import Comparison
from psarecon.domain.plan import canonical
from psarecon.report.comparison import comparison_data, comparison_text

PLAN = plan_of(
    [numbered(1, "90.00", "150.00", "New"), numbered(2, "6.00", "9.00", "Other"), numbered(3, "1.00", "2.00", "Same")]
)


def test_the_data_name_both_plans_and_what_the_edit_does() -> None:
    """Ids, commits, each edited line with its change before and after, and the money of the edit alone."""
    found = edited(PLAN)
    data = json.loads(canonical(comparison_data(found)))
    assert (data["base"]["ref"], data["base"]["id"], data["plan"]["id"]) == ("main", found.without.id, PLAN.id)
    assert [(one["client"], one["edit"], one["cost_change"], one["margin_change"]) for one in data["edited"]] == [
        ("Gone & Co", "gone", "-70.00", "-30.00"),
        ("New", "new", "90.00", "60.00"),
        ("Other", "other figure", "5.00", "1.00"),
    ]
    assert data["edited"][0]["after"] is None
    assert data["edited"][1]["before"] is None
    assert data["edited"][2]["after"]["id"] == PLAN.changes[1].id
    assert [one["client"] for one in data["anyway"]] == ["Same"]
    assert [one["text"] for one in data["gone"]] == ["it was so"]
    assert data["totals"] == {
        "edited": {"lines": 3, "cost_change": "25.00", "revenue_change": "56.00", "margin_change": "31.00"},
        "anyway": {"lines": 1, "cost_change": "1.00", "revenue_change": "2.00", "margin_change": "1.00"},
    }


def test_the_text_tells_both_apart() -> None:
    """Two tables, each under its sum, and whose findings are whose."""
    lines = list(comparison_text(edited(PLAN)))
    text = "\n".join(lines)
    caused, comes = text.split("comes anyway: ")
    assert (
        "this edit, against main (fedcba987): 3 edited lines, +25.00 cost, +56.00 revenue, +31.00 margin a month"
        in caused
    )
    assert "it takes away: LOOK  line:autotask/13000  name-differs: it was so" in caused
    assert comes.startswith("1 change, +1.00 cost, +2.00 revenue, +1.00 margin a month\n")
    assert "Same" in comes
    assert "Same" not in caused


def test_an_edit_without_effect_is_nothing() -> None:
    """Both sections say so."""
    empty = plan_of(())
    lines = list(comparison_text(Comparison("main", "fedcba9876543210", empty, empty, (), (), (), ())))
    assert "this edit, against main (fedcba987): nothing" in lines
    assert "comes anyway: nothing" in lines


@STEADY
@given(plans().map(edited))
def test_the_sums_of_both_plans_differ_by_what_the_edit_moves(comparison: Comparison) -> None:
    """With the edit less without it: nothing is lost between the two."""
    data = comparison_data(comparison)
    sums = [
        sum((one.money.cost_change for one in plan.changes), Decimal(0))
        for plan in (comparison.plan, comparison.without)
    ]
    assert Decimal(data["totals"]["edited"]["cost_change"]) == sums[0] - sums[1]
    assert all("\n" not in line for line in comparison_text(comparison))
