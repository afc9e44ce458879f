"""A list of any length with a cursor, and a pane of lines: both draw only what is seen.

Textual's DataTable measures every cell of every row before its first paint; here a line is asked for when it is
drawn, so that 100,000 lines cost what 40 cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Protocol

from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from psarecon.review.spans import Role, Span, Spans
from psarecon.tui.paint import Painted

#: Drawn lines a list keeps: a few screens of them.
_KEPT = 512


class Lines(Protocol):
    """What a list shows."""

    @property
    def count(self) -> int:
        """How many lines there are."""
        ...

    def line(self, index: int, width: int) -> Spans:
        """One line, at most ``width`` cells wide."""
        ...


class LineList(Painted, can_focus=True):
    """Lines with a cursor. ``empty`` is said where there are none.

    ``moved`` is called as soon as the cursor stands on another line, or on other content: what follows the cursor is
    painted with it, not after it, as it would be if it waited for a message.
    """

    cursor: reactive[int] = reactive(0, repaint=False, init=False)

    class Chosen(Message):
        """A line was clicked while the cursor stood on it."""

        def __init__(self, sender: LineList, index: int) -> None:
            super().__init__()
            self.sender = sender
            self.index = index

        @property
        def control(self) -> LineList:
            """The list, for ``@on`` with a selector."""
            return self.sender

    def __init__(
        self,
        lines: Lines,
        *,
        moved: Callable[[], None] = lambda: None,
        empty: Sequence[Spans] = (),
        id: str | None = None,  # noqa: A002 - Textual's word
    ) -> None:
        self._strips: dict[int, Strip] = {}
        self._theme = ""
        super().__init__(id=id)
        self.lines = lines
        self.empty = empty
        self._moved = moved

    def on_mount(self) -> None:
        """Know how many lines there are before the first paint."""
        self.measure(self.lines.count)

    def on_resize(self, _event: events.Resize) -> None:
        """The cursor stays in sight."""
        self._strips.clear()
        self.measure(self.lines.count)
        self._into_sight()

    def render_line(self, y: int) -> Strip:
        """The line at ``y`` of what is seen."""
        index = y + self.scroll_offset.y
        if index >= self.lines.count:
            at = index - 1
            spans = self.empty[at] if not self.lines.count and 0 <= at < len(self.empty) else ()
            return self.painted(spans)
        return self._line(index, current=True) if index == self.cursor else self._kept_line(index)

    def _line(self, index: int, *, current: bool) -> Strip:
        mark = Span("›" if current else " ", Role.ACCENT)
        return self.painted((mark, *self.lines.line(index, self.columns)), current=current)

    def _kept_line(self, index: int) -> Strip:
        """A line without the cursor, drawn once: Textual asks for all that is seen again whenever the list scrolls."""
        found = self._strips.get(index)
        if found is None:
            if len(self._strips) >= _KEPT:
                self._strips.clear()
            found = self._strips[index] = self._line(index, current=False)
        return found

    def notify_style_update(self) -> None:
        """Other colours: every line is drawn again. Textual says so with every change of focus too."""
        if self._theme != self.app.theme:
            self._theme = self.app.theme
            self._strips.clear()
        super().notify_style_update()

    @property
    def columns(self) -> int:
        """Cells to a line beside the cursor's mark, which takes the first."""
        return self.room - 1

    def validate_cursor(self, cursor: int) -> int:
        """Within the list."""
        return max(0, min(cursor, self.lines.count - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the two lines, follow the cursor, tell who listens."""
        self.refresh_line(old)
        self.refresh_line(new)
        self._into_sight()
        self._moved()

    def move_to(self, index: int) -> None:
        """Put the cursor there, as near as the list goes."""
        self.cursor = index

    def move_by(self, lines: int) -> None:
        """Move the cursor so many lines."""
        self.cursor += lines

    @property
    def page(self) -> int:
        """Lines to a page."""
        return max(1, self.size.height - 1)

    def changed(self, index: int) -> None:
        """Draw one line again."""
        self._strips.pop(index, None)
        self.refresh_line(index)

    def all_changed(self) -> None:
        """Draw every line again: none came, none went."""
        self._strips.clear()
        self.refresh()

    def reset(self, cursor: int | None = None) -> None:
        """Everything may be different: count the lines and draw them again."""
        self.measure(self.lines.count)
        self.set_reactive(LineList.cursor, self.validate_cursor(self.cursor if cursor is None else cursor))
        self._into_sight()
        self.all_changed()
        self._moved()

    def on_focus(self) -> None:
        """The cursor shows that the keys go here."""
        self.refresh_line(self.cursor)

    def on_blur(self) -> None:
        """The cursor shows that the keys go elsewhere."""
        self.refresh_line(self.cursor)

    def on_click(self, event: events.Click) -> None:
        """A click selects; a click on what is selected chooses it."""
        index = event.y + self.scroll_offset.y
        if index < self.lines.count:
            if index == self.cursor:
                self.post_message(self.Chosen(self, index))
            self.move_to(index)

    def _into_sight(self) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)


class LinePane(Painted, can_focus=False):
    """Lines without a cursor: a header, a detail that can be scrolled."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._lines: Sequence[Spans] = ()

    def show(self, lines: Sequence[Spans], *, keep_place: bool = False) -> None:
        """Other lines, from the first one unless the reader's place is kept."""
        before, self._lines = self._lines, lines
        self.measure(len(lines))
        if not keep_place and self.scroll_offset.y:
            self.scroll_to(y=0, animate=False, immediate=True)
        for index, (old, new) in enumerate(zip_longest(before, lines)):
            if old != new:
                self.refresh_line(index)

    def render_line(self, y: int) -> Strip:
        """The line at ``y`` of what is seen."""
        index = y + self.scroll_offset.y
        return self.painted(self._lines[index] if index < len(self._lines) else ())
