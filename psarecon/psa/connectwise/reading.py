"""Bulk reads of additions: companies, agreements and invoices side by side, then each mapped agreement's additions.

There is no list of additions across agreements, so one read a mapped agreement is the fewest there can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

from psarecon.domain.model import LineKey, Names, Observed, Remark, Severity
from psarecon.domain.plan import Change
from psarecon.domain.ports import State
from psarecon.errors import BadAnswer, NotFound, Refused, RemoteError
from psarecon.psa.connectwise.calls import addition_path
from psarecon.psa.connectwise.client import ConnectWiseClient
from psarecon.psa.connectwise.records import (
    CYCLES,
    Invoices,
    addition_remarks,
    agreement_remarks,
    money,
    number,
    sub,
    touched,
)
from psarecon.text import clean

_COMPANY_FIELDS = ("id", "name", "deletedFlag")
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
    "billingCycle",
    "nextInvoiceDate",
    "parentAgreement",
)
_ADDITION_FIELDS = (
    "id",
    "agreementId",
    "product",
    "quantity",
    "lessIncluded",
    "unitPrice",
    "unitCost",
    "billCustomer",
    "effectiveDate",
    "cancelledDate",
    "serialNumber",
    "_info",
)
_RECAP_FIELDS = ("id", "lastInvoiceDate", "nextInvoiceDate")
_CATALOG_FIELDS = ("id", "autoUpdateUnitCostFlag")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _World:
    """What the bulk reads brought, by id."""

    companies: Mapping[int, Record]
    agreements: Mapping[int, Record]
    recaps: Mapping[int, Record]
    additions: Mapping[int, Record]


class Reader:
    """Reads of one tenant. ``own_tags``: serial numbers, in lower case, that are nobody else's mark."""

    def __init__(self, client: ConnectWiseClient, *, invoices: Invoices, own_tags: frozenset[str]) -> None:
        self._client = client
        self._invoices = invoices
        self._own_tags = own_tags
        self._products: dict[LineKey, int] = {}

    def observe(self, lines: Sequence[LineKey], day: date) -> dict[LineKey, Observed]:
        """Each line as ConnectWise shows it on ``day``; absent when it does not. Raises RemoteError."""
        world = self._read_world([line for line in lines if line.id.isdigit()])
        return {
            line: self._observed(line, world, day)
            for line in lines
            if line.id.isdigit() and int(line.id) in world.additions
        }

    def _read_world(self, lines: Sequence[LineKey]) -> _World:
        if not lines:
            return _World({}, {}, {}, {})
        with ThreadPoolExecutor(max_workers=3) as pool:
            ids = ids_of(line.company for line in lines)
            companies = pool.submit(self._by_id, "company/companies", _COMPANY_FIELDS, ids)
            ids = ids_of(line.contract for line in lines)
            agreements = pool.submit(self._by_id, "finance/agreements", _AGREEMENT_FIELDS, ids)
            recaps = pool.submit(self._recaps)
            found = agreements.result()
            additions = additions_of(self._client, sorted(found), _ADDITION_FIELDS)
            return _World(companies.result(), found, recaps.result(), additions)

    def _by_id(self, path: str, fields: Sequence[str], ids: Sequence[int]) -> dict[int, Record]:
        return {int(record["id"]): record for record in self._client.by_ids(path, fields, ids)}

    def _recaps(self) -> dict[int, Record]:
        """The last and next invoice of every agreement; nothing where the API user may not read them.

        The agreement's own ``nextInvoiceDate`` then stands alone.
        """
        try:
            records = self._client.listing("finance/agreementrecap/", _RECAP_FIELDS)
        except Refused:
            return {}
        return {int(record["id"]): record for record in records}

    def _observed(self, line: LineKey, world: _World, day: date) -> Observed:
        addition = world.additions[int(line.id)]
        agreement = world.agreements[addition["agreementId"]]
        company = sub(agreement, "company", "id")
        self._products[line] = int(sub(addition, "product", "id") or 0)
        record = world.companies.get(company or 0)
        recap = world.recaps.get(addition["agreementId"], {})
        remarks = (
            *agreement_remarks(agreement, recap, day, self._invoices),
            *_company_remarks(record),
            *addition_remarks(addition, day, self._own_tags),
        )
        return Observed(
            line=LineKey(line.psa, str(company or line.company), str(addition["agreementId"]), line.id),
            names=Names(
                company=_name(record, "name") or sub(agreement, "company", "name"),
                contract=_name(agreement, "name"),
                line=sub(addition, "product", "identifier"),
            ),
            quantity=number(addition, "quantity"),
            unit_cost=money(addition, "unitCost"),
            unit_price=money(addition, "unitPrice"),
            months=CYCLES.get(str(sub(agreement, "billingCycle", "name") or "").lower(), 1),
            remarks=remarks,
            touched=touched(addition),
        )

    def catalog_remarks(self, lines: Sequence[LineKey]) -> dict[LineKey, Remark]:
        """Lines whose unit cost the catalog may overwrite by itself; only of lines observed before.

        What the flag does is told by its name alone, so it is a finding to look at, not a refusal.
        """
        products = {self._products[line] for line in lines if self._products.get(line)}
        records = self._by_id("procurement/catalog", _CATALOG_FIELDS, sorted(products))
        text = "the catalog updates the unit cost of this product by itself and may overwrite what is written here"
        remark = Remark("catalog-cost", Severity.LOOK, text)
        flagged = {number for number, record in records.items() if record.get("autoUpdateUnitCostFlag") is True}
        return {line: remark for line in lines if self._products.get(line) in flagged}

    def states(self, changes: Sequence[Change]) -> dict[str, State]:
        """Quantity and unit cost now: one request a line, side by side.

        Raises RemoteError for the first change; another that cannot be read is absent, it will be asked for again.
        """
        with ThreadPoolExecutor(max_workers=self._client.at_once) as pool:
            waiting = [(change, pool.submit(self._state, change)) for change in changes]
            found: dict[str, State] = {}
            for change, future in waiting:
                try:
                    state = future.result()
                except RemoteError:
                    if change is changes[0]:
                        raise
                    continue
                if state is not None:
                    found[change.id] = state
            return found

    def _state(self, change: Change) -> State | None:
        """The line now, None when it is gone. Raises BadAnswer when it bills another product than planned."""
        try:
            addition = self._client.record(addition_path(change.line))
        except NotFound:
            return None
        product, quantity = sub(addition, "product", "identifier"), number(addition, "quantity")
        if product != change.names[2]:
            said = f"addition {change.line.id} bills {clean(str(product), 60)!r} now, planned was {change.names[2]!r}"
            raise BadAnswer(said, hint="plan again")
        return None if quantity is None else State(quantity, money(addition, "unitCost"))


def additions_of(client: ConnectWiseClient, agreements: Sequence[int], fields: Sequence[str]) -> dict[int, Record]:
    """The additions of each agreement, by id, with ``agreementId``: one request an agreement, side by side.

    An agreement that went away since the list of agreements was read has none. Raises RemoteError.
    """

    def of(agreement: int) -> list[Record]:
        try:
            records = client.listing(f"finance/agreements/{agreement}/additions", fields)
        except NotFound:
            return []
        return [{**record, "agreementId": agreement} for record in records]

    with ThreadPoolExecutor(max_workers=client.at_once) as pool:
        return {int(record["id"]): record for record in chain.from_iterable(pool.map(of, agreements))}


def _company_remarks(record: Record | None) -> Iterable[Remark]:
    if record is not None and record.get("deletedFlag") is True:
        yield Remark("company-deleted", Severity.LOOK, "its company is deleted in the PSA")


def ids_of(texts: Iterable[str]) -> list[int]:
    """The numbers among ids of a mapping, each once; no other text is an id of ConnectWise."""
    return sorted({int(text) for text in texts if text.isdigit()})


def _name(record: Record | None, field: str) -> str | None:
    value = None if record is None else record.get(field)
    return value if isinstance(value, str) else None
