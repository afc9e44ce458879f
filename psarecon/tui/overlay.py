"""A screen over another one, which is still seen below it.

Textual's own way tints what is below cell by cell, each time the upper screen is painted, and that takes longer than
all the rest of a question. Here it is dimmed, once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from rich.style import Style as RichStyle
from textual.app import App
from textual.css.styles import RulesMap
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

Answer = TypeVar("Answer")

_DIM = RichStyle(dim=True)


class _Below(Visual):
    """A screen as it was when it was first asked for at this size."""

    def __init__(self, screen: Screen[Any]) -> None:
        self._screen = screen
        self._size: tuple[int, int | None] | None = None
        self._strips: list[Strip] = []

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        """Its lines."""
        del style, options
        if self._size != (width, height):
            self._size = width, height
            lines = self._screen._compositor.render_strips()  # noqa: SLF001 - there is no public way
            self._strips = [line.discard_meta().apply_style(_DIM) for line in lines]
        return self._strips

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """All there is."""
        del rules
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        """As the terminal."""
        del rules, width
        return self._screen.size.height


class Overlay(ModalScreen[Answer]):
    """A screen that leaves the one below in sight. It looks the same at every size of the terminal."""

    # Without these no class is set, and no style is found anew.
    HORIZONTAL_BREAKPOINTS = []  # noqa: RUF012 - Textual reads these, and declares them so
    VERTICAL_BREAKPOINTS = []  # noqa: RUF012 - the same

    def render(self) -> _Below:  # type: ignore[override] # Textual takes this too, and says so of every other widget
        """What is below."""
        return self._below

    @cached_property
    def _below(self) -> _Below:
        stack = self.app.screen_stack
        return _Below(stack[stack.index(self) - 1])


async def lay(app: App[Any], screen: Overlay[Answer], answered: Callable[[Answer | None], None] | None = None) -> None:
    """Lay a screen over the one that is shown; it is painted once, when it is whole."""
    with app.batch_update():
        await app.push_screen(screen, answered)
