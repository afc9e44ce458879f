"""The records that ConnectWise lists: where each field comes from, and the JSON that is made of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from psarecon.sandbox import money
from psarecon.sandbox.connectwise.conditions import Field

Record = dict[str, Any]
_STATUS = (
    "CASE WHEN {0}.cancelled IS NOT NULL AND {0}.cancelled <= :today THEN 'Cancelled' "
    "WHEN {0}.end IS NOT NULL AND {0}.end < :today THEN 'Expired' "
    "WHEN {0}.start > :today THEN 'Inactive' ELSE 'Active' END"
)
_BILLED = "(t.quantity - t.less_included)"  # unproven: less the included ones, also below zero
# Amounts are in ten-thousandths, and so are quantities: their product is divided once.
_EXT = f"(({_BILLED} * t.{{0}} + 5000) / 10000)"
_NEXT_AMOUNT = (
    "(SELECT coalesce(sum(((x.quantity - x.less_included) * x.unit_price + 5000) / 10000), 0) FROM cw_additions x"
    " WHERE x.agreement_id = t.id AND x.effective <= :today AND x.bill_customer = 'Billable'"
    " AND (x.cancelled IS NULL OR x.cancelled > :today))"
)


TYPES = ("Customer", "Prospect", "Vendor", "Cancelled")
"""The types of companies of this tenant, numbered from 1; others have others."""
_TYPE = "CASE t.type " + " ".join(f"WHEN {key} THEN '{name}'" for key, name in enumerate(TYPES, 1)) + " END"


def _day(column: str) -> Field:
    """A calendar day, carried as midnight UTC."""
    return Field(f"{column} || 'T00:00:00Z'", "date")


class Entity(NamedTuple):
    """One list: its name for messages, its tables (the first is `t`), its fields by path, links of references.

    Those of `many` are a list on the wire, here of one.
    """

    name: str
    tables: str
    fields: Mapping[str, Field]
    links: Mapping[str, str]
    many: frozenset[str] = frozenset()

    @property
    def searchable(self) -> dict[str, Field]:
        """All that a condition may name; `lastUpdated` is one although it is kept in `_info`."""
        info = {path.removeprefix("_info/"): field for path, field in self.fields.items() if path.startswith("_info/")}
        return {**info, **self.fields}


COMPANIES = Entity(
    "Company",
    "cw_companies t",
    {
        "id": Field("t.id", "int"), "identifier": Field("t.identifier", "text"), "name": Field("t.name", "text"),
        "status/id": Field("2 - t.active", "int"),
        "status/name": Field("CASE WHEN t.active THEN 'Active' ELSE 'Inactive' END", "text"),
        "types/id": Field("t.type", "int"), "types/name": Field(_TYPE, "text"),
        "website": Field("t.website", "text"), "deletedFlag": Field("t.deleted", "bool"),
        "currency/id": Field("1", "int"), "currency/currencyCode": Field("'USD'", "text"),
        "_info/lastUpdated": Field("'2026-01-05T14:00:00Z'", "date"),
    },
    {},
    frozenset({"types"}),
)  # fmt: skip

AGREEMENTS = Entity(
    "Agreement",
    "cw_agreements t JOIN cw_companies c ON c.id = t.company_id LEFT JOIN cw_agreements p ON p.id = t.parent_id",
    {
        "id": Field("t.id", "int"), "name": Field("t.name", "text"),
        "type/id": Field("12", "int"), "type/name": Field("'Managed Services'", "text"),
        "company/id": Field("t.company_id", "int"), "company/identifier": Field("c.identifier", "text"),
        "company/name": Field("c.name", "text"),
        "contact/id": Field("t.company_id", "int"), "contact/name": Field("'Accounts Payable'", "text"),
        "parentAgreement/id": Field("t.parent_id", "int"), "parentAgreement/name": Field("p.name", "text"),
        "startDate": _day("t.start"), "endDate": _day("t.end"),
        "noEndingDateFlag": Field("t.end IS NULL", "bool"),
        # unproven: whether the flag is set before the day of a cancellation in the future comes.
        "cancelledFlag": Field("t.cancelled IS NOT NULL", "bool"), "dateCancelled": _day("t.cancelled"),
        "billingCycle/id": Field("CASE t.billing_cycle WHEN 'Monthly' THEN 2 WHEN 'Quarterly' THEN 3 ELSE 4 END",
                                 "int"),
        "billingCycle/name": Field("t.billing_cycle", "text"),
        "billStartDate": _day("t.bill_start"), "nextInvoiceDate": _day("t.next_invoice"),
        "prorateFlag": Field("t.prorate", "bool"), "periodType": Field("'Current'", "text"),
        "taxable": Field("0", "bool"), "currency/id": Field("1", "int"),
        "currency/currencyCode": Field("'USD'", "text"), "currency/numberOfDecimals": Field("2", "int"),
        "agreementStatus": Field(_STATUS.format("t"), "text"),
        "_info/lastUpdated": Field("t.updated", "date"), "_info/updatedBy": Field("'Template1'", "text"),
    },
    {"company": "company/companies", "parentAgreement": "finance/agreements"},
)  # fmt: skip

ADDITIONS = Entity(
    "Addition",
    "cw_additions t JOIN cw_agreements a ON a.id = t.agreement_id JOIN cw_products p ON p.id = t.product_id",
    {
        "id": Field("t.id", "int"), "product/id": Field("t.product_id", "int"),
        "product/identifier": Field("p.identifier", "text"), "product/serializedFlag": Field("0", "bool"),
        "quantity": Field("t.quantity", "number"), "lessIncluded": Field("t.less_included", "number"),
        "unitPrice": Field("t.unit_price", "number"), "unitCost": Field("t.unit_cost", "number"),
        "billCustomer": Field("t.bill_customer", "text"),
        "effectiveDate": _day("t.effective"), "cancelledDate": _day("t.cancelled"),
        "taxableFlag": Field("0", "bool"), "serialNumber": Field("t.serial_number", "text"),
        "invoiceDescription": Field("coalesce(t.invoice_description, p.description)", "text"),
        "purchaseItemFlag": Field("0", "bool"), "specialOrderFlag": Field("0", "bool"),
        "agreementId": Field("t.agreement_id", "int"),
        "description": Field("coalesce(t.description, p.description)", "text"),
        "billedQuantity": Field(_BILLED, "number"), "uom": Field("'Each'", "text"),
        "extPrice": Field(_EXT.format("unit_price"), "number"), "extCost": Field(_EXT.format("unit_cost"), "number"),
        "sequenceNumber": Field("t.sequence", "number"),
        "margin": Field(f"{_EXT.format('unit_price')} - {_EXT.format('unit_cost')}", "number"),
        "prorateCost": Field("0", "number"), "proratePrice": Field("0", "number"),
        "extendedProrateCost": Field("0", "number"), "extendedProratePrice": Field("0", "number"),
        "prorateCurrentPeriodFlag": Field("0", "bool"),
        "agreementStatus": Field(_STATUS.format("a"), "text"),
        "_info/lastUpdated": Field("t.updated", "date"), "_info/updatedBy": Field("t.updated_by", "text"),
    },
    {"product": "procurement/catalog"},
)  # fmt: skip

RECAP = Entity(
    "AgreementRecap",
    "cw_agreements t JOIN cw_companies c ON c.id = t.company_id",
    {
        "id": Field("t.id", "int"), "name": Field("t.name", "text"), "companyName": Field("c.name", "text"),
        "agreementStatus": Field(_STATUS.format("t"), "text"),
        # unproven: an invoice bears the first day of the period it is for.
        "lastInvoiceDate": _day("t.last_invoice"),
        "lastInvoiceNumber": Field("'INV' || t.id || replace(t.last_invoice, '-', '')", "text"),
        "nextInvoiceDate": _day("t.next_invoice"),
        "nextInvoiceAmount": Field(_NEXT_AMOUNT, "number"),
    },
    {},
)  # fmt: skip

CATALOG = Entity(
    "CatalogItem",
    "cw_products t",
    {
        "id": Field("t.id", "int"), "identifier": Field("t.identifier", "text"),
        "description": Field("t.description", "text"), "inactiveFlag": Field("t.inactive", "bool"),
        "subcategory/id": Field("7", "int"), "subcategory/name": Field("'Licenses'", "text"),
        "type/id": Field("3", "int"), "type/name": Field("'Software'", "text"),
        "productClass": Field("'Agreement'", "text"), "unitOfMeasure/id": Field("1", "int"),
        "unitOfMeasure/name": Field("'Each'", "text"), "price": Field("t.unit_price", "number"),
        "cost": Field("t.unit_cost", "number"), "customerDescription": Field("t.description", "text"),
        "recurringFlag": Field("1", "bool"), "recurringRevenue": Field("t.unit_price", "number"),
        "recurringCost": Field("t.unit_cost", "number"),
        "autoUpdateUnitCostFlag": Field("t.auto_cost", "bool"),
        "autoUpdateUnitPriceFlag": Field("t.auto_price", "bool"),
        "_info/lastUpdated": Field("'2026-01-05T14:00:00Z'", "date"),
    },
    {},
)  # fmt: skip

AUDIT = Entity(
    "AuditTrailEntry",
    "cw_audit t",
    {
        "text": Field("t.text", "text"), "enteredDate": Field("t.entered", "date"),
        "enteredBy": Field("t.entered_by", "text"), "auditType": Field("t.type", "text"),
        "auditSubType": Field("'Record'", "text"), "auditSource": Field("t.source", "text"),
    },
    {},
)  # fmt: skip


def record(entity: Entity, row: Sequence[Any], base: str, *, blank: bool = False) -> Record:
    """The JSON of a row: paths become nested objects, what is null is absent, references carry a link.

    `blank`: dates that are null are empty texts instead.
    """
    found: Record = {}
    for (path, field), value in zip(entity.fields.items(), row, strict=True):
        if value is not None:
            _put(found, path, _wire(field.kind, value))
        elif blank and field.kind == "date":
            _put(found, path, "")
    for name, path in entity.links.items():
        if name in found:
            found[name]["_info"] = {f"{name}_href": f"{base}/{path}/{found[name]['id']}"}
    return {**found, **{name: [found[name]] for name in entity.many}}


def _put(found: Record, path: str, value: Any) -> None:
    head, _, rest = path.partition("/")
    if rest:
        _put(found.setdefault(head, {}), rest, value)
    else:
        found[head] = value


def _wire(kind: str, value: Any) -> Any:
    if kind == "number":
        return money.wire(value)
    return bool(value) if kind == "bool" else value


def chosen(found: Record, fields: str | None) -> Record:
    """The record with the fields asked for; `_info` comes only when it is one of them."""
    if not fields:
        return found
    kept: Record = {}
    for name in (part.strip() for part in fields.split(",")):
        # unproven: a field that does not exist is passed over.
        value = _at(found, name)
        if value is not None:
            _put(kept, name, value)
    return kept


def _at(found: Record, path: str) -> Any:
    value: Any = found
    for word in path.split("/"):
        value = value.get(word) if isinstance(value, dict) else None
    if isinstance(value, dict) and path != "_info":
        return {name: inner for name, inner in value.items() if name != "_info"}
    return value
