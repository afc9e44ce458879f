"""The review as a billing manager has it: keys pressed on the real application, and what is decided after."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.five_clients import CLIENTS, UNTOUCHED, changes, file_of, five_clients, truth, verdicts
from journeys.review_steps import decisions, reviewing

from psarecon.domain.decisions import Verdict
from psarecon.errors import EXIT_BLOCKED, EXIT_DONE


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Rehearsal]:
    """Five clients with a saved plan: Dunlin is blocked, Eider is to be looked at, three are clean."""
    with five_clients(tmp_path / "msp") as found:
        yield found


def committed(found: Rehearsal, author: str, message: str) -> None:
    """The mapping, committed by somebody."""
    who = ("-c", f"user.name={author}", "-c", "user.email=somebody@example.com")
    for words in (("init", "-q"), ("add", "clients"), (*who, "commit", "-q", "-m", message)):
        subprocess.run(["git", *words], cwd=found.directory, check=True)


async def test_a_plan_is_opened_without_credentials_and_nothing_is_asked(msp: Rehearsal) -> None:
    """A saved plan is read-only by default: no variable is set, no request is sent, and R says why not."""
    msp.environ = {"USER": "kim"}
    async with reviewing(msp, str(msp.plan_file)) as seat:
        assert "READ ONLY" in seat.text
        await seat.press("j", "j", "a", "R")
        await seat.sees("nothing can be written: start with psarecon review --apply")
        await seat.press("q")
    assert msp.requests() == []
    assert truth(msp) == UNTOUCHED


async def test_letters_typed_into_the_filter_are_letters(msp: Rehearsal) -> None:
    """``Rx aq`` are keys that run, reject, approve and quit everywhere else; in the filter they narrow the list."""
    async with reviewing(msp, str(msp.plan_file), "--apply") as seat:
        await seat.press("/")
        await seat.type("Rx aq")
        await seat.sees("1 of 5: Rx aq")
        assert "Acme Corp" not in seat.text
        await seat.press("enter", "a")
        assert verdicts_on(seat.text) == "1 approved"
        await seat.press("escape")
        await seat.sees("5 by risk")
        await seat.press("q")
    assert verdicts(msp) == {"Eider Rx aqua": Verdict.APPROVE}


def verdicts_on(text: str) -> str:
    """How many the second line of the screen says are approved."""
    return text.splitlines()[1].split(": ")[1].split(",")[0]


async def test_a_field_that_is_being_typed_hides_nothing(msp: Rehearsal) -> None:
    """``money`` may go on with ``>100``; Enter makes it a word that is sought, and none has it.

    The keys are told again then: while letters are letters, none of them counts.
    """
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.press("/")
        for letter in "money":
            await seat.type(letter)
            assert all(client.name in seat.text for client in CLIENTS)
            assert "Next open" not in seat.text
        await seat.press("enter")
        await seat.sees("0 of 5: money")
        assert "Next open" in seat.text
        await seat.press("escape", "q")


async def test_a_filter_that_is_none_says_so(msp: Rehearsal) -> None:
    """While somebody is still typing ``money>``, the line below says where it went wrong; nothing else happens."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.press("/")
        await seat.type("money>")
        await seat.sees("filter, at 7")
        await seat.type("50")
        await seat.sees("3 of 5: money>50")
        await seat.press("escape", "q")


async def test_approve_all_shown_takes_the_clean_ones_only(msp: Rehearsal) -> None:
    """A asks with count and money; what is to be looked at, blocked, or not shown is left."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.press("/")
        await seat.type("-client:cedar")
        await seat.press("enter", "A")
        await seat.sees("Approve 2 changes without findings?")
        assert "+117.00 cost, +195.00 revenue a month" in seat.text
        await seat.press("enter")  # Cancel has the focus
        assert "approved 0.00 cost" in seat.text
        await seat.press("A", "right", "enter")
        await seat.sees("approved +117.00 cost +195.00 revenue")
        await seat.press("q")
    assert verdicts(msp) == {"Acme Corp": Verdict.APPROVE, "Borealis": Verdict.APPROVE}


async def test_a_blocked_change_cannot_be_approved(msp: Rehearsal) -> None:
    """The list says B, the detail says why, and the key changes nothing."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.to("Dunlin")
        assert "quantity-drop" in seat.text
        assert "decision blocked: it cannot be approved" in seat.detail
        await seat.press("a")
        await seat.sees("the finding says the way out")
        await seat.press("q")
    assert not file_of(msp).exists() or verdicts(msp) == {}


async def test_every_decision_can_be_taken_back_in_turn(msp: Rehearsal) -> None:
    """Approve, hold, approve all; three times u, and all is open again, on disk too."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.to("Acme Corp")
        await seat.press("a")
        await seat.to("Eider")
        await seat.press("d")
        await seat.press("A", "right", "enter")
        await seat.sees("3 approved, 1 held")
        await seat.press("u", "u", "u")
        await seat.sees("4 open, 1 BLOCKED")
        await seat.press("u")
        await seat.sees("nothing to undo")
        await seat.press("q")
    assert verdicts(msp) == {}


async def test_a_decision_is_on_disk_while_the_screen_is_open(msp: Rehearsal) -> None:
    """A dropped connection loses nothing: the file has the decision right after the key."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.to("Acme Corp")
        await seat.press("a")
        await seat.until(file_of(msp).exists)
        assert verdicts(msp) == {"Acme Corp": Verdict.APPROVE}
        await seat.press("q")


