"""What an import did, counted and in the order in which it is told: one content for every form of the report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from psarecon.adopt.adoption import Result

#: States in the order in which they are told.
STATES = {
    "mapped": "in the mapping already",
    "imported": "imported",
    "doubtful": "in doubt, proposed",
    "open": "in doubt, proposed earlier",
    "none": "without a counterpart",
    "ignored": "ignored",
    "gone": "not listed by the source",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Every organization with what became of it, the files that were written (or would be), and what is to be written
    by hand: a file and the rows that belong there. ``notes`` are said of the reading."""

    results: tuple[Result, ...]
    files: tuple[str, ...]
    by_hand: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    written: bool = True

    def of(self, *states: str) -> list[Result]:
        """The organizations in these states."""
        return [one for one in self.results if one.state in states]

    def ways(self) -> Counter[str]:
        """How those that were imported came to their company."""
        return Counter(one.way for one in self.of("imported"))

    def lines(self) -> Counter[str]:
        """What became of the lines of those that were imported."""
        return Counter(one.line for one in self.of("imported"))

    def lineless(self) -> list[Result]:
        """Imported organizations whose line is in doubt, or that have none."""
        return [one for one in self.of("imported") if one.line in {"proposed", "none"}]

    @property
    def undecided(self) -> bool:
        """Whether proposals are left for a person."""
        return bool(self.of("doubtful", "open")) or any(one.line == "proposed" for one in self.of("imported"))

    def counts(self) -> dict[str, int]:
        """How many organizations there are in each state, all states told."""
        found = Counter(one.state for one in self.results)
        return {state: found[state] for state in STATES}


def best(one: Result) -> str:
    """The first candidates as words: ``autotask/174 "Harbor Dental East" (91)``."""
    return ", ".join(f'{item.key} "{item.company.name}" ({item.score})' for item in one.candidates)


def name_of(one: Result) -> str:
    """The organization as a person knows it."""
    return one.organization.name or one.organization.id


def users_of(one: Result) -> str:
    """How many users it has; empty where nobody counted."""
    return "" if one.organization.users is None else str(one.organization.users)


def line_words(one: Result) -> str:
    """What is missing of the line."""
    return {"proposed": "its line is in doubt", "none": "no line fits the product"}.get(one.line, "")
