"""An app that breaks where it is told to, with a secret in a local variable and in the error, for ``test_crash.py``.

Usage: python broken_app.py WHERE SECRET [--debug]; ``WHERE`` is a key of ``BREAKS``, ``never``, ``slow`` or ``signs``.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual import events, work
from textual.app import ComposeResult, RenderResult
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from psarecon.errors import LockHeld
from psarecon.tui.safety import SafeApp


class Drawn(Exception):
    """An error that would draw itself."""

    def __rich__(self) -> str:
        return f"drawn {self}"


class Breaking(Widget):
    """A widget that breaks in one of its methods."""

    level = reactive(0)

    def __init__(self, where: str, fail: Callable[[], None]) -> None:
        super().__init__()
        self._where, self._fail = where, fail

    def _when(self, where: str) -> None:
        if self._where == where:
            self._fail()

    def compose(self) -> ComposeResult:
        """Break while it is built."""
        self._when("compose")
        yield Static("x")

    def on_mount(self) -> None:
        """Break as soon as it is there, or later by one of the ways there are."""
        self._when("mount")
        self._later()

    def _later(self) -> None:
        ways: dict[str, Callable[[], object]] = {
            "timer": lambda: self.set_timer(0.01, self._fail),
            "callback": lambda: self.call_later(self._fail),
            "idle": lambda: self.call_after_refresh(self._fail),
            "reactive": lambda: setattr(self, "level", 1),
            "worker": self._async_work,
            "thread": self._thread_work,
            "task": self._loose_task,
            "screen": lambda: self.app.push_screen(BreakingScreen(self._fail)),
        }
        if self._where in ways:
            ways[self._where]()

    def watch_level(self, level: int) -> None:
        """Break in a watcher."""
        if level:
            self._fail()

    @work
    async def _async_work(self) -> None:
        self._fail()

    @work(thread=True)
    def _thread_work(self) -> None:
        self._fail()

    def _loose_task(self) -> None:
        """A task nobody waits for: asyncio tells of its error once it is thrown away."""

        async def failing() -> None:
            self._fail()

        self._loose = asyncio.get_running_loop().create_task(failing())
        self.set_timer(0.05, self._throw_away)

    def _throw_away(self) -> None:
        del self._loose

    def render(self) -> RenderResult:
        """Break while it is drawn."""
        self._when("render")
        return ""


class BreakingScreen(Screen[None]):
    """A screen that cannot be built."""

    def __init__(self, fail: Callable[[], None]) -> None:
        super().__init__()
        self._fail = fail

    def compose(self) -> ComposeResult:
        """Break."""
        self._fail()
        yield Static("x")


class BrokenApp(SafeApp[None]):
    """The app around it."""

    def __init__(self, where: str, secret: str, *, debug: bool = False, mark: Path | None = None) -> None:
        super().__init__(debug=debug)
        self._where, self._secret, self._mark = where, secret, mark
        self.let_go_calls = 0
        self.stop = threading.Event()
        self._counted = 0

    def compose(self) -> ComposeResult:
        """The widget."""
        if self._where == "app compose":
            self._fail()
        if self._where == "signs":
            yield Button("x", variant="error")
            yield Input(placeholder="y")
        yield Breaking(self._where, self._fail)
        yield Label("0", id="count")

    def on_mount(self) -> None:
        """Break in the app itself, or work until told to stop."""
        if self._where == "app mount":
            self._fail()
        elif self._where == "key":
            self.post_message(events.Key("z", "z"))
        elif self._where == "panic":
            self.panic(f"a picture of {self._secret}")
        elif self._where == "slow":
            self._slow()
        elif self._where in {"let go too", "drawn", "ours"}:
            self._fail()

    def key_z(self) -> None:
        """Break in the handler of a key."""
        self._fail()

    @work(thread=True, exit_on_error=False)
    def _slow(self) -> None:
        """A call that takes its time after it was asked to be the last one; the screen goes on counting."""
        self.call_from_thread(self.set_interval, 0.01, self._count)
        self.stop.wait(30)
        time.sleep(1)
        if self._mark:
            self._mark.write_text("finished", encoding="utf-8")
        self.call_from_thread(self.exit)

    def _count(self) -> None:
        self._counted += 1
        self.query_one("#count", Label).update(str(self._counted))

    def ask_to_end(self) -> None:
        """End at once, unless a call is in flight."""
        if self._where == "slow":
            self.stop.set()
        else:
            self.exit()

    def let_go(self) -> None:
        """Count, and break as well where that is wanted."""
        self.let_go_calls += 1
        if self._where == "let go too":
            self._fail()

    def _fail(self) -> None:
        password = self._secret
        if self._where == "ours":
            raise LockHeld(f"the lease is held\x1b[2J{len(password)}", hint="wait\u202e")
        if self._where == "drawn":
            raise Drawn(password)
        nothing: dict[str, str] = {}
        try:
            nothing[password]
        except KeyError as error:
            error.add_note(password)
            raise ValueError(password) from error


def main(arguments: list[str]) -> Any:
    """Run it in this terminal; the exit code is the app's."""
    where, secret, *more = arguments
    mark = next((Path(one) for one in more if not one.startswith("--")), None)
    app = BrokenApp(where, secret, debug="--debug" in more, mark=mark)
    app.run()
    return app.exit_code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
