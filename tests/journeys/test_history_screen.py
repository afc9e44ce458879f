"""The history screen over the journal of real runs: what they did, who decided it, what is in doubt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from screens import grid, press
from textual.pilot import Pilot

import psarecon.tui
from psarecon.ledger.database import open_database
from psarecon.ledger.journal import Journal
from psarecon.review.history import History
from psarecon.tui.history import HistoryScreen
from psarecon.tui.safety import SafeApp

SIZES = [(120, 40), (80, 24), (60, 20)]
STYLE = Path(psarecon.tui.__file__).with_name("style.tcss")


class Shell(SafeApp[None]):
    """An app of the history alone."""

    CSS_PATH = STYLE

    def __init__(self, history: History, folder: Path) -> None:
        super().__init__()
        self._history = history
        self._folder = folder

    def on_mount(self) -> None:
        """The one screen."""
        self.push_screen(HistoryScreen(self._history, folder=self._folder))


@asynccontextmanager
async def looking(directory: Path, size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[Shell, Pilot[None]]]:
    """The history of the ledger in ``directory``, on a screen."""
    with closing(open_database("sqlite:.psarecon/ledger.db", directory)) as database:
        app = Shell(History(Journal(database)), directory)
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            yield app, pilot


@pytest.fixture
def two_runs(tmp_path: Path) -> Iterator[Rehearsal]:
    """A run of two lines that went well, then one whose line somebody else moved in the middle of the write."""
    with rehearsal(tmp_path / "msp", Client("Acme [/oops]"), Client("Beta\x1b[2J \u202eLtd")) as found:
        found.observed()
        found.plan()
        assert found.apply().code == 0
        found.users(15)
        found.observed()
        found.plan()
        found.fault("edit_before_write", edit={"line": found.lines[0], "units_change": 1})
        assert found.apply().out == "1 unknown\n"
        yield found


def runs(found: Rehearsal) -> list[str]:
    """The runs of the journal, oldest first."""
    return list(dict.fromkeys(entry["run"] for entry in found.log()))


@pytest.mark.parametrize("size", SIZES)
async def test_the_run_in_doubt_stands_first_with_its_line_below(two_runs: Rehearsal, size: tuple[int, int]) -> None:
    """At every size: which runs, what to do, and the line with its outcome in words."""
    good, bad = runs(two_runs)
    async with looking(two_runs.directory, size) as (app, _):
        lines = grid(app)
        assert lines[0].startswith(" History: 2 runs  1 line is in doubt")
        first, second = (next(line for line in lines if run in line and "run " not in line) for run in (bad, good))
        assert lines.index(first) < lines.index(second)
        assert first.startswith("›? ")
        assert "1 in doubt" in first
        assert "2 verified" in second
        assert any(line.startswith("›? in doubt") and "Acme [/oops]" in line and "14 → 15" in line for line in lines)
        assert lines[-2].startswith(" read back 16, neither what was nor 15")
        assert all(len(line) <= size[0] for line in lines)


async def test_the_lines_follow_the_cursor_and_enter_tells_the_whole_story(two_runs: Rehearsal) -> None:
    """Down to the good run, enter to its lines, enter to one of them; the literal call is there."""
    good, _ = runs(two_runs)
    async with looking(two_runs.directory) as (app, pilot):
        await press(pilot, "j")
        lines = grid(app)
        assert any(f"run {good}" in line for line in lines)
        assert sum("✓ verified" in line for line in lines) == 2
        await press(pilot, "enter", "enter")
        story = "\n".join(grid(app))
        for part in (
            "Acme [/oops]",
            f"run       {good}",
            "quantity  10 → 14",
            '"unitChange": 4',
            "approve by",
            "clean",
        ):
            assert part in story
        assert "verified" in story
        assert "read back as wanted" in story


async def test_hostile_names_change_nothing_on_the_screen(two_runs: Rehearsal) -> None:
    """No escape, no reversed text, brackets as they are."""
    async with looking(two_runs.directory) as (app, pilot):
        await press(pilot, "j")
        text = "".join(grid(app))
        assert "Acme [/oops]" in text
        assert "Beta�[2J �Ltd" in text
        assert text.isprintable()


async def test_y_copies_the_runs_name_and_capital_y_the_line(two_runs: Rehearsal) -> None:
    """Both say what they copied."""
    good, _ = runs(two_runs)
    async with looking(two_runs.directory) as (app, pilot):
        await press(pilot, "G", "y")
        assert app.clipboard == good
        assert any(f"copied: {good}" in line for line in grid(app))
        await press(pilot, "tab", "Y")
        assert app.clipboard.startswith("verified  Acme [/oops]  jumpcloud-platform  autotask/")


async def test_w_writes_the_run_to_a_file_and_never_over_one(two_runs: Rehearsal) -> None:
    """Under a name of its own unless another is typed."""
    good, bad = runs(two_runs)
    async with looking(two_runs.directory) as (app, pilot):
        await press(pilot, "w", "enter")
        text = (two_runs.directory / f"{bad}.txt").read_text()
        assert text.startswith(f"run {bad}  ")
        assert "in doubt  Acme [/oops]" in text
        await press(pilot, "w", "enter")
        assert any("is there already" in line for line in grid(app))
        await press(pilot, "G", "w", *"mine", "enter")
        assert f"run {good}" in (two_runs.directory / "mine").read_text()


async def test_what_a_resume_settled_is_no_doubt_any_more(two_runs: Rehearsal) -> None:
    """A person accepted it: the run's line says so, with the reason in its story."""
    change = two_runs.log()[-1]["change"]
    assert two_runs.run("resume", "--accept", change, "--reason", "sold by phone").code == 0
    async with looking(two_runs.directory) as (app, pilot):
        lines = grid(app)
        assert lines[0] == " History: 2 runs"
        assert any("✓ settled later" in line for line in lines)
        await press(pilot, "enter", "enter")
        assert "sold by phone" in "".join(grid(app))


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_journal_says_so(acme: Rehearsal, size: tuple[int, int]) -> None:
    """And no key breaks it."""
    acme.observed()
    async with looking(acme.directory, size) as (app, pilot):
        await press(pilot, "j", "enter", "enter", "y", "Y", "w", "tab", "G", "ctrl+d", "h", "l")
        text = "\n".join(grid(app))
        assert "No runs yet." in text
        assert "History: 0 runs" in text


async def test_escape_goes_back(two_runs: Rehearsal) -> None:
    """To the screen below."""
    async with looking(two_runs.directory) as (app, pilot):
        assert isinstance(app.screen, HistoryScreen)
        await press(pilot, "escape")
        assert not isinstance(app.screen, HistoryScreen)
