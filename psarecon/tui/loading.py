"""What is seen while the plan is made or read: what is being done, line by line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from textual import work
from textual.app import App, ComposeResult
from textual.screen import Screen

from psarecon.errors import PsareconError
from psarecon.patience import PATIENCE
from psarecon.review.spans import Role, Span, Spans
from psarecon.review.wrap import wrapped
from psarecon.tui.dialogs import Tell
from psarecon.tui.table import LinePane

Say = Callable[[str], None]


class LoadingScreen(Screen[None]):
    """Runs ``load`` in a thread; ``done`` gets its answer or its error on the screen's own thread.

    Where the screen goes before, nobody waits for the rest: nothing more is asked of any server.
    """

    def __init__(self, load: Callable[[Say], object], done: Callable[[object], None]) -> None:
        super().__init__()
        self._load = load
        self._done = done
        self._said: list[Spans] = [(Span("psarecon", Role.HEAD),)]
        self._turn = threading.Lock()
        self._loads = self._gone = False

    def compose(self) -> ComposeResult:
        """One pane."""
        yield LinePane(id="reading")

    def on_mount(self) -> None:
        """Paint first, then load."""
        self._show()
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        """End what is still being loaded."""
        with self._turn:
            self._gone = True
            if self._loads:
                PATIENCE.leave()

    @work(thread=True, exit_on_error=False)
    def _begin(self) -> None:
        with PATIENCE.kept():
            self._turns(loads=True)
            answer = self._answer()
            self._turns(loads=False)
        if not self._gone:
            self.app.call_from_thread(self._done, answer)

    def _turns(self, *, loads: bool) -> None:
        with self._turn:
            self._loads = loads

    def _answer(self) -> object:
        try:
            return self._load(lambda text: self.app.call_from_thread(self._say, text))
        except Exception as error:  # noqa: BLE001 - handed on: the app ends with it
            return error

    def _say(self, text: str) -> None:
        self._said += [(Span(line),) for line in wrapped(text, max(20, self.size.width - 4))]
        self._show()

    def _show(self) -> None:
        self.query_one("#reading", LinePane).show(tuple(self._said))


def wait(app: App[Any], load: Callable[[Say], object], trouble: str, done: Callable[[object], None]) -> None:
    """Do something slow, saying how far it is, and show the screen before again; ``done`` gets its answer, an error of
    ours is told under the title ``trouble``."""

    def answered(answer: object) -> None:
        app.pop_screen()
        if isinstance(answer, PsareconError):
            app.push_screen(Tell(trouble, [*answer.told(), answer.hint or ""]))
        elif isinstance(answer, Exception):
            raise answer
        else:
            done(answer)

    app.push_screen(LoadingScreen(load, answered))
