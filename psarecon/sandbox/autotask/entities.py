"""The entities that can be queried, and where their records come from. Every stream is in order of id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from psarecon.sandbox import money
from psarecon.sandbox.autotask import fields as wire_fields
from psarecon.sandbox.autotask import lines as stored
from psarecon.sandbox.autotask.fields import Field, wire
from psarecon.sandbox.autotask.query import Query
from psarecon.sandbox.context import Context
from psarecon.sandbox.world import chunks, marks

Record = dict[str, Any]
Stream = Callable[[Context, Query, int], Iterator[Record]]
_LINES_AT_ONCE = 500
_DAY = "T00:00:00Z"


class Entity(NamedTuple):
    """One entity: wire name, singular name, fields, stream (None: not queryable), table for updates, what it allows."""

    name: str
    singular: str
    fields: tuple[Field, ...]
    by_name: dict[str, Field]
    stream: Stream | None
    table: str | None = None
    can_create: bool = False
    can_update: bool = False
    has_udfs: bool = False


def _table(table: str, fields: tuple[Field, ...]) -> Stream:
    """A stream of a table's rows."""
    columns = ", ".join(field.column for field in fields)

    def stream(context: Context, query: Query, after: int) -> Iterator[Record]:
        where, values = _demands(query, fields)
        sql = f"SELECT {columns} FROM {table} WHERE id > ? {where} ORDER BY id"  # noqa: S608  # only our own names are put in
        for row in context.world.db.execute(sql, [after, *values]):
            yield {field.name: wire(field, value) for field, value in zip(fields, row, strict=True)}

    return stream


def _demands(query: Query, fields: Sequence[Field]) -> tuple[str, list[Any]]:
    """The demanded whole numbers as SQL, so that the indexes serve."""
    where, values = "", []
    for field in fields:
        wanted = query.values.get(field.name)
        if wanted is not None and field.kind in {"long", "integer"} and field.column.isidentifier():
            where += f" AND {field.column} IN ({marks(list(wanted))})"
            values += sorted(wanted)
    return where, values


def _lines(context: Context, query: Query, after_line: int) -> Iterator[list[stored.Line]]:
    """The candidate lines of a query on something that belongs to lines, in order of id, many at once."""
    where, values = "s.id >= ?", [after_line]
    columns = {"contractServiceID": "s.id", "contractID": "s.contract_id", "serviceID": "s.service_id"}
    for name, column in columns.items():
        wanted = query.values.get(name)
        if wanted is not None:
            where += f" AND {column} IN ({marks(list(wanted))})"
            values += sorted(wanted)
    return chunks(stored.lines(context.world, where, values), _LINES_AT_ONCE)


def _contract_services(context: Context, query: Query, after: int) -> Iterator[Record]:
    if "id" in query.values:
        query.demand("contractServiceID", query.values["id"])
    today = context.world.today.isoformat()
    at_once = context.rules.text("cost_flips") == "at_once"
    for chunk in _lines(context, query, after + 1):
        changes = stored.adjustments(context.world, [line.id for line in chunk])
        for line in chunk:
            yield _contract_service(line, changes.get(line.id, []), today, at_once=at_once)


def _contract_service(line: stored.Line, changes: list[stored.Adjustment], today: str, *, at_once: bool) -> Record:
    """One contract service. unproven: when a future change of cost shows (rule cost_flips)."""
    day = stored.LAST_DAY if at_once else max(today, line.start)
    ordered = sorted(changes, key=lambda change: change.id) if at_once else changes
    price = stored.price_on(line, ordered, day) / 10_000
    return {
        "id": line.id, "contractID": line.contract_id, "serviceID": line.service_id, "unitPrice": price,
        "unitCost": stored.cost_on(line, ordered, day) / 10_000, "internalCurrencyUnitPrice": price,
        "internalCurrencyAdjustedPrice": price, "invoiceDescription": line.invoice_description,
        "internalDescription": line.internal_description, "quoteItemID": None,
    }  # fmt: skip


def _window(query: Query) -> tuple[str, str]:
    """The days between which a row must lie, as far as the query's dates say."""
    high = query.bounds.get(("startDate", "lte"), stored.LAST_DAY)
    low = query.bounds.get(("endDate", "gte"), stored.FIRST_DAY)
    return max(low, query.bounds.get(("startDate", "gte"), stored.FIRST_DAY)), high


