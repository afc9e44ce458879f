"""The generated world of all four systems, and the config repositories of mixed worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.generate import init
from psarecon.sandbox.serve import running
from psarecon.sandbox.world import World

from .conftest import TODAY, client, cw_headers
from .test_world_and_server import parse

CLIENTS = 1000


def documents(directory: Path) -> Iterator[dict[str, Any]]:
    """The mapping files of a config repository."""
    for path in sorted((directory / "clients").glob("*.yaml")):
        yield YAML(typ="safe").load(path)


def settings(directory: Path) -> dict[str, Any]:
    """The settings of a config repository."""
    found: dict[str, Any] = YAML(typ="safe").load(directory / "psarecon.yaml")
    return found


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated world of 1,000 clients in all four systems."""
    directory = tmp_path_factory.mktemp("mixed")
    init(directory, clients=CLIENTS, seed=7, today=TODAY)
    return directory


@pytest.fixture(scope="module")
def truth(mixed: Path) -> dict[str, Any]:
    """What the sandbox says of it."""
    with running(mixed) as url, client(url + "/_sandbox") as control:
        found: dict[str, Any] = control.get("/world").json()
    return found


def test_half_are_billed_in_connectwise_and_most_have_both_sources(mixed: Path) -> None:
    """A client with both has two lines, of different products."""
    found = list(documents(mixed))
    psas = Counter(document["psa"] for document in found)
    assert 0.45 < psas["autotask"] / CLIENTS < 0.55
    assert psas["autotask"] + psas["connectwise"] == CLIENTS
    both = [document for document in found if len(document["organizations"]) == 2]
    assert 0.55 < len(both) / CLIENTS < 0.65
    assert {tuple(document["organizations"]) for document in both} == {("jumpcloud", "lastpass")}
    assert {tuple(line["product"] for line in document["lines"]) for document in both} == {
        ("jumpcloud-platform", "lastpass-business")
    }


def test_lastpass_is_on_the_same_contract_or_on_its_own(mixed: Path) -> None:
    """Both happen in Autotask; in ConnectWise both additions are on one agreement."""
    shared = Counter[tuple[str, bool]]()
    for document in documents(mixed):
        if len(document["lines"]) == 2:
            first, second = (line.get("contract") or line["agreement"] for line in document["lines"])
            shared[document["psa"], first["id"] == second["id"]] += 1
    assert set(shared) == {("autotask", True), ("autotask", False), ("connectwise", True)}


def test_every_name_and_id_of_the_mapping_is_right(mixed: Path) -> None:
    """Agreements and products are as ConnectWise has them; LastPass's companies bear the client's name."""
    with World.open(mixed) as world:
        additions = world.db.execute(
            "SELECT t.id, p.identifier, a.id, a.name, c.id, c.name FROM cw_additions t JOIN cw_products p"
            " ON p.id = t.product_id JOIN cw_agreements a ON a.id = t.agreement_id JOIN cw_companies c"
            " ON c.id = a.company_id").fetchall()  # fmt: skip
        companies = {str(key): name for key, name in world.db.execute("SELECT id, name FROM lp_companies")}
    known = {row[0]: row[1:] for row in additions}
    for document in documents(mixed):
        for line in document["lines"] if document["psa"] == "connectwise" else []:
            assert known[line["addition"]["id"]] == (
                line["addition"]["name"], line["agreement"]["id"], line["agreement"]["name"],
                document["company"]["id"], document["company"]["name"],
            )  # fmt: skip
        if "lastpass" in document["organizations"]:
            assert companies[document["organizations"]["lastpass"]] == document["client"]


def test_lines_differ_as_they_should(mixed: Path, truth: dict[str, Any]) -> None:
    """Mostly fewer units than are counted, never so many more that a guard speaks; all mapped lines bill."""
    lines = {line["id"]: line for line in truth["lines"]}
    users = {one["id"]: int(one["users"]) for one in truth["organizations"]}
    found: dict[str, list[int]] = {"jumpcloud": [], "lastpass": []}
    costs = Counter[tuple[str, str]]()
    for document in documents(mixed):
        for line in document["lines"]:
            source = line["product"].partition("-")[0]
            billed = lines[str((line.get("service") or line["addition"])["id"])]
            assert billed.get("live", True)
            found[source].append(int(billed["quantity"]) - users[document["organizations"][source]])
            costs[source, billed["unit_cost"]] += 1
    for differences in found.values():
        assert 0.25 < sum(map(bool, differences)) / len(differences) < 0.35
        assert (min(differences), max(differences)) == (-6, 4)
    assert costs["jumpcloud", "9.00"] > 0.88 * CLIENTS
    assert costs["lastpass", "4.25"] > 0.88 * len(found["lastpass"])
    other_costs = {cost for source, cost in costs if source == "lastpass"}
    assert other_costs == {"3.75", "3.85", "3.95", "4.05", "4.25"}


def test_no_agreement_is_invoiced_beyond_last_month(mixed: Path) -> None:
    """All agreements are billed by calendar months, active, and without a parent."""
    with World.open(mixed) as world, running(mixed) as url, client(url, cw_headers(world)) as http:
        answer = http.get("/v4_6_release/apis/3.0/finance/agreements", params={"pageSize": 1000})
    found = answer.json()
    assert len(found) > 450
    assert {one["nextInvoiceDate"] for one in found} == {"2026-11-01T00:00:00Z"}
    assert {(one["agreementStatus"], one["billingCycle"]["name"]) for one in found} == {("Active", "Monthly")}
    assert {one.get("parentAgreement") for one in found} == {None}


