"""How the roles of ``psarecon.review.spans`` look: a theme's colours, and a weight for those who see none.

The colours are those of ``style.tcss``, as component classes of every widget that draws lines.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from psarecon.review.spans import Role, Spans, cut

_CURRENT = "line--current"
_AWAY = "line--away"


class Paints(Widget):
    """Draws lines of spans; the component classes are those of ``Painted``."""

    @property
    def room(self) -> int:
        """Cells to a line, beside the scrollbar."""
        return self.scrollable_content_region.width

    def painted(self, spans: Spans, *, current: bool = False) -> Strip:
        """One line, as wide as the widget."""
        width = self.room
        base = self._base(current=current)
        segments = [Segment(span.text, self._style(span.role, base)) for span in cut(spans, width)]
        return Strip(segments).adjust_cell_length(width, base)

    def _base(self, *, current: bool) -> Style:
        """Of a component class in each case: Textual keeps those, and works ``rich_style`` out every time."""
        if not current:
            return self.get_component_rich_style(f"line--{Role.PLAIN.value}")
        return self.get_component_rich_style(_CURRENT if self.has_focus else _AWAY)

    def _style(self, role: Role, base: Style) -> Style:
        if role is Role.PLAIN:
            return base
        # The whole style, not a part of it: only over its background is a muted colour known.
        style = self.get_component_rich_style(f"line--{role.value}")
        return style + Style(bgcolor=base.bgcolor, bold=base.bold or style.bold)


class Painted(ScrollView, Paints, inherit_bindings=False):
    """A widget that draws all its lines itself, only those that are seen (Textual's line API)."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {_CURRENT, _AWAY, *(f"line--{role.value}" for role in Role)}
    #: Textual lays the whole screen out anew when this changes, for a scrollbar that may come or go. Here it is always
    #: there or never (``style.tcss``), and who changes the lines paints them.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)

    def measure(self, lines: int) -> None:
        """There are so many lines."""
        size = Size(self.room, lines)
        if size != self.virtual_size:
            self.virtual_size = size
            self.vertical_scrollbar.window_virtual_size = lines
            self.scroll_to(y=min(self.scroll_offset.y, self.max_scroll_y), animate=False, immediate=True)

    def watch_has_focus(self, _has_focus: bool) -> None:  # noqa: FBT001 - Textual calls it with the new value
        """No rule of the style sheet is about the focus here, so none is sought again; ``painted`` knows it."""
