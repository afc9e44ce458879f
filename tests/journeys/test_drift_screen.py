"""Drift on the screen, from the history: what somebody changed since the last write, told as it is in the PSA."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.drift_steps import accept
from journeys.review_steps import Seat, reviewing
from journeys.test_review_looks import HOSTILE, harmless, no_wider, same

from psarecon.tui.drift import DriftScreen
from psarecon.tui.history import HistoryScreen

SIZES = [(120, 40), (80, 24), (60, 20)]
CLIENTS = (Client("Acme Corp"), Client("Bolt & Nut GmbH"), Client("Crane", users=12), Client("Dune", users=11))


def moments(text: str) -> str:
    """What differs from run to run, set alike."""
    text = re.sub(r"\d{8}T\d{6}-[0-9a-f]{6}", "20261120T170000-1a2b3c", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\dZ", "2026-11-20 17:00Z", text)


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Rehearsal]:
    """Five lines, four of them written by kim; then a hand moved two alike, one to what is used, and one was kept."""
    with rehearsal(tmp_path / "msp", *CLIENTS, Client("Eider", users=10)) as found:
        found.environ["PSARECON_BY"] = "kim"
        found.observed()
        found.plan()
        assert found.apply().code == 0
        found.forget_requests()
        yield found


def drifted(found: Rehearsal) -> None:
    """Somebody's hand in the PSA."""
    for line in found.lines[:2]:
        found.edit(line=line, units_change=6)
    found.edit(line=found.lines[2], unit_cost="9.50")
    found.users(13, found.organizations[3])
    found.edit(line=found.lines[3], units_change=2)
    found.observed()


async def compare(seat: Seat) -> None:
    """H, d, until it was compared, or could not be."""
    await seat.press("H", "d")
    await seat.until(lambda: isinstance(seat.app.screen, DriftScreen) or "Nothing was compared" in seat.text)
    await seat.pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_a_hand_edit_is_shown_with_all_there_is_to_know(msp: Rehearsal, size: tuple[int, int]) -> None:
    """The dearest group first and folded; unfolded, a line tells left, found, wanted, money and its place."""
    drifted(msp)
    truth = [msp.truth(line)["quantity"] for line in msp.lines]
    async with reviewing(msp, str(msp.plan_file), size=size) as seat:
        await compare(seat)
        no_wider(seat, size[0])
        assert "for 2 lines" in seat.line("›▸ !")
        assert "Acme Corp" not in "".join(line.partition("│")[0] for line in seat.text.splitlines()[:10])
        await seat.press("l", "j")
        same(f"drift-{size[0]}x{size[1]}.txt", moments(seat.text) + "\n")
        assert "14 → 20" in seat.line("›  !   Acme Corp")
        await seat.press("enter")
        await seat.pilot.pause()
        told = " ".join(seat.text.split())
        for part in (
            "left 14 at 9.00, from 2026-11-01 by run",
            "approved by kim",
            "found 20 at 9.00",
            "the PSA does not tell who touched it",
            "wanted 14 at 9.00",
            "+54.00 cost, +90.00 revenue, +36.00 margin",
            f"line autotask/{msp.lines[0]}",
            "mapping clients/acme-corp.yaml:6",
        ):
            assert part in told
        await seat.press("escape", "h")
        assert "▸" in seat.line("›")
        await seat.press("escape")
        assert isinstance(seat.app.screen, HistoryScreen)
        await seat.press("escape", "q")
    assert msp.adjustments() == 0
    assert [msp.truth(line)["quantity"] for line in msp.lines] == truth


