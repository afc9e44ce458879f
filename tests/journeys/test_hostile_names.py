"""Names come from strangers: through every command and out again, nothing of them may act."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import PRODUCT, TODAY, Client, Ran, Rehearsal, rehearsal
from rich.cells import cell_len

from psarecon.sandbox.build import MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

HOSTILE = {
    "ESC": "Acme\x1b[2J\x1b[31m Corp",
    "OSC 52": "Acme\x1b]52;c;Y3VybCBldmls\x07",
    "OSC 8": "\x1b]8;;https://evil.example.com\x1b\\Acme\x1b]8;;\x1b\\",
    "C1": "Acme\x9b31m\x90q\x9c",
    "bidi override": "Acme \u202egpj.exe\u202c Corp",
    "bidi isolate": "\u2067Acme\u2069\u200f",
    "markup": "[/oops][bold]Acme[link=x]",
    "pipe": "Acme | Corp | | x",
    "script": "<script>alert(1)</script>&amp;",
    "formula": '=cmd|"/C calc"!A0',
    "newline": "Acme\r\nerror: all is lost\x0b\x0c\x85\u2028x",
    "DEL and backspace": "Acme\x7f\x08\x08Corp",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u0634\u0631\u0643\u0629",
    "wide": "\u5317\u6d77\u9053\u30ed\u30b8\u30b9\u30c6\u30a3\u30af\u30b9\u682a\u5f0f\u4f1a\u793e" * 2,
    "combining": "Z\u0351\u036b\u0343a\u0340\u0341l\u0321g\u0334o" * 9,
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 & \U0001f3f3\ufe0f\u200d\U0001f308",
    "tags": "Acme\U000e0041\U000e0042",
    "long": "A" * 10_000,
}
#: What the mapping refuses and the PSA may still say.
UNMAPPABLE = {"NUL": "Acme\x00Corp", "empty": ""}
_ACTS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def harmless(ran: Ran) -> None:
    """No control and no bidi character reaches a terminal; it went well, or as was meant."""
    for text in (ran.out, ran.err):
        found = {character for character in text if unicodedata.category(character) in _ACTS} - {"\n"}
        assert found == set(), f"{found} in {text[:400]!r}"


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A client for each hostile name: company, contract, organization and client."""
    clients = [Client(name, units=10, users=14) for name in HOSTILE.values()]
    with rehearsal(tmp_path_factory.mktemp("hostile") / "msp", *clients) as found:
        assert found.run("observe").code == 0
        yield found


@pytest.fixture(scope="module")
def planned(named: Rehearsal) -> Rehearsal:
    """With a saved plan."""
    named.plan()
    return named


def test_check_is_harmless_whether_all_is_well_or_not(named: Rehearsal) -> None:
    """Also when it quotes the line in which something is wrong."""
    well = named.run("check")
    assert (well.code, well.out) == (0, f"{len(HOSTILE)} clients, {len(HOSTILE)} lines: valid\n")
    harmless(well)
    for number in range(len(HOSTILE)):
        named.mapping("lines:\n", "nonsense: 1\nlines:\n", client=number)
    wrong = named.run("check")
    for number in range(len(HOSTILE)):
        named.mapping("nonsense: 1\n", "", client=number)
    assert wrong.code == 3
    harmless(wrong)


@pytest.mark.parametrize("words", [("observe",), ("plan",), ("plan", "--format", "json"), ("log",)], ids=" ".join)
def test_commands_are_harmless(named: Rehearsal, words: tuple[str, ...]) -> None:
    """And go well."""
    ran = named.run(*words)
    assert ran.code == 0
    harmless(ran)


def test_a_plan_is_ascii_and_holds_the_names_as_they_are(planned: Rehearsal) -> None:
    """Data is not changed, only escaped."""
    content = planned.plan_file.read_bytes()
    assert content.isascii()
    assert content.count(b"\n") == 1
    assert {one["client"] for one in json.loads(content)["changes"]} == set(HOSTILE.values())


