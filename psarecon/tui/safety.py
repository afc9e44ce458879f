"""What every screen of psarecon owes its user when something goes wrong.

A crash shows no local variable and no text of an error that is not ours: either may hold a secret. A signal ends the
app as ``q`` does. Nothing is read as markup. Textual's private names are used in this file and in ``overlay``, and
nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import Any, ClassVar, TypeVar

from rich.console import RenderableType
from textual.app import App, SystemCommand
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES
from textual.worker import WorkerFailed

from psarecon.errors import EXIT_ERROR, PsareconError, trace_of
from psarecon.review.preferences import Preferences
from psarecon.text import clean
from psarecon.tui.help import HelpScreen
from psarecon.tui.keys import Keyed, commands, keymap
from psarecon.tui.overlay import lay

Result = TypeVar("Result")

#: From how many columns and lines on a screen has which class of ``style.tcss``.
WIDTHS = [(0, "-tiny"), (60, "-small"), (70, "-narrow"), (110, "-wide")]
HEIGHTS = [(0, "-low"), (16, "-short"), (30, "-tall")]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: Seconds an app whose terminal is gone gets to end by itself, once there is nothing left to finish.
_GRACE = 3.0
#: What a shell adds to the number of the signal that ended a program.
_BY_SIGNAL = 128


def theme_names(*, colour: bool) -> list[str]:
    """The themes to choose from. Those that leave colours to the terminal are unreadable without colour."""
    return [name for name, theme in BUILTIN_THEMES.items() if colour or not theme.ansi]


def last_words(error: BaseException, *, debug: bool) -> list[str]:
    """What a crash says, in harmless lines: our own message, or of any other error its type alone.

    With ``debug`` the lines of code it came through, without their variables.
    """
    if isinstance(error, PsareconError):
        told = [*error.told(), *([f"hint: {error.hint}"] if error.hint else ())]
    else:
        told = [f"error: unexpected {type(error).__name__}" + ("" if debug else "; --debug shows where")]
    return [clean(line) for line in ([*trace_of(error), *told] if debug else told)]


class SafeApp(App[Result]):
    """An app that ends well. Subclasses override ``ask_to_end`` and ``let_go``.

    ``crash`` is the error that ended it, ``ended_by`` the signal that asked it to end.
    """

    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False  # would bind ctrl+p whatever the preferences say

    def __init__(self, preferences: Preferences | None = None, *, debug: bool = False) -> None:
        super().__init__()
        for name in BUILTIN_THEMES.keys() - theme_names(colour=not self.no_color):
            self.unregister_theme(name)
        self.preferences = preferences or Preferences()
        self.use_command_palette = True
        self.crash: BaseException | None = None
        self.ended_by: signal.Signals | None = None
        self._shows_where = debug
        self._left_to_say: list[str] = []

    @property
    def exit_code(self) -> int:
        """How it ended, for the shell: of the crash, of the signal (128 + its number), else what ``exit`` was given."""
        if self.crash is not None:
            return self.crash.exit_code if isinstance(self.crash, PsareconError) else EXIT_ERROR
        if self.ended_by is not None:
            return _BY_SIGNAL + self.ended_by
        return self.return_code or 0

    # To be overridden

    def ask_to_end(self) -> None:
        """Somebody wants to leave: end now, or as soon as the call in flight is done. May be asked again and again."""
        self.exit()

    def let_go(self) -> None:
        """The screens are gone by a crash: tell threads that go on to stop after the call in flight."""

    def finish(self) -> None:
        """Wait until nothing is in flight any more and everything is on disk; called from a thread."""

    # Beginning, signals

    def on_load(self) -> None:
        """Before the first screen: keys, theme (the usual one where the chosen one cannot be read), signals.

        The handlers stay until the loop is closed: a thread may still be finishing its call after the last screen.
        """
        self.set_keymap(keymap(self.preferences.keyboard))
        if self.preferences.theme in self.available_themes:
            self.theme = self.preferences.theme
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        for number in _SIGNALS:
            with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
                loop.add_signal_handler(number, self._on_signal, number)
        with suppress(AttributeError, ValueError):  # Windows, or not the main thread
            signal.signal(signal.SIGHUP, partial(self._on_hangup, loop, copy_context()))

    def _on_hangup(self, loop: asyncio.AbstractEventLoop, context: Context, number: int, _frame: object) -> None:
        """The terminal is gone, or said so. Textual may be stuck writing to it for ever, so a thread insists.

        A handler of the loop would not do: it runs only while the loop does. ``context`` is the app's: in that of
        whatever is interrupted, Textual would not find its app.
        """
        threading.Thread(target=self._insist, args=(_BY_SIGNAL + number,), daemon=True).start()
        with suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(self._on_signal, number, context=context)

    def _insist(self, code: int) -> None:
        with suppress(Exception):
            self.let_go()
            self.finish()
        time.sleep(_GRACE)
        os._exit(code)

    def _on_signal(self, number: int) -> None:
        self.ended_by = self.ended_by or signal.Signals(number)
        self.ask_to_end()

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error in a task nobody waits for, which asyncio would print with its text."""
        error = context.get("exception")
        if not isinstance(error, Exception):
            return
        self._handle_exception(error)
        if not self.is_running:
            self._print_error_renderables()

    # Actions of every screen

    async def action_quit(self) -> None:
        """Leave, when it can be."""
        self.ask_to_end()

    async def action_help(self) -> None:
        """The keys of the screen that is shown."""
        if isinstance(self.screen, Keyed):
            await lay(self, HelpScreen(self.preferences.keyboard, self.screen.PLACE))

    def action_theme(self) -> None:
        """Choose a theme."""
        self.search_themes()

    def action_palette(self) -> None:
        """Find an action by its name."""
        self.action_command_palette()

    def action_help_quit(self) -> None:
        """What ctrl+c says where there is nothing to copy."""
        self.notify("ctrl+q leaves")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The actions of the registry; none of Textual's own, which would write pictures of the data to files."""
        return commands(screen)

    # Nothing of strangers is markup

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,  # noqa: ARG002 - Textual's widgets pass it
    ) -> None:
        """A message in the corner, as one harmless line; never markup, whatever ``markup`` says."""
        super().notify(clean(message), title=clean(title), severity=severity, timeout=timeout, markup=False)

    # Crashes: Textual's private names

    def panic(self, *_renderables: RenderableType) -> None:
        """End the app. What Textual would draw of the error is not drawn: it may hold anything."""
        self._crashed(PsareconError("the terminal cannot be used any more"))
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        self._crashed(error.error if isinstance(error, WorkerFailed) else error)
        super()._handle_exception(error)

    def _crashed(self, error: BaseException) -> None:
        """The first error counts; those that follow from it say nothing."""
        if self.crash is not None:
            return
        self.crash = error
        self._left_to_say = last_words(error, debug=self._shows_where)
        with suppress(Exception):
            self.let_go()

    def _fatal_error(self) -> None:
        self.panic()

    def _print_error_renderables(self) -> None:
        words, self._left_to_say = self._left_to_say, []
        with suppress(OSError):  # the terminal is gone
            for line in words:
                print(line, file=sys.stderr)
            super()._print_error_renderables()
