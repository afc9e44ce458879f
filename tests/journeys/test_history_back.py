"""A run is taken back from the history: planned, reviewed, approved and written on the screen; the PSA tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.review_steps import Seat, decisions, reviewing
from textual.widgets import Input

from psarecon.errors import EXIT_DONE
from psarecon.tui.back import BackScreen
from psarecon.tui.history import HistoryScreen

TENANT = "90001"
SIZES = [(120, 40), (80, 24), (60, 20)]


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients that a run wrote: fourteen, twelve, and ten at another cost."""
    clients = (Client("More"), Client("Fewer", units=14, users=12), Client("Dearer", users=10, unit_cost="8.50"))
    with rehearsal(tmp_path / "msp", *clients) as found:
        found.environ["PSARECON_BY"] = "kim"
        found.observed()
        found.plan()
        assert found.apply().code == 0
        yield found


def figures(found: Rehearsal) -> list[tuple[str, str, int]]:
    """Quantity, unit cost and writes of every line, as the sandbox has them."""
    truths = [found.truth(line) for line in found.lines]
    return [(truth["quantity"], truth["unit_cost"], truth["writes"]) for truth in truths]


def last_run(found: Rehearsal) -> str:
    """The run that wrote last."""
    name: str = found.log()[-1]["run"]
    return name


def back_file(found: Rehearsal, run: str, number: str = "") -> Path:
    """The plan's file."""
    return found.directory / f"rollback-{run}{number}.json"


async def go_back(seat: Seat, name: str = "") -> None:
    """H, b, a name (pasted), enter; until the plan, or an error, is on the screen."""
    await seat.press("H", "b")
    await seat.sees("back?")
    seat.app.screen.query_one(Input).value = name
    await seat.press("enter")
    await seat.until(lambda: isinstance(seat.app.screen, BackScreen) or "No plan was made" in seat.text)
    await seat.pilot.pause()


WRITTEN = [("14", "9.00", 1), ("12", "9.00", 1), ("10", "9.00", 1)]
BEFORE = [("10", "9.00", 2), ("14", "9.00", 2), ("10", "8.50", 2)]


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_is_taken_back_on_the_screen(msp: Rehearsal, size: tuple[int, int]) -> None:
    """H, b, enter: the plan; approve all, R, the tenant's name: every line is as before, and the history says so."""
    run = last_run(msp)
    assert figures(msp) == WRITTEN
    async with reviewing(msp, str(msp.plan_file), "--apply", "--by", "alex", size=size) as seat:
        await go_back(seat)
        assert "saved as rollback-" in seat.text
        await seat.sees("3 changes: 3 open")
        assert figures(msp) == WRITTEN
        await seat.press("a", "a", "a")
        await seat.run_approved(TENANT)
        await seat.sees("3 verified")
        await seat.sees("Nothing is written any more")
        await seat.press("escape" if "esc" in seat.text.splitlines()[-1] else "q")
        await seat.until(lambda: isinstance(seat.app.screen, BackScreen))
        await seat.press("escape")
        await seat.sees("History: 2 runs")
        assert seat.line("›").count("3 verified  by alex (3)") == 1
        assert "is kept" in seat.text
        await seat.press("escape", "q")
    assert figures(msp) == BEFORE
    assert seat.code == EXIT_DONE
    assert f"saved in {back_file(msp, run).with_suffix('.decisions.json')}" in seat.said
    assert {one.by for one in decisions(back_file(msp, run).with_suffix(".decisions.json")).values()} == {"alex"}


async def test_without_apply_nothing_can_be_written(msp: Rehearsal) -> None:
    """The same plan, the same decisions, kept beside it; R says why not."""
    run = last_run(msp)
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await go_back(seat)
        assert "READ ONLY" in seat.text
        await seat.press("a", "R")
        await seat.sees("nothing can be written")
        await seat.press("q")
    assert figures(msp) == WRITTEN
    assert len(decisions(back_file(msp, run).with_suffix(".decisions.json"))) == 1
    assert msp.run("apply", str(back_file(msp, run))).code != 0
    assert sorted(one[2] for one in figures(msp)) == [1, 1, 2]


async def test_a_decisions_file_that_was_named_is_of_the_first_plan_alone(msp: Rehearsal) -> None:
    """What is decided on the way back goes beside its own plan."""
    run, mine = last_run(msp), msp.directory / "mine.json"
    async with reviewing(msp, str(msp.plan_file), "--decisions", str(mine)) as seat:
        await go_back(seat)
        await seat.press("a", "escape", "escape", "a", "q")
    assert len(decisions(back_file(msp, run).with_suffix(".decisions.json"))) == 1
    assert decisions(mine).keys() < {one["id"] for one in json.loads(msp.plan_file.read_bytes())["changes"]}


