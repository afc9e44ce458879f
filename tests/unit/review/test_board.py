from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.review.rows import row

from psarecon.domain.decisions import Verdict
from psarecon.domain.model import Severity
from psarecon.review.board import Board, Group, Grouping, Order
from psarecon.review.book import Book
from psarecon.review.opened import Head, Opened, Row

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
Make = Callable[[Sequence[Row]], Board]


def opened(rows: Sequence[Row]) -> Opened:
    """A plan of these rows; its file holds nothing, for no test here looks at a whole change."""
    head = Head("0" * 64, NOW, "2026-11", "0.1.0", None, False, "USD", {"autotask": "127.0.0.1/90001"}, {})
    return Opened(head, list(rows), (), io.BytesIO())


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Make]:
    """A board of rows, its decisions in a file of the test's own."""
    with ExitStack() as stack:

        def make(rows: Sequence[Row]) -> Board:
            book = Book(tmp_path / "plan.decisions.json", "kim", lambda: NOW)
            stack.callback(book.close)
            return Board(opened(rows), book)

        yield make


def rows(count: int = 6) -> list[Row]:
    """The first blocked, the second to be looked at, the rest clean; each of its own line, client and money."""
    severities = [Severity.BLOCK, Severity.LOOK]
    return [
        row(
            f"Client {number}",
            line=f"autotask/{number}",
            units=("10", str(20 - number)),
            cost=f"{9 * (10 - number)}.00",
            severity=severities[number] if number < 2 else None,
        )
        for number in range(count)
    ]


def clients(board: Board) -> list[str]:
    """What is seen, in order: a group by its title."""
    return [entry.title if isinstance(entry, Group) else entry.client for entry in board.entries]


def test_the_states_add_up_to_the_plan(board: Make) -> None:
    """Every change is counted once: blocked, open, or as it was decided; approved money is that of the approved."""
    found = board(rows())
    found.decide(found.opened.rows[1:3], Verdict.APPROVE)
    found.decide(found.opened.rows[3:4], Verdict.REJECT, "no")
    assert +found.tally.states == {"blocked": 1, "approve": 2, "reject": 1, "open": 2}
    assert found.tally.cost == Decimal("153.00")
    assert [one.id for one, _ in found.approved()] == [one.id for one in found.opened.rows[1:3]]


def test_a_block_is_never_approved_but_may_be_rejected(board: Make) -> None:
    """Approving everything leaves the blocked one; nothing counts it as approved."""
    found = board(rows())
    assert found.decide(found.opened.rows, Verdict.APPROVE) == 5
    assert found.state(found.opened.rows[0]) == "blocked"
    assert found.tally.states["approve"] == 5


@given(acts=st.lists(st.tuples(st.integers(0, 5), st.sampled_from([*Verdict, None])), max_size=12))
def test_undo_leads_back_through_every_act(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, Verdict | None]]
) -> None:
    """However decisions were made, as many undos bring back every state, and the tally with it."""
    book = Book(tmp_path_factory.mktemp("undo") / "plan.decisions.json", "kim", lambda: NOW)
    try:
        found = Board(opened(rows()), book)
        before = [(dict(+found.tally.states), found.tally.cost)]
        for place, verdict in acts:
            if found.decide([found.opened.rows[place]], verdict):
                before.append((dict(+found.tally.states), found.tally.cost))
        while len(before) > 1:
            before.pop()
            found.undo()
            assert (dict(+found.tally.states), found.tally.cost) == before[-1]
        assert found.undo() == []
    finally:
        book.close()


def test_clean_and_open_is_what_can_be_approved_at_once(board: Make) -> None:
    """Neither the blocked, nor the one to look at, nor what is decided, nor what the filter hides."""
    found = board(rows())
    found.decide([found.opened.rows[2]], Verdict.HOLD)
    found.filter("-client:5")
    assert [one.client for one in found.clean_shown()] == ["Client 3", "Client 4"]


def test_a_filter_narrows_and_an_empty_one_brings_all_back(board: Make) -> None:
    """In the order of review, each time."""
    found = board(rows())
    found.filter("money>60")
    assert clients(found) == ["Client 0", "Client 1", "Client 2", "Client 3"]
    found.filter("")
    assert found.count == 6


def test_a_filter_that_is_none_leaves_the_list(board: Make) -> None:
    """The words say where it went wrong."""
    found = board(rows())
    found.filter("client:4")
    assert "at 1" in found.try_filter("colour:red")
    assert clients(found) == ["Client 4"]


