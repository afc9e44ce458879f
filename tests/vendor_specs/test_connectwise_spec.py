"""Every request psarecon sends to ConnectWise, and every answer the sandbox gives, against the vendor's description.

What the description lacks or has otherwise, ``docs/vendors/connectwise.md`` has with its source ("The published
description"), and only that is excepted:

- ``companyinfo`` is not part of the described API; it takes no credentials
- the agreement recap is missing from the reduced description, though not from the vendor's list of paths
- a list asked for some ``fields`` answers these alone: what a record requires is required of whole records only
- ``pageId`` of the first forward-only page is empty; the description only knows a number
- the header ``pagination-type`` is not described as a parameter
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from journeys.connectwise_steps import CwClient, connectwise
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from vendor_specs.proxy import Exchange, Spec

Data = dict[str, Any]

_FILE = "connectwise-reduced-2026.4.json"
_BASE = re.compile(r"/v[\w.]+/apis/3\.0(?=/)")
_INFO = "/login/companyinfo/examplemsp"
_RECAP = "/finance/agreementrecap/"
#: The recap's fields that are used, as the vendor's whole description types them.
_RECAP_FIELDS = {"id": "integer", "lastInvoiceDate": "string", "nextInvoiceDate": "string"}


class Description:
    """The vendor's file, ready to judge data: no unknown property passes."""

    def __init__(self, data: Data) -> None:
        """Read it."""
        self.paths: Data = data["paths"]
        self._components = _closed(data["components"])
        self._partial = _without_required(self._components)

    def operation(self, exchange: Exchange) -> Data:
        """What the description says of a request. Raises LookupError where the vendor has no such path or verb."""
        path = _BASE.sub("", exchange.path)
        for template, operations in self.paths.items():
            pattern = r"\d+".join(map(re.escape, re.split(r"\{\w+\}", template)))
            if re.fullmatch(pattern, path):
                found: Data = operations[exchange.method.lower()]
                return found
        raise LookupError(path)

    def complaints(self, data: Any, schema: Data, *, partial: bool = False) -> list[str]:
        """What the description has against the data; ``partial``: records may be incomplete."""
        components = self._partial if partial else self._components
        judge = OAS30Validator({**schema, "components": components}, format_checker=oas30_format_checker)
        return [f"{list(error.path)}: {error.message}" for error in judge.iter_errors(data)]

    def properties(self, schema: Data) -> Data:
        """The properties of a record, or of the records of a list."""
        target = schema.get("items", schema)["$ref"].rpartition("/")[2]
        found: Data = self._components["schemas"][target]["properties"]
        return found


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def _without_required(components: Data) -> Data:
    found = deepcopy(components)
    for schema in found["schemas"].values():
        schema.pop("required", None)
    return found


def _answer(operation: Data) -> tuple[str, Data]:
    """The media type and the schema of a success."""
    ((media, content),) = operation["responses"]["200"]["content"].items()
    return media, content["schema"]


@pytest.fixture(scope="module")
def description(spec: Spec) -> Description:
    """The vendor's description."""
    return Description(spec(_FILE))


@pytest.fixture(scope="module")
def everything(mixed_traffic: list[Exchange]) -> list[Exchange]:
    """What went between psarecon and ConnectWise, in two plans and an apply."""
    return [one for one in mixed_traffic if one.path == _INFO or _BASE.match(one.path)]


@pytest.fixture(scope="module")
def exchanges(everything: list[Exchange]) -> list[Exchange]:
    """Of these, what the description can judge: two plans of eight agreements, five changes, and a list of all."""
    found = [one for one in everything if one.path != _INFO and not one.path.endswith(_RECAP)]
    assert len(found) == 2 * (3 + 8) + 3 * 5 + (2 + 8)
    return found


def test_every_path_and_verb_is_one_the_vendor_has(description: Description, everything: list[Exchange]) -> None:
    """The whole surface that is used, no more and no less."""
    assert {one.status for one in everything} == {200}
    used = {(one.method, re.sub(r"\d+", "{}", _BASE.sub("", one.path))) for one in everything}
    assert used == {
        ("GET", _INFO),
        ("GET", _RECAP),
        ("GET", "/company/companies"),
        ("GET", "/finance/agreements"),
        ("GET", "/finance/agreements/{}/additions"),
        ("GET", "/finance/agreements/{}/additions/{}"),
        ("PATCH", "/finance/agreements/{}/additions/{}"),
        ("GET", "/procurement/catalog"),
    }
    assert all(description.operation(one) for one in everything if one.path != _INFO and not one.path.endswith(_RECAP))


def test_every_query_is_one_the_vendor_describes(description: Description, exchanges: list[Exchange]) -> None:
    """Known parameters with values of their type, as text carries them."""
    for one in exchanges:
        known = {item["name"]: item["schema"] for item in description.operation(one)["parameters"]}
        for name, text in one.query:
            if (name, text) == ("pageId", ""):
                continue
            value = int(text) if known[name]["type"] == "integer" else text
            assert description.complaints(value, known[name]) == []
    asked = {name for one in exchanges for name, _ in one.query}
    assert asked == {"fields", "pageSize", "conditions", "pageId"}