async def test_lines_that_moved_on_are_left_out_and_told(msp: Rehearsal) -> None:
    """The status says how many, f says which and why; what somebody set stays when the rest is written."""
    msp.edit(line=msp.lines[0], units_change=2)
    async with reviewing(msp, str(msp.plan_file), "--apply") as seat:
        await go_back(seat)
        await seat.sees("1 line moved on since, not taken back: f shows why")
        await seat.sees("2 changes: 2 open")
        await seat.press("f")
        await seat.sees("left 14, the line now is 16: it is not taken back")
        assert f"line:autotask/{msp.lines[0]}" in seat.text
        await seat.press("escape", "a", "a")
        await seat.run_approved(TENANT)
        await seat.sees("2 verified")
        await seat.sees("Nothing is written any more")
        await seat.press("q")
        await seat.until(lambda: isinstance(seat.app.screen, BackScreen))
        await seat.press("q")
    assert figures(msp) == [("16", "9.00", 1), *BEFORE[1:]]


async def test_a_run_that_is_gone_already_leaves_nothing_to_change(msp: Rehearsal) -> None:
    """Every line moved on: an empty plan that says why, and no key breaks it."""
    for line in msp.lines:
        msp.edit(line=line, units_change=1)
    async with reviewing(msp, str(msp.plan_file), size=(80, 24)) as seat:
        await go_back(seat)
        await seat.sees("nothing to change")
        await seat.sees("3 lines moved on since")
        await seat.press("a", "x", "A", "enter", "f", "escape", "escape")
        await seat.until(lambda: isinstance(seat.app.screen, HistoryScreen))


async def test_escape_clears_a_filter_before_it_leaves(msp: Rehearsal) -> None:
    """And the first review is as it was."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await go_back(seat)
        await seat.press("slash")
        await seat.type("fewer")
        await seat.press("enter", "escape")
        assert isinstance(seat.app.screen, BackScreen)
        await seat.sees("3 by risk")
        await seat.press("escape")
        assert isinstance(seat.app.screen, HistoryScreen)
        await seat.press("escape", "q")


async def test_no_file_is_ever_written_over(msp: Rehearsal) -> None:
    """A second plan of the run gets a number; a name that is taken is refused in place, and its file stays."""
    run, plan = last_run(msp), msp.plan_file.read_bytes()
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await go_back(seat)
        await seat.press("escape", "escape")
        await go_back(seat)
        await seat.press("escape", "b")
        await seat.type("plan.json")
        await seat.press("enter")
        await seat.sees("plan.json is there already: no plan was made")
        await seat.press("b", "escape", "q")
    assert msp.plan_file.read_bytes() == plan
    names = sorted(one.name for one in msp.directory.glob("rollback-*.json"))
    assert names == [f"rollback-{run}-2.json", f"rollback-{run}.json"]


@pytest.mark.parametrize("trouble", ["no credentials", "PSA down", "other tenant", "mapping", "ledger", "name"])
async def test_what_cannot_be_planned_is_told_in_place(msp: Rehearsal, trouble: str) -> None:
    """Nothing crashes, no file is left, and the history is there again."""
    told = {
        "no credentials": "AUTOTASK",
        "PSA down": "Autotask",
        "other tenant": "the run wrote to",
        "mapping": "clients",
        "ledger": "the journal knows no such run",
        "name": "the old file",
    }[trouble]
    async with reviewing(msp, str(msp.plan_file)) as seat:
        broken(msp, trouble)
        await go_back(seat, "x" * 300 if trouble == "name" else "")
        await seat.sees("No plan was made")
        await seat.sees(told)
        await seat.press("escape")
        assert isinstance(seat.app.screen, HistoryScreen)
        await seat.press("escape", "q")
    assert seat.code == EXIT_DONE
    assert list(msp.directory.glob("rollback-*")) == []
    assert figures(msp) == WRITTEN


def broken(found: Rehearsal, trouble: str) -> None:
    """Break what the plan needs, while the review is open."""
    if trouble == "no credentials":
        for name in [name for name in found.environ if "AUTOTASK" in name]:
            del found.environ[name]
    elif trouble == "PSA down":
        found.fault("status", status=503, times=None)
    elif trouble == "other tenant":
        (found.directory / ".sandbox" / "url").write_text(found.url.replace("127.0.0.1", "localhost"))
    elif trouble == "ledger":
        found.settings("sqlite:.psarecon/ledger.db", "sqlite:.psarecon/other.db")
    elif trouble == "mapping":
        found.mapping("lines:", "lines: nonsense\nlines:")
