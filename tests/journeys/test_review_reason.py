"""Why a change is rejected: asked in the last line of the screen, where every letter is a letter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.review_steps import Seat, decisions, reviewing
from textual import events

from psarecon.domain.decisions import Verdict

LONG = "Borealis [UK] Freight & Storage Holding Company of the North"
#: Two equal ones, and one with a long name in brackets; in the order of review: by money.
CLIENTS = (
    Client(LONG, units=20, users=29),
    Client("Rise 1", units=10, users=12),
    Client("Rise 2", units=10, users=12),
)


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients with a saved plan; nothing here is ever written."""
    with rehearsal(tmp_path / "msp", *CLIENTS) as found:
        found.observed()
        found.plan()
        yield found


def reasons(found: Rehearsal) -> list[str]:
    """The reason of each rejection on disk."""
    file = found.directory / "plan.decisions.json"
    kept = decisions(file).values() if file.exists() else ()
    return [one.reason for one in kept if one.verdict is Verdict.REJECT]


def last_lines(seat: Seat) -> tuple[str, str]:
    """The status, and the line below it."""
    status, last = seat.text.splitlines()[-2:]
    return status.strip(), last.strip()


@pytest.mark.parametrize("size", [(120, 40), (60, 20)])
async def test_while_a_reason_is_typed_what_is_rejected_and_its_money_are_seen(
    msp: Rehearsal, size: tuple[int, int]
) -> None:
    """At every size: the beginning of the name at least, and all of the money; then the keys are back."""
    async with reviewing(msp, str(msp.plan_file), size=size) as seat:
        _, keys = last_lines(seat)
        await seat.press("x")
        status, hint = last_lines(seat)
        assert status.startswith("Reject Borealis [")
        assert status.endswith(": +81.00 cost, +135.00 revenue a month")
        assert (LONG in status) is (size[0] == 120)
        assert hint == "why? enter alone gives no reason, esc does not reject"
        await seat.type("q/x? R a")
        assert last_lines(seat) == (status, "q/x? R a")
        await seat.press("enter")
        assert last_lines(seat)[1] == keys
        assert "1 rejected" in seat.text
        await seat.press("q")
    assert reasons(msp) == ["q/x? R a"]


async def test_escape_thinks_better_of_it_and_enter_alone_gives_no_reason(msp: Rehearsal) -> None:
    """What was typed before escape is forgotten; a rejection is undone as every decision is."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.press("x")
        await seat.type("too dear")
        await seat.press("escape")
        assert "rejected" not in seat.text
        await seat.press("x")
        assert "too dear" not in seat.text
        await seat.press("enter")
        assert "1 rejected, 2 open" in seat.text
        await seat.press("u")
        assert "3 open" in seat.text
        await seat.press("x", "space", "enter", "q")
    assert reasons(msp) == [""]


async def test_a_group_is_rejected_with_one_reason(msp: Rehearsal) -> None:
    """Its count and its money stand where one change's name does."""
    async with reviewing(msp, str(msp.plan_file), size=(60, 20)) as seat:
        await seat.press("e", "j", "x")
        assert last_lines(seat)[0] == "Reject 2 changes: +36.00 cost, +60.00 revenue a month"
        await seat.type("no")
        await seat.press("enter", "q")
    assert reasons(msp) == ["no", "no"]


async def test_no_key_acts_and_the_cursor_stays_while_a_reason_is_typed(msp: Rehearsal) -> None:
    """Arrows, tab and pages would lead to another change than the one that is asked about."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.press("x", "n", "down", "pagedown", "tab", "ctrl+d", "o", "enter")
        assert "›✗" not in seat.text
        assert "✗" in seat.line("Borealis")
        await seat.press("q")
    assert reasons(msp)[0] in {"n", "no"}


@pytest.mark.parametrize(("opened", "shown"), [("x", "qa no"), ("/", "0 of 3: qa no")])
async def test_letters_sent_in_one_go_with_the_key_are_letters(msp: Rehearsal, opened: str, shown: str) -> None:
    """A slow connection sends ``xqa no`` at once: before the line has the focus, ``q`` does not leave either."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        for letter in f"{opened}qa no":
            seat.app.post_message(events.Key({" ": "space", "/": "slash"}.get(letter, letter), letter))
        await seat.sees(shown)
        await seat.press("escape", "q")
    assert not (msp.directory / "plan.decisions.json").exists()


async def test_a_click_elsewhere_does_not_reject(msp: Rehearsal) -> None:
    """The keys are keys again, of the list."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.press("x", "n", "o")
        await seat.pilot.click("#list", offset=(10, 1))
        await seat.pilot.pause()
        assert "Next open" in seat.text
        await seat.press("a", "q")
    assert reasons(msp) == []


async def test_a_filter_survives_a_reason(msp: Rehearsal) -> None:
    """Neither escape nor enter in the reason clears it; it can be typed on."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.press("/")
        await seat.type("rise")
        await seat.press("enter", "x", "n", "escape", "x", "n", "enter")
        await seat.sees("2 of 3: rise")
        await seat.press("/", "end")
        await seat.type("x")
        await seat.sees("0 of 3: risex")
        await seat.press("escape")
        await seat.sees("3 by risk")
        await seat.press("q")
    assert reasons(msp) == ["n"]


async def test_escape_does_not_reject_whatever_it_was_chosen_for(msp: Rehearsal) -> None:
    """A keyboard on which escape approves."""
    preferences = msp.directory / "review.yaml"
    preferences.write_text("keys:\n  approve: escape\n  clear: z\n", encoding="utf-8")
    async with reviewing(msp, str(msp.plan_file), "--keys", str(preferences)) as seat:
        await seat.press("x", "z", "escape")
        assert "3 open" in seat.text
        await seat.press("escape")
        assert "1 approved, 2 open" in seat.text
        await seat.press("q")
    assert reasons(msp) == []


async def test_of_a_reason_longer_than_the_line_the_end_is_seen_and_all_is_kept(msp: Rehearsal) -> None:
    """The line follows what is typed, and home leads back to its beginning; the list beside it stays where it was."""
    long = " ".join(f"word{number}" for number in range(30))
    async with reviewing(msp, str(msp.plan_file), size=(60, 20)) as seat:
        above = seat.text.splitlines()[:-2]
        await seat.press("x")
        await seat.type(long)
        assert last_lines(seat)[1].endswith("word27 word28 word29")
        await seat.press("home")
        assert last_lines(seat)[1].startswith("word0 word1 word2")
        assert seat.text.splitlines()[:-2] == above
        await seat.press("enter", "q")
    assert reasons(msp) == [long]
