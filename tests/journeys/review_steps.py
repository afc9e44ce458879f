"""What the journeys of the review share: the real application over a rehearsal, and a person at its keys."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from harness import Rehearsal
from screens import grid, press
from textual.pilot import Pilot

from psarecon.cli.context import Context
from psarecon.cli.main import parser
from psarecon.cli.review import review_app, told
from psarecon.domain.decisions import Decision, load_decisions
from psarecon.tui.review import ReviewScreen
from psarecon.tui.safety import SafeApp


@dataclass
class Seat:
    """A person before the screen."""

    app: SafeApp[None]
    pilot: Pilot[None]
    code: int = 0
    said: str = ""

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(grid(self.app))

    @property
    def detail(self) -> str:
        """What stands beside the list, as one line."""
        return " ".join(" ".join(line.rpartition("│")[2] for line in grid(self.app)).split())

    def line(self, part: str) -> str:
        """The one line of the screen with this in it."""
        return next(line for line in grid(self.app) if part in line)

    async def press(self, *keys: str) -> None:
        """Keys, and what they lead to."""
        await press(self.pilot, *keys)

    async def type(self, text: str) -> None:
        """Letters, as somebody types them."""
        names = {" ": "space", ":": "colon", ">": "greater_than_sign", "-": "minus", "/": "slash", ".": "full_stop"}
        await self.press(*(names.get(character, character) for character in text))

    async def until(self, what: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until it is so."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, self.text
            await self.pilot.pause(0.02)

    async def sees(self, text: str) -> None:
        """Wait until the screen shows this."""
        await self.until(lambda: text in self.text)

    async def to(self, client: str) -> None:
        """Put the cursor on the first change of a client."""
        await self.press("g")
        for _ in range(40):
            if client in self.line("›"):
                return
            await self.press("j")
        raise AssertionError(self.text)

    async def run_approved(self, typed: str) -> None:
        """R, the tenant's name, and the button."""
        await self.press("R")
        await self.type(typed)
        await self.press("enter", "enter")


@asynccontextmanager
async def reviewing(found: Rehearsal, *words: str, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Seat]:
    """``psarecon review`` of these words, up to its first list; afterwards its exit code and last words."""
    args = parser().parse_args(["-C", str(found.directory), "review", *words])
    args.environ = found.environ
    with ExitStack() as args.resources:
        app = review_app(Context.of(args), args)
        async with app.run_test(size=size, notifications=True) as pilot:
            seat = Seat(app, pilot)
            await seat.until(
                lambda: isinstance(app.screen, ReviewScreen) and ("plan " in seat.text or "needs" in seat.text)
            )
            yield seat
        out = io.StringIO()
        with redirect_stdout(out):
            seat.code = told(app)
        seat.said = out.getvalue()


def decisions(path: Path) -> dict[str, Decision]:
    """The decisions of a file by change."""
    return {one.change: one for one in load_decisions(path.read_bytes(), path.name)}
