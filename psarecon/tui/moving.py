"""Moving the cursor: the same keys on every screen that has a list, or scrolling the pane that has the focus."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import Screen

from psarecon.tui.table import LineList, LinePane

Result = TypeVar("Result")


class Moving(Screen[Result]):
    """The acts of moving, on ``#list`` or on the focused pane."""

    def _moves(self, lines: int) -> None:
        focused = self.focused
        if isinstance(focused, LinePane):
            focused.scroll_to(y=focused.scroll_offset.y + lines, animate=False)
        else:
            self._listed().move_by(lines)

    @property
    def _page(self) -> int:
        """Lines to a page of what moves."""
        focused = self.focused
        return focused.size.height if isinstance(focused, LinePane) else self._listed().page

    @property
    def _all(self) -> int:
        """At least as many lines as there are."""
        focused = self.focused
        return focused.virtual_size.height if isinstance(focused, LinePane) else self._listed().lines.count

    def _listed(self) -> LineList:
        focused = self.focused
        return focused if isinstance(focused, LineList) else self.query_one("#list", LineList)

    def action_down(self) -> None:
        """One line down."""
        self._moves(1)

    def action_up(self) -> None:
        """One line up."""
        self._moves(-1)

    def action_page_down(self) -> None:
        """A page down."""
        self._moves(self._page)

    def action_page_up(self) -> None:
        """A page up."""
        self._moves(-self._page)

    def action_half_down(self) -> None:
        """Half a page down."""
        self._moves(self._page // 2)

    def action_half_up(self) -> None:
        """Half a page up."""
        self._moves(-(self._page // 2))

    def action_top(self) -> None:
        """The first line."""
        self._moves(-self._all)

    def action_bottom(self) -> None:
        """The last line."""
        self._moves(self._all)

    def action_other_pane(self) -> None:
        """From the list to the detail, and back."""
        panes = [pane for pane in self.query("#list, #detail") if pane.display]
        here = panes.index(self.focused) if self.focused in panes else -1
        panes[(here + 1) % len(panes)].focus()
