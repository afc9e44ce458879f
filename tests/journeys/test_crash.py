from __future__ import annotations

import inspect
import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import textual
from textual.app import App

from psarecon.tui.safety import SafeApp, last_words, theme_names

from .broken_app import BrokenApp

DRIVER = Path(__file__).with_name("broken_app.py")
SECRET = "hunter2-s3cret"
ALTERNATE, RESTORED = b"\x1b[?1049h", b"\x1b[?1049l"

WHERES = (
    "compose", "mount", "render", "timer", "callback", "idle", "reactive", "worker", "thread", "task", "screen",
    "key", "app compose", "app mount", "let go too",
)  # fmt: skip


def crashed(where: str, *, debug: bool = False) -> tuple[BrokenApp, str, str]:
    """The app after it broke there, and what it wrote to both streams."""
    out, err = io.StringIO(), io.StringIO()
    app = BrokenApp(where, SECRET, debug=debug)
    with redirect_stdout(out), redirect_stderr(err):
        app.run(headless=True)
    return app, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("where", WHERES)
def test_a_crash_says_its_type_and_nothing_else(where: str) -> None:
    """Wherever it happens: no local variable, no text of the error, one line, exit code 1, threads told to stop."""
    app, out, err = crashed(where)
    assert (out, err) == ("", "error: unexpected ValueError; --debug shows where\n")
    assert (app.exit_code, app.let_go_calls) == (1, 1)


@pytest.mark.parametrize("where", WHERES)
def test_with_debug_it_says_where_without_what(where: str) -> None:
    """The lines of code of the error and of its cause; their variables and messages stay away."""
    _, out, err = crashed(where, debug=True)
    assert SECRET not in out + err
    assert "broken_app.py" in err
    assert re.search(r"line \d+, in _fail\n +raise ValueError\(password\) from error", err)
    assert re.search(r"KeyError, by way of:(.|\n)+ValueError, by way of:", err)
    assert err.endswith("\nerror: unexpected ValueError\n")


def test_an_error_that_draws_itself_is_not_drawn() -> None:
    """Its picture may hold anything."""
    app, out, err = crashed("drawn")
    assert (out, err, app.exit_code) == ("", "error: unexpected Drawn; --debug shows where\n", 1)


def test_an_error_of_ours_says_its_message() -> None:
    """Harmless, with its hint, and with its own exit code."""
    app, out, err = crashed("ours")
    assert (out, err) == ("", "error: the lease is held\ufffd[2J14\nhint: wait\ufffd\n")
    assert app.exit_code == 7


def test_what_others_want_drawn_at_a_panic_is_not_drawn() -> None:
    """Textual's own input thread hands over a traceback that way."""
    app, out, err = crashed("panic")
    assert (out, err) == ("", "error: the terminal cannot be used any more\n")
    assert (app.exit_code, app.let_go_calls) == (1, 1)


def test_an_app_that_ends_well_says_nothing() -> None:
    """No last words without a crash."""
    out, err = io.StringIO(), io.StringIO()
    app = BrokenApp("never", SECRET)
    with redirect_stdout(out), redirect_stderr(err):
        app.run(headless=True, auto_pilot=lambda pilot: pilot.press("ctrl+q"))
    assert (out.getvalue(), err.getvalue(), app.exit_code) == ("", "", 0)


def test_a_circle_of_causes_ends() -> None:
    """Two errors may be each other's context."""
    one, other = ValueError(SECRET), KeyError(SECRET)
    one.__cause__, other.__cause__ = other, one
    assert last_words(one, debug=True) == [
        "KeyError, by way of:",
        "ValueError, by way of:",
        "error: unexpected ValueError",
    ]


class Terminal:
    """The app in a process and a terminal of its own."""

    def __init__(self, program: subprocess.Popen[bytes], master: int, slave: int) -> None:
        self.program, self.master, self.slave = program, master, slave
        self.written = b""
        self.modes = termios.tcgetattr(slave)

    def read_until(self, wanted: Callable[[], bool], seconds: float = 20) -> None:
        """Read what is written until something holds."""
        end = time.monotonic() + seconds
        while not wanted():
            assert time.monotonic() < end, self.written[-2000:]
            if select.select([self.master], [], [], 0.05)[0]:
                self.written += os.read(self.master, 65536)

    def shown(self) -> None:
        """Wait for the first paint: the terminal is in the app's hands then, its handlers in place."""
        self.read_until(lambda: b"\x1b[?2004h" in self.written and b"\x1b[?7l" in self.written)

    def ended(self) -> int:
        """Wait for the end of the process; its exit code."""
        self.read_until(lambda: self.program.poll() is not None)
        while select.select([self.master], [], [], 0.05)[0]:
            self.written += os.read(self.master, 65536)
        return int(self.program.wait())


