"""What is known of a run once it is over: what the sandbox says is true, and what a user could read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Truth = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A change as the plan file has it: figures are texts, a cost that does not move is None."""

    line: str
    change: str
    quantity: tuple[str, str]
    cost: tuple[str, str] | None
    approved: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the journal, as ``psarecon log`` shows it."""

    run: str
    event: str
    change: str
    line: str


@dataclass(slots=True)
class Evidence:
    """Of one run, in the order in which it came about. Truths and requests are the sandbox's, the rest a user's.

    ``sends``: by line, the status of each write that arrived while faults were on (None: cut before an answer).
    ``moved``: lines somebody else changed after the plan was made; ``meddled``: those changed while it was applied.
    ``named``: lines that ``resume`` said are in doubt or settled, by outcome.
    """

    planned: Sequence[Planned] = ()
    moved: frozenset[str] = frozenset()
    meddled: frozenset[str] = frozenset()
    before: Truth = field(default_factory=dict)
    applied: Truth = field(default_factory=dict)
    sends: Mapping[str, Sequence[int | None]] = field(default_factory=dict)
    code: int | None = None
    signal: int = 0
    said: str = ""
    journal: Sequence[Row] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    resumed: Truth = field(default_factory=dict)
    resumed_journal: Sequence[Row] = ()
    wanted: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    findings: Sequence[str] = ()
    clean_code: int | None = None
    clean_said: str = ""
    final: Truth = field(default_factory=dict)
    left: int = 0

    def doubts(self, rows: Sequence[Row]) -> set[str]:
        """The lines whose last word of a write is an intent or an unknown outcome."""
        return {line for line, event in self.last_words(rows).items() if event in {"intent", "unknown"}}

    @staticmethod
    def last_words(rows: Sequence[Row]) -> dict[str, str]:
        """By line, the last event that speaks of a write; ``already`` and ``conflict`` speak of none."""
        return {row.line: row.event for row in rows if row.event not in {"already", "conflict"}}
