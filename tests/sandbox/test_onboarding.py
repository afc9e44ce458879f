"""The world of an MSP that begins: what is in it, and that its truth is kept beside it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import psarecon
from rapidfuzz import fuzz, process, utils

from psarecon.sandbox import names
from psarecon.sandbox.chance import FREEMAIL
from psarecon.sandbox.onboarding import init, truth
from psarecon.sandbox.serve import running
from psarecon.sandbox.world import World

from .conftest import TODAY, Site

Entries = list[dict[str, Any]]
_COMPANIES = (
    "SELECT 'autotask', id, name, web FROM companies UNION SELECT 'connectwise', id, name, website FROM cw_companies"
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world of 300 clients."""
    place = tmp_path_factory.mktemp("onboarding")
    init(place, today=TODAY)
    return place


@pytest.fixture(scope="module")
def known(directory: Path) -> Entries:
    """Its truth."""
    with World.open(directory) as world:
        return truth(world)


@pytest.fixture(scope="module")
def companies(directory: Path) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Name and web site of every company, by PSA and id."""
    with World.open(directory) as world:
        return {(psa, str(key)): (name, web) for psa, key, name, web in world.db.execute(_COMPANIES)}


def _of(known: Entries, source: str) -> Counter[str]:
    return Counter(one["class"] for one in known if one["source"] == source)


def test_jumpclouds_clients_are_of_the_classes_in_these_numbers(known: Entries) -> None:
    """300 clients, and the MSP's own organization."""
    assert _of(known, "jumpcloud") == {
        "mapped": 200, "named": 41, "misspelt": 12, "ambiguous": 4, "twin": 3, "none": 40, "own": 1,
    }  # fmt: skip


def test_whoever_is_mapped_in_jumpcloud_must_be_found_by_name_from_lastpass(known: Entries) -> None:
    """LastPass has no mapping to read: about 60 % of the clients, the mapped ones among them as named."""
    assert _of(known, "lastpass") == {"named": 134, "misspelt": 9, "ambiguous": 3, "twin": 3, "none": 26}


def test_mapped_clients_have_these_troubles(known: Entries) -> None:
    """Ten for tickets only, twelve with seats not billed, eight of another name, a line and an organization gone."""
    notes = Counter(one["note"] for one in known if one["class"] == "mapped")
    assert notes == {
        "": 168, "tickets": 10, "non-billable": 12, "renamed": 8, "line-gone": 1, "organization-gone": 1,
    }  # fmt: skip


def test_the_truth_names_companies_as_they_are_called(known: Entries, companies: dict[Any, Any]) -> None:
    """A named client is called the same on both sides; a misspelt or renamed one is not."""
    for one in known:
        if one["class"] != "none":
            assert companies[one["psa"], one["company"]][0] == one["company_name"]
        same = one["name"] == one["company_name"]
        assert same == (one["class"] in {"named", "mapped", "twin", "own"} and one["note"] != "renamed")


def test_an_ambiguous_organization_has_two_companies_of_nearly_its_name(
    known: Entries, companies: dict[Any, Any]
) -> None:
    """East and west, with the same web site or none."""
    for one in known:
        if one["class"] == "ambiguous":
            mine, other = (companies[one["psa"], key] for key in (one["company"], *one["others"]))
            assert (mine[0], other[0]) == (f"{one['name']} East", f"{one['name']} West")
            assert mine[1] == other[1]


def test_twins_have_one_name_and_one_of_them_is_a_prospect(directory: Path, known: Entries) -> None:
    """Of the others only a person can tell which it is."""
    twins = [one for one in known if one["class"] == "twin" and one["source"] == "jumpcloud"]
    with World.open(directory) as world:
        kinds = [_kind(world, one["psa"], *one["others"]) for one in twins]
    assert Counter(kind for kind, _ in kinds) == {"Customer": 2, "Prospect": 1}
    assert [name for _, name in kinds] == [one["company_name"] for one in twins] == [one["name"] for one in twins]


def _kind(world: World, psa: str, key: str) -> tuple[str, str]:
    table = "companies" if psa == "autotask" else "cw_companies"
    kind, name = world.one(f"SELECT type, name FROM {table} WHERE id = ?", key) or (0, "")  # noqa: S608  # our own names
    return {1: "Customer", (3 if psa == "autotask" else 2): "Prospect"}[kind], name


def test_an_organization_without_counterpart_is_near_no_company(known: Entries, companies: dict[Any, Any]) -> None:
    """Its name has no more in common with any than any two names have, and its domain is nobody's."""
    called = [name for name, _ in companies.values()]
    for one in known:
        if one["class"] == "none":
            assert (one["psa"], one["company"], one["lines"]) == ("", "", [])
            nearest = process.extractOne(
                one["name"], called, scorer=fuzz.token_sort_ratio, processor=utils.default_process
            )
            assert nearest[1] < 65


def test_some_companies_have_two_contracts_two_lines_or_none(known: Entries) -> None:
    """Of those found by name: which line is meant is a doubt where there are two, and nobody's guess where none is."""
    found = Counter(len(one["lines"]) for one in known if one["class"] == "named" and one["source"] == "jumpcloud")
    assert found == {1: 31, 2: 5, 0: 5}
    assert all((one["line"] != "") == (len(one["lines"]) == 1) for one in known)


