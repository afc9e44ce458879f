from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from rich.cells import cell_len
from screens import grid, press
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from psarecon.review.keys import Keyboard, Place, of
from psarecon.review.preferences import Preferences
from psarecon.tui.dialogs import Ask, Confirm, Dialog, Tell, TypeName
from psarecon.tui.help import HelpScreen
from psarecon.tui.keys import Keyed, bindings
from psarecon.tui.safety import SafeApp

pytestmark = pytest.mark.asyncio

SIZES = [(60, 20), (80, 24), (120, 40)]
HOSTILE = ("[/oops]", "[@click=app.quit]x[/]", "\x1b]52;c;eA==\x07", "\u202etxt.exe", "株式会社" * 30, "x" * 10_000, "")


class Recording(Keyed[None]):
    """A screen that writes down which of its actions its keys called."""

    PLACE: ClassVar[Place] = Place.REVIEW
    BINDINGS: ClassVar[list[BindingType]] = bindings(PLACE)

    def __init__(self) -> None:
        super().__init__()
        self.did: list[str] = []

    def compose(self) -> ComposeResult:
        """Something to stand on."""
        yield Static("the list", markup=False)


def _writes_down(name: str) -> Callable[[Recording], None]:
    return lambda screen: screen.did.append(name)


for _binding in Recording.BINDINGS:
    if isinstance(_binding, Binding) and not _binding.action.startswith("app."):
        setattr(Recording, f"action_{_binding.action}", _writes_down(_binding.action))


class Harness(SafeApp[None]):
    """An app that shows it."""

    def __init__(self, keyboard: Keyboard | None = None) -> None:
        super().__init__(Preferences(keyboard=keyboard or Keyboard()))
        self.recording = Recording()
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        """Show it."""
        self.push_screen(self.recording)

    def action_run(self) -> None:
        """An action of the app that begins on the screen."""
        self.recording.did.append("run")

    def action_history(self) -> None:
        """Another."""
        self.recording.did.append("history")

    def ask(self, dialog: Dialog[Any]) -> None:
        """Put a dialog over it and keep the answer."""
        self.push_screen(dialog, self.answers.append)


@asynccontextmanager
async def asked(
    dialog: Dialog[Any] | None, size: tuple[int, int] = (60, 20)
) -> AsyncIterator[tuple[Harness, Pilot[None]]]:
    """The app with a dialog open, or none."""
    app = Harness()
    async with app.run_test(size=size, notifications=True) as pilot:
        if dialog is not None:
            app.ask(dialog)
        await pilot.pause()
        yield app, pilot


async def answer(dialog: Dialog[Any], *keys: str, size: tuple[int, int] = (60, 20)) -> list[Any]:
    """What the dialog answers to these keys: a list of one answer, or of none while it is open."""
    async with asked(dialog, size) as (app, pilot):
        await press(pilot, *keys)
        assert app.recording.did == []
        return app.answers


def confirm() -> Confirm:
    """A question with reach."""
    return Confirm("Approve 214 changes?", ["+1,204.00 a month", "no findings"], "Approve them", "Leave them")


def type_name(word: str = "autotask-prod") -> TypeName:
    """The last question before a write."""
    return TypeName("Write to the PSA?", ["3 changes, +9.00 a month"], word, "Write")


@pytest.mark.parametrize("make", [confirm, type_name, lambda: Ask("Why?"), lambda: Tell("Done", ["all"])])
async def test_escape_is_always_no(make: Any) -> None:
    """No dialog does anything when it is left."""
    assert await answer(make(), "escape") in ([False], [None])


async def test_enter_alone_is_no_where_something_has_reach() -> None:
    """The safe button has the focus, so a slip costs nothing."""
    assert await answer(confirm(), "enter") == [False]
    assert await answer(type_name(), "enter") == [False]


async def test_yes_is_one_step_away_from_the_safe_button() -> None:
    """By tab or by arrow, and back again."""
    assert await answer(confirm(), "tab", "enter") == [True]
    assert await answer(confirm(), "right", "enter") == [True]
    assert await answer(confirm(), "right", "left", "enter") == [False]
    assert await answer(confirm(), "y", "Y", "a", "space") == []


async def test_a_click_answers_too() -> None:
    """The mouse is optional, never needed."""
    async with asked(confirm()) as (app, pilot):
        await pilot.click("#yes")
        assert app.answers == [True]


