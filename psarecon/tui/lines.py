"""A screen of lines to read: all about one change, or one line's whole story in the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from psarecon.review.keys import Keyboard, Place, footer
from psarecon.review.spans import Spans
from psarecon.tui.keys import Keyed, bindings
from psarecon.tui.moving import Moving
from psarecon.tui.table import LinePane


class Reading(Moving[None], Keyed[None]):
    """Lines to read; any way of leaving leads back to the screen before."""

    PLACE: ClassVar[Place] = Place.HELP
    BINDINGS: ClassVar[list[BindingType]] = bindings(PLACE)

    def take_keys(self, pane: LinePane) -> None:
        """The keys move this pane."""
        pane.can_focus = True
        pane.focus()

    def action_back(self) -> None:
        """Leave."""
        self.dismiss()

    def action_help(self) -> None:
        """Leave too: this is the help, or its keys stand below."""
        self.dismiss()

    def action_quit(self) -> None:
        """Leave the lines, not the program."""
        self.dismiss()


class DetailScreen(Reading):
    """Lines made for the width there is."""

    def __init__(self, lines: Callable[[int], Sequence[Spans]], keyboard: Keyboard | None = None) -> None:
        super().__init__()
        self._lines = lines
        self._keyboard = keyboard or Keyboard()

    def compose(self) -> ComposeResult:
        """The lines, and how to leave."""
        yield LinePane(id="reading")
        yield LinePane(id="keys")

    def on_mount(self) -> None:
        """The lines take the keys."""
        self.take_keys(self.query_one("#reading", LinePane))

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        pane = self.query_one("#reading", LinePane)
        pane.show(self._lines(pane.room), keep_place=True)
        keys = self.query_one("#keys", LinePane)
        keys.show([footer(self._keyboard, Place.HELP, keys.room)])