def test_ids_tell_which_psa_a_line_is_of(truth: dict[str, Any]) -> None:
    """No id is used by both, so that an edit needs not say the PSA."""
    ids = {psa: {line["id"] for line in truth["lines"] if line["psa"] == psa} for psa in ("autotask", "connectwise")}
    assert min(map(len, ids.values())) > 500
    assert ids["autotask"] & ids["connectwise"] == set()


def test_there_is_a_reseller_with_a_client_of_its_own(mixed: Path) -> None:
    """A grandchild, which no mapping names."""
    with World.open(mixed) as world:
        reseller = world.one("SELECT id FROM lp_companies WHERE type = 'managed-msp'")
        assert reseller is not None
        below = world.db.execute("SELECT name, addons FROM lp_companies WHERE parent_id = ?", reseller).fetchall()
    assert below == [("Partner Networks: Florist", "mfa")]


def test_the_same_seed_gives_the_same_mixed_world(tmp_path: Path) -> None:
    """Every table and every file; another seed gives others."""
    dumps = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        init(tmp_path / name, clients=20, seed=seed, today=TODAY)
        with World.open(tmp_path / name) as world:
            files = {p.name: p.read_text() for p in (tmp_path / name / "clients").iterdir()}
            dumps.append((list(world.db.iterdump()), files))
    assert dumps[0] == dumps[1]
    assert dumps[0] != dumps[2]


def test_the_settings_name_all_four_systems(tmp_path: Path) -> None:
    """And env.sh has their variables."""
    init(tmp_path, clients=12, today=TODAY)
    found = settings(tmp_path)
    assert found["sources"]["lastpass"] == {
        "type": "lastpass", "url": "file:.sandbox/url", "api_key": "env:LASTPASS_API_KEY"
    }  # fmt: skip
    assert found["psas"]["connectwise"] == {
        "type": "connectwise", "url": "file:.sandbox/url", "company": "examplemsp", "public_key": "env:CW_PUBLIC_KEY",
        "private_key": "env:CW_PRIVATE_KEY", "client_id": "env:CW_CLIENT_ID",
    }  # fmt: skip
    assert found["products"]["lastpass-business"] == {
        "source": "lastpass", "metric": "seats", "quantity": "current", "unit_cost": "4.25"
    }  # fmt: skip
    with World.open(tmp_path) as world:
        known = environment(world)
    assert [line.split("=")[0] for line in (tmp_path / "env.sh").read_text().splitlines()[1:]] == [
        f"export {name}" for name in known
    ]


@pytest.mark.parametrize(
    ("systems", "sources", "psas"),
    [("autotask,jumpcloud", ["jumpcloud"], ["autotask"]), ("connectwise, lastpass", ["lastpass"], ["connectwise"]),
     ("lastpass,jumpcloud,autotask", ["jumpcloud", "lastpass"], ["autotask"])],
)  # fmt: skip
def test_init_can_leave_systems_out(tmp_path: Path, systems: str, sources: list[str], psas: list[str]) -> None:
    """Neither the settings nor the world know of the others."""
    arguments = parse("init", str(tmp_path), "--clients", "40", "--today", "2026-11-21", "--systems", systems)
    assert arguments.run(arguments) == 0
    found = settings(tmp_path)
    assert (list(found["sources"]), list(found["psas"])) == (sources, psas)
    assert {product["source"] for product in found["products"].values()} == set(sources)
    with running(tmp_path) as url, client(url + "/_sandbox") as control:
        world = control.get("/world").json()
    assert {line["psa"] for line in world["lines"]} == set(psas)
    assert {one["source"] for one in world["organizations"]} == set(sources)


@pytest.mark.parametrize("systems", ["autotask", "jumpcloud,lastpass", "autotask,jumpcloud,halo", ""])
def test_systems_that_do_not_do_are_a_usage_error(tmp_path: Path, systems: str) -> None:
    """A PSA and a source are needed, and nothing is written."""
    arguments = parse("init", str(tmp_path), "--systems", systems)
    assert arguments.run(arguments) == 64
    assert list(tmp_path.iterdir()) == []


def test_a_hand_made_connectwise_client_is_mapped_in_its_words(tmp_path: Path) -> None:
    """`agreement` and `addition`, named by the product's identifier; only what is used is in the settings."""

    def build(builder: Builder) -> None:
        company = builder.add_cw_company("Acme")
        agreement = builder.add_agreement(company)
        addition = builder.add_addition(agreement, builder.add_product("LP-BUS"), quantity=3)
        seats = builder.add_lastpass_company("Acme", users=4)
        line = MappedLine("lastpass-business", agreement, addition, {"minimum": 2})
        builder.map_client("Acme", {"lastpass": seats}, company, [line], psa="connectwise")

    with building(tmp_path, today=TODAY) as builder:
        build(builder)
        write_config(tmp_path, builder.world, builder.clients)
    assert next(documents(tmp_path)) == {
        "client": "Acme", "organizations": {"lastpass": "18273"}, "psa": "connectwise",
        "company": {"id": 250001, "name": "Acme"},
        "lines": [{"product": "lastpass-business", "agreement": {"id": 500871, "name": "Managed services"},
                   "addition": {"id": 3000589, "name": "LP-BUS"}, "minimum": 2}],
    }  # fmt: skip
    found = settings(tmp_path)
    assert (list(found["sources"]), list(found["psas"]), list(found["products"])) == (
        ["lastpass"], ["connectwise"], ["lastpass-business"])  # fmt: skip
    assert "AUTOTASK" not in (tmp_path / "env.sh").read_text()
