"""Every request psarecon sends to Autotask, and every answer the sandbox gives, against the vendor's description.

The description names properties in another case than the wire does, so names are compared without case. Where it is
known to be wrong or silent, ``docs/vendors/autotask.md`` says so, and this is all that is excepted:

- a query answers ``items`` and ``pageDetails``; the description says it answers one bare record
- an adjustment answers ``itemId`` null; the description says it answers the adjustment
- ``value`` of a filter is written plainly or as a list; the description says it is an object of four typed values
- ``ZoneInformation`` takes no credentials, since nobody knows yet which host may have them
- a field may be null: the description has no word for it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft4Validator
from vendor_specs.proxy import Exchange, Spec

_FILE = "autotask-swagger-v1-billing-subset.json"
_CREDENTIALS = {"apiintegrationcode", "username", "secret"}
_MODELS = {
    "Companies": "CompanyModel",
    "Contracts": "ContractModel",
    "ContractServices": "ContractServiceModel",
    "ContractServiceUnits": "ContractServiceUnitModel",
    "Services": "ServiceModel",
}
_PAGES = {
    "type": "object",
    "additionalProperties": False,
    "required": ["count", "requestcount", "prevpageurl", "nextpageurl"],
    "properties": {
        "count": {"type": "integer"},
        "requestcount": {"type": "integer"},
        "prevpageurl": {"type": ["string", "null"]},
        "nextpageurl": {"type": ["string", "null"]},
    },
}


class Description:
    """The vendor's file, ready to judge data: no unknown property passes, names are compared without case."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Read it."""
        self.paths: dict[str, Any] = data["paths"]
        self.base: str = data["basePath"]
        self.definitions = {name: _closed(schema) for name, schema in data["definitions"].items()}
        self.definitions["ValueItem"] = {}

    def operation(self, exchange: Exchange) -> tuple[str, dict[str, Any]]:
        """The path as the description has it, and the operation."""
        path = exchange.path.removeprefix(self.base)
        for template, operations in self.paths.items():
            pattern = "[^/]+".join(map(re.escape, re.split(r"\{\w+\}", template)))
            if re.fullmatch(pattern, path):
                return template, operations[exchange.method.lower()]
        raise LookupError(path)

    def complaints(self, data: Any, schema: dict[str, Any]) -> list[str]:
        """What the description has against the data."""
        validator = Draft4Validator({**schema, "definitions": self.definitions})
        return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(_lowered(data))]

    def properties(self, model: str) -> set[str]:
        """The model's property names in lower case."""
        return set(self.definitions[model]["properties"])


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items() if key != "properties"}
    if schema.get("properties"):
        found["properties"] = {name.lower(): _closed(one) for name, one in schema["properties"].items()}
        found["additionalProperties"] = False
    if not schema.get("properties") and schema.get("type") == "object":
        return {}
    if isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


def _lowered(data: Any) -> Any:
    if isinstance(data, dict):
        return {name.lower(): _lowered(value) for name, value in data.items()}
    return [_lowered(one) for one in data] if isinstance(data, list) else data


def _answer_schema(template: str, operation: dict[str, Any]) -> dict[str, Any]:
    """What the description says of the answer, or what it should say."""
    entity = template.split("/")[2]
    if template.endswith("/query"):
        items = {"type": "array", "items": {"$ref": f"#/definitions/{_MODELS[entity]}"}}
        return {
            "type": "object",
            "additionalProperties": False,
            "required": ["items", "pagedetails"],
            "properties": {"items": items, "pagedetails": _PAGES},
        }
    if template.endswith("/ServiceAdjustments"):
        return {"type": "object", "additionalProperties": False, "properties": {"itemid": {"type": "null"}}}
    schema: dict[str, Any] = operation["responses"]["200"]["schema"]
    return schema


@pytest.fixture(scope="module")
def description(spec: Spec) -> Description:
    """The vendor's description."""
    return Description(spec(_FILE))


@pytest.fixture(scope="module")
def exchanges(traffic: list[Exchange]) -> list[Exchange]:
    """What went between psarecon and Autotask; enough of it to mean something."""
    found = [one for one in traffic if one.path.startswith("/ATServicesRest/")]
    assert len(found) > 40
    return found


