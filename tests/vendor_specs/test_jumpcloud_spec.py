"""Every request psarecon sends to JumpCloud, and every answer the sandbox gives, against the vendor's descriptions.

What the descriptions do not have, ``docs/vendors/jumpcloud.md`` has with its source, and only that is excepted:

- ``GET /api/users/getSelf``, which tells the provider of a key
- of ``GET /api/organizations`` the numbered ``fields[0]`` and the properties ``id``, ``systemUsersCount`` and
  ``highWaterMarkLastMonth``, which only cross-check
- ``id`` beside ``_id`` in the records of both versions
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from jsonschema import Draft4Validator
from openapi_schema_validator import OAS30Validator
from vendor_specs.proxy import Exchange, Spec

_UNDESCRIBED = {"/api/users/getSelf"}
_MORE = {"/api/organizations": {"id", "systemUsersCount", "highWaterMarkLastMonth"}, "/api/systemusers": {"id"}}


@pytest.fixture(scope="module")
def exchanges(traffic: list[Exchange], mixed_traffic: list[Exchange]) -> list[Exchange]:
    """What went between psarecon and JumpCloud: three observations, of five and of nine organizations, and five plans.

    A plan asks for the provider, whether it has PSA integrations of its own, and, once, what its two of them map; so
    does each of two lists of what there is, which also ask for every organization's users.
    """
    found = [one for one in (*traffic, *mixed_traffic) if one.path.startswith("/api/")]
    assert len(found) == 2 * (1 + 1 + 1 + 5) + (1 + 1 + 1 + 9) + 5 * (1 + 1) + 2 + (2 + 5) + (2 + 2 + 9)
    return found


@pytest.fixture(scope="module")
def v1(spec: Spec) -> dict[str, Any]:
    """The description of version 1, Swagger 2.0."""
    return spec("jumpcloud-v1.reduced.json")


@pytest.fixture(scope="module")
def v2(spec: Spec) -> dict[str, Any]:
    """The description of version 2, OpenAPI 3.0."""
    return spec("jumpcloud-v2.reduced.json")


def _described(v1: dict[str, Any], v2: dict[str, Any], exchange: Exchange) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file and the operation of a request; LookupError where the vendor has no such path."""
    if exchange.path.startswith("/api/v2/"):
        path = re.sub(r"^/api/v2/providers/[^/]+", "/providers/{provider_id}", exchange.path)
        path = re.sub(r"^/api/v2/integrations/(\w+)/[^/]+", r"/integrations/\1/{UUID}", path)
        return v2, v2["paths"][path][exchange.method.lower()]
    return v1, v1["paths"][exchange.path.removeprefix("/api")][exchange.method.lower()]


def _parameters(document: dict[str, Any], operation: dict[str, Any]) -> set[str]:
    found = operation["parameters"]
    resolved = [document["parameters"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in found]
    return {one["name"] for one in resolved if one["in"] == "query"}


def test_every_path_but_one_is_one_the_vendor_describes(
    v1: dict[str, Any], v2: dict[str, Any], exchanges: list[Exchange]
) -> None:
    """And every request is answered."""
    assert {one.method for one in exchanges} == {"GET"}
    assert {one.status for one in exchanges} == {200}
    described = [one for one in exchanges if one.path not in _UNDESCRIBED]
    assert all(_described(v1, v2, one)[1] for one in described)
    assert {one.path for one in exchanges if one not in described} == _UNDESCRIBED


def test_every_query_is_one_the_vendor_describes(
    v1: dict[str, Any], v2: dict[str, Any], exchanges: list[Exchange]
) -> None:
    """At most a hundred a page, never the ten that come unasked."""
    for one in exchanges:
        if one.path in _UNDESCRIBED:
            continue
        known = _parameters(*_described(v1, v2, one))
        asked = {re.sub(r"\[\d+\]$", "", name) for name, _ in one.query}
        assert asked <= known
        assert 1 <= int(dict(one.query)["limit"]) <= 100
        assert "sort" in asked or one.path.endswith(("/systemusers", "/mappings"))


def test_the_organization_is_named_for_its_users_and_nowhere_else(exchanges: list[Exchange]) -> None:
    """And the key goes along everywhere."""
    assert {one.path for one in exchanges if "x-org-id" in one.headers} == {"/api/systemusers"}
    assert all("x-org-id" in one.headers for one in exchanges if one.path == "/api/systemusers")
    assert all("x-api-key" in one.headers for one in exchanges)


def test_every_answer_of_the_sandbox_is_of_the_vendors_form(
    v1: dict[str, Any], v2: dict[str, Any], exchanges: list[Exchange]
) -> None:
    """Types as described, and no property of a record that the vendor does not have."""
    complaints: list[tuple[str, str]] = []
    for one in exchanges:
        if one.path in _UNDESCRIBED:
            continue
        document, operation = _described(v1, v2, one)
        if document is v2:
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            errors = OAS30Validator({**schema, "components": v2["components"]}).iter_errors(one.got)
        else:
            schema = operation["responses"]["200"]["schema"]
            errors = Draft4Validator({**schema, "definitions": v1["definitions"]}).iter_errors(one.got)
        complaints += [(one.path, error.message) for error in errors]
    assert complaints == []


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = document
        for key in schema["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        schema = found
    return schema


def test_no_record_has_a_property_the_vendor_does_not_know(
    v1: dict[str, Any], v2: dict[str, Any], exchanges: list[Exchange]
) -> None:
    """The descriptions allow anything; this does not, down to the parts of a record. The envelope is as described."""
    listed: Counter[str] = Counter()
    for one in exchanges:
        if one.path in _UNDESCRIBED:
            continue
        document, operation = _described(v1, v2, one)
        answer = operation["responses"]["200"]
        schema = answer["schema"] if document is v1 else answer["content"]["application/json"]["schema"]
        top = _resolved(document, schema)["properties"]
        (envelope,) = {"results", "records"} & set(top)
        assert set(one.got) == {envelope, "totalCount"} <= set(top)
        listed[envelope] += len(one.got[envelope])
        for record in one.got[envelope]:
            assert _unknown(document, top[envelope]["items"], record) <= _MORE.get(one.path, set())
    assert listed["records"] == 2 * (2 + 2 * 2)


def _unknown(document: dict[str, Any], schema: dict[str, Any], data: dict[str, Any]) -> set[str]:
    """The names of properties, at any depth, that the description does not have."""
    known = _resolved(document, schema).get("properties", {})
    found = set(data) - set(known)
    for name in set(data) & set(known):
        if isinstance(data[name], dict):
            found |= _unknown(document, known[name], data[name])
    return found


def test_the_mappings_of_both_integrations_name_a_line_and_an_organization_without_one(
    exchanges: list[Exchange],
) -> None:
    """What was held against the description above is not empty: a line of each PSA, and a company for tickets."""
    mapped = {one.path.split("/")[4]: one.got["records"] for one in exchanges if one.path.endswith("/mappings")}
    words = {psa: [set(record) & {"service", "addition"} for record in records] for psa, records in mapped.items()}
    assert words == {"autotask": [{"service"}, set()], "connectwise": [{"addition"}, set()]}
