"""Bulk reads of contract services: four queries side by side, 500 ids a request.

Companies, contracts, contract services and unit rows are asked for by the mapping's ids, the catalogue's services
by what comes back; periods after the current one only for the lines that need them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from psarecon.domain.model import LineKey, Names, Observed, Period, Remark, Severity
from psarecon.domain.money import CENT
from psarecon.domain.plan import Change
from psarecon.domain.ports import State
from psarecon.psa.autotask.client import AutotaskClient
from psarecon.psa.autotask.rows import Cycle, UnitRow, day_of, in_force, needs_neighbours, periods

#: The one type of contract that has services.
RECURRING = 7
_INACTIVE = 0
#: Months of a period by the picklist's label; the numbers behind the labels are read from the tenant.
_MONTHS = {"monthly": 1, "quarterly": 3, "semi-annual": 6, "semi-annually": 6, "yearly": 12, "annual": 12}
_UNIT_FIELDS = ("id", "contractID", "contractServiceID", "startDate", "endDate", "units", "cost", "approveAndPostDate")
_SERVICE_FIELDS = ("id", "contractID", "serviceID", "unitPrice", "unitCost")
_CONTRACT_FIELDS = (
    "id",
    "companyID",
    "contractName",
    "contractType",
    "contractPeriodType",
    "status",
    "startDate",
    "endDate",
)
#: How far ahead of the current period later ones are read: enough for a tenant that posts in advance.
_PERIODS_AHEAD = 3
_LONGEST_MONTH = 31

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _World:
    """What the bulk reads brought, by id."""

    companies: Mapping[int, Record]
    contracts: Mapping[int, Record]
    services: Mapping[int, Record]
    catalogue: Mapping[int, Record]
    rows: Mapping[int, list[UnitRow]]


class Reader:
    """Reads of one tenant. ``units_by_contract`` and ``cost_from_periods`` switch two unproven choices."""

    def __init__(self, client: AutotaskClient, *, units_by_contract: bool, cost_from_periods: bool) -> None:
        self._client = client
        self._units_by_contract = units_by_contract
        self._cost_from_periods = cost_from_periods
        self._cycles: Mapping[int, int] | None = None

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool) -> dict[LineKey, Observed]:
        """Each line as Autotask shows it on ``day``; absent when it does not. Raises RemoteError."""
        self._client.connect()
        numbered = {line: int(line.id) for line in lines if line.id.isdigit()}
        world = self._read_world(list(numbered), day)
        found = {
            line: self._observed(line, world, day) for line, number in numbered.items() if number in world.services
        }
        torn = [line for line in found if following or self._torn(world, int(line.id))]
        if torn:
            found.update(self._with_neighbours(torn, found, world, day))
        return found

    def _read_world(self, lines: Sequence[LineKey], day: date) -> _World:
        if not lines:
            return _World({}, {}, {}, {}, {})
        with ThreadPoolExecutor(max_workers=8) as pool:
            companies = pool.submit(
                self._by_id, "Companies", ("id", "companyName"), ids_of(line.company for line in lines)
            )
            contracts = pool.submit(self._by_id, "Contracts", _CONTRACT_FIELDS, ids_of(line.contract for line in lines))
            services = pool.submit(self._by_id, "ContractServices", _SERVICE_FIELDS, ids_of(line.id for line in lines))
            rows = pool.submit(self._rows, lines, day, day)
            cycles = pool.submit(self._read_cycles)
            found = services.result()
            wanted = sorted({int(one["serviceID"]) for one in found.values()})
            catalogue = self._by_id("Services", ("id", "name"), wanted)
            cycles.result()
            return _World(companies.result(), contracts.result(), found, catalogue, rows.result())

    def _by_id(self, entity: str, fields: Sequence[str], ids: Sequence[int]) -> dict[int, Record]:
        return {int(record["id"]): record for record in self._client.among(entity, fields, "id", ids)}

    def in_force(self, lines: Sequence[LineKey], day: date) -> dict[int, UnitRow]:
        """The unit row that counts on ``day``, by contract service; none for a line that does not bill then."""
        found = ((number, in_force(rows, day)) for number, rows in self._rows(lines, day, day).items())
        return {number: row for number, row in found if row is not None}

    def _rows(self, lines: Sequence[LineKey], first: date, last: date) -> dict[int, list[UnitRow]]:
        """Unit rows that touch the days from ``first`` to ``last``, by contract service."""
        window = [
            {"op": "lte", "field": "startDate", "value": last.isoformat()},
            {"op": "gte", "field": "endDate", "value": first.isoformat()},
        ]
        key = "contractID" if self._units_by_contract else "contractServiceID"
        ids = ids_of(line.contract if self._units_by_contract else line.id for line in lines)
        found: dict[int, list[UnitRow]] = {}
        for record in self._client.among("ContractServiceUnits", _UNIT_FIELDS, key, ids, window):
            found.setdefault(int(record["contractServiceID"]), []).append(UnitRow.read(record))
        return found

    def _read_cycles(self) -> Mapping[int, int]:
        """Months of each contractPeriodType, by the tenant's own picklist; read once."""
        if self._cycles is None:
            labels = self._client.labels("Contracts", "contractPeriodType")
            months = {number: _MONTHS.get(label.lower()) for number, label in labels.items()}
            self._cycles = {number: length for number, length in months.items() if length is not None}
        return self._cycles

    def _cycle(self, contract: Record | None, row: UnitRow) -> Cycle:
        """The contract's cycle; a period of its own where the contract does not tell."""
        months = (self._cycles or {}).get(int(contract.get("contractPeriodType") or 0)) if contract else None
        if contract is None or months is None or not contract.get("startDate"):
            return Cycle(row.first, 1)
        return Cycle(day_of(contract["startDate"]), months)

    def _torn(self, world: _World, service: int) -> bool:
        rows = world.rows.get(service, [])
        contract = world.contracts.get(int(world.services[service]["contractID"]))
        return any(needs_neighbours(row, self._cycle(contract, row)) for row in rows)

    def _with_neighbours(
        self, lines: Sequence[LineKey], found: Mapping[LineKey, Observed], world: _World, day: date
    ) -> dict[LineKey, Observed]:
        """The lines again, with the rows of the periods around the day."""
        spans = [self._around(found[line], day) for line in lines]
        rows = self._rows(lines, min(first for first, _ in spans), max(last for _, last in spans))
        wider = replace(world, rows={**world.rows, **rows})
        return {line: replace(self._observed(line, wider, day), following=True) for line in lines}

    def _around(self, observed: Observed, day: date) -> tuple[date, date]:
        """From before the current period to some periods after it."""
        reach = timedelta(days=_LONGEST_MONTH * observed.months)
        return day - reach - timedelta(days=1), day + reach * _PERIODS_AHEAD

    def _observed(self, line: LineKey, world: _World, day: date) -> Observed:
        service = world.services[int(line.id)]
        contract = world.contracts.get(int(service["contractID"]))
        company = None if contract is None else int(contract["companyID"])
        rows = world.rows.get(int(line.id), [])
        row = in_force(rows, day)
        cost = money(service.get("unitCost"))
        found, months = ((), 1) if row is None else self._billed(rows, row, contract, day, cost)
        return Observed(
            line=LineKey(line.psa, _text(company, line.company), str(service["contractID"]), line.id),
            names=self._names(service, contract, company, world),
            quantity=None if row is None else row.units,
            unit_cost=cost,
            unit_price=money(service.get("unitPrice")),
            periods=found,
            months=months,
            remarks=tuple(_remarks(contract, billing=row is not None)),
        )

    def _billed(
        self, rows: Sequence[UnitRow], row: UnitRow, contract: Record | None, day: date, unit_cost: Decimal | None
    ) -> tuple[tuple[Period, ...], int]:
        """The periods of a line that bills, and how many months each has."""
        cycle = self._cycle(contract, row)
        found = periods(rows, cycle, day, unit_cost)
        if self._cost_from_periods:
            found = (replace(found[0], unit_cost=_row_cost(row, found[0], unit_cost)), *found[1:])
        return found, cycle.months

    def _names(self, service: Record, contract: Record | None, company: int | None, world: _World) -> Names:
        record = None if company is None else world.companies.get(company)
        product = world.catalogue.get(int(service["serviceID"]))
        return Names(
            company=_named(record, "companyName"),
            contract=_named(contract, "contractName"),
            line=_named(product, "name"),
        )

    def states(self, changes: Sequence[Change]) -> dict[str, State]:
        """Units, and costs where a change has one, of a few lines: at most two requests."""
        days = [change.measured_on for change in changes if change.measured_on]
        lines = [change.line for change in changes]
        rows = self._rows(lines, min(days), max(days))
        costs = self._costs([change.line for change in changes if change.unit_cost])
        found = {}
        for change in changes:
            row = in_force(rows.get(int(change.line.id), []), change.measured_on) if change.measured_on else None
            if row is not None:
                found[change.id] = State(row.units, self._cost_now(change, row, costs))
        return found

    def _costs(self, lines: Sequence[LineKey]) -> dict[int, Decimal | None]:
        if not lines:
            return {}
        records = self._by_id("ContractServices", _SERVICE_FIELDS, ids_of(line.id for line in lines))
        return {number: money(record.get("unitCost")) for number, record in records.items()}

    def prices(self, lines: Sequence[LineKey]) -> dict[str, Decimal | None]:
        """The unit price of each line, by its id; nothing is asked where there is no line."""
        records = self._by_id("ContractServices", _SERVICE_FIELDS, ids_of(line.id for line in lines)) if lines else {}
        return {str(number): money(record.get("unitPrice")) for number, record in records.items()}

    def _cost_now(self, change: Change, row: UnitRow, costs: Mapping[int, Decimal | None]) -> Decimal | None:
        """The line's unit cost; of a period ahead, and where the settings say so, from the row's amount."""
        cost = costs.get(int(change.line.id))
        if change.unit_cost is None:
            return None
        by_row = change.ahead or self._cost_from_periods
        whole = row.first == change.effective_date and row.cost is not None and row.units
        return row.cost / row.units if by_row and whole and row.cost is not None else cost


