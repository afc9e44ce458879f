"""The fields of the served entities, as on the wire and as entityInformation/fields describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from psarecon.sandbox.autotask.errors import Refused


class Field(NamedTuple):
    """One field: its wire name, data type, the SQL it is read from, and what the metadata says of it."""

    name: str
    kind: str
    column: str = "NULL"
    required: bool = False
    writable: bool = False
    reference: str = ""
    picklist: tuple[tuple[str, str], ...] = ()


LARGEST = 2**63 - 1
"""Whole numbers on the wire have 64 bits."""
STATUS = (("1", "Active"), ("0", "Inactive"))  # unproven: 0
PERIOD_TYPE = (("1", "One Time"), ("2", "Monthly"), ("3", "Quarterly"), ("4", "Semi-Annual"), ("5", "Yearly"))
CONTRACT_TYPE = (("1", "Time & Materials"), ("3", "Fixed Price"), ("4", "Block Hours"), ("6", "Retainer"),
                 ("7", "Recurring Service"), ("8", "Per Ticket"))  # fmt: skip
COMPANY_TYPE = (("1", "Customer"), ("2", "Lead"), ("3", "Prospect"), ("4", "Dead"), ("6", "Cancellation"),
                ("7", "Vendor"), ("8", "Partner"))  # fmt: skip

COMPANIES = (
    Field("id", "long", "id", required=True),
    Field("companyName", "string", "name", required=True, writable=True),
    Field("companyNumber", "string", "number", writable=True),
    Field("companyType", "integer", "type", required=True, writable=True, picklist=COMPANY_TYPE),
    Field("webAddress", "string", "web", writable=True),
    Field("isActive", "boolean", "active", writable=True),
    Field("parentCompanyID", "integer", reference="Company"),
    Field("ownerResourceID", "integer", "29682885", required=True, reference="Resource"),
    Field("currencyID", "integer", "1", reference="Currency"),
)
SERVICES = (
    Field("id", "long", "id", required=True),
    Field("name", "string", "name", required=True, writable=True),
    Field("description", "string", "description", writable=True),
    Field("invoiceDescription", "string"),
    Field("billingCodeID", "integer", "29683400", required=True, reference="BillingCode"),
    Field("periodType", "integer", "period_type", required=True, picklist=PERIOD_TYPE),
    Field("unitCost", "double", "unit_cost", writable=True),
    Field("unitPrice", "double", "unit_price", required=True, writable=True),
    Field("vendorCompanyID", "integer", reference="Company"),
    Field("isActive", "boolean", "active", writable=True),
    Field("sku", "string", "sku", writable=True),
    Field("externalID", "string"),
)
CONTRACTS = (
    Field("id", "long", "id", required=True),
    Field("companyID", "integer", "company_id", required=True, reference="Company"),
    Field("contractName", "string", "name", required=True, writable=True),
    Field("contractNumber", "string", "number", writable=True),
    Field("contractType", "integer", "type", required=True, picklist=CONTRACT_TYPE),
    Field("contractPeriodType", "integer", "period_type", picklist=PERIOD_TYPE),
    Field("status", "integer", "status", required=True, writable=True, picklist=STATUS),
    Field("startDate", "datetime", "start", required=True),
    Field("endDate", "datetime", "end", required=True, writable=True),
    Field("timeReportingRequiresStartAndStopTimes", "integer", "0", required=True),
    Field("billToCompanyID", "integer", reference="Company"),
    Field("estimatedRevenue", "double", "0"),
    Field("description", "string"),
)
CONTRACT_SERVICES = (
    Field("id", "long", required=True),
    Field("contractID", "integer", required=True, reference="Contract"),
    Field("serviceID", "integer", required=True, reference="Service"),
    Field("unitPrice", "double"),
    Field("unitCost", "double"),
    Field("internalCurrencyUnitPrice", "double"),
    Field("internalCurrencyAdjustedPrice", "double"),
    Field("invoiceDescription", "string", writable=True),
    Field("internalDescription", "string", writable=True),
    Field("quoteItemID", "long"),
)
UNITS = (
    Field("id", "long", required=True),
    Field("contractID", "integer", required=True, reference="Contract"),
    Field("contractServiceID", "integer", reference="ContractService"),
    Field("serviceID", "integer", required=True, reference="Service"),
    Field("startDate", "datetime", required=True),
    Field("endDate", "datetime", required=True),
    Field("units", "integer", required=True),
    Field("price", "double"),
    Field("cost", "double"),
    Field("internalCurrencyPrice", "double"),
    Field("approveAndPostDate", "datetime"),
    Field("vendorCompanyID", "integer"),
    Field("organizationalLevelAssociationID", "integer"),
)
ADJUSTMENTS = (
    Field("id", "long"),
    Field("contractID", "integer", writable=True, reference="Contract"),
    Field("serviceID", "integer", writable=True, reference="Service"),
    Field("contractServiceID", "integer", writable=True, reference="ContractService"),
    Field("effectiveDate", "datetime", required=True, writable=True),
    Field("unitChange", "integer", writable=True),
    Field("adjustedUnitPrice", "double", writable=True),
    Field("adjustedUnitCost", "double", writable=True),
    Field("allowRepeatService", "boolean", writable=True),
    Field("quoteItemID", "long", writable=True),
)
BILLING_ITEMS = (
    Field("id", "long", required=True),
    Field("companyID", "integer", reference="Company"),
    Field("contractID", "integer", reference="Contract"),
    Field("serviceID", "integer", reference="Service"),
    Field("contractServiceID", "integer", reference="ContractService"),
    Field("contractServicePeriodID", "long"),
    Field("contractServiceAdjustmentID", "long"),
    Field("quantity", "double"),
    Field("rate", "double"),
    Field("ourCost", "double"),
    Field("totalAmount", "double"),
    Field("itemDate", "datetime"),
    Field("postedDate", "datetime"),
    Field("invoiceID", "integer"),
)
NOTES = (
    Field("id", "long", "id", required=True),
    Field("contractID", "integer", "contract_id", required=True, reference="Contract"),
    Field("title", "string", "title", required=True),
    Field("description", "string", "description", required=True),
    Field("lastActivityDate", "string", "created"),
)


def by_name(fields: tuple[Field, ...]) -> dict[str, Field]:
    """Fields by their lower-case name: names are matched without case."""
    return {field.name.lower(): field for field in fields}


def comparable(field: Field, value: Any) -> Any:
    """A filter's value as the field's own type; raises `Refused` when it cannot be one."""
    try:
        return _CONVERT.get(field.kind, str)(value) if value is not None else None
    except (ValueError, TypeError, ArithmeticError) as error:
        raise Refused(f"The value for {field.name} is not valid.") from error  # unproven: the words


def _whole(value: Any) -> int:
    if isinstance(value, bool) or abs(int(value)) > LARGEST:
        raise TypeError
    return int(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError  # booleans are strictly true or false
    return value


def _moment(value: Any) -> str:
    """A date, with or without a time, as dates go over the wire: 2026-11-01T00:00:00Z."""
    text = str(value)
    if len(text) < 10 or text[4] != "-" or text[7] != "-":
        raise ValueError(text)
    return f"{text[:10]}T{text[11:19] or '00:00:00'}Z"


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "long": _whole,
    "integer": _whole,
    "double": lambda value: float(Decimal(str(value))),
    "boolean": _truth,
    "datetime": _moment,
    "string": lambda value: str(value).lower(),
}


def wire(field: Field, value: Any) -> Any:
    """A stored value as it goes over the wire."""
    if value is None:
        return None
    if field.kind == "double":
        return value / 10_000
    if field.kind == "boolean":
        return bool(value)
    return f"{value}T00:00:00Z" if field.kind == "datetime" else value


def described(fields: tuple[Field, ...]) -> list[dict[str, Any]]:
    """`entityInformation/fields`; picklist values are texts, though records carry numbers."""
    return [_description(field) for field in fields]


def _description(field: Field) -> dict[str, Any]:
    return {
        "name": field.name, "dataType": field.kind, "length": 100 if field.kind == "string" else 0,
        "isRequired": field.required, "isReadOnly": not field.writable, "isQueryable": True,
        "isReference": bool(field.reference), "referenceEntityType": field.reference,
        "isPickList": bool(field.picklist), "picklistValues": _values(field.picklist) or None,
        "picklistParentValueField": "", "isSupportedWebhookField": False,
    }  # fmt: skip


def _values(picklist: tuple[tuple[str, str], ...]) -> list[Mapping[str, Any]]:
    return [
        {"value": value, "label": label, "isDefaultValue": False, "sortOrder": order, "parentValue": "",
         "isActive": True, "isSystem": True}
        for order, (value, label) in enumerate(picklist, 1)
    ]  # fmt: skip
