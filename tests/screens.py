"""What a terminal would show: the one place where tests use a private name of Textual."""

from __future__ import annotations

from typing import Any

from textual.app import App


def grid(app: App[Any]) -> list[str]:
    """The text of the screen, line by line, without trailing spaces."""
    strips = app.screen._compositor.render_strips()  # noqa: SLF001 - see above
    return [strip.text.rstrip() for strip in strips]