async def test_the_decisions_of_the_screen_drive_a_pipeline(msp: Rehearsal) -> None:
    """What is approved on the screen is what ``psarecon apply`` writes elsewhere."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.to("Borealis")
        await seat.press("a", "q")
    ran = msp.run("apply", str(msp.plan_file))
    assert ran.code == EXIT_BLOCKED, ran.err
    assert truth(msp) == UNTOUCHED | {"Borealis": ("29", 1)}


async def test_the_decisions_of_a_command_stand_on_the_screen(msp: Rehearsal) -> None:
    """What ``psarecon decide`` wrote before, and what it writes meanwhile, is shown."""
    ids = changes(msp)
    assert msp.run("decide", str(msp.plan_file), "--reject", ids["Borealis"], "--reason", "no", "--by", "lee").code == 0
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.to("Borealis")
        assert "rejected by lee" in seat.text
        msp.run("decide", str(msp.plan_file), "--hold", ids["Acme Corp"], "--by", "lee")
        await seat.sees("1 rejected, 1 held")
        await seat.to("Eider")
        await seat.press("a", "q")
    assert verdicts(msp) == {
        "Acme Corp": Verdict.HOLD,
        "Borealis": Verdict.REJECT,
        "Eider Rx aqua": Verdict.APPROVE,
    }


async def test_a_decision_lapses_when_the_change_is_another_one(msp: Rehearsal) -> None:
    """Approved 10 → 14; then usage goes on to 16: the new change is open, and the screen says what was approved."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.to("Acme Corp")
        await seat.press("a")
        await seat.to("Borealis")
        await seat.press("a", "q")
    msp.users(16)
    msp.observed()
    msp.plan()
    async with reviewing(msp, str(msp.plan_file)) as seat:
        assert "1 approved" in seat.text
        assert "1 lapsed" in seat.text
        await seat.to("Acme Corp")
        assert "quantity 10 → 14 was approved by" in seat.detail
        await seat.press("q")


async def test_without_a_file_the_plan_is_made_and_its_decisions_are_kept(msp: Rehearsal) -> None:
    """``psarecon review``: plans, decides, and finds the decision again the next time."""
    async with reviewing(msp) as seat:
        await seat.to("Acme Corp")
        await seat.press("a", "q")
    made = msp.directory / ".psarecon" / "review" / "plan.json"
    assert made.exists()
    async with reviewing(msp) as seat:
        assert "1 approved" in seat.text
        await seat.press("q")
    assert seat.code == EXIT_DONE
    assert truth(msp) == UNTOUCHED


async def test_the_mapping_says_who_changed_its_line_last(msp: Rehearsal) -> None:
    """In a git repository the detail names the last commit of the line: its author, its day, its first line."""
    committed(msp, "Lee [x]", "Acme buys seats")
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.to("Acme Corp")
        await seat.until(lambda: "Lee [x]" in seat.detail)
        assert ": Acme buys seats" in seat.detail
        await seat.to("Borealis")
        await seat.until(lambda: "Lee [x]" in seat.detail)
        await seat.press("q")


async def test_the_shown_list_goes_to_a_file_but_never_over_one(msp: Rehearsal) -> None:
    """W writes what the filter shows; the second time it says the file is there."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.press("/")
        await seat.type("client:acme")
        await seat.press("enter", "w", "enter")
        await seat.sees("wrote 1 change to")
        await seat.press("w", "enter")
        await seat.sees("plan.shown.txt is there already: nothing was written")
        await seat.press("q")
    heading, line = (msp.directory / "plan.shown.txt").read_text(encoding="utf-8").splitlines()
    assert heading.split()[:3] == ["Decision", "Risk", "Client"]
    assert "Acme Corp" in line
    assert "10 → 14" in line


async def test_a_copied_id_is_harmless_and_said(msp: Rehearsal) -> None:
    """Y gives the change's id to the terminal's clipboard, and says what it gave."""
    async with reviewing(msp, str(msp.plan_file)) as seat:
        await seat.to("Acme Corp")
        await seat.press("y")
        await seat.sees(f"copied: {changes(msp)['Acme Corp']}")
        assert seat.app.clipboard == changes(msp)["Acme Corp"]
        await seat.press("q")


async def test_equal_changes_are_decided_once(tmp_path: Path) -> None:
    """The same cost rise for four clients is one line; one key and one answer approve all four."""
    rising = [Client(f"Client {number}", units=10 + number, users=10 + number, unit_cost="8.25") for number in range(4)]
    with rehearsal(tmp_path / "msp", Client("Other", units=3, users=5), *rising) as found:
        found.observed()
        found.plan()
        async with reviewing(found, str(found.plan_file)) as seat:
            await seat.press("e")
            await seat.sees("4 x jumpcloud-platform: cost 8.25 → 9.00")
            await seat.to("4 x")
            await seat.press("a")
            await seat.sees("Approve 4 changes?")
            await seat.press("right", "enter")
            await seat.sees("4 approved, 1 open")
            await seat.press("q")
        assert {one.verdict for one in decisions(file_of(found)).values()} == {Verdict.APPROVE}


async def test_groups_fold_and_unfold(tmp_path: Path) -> None:
    """The key e folds equal changes, l unfolds a group, h folds it again; e twice more is the plain list."""
    rising = [Client(f"Client {number}", units=10, users=12) for number in range(2)]
    with rehearsal(tmp_path / "msp", *rising) as found:
        found.observed()
        found.plan()
        async with reviewing(found, str(found.plan_file)) as seat:
            await seat.press("e")
            await seat.sees("2 x jumpcloud-platform: quantity +2")
            assert "Client 1  " not in seat.text
            await seat.press("l")
            await seat.sees("▾")
            assert "Client 1  " in seat.text
            await seat.press("h")
            await seat.sees("▸")
            await seat.press("e", "e")
            await seat.sees("2 by risk")
            await seat.press("q")
