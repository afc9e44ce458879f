from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from psarecon.config.documents import parse_document
from psarecon.config.schemas import issues_of, schema

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"
ROW = re.compile(r"^\| `([a-z_]+)`(?: \(of `([a-z_]+)`\))? \| (.+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)


def keys_of(part: Any) -> Iterator[str]:
    """Every key a schema describes."""
    for key, value in part.get("properties", {}).items():
        yield key
        yield from keys_of(value)
    for inner in part.get("$defs", {}).values():
        yield from keys_of(inner)


def page(name: str) -> str:
    """A page of the reference."""
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["settings", "mapping", "import"])
def test_the_reference_describes_exactly_the_keys_of_the_schema(name: str) -> None:
    """Each in a row with type, default, meaning and example."""
    rows = ROW.findall(page(name))
    assert {row[0] for row in rows} == set(keys_of(schema(name)))
    assert not [row for row in rows if not all(cell.strip() for cell in (row[0], *row[2:]))]


@pytest.mark.parametrize("name", ["settings", "mapping", "import"])
def test_the_file_the_reference_begins_with_is_valid(name: str) -> None:
    """A user copies it."""
    text = re.findall(r"```yaml\n(.*?)```", page(name), re.DOTALL)[0]
    document = parse_document(text.encode(), name)
    assert document.found == []
    assert issues_of(document.data, name) == []


def defaults_of(part: Any) -> Iterator[tuple[str, str]]:
    """Every key with a default that is one word."""
    for key, value in part.get("properties", {}).items():
        if "default" in value and not isinstance(value["default"], dict):
            default = value["default"]
            yield key, str(default).lower() if isinstance(default, bool) else str(default)
        yield from defaults_of(value)
    for inner in part.get("$defs", {}).values():
        yield from defaults_of(inner)


@pytest.mark.parametrize("name", ["settings", "mapping", "import"])
def test_the_reference_and_the_schema_name_the_same_defaults(name: str) -> None:
    """Told twice, so held against each other."""
    told = {(key, default.strip("`")) for key, _, _, default, _, _ in ROW.findall(page(name))}
    assert set(defaults_of(schema(name))) <= told
