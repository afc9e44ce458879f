"""What there is to map in a tenant: companies, and the additions of their agreements.

Every field relied on is in ``docs/vendors/connectwise.md``, "Companies and what they buy".
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from psarecon.domain.addresses import web_domain
from psarecon.domain.directory import Company, Offer
from psarecon.domain.model import LineKey, Names
from psarecon.psa.connectwise.client import ConnectWiseClient
from psarecon.psa.connectwise.reading import additions_of, ids_of
from psarecon.psa.connectwise.records import Record, cancelled, money, number, over, sub

_COMPANY_FIELDS = ("id", "identifier", "name", "status", "types", "website", "deletedFlag")
_AGREEMENT_FIELDS = (
    "id",
    "name",
    "company",
    "agreementStatus",
    "startDate",
    "endDate",
    "noEndingDateFlag",
    "cancelledFlag",
    "dateCancelled",
)
_ADDITION_FIELDS = (
    "id",
    "product",
    "description",
    "invoiceDescription",
    "quantity",
    "unitPrice",
    "unitCost",
    "cancelledDate",
)


class Listing:
    """Reads of one tenant, known in the settings as ``psa``."""

    def __init__(self, psa: str, client: ConnectWiseClient) -> None:
        self._psa = psa
        self._client = client

    def companies(self) -> list[Company]:
        """All of them, a thousand a request, deleted ones too where the API lists them. Raises RemoteError."""
        records = self._client.listing("company/companies", _COMPANY_FIELDS)
        return [_company(self._psa, record) for record in sorted(records, key=lambda record: int(record["id"]))]

    def offers(self, companies: Collection[str], day: date) -> list[Offer]:
        """The additions, not cancelled, of their agreements that have not ended. Raises RemoteError.

        As many companies a request as a URL holds, then one request an agreement, side by side.
        """
        records = self._client.by_ids("finance/agreements", _AGREEMENT_FIELDS, ids_of(companies), "company/id")
        agreements = {int(record["id"]): record for record in records if not over(record, day)}
        additions = additions_of(self._client, sorted(agreements), _ADDITION_FIELDS).values()
        found = [_offer(self._psa, agreements[one["agreementId"]], one) for one in additions if not cancelled(one, day)]
        return sorted(found, key=_in_order)


def _company(psa: str, record: Record) -> Company:
    kinds = record.get("types")
    names = (kind.get("name") for kind in kinds if isinstance(kind, dict)) if isinstance(kinds, list) else ()
    status = _text(sub(record, "status", "name"))
    return Company(
        psa=psa,
        id=str(record["id"]),
        name=_text(record.get("name")),
        number=_text(record.get("identifier")),
        types=tuple(filter(None, map(_text, names))),
        domain=web_domain(_text(record.get("website"))),
        active=record.get("deletedFlag") is not True and status.lower() != "inactive",
    )


def _offer(psa: str, agreement: Record, addition: Record) -> Offer:
    company, product = sub(agreement, "company", "id"), _text(sub(addition, "product", "identifier"))
    texts = (product, _text(addition.get("description")), _text(addition.get("invoiceDescription")))
    return Offer(
        line=LineKey(psa, str(company), str(agreement["id"]), str(addition["id"])),
        names=Names(_text(sub(agreement, "company", "name")), _text(agreement.get("name")), product),
        words=tuple(dict.fromkeys(filter(None, texts))),
        quantity=number(addition, "quantity"),
        unit_cost=money(addition, "unitCost"),
        unit_price=money(addition, "unitPrice"),
    )


def _in_order(offer: Offer) -> tuple[int, int, int]:
    line = offer.line
    return int(line.company), int(line.contract), int(line.id)


def _text(value: object) -> str:
    """Empty where it is not set."""
    return value if isinstance(value, str) else ""
