from __future__ import annotations

from hostile.looks import STEADY
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.domain.make import plan_of
from unit.report.samples import numbered, plans

from psarecon.domain.plan import Plan
from psarecon.report.entries import CHANGE, entries_of
from psarecon.report.markdown_parts import Listed, Moves, folded
from psarecon.report.sheet import Sheet, size, table_row

extra = st.one_of(st.integers(0, 3000), st.integers(0, 30_000))


@settings(STEADY, max_examples=150)
@given(plans(), extra)
def test_changes_take_no_more_than_the_room_they_get(plan: Plan, more: int) -> None:
    """Whatever is left out of it: from the least it asks for on, to the byte."""
    part = Moves(("### Changes", ""), CHANGE, entries_of(plan))
    assert size(part.lines(part.least + more)) <= part.least + more


def test_changes_of_few_clients_take_no_more_than_the_room_they_get() -> None:
    """At each byte of room, also where a client's fold holds some of its rows only."""
    changes = [numbered(number, f"{number % 7}.25", client=f"Client {number % 2}") for number in range(160)]
    part = Moves((), CHANGE, entries_of(plan_of(changes)))
    for room in range(part.least, 16_000, 7):
        assert size(part.lines(room)) <= room


@STEADY
@given(st.lists(st.text("ab|é", max_size=300), max_size=20), extra)
def test_a_table_takes_no_more_than_the_room_it_gets(texts: list[str], more: int) -> None:
    """The rows that are left out are the last ones, and are counted."""
    rows = [table_row([text]) for text in texts]
    part = Listed(folded("some"), ("Text",), rows, lambda shown: f"{len(rows) - shown} more", ("</details>", ""))
    lines = part.lines(part.least + more)
    assert size(lines) <= part.least + more
    shown = [line for line in lines if line in rows]
    assert shown == rows[: len(shown)]
    assert (f"{len(rows) - len(shown)} more" in lines) == (len(shown) < len(rows))


def test_a_sheet_takes_lines_all_together_or_not_at_all() -> None:
    """And bytes count, not signs; each line has its end."""
    sheet = Sheet(10)
    assert sheet.add("é", "ab")
    assert sheet.room == 4
    assert not sheet.add("a", "bcd")
    assert sheet.lines == ["é", "ab"]
    assert sheet.add("abc")
    assert sheet.room == 0


def test_a_table_without_room_for_one_row_is_not_begun() -> None:
    """No heading over nothing."""
    sheet = Sheet(30)
    assert sheet.table(("Text", "Changes"), [table_row(["x" * 20, "1"])]) == 0
    assert sheet.lines == []
    assert Sheet(100).table(("Text",), []) == 0


def test_figures_stand_to_the_right() -> None:
    """In the columns that hold them."""
    sheet = Sheet(100)
    assert sheet.table(("Client", "Changes"), [table_row(["Acme", "1"])]) == 1
    assert sheet.lines == ["| Client | Changes |", "|---|--:|", "| Acme | 1 |", ""]
