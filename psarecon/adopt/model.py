"""What was found of each organization before anybody decides: candidates with scores and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from psarecon.domain.adoption import CompanyKey, Subject
from psarecon.domain.directory import Company, Organization


class Way(StrEnum):
    """How an organization came to its company."""

    VENDOR = "vendor's mapping"
    TABLE = "table"
    ID = "id"
    DOMAIN = "domain"
    NAME = "name"
    PERSON = "decision"


@dataclass(frozen=True, slots=True)
class Asked:
    """The line that a vendor's mapping or a table names beside the company; ids as texts, empty where there is none.

    ``tickets`` says that it names a company and, on purpose, no line. ``product`` is empty where it is not named.
    """

    contract: str = ""
    contract_name: str = ""
    line: str = ""
    line_name: str = ""
    non_billable: int = 0
    tickets: bool = False
    product: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A company that is perhaps the organization's: ``score`` from 0 to 100, ``reasons`` in words, ``notes`` what else
    is to be written beside it."""

    company: Company
    score: int
    reasons: tuple[str, ...]
    asked: Asked | None = None
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> CompanyKey:
        """Which company it is."""
        return CompanyKey(self.company.psa, self.company.id)


@dataclass(frozen=True, slots=True)
class Candidates:
    """An organization and its counterparts, best first. ``sure``: the first is right by the rules of
    ``psarecon.adopt.companies``; else ``why`` says what is in doubt, or why there is none."""

    organization: Organization
    way: Way
    sure: bool
    found: tuple[Candidate, ...]
    why: str = ""

    @property
    def subject(self) -> Subject:
        """Which organization it is."""
        return subject_of(self.organization)


def subject_of(organization: Organization) -> Subject:
    """The organization's key."""
    return Subject(organization.source, organization.id)


def key_of(company: Company) -> CompanyKey:
    """The company's key."""
    return CompanyKey(company.psa, company.id)


def told(text: str | None) -> str:
    """A name in quotes, or that there is none."""
    return f'"{text}"' if text else "(without a name)"
