"""The pages of events and notifications against schemas and program."""

from __future__ import annotations

import json
import re
from typing import Any

from docs.test_documents import rows_of, text_of
from jsonschema import Draft202012Validator

from psarecon.config.notify_rules import TEMPLATE_NAMES, check_template
from psarecon.config.schemas import schema
from psarecon.notify.message import OWN, Ending

PAGE = "docs/reference/events.md"


def events() -> dict[str, dict[str, Any]]:
    """Every event of the schema."""
    return {name: part for name, part in schema("events")["$defs"].items() if "." in name}


def test_every_event_has_its_row_with_its_fields() -> None:
    """And no row is of an event that is gone."""
    rows = {name: " ".join(cells) for name, cells in rows_of(PAGE).items() if "." in name}
    assert set(rows) == set(events())
    for name, part in events().items():
        fields = set(part["properties"]) - {"event"}
        assert fields - set(re.findall(r"`(\w+)`", rows[name])) == set(), name


def test_every_field_of_every_event_is_told() -> None:
    """Those that all have, and those of a plan in figures."""
    common = {name for name in rows_of(PAGE) if "." not in name}
    assert common == {*schema("events")["properties"]}
    told = set(re.findall(r"`(\w+)`", text_of(PAGE)))
    assert set(schema("events")["$defs"]["plan"]["properties"]) <= told


def test_the_example_is_an_event() -> None:
    """As it stands on the page."""
    example = re.search(r"```json\n(.*?)\n```", text_of(PAGE), re.DOTALL)
    assert example
    assert Draft202012Validator(schema("events")).is_valid(json.loads(example[1]))


def test_every_occasion_and_every_name_of_a_template_has_its_row() -> None:
    """As settings and templates take them."""
    rows = set(rows_of("docs/reference/notifications.md"))
    occasions = set(schema("settings")["$defs"]["receiver"]["properties"]["when"]["items"]["enum"])
    assert (occasions | TEMPLATE_NAMES) - rows == set()
    assert set(Ending("plan", 0).names()) == TEMPLATE_NAMES


def test_the_example_of_a_template_and_our_own_can_be_used() -> None:
    """They speak of nothing that is not there."""
    example = re.search(r"```jinja\n(.*?)```", text_of("docs/reference/notifications.md"), re.DOTALL)
    assert example
    for template in (example[1], *OWN.values()):
        check_template(template)
