"""The run screen over real writes: what it says of each line is what became of it in the PSA, however it is left."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import ADJUSTMENT, events, fleet, observed_plan
from journeys.connectwise_steps import CwClient, connectwise
from journeys.run_steps import Prepared, prepared
from screens import grid, press
from textual.pilot import Pilot
from textual.widgets import Button

import psarecon.tui
from psarecon.errors import EXIT_DONE, EXIT_LOCKED, EXIT_PARTIAL
from psarecon.patience import PATIENCE
from psarecon.protocol import Outcome, Progress, Result, Stage, Watch
from psarecon.review.run import RunModel, Standing
from psarecon.review.run_text import summary
from psarecon.tui.dialogs import Confirm
from psarecon.tui.run import RunScreen, Start
from psarecon.tui.safety import SafeApp

STYLE = Path(psarecon.tui.__file__).with_name("style.tcss")
SIZES = [(120, 40), (80, 24), (60, 20)]


class Host(SafeApp[None]):
    """An app of one run."""

    CSS_PATH = STYLE
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-small"), (70, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual's
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-short"), (30, "-tall")]  # noqa: RUF012 - the same

    def __init__(self, model: RunModel, start: Start, folder: Path) -> None:
        super().__init__()
        self.model = model
        self.left_with: list[list[Result] | None] = []
        self._run = RunScreen(model, start, folder=folder)

    def on_mount(self) -> None:
        """The one screen."""
        self.push_screen(self._run, self.left_with.append)


def model_of(run: Prepared) -> RunModel:
    """The run as the review would have it."""
    model = RunModel(run.changes, run.service.run, currency="USD")
    model.budget = run.service.budget_left
    return model


@asynccontextmanager
async def watching(
    found: Rehearsal, size: tuple[int, int] = (120, 40), start: Start | None = None
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    """The saved plan's run on a screen; it has ended when this is left."""
    with prepared(found) as run:
        host = Host(model_of(run), start or run.start, found.directory)
        async with host.run_test(size=size, notifications=True) as pilot:
            yield host, pilot
        assert host.model.wait(20)