def test_every_field_asked_for_or_searched_by_is_one_of_the_record(
    description: Description, exchanges: list[Exchange]
) -> None:
    """A field that is misspelt answers nothing; a condition on it is refused."""
    lists = [one for one in exchanges if one.query]
    for one in lists:
        query = dict(one.query)
        model = description.properties(_answer(description.operation(one))[1])
        assert set(query["fields"].split(",")) <= set(model)
        assert re.fullmatch(r"(company/)?id in \(\d+(,\d+)*\)", query.get("conditions", "id in (1)"))
        assert "id" in model
        assert one.headers["pagination-type"] == "forward-only"
    assert len({one.path for one in lists}) == 3 + 8  # companies, agreements, catalog; eight agreements' additions


def test_credentials_go_along_with_the_described_api_alone(
    description: Description, everything: list[Exchange]
) -> None:
    """The key pair behind the company's name, the integration's id, and the model the description is of."""
    for one in everything:
        sent = {"authorization", "clientid"} & set(one.headers)
        assert sent == (set() if one.path == _INFO else {"authorization", "clientid"})
        if one.path == _INFO:
            continue
        assert base64.b64decode(one.headers["authorization"].removeprefix("Basic ")).startswith(b"examplemsp+")
        if not one.path.endswith(_RECAP):
            assert one.headers["accept"] == _answer(description.operation(one))[0]
        assert ("content-type" in one.headers) is (one.method == "PATCH")


def _operations(description: Description, exchanges: list[Exchange]) -> Iterator[tuple[Data, Data]]:
    """Each operation of each PATCH, with the properties of what it is about."""
    for one in exchanges:
        if one.method == "PATCH":
            model = description.properties(_answer(description.operation(one))[1])
            yield from ((part, model) for part in one.sent)


def test_every_patch_is_of_the_vendors_form_and_about_fields_of_an_addition(
    description: Description, exchanges: list[Exchange]
) -> None:
    """The array as described, and more than it says: the path is a property, its value of the property's type."""
    for one in exchanges:
        described = description.operation(one).get("requestBody")
        assert (described is not None) is (one.sent is not None) is (one.method == "PATCH")
        if described is not None:
            schema = described["content"][one.headers["content-type"]]["schema"]
            assert description.complaints(one.sent, schema) == []
    parts = list(_operations(description, exchanges))
    for part, model in parts:
        assert (part["op"], description.complaints(part["value"], model[part["path"]])) == ("replace", [])
    assert [part["path"] for part, _ in parts].count("quantity") == 5
    assert [part["path"] for part, _ in parts].count("unitCost") == 1


def test_every_answer_of_the_sandbox_is_of_the_vendors_form(
    description: Description, exchanges: list[Exchange]
) -> None:
    """No property the vendor does not have, every type right, whole records complete, the media type as described."""
    complaints = []
    for one in exchanges:
        media, schema = _answer(description.operation(one))
        assert one.media == media
        complaints += [(one.path, text) for text in description.complaints(one.got, schema, partial=bool(one.query))]
    assert complaints == []
    assert len([one for one in exchanges if not one.query and one.method == "GET"]) > 5


def test_whole_records_are_of_the_vendors_form_too(description: Description, tmp_path: Path) -> None:
    """Psarecon asks for some fields; another client, who names none, gets records that lack nothing required."""
    clients = [CwClient(), CwClient("Beta Ltd", agreement={"parent": 500_871, "end": date(2027, 5, 31)})]
    with connectwise(tmp_path / "msp", *clients) as place, httpx.Client(trust_env=False) as client:
        client.headers = httpx.Headers(_credentials(place.environ))
        for path in ("/company/companies", "/finance/agreements", "/procurement/catalog", "/system/info"):
            answer = client.get(f"{place.url}/v4_6_release/apis/3.0{path}")
            media, schema = _answer(description.paths[path]["get"])
            assert (answer.status_code, answer.headers["content-type"], len(answer.json()) > 0) == (200, media, True)
            assert description.complaints(answer.json(), schema) == []


def _credentials(environ: Mapping[str, str]) -> dict[str, str]:
    pair = f"examplemsp+{environ['CW_PUBLIC_KEY']}:{environ['CW_PRIVATE_KEY']}"
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}", "clientid": environ["CW_CLIENT_ID"]}


def test_a_list_answers_the_fields_asked_for_and_no_others(everything: list[Exchange]) -> None:
    """Also the recap's, whose fields have the types that the vendor's whole description gives them."""
    kinds = {"integer": int, "string": str}
    for one in everything:
        asked = set(dict(one.query).get("fields", "").split(","))
        if one.query:
            assert all(set(record) <= asked for record in one.got)
        if one.path.endswith(_RECAP):
            assert asked == set(_RECAP_FIELDS)
            assert len(one.got) == 8
            for record in one.got:
                assert all(isinstance(value, kinds[_RECAP_FIELDS[name]]) for name, value in record.items())


def test_a_wrong_answer_or_patch_would_be_noticed(description: Description) -> None:
    """The judge judges: an unknown name, a wrong type, a date that is none, a record without its product."""
    schema = {"$ref": "#/components/schemas/Addition"}
    good = {"billCustomer": "Billable", "product": {"id": 5}, "quantity": 2.5}
    assert description.complaints(good, schema) == []
    wrong: list[Data] = [{"qty": 1}, {"quantity": "2"}, {"effectiveDate": ""}, {"product": {"name": "x"}}]
    assert [len(description.complaints({**good, **part}, schema)) for part in wrong] == [1, 1, 1, 1]
    assert len(description.complaints({"quantity": 1}, schema)) == 2
    assert description.complaints({"quantity": 1}, schema, partial=True) == []
