"""Which company of a PSA an organization is: by id, by domain, by name, and when that is sure.

Sure is only: an id that is the company's number, or that of the organization in another source; one domain, that no
other organization and no other company has, with names that are somewhat alike; or the same name, which nobody else
has on either side. Wherever something speaks for a second company, nothing is sure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from psarecon.adopt.domains import own_domain
from psarecon.adopt.model import Candidate, Candidates, Way, key_of, told
from psarecon.adopt.names import Name, Weights, name_of
from psarecon.domain.adoption import CompanyKey
from psarecon.domain.directory import Company, Organization
from psarecon.text import folded

#: Types of companies, in the words of the PSAs, that are no clients: left out unless they are asked for.
NO_CLIENTS = frozenset(
    {"cancellation", "cancelled", "canceled", "competitor", "dead", "former", "inactive", "lead", "partner"}
    | {"prospect", "prospects", "suspect", "vendor"}
)
#: A second company whose name is at most so many points behind is a reason for doubt.
NEAR = 5
#: A domain alone proves nothing where the names have less in common than this.
_NAMES_AGREE = 60
#: An id alone proves nothing where the names have less in common than this.
_NAMES_CONTRADICT = 40
_DOMAIN_ALONE = 75
_MOST = 3
_LOOKED_AT = 15


@dataclass(frozen=True, slots=True)
class Alias:
    """What else a company is known by: the name and the domain of an organization that is mapped to it already."""

    source: str
    id: str
    name: str
    domain: str


def chosen(companies: Iterable[Company], types: Sequence[str] = ()) -> list[Company]:
    """Active companies of the types; by default all but those that are no clients."""
    wanted = {folded(word) for word in types}
    return [one for one in companies if one.active and _is_chosen({folded(word) for word in one.types}, wanted)]


def _is_chosen(types: set[str], wanted: set[str]) -> bool:
    if wanted:
        return bool(types & wanted)
    return not types or any(not set(words.split()) & NO_CLIENTS for words in types)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What speaks for one company: points of the name, whether the words are the same, the domain and the id."""

    company: Company
    points: int
    same: bool
    domain: bool
    id: str

    @property
    def score(self) -> int:
        if self.id:
            return 100 if self.points >= _NAMES_CONTRADICT else _DOMAIN_ALONE + 10
        return max(self.points, _DOMAIN_ALONE + self.points // 5) if self.domain else self.points

    def reasons(self, domain: str) -> tuple[str, ...]:
        name = "same name" if self.same else f"names alike ({self.points})"
        return tuple(part for part in (self.id, f"same domain {domain}" if self.domain else "", name) if part)


class Companies:
    """The companies an organization may be, indexed by all that it can be known by."""

    def __init__(
        self, companies: Sequence[Company], aliases: Mapping[CompanyKey, Sequence[Alias]] | None = None
    ) -> None:
        self._companies = {key_of(one): one for one in companies}
        self._names = [(key, name_of(one.name)) for key, one in self._companies.items()]
        self._texts = [name.core for _, name in self._names]
        self._weights = Weights(name for _, name in self._names)
        self._known: dict[CompanyKey, list[Name]] = defaultdict(list)
        self._cores: dict[str, set[CompanyKey]] = defaultdict(set)
        self._domains: dict[str, set[CompanyKey]] = defaultdict(set)
        self._numbers: dict[str, set[CompanyKey]] = defaultdict(set)
        self._ids: dict[str, set[tuple[CompanyKey, str]]] = defaultdict(set)
        for key, company in self._companies.items():
            self._add(key, company, (aliases or {}).get(key, ()))

    def _add(self, key: CompanyKey, company: Company, aliases: Sequence[Alias]) -> None:
        if company.number:
            self._numbers[company.number].add(key)
        for alias in aliases:
            self._ids[alias.id].add((key, alias.source))
        known = ((company.name, company.domain), *((alias.name, alias.domain) for alias in aliases))
        for text, domain in known:
            name = name_of(text)
            self._known[key].append(name)
            self._cores[name.core].add(key)
            if domain:
                self._domains[domain].add(key)

    def found(self, organization: Organization, least: int) -> list[_Evidence]:
        """Every company that something speaks for, best first; names below ``least`` points speak for nothing."""
        name, domain = name_of(organization.name or ""), own_domain(organization.domains)
        points = self._alike(name, least)
        keys = {*points, *self._domains.get(domain, ()), *self._numbered(organization)}
        found = [self._evidence(organization, name, domain, key) for key in keys]
        return sorted(found, key=lambda one: (-one.score, -one.points, one.company.psa, _by_number(one.company.id)))

    def _alike(self, name: Name, least: int) -> dict[CompanyKey, int]:
        if not name.core:
            return {}
        places = set()
        for scorer in (fuzz.token_sort_ratio, fuzz.token_set_ratio):
            hits = process.extract(name.core, self._texts, scorer=scorer, limit=_LOOKED_AT, score_cutoff=50)
            places |= {place for _, _, place in hits}
        near = {self._names[place][0] for place in places} | self._cores.get(name.core, set())
        scored = {key: self._points(name, key) for key in near}
        return {key: points for key, points in scored.items() if points >= least}

    def _points(self, name: Name, key: CompanyKey) -> int:
        """How much alike the names are. An alias counts only where it is the same: it may be another client's word."""
        if key in self._cores.get(name.core, ()):
            return 100 if name.core else 0
        return self._weights.score(name, self._known[key][0])

    def _numbered(self, organization: Organization) -> dict[CompanyKey, str]:
        """Companies that the organization's id leads to, with the words for it; only where it leads to one."""
        by_number = self._numbers.get(organization.id, set())
        others = {key for key, source in self._ids.get(organization.id, ()) if source != organization.source}
        words = dict.fromkeys(others, "same id in another source") | dict.fromkeys(by_number, "its id is the number")
        return words if len(words) == 1 else {}

    def _evidence(self, organization: Organization, name: Name, domain: str, key: CompanyKey) -> _Evidence:
        same = any(name.may_be(known) for known in self._known[key]) if name.core else False
        by_domain = bool(domain) and key in self._domains.get(domain, ())
        number = self._numbered(organization).get(key, "")
        return _Evidence(self._companies[key], self._points(name, key), same, by_domain, number)

    def companies_of(self, domain: str) -> int:
        """How many companies have the domain."""
        return len(self._domains.get(domain, ()))


def _by_number(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isascii() and text.isdigit() else (1 << 62, text)


class Peers:
    """All organizations, to tell whether a name or a domain is one's alone within its source."""

    def __init__(self, organizations: Iterable[Organization]) -> None:
        self._names: Counter[tuple[str, str]] = Counter()
        self._domains: Counter[tuple[str, str]] = Counter()
        for one in organizations:
            self._names[one.source, name_of(one.name or "").core] += 1
            self._domains[one.source, own_domain(one.domains)] += 1

    def same_name(self, one: Organization) -> int:
        """How many organizations of its source have this name, itself included."""
        return self._names[one.source, name_of(one.name or "").core]

    def same_domain(self, one: Organization) -> int:
        """How many organizations of its source have this domain, itself included."""
        return self._domains[one.source, own_domain(one.domains)]


def candidates(organization: Organization, companies: Companies, peers: Peers, least: int) -> Candidates:
    """What is found of the organization, and whether that is sure. Names below ``least`` points are not alike."""
    evidence = companies.found(organization, min(least, 100))
    domain = own_domain(organization.domains)
    found = tuple(
        Candidate(one.company, one.score, one.reasons(domain)) for one in evidence[:_MOST] if one.score >= least
    )
    if not found:
        return Candidates(organization, Way.NAME, sure=False, found=(), why="no company is near enough")
    best, others = evidence[0], evidence[1:]
    way = Way.ID if best.id else Way.DOMAIN if best.domain else Way.NAME
    why = _doubt(organization, best, others, companies, peers)
    return Candidates(organization, way, sure=not why, found=found[:1] if not why else found, why=why)


def _doubt(
    organization: Organization, best: _Evidence, others: Sequence[_Evidence], companies: Companies, peers: Peers
) -> str:
    """Why the best is not sure; empty when it is."""
    if best.id:
        return "" if best.points >= _NAMES_CONTRADICT else "the id is the same, but the names contradict it"
    rival = next((one for one in others if one.points >= best.points - NEAR or one.domain or one.id), None)
    if rival is not None:
        both = (best.company, rival.company)
        return f"{' and '.join(f'{key_of(company)} {told(company.name)}' for company in both)} are both near"
    if best.domain and not _shared(organization, companies, peers) and best.points >= _NAMES_AGREE:
        return ""
    if not best.same:
        return "the names are alike, not the same" if not best.domain else "the domain alone is not enough"
    if peers.same_name(organization) > 1:
        return f"{peers.same_name(organization)} organizations of {organization.source} have this name"
    return ""


def _shared(organization: Organization, companies: Companies, peers: Peers) -> bool:
    return peers.same_domain(organization) > 1 or companies.companies_of(own_domain(organization.domains)) > 1
