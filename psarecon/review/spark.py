"""A month's daily counts as one line of blocks, its peak marked."""

from __future__ import annotations

from collections.abc import Sequence

from psarecon.review.spans import Role, Span, Spans

_BLOCKS = "▁▂▃▄▅▆▇█"
_MISSING = "·"


def sparkline(daily: Sequence[int | None]) -> Spans:
    """One cell a day, from the lowest count (``▁``) to the highest (``█``), ``·`` where no sample was taken.

    The first day of the highest count is set apart; a month without any sample is all dots.
    """
    counts = [count for count in daily if count is not None]
    if not counts:
        return (Span(_MISSING * len(daily), Role.DIM),)
    low, high = min(counts), max(counts)
    peak = daily.index(high)
    cells = "".join(_MISSING if count is None else _block(count, low, high) for count in daily)
    before, top, after = cells[:peak], cells[peak], cells[peak + 1 :]
    return tuple(span for span in (Span(before), Span(top, Role.ACCENT), Span(after)) if span.text)


def _block(count: int, low: int, high: int) -> str:
    if high == low:
        return _BLOCKS[3]
    return _BLOCKS[(count - low) * (len(_BLOCKS) - 1) // (high - low)]
