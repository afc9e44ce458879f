"""What a review writes: keys that run what is approved, stop it or leave, and what is true in the PSA after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Rehearsal
from journeys.autotask_steps import ADJUSTMENT
from journeys.five_clients import TENANT, UNTOUCHED, changes, file_of, five_clients, truth
from journeys.review_steps import decisions, reviewing

from psarecon.domain.decisions import Verdict
from psarecon.errors import EXIT_BLOCKED, EXIT_PARTIAL


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Rehearsal]:
    """Five clients with a saved plan: Dunlin is blocked, Eider is to be looked at, three are clean."""
    with five_clients(tmp_path / "msp") as found:
        yield found


async def test_some_are_approved_one_rejected_and_only_the_approved_are_written(msp: Rehearsal) -> None:
    """Approve two, reject one with a reason, run: the world has the two, each written once, and nothing else."""
    async with reviewing(msp, str(msp.plan_file), "--apply", "--by", "kim") as seat:
        assert "WRITES ALLOWED" in seat.text
        await seat.to("Acme Corp")
        await seat.press("a")
        await seat.to("Borealis")
        await seat.press("x")
        await seat.type("left in may, q")
        await seat.press("enter")
        await seat.to("Eider")
        await seat.press("space")
        await seat.run_approved(TENANT)
        await seat.sees("2 of 2 done")
        await seat.press("q")
        await seat.sees("2 written")
        await seat.press("q")
    assert truth(msp) == UNTOUCHED | {"Acme Corp": ("14", 1), "Eider Rx aqua": ("7", 1)}
    kept = decisions(file_of(msp))[changes(msp)["Borealis"]]
    assert (kept.verdict, kept.by, kept.reason) == (Verdict.REJECT, "kim", "left in may, q")
    assert seat.code == EXIT_BLOCKED
    assert "2 verified" in seat.said
    assert "2 written, 0 approved, 1 rejected, 0 held, 1 open: saved in" in seat.said


async def test_a_wrong_name_writes_nothing(msp: Rehearsal) -> None:
    """Enter alone, and another tenant's name, both end at the list."""
    async with reviewing(msp, str(msp.plan_file), "--apply") as seat:
        await seat.to("Acme Corp")
        await seat.press("a", "R")
        await seat.sees(f"To go on, type: {TENANT}")
        await seat.press("enter")
        await seat.sees("Next open")
        await seat.run_approved("90002")
        await seat.press("escape")
        await seat.sees("Next open")
        await seat.press("q")
    assert truth(msp) == UNTOUCHED
    assert msp.adjustments() == 0


async def test_stopping_in_the_middle_finishes_the_call_in_flight(msp: Rehearsal) -> None:
    """S while the first write is on its way: it is finished and verified, the others are untouched; exit 6."""
    msp.fault("delay", method="POST", path=ADJUSTMENT, seconds=2)
    async with reviewing(msp, str(msp.plan_file), "--apply") as seat:
        await seat.press("A", "right", "enter")
        await seat.run_approved(TENANT)
        await seat.sees("> writing")
        await seat.press("s")
        await seat.sees("q leaves")
        await seat.press("q")
        await seat.press("q")
    written = [name for name, (_, writes) in truth(msp).items() if writes]
    assert len(written) == 1
    assert seat.code == EXIT_PARTIAL
    assert "1 verified" in seat.said
    assert "2 skipped" in seat.said


async def test_quitting_never_abandons_a_write(msp: Rehearsal) -> None:
    """ctrl+q while a write is on its way: the program ends after it, with the line verified in the journal."""
    msp.fault("delay", method="POST", path=ADJUSTMENT, seconds=0.5)
    async with reviewing(msp, str(msp.plan_file), "--apply") as seat:
        await seat.to("Acme Corp")
        await seat.press("a")
        await seat.run_approved(TENANT)
        await seat.sees("> writing")
        await seat.press("ctrl+q")
        await seat.sees("finishing the call in flight")
        await seat.sees("q leaves")
        await seat.press("ctrl+q")
        await seat.until(lambda: not seat.app.is_running)
    assert truth(msp) == UNTOUCHED | {"Acme Corp": ("14", 1)}
    assert [entry["event"] for entry in msp.log()] == ["intent", "verified"]
    assert "1 verified" in seat.said


async def test_what_was_written_is_not_written_again(msp: Rehearsal) -> None:
    """A second run of the same review carries out only what was approved since."""
    async with reviewing(msp, str(msp.plan_file), "--apply") as seat:
        for client in ("Acme Corp", "Cedar Works"):
            await seat.to(client)
            await seat.press("a")
            await seat.run_approved(TENANT)
            await seat.sees("1 of 1 done")
            await seat.press("q")
        await seat.sees("2 written")
        await seat.press("R")
        await seat.sees("nothing is approved yet")
        await seat.press("q")
    assert truth(msp) == UNTOUCHED | {"Acme Corp": ("14", 1), "Cedar Works": ("9", 1)}


async def test_a_plan_put_in_its_place_meanwhile_is_not_applied(msp: Rehearsal) -> None:
    """Somebody plans again into the same file while it is reviewed: the run says so and writes nothing."""
    async with reviewing(msp, str(msp.plan_file), "--apply") as seat:
        await seat.to("Acme Corp")
        await seat.press("a")
        msp.users(20)
        msp.observed()
        msp.plan()
        await seat.run_approved(TENANT)
        await seat.sees("Nothing was written")
        assert "is another plan now" in seat.text
        await seat.press("enter", "q")
    assert truth(msp) == UNTOUCHED


async def test_the_history_tells_what_was_written_and_who_decided(msp: Rehearsal) -> None:
    """After a run, H shows it with its line and the person."""
    async with reviewing(msp, str(msp.plan_file), "--apply", "--by", "kim") as seat:
        await seat.to("Acme Corp")
        await seat.press("a")
        await seat.run_approved(TENANT)
        await seat.sees("1 of 1 done")
        await seat.press("q", "H")
        await seat.sees("History: 1 run")
        await seat.sees("by kim (1)")
        await seat.press("tab", "enter")
        await seat.sees("read back as wanted")
        await seat.press("escape", "escape", "q")


async def test_the_line_says_who_wrote_it_last(msp: Rehearsal) -> None:
    """Once psarecon has written a line, a later change of it names that run and who approved it."""
    approved = changes(msp)["Acme Corp"]
    msp.run("decide", str(msp.plan_file), "--approve", approved, "--by", "kim")
    msp.run("apply", str(msp.plan_file))
    msp.users(18)
    msp.observed()
    msp.plan()
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.to("Acme Corp")
        await seat.until(lambda: "approved by kim" in seat.detail)
        await seat.press("q")


async def test_a_lost_answer_stands_in_the_list_as_in_doubt(msp: Rehearsal) -> None:
    """The server never answered and the person stopped: the change is no longer one to run, and resume is named."""
    msp.fault("drop_before_apply", method="POST", path=ADJUSTMENT)
    async with reviewing(msp, str(msp.plan_file), "--apply") as seat:
        await seat.press("A", "right", "enter")
        await seat.run_approved(TENANT)
        await seat.sees("It is not clear yet what became of this change")
        await seat.press("enter")  # Stop has the focus
        await seat.sees("q leaves")
        await seat.press("q")
        await seat.sees("1 in doubt, 2 approved")
        await seat.press("q")
    assert seat.code == EXIT_PARTIAL
    assert "psarecon resume" in seat.said
    assert truth(msp) == UNTOUCHED
