from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import LINE, change, pair, plan_of

from psarecon.domain.comparison import compare
from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Change


def _lines(figures: dict[int, int]) -> tuple[Change, ...]:
    """A change of each line from ten units to its figure."""
    return tuple(change(pair(10, after), line=replace(LINE, id=str(line))) for line, after in sorted(figures.items()))


def test_an_edit_brings_takes_away_and_moves_changes_and_the_rest_comes_anyway() -> None:
    """Line 1 as before, 2 with another figure, 3 gone, 4 new."""
    found = compare("main", "c0ffee", plan_of(_lines({1: 14, 2: 15, 3: 16})), plan_of(_lines({1: 14, 2: 20, 4: 11})))
    assert [one.line.id for one in found.anyway] == ["1"]
    told = [
        (one.line.id, one.before and one.before.quantity_after, one.after and one.after.quantity_after)
        for one in found.edited
    ]
    assert told == [("2", 15, 20), ("3", 16, None), ("4", None, 11)]


def test_findings_that_only_one_plan_has_are_told_apart() -> None:
    """One comes with the edit, one goes with it, one is in both."""
    old, new, both = (Finding(code, Severity.LOOK, "plan", "so it is") for code in ("old", "new", "both"))
    found = compare("main", "c0ffee", plan_of((), [old, both]), plan_of((), [both, new]))
    assert (found.appeared, found.gone) == ((new,), (old,))


_FIGURES = st.dictionaries(st.integers(1, 30), st.integers(11, 15), max_size=30)


@given(_FIGURES, _FIGURES)
def test_every_change_of_both_plans_is_told_exactly_once(before: dict[int, int], after: dict[int, int]) -> None:
    """Nothing is lost between what the edit causes and what comes anyway."""
    without, plan = plan_of(_lines(before)), plan_of(_lines(after))
    found = compare("main", "c0ffee", without, plan)
    now = [one.after for one in found.edited if one.after] + list(found.anyway)
    then = [one.before for one in found.edited if one.before] + list(found.anyway)
    assert sorted(one.id for one in now) == sorted(one.id for one in plan.changes)
    assert sorted(one.id for one in then) == sorted(one.id for one in without.changes)
    assert all(one.before is None or one.after is None or one.before.id != one.after.id for one in found.edited)
