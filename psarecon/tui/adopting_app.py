"""The application of ``psarecon import --interactive``: what is loaded, decided, and asked before somebody leaves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual import events, on
from textual.widgets import Button

from psarecon.domain.adoption import Draft, Edits
from psarecon.errors import PsareconError
from psarecon.review import adopting_questions as questions
from psarecon.review.adopting import Adopting, AdoptingDesk
from psarecon.review.preferences import Preferences
from psarecon.tui.adopting import AdoptingScreen
from psarecon.tui.dialogs import Confirm, Dialog, button
from psarecon.tui.loading import LoadingScreen, Say, wait
from psarecon.tui.overlay import lay
from psarecon.tui.safety import HEIGHTS, WIDTHS, SafeApp


class Leaving(Dialog[bool | None]):
    """Write (True), write nothing (False), or stay (None), which has the focus."""

    def buttons(self) -> Sequence[Button]:
        """The safe one first."""
        return button("Cancel", "no"), button("Leave, write nothing", "leave"), button("Write", "yes")

    def refused(self) -> None:
        """Stay."""

    @on(Button.Pressed, "#leave")
    def _leave(self) -> None:
        self.dismiss(result=False)

    @on(Button.Pressed, "#yes")
    def _yes(self) -> None:
        self.dismiss(result=True)


class AdoptingApp(SafeApp[None]):
    """An import: read, decide, and leave with the files that are to be written (``edits``), or with none."""

    TITLE = "psarecon"
    CSS_PATH = "style.tcss"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, desk: AdoptingDesk, preferences: Preferences | None = None, *, debug: bool = False) -> None:
        super().__init__(preferences, debug=debug)
        self._desk = desk
        self._notes: list[str] = []
        self.model: Adopting | None = None
        self.edits: Edits | None = None
        self.failure: PsareconError | None = None

    def on_mount(self) -> None:
        """Paint first, then load."""
        self.push_screen(LoadingScreen(self._load, self._loaded))

    def _load(self, say: Say) -> Adopting:
        return Adopting(self._desk.load(say), self._desk.by)

    def _loaded(self, answer: object) -> None:
        if isinstance(answer, Adopting):
            self.model = answer
            self.switch_screen(AdoptingScreen(answer, self.preferences.keyboard))
        elif isinstance(answer, PsareconError):
            self.failure = answer
            self.exit()
        elif isinstance(answer, Exception):
            raise answer

    async def on_key(self, event: events.Key) -> None:
        """A letter on its way to a line is a letter, even where it was typed before the line was there."""
        if isinstance(self.screen, AdoptingScreen) and await self.screen.foot.take(event):
            event.prevent_default()

    # Ending.

    def ask_to_end(self) -> None:
        """Leave, but for a signal after a question; one that is asked already is not asked twice."""
        model = self.model
        if model is None or self.ended_by is not None:
            self.exit()
        elif isinstance(self.screen, AdoptingScreen):
            wait(self, partial(self._make, model), "The files could not be made", self._ask)

    def _make(self, model: Adopting, say: Say) -> tuple[Draft, Edits]:
        say("making the files; nothing is written yet")
        draft = model.adoption.draft()
        return draft, self._desk.edits(draft, model.adoption.ignored())

    def _ask(self, answer: object) -> None:
        assert isinstance(answer, tuple)
        assert self.model is not None
        draft, edits = answer
        if not edits.edits and not edits.by_hand:
            self.edits = edits
            self.exit()
            return
        question = Leaving(*questions.write(self.model, draft, edits))
        self.push_screen(question, partial(self._answered, edits))

    async def _answered(self, edits: Edits, write: bool | None) -> None:  # noqa: FBT001 - Textual calls it with the answer
        if write:
            self.edits = edits
            self.exit()
        elif write is False:
            await self._give_up()

    async def _give_up(self) -> None:
        assert self.model is not None
        if not self.model.decided:
            self.exit()
            return
        question = Confirm(*questions.leave(self.model), yes="Leave")
        await lay(self, question, lambda yes: self.exit() if yes else None)