def test_thirty_companies_are_no_client_of_any_source(
    directory: Path, known: Entries, companies: dict[Any, Any]
) -> None:
    """Ten of them prospects."""
    clients = {(one["psa"], key) for one in known for key in (one["company"], *one["others"])}
    strangers = companies.keys() - clients
    assert len(strangers) == 30
    with World.open(directory) as world:
        prospects = {("autotask", str(key)) for (key,) in world.db.execute("SELECT id FROM companies WHERE type = 3")}
        more = {("connectwise", str(key)) for (key,) in world.db.execute("SELECT id FROM cw_companies WHERE type = 2")}
    assert len(strangers & (prospects | more)) == 10


def test_some_have_no_web_site_some_two_domains_and_some_private_mailboxes(
    directory: Path, companies: dict[Any, Any]
) -> None:
    """As in any MSP's world."""
    with World.open(directory) as world:
        domains = [set(found.split(",")) for (found,) in world.db.execute("SELECT domains FROM organizations")]
    assert 30 <= sum(web is None for _, web in companies.values()) <= 70
    assert sum(len(found - set(FREEMAIL)) == 2 for found in domains) >= 10
    assert sum(found <= set(FREEMAIL) for found in domains) >= 5


@pytest.mark.parametrize("clients", [0, 1, 12, 30, 900])
def test_the_proportions_hold_for_other_numbers(tmp_path: Path, clients: int) -> None:
    """Each trouble is there once at least, as far as there are clients to have it."""
    init(tmp_path, clients=clients, today=TODAY)
    with World.open(tmp_path) as world:
        found = _of(truth(world), "jumpcloud")
    assert (found["mapped"], found["none"]) == (clients * 2 // 3, clients * 2 // 15)
    assert found.total() == clients + 1
    assert clients < 30 or min(found.values()) >= 1


def test_the_same_seed_and_day_give_the_same_world(tmp_path: Path, known: Entries) -> None:
    """Another seed gives another one."""
    init(tmp_path / "again", today=TODAY)
    init(tmp_path / "other", today=TODAY, seed=2)
    with World.open(tmp_path / "again") as again, World.open(tmp_path / "other") as other:
        assert truth(again) == known
        assert [one["name"] for one in truth(other)] != [one["name"] for one in known]


def test_the_command_writes_the_world_and_credentials_and_nothing_else(tmp_path: Path) -> None:
    """No settings and no mapping: those are to be made. A second time it is refused."""
    ran = psarecon("sandbox", "init", str(tmp_path / "msp"), "--onboarding", "--clients", "30", "--today", "2026-11-20")
    assert (ran.code, ran.err) == (0, f"{tmp_path / 'msp'}: 30 clients, today is 2026-11-20\n")
    assert sorted(path.name for path in (tmp_path / "msp").iterdir()) == [".gitignore", ".sandbox", "env.sh"]
    variables = (tmp_path / "msp" / "env.sh").read_text("utf-8")
    assert all(
        name in variables for name in ("JUMPCLOUD_API_KEY", "LASTPASS_API_KEY", "CW_CLIENT_ID", "AUTOTASK_SECRET")
    )
    again = psarecon("sandbox", "init", str(tmp_path / "msp"), "--onboarding")
    assert (again.code, "exists already" in again.err) == (64, True)


@pytest.mark.parametrize("words", [("--systems", "autotask,jumpcloud"), ("--world-only",), ("--clients", "5001")])
def test_what_does_not_go_with_it_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    """And nothing is written."""
    ran = psarecon("sandbox", "init", str(tmp_path / "msp"), "--onboarding", *words)
    assert (ran.code, (tmp_path / "msp").exists()) == (64, False)


def test_a_directory_with_settings_of_its_own_does_not_begin(tmp_path: Path) -> None:
    """They would be for another world."""
    (tmp_path / "psarecon.yaml").write_text("version: 1\n", "utf-8")
    ran = psarecon("sandbox", "init", str(tmp_path), "--onboarding")
    assert (ran.code, "psarecon.yaml exists already" in ran.err) == (64, True)


def test_the_truth_is_told_by_the_control_interface(directory: Path, known: Entries) -> None:
    """As it was written down."""
    with running(directory) as url:
        assert httpx.get(f"{url}/_sandbox/truth/onboarding").json() == {"organizations": known}


def test_another_world_has_no_such_truth(site: Site) -> None:
    """It says how to make one that has."""
    answer = site.control.get("/truth/onboarding")
    assert (answer.status_code, answer.json()) == (400, {"error": "this world was not made with --onboarding"})


@pytest.mark.parametrize(
    ("name", "turn", "told"),
    [
        ("Acme Dental LLC", 0, "Acme Dental"),
        ("Acme Dental & Sons", 0, "Acme Dental and Sons"),
        ("Acme Dental & Sons", 1, "Acme Dental and Sons"),
        ("Acme Dental GmbH & Co. KG", 1, "Acme Dental GmbH and Co. KG"),
    ],
)
def test_a_name_is_misspelt_in_one_of_three_ways(name: str, turn: int, told: str) -> None:
    """Without its legal form, with "and" for "&"; what has neither gets a typing error."""
    assert names.misspelt(name, 1, turn) == told


@pytest.mark.parametrize("base", range(0, 4000, 37))
def test_a_typing_error_is_one_letter_more_or_less_or_two_swapped(base: int) -> None:
    """Never none at all, whatever the name."""
    for name in ("Oxley Foods", "Aaa Bbb", "Yes", "#1 Movers", "北海道 Logistics", "O'Brien Trust"):
        told = names.misspelt(name, base, 2)
        assert told != name
        assert abs(len(told) - len(name)) <= 1
        assert fuzz.ratio(told, name) >= 60
