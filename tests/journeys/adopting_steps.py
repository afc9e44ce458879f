"""What the journeys of the import screen share: the real application over a rehearsal, and a person at its keys."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, redirect_stdout
from dataclasses import dataclass

from harness import Rehearsal
from journeys.review_steps import Seat

from psarecon.adopt.outcome import Outcome
from psarecon.cli.adopting import adopting_app, told
from psarecon.cli.context import Context
from psarecon.cli.main import parser
from psarecon.review.adopting import Adopting, Stand
from psarecon.tui.adopting import AdoptingScreen
from psarecon.tui.adopting_app import AdoptingApp


@dataclass
class ImportSeat(Seat):
    """A person before the import."""

    outcome: Outcome | None = None

    @property
    def model(self) -> Adopting:
        """What is decided."""
        assert isinstance(self.app, AdoptingApp)
        assert self.app.model is not None
        return self.app.model

    def stands(self) -> list[Stand]:
        """How the organizations stand, from the top."""
        return [self.model.stand(one) for one in self.model.every]


@asynccontextmanager
async def importing(found: Rehearsal, *words: str, size: tuple[int, int] = (120, 40)) -> AsyncIterator[ImportSeat]:
    """``psarecon import --interactive`` of these words, up to its list; afterwards what came of it, and its words."""
    args = parser().parse_args(["-C", str(found.directory), "import", "--interactive", *words])
    args.environ = found.environ
    notes: list[str] = []
    with ExitStack() as args.resources:
        context = Context.of(args)
        app = adopting_app(context, args, notes)
        async with app.run_test(size=size, notifications=True) as pilot:
            seat = ImportSeat(app, pilot)
            await seat.until(lambda: isinstance(app.screen, AdoptingScreen) or not app.is_running)
            await pilot.pause()
            yield seat
        out = io.StringIO()
        with redirect_stdout(out):
            seat.outcome = told(app, context, notes)
        seat.code, seat.said = app.exit_code, out.getvalue()
