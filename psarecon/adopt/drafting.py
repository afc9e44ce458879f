"""From matches to what is to be written: a file for each new client, additions to those that are there, proposals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from psarecon.adopt.lines import Fit, Wanted, fitting
from psarecon.adopt.model import Asked, Candidate, Candidates, Way, told
from psarecon.adopt.names import name_of
from psarecon.domain.adoption import (
    Addition,
    ClientProposal,
    CompanyKey,
    Draft,
    Known,
    LineProposal,
    NewClient,
    NewLine,
    Standing,
    Subject,
)
from psarecon.domain.directory import Company, Offer, Organization
from psarecon.domain.model import LineKey, Names
from psarecon.text import clean

_MOST = 3
_LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class _Resolved:
    """The line of one organization at one company: mapped, proposed, or none, and why."""

    state: str
    lines: tuple[NewLine, ...] = ()
    proposed: tuple[LineProposal, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Growing:
    """A client that organizations and lines come to."""

    company: Company
    standing: Standing | None
    organizations: dict[str, str] = field(default_factory=dict)
    lines: list[NewLine] = field(default_factory=list)
    proposed: list[LineProposal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def has(self, source: str) -> bool:
        """Whether there is an organization of the source already."""
        return source in self.organizations or (self.standing is not None and source in self.standing.organizations)

    def take(self, resolved: _Resolved) -> None:
        """Add what was found of a line."""
        self.lines += resolved.lines
        self.proposed += resolved.proposed
        self.notes += resolved.notes


class Drafting:
    """Collects what one import writes; ``states`` says of each organization what became of its line, ``taken`` which
    lines bill somebody then: the PSA's name and the line's id."""

    def __init__(
        self,
        known: Known,
        offers: Mapping[CompanyKey, Sequence[Offer]],
        wanted: Mapping[str, Wanted],
        others: Sequence[Wanted],
        lines: Mapping[Subject, LineKey],
    ) -> None:
        self.states: dict[Subject, str] = {}
        self._offers, self._wanted, self._others, self._decided = offers, wanted, others, lines
        self._standing: dict[CompanyKey, Standing] = {}
        for client in known.clients:
            self._standing.setdefault(client.company, client)
        self.taken = {(line.line.psa, line.line.id) for client in known.clients for line in client.lines}
        self._names = {client.name for client in known.clients}
        self._waiting = {(subject, one.product) for one in known.proposals for subject in one.subjects}
        self._growing: dict[CompanyKey, _Growing] = {}
        self._proposals: list[tuple[str, tuple[ClientProposal, ...]]] = []

    def add(self, matches: Iterable[Candidates]) -> None:
        """Take all matches of an import."""
        matches = sorted(matches, key=lambda one: one.subject)
        for match in matches:
            if match.sure:
                self._sure(match)
        doubtful = (one for one in matches if not one.sure and one.found and (one.subject, "") not in self._waiting)
        for family in _families(doubtful):
            self._doubtful(family)

    def draft(self) -> Draft:
        """All that is to be written, in an order that depends on nothing but its content."""
        growing = sorted(self._growing.values(), key=lambda one: (one.company.name, one.company.psa, one.company.id))
        clients = tuple(self._client(one) for one in growing if one.standing is None)
        additions = tuple(_addition(one, one.standing) for one in growing if one.standing is not None)
        return Draft(clients, tuple(one for one in additions if _is_any(one)), tuple(self._proposals))

    def _sure(self, match: Candidates) -> None:
        candidate, source = match.found[0], match.organization.source
        client = self._client_of(candidate)
        override = match.organization.id if client.has(source) else None
        if override is None:
            client.organizations[source] = match.organization.id
        resolved = self._resolved(match, candidate, override)
        self.taken |= {(line.line.psa, line.line.id) for line in resolved.lines}
        client.notes.append(_how(match.organization, candidate, match.way))
        client.notes += candidate.notes
        client.take(resolved)
        self.states[match.subject] = resolved.state

    def _client_of(self, candidate: Candidate) -> _Growing:
        if candidate.key not in self._growing:
            self._growing[candidate.key] = _Growing(candidate.company, self._standing.get(candidate.key))
        return self._growing[candidate.key]

    def _client(self, one: _Growing) -> NewClient:
        company = one.company
        parts = tuple(one.lines), tuple(one.proposed), tuple(one.notes)
        key = CompanyKey(company.psa, company.id)
        return NewClient(self._name(company), dict(one.organizations), key, company.name, *parts)

    def _name(self, company: Company) -> str:
        """The company's name as a harmless line, with its id where another client has that name."""
        name = clean(company.name, _LONGEST_NAME).strip() or f"Company {company.id}"
        if name in self._names:
            name = f"{name} ({company.psa} {company.id})"
        self._names.add(name)
        return name

    def _doubtful(self, family: Sequence[Candidates]) -> None:
        """Proposals of the organizations of one name: a client each company, or lines where there is a client."""
        by_company: dict[CompanyKey, list[tuple[Candidates, Candidate]]] = defaultdict(list)
        for match in family:
            for candidate in match.found:
                by_company[candidate.key].append((match, candidate))
        best = sorted(by_company.values(), key=lambda pairs: -max(candidate.score for _, candidate in pairs))[:_MOST]
        proposals = [self._proposed(pairs) for pairs in best]
        kept = tuple(one for one in proposals if one is not None)
        if kept:
            self._proposals.append((family[0].organization.name or family[0].organization.id, kept))

    def _proposed(self, pairs: Sequence[tuple[Candidates, Candidate]]) -> ClientProposal | None:
        key, company = pairs[0][1].key, pairs[0][1].company
        if key in self._standing or key in self._growing:
            self._lines_proposed(pairs)
            return None
        lines = [self._resolved(match, candidate, None) for match, candidate in pairs]
        client = NewClient(
            name=self._free_name(company),
            organizations={match.organization.source: match.organization.id for match, _ in pairs},
            company=key,
            company_name=company.name,
            lines=tuple(line for one in lines for line in one.lines),
            proposed=tuple(line for one in lines for line in one.proposed),
            notes=tuple(note for one in lines for note in one.notes),
        )
        hows = [_how(match.organization, candidate, match.way) for match, candidate in pairs]
        why = "; ".join((*hows, *dict.fromkeys(match.why for match, _ in pairs)))
        subjects = tuple(match.subject for match, _ in pairs)
        return ClientProposal(max(candidate.score for _, candidate in pairs), subjects, client, why)

    def _free_name(self, company: Company) -> str:
        """As ``_name``, but a proposal takes no name from another."""
        taken = set(self._names)
        name = self._name(company)
        self._names = taken
        return name

    def _lines_proposed(self, pairs: Sequence[tuple[Candidates, Candidate]]) -> None:
        """The company is a client already: what is in doubt is a line of it, with the organization named on it."""
        for match, candidate in pairs:
            client = self._client_of(candidate)
            resolved = self._resolved(match, candidate, match.organization.id)
            why = _told_doubt(match, candidate)
            lines = tuple(LineProposal(candidate.score, match.subject, line, why) for line in resolved.lines)
            client.proposed += [*self._proposing(lines).proposed, *resolved.proposed]

    def _resolved(self, match: Candidates, candidate: Candidate, override: str | None) -> _Resolved:
        asked, source = candidate.asked, match.organization.source
        if asked is not None and asked.tickets:
            return _Resolved("tickets")
        every = [one for one in self._offers.get(candidate.key, ()) if (one.line.psa, one.line.id) not in self.taken]
        wanted = self._wanted[source]
        decided = self._decided.get(match.subject)
        if decided is not None or (asked is not None and asked.line):
            chosen = next((one for one in every if _is(one, decided, asked)), None)
            if chosen is not None:
                return _Resolved("mapped", (_line(wanted, chosen, override, asked),))
        return self._by_words(match, candidate, wanted, every, override)

    def _by_words(
        self,
        match: Candidates,
        candidate: Candidate,
        wanted: Wanted,
        every: Sequence[Offer],
        override: str | None,
    ) -> _Resolved:
        fits, asked = fitting(wanted, self._others, every), candidate.asked
        if asked is not None and asked.line:
            return self._line_gone(match, candidate, fits, asked, override)
        if len(fits) == 1:
            return _Resolved("mapped", (_line(wanted, fits[0].offer, override, asked),))
        if not fits:
            why = f"no line of the company fits the product {wanted.product}"
            return _Resolved("none", notes=(f"{why}: {_texts(every)}" if every else f"{why}: it has no active lines",))
        why = f"{len(fits)} lines of the company fit the product {wanted.product}"
        return self._several(match.subject, wanted, fits, why, override, asked)

    def _line_gone(
        self, match: Candidates, candidate: Candidate, fits: Sequence[Fit], asked: Asked, override: str | None
    ) -> _Resolved:
        wanted = self._wanted[match.organization.source]
        why = f"line {asked.line} {told(asked.line_name)}, which {candidate.reasons[0]} names, does not bill any more"
        if fits:
            return self._several(match.subject, wanted, fits, f"{why}; this one fits the product", override, asked)
        line = LineKey(candidate.company.psa, candidate.company.id, asked.contract, asked.line)
        names = Names(candidate.company.name, asked.contract_name or None, asked.line_name or None)
        new = NewLine(wanted.product, line, names, override, asked.non_billable)
        if not asked.contract:
            return _Resolved("none", notes=(why,))
        return self._proposing((LineProposal(0, match.subject, new, why),))

    def _several(
        self,
        subject: Subject,
        wanted: Wanted,
        fits: Sequence[Fit],
        why: str,
        override: str | None,
        asked: Asked | None,
    ) -> _Resolved:
        lines = [(fit.points, _line(wanted, fit.offer, override, asked)) for fit in fits[:_MOST]]
        return self._proposing(tuple(LineProposal(points, subject, line, why) for points, line in lines))

    def _proposing(self, proposed: tuple[LineProposal, ...]) -> _Resolved:
        """Only what is not proposed in the files already."""
        kept = tuple(one for one in proposed if (one.subject, one.line.product) not in self._waiting)
        return _Resolved("proposed", proposed=kept)


