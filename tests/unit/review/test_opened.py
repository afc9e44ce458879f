from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import change, pair, plan_of

from psarecon.domain.model import Finding, LineKey, Severity
from psarecon.domain.money import Money
from psarecon.domain.plan import Change, Plan, canonical
from psarecon.domain.plan_file import plan_bytes, plan_id
from psarecon.errors import InvalidInput, PlanRefused
from psarecon.report.plan_text import by_risk
from psarecon.review.cut import Cut
from psarecon.review.opened import Opened, open_plan

Open = Callable[[Plan], Opened]
HOSTILE = ('],"currency":', ',{"ahead":', '"changes":[', '\\"}],', "é☃𐍈", "", "[/oops]", "\ud800 half a pair")


def numbered(number: int, cost: int = 9, client: str = "Acme Corp") -> Change:
    """A change of its own line whose monthly cost rises by so much."""
    line = LineKey("autotask", "174", "29683353", f"{8000 + number}")
    money = Money(*map(Decimal, (90, 90 + cost, 150, 150 + 2 * cost)))
    return change(pair(10, 11 + number), line=line, money=money, client=client)


def saved(folder: Path, plan: Plan) -> Path:
    """The plan in a file."""
    path = folder / "plan.json"
    path.write_bytes(plan_bytes(plan))
    return path


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[Plan], Opened]]:
    """Opens a plan as a review does, from plan.json."""
    with ExitStack() as stack:
        yield lambda plan: stack.enter_context(closing(open_plan(saved(tmp_path, plan))))


def test_rows_stand_in_the_order_of_the_printed_plan(opened: Open) -> None:
    """Blocked first, then to be looked at, then the dearest: the same order as `psarecon show`."""
    changes = [numbered(number, cost) for number, cost in enumerate([3, 90, 9, 9, 40])]
    findings = [
        Finding("quantity-drop", Severity.BLOCK, changes[0].scope, "fewer"),
        Finding("cost-differs", Severity.LOOK, f"line:{changes[2].line}", "somebody changed it"),
        Finding("usage-missing-days", Severity.INFO, changes[4].scope, "day 1"),
    ]
    plan = plan_of(sorted(changes, key=lambda one: one.line), findings)
    found = opened(plan)
    assert [row.id for row in found.rows] == [one.id for one in by_risk(plan)]
    assert [row.severity for row in found.rows] == [Severity.BLOCK, Severity.LOOK, None, None, None]
    assert [row.codes for row in found.rows[:3]] == [("quantity-drop",), ("cost-differs",), ()]


def test_a_row_says_what_its_change_says(opened: Open) -> None:
    """Figures, money, names and causes are those of the plan."""
    one = change(pair(10, 14), pair("8.25", "9.00"))
    row = opened(plan_of([one])).rows[0]
    assert (row.line, row.psa, row.client, row.product) == ("autotask/8001", "autotask", "Acme Corp", one.product)
    assert (row.before, row.after, row.moves) == (Decimal(10), Decimal(14), True)
    assert (str(row.cost_before), str(row.cost_after)) == ("8.25", "9.00")
    assert (row.cost_change, row.revenue_change, row.weight) == (Decimal(36), Decimal(60), Decimal(60))
    assert (row.since, row.causes, row.contract) == ("2026-11-01", ("usage",), "Managed services")


def test_a_change_whose_quantity_stays_shows_the_live_one(opened: Open) -> None:
    """Only the cost moves: the row has the quantity that stays."""
    row = opened(plan_of([change(None, pair("8.25", "9.00"))])).rows[0]
    assert (row.moves, row.before, row.after) == (False, Decimal(10), Decimal(10))


def test_the_whole_change_is_read_when_it_is_looked_at(opened: Open) -> None:
    """What is read out of the file is the change of the plan, with the findings about it, the gravest first."""
    one = change()
    findings = [
        Finding("usage-missing-days", Severity.INFO, "plan", "day 1"),
        Finding("quantity-drop", Severity.BLOCK, one.scope, "fewer"),
        Finding("other", Severity.LOOK, "line:autotask/1", "of another line"),
    ]
    found = opened(plan_of([one], findings))
    assert found.change(found.rows[0]) == one
    assert [finding.code for finding in found.findings_of(one)] == ["quantity-drop", "usage-missing-days"]


