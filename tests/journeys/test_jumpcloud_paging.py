"""A provider with more clients than fit on a page."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import TODAY, Client, Rehearsal, add_client

from psarecon.sandbox.build import building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running


@contextmanager
def provider(directory: Path, organizations: int) -> Iterator[Rehearsal]:
    """One mapped client among so many organizations, each with another number of users."""
    with building(directory, today=TODAY) as builder:
        line, organization = add_client(builder, Client(), builder.add_service("JumpCloud Platform"))
        for number in range(1, organizations):
            builder.add_organization(f"Client {number}", users=number)
        write_config(directory, builder.world, builder.clients)
        environ = environment(builder.world)
    with running(directory) as url:
        yield Rehearsal(directory, url, environ, [str(line)], [organization])


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """250 organizations, read once."""
    with provider(tmp_path_factory.mktemp("paging") / "msp", 250) as found:
        ran = found.observed()
        assert ran.out.startswith("jumpcloud: 250 organizations read, 0 failed")
        yield found


def test_every_organization_of_every_page_is_counted_once(observed: Rehearsal) -> None:
    """The ledger holds what the sandbox says is true, organization by organization."""
    truth = {one["id"]: int(one["users"]) for one in observed.control("GET", "world")["organizations"]}
    connection = sqlite3.connect(observed.directory / ".psarecon" / "ledger.db")
    rows = connection.execute("SELECT organization, counted, cross_check FROM samples").fetchall()
    connection.close()
    assert len(rows) == len(truth) == 250
    assert {organization: counted for organization, counted, _ in rows} == truth
    assert {organization: check for organization, _, check in rows} == truth


def test_each_list_takes_three_pages_of_a_hundred_and_each_count_one_request(observed: Rehearsal) -> None:
    """The fewest requests the API allows."""
    asked = Counter(one["path"].rpartition("/providers/")[0] or one["path"] for one in observed.requests())
    assert asked == {"/api/users/getSelf": 1, "/api/v2": 3, "/api/organizations": 3, "/api/systemusers": 250}
    assert {one["status"] for one in observed.requests()} == {200}


def test_an_organization_is_named_where_it_must_be_and_nowhere_else(observed: Rehearsal) -> None:
    """JumpCloud refuses the header on its provider-wide routes and the count without it."""
    named = {one["path"]: one["x_org_id"] for one in observed.requests()}
    assert {path for path, with_header in named.items() if with_header} == {"/api/systemusers"}


def test_a_hundred_organizations_need_a_single_page(tmp_path: Path) -> None:
    """No page is asked for that must be empty."""
    with provider(tmp_path / "msp", 100) as found:
        found.observed()
        assert len(found.requests("GET", "/providers/")) == 1


def test_a_provider_named_in_the_settings_is_not_asked_for(tmp_path: Path) -> None:
    """One request less."""
    with provider(tmp_path / "msp", 1) as found:
        found.observed()
        path: str = found.requests("GET", "/providers/")[0]["path"]
        number = path.split("/")[4]
        found.settings("{type: jumpcloud,", f"{{type: jumpcloud, provider_id: {number!r},")
        found.forget_requests()
        found.observed()
        assert found.requests("GET", "getSelf") == []
        assert [one["path"] for one in found.requests("GET", "/providers/")] == [path]
