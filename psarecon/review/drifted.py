"""Drift as a list: what is against the mapping first, then the dearest; equal drift in groups that can be folded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from psarecon.domain.drift import Apart, Drift, DriftReport, Kind, grouped
from psarecon.report.drift_text import title

Line = Drift | Apart


class Standing(StrEnum):
    """What can be said of a line: as ``psarecon.domain.drift.Kind``, or that it cannot be compared."""

    AGAINST = Kind.AGAINST.value
    AGREES = Kind.AGREES.value
    ACCEPTED = Kind.ACCEPTED.value
    APART = "cannot be compared"


@dataclass(slots=True, eq=False)
class Bunch:
    """Several lines of equal drift, or that cannot be compared for the same reason; ``title`` tells what happened."""

    standing: Standing
    name: str
    title: str
    lines: tuple[Line, ...]
    cost: Decimal
    folded: bool = True


Entry = Bunch | Drift | Apart


class Drifted:
    """The list. A line that is equal to no other stands alone."""

    def __init__(self, report: DriftReport) -> None:
        self.report = report
        self._bunches = [*_drifted(report), *_apart(report)]
        self._lay_out()

    @property
    def count(self) -> int:
        """Entries shown."""
        return len(self.entries)

    def at(self, index: int) -> Entry | None:
        """The entry there, None where there is none."""
        return self.entries[index] if 0 <= index < self.count else None

    def line_at(self, index: int) -> Line | None:
        """The line there; of a group the dearest."""
        entry = self.at(index)
        return entry.lines[0] if isinstance(entry, Bunch) else entry

    def in_bunch(self, line: Line) -> bool:
        """Whether a line belongs to a group."""
        return id(line) in self._of

    def fold(self, index: int, *, folded: bool | None = None) -> int | None:
        """Fold or unfold the group there (default: the other way); where it stands now, None where nothing moved."""
        entry = self.at(index)
        bunch = entry if isinstance(entry, Bunch) else self._of.get(id(entry))
        wanted = not bunch.folded if bunch and folded is None else bool(folded)
        if bunch is None or bunch.folded is wanted:
            return None
        bunch.folded = wanted
        self._lay_out()
        return self.entries.index(bunch)

    def counts(self) -> dict[Standing, int]:
        """Lines by what can be said of them; only what there is."""
        report = self.report
        found = {Standing(kind.value): len(report.of(kind)) for kind in Kind} | {Standing.APART: len(report.apart)}
        return {standing: lines for standing, lines in found.items() if lines}

    def _lay_out(self) -> None:
        self.entries: list[Entry] = []
        self._of: dict[int, Bunch] = {}
        for bunch in self._bunches:
            alone = len(bunch.lines) == 1
            self.entries += [] if alone else [bunch]
            self.entries += bunch.lines if alone or not bunch.folded else ()
            self._of |= {} if alone else {id(line): bunch for line in bunch.lines}


def standing_of(entry: Entry) -> Standing:
    """What can be said of a line, or of a group's lines."""
    if isinstance(entry, Bunch):
        return entry.standing
    return Standing.APART if isinstance(entry, Apart) else Standing(entry.kind.value)


def _drifted(report: DriftReport) -> Iterator[Bunch]:
    for group in grouped(report.drifts):
        yield Bunch(Standing(group.kind.value), group.product, title(group), group.drifts, group.cost)


def _apart(report: DriftReport) -> Iterator[Bunch]:
    codes: dict[str, list[Apart]] = {}
    for one in report.apart:
        codes.setdefault(one.code, []).append(one)
    for code, lines in sorted(codes.items()):
        text = f"{len(lines):,} lines cannot be compared"
        yield Bunch(Standing.APART, code, text, tuple(lines), Decimal(0))
