"""Every organization that is not mapped yet, with its counterparts: a vendor's mapping first, then what is found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from psarecon.adopt.companies import Alias, Companies, Peers, candidates
from psarecon.adopt.domains import own_domain
from psarecon.adopt.model import Candidates, Way, subject_of
from psarecon.domain.adoption import CompanyKey, Known, Standing, Subject
from psarecon.domain.directory import Company, Organization


@dataclass(frozen=True, slots=True)
class Left:
    """An organization that is not imported and not in doubt, and why. ``state`` is mapped, open, ignored, gone or
    none (no counterpart)."""

    organization: Organization
    state: str
    why: str


@dataclass(slots=True)
class Matches:
    """What became of every organization: ``found`` is to be imported or decided."""

    found: list[Candidates] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def subjects_of(known: Known, sources: Mapping[str, str | None]) -> set[Subject]:
    """Organizations the mapping has already. ``sources`` are those of products, by name."""
    found = set()
    for client in known.clients:
        found |= {Subject(source, id_) for source, id_ in client.organizations.items()}
        for line in client.lines:
            if line.organization:
                found.add(Subject(sources.get(line.product) or "", line.organization))
    return found


def to_match(
    organizations: Iterable[Organization], known: Known, mapped: set[Subject], *, reopen: bool
) -> tuple[list[Organization], list[Left]]:
    """The organizations that are left to be matched, and the others. ``reopen``: also those that are proposed already,
    to be decided one by one."""
    ignored = {one.subject: one for one in known.ignored}
    proposals = () if reopen else known.proposals
    waiting = {subject: one for one in proposals for subject in one.subjects}
    open_, left = [], []
    for one in sorted(organizations):
        subject = subject_of(one)
        if subject in mapped:
            left.append(Left(one, "mapped", ""))
        elif subject in ignored:
            left.append(Left(one, "ignored", ignored[subject].reason))
        elif subject in waiting:
            left.append(Left(one, "open", f"proposed in {waiting[subject].file}"))
        else:
            open_.append(one)
    return open_, left


def discovered(
    left: Sequence[Organization],
    every: Sequence[Organization],
    companies: Sequence[Company],
    known: Known,
    given: Sequence[Candidates],
    least: int,
) -> list[Candidates]:
    """What is found of each organization. What is sure helps to find the others: they may share a name with it."""
    peers, found = Peers(every), list(given)
    first = _pass(left, every, companies, known, found, peers, least)
    sure = [one for one in first if one.sure]
    again = [one.organization for one in first if not one.sure]
    return [*sure, *_pass(again, every, companies, known, [*found, *sure], peers, least)]


def _pass(
    left: Sequence[Organization],
    every: Sequence[Organization],
    companies: Sequence[Company],
    known: Known,
    found: Sequence[Candidates],
    peers: Peers,
    least: int,
) -> list[Candidates]:
    pool = Companies(companies, _aliases(every, known.clients, found))
    return [candidates(one, pool, peers, least) for one in left]


def _aliases(
    every: Iterable[Organization], clients: Iterable[Standing], found: Iterable[Candidates]
) -> Mapping[CompanyKey, Sequence[Alias]]:
    """What each company is known by besides its own name: the organizations that it has already."""
    by_subject = {subject_of(one): one for one in every}
    aliases: dict[CompanyKey, list[Alias]] = defaultdict(list)
    for client in clients:
        for source, id_ in client.organizations.items():
            aliases[client.company].append(
                _alias(by_subject.get(Subject(source, id_)) or Organization(source, id_, ""))
            )
    for match in found:
        if match.sure:
            aliases[match.found[0].key].append(_alias(match.organization))
    return aliases


def _alias(organization: Organization) -> Alias:
    return Alias(organization.source, organization.id, organization.name or "", own_domain(organization.domains))


def one_each(matches: Iterable[Candidates], clients: Iterable[Standing]) -> list[Candidates]:
    """The matches, none of which is sure where a company would have two organizations of one source."""
    matches = list(matches)
    counts = Counter((one.found[0].key, one.organization.source) for one in matches if one.sure)
    counts.update((client.company, source) for client in clients for source in client.organizations)
    return [_unless_second(one, counts) for one in matches]


def _unless_second(one: Candidates, counts: Counter[tuple[CompanyKey, str]]) -> Candidates:
    if not one.sure or one.way is Way.PERSON or counts[one.found[0].key, one.organization.source] == 1:
        return one
    source = one.organization.source
    return replace(one, sure=False, why=f"the company has another organization of {source} as well")
