"""A source that fails, answers short, or counts nothing must never lower a quantity."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal

CLIENTS = [
    Client("Acme Corp", units=10, users=14),
    Client("Beta Ltd", units=20, users=25),
    Client("Gamma AS", units=30, users=36),
]


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients, each with more users than units."""
    with rehearsal(tmp_path / "msp", *CLIENTS) as found:
        yield found


def blocks(plan: dict[str, Any]) -> set[tuple[str, str]]:
    """Code and scope of every BLOCK."""
    return {(one["code"], one["scope"]) for one in plan["findings"] if one["severity"] == "BLOCK"}


def _scope(place: Rehearsal, number: int) -> str:
    return f"organization:jumpcloud/{place.organizations[number]}"


def _units(place: Rehearsal) -> list[str]:
    return [place.truth(line)["quantity"] for line in place.lines]


def test_an_organization_that_cannot_be_read_is_blocked_and_the_others_go_on(three: Rehearsal) -> None:
    """403 for the second: observe is partial, its line is held back, the other two are written."""
    three.observed()
    three.fault("organization_error", "jumpcloud", organization=three.organizations[1], status=403, times=None)
    observed = three.run("observe")
    assert (observed.code, observed.out.partition(",")[0]) == (6, "jumpcloud: 2 organizations read")
    assert f"failed: {three.organizations[1]} Beta Ltd" in observed.err
    plan = three.plan()
    assert blocks(plan) == {("usage-failed", _scope(three, 1))}
    assert [one["client"] for one in plan["changes"]] == ["Acme Corp", "Gamma AS"]
    assert three.apply().code == 4
    assert _units(three) == ["14", "20", "36"]


def test_an_organization_that_fails_after_good_days_keeps_its_quantity(three: Rehearsal) -> None:
    """Yesterday's 25 is known, and still nothing is billed on it until it can be read again."""
    three.observed()
    three.today("2026-11-21")
    three.fault("organization_error", "jumpcloud", organization=three.organizations[1], status=403, times=None)
    assert three.run("observe").code == 6
    assert blocks(three.plan()) == {("usage-failed", _scope(three, 1))}
    three.no_faults()
    three.observed()
    assert blocks(three.plan()) == set()


def test_zero_where_there_were_many_is_blocked(acme: Rehearsal) -> None:
    """52 users do not leave overnight, and if they do, a person says so."""
    acme.users(52)
    acme.observed()
    acme.plan()
    assert acme.apply().code == 0
    acme.today("2026-12-01")
    acme.users(0)
    acme.observed()
    plan = acme.plan()
    assert (blocks(plan), plan["changes"]) == ({("usage-zero", _scope(acme, 0))}, [])
    assert acme.truth()["quantity"] == "52"


def test_zero_that_is_allowed_still_meets_the_guard_on_the_quantity(acme: Rehearsal) -> None:
    """Two guards, two names: the reading is believed, the fall to zero is not yet."""
    acme.users(52)
    acme.observed()
    acme.plan()
    acme.apply()
    acme.mapping("lines:\n", 'allow: [{guard: usage-zero, reason: closed, until: "2999-12-31"}]\nlines:\n')
    acme.today("2026-12-01")
    acme.users(0)
    acme.observed()
    plan = acme.plan()
    assert [code for code, _ in blocks(plan)] == ["quantity-zero"]
    assert [one["quantity"] for one in plan["changes"]] == [{"before": "52", "after": "0"}]
    assert acme.apply().code == 4
    assert acme.truth()["quantity"] == "52"


def test_a_short_list_fails_the_whole_source_and_lowers_nothing(three: Rehearsal) -> None:
    """The provider says three and lists two: no organization is read from it."""
    three.observed()
    three.fault("short_list", "jumpcloud", path="/providers/", times=None)
    observed = three.run("observe")
    assert observed.code == 1
    assert observed.out.startswith("jumpcloud: 0 organizations read, 3 failed")
    assert "lists 2 of 3 organizations" in observed.err
    plan = three.plan()
    assert plan["changes"] == []
    assert blocks(plan) == {("usage-failed", _scope(three, number)) for number in range(3)}
    assert _units(three) == ["10", "20", "30"]


