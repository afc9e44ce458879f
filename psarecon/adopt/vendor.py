"""A vendor's own mapping as candidates: its ids are read again, and what does not agree is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from psarecon.adopt.model import Asked, Candidate, Candidates, Way, told
from psarecon.domain.adoption import CompanyKey, Subject
from psarecon.domain.directory import Company, Mapped, Organization


@dataclass(slots=True)
class Taken:
    """What became of a vendor's mapping: ``matched`` organizations; ``notes`` on others, which are left to be looked
    for; ``gone`` organizations, that the source does not list any more, with why."""

    matched: list[Candidates] = field(default_factory=list)
    notes: dict[Subject, str] = field(default_factory=dict)
    gone: list[tuple[Organization, str]] = field(default_factory=list)


def taken_over(
    source: str,
    mapped: Iterable[Mapped],
    organizations: Mapping[str, Organization],
    companies: Mapping[CompanyKey, Company],
    psas: Mapping[str, str],
) -> Taken:
    """The source's mapping, held against what there is. ``organizations`` are the source's by id, ``psas`` names of
    PSAs in the settings by their type."""
    found = Taken()
    for one in sorted(mapped, key=lambda one: (one.organization_name, one.organization)):
        _take(found, source, one, organizations, companies, psas)
    counts = Counter(match.found[0].key for match in found.matched)
    found.matched = [_unless_shared(match, counts[match.found[0].key]) for match in found.matched]
    return found


def _take(
    found: Taken,
    source: str,
    one: Mapped,
    organizations: Mapping[str, Organization],
    companies: Mapping[CompanyKey, Company],
    psas: Mapping[str, str],
) -> None:
    organization = organizations.get(one.organization)
    if organization is None:
        why = f"{source} still maps it to company {one.company} {told(one.company_name)}, but does not list it any more"
        found.gone.append((Organization(source, one.organization, one.organization_name or None), why))
        return
    psa = psas.get(one.psa_type)
    company = companies.get(CompanyKey(psa or "", one.company))
    if psa is None or company is None or not company.active:
        found.notes[Subject(source, organization.id)] = _not_usable(source, one, psa, company)
        return
    found.matched.append(_match(source, one, organization, company))


def _not_usable(source: str, one: Mapped, psa: str | None, company: Company | None) -> str:
    where = f"{source} maps it to company {one.company} {told(one.company_name)} of {psa or one.psa_type}"
    if psa is None:
        return f"{where}, and the settings do not say which PSA that is"
    return f"{where}, which is {'not there any more' if company is None else 'not active'}"


def _match(source: str, one: Mapped, organization: Organization, company: Company) -> Candidates:
    asked = Asked(
        one.contract, one.contract_name, one.line, one.line_name, max(one.non_billable, 0), tickets=not one.line
    )
    reasons = (f"{source}'s own mapping",)
    return Candidates(
        organization, Way.VENDOR, True, (Candidate(company, 100, reasons, asked, _notes(source, one, company)),)
    )


def _notes(source: str, one: Mapped, company: Company) -> tuple[str, ...]:
    notes = []
    if one.synced:
        notes.append(f"last sync of {source}'s own integration: {one.synced}")
    if one.company_name and one.company_name != company.name:
        notes.append(f"{source} calls the company {told(one.company_name)}")
    if not one.line:
        notes.append(f"{source} maps it for tickets only, so no line is kept")
    return tuple(notes)


def _unless_shared(match: Candidates, count: int) -> Candidates:
    """Two organizations of one company would map one line twice: a person says which."""
    if count == 1:
        return match
    source = match.organization.source
    return replace(match, sure=False, why=f"{source} maps {count} organizations to this company")