async def test_a_reason_is_typed_and_may_be_empty() -> None:
    """Letters that are keys elsewhere are only letters here."""
    assert await answer(Ask("Why?"), *"aAxR?q/ nN", "enter") == ["aAxR?q/ nN"]
    assert await answer(Ask("Why?"), "enter") == [""]
    assert await answer(Ask("Why?"), "x", "escape") == [None]
    assert await answer(Ask("Why?"), "o", "k", "tab", "tab", "enter") == ["ok"]
    assert await answer(Ask("Why?"), "o", "k", "tab", "enter") == [None]


async def test_a_reason_is_one_harmless_line() -> None:
    """Whatever was pasted."""
    async with asked(Ask("Why?")) as (app, pilot):
        app.screen.query_one(Input).value = " see \x1b]52;c;eA==\x07ticket\u202e 12 "
        await press(pilot, "enter")
        assert app.answers == ["see \ufffd]52;c;eA==\ufffdticket\ufffd 12"]


async def test_only_the_exact_name_opens_the_way_to_a_write() -> None:
    """The button cannot be pressed before, and enter in the line does not press it."""
    async with asked(type_name("prod")) as (app, pilot):
        button = app.screen.query_one("#yes", Button)
        states = []
        for key in "prodx":
            await press(pilot, key)
            states.append(button.disabled)
        assert states == [True, True, True, False, True]
        await press(pilot, "backspace", "enter")
        assert app.answers == []
        assert app.focused is button
        await press(pilot, "enter")
        assert app.answers == [True]


@pytest.mark.parametrize("typed", ["autotask-pro", "Autotask-prod", "autotask-prod ", " autotask-prod", "yes"])
async def test_anything_but_the_name_cannot_go_on(typed: str) -> None:
    """Neither by enter, nor by the button, nor by the mouse."""
    async with asked(type_name()) as (app, pilot):
        await press(pilot, *["space" if key == " " else key for key in typed])
        assert app.screen.query_one(Input).value == typed
        await pilot.click("#yes")
        assert app.answers == []
        await press(pilot, "enter")
        assert app.focused is app.screen.query_one("#no")
        await press(pilot, "enter")
        assert app.answers == [False]


async def test_typing_goes_into_the_line_though_cancel_has_the_focus() -> None:
    """A name may begin with any letter, j and k among them."""
    async with asked(type_name("jk q")) as (app, pilot):
        assert app.focused is app.screen.query_one("#no")
        await press(pilot, "j", "k", "space", "q")
        assert app.screen.query_one(Input).value == "jk q"
        assert app.recording.did == []


@pytest.mark.parametrize("word", ["", "  ", "\n"])
async def test_a_psa_without_a_name_cannot_be_confirmed(word: str) -> None:
    """Nothing typed is not a name typed."""
    async with asked(type_name(word)) as (app, pilot):
        await press(pilot, "x", "backspace", *["space"] * len(word))
        assert app.screen.query_one("#yes", Button).disabled
        await press(pilot, "enter", "enter")
        assert app.answers == [False]


async def test_a_name_is_typed_as_it_is_shown() -> None:
    """A sign nobody can see or type is a question mark."""
    async with asked(type_name("pro\u202ed")) as (app, pilot):
        assert any("type: pro?d" in line for line in grid(app))
        await press(pilot, "p", "r", "o", "?", "d", "enter", "enter")
        assert app.answers == [True]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [Tell, Ask, Confirm, lambda title, lines: TypeName(title, lines, "prod")])
@pytest.mark.parametrize("lines", [["one line"], HOSTILE, [f"line {number}" for number in range(60)]])
async def test_every_dialog_fits_every_size(make: Any, size: tuple[int, int], lines: Sequence[str]) -> None:
    """Title and buttons are on the screen whatever is told, and no name does anything."""
    async with asked(make("What [b]now[/b]?", lines), size) as (app, _):
        shown = grid(app)
        assert len(shown) == size[1]
        assert max(map(cell_len, shown)) <= size[0]
        text = "\n".join(shown)
        assert "What [b]now[/b]?" in text
        assert "Cancel" in text or "OK" in text
        assert not set(text) & {"\x1b", "\x07", "\u202e"}


async def test_hostile_lines_are_shown_as_they_are() -> None:
    """Brackets are brackets, what steers a terminal is a replacement sign."""
    async with asked(Tell("Names", HOSTILE[:4]), (80, 24)) as (app, _):
        text = "\n".join(grid(app))
        for shown in ("[/oops]", "[@click=app.quit]x[/]", "\ufffd]52;c;eA==\ufffd", "\ufffdtxt.exe"):
            assert shown in text


