"""The generated world, its config repository, the server and the commands."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from psarecon.cli import sandbox as command
from psarecon.sandbox import money, names
from psarecon.sandbox.build import MappedLine, building
from psarecon.sandbox.config import environment, quoted, write_config
from psarecon.sandbox.faults import KINDS
from psarecon.sandbox.generate import init
from psarecon.sandbox.rules import RULES
from psarecon.sandbox.serve import running
from psarecon.sandbox.world import World

from .conftest import client

TODAY = date(2026, 11, 21)
TWO = ("autotask", "jumpcloud")


def documents(directory: Path) -> Iterator[dict[str, Any]]:
    """The mapping files of a config repository."""
    for path in sorted((directory / "clients").glob("*.yaml")):
        yield YAML(typ="safe").load(path)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated world of 2,000 clients, all in Autotask and JumpCloud."""
    directory = tmp_path_factory.mktemp("big")
    init(directory, clients=2000, seed=7, today=TODAY, systems=TWO)
    return directory


def facts(directory: Path) -> list[tuple[Any, ...]]:
    """(users, units, cost, price, start) of every mapped client of a world, units as of today."""
    truth: dict[str, Any] = {}
    with running(directory) as url, client(url + "/_sandbox") as control:
        world = control.get("/world").json()
    truth = {line["id"]: line for line in world["lines"]}
    users = {one["id"]: int(one["users"]) for one in world["organizations"]}
    with World.open(directory) as opened:
        starts = dict(opened.db.execute("SELECT id, start FROM contracts"))
    found = []
    for document in documents(directory):
        line = truth[str(document["lines"][0]["service"]["id"])]
        found.append((users[document["organizations"]["jumpcloud"]], int(line["quantity"]), line["unit_cost"],
                      line["unit_price"], starts[document["lines"][0]["contract"]["id"]]))  # fmt: skip
    return found


def test_2000_clients_take_no_time(tmp_path: Path) -> None:
    """Building the world and its 2,000 files stays far below what 50,000 could not afford."""
    began = time.process_time()
    init(tmp_path, clients=2000, seed=3, today=TODAY)
    assert time.process_time() - began < 3
    assert sum(1 for _ in (tmp_path / "clients").iterdir()) == 2000


def test_the_generated_world_has_the_described_mixture(big: Path) -> None:
    """Shares of differing lines, where they may be higher, costs, prices and users."""
    found = facts(big)
    assert len(found) == 2000
    higher = [row for row in found if row[1] > row[0]]
    lower = [row for row in found if row[1] < row[0]]
    assert 0.25 < (len(higher) + len(lower)) / 2000 < 0.35
    assert 0 < len(higher) < len(lower) / 2
    assert max(users - units for users, units, *_ in lower) == 6
    assert all(units - users < 5 and units - users <= users * 0.15 for users, units, *_ in higher)
    assert {row[4][8:] for row in higher} == {"01"}
    assert 0.10 < sum(row[4][8:] != "01" for row in found) / 2000 < 0.20
    assert 0.05 < sum(row[2] != "9.00" for row in found) / 2000 < 0.11
    assert {row[2] for row in found} == {"8.00", "8.25", "8.50", "8.75", "9.00"}
    assert all(12 <= float(row[3]) <= 20 for row in found)
    assert min(row[0] for row in found) >= 3
    assert 300 < max(row[0] for row in found) <= 400
    assert sum(10 <= row[0] <= 60 for row in found) > 1000


def test_every_name_and_id_of_the_mapping_is_right(big: Path) -> None:
    """Companies, contracts and services are as the PSA has them, and belong together."""
    with World.open(big) as world:
        rows = world.db.execute(
            "SELECT l.id, s.name, c.id, c.name, c.type, c.status, c.period_type, m.id, m.name FROM contract_services l"
            " JOIN services s ON s.id = l.service_id JOIN contracts c ON c.id = l.contract_id"
            " JOIN companies m ON m.id = c.company_id"
        ).fetchall()
        known = {row[0]: row[1:] for row in rows}
        organizations = dict(world.db.execute("SELECT id, name FROM organizations"))
    for document in documents(big):
        line = document["lines"][0]
        assert known[line["service"]["id"]] == (
            line["service"]["name"], line["contract"]["id"], line["contract"]["name"], 7, 1, 2,
            document["company"]["id"], document["company"]["name"],
        )  # fmt: skip
        assert organizations[document["organizations"]["jumpcloud"]] == document["client"]
    assert len(organizations) > 2000
    assert len(known) > 2000


