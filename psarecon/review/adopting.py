"""The organizations of an import that are in doubt, and what a person decides on them, without a screen.

Every act is one of ``psarecon.adopt.adoption``; kept beside it is only what a list needs: its order, a filter, and
what can be taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from psarecon.adopt.adoption import Adoption
from psarecon.adopt.drafting import is_named
from psarecon.adopt.lines import Fit
from psarecon.adopt.model import Candidate, Candidates
from psarecon.domain.adoption import Draft, Edits, Ignored, Subject
from psarecon.domain.model import LineKey
from psarecon.text import folded


class Stand(StrEnum):
    """How an organization stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on an organization: its company and perhaps which line, or why it is ignored."""

    candidate: Candidate | None = None
    fit: Fit | None = None
    reason: str = ""

    @property
    def stand(self) -> Stand:
        """Accepted, or ignored."""
        return Stand.IGNORED if self.candidate is None else Stand.ACCEPTED


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be accepted: the ``number``-th company, from 1, or one of its lines (``fit``), or the company
    with its line ``later``. ``taken``: the line bills somebody else; ``bare``: no line of the company can be chosen."""

    number: int
    candidate: Candidate
    fit: Fit | None = None
    later: bool = False
    taken: bool = False
    bare: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is the company, whichever line."""
        return self.fit is None and not self.later


@dataclass(frozen=True, slots=True)
class AdoptingDesk:
    """What the screen can reach outside itself, handed in by the command line.

    ``load`` reads and matches, saying how far it is; raises what ``psarecon import`` does. ``edits`` makes the files of
    a draft and writes none; raises PsareconError.
    """

    by: str
    load: Callable[[Callable[[str], None]], Adoption]
    edits: Callable[[Draft, Sequence[Ignored]], Edits]


class Adopting:
    """One import on the screen. ``every`` are the organizations that were in doubt, they or their line alone, most
    users first; ``shown`` those that the filter leaves; ``states`` how many organizations were in each state before
    anything was decided."""

    def __init__(self, adoption: Adoption, by: str = "") -> None:
        self.adoption = adoption
        self.states = Counter(one.state for one in adoption.results())
        self._by = by
        self._decided: dict[Subject, Decision] = {}
        self._before: list[tuple[Subject, Decision | None]] = []
        self._billed = adoption.taken()
        lineless = [one for one in adoption.lineless if self.needs_line(one, one.found[0])]
        self.every = sorted((*adoption.open, *lineless), key=lambda one: -(one.organization.users or 0))
        self.shown: Sequence[Candidates] = self.every
        self._texts = [_text(one) for one in self.every]

    # What there is.

    def at(self, index: int) -> Candidates | None:
        """The organization in this line, None where there is no such line."""
        return self.shown[index] if 0 <= index < len(self.shown) else None

    def decision(self, one: Candidates) -> Decision | None:
        """What was decided on it."""
        return self._decided.get(one.subject)

    def stand(self, one: Candidates) -> Stand:
        """How it stands."""
        found = self._decided.get(one.subject)
        return Stand.OPEN if found is None else found.stand

    @property
    def decided(self) -> int:
        """How many are decided."""
        return len(self._decided)

    def counts(self) -> dict[Stand, int]:
        """How many stand how."""
        found = Counter(one.stand for one in self._decided.values())
        found[Stand.OPEN] = len(self.every) - len(self._decided)
        return {stand: found[stand] for stand in Stand}

    def options(self, one: Candidates) -> list[Option]:
        """What can be accepted for an organization: each company, below it its lines that fit."""
        return [option for number, candidate in enumerate(one.found, 1) for option in self._of(one, number, candidate)]

    def _of(self, one: Candidates, number: int, candidate: Candidate) -> list[Option]:
        fits = self._fits(one, candidate)
        taken = self._taken(one)
        lines = [Option(number, candidate, fit, taken=_key(fit) in taken) for fit in fits]
        later = [Option(number, candidate, later=True)] if self.needs_line(one, candidate) else []
        return [Option(number, candidate, bare=all(line.taken for line in lines)), *lines, *later]

    def _fits(self, one: Candidates, candidate: Candidate) -> list[Fit]:
        """None where the company is named on purpose without a line."""
        if candidate.asked is not None and candidate.asked.tickets:
            return []
        return self.adoption.fits(one.subject, candidate)

    def _taken(self, one: Candidates) -> set[tuple[str, str]]:
        others = (other for subject, other in self._decided.items() if subject != one.subject)
        return {*self._billed, *(_key(other.fit) for other in others if other.fit is not None)}

    def needs_line(self, one: Candidates, candidate: Candidate) -> bool:
        """Whether a person has to say which line: several fit, or the one that is named does not bill any more."""
        free = self._free(one, candidate)
        if candidate.asked is not None and candidate.asked.line:
            return bool(free) and not any(is_named(fit.offer, candidate.asked) for fit in free)
        return len(free) > 1

    def _free(self, one: Candidates, candidate: Candidate) -> list[Fit]:
        taken = self._taken(one)
        return [fit for fit in self._fits(one, candidate) if _key(fit) not in taken]

    # Deciding.

    def accept(self, one: Candidates, option: Option) -> None:
        """Decide on a company, and on its line: the one of the option, else the one that is named or fits."""
        fit = option.fit
        if option.whole and not self.needs_line(one, option.candidate):
            fit = next(iter(self._free(one, option.candidate)), None)
        self._decide(one.subject, Decision(option.candidate, fit))

    def ignore(self, one: Candidates, reason: str) -> None:
        """Decide that it is not to be billed."""
        self._decide(one.subject, Decision(reason=reason))

    def reopen(self, one: Candidates) -> None:
        """Take the decision on it back."""
        if one.subject in self._decided:
            self._decide(one.subject, None)

    def undo(self) -> Candidates | None:
        """Take the last act back; the organization it was about, None where there is nothing to take back."""
        if not self._before:
            return None
        subject, decision = self._before.pop()
        self._set(subject, decision)
        return next(one for one in self.every if one.subject == subject)

    def _decide(self, subject: Subject, decision: Decision | None) -> None:
        self._before.append((subject, self._decided.get(subject)))
        self._set(subject, decision)

    def _set(self, subject: Subject, decision: Decision | None) -> None:
        if decision is None:
            self._decided.pop(subject, None)
            self.adoption.undo(subject)
            return
        self._decided[subject] = decision
        if decision.candidate is None:
            self.adoption.ignore(subject, decision.reason, self._by)
        else:
            line: LineKey | None = None if decision.fit is None else decision.fit.offer.line
            self.adoption.accept(subject, decision.candidate, line)

    # The list.

    def filter(self, text: str) -> None:
        """Show only the organizations that have all these words in name, source or id."""
        words = folded(text).split()
        both = zip(self.every, self._texts, strict=True)
        self.shown = [one for one, told in both if all(word in told for word in words)] if words else self.every

    def index(self, one: Candidates | None) -> int:
        """Where it is shown; the first line where it is not."""
        return next((place for place, other in enumerate(self.shown) if other is one), 0)

    def next_open(self, index: int, step: int = 1) -> int | None:
        """The next line that is open from this one on, around the end; None where there is none."""
        count = len(self.shown)
        around = ((index + step * far) % count for far in range(1, count + 1))
        return next((place for place in around if self.stand(self.shown[place]) is Stand.OPEN), None)


def _text(one: Candidates) -> str:
    return folded(f"{one.organization.name or ''} {one.organization.source} {one.organization.id}")


def _key(fit: Fit) -> tuple[str, str]:
    return fit.offer.line.psa, fit.offer.line.id
