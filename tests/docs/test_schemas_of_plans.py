"""The published schemas of plan and decisions against files that the program wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


def errors_of(name: str, data: Any) -> list[str]:
    """What the schema finds wrong."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


@pytest.mark.parametrize("name", ["plan", "decisions"])
def test_the_schema_itself_is_valid(name: str) -> None:
    """Both are schemas of draft 2020-12."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_a_plan_with_every_kind_of_change_is_valid(tmp_path: Path) -> None:
    """Quantity alone, cost alone, both, a blocked drop and an empty second plan all fit the schema."""
    clients = (
        Client("Quantity"),
        Client("Cost", units=14, unit_cost="8.50"),
        Client("Both", unit_cost="8.25", extra={"minimum": 20}),
        Client("Drop", units=40),
    )
    with rehearsal(tmp_path / "msp", *clients) as found:
        found.observed()
        plan = found.plan()
        assert [bool(one["quantity"]) + 2 * bool(one["unit_cost"]) for one in plan["changes"]] == [1, 2, 3, 1]
        assert errors_of("plan", plan) == []
        assert found.apply().code == 4
        assert errors_of("plan", found.plan()) == []


def test_the_schema_refuses_a_number_that_is_no_text(acme: Rehearsal) -> None:
    """A quantity as a JSON number is not what psarecon writes."""
    acme.observed()
    plan = acme.plan()
    plan["changes"][0]["quantity"]["after"] = 14
    assert len(errors_of("plan", plan)) == 1
    assert len(errors_of("plan", {**plan, "extra": 1})) == 2


def test_decisions_are_valid(acme: Rehearsal) -> None:
    """A decisions file as `decide` writes it fits its schema; an unknown verdict does not."""
    acme.observed()
    change = acme.plan()["changes"][0]["id"]
    assert acme.run("decide", str(acme.plan_file), "--hold", change, "--reason", "later").code == 0
    decisions = json.loads((acme.directory / "plan.decisions.json").read_bytes())
    assert errors_of("decisions", decisions) == []
    decisions["decisions"][0]["verdict"] = "perhaps"
    assert len(errors_of("decisions", decisions)) == 1