def _families(matches: Iterable[Candidates]) -> list[list[Candidates]]:
    """Organizations of one name, at most one of each source, are one client's."""
    by_name: dict[str, list[Candidates]] = defaultdict(list)
    for match in matches:
        by_name[name_of(match.organization.name or "").core or str(match.subject)].append(match)
    families: list[list[Candidates]] = []
    for same in by_name.values():
        alone = len({one.organization.source for one in same}) == len(same)
        families += [same] if alone else [[one] for one in same]
    return families


def _is(offer: Offer, decided: LineKey | None, asked: Asked | None) -> bool:
    if decided is not None:
        return offer.line == decided
    return is_named(offer, asked)


def is_named(offer: Offer, asked: Asked | None) -> bool:
    """Whether a vendor's mapping or a table names this line."""
    return bool(asked and asked.line == offer.line.id and asked.contract in {"", offer.line.contract})


def _line(wanted: Wanted, offer: Offer, override: str | None, asked: Asked | None) -> NewLine:
    notes = []
    if asked is not None and asked.line_name and asked.line == offer.line.id and asked.line_name != offer.names.line:
        notes.append(f"called {told(asked.line_name)} where the mapping was read from")
    return NewLine(
        asked.product if asked is not None and asked.product else wanted.product,
        offer.line,
        offer.names,
        override,
        asked.non_billable if asked is not None else 0,
        tuple(notes),
    )


def _texts(offers: Sequence[Offer]) -> str:
    named = [told(offer.names.line or offer.line.id) for offer in offers]
    more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    return f"it has {', '.join(named[:_MOST])}{more}"


def _how(organization: Organization, candidate: Candidate, way: Way) -> str:
    reasons = ", ".join((*candidate.reasons, "decided by a person") if way is Way.PERSON else candidate.reasons)
    return f"{organization.source}: {of_users(organization)}; {reasons}"


def of_users(organization: Organization) -> str:
    """An organization by its name and how many users it has."""
    users = "" if organization.users is None else f", {organization.users} users"
    return f"{told(organization.name)}{users}"


def _told_doubt(match: Candidates, candidate: Candidate) -> str:
    return f"{_how(match.organization, candidate, match.way)}; {match.why}"


def _addition(one: _Growing, standing: Standing) -> Addition:
    return Addition(standing, dict(one.organizations), tuple(one.lines), tuple(one.proposed), tuple(one.notes))


def _is_any(one: Addition) -> bool:
    return bool(one.organizations or one.lines or one.proposed)