def test_nothing_is_posted_in_the_running_period(big: Path) -> None:
    """Every line bills today, and every period before is approved and posted."""
    with World.open(big) as world:
        username, secret, code = (world.need(f"autotask_{key}") for key in ("username", "secret", "integration_code"))
        lines = [row[0] for row in world.db.execute("SELECT id FROM contract_services LIMIT 500")]
    headers = {"UserName": username, "Secret": secret, "ApiIntegrationCode": code}
    with running(big) as url, client(url + "/ATServicesRest/V1.0", headers) as autotask:
        conditions = [{"op": "in", "field": "contractServiceID", "value": lines},
                      {"op": "lte", "field": "startDate", "value": "2026-11-21"},
                      {"op": "gte", "field": "endDate", "value": "2026-11-21"}]  # fmt: skip
        rows = autotask.post("/ContractServiceUnits/query", json={"filter": conditions}).json()["items"]
        conditions[2] = {"op": "lt", "field": "endDate", "value": "2026-11-21"}
        earlier = autotask.post("/ContractServiceUnits/query", json={"filter": conditions}).json()["items"]
    assert [row["contractServiceID"] for row in rows] == lines
    assert {row["approveAndPostDate"] for row in rows} == {None}
    assert None not in {row["approveAndPostDate"] for row in earlier}


def test_the_same_seed_gives_the_same_world_and_files(tmp_path: Path) -> None:
    """Every table and every file; another seed gives others."""
    dumps = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        init(tmp_path / name, clients=30, seed=seed, today=TODAY)
        with World.open(tmp_path / name) as world:
            files = {p.name: p.read_text() for p in (tmp_path / name / "clients").iterdir()}
            dumps.append((list(world.db.iterdump()), files))
    assert dumps[0] == dumps[1]
    assert dumps[0] != dumps[2]


def test_the_first_twelve_clients_have_awkward_names(tmp_path: Path) -> None:
    """An ampersand, brackets, an apostrophe and other alphabets are among them."""
    init(tmp_path, today=TODAY)
    text = "".join(document["client"] for document in documents(tmp_path))
    assert all(char in text for char in "&['北Ω")


def test_50000_names_are_all_different() -> None:
    """No two clients of one world share a name."""
    assert len({names.name(5, number) for number in range(50_000)}) == 50_000


def test_the_settings_are_yaml_with_the_agreed_keys(tmp_path: Path) -> None:
    """Sources and PSAs point at the sandbox, secrets at the environment."""
    init(tmp_path, clients=1, today=TODAY, systems=TWO)
    settings = YAML(typ="safe").load(tmp_path / "psarecon.yaml")
    assert settings["clock"] == "file:.sandbox/url"
    assert settings["sources"] == {
        "jumpcloud": {"type": "jumpcloud", "url": "file:.sandbox/url", "api_key": "env:JUMPCLOUD_API_KEY"}
    }
    assert settings["psas"]["autotask"]["integration_code"] == "env:AUTOTASK_INTEGRATION_CODE"
    assert settings["products"] == {"jumpcloud-platform": {
        "source": "jumpcloud", "metric": "users", "quantity": "high-water-mark", "unit_cost": "9.00"}}  # fmt: skip
    assert settings["guards"] == {"quantity_drop": {"percent": 20, "at_least": 5}}
    assert (tmp_path / ".gitignore").read_text() == ".psarecon/\n.sandbox/\nenv.sh\n"


