"""The registry of ``psarecon.review.keys`` as Textual wants it: bindings, keymap, commands of the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, ClassVar, TypeVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from psarecon.review.keys import Action, Keyboard, Place, of

Result = TypeVar("Result")

#: What the app does, whichever screen is shown.
_OF_THE_APP = frozenset({"theme", "palette", "help", "quit", "run", "history", "go_back", "drift"})


def bindings(place: Place) -> list[BindingType]:
    """The ``BINDINGS`` of a screen, with the default keys; ``keymap`` has those that were chosen instead."""
    return [
        Binding(
            _joined(action.keys),
            _method(place, action),
            action.title,
            show=action.footer is not None,
            tooltip=action.help,
            id=_id(place, action),
        )
        for action in of(place)
    ]


def keymap(keyboard: Keyboard) -> dict[str, str]:
    """For ``App.set_keymap``: the keys of each action whose keys are not the default ones.

    An action that has lost all its keys is not in it: Textual drops a binding whose key another one has taken.
    """
    return {
        _id(place, action): _joined(keys)
        for place in Place
        for action in of(place)
        if (keys := keyboard.keys(place, action.id)) and keys != action.keys
    }


def _joined(keys: Iterable[str]) -> str:
    return ",".join("comma" if key == "," else key for key in keys)


def _id(place: Place, action: Action) -> str:
    return f"{place}.{action.id}"


def _method(place: Place, action: Action) -> str:
    return f"app.{action.id}" if action.id in _OF_THE_APP and place is not Place.HELP else action.id


class Keyed(Screen[Result]):
    """A screen whose keys come from the registry; a subclass says ``PLACE`` and ``BINDINGS = bindings(PLACE)``.

    Each action of its place is a method ``action_<id>``, but for those that are the app's.
    """

    PLACE: ClassVar[Place]


def commands(screen: Screen[Any]) -> Iterator[SystemCommand]:
    """What the command palette offers on a screen: every action but movements and the palette itself."""
    if not isinstance(screen, Keyed):
        return
    for action in of(screen.PLACE):
        if action.id not in {"palette", "down", "up"}:
            yield SystemCommand(action.title, action.help, _run(screen, _method(screen.PLACE, action)))


def _run(screen: Screen[Any], method: str) -> Callable[[], Any]:
    """The action, with the screen's word on whether it may be done now."""
    return partial(screen.app.run_action, method, screen)