async def until(pilot: Pilot[None], what: Callable[[], bool], seconds: float = 20.0) -> None:
    """Look again and again until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "\n".join(grid(pilot.app))
        await pilot.pause(0.02)


async def shows(host: Host, pilot: Pilot[None], text: str) -> None:
    """The screen comes to show it."""
    await until(pilot, lambda: says(host, text))


async def ended(host: Host, pilot: Pilot[None]) -> None:
    """The run has ended and the screen says so."""
    await until(pilot, lambda: host.model.ended and says(host, "Nothing is written any more"))


def says(host: Host, text: str) -> bool:
    """Whether the screen shows it."""
    return any(text in line for line in grid(host))


def standings(host: Host) -> list[Standing]:
    """What the screen says of each line."""
    return [host.model.standing(place) for place in range(len(host.model.changes))]


def assert_true(found: Rehearsal, host: Host) -> None:
    """The world's word on each line is the screen's: verified is 14 after one write, everything else is untouched."""
    for line, standing in zip(found.lines, standings(host), strict=True):
        truth = found.truth(line)
        expected = ("14", 1) if standing is Standing.VERIFIED else ("10", 0)
        assert (truth["quantity"], truth["writes"]) == expected, (line, standing)


@contextmanager
def clients(directory: Path, *names: str) -> Iterator[Rehearsal]:
    """So many clients to go from ten to fourteen, planned."""
    with rehearsal(directory / "msp", *map(Client, names)) as found:
        observed_plan(found)
        yield found


@pytest.fixture
def four(tmp_path: Path) -> Iterator[Rehearsal]:
    """Four clients planned, every write takes 300 ms."""
    with clients(tmp_path, "Acme Corp", "Beta Ltd", "Gamma AS", "Delta GmbH") as found:
        found.fault("delay", path=ADJUSTMENT, seconds=0.3, times=None)
        yield found


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_is_shown_from_the_first_line_to_the_last(four: Rehearsal, size: tuple[int, int]) -> None:
    """At every size: the state of each line, how many are done, the money applied; q leaves with the results."""
    async with watching(four, size) as (host, pilot):
        await until(pilot, lambda: says(host, "> writing"))
        await shows(host, pilot, "· waiting")
        await shows(host, pilot, "is being written.")
        await ended(host, pilot)
        lines = grid(host)
        assert lines[0].startswith(" 4 of 4 done  ####################  0:0")
        assert lines[1].startswith(" applied +144.00 cost +240.00 revenue a month USD")
        assert lines[2].startswith(" ✓ 4 verified")
        assert sum("✓ verified" in line and "10 → 14" in line and "+36.00" in line for line in lines) == 4
        assert all(len(line) <= size[0] for line in lines)
        await press(pilot, "q")
        (results,) = host.left_with
        assert results is not None
        assert [result.outcome for result in results] == [Outcome.VERIFIED] * 4
    assert standings(host) == [Standing.VERIFIED] * 4
    assert_true(four, host)
    assert host.model.exit_code() == EXIT_DONE


async def test_the_calls_left_are_shown(four: Rehearsal) -> None:
    """Of what psarecon allows itself in an hour."""
    async with watching(four) as (host, pilot):
        await ended(host, pilot)
        left = host.model.budget()["autotask"]
        assert 9_000 < left < 9_500
        await shows(host, pilot, f"autotask: {left:,} calls left")


async def test_stopped_in_the_middle_the_call_in_flight_is_finished_and_no_other_begun(four: Rehearsal) -> None:
    """``s`` while the second is written: two verified, two skipped, and so it is in the PSA."""
    async with watching(four) as (host, pilot):
        await until(pilot, lambda: host.model.in_flight == 1)
        await press(pilot, "s")
        await shows(host, pilot, "STOPPING: Beta Ltd is being written. Nothing is written after that.")
        await ended(host, pilot)
        assert standings(host) == [Standing.VERIFIED] * 2 + [Standing.SKIPPED] * 2
        assert_true(four, host)
        assert four.adjustments() == 2
    assert host.model.exit_code() == EXIT_PARTIAL
    assert "skipped   2 changes: the run was told to stop" in summary(host.model)
    assert four.run("resume").out == "nothing is in doubt\n"


async def test_stopped_while_a_server_asks_for_patience_it_ends_at_once(four: Rehearsal) -> None:
    """Two minutes before the line may be read again: given up, nothing is sent, and the next run waits as ever."""
    four.fault("status", status=429, body="{}", headers={"Retry-After": "120"}, path="/query", times=None)
    async with watching(four) as (host, pilot):
        await until(pilot, lambda: four.control("GET", "faults")["faults"][-1]["matched"] > 0)
        await press(pilot, "s")
        await until(pilot, lambda: host.model.ended, 8)
        assert standings(host) == [Standing.FAILED] + [Standing.SKIPPED] * 3
    assert_true(four, host)
    assert (four.adjustments(), PATIENCE.hurried) == (0, False)


@pytest.mark.parametrize("keys", [("q", "q", "q"), ("escape", "q", "escape")])
async def test_quitting_never_abandons_a_write(four: Rehearsal, keys: tuple[str, ...]) -> None:
    """Asked three times during the first write: each time it says what is in flight, and it is left only after it."""
    four.no_faults()
    four.fault("delay", path=ADJUSTMENT, seconds=1.5)
    async with watching(four) as (host, pilot):
        await until(pilot, lambda: host.model.in_flight == 0)
        for key in keys:
            await press(pilot, key)
            assert (host.left_with, host.model.ended) == ([], False)
        await shows(host, pilot, "STOPPING: Acme Corp is being written.")
        await until(pilot, lambda: len(host._notifications) == 3)  # noqa: SLF001 - Textual has no public list of them
        await ended(host, pilot)
        await press(pilot, "q")
        assert len(host.left_with) == 1
    assert standings(host) == [Standing.VERIFIED] + [Standing.SKIPPED] * 3
    assert_true(four, host)
    assert events(four) == ["intent", "verified"]


async def test_an_app_that_is_taken_away_finishes_the_call_in_flight_and_begins_no_other(four: Rehearsal) -> None:
    """Whatever ended the app: the thread ends by itself, with the same truth."""
    async with watching(four) as (host, pilot):
        await until(pilot, lambda: host.model.in_flight == 0)
        host.exit()
    assert standings(host) == [Standing.VERIFIED] + [Standing.SKIPPED] * 3
    assert_true(four, host)


async def test_an_unclear_outcome_asks_and_stop_has_the_focus(four: Rehearsal) -> None:
    """The connection broke: enter stops; the line is in doubt, nothing else was written, the journal agrees."""
    four.no_faults()
    four.fault("drop_before_apply", path=ADJUSTMENT)
    four.settings("settle_window: 1s", "settle_window: 5m")
    async with watching(four, (60, 20)) as (host, pilot):
        await until(pilot, lambda: isinstance(host.focused, Button))
        assert host.focused is not None
        assert host.focused.id == "no"
        await shows(host, pilot, "Acme Corp, jumpcloud-platform")
        await shows(host, pilot, "3 changes are left.")
        await pilot.pause(0.3)
        assert four.adjustments() == 1
        await press(pilot, "enter")
        await ended(host, pilot)
        assert standings(host) == [Standing.IN_DOUBT] + [Standing.SKIPPED] * 3
    assert_true(four, host)
    assert events(four) == ["intent"]
    assert any("`psarecon resume`" in line for line in summary(host.model))


async def test_going_on_after_an_unclear_outcome_writes_the_others_and_settles_it_at_the_end(four: Rehearsal) -> None:
    """The first was never applied, the other three are verified."""
    four.no_faults()
    four.fault("drop_before_apply", path=ADJUSTMENT)
    async with watching(four) as (host, pilot):
        await until(pilot, lambda: isinstance(host.screen, Confirm))
        await press(pilot, "right", "enter")
        await ended(host, pilot)
        assert standings(host) == [Standing.FAILED] + [Standing.VERIFIED] * 3
        await press(pilot, "G", "f")
        await shows(host, pilot, "it was not applied")
    assert_true(four, host)


async def test_a_success_that_changed_nothing_asks(tmp_path: Path) -> None:
    """ConnectWise answered 200 and the line is as before: asked; stopped, it is in doubt, the other is skipped."""
    with connectwise(tmp_path / "msp", CwClient(), CwClient("Beta Ltd")) as found:
        observed_plan(found)
        found.fault("false_200", "connectwise")
        async with watching(found) as (host, pilot):
            await until(pilot, lambda: isinstance(host.screen, Confirm))
            await shows(host, pilot, "10 → 14 at 9.00: the server accepted it;")
            await press(pilot, "escape")
            await ended(host, pilot)
            assert standings(host) == [Standing.IN_DOUBT, Standing.SKIPPED]
        truths = [found.truth(line)["quantity"] for line in found.lines]
        assert truths == ["10", "10"]


async def test_a_lost_answer_that_reading_explains_asks_nothing(four: Rehearsal) -> None:
    """It was applied and only the answer is missing: verified, no question."""
    four.no_faults()
    four.fault("drop_after_apply", path=ADJUSTMENT)
    async with watching(four) as (host, pilot):
        await ended(host, pilot)
        assert standings(host) == [Standing.VERIFIED] * 4
    assert_true(four, host)


async def test_three_failures_in_a_row_ask(four: Rehearsal) -> None:
    """All are refused: asked after the third, and the fourth is never sent."""
    four.no_faults()
    four.fault("status", path=ADJUSTMENT, status=400, body='{"errors": ["[bold]on hold[/oops]"]}', times=None)
    async with watching(four) as (host, pilot):
        await until(pilot, lambda: isinstance(host.screen, Confirm))
        await shows(host, pilot, "3 changes failed and none was verified since.")
        await shows(host, pilot, "[bold]on hold[/oops]")
        await press(pilot, "enter")
        await ended(host, pilot)
        await shows(host, pilot, "✗ failed")
        assert standings(host) == [Standing.FAILED] * 3 + [Standing.SKIPPED]
    assert_true(four, host)
    assert four.adjustments() == 3


async def test_a_line_that_moved_is_named_with_all_three_values(four: Rehearsal) -> None:
    """Found by ``f`` from anywhere; the others are written without a question."""
    four.edit(line=four.lines[2], units_change=1)
    async with watching(four, (80, 24)) as (host, pilot):
        await ended(host, pilot)
        await press(pilot, "g", "f")
        await shows(host, pilot, "» moved: the line moved: planned from 10, now 11, wanted")
        assert standings(host)[2] is Standing.MOVED
        await press(pilot, "enter")
        await shows(host, pilot, "» moved: the line moved: planned from 10, now 11, wanted 14; nothing was sent")
    assert four.truth(four.lines[2])["quantity"] == "11"


async def test_a_run_that_is_locked_out_says_by_whom_and_writes_nothing(four: Rehearsal) -> None:
    """Another run holds the lease: shown, summed up, exit 7."""
    with prepared(four) as other:
        lease = other.service.leases.take(other.service.psas["autotask"].tenant, other.service.holder, 60)
        async with watching(four) as (host, pilot):
            await ended(host, pilot)
            await shows(host, pilot, f"run {other.service.run}")
            assert standings(host) == [Standing.SKIPPED] * 4
        lease.release()
    assert_true(four, host)
    assert (host.model.exit_code(), four.adjustments()) == (EXIT_LOCKED, 0)
    assert any(line.startswith("error: ") for line in summary(host.model))


async def test_an_unexpected_error_is_shown_by_its_name_alone(four: Rehearsal) -> None:
    """No text that might hold a secret, and the screen can be left."""

    def start(_watch: Watch) -> list[Result]:
        raise ValueError("a secret")

    async with watching(four, start=start) as (host, pilot):
        await ended(host, pilot)
        await shows(host, pilot, "error: unexpected ValueError")
        assert not says(host, "secret")
        await press(pilot, "q")
        assert len(host.left_with) == 1


async def test_a_question_that_nobody_answered_goes_with_the_run(four: Rehearsal) -> None:
    """The run broke off while it waited: the dialog closes by itself, and q leaves."""
    shown = threading.Event()

    def start(watch: Watch) -> list[Result]:
        assert shown.wait(20)
        watch.on(Progress(Stage.DONE, host.model.changes[0], Outcome.UNKNOWN))
        watch.pause(0.5)
        return []

    async with watching(four, start=start) as (host, pilot):
        shown.set()
        await until(pilot, lambda: isinstance(host.screen, Confirm))
        await ended(host, pilot)
        assert isinstance(host.screen, RunScreen)


async def test_names_from_strangers_are_shown_as_they_are(tmp_path: Path) -> None:
    """Markup, escapes and wide letters: no effect, and the columns stay in line."""
    with clients(tmp_path, "Acme [/oops] [bold]", "Beta\x1b[2J \u202eLtd", "株式会社アクメ") as found:
        async with watching(found, (80, 24)) as (host, pilot):
            await ended(host, pilot)
            lines = grid(host)
            assert any("Acme [/oops] [bold]" in line for line in lines)
            assert any("株式会社アクメ" in line for line in lines)
            assert not any("\x1b" in line or "\u202e" in line for line in lines)
        assert_true(found, host)


async def test_the_run_is_written_to_a_file(four: Rehearsal) -> None:
    """``w`` and enter: the summary and every line; a file that is there is left alone."""
    four.no_faults()
    async with watching(four) as (host, pilot):
        await ended(host, pilot)
        await press(pilot, "w", "enter")
        path = four.directory / f"run-{host.model.run}.txt"
        await until(pilot, lambda: path.exists() and isinstance(host.screen, RunScreen))
        text = path.read_text("utf-8")
        assert (text.count("✓ verified"), "4 verified" in text) == (4, True)
        path.write_text("mine")
        await press(pilot, "w", "enter")
        await until(pilot, lambda: says(host, "is there already"))
        assert path.read_text() == "mine"


async def test_two_hundred_lines_keep_the_screen_quick(tmp_path: Path) -> None:
    """The cursor follows the writing until somebody moves it; at the end every line is verified."""
    with fleet(tmp_path / "msp", 200) as found:
        found.plan()
        async with watching(found, (80, 24)) as (host, pilot):
            await until(pilot, lambda: (host.model.in_flight or 0) > 20)
            await shows(host, pilot, "> writing")
            await press(pilot, "g")
            await until(pilot, lambda: host.model.totals().done > 50)
            await shows(host, pilot, "Client 0000")
            await until(pilot, lambda: host.model.ended, 60)
            await ended(host, pilot)
            assert set(standings(host)) == {Standing.VERIFIED}
        assert_true(found, host)