async def test_long_lines_scroll_whatever_has_the_focus() -> None:
    """The last line can be read in the smallest terminal, also while a name is typed."""
    async with asked(TypeName("T", [f"line {number}" for number in range(30)], "prod")) as (app, pilot):
        assert not any("line 29" in line for line in grid(app))
        await press(pilot, "p", *["pagedown"] * 4)
        assert any("line 29" in line for line in grid(app))


async def test_keys_do_what_the_registry_says() -> None:
    """Each key of the review screen calls its action, once."""
    async with asked(None) as (app, pilot):
        for action in of(Place.REVIEW):
            for key in action.keys:
                if action.id not in {"quit", "help", "palette", "theme"}:
                    app.recording.did.clear()
                    await press(pilot, key)
                    assert app.recording.did == [action.id], key


async def test_chosen_keys_replace_the_default_ones() -> None:
    """The old key does nothing, the taken one does the new thing, the rest is as it was."""
    app = Harness(Keyboard({"approve": ("y",), "hold": (",", "ctrl+d"), "theme": ("?",), "unfold": ("right",)}))
    async with app.run_test() as pilot:
        await press(pilot, "a", "space", "d", "l")
        assert app.recording.did == []
        await press(pilot, "y", ",", "ctrl+d", "right", "J", "x", "Y")
        assert app.recording.did == ["approve", "hold", "hold", "unfold", "half_down", "reject", "copy_line"]
        await press(pilot, "?")
        assert isinstance(app.screen, CommandPalette)


async def test_the_palette_offers_every_action_and_nothing_else() -> None:
    """None of Textual's own commands, which would write pictures of a client's data to a file."""
    async with asked(None) as (app, pilot):
        offered = [command.title for command in app.get_system_commands(app.screen)]
        assert offered == [action.title for action in of(Place.REVIEW) if action.id not in {"palette", "up", "down"}]
        await press(pilot, ":")
        assert isinstance(app.screen, CommandPalette)
        await press(pilot, *"All clean")
        await pilot.app.workers.wait_for_complete()
        await press(pilot, "enter")
        assert app.recording.did == ["approve_clean"]


@pytest.mark.parametrize("size", SIZES)
async def test_the_help_shows_the_keys_in_force_and_scrolls(size: tuple[int, int]) -> None:
    """From the first action to the last, with j, k and the rest, in the smallest terminal too."""
    app = Harness(Keyboard({"approve": ("b",)}))
    async with app.run_test(size=size) as pilot:
        await press(pilot, "?")
        seen = set(grid(app))
        assert any("Keys of the review screen" in line for line in seen)
        assert any("q Quit" in line for line in seen)
        for key in ["j", "ctrl+d", *["pagedown"] * 4]:
            await press(pilot, key)
            seen |= set(grid(app))
        assert any(line.strip("│ ").startswith("b ") and "Approve the change" in line for line in seen)
        assert any("Leave." in line for line in grid(app))
        assert not any("…" in line.replace("Run…", "") for line in seen)
        await press(pilot, "g")
        assert any("Move one line down" in line for line in grid(app))
        assert app.recording.did == []


@pytest.mark.parametrize("key", ["escape", "q", "?"])
async def test_the_help_is_left_by_three_keys(key: str) -> None:
    """And the program goes on."""
    async with asked(None) as (app, pilot):
        await press(pilot, "?")
        assert isinstance(app.screen, HelpScreen)
        await press(pilot, key)
        assert app.screen_stack[-1] == app.recording


async def test_a_notice_is_never_markup() -> None:
    """Also where Textual says it is, as its answer to ctrl+c does."""
    async with asked(None, (80, 24)) as (app, pilot):
        app.notify("[/oops] \x1b[2J", title="[b]\u202e", markup=True)
        await pilot.pause()
        text = "\n".join(grid(app))
        assert "[/oops] \ufffd[2J" in text
        assert "[b]\ufffd" in text
        await press(pilot, "ctrl+c")
        assert "ctrl+q leaves" in "\n".join(grid(app))


async def test_a_chosen_theme_is_worn() -> None:
    """From the first paint on."""
    app = SafeApp[None](Preferences(theme="textual-light"))
    async with app.run_test():
        assert app.current_theme.name == "textual-light"
