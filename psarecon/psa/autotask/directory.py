"""What there is to map in a tenant: companies, and the services of their recurring contracts.

Every field relied on is in ``docs/vendors/autotask.md``, "Companies and what they buy".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from psarecon.domain.addresses import web_domain
from psarecon.domain.directory import Company, Offer
from psarecon.domain.model import LineKey, Names
from psarecon.psa.autotask.client import AutotaskClient
from psarecon.psa.autotask.reading import RECURRING, Reader, ids_of, money

_COMPANY_FIELDS = ("id", "companyName", "companyNumber", "companyType", "webAddress", "isActive")
_CONTRACT_FIELDS = ("id", "companyID", "contractName")
_LINE_FIELDS = ("id", "contractID", "serviceID", "unitPrice", "unitCost")
_SERVICE_FIELDS = ("id", "name", "description")
#: Where the picklist has no status of that name.
_ACTIVE = 1

Record = dict[str, Any]


class Listing:
    """Reads of one tenant, known in the settings as ``psa``."""

    def __init__(self, psa: str, client: AutotaskClient, reader: Reader) -> None:
        self._psa = psa
        self._client = client
        self._reader = reader
        self._names: dict[int, str] = {}
        self._status: int | None = None

    def companies(self) -> list[Company]:
        """All of them, 500 a request, and one request for the labels of their types. Raises RemoteError."""
        self._client.connect()
        with ThreadPoolExecutor(max_workers=2) as pool:
            labels = pool.submit(self._client.labels, "Companies", "companyType")
            # The MSP's own company has the id 0.
            records = self._client.query("Companies", _COMPANY_FIELDS, [{"op": "gte", "field": "id", "value": 0}])
            types = labels.result()
        self._names |= _names(records)
        return [_company(self._psa, record, types) for record in sorted(records, key=_id)]

    def offers(self, companies: Collection[str], day: date) -> list[Offer]:
        """The services of their active contracts that have not ended. Raises RemoteError.

        One request for 500 companies, 500 contracts, 500 services and their units each, and one for what the
        statuses are called. The names of companies are asked for where ``companies()`` has not brought them.
        """
        wanted = ids_of(companies)
        if not wanted:
            return []
        self._client.connect()
        with ThreadPoolExecutor(max_workers=2) as pool:
            named = pool.submit(self._learn, wanted)
            contracts = {_id(record): record for record in self._contracts(wanted, day)}
            lines = self._client.among("ContractServices", _LINE_FIELDS, "contractID", sorted(contracts))
            named.result()
            return self._offered(contracts, lines, day)

    def _learn(self, companies: Sequence[int]) -> None:
        unknown = [number for number in companies if number not in self._names]
        self._names |= _names(self._client.among("Companies", ("id", "companyName"), "id", unknown))

    def _active(self) -> int:
        """The number of the status Active, by the tenant's own picklist; read once."""
        if self._status is None:
            labels = self._client.labels("Contracts", "status")
            self._status = next((number for number, label in labels.items() if label.lower() == "active"), _ACTIVE)
        return self._status

    def _contracts(self, companies: Sequence[int], day: date) -> list[Record]:
        conditions: list[Record] = [
            {"op": "eq", "field": "contractType", "value": RECURRING},
            {"op": "eq", "field": "status", "value": self._active()},
            {"op": "gte", "field": "endDate", "value": day.isoformat()},
        ]
        return self._client.among("Contracts", _CONTRACT_FIELDS, "companyID", companies, conditions)

    def _offered(self, contracts: Mapping[int, Record], lines: Sequence[Record], day: date) -> list[Offer]:
        keyed = {_key(self._psa, contracts[int(record["contractID"])], record): record for record in lines}
        with ThreadPoolExecutor(max_workers=2) as pool:
            rows = pool.submit(self._reader.in_force, list(keyed), day)
            sold = sorted({int(record["serviceID"]) for record in lines})
            catalogue = {_id(one): one for one in self._client.among("Services", _SERVICE_FIELDS, "id", sold)}
            units = {number: row.units for number, row in rows.result().items()}

        def offer(key: LineKey, record: Record) -> Offer:
            contract, service = contracts[int(key.contract)], catalogue.get(int(record["serviceID"]), {})
            names = Names(self._names.get(int(key.company)), _text(contract, "contractName"), service.get("name"))
            cost, price = money(record.get("unitCost")), money(record.get("unitPrice"))
            return Offer(key, names, tuple(_words(service)), units.get(int(key.id)), cost, price)

        return [offer(key, keyed[key]) for key in sorted(keyed, key=_in_order)]


def _company(psa: str, record: Record, types: Mapping[int, str]) -> Company:
    kind = types.get(int(record.get("companyType") or 0))
    return Company(
        psa=psa,
        id=str(record["id"]),
        name=_text(record, "companyName"),
        number=_text(record, "companyNumber"),
        types=() if kind is None else (kind,),
        domain=web_domain(_text(record, "webAddress")),
        active=record.get("isActive") is not False,
    )


def _words(service: Record) -> list[str]:
    """What the service is called and how it is described, each once."""
    return list(dict.fromkeys(text for text in (_text(service, "name"), _text(service, "description")) if text))


def _key(psa: str, contract: Record, line: Record) -> LineKey:
    return LineKey(psa, str(contract["companyID"]), str(contract["id"]), str(line["id"]))


def _in_order(key: LineKey) -> tuple[int, int, int]:
    return int(key.company), int(key.contract), int(key.id)


def _names(records: Iterable[Record]) -> dict[int, str]:
    return {_id(record): _text(record, "companyName") for record in records}


def _id(record: Record) -> int:
    return int(record["id"])


def _text(record: Record, field: str) -> str:
    """Empty where it is not set."""
    value = record.get(field)
    return value if isinstance(value, str) else ""