def test_env_sh_holds_the_worlds_credentials(tmp_path: Path) -> None:
    """A shell that reads the file has what the settings refer to."""
    init(tmp_path, clients=1, today=TODAY, systems=TWO)
    done = subprocess.run(["sh", "-c", '. ./env.sh && printf "%s|%s" "$AUTOTASK_SECRET" "$JUMPCLOUD_API_KEY"'],
                          cwd=tmp_path, capture_output=True, text=True, check=True)  # fmt: skip
    with World.open(tmp_path) as world:
        expected = environment(world)
    assert done.stdout == f"{expected['AUTOTASK_SECRET']}|{expected['JUMPCLOUD_API_KEY']}"


@pytest.mark.parametrize(
    "name",
    ['"', "\\", "\x1b[31m", "\u202ex", "a\nb: c", "\u0085", "\x7f", "", "𝒳 \U000e0001", "#x"],  # noqa: RUF001  # the look-alike is the point
)
def test_hostile_names_survive_the_mapping_file(tmp_path: Path, name: str) -> None:
    """What YAML reads back is the name, whatever is in it."""
    with building(tmp_path, today=TODAY) as builder:
        company = builder.add_company(name, id=0)
        line = builder.add_line(builder.add_contract(company), builder.add_service("S"), units=3)
        contract = 29683353
        organization = builder.add_organization(name, users=3)
        mapped = [MappedLine("jumpcloud-platform", contract, line, {"minimum": 10, "unit_cost": "8.00"})]
        builder.map_client(name, organization, company, mapped)
        write_config(tmp_path, builder.world, builder.clients)
    document = next(documents(tmp_path))
    assert (document["client"], document["company"]) == (name, {"id": 0, "name": name})
    assert document["lines"][0]["minimum"] == 10
    assert document["lines"][0]["unit_cost"] == "8.00"
    assert quoted(name).isprintable()


def test_clients_of_one_name_get_files_of_their_own(tmp_path: Path) -> None:
    """The second file of a name has a number."""
    with building(tmp_path, today=TODAY) as builder:
        for name in ("Acme", "ACME!", "???"):
            builder.map_client(name, builder.add_organization(name, users=1), builder.add_company(name), [])
        write_config(tmp_path, builder.world, builder.clients)
    assert sorted(path.name for path in (tmp_path / "clients").iterdir()) == ["acme-2.yaml", "acme.yaml", "client.yaml"]


def test_a_world_is_not_built_over_another(tmp_path: Path) -> None:
    """The second attempt is refused."""
    with building(tmp_path, today=TODAY):
        pass
    with pytest.raises(FileExistsError, match="exists already"), building(tmp_path, today=TODAY):
        pass


def test_the_server_writes_its_url_and_ends_quickly(tmp_path: Path) -> None:
    """The file holds the bare URL while the server runs; leaving takes no 0.3 seconds."""
    with building(tmp_path, today=TODAY):
        pass
    with running(tmp_path) as url:
        assert (tmp_path / ".sandbox" / "url").read_text() == url
        assert httpx.get(url + "/_sandbox/health").json()["ok"] is True
        began = time.monotonic()
    assert time.monotonic() - began < 0.3
    with pytest.raises(httpx.ConnectError):
        httpx.get(url + "/_sandbox/health")


def test_the_server_ends_although_a_request_is_under_way(tmp_path: Path) -> None:
    """A delayed answer does not hold it up."""
    with building(tmp_path, today=TODAY):
        pass
    with running(tmp_path) as url, client(url) as http:
        http.post("/_sandbox/faults", json={"system": "jumpcloud", "kind": "delay", "seconds": 60})
        with pytest.raises(httpx.ReadTimeout):
            http.get("/api/organizations", timeout=0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 0.3


def test_a_directory_without_a_world_is_not_served(tmp_path: Path) -> None:
    """The error says what to do."""
    with pytest.raises(FileNotFoundError, match="sandbox init"), running(tmp_path):
        pass


def test_money_is_exact_to_four_decimals() -> None:
    """Text in, text out; halves are rounded up, away from zero."""
    assert [money.show(money.parse(text)) for text in ("9", "9.00", "8.125", "0.00005", "-1.5")] == [
        "9.00", "9.00", "8.125", "0.0001", "-1.50"]  # fmt: skip
    assert [money.share(10, 1, 4), money.share(-10, 1, 4), money.share(90_000, 30, 30)] == [3, -3, 90_000]
    for text, words in (("NaN", "decimal number"), ("1e400", "too large")):
        with pytest.raises(ValueError, match=words):
            money.parse(text)


def parse(*words: str) -> argparse.Namespace:
    """The arguments as the command line program would see them."""
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers())
    return parser.parse_args(["sandbox", *words])


