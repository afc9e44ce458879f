"""What there is to map, read through the ports: organizations, their domains, vendors' mappings, companies, lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

from psarecon.domain.adoption import CompanyKey
from psarecon.domain.directory import Company, Mapped, Offer, Organization
from psarecon.domain.model import Reading
from psarecon.domain.ports import Directory, KeepsMappings, KnowsDomains, Source
from psarecon.errors import Refused, RemoteError

Say = Callable[[str], None]


def organizations_of(name: str, source: Source, now: datetime) -> list[Organization]:
    """Every organization the source lists, by id. Raises RemoteError when nothing could be read."""
    found: dict[str, Organization] = {}
    for reading in source.read((), now):
        found[reading.organization] = _joined(found.get(reading.organization), name, reading)
    return [found[id_] for id_ in sorted(found)]


def _joined(before: Organization | None, name: str, reading: Reading) -> Organization:
    """One organization of several readings: the highest count, the first name."""
    if before is None:
        return Organization(name, reading.organization, reading.name, reading.count)
    counts = [count for count in (before.users, reading.count) if count is not None]
    return replace(before, name=before.name or reading.name, users=max(counts, default=None))


def with_domains(organizations: Iterable[Organization], sources: Mapping[str, Source], say: Say) -> list[Organization]:
    """The organizations with the domains of their users, where the source can tell; where not, that is said."""
    organizations = list(organizations)
    domains: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, source in sorted(sources.items()):
        asked = [one.id for one in organizations if one.source == name]
        if asked and isinstance(source, KnowsDomains):
            domains |= {(name, id_): found for id_, found in _domains(name, source, asked, say).items()}
    return [replace(one, domains=domains.get((one.source, one.id), ())) for one in organizations]


def _domains(name: str, source: KnowsDomains, asked: Collection[str], say: Say) -> dict[str, tuple[str, ...]]:
    try:
        return {id_: tuple(found) for id_, found in source.domains(asked).items()}
    except RemoteError as error:
        say(f"{name}: the domains of users could not be read, so names alone count: {error}")
        return {}


def mapped_by(name: str, source: Source, say: Say) -> list[Mapped]:
    """The mapping that the source's vendor keeps; none where it keeps none, or may not be asked, which is said.

    Raises RemoteError where it could not be read.
    """
    if not isinstance(source, KeepsMappings):
        return []
    try:
        return list(source.mapped())
    except Refused as error:
        say(f"{name}: the vendor's own mapping may not be read with this key: {error}")
        return []


def companies_of(psas: Mapping[str, object], say: Say) -> dict[CompanyKey, Company]:
    """Every company of the PSAs that can list them. Raises RemoteError."""
    found: dict[CompanyKey, Company] = {}
    for name, psa in sorted(psas.items()):
        if isinstance(psa, Directory):
            found |= {CompanyKey(name, one.id): one for one in psa.companies()}
        else:
            say(f"{name}: this PSA cannot list its companies, so nothing can be matched with it")
    return found


def offers_of(
    psas: Mapping[str, object], companies: Mapping[str, Collection[str]], day: date
) -> dict[CompanyKey, list[Offer]]:
    """The lines of the companies, ids by PSA. Raises RemoteError."""
    found: dict[CompanyKey, list[Offer]] = {}
    for name, ids in sorted(companies.items()):
        psa = psas.get(name)
        if ids and isinstance(psa, Directory):
            for offer in psa.offers(sorted(ids), day):
                found.setdefault(CompanyKey(name, offer.line.company), []).append(offer)
    return found