def test_the_columns_of_a_plan_are_aligned_in_cells(planned: Rehearsal) -> None:
    """Wide, combining and cut names: the last column begins at the same cell in every row."""
    lines = planned.run("show", str(planned.plan_file)).out.splitlines()
    head = next(number for number, line in enumerate(lines) if "Client" in line and "Quantity" in line)
    ids = {one["id"] for one in json.loads(planned.plan_file.read_bytes())["changes"]}
    rows = [line for line in lines[head + 1 :] if line[-12:] in ids]
    assert len(rows) == len(HOSTILE)
    assert {cell_len(row[:-12]) for row in rows} == {cell_len(lines[head][: lines[head].index("Change")])}


@pytest.mark.parametrize("kind", HOSTILE)
def test_everything_about_one_change_is_harmless(planned: Rehearsal, kind: str) -> None:
    """Each change by itself, with all its names, its evidence and its call."""
    data = json.loads(planned.plan_file.read_bytes())
    (change,) = [one for one in data["changes"] if one["client"] == HOSTILE[kind]]
    ran = planned.run("show", str(planned.plan_file), "--change", change["id"])
    assert ran.code == 0
    harmless(ran)


def test_apply_log_and_conflicts_are_harmless(tmp_path: Path) -> None:
    """Every line is written, the journal shows them, and a second apply finds them done."""
    clients = [Client(name, units=10, users=14) for name in HOSTILE.values()]
    with rehearsal(tmp_path / "msp", *clients) as place:
        place.observed()
        place.plan()
        place.edit(line=place.lines[1], units_change=1)
        applied = place.apply()
        assert (applied.code, applied.out) == (5, f"{len(HOSTILE) - 1} verified, 1 conflict\n")
        for ran in (applied, place.apply(), place.run("log"), place.run("log", "--format", "json")):
            harmless(ran)


def test_names_that_differ_are_told_harmlessly(tmp_path: Path) -> None:
    """Somebody renames a company, a contract and a service in the PSA to something that acts."""
    with rehearsal(tmp_path / "msp", Client()) as place:
        text = next((place.directory / "clients").glob("*.yaml")).read_text(encoding="utf-8")
        contract = text.partition("contract: {id: ")[2].partition(",")[0]
        for kind, name in (HOSTILE | UNMAPPABLE).items():
            place.edit(contract=contract, name=name)
            place.edit(company="174", name=name)
            ran = place.run("observe")
            plan = place.run("plan", "-o", str(place.plan_file))
            for one in (ran, plan):
                assert one.code == 0, kind
                harmless(one)
            codes = [one["code"] for one in json.loads(place.plan_file.read_bytes())["findings"]]
            assert codes.count("name-differs") == 2


def test_an_organization_that_fails_is_named_harmlessly(tmp_path: Path) -> None:
    """Its name goes to stderr, and the server's words with it."""
    with rehearsal(tmp_path / "msp", Client()) as place:
        for name in (HOSTILE | UNMAPPABLE).values():
            place.edit(organization=place.organizations[0], name=name)
            body = json.dumps({"message": name})
            place.fault("status", "jumpcloud", status=403, body=body, path="/systemusers", times=1)
            ran = place.run("observe")
            assert ran.code == 6
            harmless(ran)
            harmless(place.run("plan"))


def test_an_empty_name_in_the_psa_is_a_name_that_differs(tmp_path: Path) -> None:
    """No name at all, everywhere the PSA and the source have one."""
    with building(tmp_path / "msp", today=TODAY) as builder:
        company = builder.add_company("")
        contract = builder.add_contract(company, name="")
        line = builder.add_line(contract, builder.add_service(""), units=10)
        organization = builder.add_organization("", users=14)
        builder.map_client("Acme Corp", organization, company, [MappedLine(PRODUCT, contract, line)])
        write_config(tmp_path / "msp", builder.world, builder.clients)
        environ = environment(builder.world)
    with running(tmp_path / "msp") as url:
        place = Rehearsal(tmp_path / "msp", url, environ, [str(line)], [organization])
        path = next((place.directory / "clients").glob("*.yaml"))
        path.write_text(path.read_text(encoding="utf-8").replace(', name: ""', ""), encoding="utf-8")
        place.observed()
        plan = place.plan()
        assert plan["changes"][0]["names"] == {"company": "", "contract": "", "line": ""}
        assert place.apply().code == 0
        harmless(place.run("log"))
