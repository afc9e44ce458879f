"""Text broken into lines by cells, not by characters."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

from psarecon.text import clean


def wrapped(text: str, width: int) -> Iterator[str]:
    """Harmless lines of at most ``width`` cells, broken at spaces, inside a word only where it is longer than that."""
    line = ""
    for word in clean(text).split(" "):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            yield line
        *pieces, line = chop_cells(word, max(1, width)) or [""]
        yield from pieces
    yield line