def _unit_rows(context: Context, query: Query, after: int) -> Iterator[stored.Row]:
    """The candidate unit rows after an id."""
    if "id" in query.values:
        query.demand("contractServiceID", {row_id // stored.ROWS for row_id in query.values["id"]})
    low, high = _window(query)
    overlap = context.rules.text("row_overlap") == "yes"
    for chunk in _lines(context, query, max(after, 0) // stored.ROWS):
        changes = stored.adjustments(context.world, [line.id for line in chunk])
        posted = stored.postings(context.world, [line.contract_id for line in chunk])
        for line in chunk:
            found = stored.rows(line, changes.get(line.id, ()), posted.get(line.contract_id, ()),
                                low=low, high=high, overlap=overlap)  # fmt: skip
            yield from (row for row in found if row.id > after)


def _units(context: Context, query: Query, after: int) -> Iterator[Record]:
    for row in _unit_rows(context, query, after):
        price = row.price / 10_000
        yield {
            "id": row.id, "contractID": row.line.contract_id, "contractServiceID": row.line.id,
            "serviceID": row.line.service_id, "startDate": row.start + _DAY, "endDate": row.end + _DAY,
            "units": row.units, "price": price, "cost": row.cost / 10_000, "internalCurrencyPrice": price,
            "approveAndPostDate": row.posted and row.posted + _DAY, "vendorCompanyID": None,
            "organizationalLevelAssociationID": None,
        }  # fmt: skip


def _billing_items(context: Context, query: Query, after: int) -> Iterator[Record]:
    """An item for each posted period, and one more for the change at each split inside it."""
    before: stored.Row | None = None
    first_of_line = max(after, 0) // stored.ROWS * stored.ROWS - 1
    names = {"endDate": "", "startDate": ""}
    plain = Query(query.test, None, query.size, {k: v for k, v in query.values.items() if k not in names})
    companies: dict[int, int] = {}
    for row in _unit_rows(context, plain, first_of_line):
        if row.posted is not None and row.id > after:
            yield _billing_item(context, row, before, companies)
        before = row


def _billing_item(context: Context, row: stored.Row, before: stored.Row | None, companies: dict[int, int]) -> Record:
    line, split = row.line, row.start != row.period.start
    earlier = before if split and before is not None and before.line.id == line.id else None
    quantity = row.units - earlier.units if earlier is not None else row.units
    days = row.days if split else row.period.days
    contract = line.contract_id
    if contract not in companies:
        found = context.world.one("SELECT company_id FROM contracts WHERE id = ?", contract)
        companies[contract] = found[0] if found else 0
    base = line.id * stored.ROWS + (row.id % stored.ROWS) // 1000 * 1000
    return {
        "id": row.id, "companyID": companies[contract], "contractID": contract, "serviceID": line.service_id,
        "contractServiceID": line.id, "contractServicePeriodID": base,
        "contractServiceAdjustmentID": _cause(context, row) if split else None, "quantity": quantity,
        "rate": row.unit_price / 10_000,
        "ourCost": money.share(quantity * row.unit_cost, days, row.period.days) / 10_000,
        "totalAmount": money.share(quantity * row.unit_price, days, row.period.days) / 10_000,
        "itemDate": row.start + _DAY, "postedDate": str(row.posted) + _DAY, "invoiceID": None,
    }  # fmt: skip


def _cause(context: Context, row: stored.Row) -> int | None:
    """The last adjustment on the row's first day."""
    changes = stored.adjustments(context.world, [row.line.id]).get(row.line.id, [])
    return next((change.id for change in reversed(changes) if change.effective == row.start), None)


def _entity(name: str, singular: str, fields: tuple[Field, ...], stream: Stream | None, **more: Any) -> Entity:
    return Entity(name, singular, fields, wire_fields.by_name(fields), stream, **more)


def _plain(name: str, singular: str, fields: tuple[Field, ...], table: str, **more: Any) -> Entity:
    return _entity(name, singular, fields, _table(table, fields), table=table, **more)


_ALL = (
    _plain("Companies", "Company", wire_fields.COMPANIES, "companies", can_update=True, has_udfs=True),
    _plain("Contracts", "Contract", wire_fields.CONTRACTS, "contracts", can_update=True, has_udfs=True),
    _plain("Services", "Service", wire_fields.SERVICES, "services", can_update=True),
    _entity("ContractServices", "ContractService", wire_fields.CONTRACT_SERVICES, _contract_services, can_update=True),
    _entity("ContractServiceUnits", "ContractServiceUnit", wire_fields.UNITS, _units),
    _entity("ContractServiceAdjustments", "ContractServiceAdjustment", wire_fields.ADJUSTMENTS, None, can_create=True),
    _entity("BillingItems", "BillingItem", wire_fields.BILLING_ITEMS, _billing_items),
    _plain("ContractNotes", "ContractNote", wire_fields.NOTES, "notes"),
)
ENTITIES = {entity.name.lower(): entity for entity in _ALL}
"""The served entities by lower-case name."""
CHILDREN = {"services": "contractservices", "serviceunits": "contractserviceunits", "notes": "contractnotes",
            "serviceadjustments": "contractserviceadjustments"}  # fmt: skip
"""What hangs below a contract's path, by lower-case word, and the entity it is."""
