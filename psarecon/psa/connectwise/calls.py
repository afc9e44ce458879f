"""The calls that change an addition in ConnectWise, as text: what is approved is what is sent."""

from __future__ import annotations

from psarecon.domain.model import Call, LineKey
from psarecon.domain.plan import Pair

#: A path that is no field of anything: what a PATCH of it does is asked for by ``probe``.
NO_FIELD = "psareconProbe"


def addition_path(line: LineKey) -> str:
    """Where an addition is read and written, below the codebase."""
    return f"finance/agreements/{line.contract}/additions/{line.id}"


def patch_of(line: LineKey, quantity: Pair | None, cost: Pair | None) -> Call:
    """One PATCH of the addition with the absolute figures, in ConnectWise's own dialect of JSON Patch."""
    said = (("quantity", quantity), ("unitCost", cost))
    operations = [f'{{"op":"replace","path":"{path}","value":{pair.after:f}}}' for path, pair in said if pair]
    return Call("PATCH", addition_path(line), f"[{','.join(operations)}]")


def unknown_path(line: LineKey) -> Call:
    """A PATCH of the addition that names no field, and so can change nothing."""
    return Call("PATCH", addition_path(line), f'[{{"op":"replace","path":"{NO_FIELD}","value":1}}]')