@contextmanager
def terminal(*words: str, environ: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    """Run ``broken_app.py`` in a terminal of 80x24."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    tests = str(DRIVER.parents[1])
    given = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PATH": os.environ["PATH"], "PYTHONPATH": tests}
    program = subprocess.Popen(
        [sys.executable, DRIVER, *words], stdin=slave, stdout=slave, stderr=slave, env={**given, **(environ or {})},
        start_new_session=True,
    )  # fmt: skip
    try:
        yield Terminal(program, master, slave)
    finally:
        if program.poll() is None:
            program.kill()
            program.wait()
        for descriptor in (master, slave):
            os.close(descriptor)


def restored(screen: Terminal) -> bool:
    """Whether the terminal is as it was: its modes, the normal screen, the cursor, no mouse, no paste brackets."""
    after = screen.written.rpartition(ALTERNATE)[2]
    codes = (RESTORED, b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l", b"\x1b[?1004l")
    return all(code in after for code in codes) and termios.tcgetattr(screen.slave) == screen.modes


def test_a_crash_in_a_terminal_leaves_it_as_it_was() -> None:
    """The one line stands on the normal screen, nothing of the secret in all that was ever written."""
    with terminal("thread", SECRET) as screen:
        assert screen.ended() == 1
        assert restored(screen)
        assert b"error: unexpected ValueError; --debug shows where" in screen.written.rpartition(RESTORED)[2]
        assert SECRET.encode() not in screen.written


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_app_and_restores_the_terminal(number: signal.Signals) -> None:
    """As q does; the exit code says which signal it was."""
    with terminal("never", SECRET) as screen:
        screen.shown()
        assert termios.tcgetattr(screen.slave) != screen.modes
        screen.program.send_signal(number)
        assert screen.ended() == 128 + number
        assert restored(screen)


def test_a_signal_waits_for_the_call_in_flight(tmp_path: Path) -> None:
    """However often it is sent."""
    mark = tmp_path / "mark"
    with terminal("slow", SECRET, str(mark)) as screen:
        screen.shown()
        for _ in range(5):
            screen.program.send_signal(signal.SIGTERM)
            time.sleep(0.02)
        assert not mark.exists()
        assert screen.ended() == 128 + signal.SIGTERM
        assert (mark.read_text(encoding="utf-8"), restored(screen)) == ("finished", True)


def test_a_terminal_that_goes_away_ends_the_app(tmp_path: Path) -> None:
    """A dropped connection hangs up and closes the terminal: the call in flight is finished, the process ends."""
    mark = tmp_path / "mark"
    with terminal("slow", SECRET, str(mark)) as screen:
        screen.shown()
        os.close(screen.slave)
        os.close(screen.master)
        screen.program.send_signal(signal.SIGHUP)
        screen.program.wait(20)
        assert mark.read_text(encoding="utf-8") == "finished"
        screen.master, screen.slave = pty.openpty()


def colours(written: bytes) -> set[tuple[int, int, int]]:
    """Every colour asked of the terminal in all that was written; any that is not three numbers fails the test."""
    found = set()
    for codes in re.findall(rb"\x1b\[([0-9;]*)m", written):
        parts = [int(part) for part in codes.split(b";") if part]
        while parts:
            code = parts.pop(0)
            if code in (38, 48):
                assert parts.pop(0) == 2, codes
                found.add((parts.pop(0), parts.pop(0), parts.pop(0)))
            else:
                assert code not in {*range(30, 38), *range(40, 48), *range(90, 108)}, codes
    return found


@pytest.mark.parametrize("no_color", ["1", None])
def test_without_colour_only_grey_is_written(no_color: str | None) -> None:
    """NO_COLOR is kept; without it there are colours, so that this test sees them."""
    with terminal("signs", SECRET, environ={"NO_COLOR": no_color} if no_color else None) as screen:
        screen.shown()
        screen.read_until(lambda: len(colours(screen.written)) > 2)
        screen.program.send_signal(signal.SIGTERM)
        screen.ended()
        grey = [red == green == blue for red, green, blue in colours(screen.written)]
        assert all(grey) is (no_color is not None)


def test_themes_that_need_the_terminals_colours_are_not_offered_without_colour() -> None:
    """They would be black on black."""
    every, grey = theme_names(colour=True), theme_names(colour=False)
    assert set(every) - set(grey) == {"ansi-dark", "ansi-light"}
    assert {"textual-dark", "textual-light"} <= set(grey)


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_private_parts_of_textual_are_as_we_know_them() -> None:
    """When a new version of Textual fails here, read its ``App`` again before ``psarecon.tui.safety`` is changed."""
    assert textual.__version__.startswith("8.2.")
    known = {
        "_handle_exception": ["self", "error"],
        "_fatal_error": ["self"],
        "_print_error_renderables": ["self"],
        "_close_messages_no_wait": ["self"],
        "panic": ["self", "renderables"],
    }
    assert {name: _parameters(getattr(App, name)) for name in known} == known
    assert {name for name in known if name in vars(SafeApp)} == known.keys() - {"_close_messages_no_wait"}
    source = inspect.getsource(App._handle_exception)  # noqa: SLF001 - its two ways out are those we have closed
    assert re.findall(r"self\.(panic|_fatal_error)\(", source) == ["panic", "_fatal_error"]
    assert inspect.getsource(App).count("show_locals=True") == 1