async def test_agreeing_and_accepted_drift_and_what_cannot_be_told_stand_below(msp: Rehearsal) -> None:
    """Each with a sign of its own; unapplied changes are counted and are no drift; d again compares anew."""
    drifted(msp)
    async with reviewing(msp, str(msp.plan_file), size=(120, 40)) as seat:
        await compare(seat)
        assert "! 3 against  = 1 agrees  0 unapplied  1 never written" in seat.text
        accept(msp, "quantity: 20, reason: a gift, until: 2026-11-30")
        msp.users(16, msp.organizations[1])
        msp.edit(line=msp.lines[1], units_change=-6)
        msp.observed()
        await seat.press("d")
        await seat.sees("~ 1 accepted")
        assert "! 1 against  = 1 agrees  ~ 1 accepted  1 unapplied  1 never written" in seat.text
        listed = [line.partition("│")[0].strip(" ›") for line in seat.text.splitlines()[4:7]]
        assert [(line[0], line.split()[1]) for line in listed] == [("!", "Crane"), ("=", "Dune"), ("~", "Acme")]
        await seat.press("G")
        await seat.sees("until 2026-11-30: a gift")
        await seat.press("q")


async def test_what_is_being_read_is_said_meanwhile(msp: Rehearsal) -> None:
    """The PSA takes its time; the screen says how far it is, then shows the list."""
    drifted(msp)
    async with reviewing(msp, str(msp.plan_file)) as seat:
        msp.fault("delay", seconds=0.5, times=None)
        await seat.press("H", "d")
        await seat.sees("reading settings, mapping and usage")
        await seat.sees("autotask: reading 5 lines")
        await seat.sees("3 of 4 lines drifted")
        await seat.press("q")


async def test_nothing_drifted_is_an_answer(msp: Rehearsal) -> None:
    """And no key breaks it."""
    async with reviewing(msp, str(msp.plan_file), size=(80, 24)) as seat:
        await compare(seat)
        await seat.sees("no drift: 4 lines compared with what was written last")
        await seat.sees("Nobody else changed a line.")
        await seat.press("j", "k", "G", "enter", "h", "l", "y", "Y", "tab", "tab", "ctrl+d", "question_mark", "escape")
        assert isinstance(seat.app.screen, DriftScreen)
        await seat.press("q")


async def test_lines_are_copied_and_written_to_a_file(msp: Rehearsal) -> None:
    """All of it, as `psarecon drift --all` prints it; a file that is there stays."""
    drifted(msp)
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await compare(seat)
        await seat.press("y")
        assert seat.app.clipboard == f"autotask/{msp.lines[0]}"
        await seat.press("l", "j", "Y")
        assert seat.app.clipboard.startswith("against  Acme Corp  jumpcloud-platform  autotask/")
        for said in ("wrote mine", "mine is there already"):
            await seat.press("w", *"mine", "enter")
            await seat.sees(said)
        await seat.press("q")
    assert (msp.directory / "mine").read_text() == msp.run("drift", "--all").out


async def test_names_of_strangers_act_on_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """List, groups, details and the question before the way back, without colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    with rehearsal(tmp_path / "msp", *(Client(name) for name in HOSTILE.values())) as found:
        found.observed()
        found.plan()
        assert found.apply().code == 0
        for line in found.lines:
            found.edit(line=line, units_change=3)
        async with reviewing(found, str(found.plan_file), size=(80, 24)) as seat:
            await compare(seat)
            await seat.press("l")
            for _ in HOSTILE:
                await seat.press("j")
                harmless(seat)
                await seat.press("enter")
                harmless(seat)
                await seat.press("escape")
            await seat.press("escape", "b")
            harmless(seat)
            await seat.press("enter")
            await seat.sees(f"{len(HOSTILE)} lines moved on since")
            await seat.press("f")
            harmless(seat)
            await seat.press("escape", "q")


@pytest.mark.parametrize("trouble", ["no credentials", "PSA down"])
async def test_what_cannot_be_compared_is_told_in_place(msp: Rehearsal, trouble: str) -> None:
    """Nothing crashes, and the history is there again."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        if trouble == "PSA down":
            msp.fault("status", status=503, times=None)
        else:
            msp.environ.clear()
        await compare(seat)
        await seat.sees("Nothing was compared")
        await seat.press("escape")
        assert isinstance(seat.app.screen, HistoryScreen)
        await seat.press("escape", "q")
    assert seat.code == 0