def test_a_plan_without_changes_opens(opened: Open) -> None:
    """No rows, and the head all the same."""
    plan = plan_of()
    found = opened(plan)
    assert found.rows == []
    assert (found.head.id, found.head.month, found.head.tenants) == (plan.id, plan.month, plan.tenants)


@pytest.mark.parametrize("block", [1, 7, 64, 1000, 5000])
def test_blocks_of_any_size_cut_between_changes(block: int) -> None:
    """However little is read at once, each piece is whole changes and starts where it says."""
    plan = plan_of([numbered(number, client=name) for number, name in enumerate(HOSTILE * 3)])
    content = plan_bytes(plan)
    cut = Cut(io.BytesIO(content), block)
    found = []
    for start, piece in cut.pieces():
        assert content[start : start + len(piece)] == piece
        found += json.loads(b"[%b]" % piece)
    assert found == json.loads(content)["changes"]
    assert cut.sealed()
    assert json.loads(cut.rest)["changes"] == []


def test_names_that_look_like_the_file_change_nothing(opened: Open) -> None:
    """A client may be called like the end of the list."""
    plan = plan_of([numbered(number, client=name) for number, name in enumerate(HOSTILE)])
    found = opened(plan)
    assert {row.client for row in found.rows} == set(HOSTILE)
    assert {found.change(row) for row in found.rows} == set(plan.changes)


@given(data=st.data())
def test_one_changed_byte_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever byte of the file is another one, the plan is not opened."""
    content = bytearray(plan_bytes(plan_of([change(), numbered(2)])))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    path.write_bytes(content)
    with pytest.raises(PlanRefused):
        open_plan(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\x00" * 100, b'{"changes":[', b"null\n"])
def test_what_is_no_plan_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file, another JSON, rubbish."""
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(PlanRefused):
        open_plan(path)


def test_a_missing_file_is_invalid_input(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(InvalidInput, match=r"plan\.json"):
        open_plan(tmp_path / "plan.json")


def test_a_change_under_a_foreign_id_is_refused_when_looked_at(tmp_path: Path) -> None:
    """Whoever can compute the plan's id cannot pass other figures off under an id that was approved."""
    data = json.loads(plan_bytes(plan_of([change()])))
    data["changes"][0]["quantity"]["after"] = "140"
    path = tmp_path / "plan.json"
    path.write_bytes(canonical({**data, "id": plan_id(data)}) + b"\n")
    with closing(open_plan(path)) as found, pytest.raises(PlanRefused, match="not the one its id stands for"):
        found.change(found.rows[0])


def test_a_file_put_in_its_place_does_not_change_what_is_open(tmp_path: Path, opened: Open) -> None:
    """A new plan beside an open review: the review goes on with the one it opened."""
    one = change()
    found = opened(plan_of([one]))
    other = tmp_path / "new.json"
    other.write_bytes(plan_bytes(plan_of([numbered(5)])))
    other.replace(tmp_path / "plan.json")
    assert found.change(found.rows[0]) == one


def test_a_file_written_over_is_noticed(tmp_path: Path, opened: Open) -> None:
    """Other bytes in the same file are not taken for the change."""
    found = opened(plan_of([change()]))
    (tmp_path / "plan.json").write_bytes(plan_bytes(plan_of([numbered(5)])))
    with pytest.raises(PlanRefused):
        found.change(found.rows[0])


def test_changes_are_read_by_two_threads_at_once(opened: Open) -> None:
    """The screen reads the change under the cursor while a thread asks git and the ledger about the one before."""
    found = opened(plan_of([numbered(number) for number in range(50)]))
    wrong: list[str] = []

    def read() -> None:
        for row in found.rows * 20:
            try:
                found.change(row)
            except PlanRefused as error:
                wrong.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
