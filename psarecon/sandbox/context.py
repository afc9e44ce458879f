"""What the emulated vendors read: the world and its rules."""

from __future__ import annotations

from typing import NamedTuple

from psarecon.sandbox.rules import Rules
from psarecon.sandbox.world import World


class Context(NamedTuple):
    """A world and its rules."""

    world: World
    rules: Rules