def test_every_path_and_verb_is_one_the_vendor_has(description: Description, exchanges: list[Exchange]) -> None:
    """The whole surface that is used, no more and no less."""
    used = {(one.method, description.operation(one)[0].removeprefix("/V1.0/")) for one in exchanges}
    assert used == {
        ("GET", "ZoneInformation"),
        ("GET", "ThresholdInformation"),
        ("GET", "Contracts/entityInformation/fields"),
        ("GET", "Companies/entityInformation/fields"),
        *(("POST", f"{entity}/query") for entity in _MODELS),
        ("POST", "Contracts/{parentId}/ServiceAdjustments"),
    }
    assert {one.status for one in exchanges} == {200}


def test_every_request_carries_the_parameters_it_needs_and_no_others(
    description: Description, exchanges: list[Exchange]
) -> None:
    """Query and headers; the three credentials everywhere but at the zone's door."""
    for one in exchanges:
        template, operation = description.operation(one)
        known = {item["name"].lower(): item for item in operation["parameters"]}
        needed = {name for name, item in known.items() if item["required"] and item["in"] == "query"}
        asked = {name.lower() for name, _ in one.query}
        assert needed <= asked <= {name for name, item in known.items() if item["in"] == "query"}
        expected: set[str] = set() if template.endswith("/ZoneInformation") else _CREDENTIALS
        assert _CREDENTIALS & set(one.headers) == expected
        assert (one.headers.get("content-type") == "application/json") is (one.method == "POST")


def _bodies(description: Description, exchanges: list[Exchange]) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    for one in exchanges:
        _, operation = description.operation(one)
        schemas = [item["schema"] for item in operation["parameters"] if item["in"] == "body"]
        assert bool(schemas) == (one.sent is not None)
        yield from ((one, schema) for schema in schemas)


def test_every_body_is_of_the_vendors_form(description: Description, exchanges: list[Exchange]) -> None:
    """No unknown property, every type right, in queries and in adjustments."""
    complaints = [
        (one.path, text)
        for one, schema in _bodies(description, exchanges)
        for text in description.complaints(one.sent, schema)
    ]
    assert complaints == []


def test_every_field_asked_for_or_filtered_by_is_one_of_the_entity(
    description: Description, exchanges: list[Exchange]
) -> None:
    """A field that is misspelt answers nothing and says so late."""
    queries = [one for one in exchanges if one.path.endswith("/query")]
    for one in queries:
        model = description.properties(_MODELS[one.path.split("/")[3]])
        assert {name.lower() for name in one.sent["IncludeFields"]} <= model
        assert {condition["field"].lower() for condition in one.sent["filter"]} <= model
        assert one.sent["MaxRecords"] <= 500
    assert len(queries) > 20


def test_every_answer_of_the_sandbox_is_of_the_vendors_form(
    description: Description, exchanges: list[Exchange]
) -> None:
    """No property the vendor does not have, every type right: what is rehearsed is what is met."""
    complaints = []
    for one in exchanges:
        template, operation = description.operation(one)
        complaints += [
            (one.path, text) for text in description.complaints(one.got, _answer_schema(template, operation))
        ]
    assert complaints == []


def test_an_adjustment_is_dated_by_the_day_and_names_its_line(exchanges: list[Exchange]) -> None:
    """What psarecon writes: the contract of the path, the contract service, a whole number of units, a first day."""
    written = [one for one in exchanges if one.path.endswith("/ServiceAdjustments")]
    assert len(written) == 4  # the fifth line was changed by somebody inside the period: a person looks first
    for one in written:
        assert {"contractID", "contractServiceID", "effectiveDate", "unitChange"} <= set(one.sent)
        assert set(one.sent) <= {"contractID", "contractServiceID", "effectiveDate", "unitChange", "adjustedUnitCost"}
        assert one.path.split("/")[4] == str(one.sent["contractID"])
        assert re.fullmatch(r"2026-1[12]-(01|15)", one.sent["effectiveDate"])
        assert isinstance(one.sent["unitChange"], int)


def test_a_misspelt_property_would_be_noticed(description: Description) -> None:
    """The judge judges: an unknown name, a wrong type and a name in another case."""
    schema = {"$ref": "#/definitions/ContractServiceAdjustmentModel"}
    assert description.complaints({"unitchange": 4, "CONTRACTID": 1}, schema) == []
    assert len(description.complaints({"unitsChange": 4}, schema)) == 1
    assert len(description.complaints({"unitChange": "4"}, schema)) == 1
