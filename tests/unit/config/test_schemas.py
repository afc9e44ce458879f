from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from psarecon.config.bindings import ALLOWABLE_GUARDS
from psarecon.config.documents import parse_document
from psarecon.config.quick import quick_check
from psarecon.config.schemas import issues_of, schema, schema_names, schema_text
from psarecon.errors import UsageError

from .conftest import CLIENT, SETTINGS

FULL_CLIENT: dict[str, Any] = {
    "client": "Acme",
    "organizations": {"jumpcloud": "1", "lastpass": "2"},
    "psa": "autotask",
    "company": {"id": 0, "name": "Acme"},
    "allow": [{"guard": "quantity-drop", "reason": "moved", "until": "2026-12-31"}],
    "lines": [
        {
            "product": "a",
            "contract": {"id": 1, "name": "x"},
            "service": {"id": "2"},
            "organization": "3",
            "fixed": 1,
            "minimum": 0,
            "maximum": 10,
            "committed": 2,
            "non_billable": 1,
            "multiple_of": 5,
            "unit_cost": "9.00",
            "allow": [{"guard": "cost-move", "reason": "new price", "until": "2026-12-31"}],
        },
        {"product": "b", "agreement": {"id": 1}, "addition": {"id": 2, "name": "SKU"}},
    ],
}
FULL_SETTINGS: dict[str, Any] = {
    "version": 1,
    "ledger": "env:LEDGER",
    "clock": "http://127.0.0.1:1",
    "billing": {"timezone": "UTC", "currency": "USD", "month": "previous"},
    "sources": {"jumpcloud": {"type": "jumpcloud", "url": "https://x", "api_key": "env:A", "provider_id": "p"}},
    "psas": {
        "autotask": {
            "type": "autotask",
            "url": "env:U",
            "username": "env:A",
            "secret": "file:a",
            "integration_code": "command:a b",
            "same_date": "replaces",
            "allow_proration": True,
            "units_by": "contract",
            "cost_from": "periods",
            "write_timeout": "90s",
            "threads": 3,
        },
        "other": {"type": "third-party", "anything": [1, {"a": None}]},
    },
    "products": {
        "a": {
            "source": "jumpcloud",
            "metric": "users",
            "quantity": "current",
            "unit_cost": "0.1234",
            "words": ["JC-", "Ü"],
        },
        "b": {"quantity": "fixed"},
    },
    "guards": {
        "quantity_drop": {"percent": 10, "at_least": 1},
        "quantity_zero": False,
        "usage_age": "2d",
        "changes": {"count": 10, "percent": 5},
        "money": {"change": "100", "plan": "1000.50"},
        "cost_move": {"percent": 10},
    },
    "apply": {"settle_window": "1s", "lease": "10m", "plan_age": "1d"},
    "notify": [{"url": "env:N", "when": ["plan", "failed"], "only_changes": True, "template": "templates/plan.j2"}],
}
VALID = {"mapping": FULL_CLIENT, "settings": FULL_SETTINGS}


def words() -> list[Any]:
    """Values that are right somewhere, or nearly."""
    found: list[Any] = [None, True, False, 0, 1, -1, 10**9, 10**9 + 1, "", " ", "a b", "9.00\n", "x" * 201, [], {}]
    found += ["-1.00", "9.00001", "2026-13-01", "jumpcloud", "autotask", "fixed", "UTC", "usd", "5", "0s", "5m", "é"]
    return found


WORD = st.sampled_from(words()) | st.text(max_size=4) | st.integers()


def nodes(data: Any) -> list[Any]:
    """Every mapping and list of the data."""
    inner = list(data.values() if isinstance(data, dict) else data if isinstance(data, list) else [])
    return ([data] if isinstance(data, (dict, list)) else []) + [node for value in inner for node in nodes(value)]


def mutate(data: Any, draw: Any) -> None:
    """Change, remove or add one part of the data."""
    place = draw(st.sampled_from([node for node in nodes(data) if node]))
    key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
    how = draw(st.sampled_from(["change", "remove", "add"]))
    if how == "remove":
        del place[key]
    elif how == "add" and isinstance(place, dict):
        place[draw(st.sampled_from(["contract", "addition", "source", "extra", "a:b", ""]))] = draw(WORD)
    else:
        place[key] = draw(WORD)


@given(st.sampled_from(["mapping", "settings"]), st.integers(1, 3), st.data())
@settings(max_examples=300, deadline=None)
def test_the_quick_check_never_disagrees_with_jsonschema(name: str, changes: int, data: st.DataObject) -> None:
    """On valid files with a few parts changed, removed or added, where the two could differ."""
    value = copy.deepcopy(VALID[name])
    for _ in range(changes):
        mutate(value, data.draw)
    assert quick_check(name)(value) == Draft202012Validator(schema(name)).is_valid(value)


@given(st.recursive(WORD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)))
def test_the_quick_check_agrees_on_any_data_at_all(value: Any) -> None:
    """Also on what resembles no file."""
    for name in VALID:
        assert quick_check(name)(value) == Draft202012Validator(schema(name)).is_valid(value)


@pytest.mark.parametrize("name", ["mapping", "settings"])
def test_each_published_schema_is_itself_valid_and_accepts_every_key_it_names(name: str) -> None:
    """Draft 2020-12, and a sample that uses all keys."""
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert issues_of(VALID[name], name) == []


def test_the_examples_of_these_tests_are_valid_by_the_schemas() -> None:
    """A client alone or in a list, and settings."""
    client = parse_document(CLIENT.encode(), "x").data
    assert issues_of(client, "mapping") == issues_of([client, client], "mapping") == []
    assert issues_of(parse_document(SETTINGS.encode(), "x").data, "settings") == []


def descriptions(part: Any) -> list[str]:
    """The keys without a description."""
    found = []
    for key, value in part.get("properties", {}).items():
        found += [] if "description" in value or "then" in value or "not" in value else [key]
        found += descriptions(value)
    for inner in [*part.get("$defs", {}).values(), *[part[key] for key in ("items",) if key in part]]:
        found += descriptions(inner)
    return found


@pytest.mark.parametrize("name", ["mapping", "settings"])
def test_an_editor_finds_a_description_on_every_key(name: str) -> None:
    """That is what it shows beside the cursor."""
    assert descriptions(schema(name)) == []


def test_the_schema_lets_pass_the_guards_that_may_be_allowed_and_no_others() -> None:
    """One list, told twice."""
    assert schema("mapping")["$defs"]["allowance"]["properties"]["guard"]["enum"] == list(ALLOWABLE_GUARDS)


def test_schemas_are_found_by_name() -> None:
    """The text is the published file; a wrong name lists the right ones."""
    assert {"mapping", "settings"} <= set(schema_names())
    assert json.loads(schema_text("mapping")) == schema("mapping")
    with pytest.raises(UsageError) as caught:
        schema_text("../mapping")
    assert str(caught.value) == "there is no schema '../mapping'"
