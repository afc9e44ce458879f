"""What a terminal would show, and keys that cost no wait: the one place where tests use a private name of Textual."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App
from textual.keys import REPLACED_KEYS, _character_to_key, key_to_character
from textual.pilot import Pilot

#: A key goes from the app to what has the focus, from there to the screen, and what it leads to begins there.
_WAY = 3


def grid(app: App[Any]) -> list[str]:
    """The text of the screen, line by line, without trailing spaces."""
    strips = app.screen._compositor.render_strips()  # noqa: SLF001 - see above
    return [strip.text.rstrip() for strip in strips]


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Keys, each once all has heard of the one before, and then what they lead to.

    ``Pilot.press`` waits twice after each key until the whole process is idle, the sandbox in it too: far longer than
    what most keys lead to.
    """
    for key in keys:
        name = key if len(key) != 1 or key.isalnum() else _character_to_key(key)
        pilot.app.post_message(events.Key(name, key_to_character(REPLACED_KEYS.get(name, name))))
        for _ in range(_WAY):
            await pilot.pause(0)
    await pilot.pause()