def test_init_refuses_a_directory_that_has_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 64, and a message on stderr; stdout stays empty."""
    arguments = parse("init", str(tmp_path), "--clients", "3", "--seed", "4", "--today", "2026-11-21")
    assert [arguments.run(arguments), arguments.run(arguments)] == [0, 64]
    written = capsys.readouterr()
    assert (written.out, "exists already" in written.err) == ("", True)
    assert len(list((tmp_path / "clients").iterdir())) == 3


def test_serve_announces_itself_and_stops_on_a_signal(tmp_path: Path) -> None:
    """SIGTERM and SIGINT both end it with code 0; the URL file is there before the line is printed."""
    init(tmp_path, clients=1, today=TODAY)
    code = (
        "import argparse, sys; from psarecon.cli import sandbox; p = argparse.ArgumentParser(); "
        "sandbox.register(p.add_subparsers()); a = p.parse_args(['sandbox', 'serve', sys.argv[1]]); sys.exit(a.run(a))"
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        root = str(Path(command.__file__).parents[2])
        with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": root}) as process:  # fmt: skip
            assert process.stderr is not None
            line = process.stderr.readline()
            url = (tmp_path / ".sandbox" / "url").read_text()
            assert line == f"listening on {url}\n"
            assert httpx.get(url + "/_sandbox/health").json()["today"] == "2026-11-21"
            process.send_signal(number)
            assert process.wait(10) == 0
            assert process.stderr.read() == ""


def test_serving_nothing_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 64 and a hint."""
    arguments = parse("serve", str(tmp_path))
    assert arguments.run(arguments) == 64
    assert "sandbox init" in capsys.readouterr().err


def test_without_the_extra_both_commands_say_how_to_install_it(tmp_path: Path) -> None:
    """Exit code 1 and one line, in an interpreter that refuses to import starlette."""
    code = (
        "import argparse, sys; sys.modules['starlette'] = None; from psarecon.cli import sandbox; "
        "p = argparse.ArgumentParser(); sandbox.register(p.add_subparsers()); "
        "a = p.parse_args(['sandbox', *sys.argv[1:]]); sys.exit(a.run(a))"
    )
    root = {**os.environ, "PYTHONPATH": str(Path(command.__file__).parents[2])}
    for action in ("init", "serve"):
        done = subprocess.run([sys.executable, "-c", code, action, str(tmp_path)], env=root, check=False,
                              capture_output=True, text=True)  # fmt: skip
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == 'psarecon: the sandbox is not installed; run: pip install "psarecon[sandbox]"\n'


def test_the_reference_names_every_rule_and_every_fault() -> None:
    """The tables of the reference page have a row for each."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "sandbox.md").read_text("utf-8")
    assert [rule.name for rule in RULES if f"| `{rule.name}` |" not in page] == []
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


def test_a_world_alone_can_be_made_for_settings_that_are_there(tmp_path: Path) -> None:
    """`--world-only` gives the same credentials and the same world, and leaves settings and mapping as they are."""
    made, kept = tmp_path / "made", tmp_path / "kept"
    init(made, clients=4, seed=3, today=TODAY)
    kept.mkdir()
    (kept / "psarecon.yaml").write_text("version: 1\n", "utf-8")
    init(kept, clients=4, seed=3, today=TODAY, world_only=True)
    assert (kept / "env.sh").read_text("utf-8") == (made / "env.sh").read_text("utf-8")
    assert (kept / "psarecon.yaml").read_text("utf-8") == "version: 1\n"
    assert not (kept / "clients").exists()
    with running(made) as one, running(kept) as other:
        assert httpx.get(f"{one}/_sandbox/world").json() == httpx.get(f"{other}/_sandbox/world").json()