def test_a_page_that_is_short_once_is_made_up_for_by_the_next(three: Rehearsal) -> None:
    """What counts is that all of them came."""
    three.fault("short_list", "jumpcloud", path="/providers/", times=1)
    assert three.observed().out.startswith("jumpcloud: 3 organizations read")


def test_an_empty_list_is_not_a_provider_without_users(three: Rehearsal) -> None:
    """Organizations that the mapping bills and the provider does not list are failed readings."""
    three.fault("status", "jumpcloud", status=200, body='{"results":[],"totalCount":0}', path="/providers/", times=None)
    observed = three.run("observe")
    assert observed.code == 6
    assert observed.err.count("the provider does not list this organization") == 3
    assert blocks(three.plan()) == {
        (code, _scope(three, number)) for number in range(3) for code in ("usage-failed", "usage-missing")
    }


def test_an_organization_that_was_deleted_is_a_failed_reading(three: Rehearsal) -> None:
    """It is mapped and no longer listed: a person takes it out of the mapping."""
    three.observed()
    three.edit(organization=three.organizations[2], delete=True)
    assert three.run("observe").code == 6
    assert blocks(three.plan()) == {("usage-failed", _scope(three, 2))}


def test_a_user_list_that_contradicts_itself_is_no_count(three: Rehearsal) -> None:
    """A total of 14 and not a single user."""
    three.fault("short_list", "jumpcloud", path="/systemusers", times=1)
    observed = three.run("observe")
    assert observed.code == 6
    assert observed.err.count("users and lists 0") == 1


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "1"}, {"Retry-After": "\N{SUPERSCRIPT TWO}"}])
def test_too_many_requests_are_tried_again(acme: Rehearsal, headers: dict[str, str]) -> None:
    """With or without a hint how long to wait, and whatever the hint is."""
    acme.fault("status", "jumpcloud", status=429, headers=headers, path="/systemusers", times=1)
    acme.observed()
    assert [one["status"] for one in acme.requests("GET", "/systemusers")] == [429, 200]


def test_an_outage_page_fails_the_source_in_one_line(three: Rehearsal) -> None:
    """HTML with status 200, for as long as we try."""
    three.fault("html", "jumpcloud", status=200, times=None)
    observed = three.run("observe")
    assert observed.code == 1
    assert "answered something that is not JSON: '<html>" in observed.err
    assert "Traceback" not in observed.err
    assert len(three.requests("GET", "getSelf")) == 4
    assert blocks(three.plan()) == {
        (code, _scope(three, number)) for number in range(3) for code in ("usage-failed", "usage-missing")
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"results":["x"],"totalCount":1}', id="records that are none"),
        pytest.param('{"results":[{"id":5}],"totalCount":1}', id="an id that is none"),
        pytest.param('{"results":[{"id":"\\u00f8"}],"totalCount":1}', id="an id no header can carry"),
        pytest.param('{"results":null,"totalCount":3}', id="no list"),
        pytest.param('{"results":[],"totalCount":"3"}', id="a total in quotes"),
        pytest.param('{"results":[],"totalCount":-1}', id="a total below zero"),
        pytest.param('{"results":[],"totalCount":99999999999999999999}', id="a total beyond all users"),
        pytest.param("[]", id="another form"),
        pytest.param("null", id="nothing"),
    ],
)
def test_a_list_of_another_form_fails_the_source_cleanly(acme: Rehearsal, body: str) -> None:
    """One line for the person, a failed reading for the organization, no traceback."""
    acme.fault("status", "jumpcloud", status=200, body=body, path="/providers/", times=None)
    observed = acme.run("observe")
    assert observed.code == 1
    assert "Traceback" not in observed.err
    assert blocks(acme.plan()) == {("usage-failed", _scope(acme, 0)), ("usage-missing", _scope(acme, 0))}


def test_a_name_with_half_a_character_does_not_stop_the_others(three: Rehearsal) -> None:
    """A lone surrogate is JSON, and no database takes it."""
    names = ", ".join(f'{{"id": "{one}", "name": "a\\ud800"}}' for one in three.organizations)
    body = f'{{"results": [{names}], "totalCount": 3}}'
    three.fault("status", "jumpcloud", status=200, body=body, path="/providers/", times=None)
    assert three.observed().out.startswith("jumpcloud: 3 organizations read")
