"""The rows that every part of the bench gives, and how they are printed: as text, and for a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: How each unit is written.
_FORMS = {
    "s": "{:,.2f} s",
    "ms": "{:,.1f} ms",
    "µs": "{:,.0f} µs",
    "MiB": "{:,.0f} MiB",
    "KiB": "{:,.2f} KiB",
    "a change": "{:,.2f}",
}
_COUNT = "{:,.0f} {}"
HEAD = ("what", "psarecon", "beside it", "ratio", "budget", "")


@dataclass(frozen=True)
class Row:
    """One figure: ours, that of the peer or the limit where there is one, and the most that is allowed.

    ``share`` is the most of the ratio, ``limit`` the most of our own figure; None: no budget.
    """

    what: str
    ours: float
    unit: str
    beside: float | None = None
    whose: str = ""
    share: float | None = None
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours in parts of the other's."""
        return self.ours / self.beside if self.beside else None

    @property
    def verdict(self) -> str:
        """``ok``, ``OVER``, or nothing where there is no budget."""
        if self.share is None and self.limit is None:
            return ""
        within = self.share is None or self.ratio is None or self.ratio <= self.share
        return "ok" if within and (self.limit is None or self.ours <= self.limit) else "OVER"

    @property
    def cells(self) -> tuple[str, ...]:
        """As texts, in the order of ``HEAD``."""
        other = "" if self.beside is None else f"{figure(self.beside, self.unit)} {self.whose}".rstrip()
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return (self.what, figure(self.ours, self.unit), other, ratio, self._budget, self.verdict)

    @property
    def _budget(self) -> str:
        if self.share is not None:
            return f"{self.share:.2f} x"
        return "" if self.limit is None else figure(self.limit, self.unit)


def figure(value: float, unit: str) -> str:
    """A value with its unit."""
    return _FORMS.get(unit, _COUNT).format(value, unit)


def line(row: Row | str) -> str:
    """A row, or a heading with the heads of the columns, as text."""
    if isinstance(row, str):
        return f"\n{_text((row, *HEAD[1:]))}"
    return _text(row.cells)


def _text(cells: Iterable[str]) -> str:
    what, ours, other, ratio, budget, verdict = cells
    return f"{what:66} {ours:>14}  {other:38} {ratio:>6}  {budget:>10}  {verdict}".rstrip()


def markdown(rows: Iterable[Row | str]) -> Iterator[str]:
    """The lines of a table for a page; a heading is a row of its own in bold."""
    yield f"| {' | '.join(HEAD)} |"
    yield "|---|--:|--:|--:|--:|---|"
    for row in rows:
        cells = (f"**{row}**", *[""] * (len(HEAD) - 1)) if isinstance(row, str) else row.cells
        yield f"| {' | '.join(cells)} |"