def test_orders_are_risk_money_and_client(board: Make) -> None:
    """Risk first as the plan has it; by money the dearest; by client the alphabet."""
    listed = rows(3)
    listed.append(row("Aaron", line="autotask/9", cost="500.00", revenue="0.00"))
    found = board(listed)
    assert clients(found)[-1] == "Aaron"
    found.reorder(Order.MONEY)
    assert clients(found)[0] == "Aaron"
    found.reorder(Order.CLIENT)
    assert clients(found) == ["Aaron", "Client 0", "Client 1", "Client 2"]
    found.reorder(Order.RISK)
    assert clients(found)[-1] == "Aaron"


def alike(count: int, cost: tuple[str, str] = ("8.25", "9.00")) -> list[Row]:
    """The same cost rise on so many lines."""
    return [
        row(f"Client {number}", line=f"autotask/{number}", units=None, unit_cost=cost, cost="7.50", revenue="0.00")
        for number in range(count)
    ]


def test_equal_changes_stand_together(board: Make) -> None:
    """The same product, step, costs, causes and findings are one group; a group of one is its row."""
    other = row("Other", line="autotask/99")
    looked_at = row("Odd", line="autotask/98", units=None, unit_cost=("8.25", "9.00"), severity=Severity.LOOK)
    found = board([looked_at, *alike(214), other])
    found.group_by(Grouping.EQUAL)
    assert clients(found) == ["Odd", "jumpcloud-platform: cost 8.25 → 9.00", "Other"]
    assert len(found.rows_at(1)) == 214
    assert found.decide(found.rows_at(1), Verdict.APPROVE) == 214
    assert found.tally.cost == Decimal("1605.00")


def test_groups_come_by_their_gravest_row(board: Make) -> None:
    """A client with a blocked line stands above a dearer one without."""
    listed = [
        row("Small", line="autotask/1", cost="1.00", severity=Severity.BLOCK),
        row("Dear", line="autotask/2", cost="900.00"),
        row("Dear", line="autotask/3", cost="800.00"),
        row("Small", line="autotask/4", cost="2.00"),
    ]
    found = board(listed)
    found.group_by(Grouping.CLIENT)
    assert clients(found) == ["Small", "Dear"]


def test_a_group_folds_and_unfolds_around_its_rows(board: Make) -> None:
    """Unfolded its rows follow it; from a row, folding leads back to the group."""
    found = board(alike(3))
    found.group_by(Grouping.EQUAL)
    assert found.fold(0, folded=False)
    assert clients(found)[1:] == ["Client 0", "Client 1", "Client 2"]
    assert not found.fold(0, folded=False)
    third = found.row_at(3)
    assert found.fold(3, folded=True)
    assert found.count == 1
    assert found.index_of(third) == 0


def test_grouping_goes_round(board: Make) -> None:
    """Folded, unfolded, none; and another kind begins folded."""
    found = board(alike(3))
    seen = []
    for kind in (Grouping.EQUAL, Grouping.EQUAL, Grouping.EQUAL, Grouping.CLIENT):
        found.cycle(kind)
        seen.append((found.grouping, found.count))
    assert seen == [(Grouping.EQUAL, 1), (Grouping.EQUAL, 4), (Grouping.NONE, 3), (Grouping.CLIENT, 3)]


def test_the_next_open_change_is_found_past_the_end(board: Make) -> None:
    """Decided and blocked ones are passed over, in both directions; None once nothing is open."""
    found = board(rows())
    found.decide([found.opened.rows[3]], Verdict.HOLD)
    assert [found.next_open(at, 1) for at in (1, 2, 5)] == [2, 4, 1]
    assert [found.next_open(at, -1) for at in (1, 4)] == [5, 2]
    found.decide(found.opened.rows, Verdict.REJECT)
    assert found.next_open(0, 1) is None


def test_what_was_written_stays_as_it_is(board: Make) -> None:
    """A written change counts as such, is not approved a second time, and no key moves it."""
    found = board(rows())
    found.decide(found.opened.rows[2:4], Verdict.APPROVE)
    found.came_to({found.opened.rows[2].id: "written"})
    assert found.decide([found.opened.rows[2]], Verdict.REJECT) == 0
    assert [one.client for one, _ in found.approved()] == ["Client 3"]
    assert found.tally.states["written"] == 1


def test_an_empty_plan_answers_everything(board: Make) -> None:
    """No row, no group, nothing open, nothing to undo."""
    found = board([])
    found.group_by(Grouping.CLIENT)
    assert (found.count, found.rows_at(0), found.row_at(3), found.next_open(0, 1)) == (0, [], None, None)
    assert (found.undo(), found.fold(0), found.index_of(None), found.is_group(0)) == ([], False, 0, False)
