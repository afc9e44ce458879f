"""What a source and a PSA list before there is a mapping: organizations, companies, lines that could be kept.

Pure data, for ``import``, ``coverage`` and ``doctor``. Ids are opaque strings, as in ``psarecon.domain.model``; names
are as the vendor has them and must be made harmless before they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from psarecon.domain.model import LineKey, Names


@dataclass(frozen=True, slots=True, order=True)
class Organization:
    """A client as a source knows it. ``users`` None: not counted; ``domains``: of its users' addresses, in lower case,
    the most frequent first, empty where the source does not tell."""

    source: str
    id: str
    name: str | None
    users: int | None = None
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Company:
    """A client as a PSA knows it, in the PSA named ``psa`` in the settings.

    ``number`` is the text people keep for it beside its id (Autotask's company number, ConnectWise's identifier),
    ``types`` what kind of company it is, in the PSA's words, ``domain`` that of its web site, in lower case without
    ``www.``; empty where the PSA does not tell. ``active`` False: kept for the record only.
    """

    psa: str
    id: str
    name: str
    number: str = ""
    types: tuple[str, ...] = ()
    domain: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Offer:
    """A line that a mapping could name: on an active recurring contract, billing today or later.

    ``words`` are the texts that say what it sells, as the PSA has them: a service's name, a product's identifier and
    description. Figures are None where they are hidden or there are none.
    """

    line: LineKey
    names: Names
    words: tuple[str, ...]
    quantity: Decimal | None = None
    unit_cost: Decimal | None = None
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping that a vendor's own PSA integration keeps, of one organization to a company and perhaps a line.

    Ids are texts as the vendor has them, empty where there is none; without ``line`` the organization is mapped for
    tickets only. ``psa_type`` is the type of the PSA's adapter; ``synced`` what the vendor says of its last writing,
    opaque words.
    """

    psa_type: str
    organization: str
    organization_name: str
    company: str
    company_name: str
    contract: str = ""
    contract_name: str = ""
    line: str = ""
    line_name: str = ""
    non_billable: int = 0
    synced: str = ""
