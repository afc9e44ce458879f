"""The help screen: the keys in force on the screen it was called from, out of the registry."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from psarecon.review.keys import Keyboard, Place, footer, help_lines
from psarecon.review.spans import Role, Span
from psarecon.tui.lines import Reading
from psarecon.tui.overlay import Overlay
from psarecon.tui.table import LinePane


class HelpScreen(Reading, Overlay[None]):
    """Every action of a screen with its keys and a sentence, by section."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen #box { width: 80; max-width: 100%; height: 100%; border: round $accent; background: $surface; }
    HelpScreen #help-title, HelpScreen #help-keys { height: 1; padding: 0 1; background: $surface; }
    HelpScreen #help-lines {
        height: 1fr; padding: 0 1; background: $surface;
        overflow-x: hidden; scrollbar-size-vertical: 1;
    }
    """

    def __init__(self, keyboard: Keyboard, place: Place) -> None:
        super().__init__()
        self._keyboard = keyboard
        self._of = place

    def compose(self) -> ComposeResult:
        """A title, the lines, and how to leave."""
        with Vertical(id="box"):
            yield LinePane(id="help-title")
            yield LinePane(id="help-lines")
            yield LinePane(id="help-keys")

    def on_mount(self) -> None:
        """The lines take the keys."""
        self.take_keys(self._lines)

    def on_resize(self) -> None:
        """The sentences are broken for the width there is."""
        self.call_after_refresh(self._tell)

    @property
    def _lines(self) -> LinePane:
        return self.query_one("#help-lines", LinePane)

    def _tell(self) -> None:
        width = self._lines.size.width
        self.query_one("#help-title", LinePane).show([(Span(f"Keys of the {self._of} screen", Role.HEAD),)])
        self._lines.show(help_lines(self._keyboard, self._of, width), keep_place=True)
        self.query_one("#help-keys", LinePane).show([footer(self._keyboard, Place.HELP, width)])