def _row_cost(row: UnitRow, period: Period, unit_cost: Decimal | None) -> Decimal | None:
    whole = (row.first, row.last) == (period.first, period.last) and row.units
    return row.cost / row.units if whole and row.cost is not None else unit_cost


def _remarks(contract: Record | None, *, billing: bool) -> Iterator[Remark]:
    if contract is None:
        yield Remark("contract-missing", Severity.BLOCK, "its contract is not in the PSA, or hidden from the API user")
        return
    if contract.get("contractType") != RECURRING:
        yield Remark("contract-type", Severity.BLOCK, "the contract is not of type Recurring Service")
    if contract.get("status") == _INACTIVE and billing:
        text = "the contract is inactive, which does not stop its billing: only its end date does"
        yield Remark("contract-inactive", Severity.LOOK, text)


def ids_of(texts: Iterable[str]) -> list[int]:
    """The numbers among ids of a mapping, each once; no other text is an id of Autotask."""
    return sorted({int(text) for text in texts if text.isdigit()})


def _named(record: Record | None, field: str) -> str | None:
    return None if record is None else str(record.get(field))


def _text(number: int | None, fallback: str) -> str:
    """The company's id as text; 0 is a real one."""
    return fallback if number is None else str(number)


def money(number: int | Decimal | None) -> Decimal | None:
    """An amount with at least two decimals, however few the server writes."""
    if number is None:
        return None
    amount = Decimal(number)
    in_cents = amount.quantize(CENT)
    return in_cents if in_cents == amount else amount
