"""The decisions of an import, and the files that follow from them. Pure: nothing is read, nothing is written.

``Adoption`` is what the command and a screen share: ``open`` are the organizations in doubt with their candidates,
``accept`` and ``ignore`` decide one, ``draft`` is what would be written now, ``results`` what is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from psarecon.adopt.drafting import Drafting, is_named
from psarecon.adopt.lines import MOST_POINTS, Fit, Wanted, fitting
from psarecon.adopt.matching import Left, Matches
from psarecon.adopt.model import Candidate, Candidates, Way
from psarecon.domain.adoption import CompanyKey, Draft, Ignored, Known, Subject
from psarecon.domain.directory import Offer, Organization
from psarecon.domain.model import LineKey


@dataclass(frozen=True, slots=True)
class Result:
    """One organization as the report has it. ``state``: imported, doubtful, none, mapped, open, ignored or gone;
    ``line``: mapped, proposed, none or tickets, empty where there is no client yet."""

    organization: Organization
    state: str
    way: str = ""
    candidates: tuple[Candidate, ...] = ()
    line: str = ""
    why: str = ""


class Adoption:
    """One import between reading and writing."""

    def __init__(
        self,
        matches: Matches,
        known: Known,
        offers: Mapping[CompanyKey, Sequence[Offer]],
        wanted: Mapping[str, Wanted],
        others: Sequence[Wanted] = (),
    ) -> None:
        """``wanted`` is the product of each source, ``others`` every product of the settings."""
        self._found = {one.subject: one for one in matches.found}
        self._asked = dict(self._found)
        self._left = list(matches.left)
        self._known = known
        self._offers = offers
        self._wanted = wanted
        self._others = others
        self._lines: dict[Subject, LineKey] = {}
        self._ignored: dict[Subject, Ignored] = {}

    @property
    def open(self) -> list[Candidates]:
        """Organizations in doubt that nobody decided, most users first."""
        left = [one for one in self._found.values() if not one.sure and one.found]
        return sorted((one for one in left if one.subject not in self._ignored), key=_most_users)

    @property
    def lineless(self) -> list[Candidates]:
        """Organizations whose company is sure and whose line is in doubt, most users first."""
        states = self._drafted().states
        return sorted((one for one in self._found.values() if states.get(one.subject) == "proposed"), key=_most_users)

    def fits(self, subject: Subject, candidate: Candidate) -> list[Fit]:
        """The company's lines that sell what the organization uses, best first; before them the one that a vendor's
        mapping or a table names, whatever its words."""
        offers = self._offers.get(candidate.key, ())
        named = [Fit(offer, MOST_POINTS) for offer in offers if is_named(offer, candidate.asked)]
        found = fitting(self._wanted[subject.source], self._others, offers)
        return [*named, *(fit for fit in found if not is_named(fit.offer, candidate.asked))]

    def taken(self) -> frozenset[tuple[str, str]]:
        """The lines that bill somebody if this is written: the PSA's name and the line's id."""
        return frozenset(self._drafted().taken)

    def accept(self, subject: Subject, candidate: Candidate, line: LineKey | None = None) -> None:
        """Decide that this is the organization's company, and perhaps which of its lines. Raises KeyError for an
        organization that is not in doubt."""
        of = self._asked[subject]
        self._found[subject] = replace(of, way=Way.PERSON, sure=True, found=(candidate,), why="")
        self._ignored.pop(subject, None)
        self._lines.pop(subject, None)
        if line is not None:
            self._lines[subject] = line

    def ignore(self, subject: Subject, reason: str, by: str = "") -> None:
        """Decide that the organization is not to be billed. Raises KeyError as ``accept`` does."""
        of = self._asked[subject]
        self._found[subject] = of
        self._ignored[subject] = Ignored(subject, of.organization.name or "", reason, by)

    def undo(self, subject: Subject) -> None:
        """Take the decision back. Raises KeyError as ``accept`` does."""
        self._found[subject] = self._asked[subject]
        self._ignored.pop(subject, None)
        self._lines.pop(subject, None)

    def ignored(self) -> list[Ignored]:
        """What was decided to be ignored, in order."""
        return [self._ignored[subject] for subject in sorted(self._ignored)]

    def draft(self) -> Draft:
        """What would be written now."""
        decided = {subject for subject, one in self._found.items() if one.way is Way.PERSON} | self._ignored.keys()
        settled = (one for one in self._known.proposals if decided & set(one.subjects))
        return replace(self._drafted().draft(), settled=tuple(settled))

    def results(self) -> list[Result]:
        """Every organization with what became of it, in order of source, name and id."""
        states = self._drafted().states
        results = [_left(one) for one in self._left]
        for subject, one in self._found.items():
            if subject in self._ignored:
                results.append(Result(one.organization, "ignored", why=self._ignored[subject].reason))
            else:
                results.append(_result(one, states.get(subject, "")))
        return sorted(results, key=_place)

    def _drafted(self) -> Drafting:
        drafting = Drafting(self._known, self._offers, self._wanted, self._others, self._lines)
        drafting.add(one for subject, one in self._found.items() if subject not in self._ignored)
        return drafting


def _most_users(one: Candidates) -> tuple[int, Subject]:
    return -(one.organization.users or 0), one.subject


def _left(one: Left) -> Result:
    return Result(one.organization, one.state, why=one.why)


def _result(one: Candidates, line: str) -> Result:
    state = "imported" if one.sure else "doubtful" if one.found else "none"
    return Result(one.organization, state, one.way.value, one.found, line, one.why)


def _place(one: Result) -> tuple[str, str, str]:
    return one.organization.source, (one.organization.name or "").casefold(), one.organization.id


def companies_to_ask(matches: Iterable[Candidates]) -> dict[str, set[str]]:
    """The companies whose lines decide anything, ids by PSA."""
    found: dict[str, set[str]] = defaultdict(set)
    for match in matches:
        for candidate in match.found:
            found[candidate.company.psa].add(candidate.company.id)
    return found
