"""``psarecon coverage`` against the sandbox: what the mapping leaves out, and what is never said of what is unknown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import PRODUCT, TODAY, Client, Rehearsal, add_client, rehearsal

from psarecon.sandbox.build import MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

FORMULA = '=cmd|"/C calc"!A0'


@contextmanager
def world(directory: Path) -> Iterator[Rehearsal]:
    """Two clients that are right, and one of each thing that is not."""
    lines, organizations = [], []
    with building(directory, today=TODAY) as builder:
        service = builder.add_service("JumpCloud Platform")
        for client in (
            Client("Acme Corp"),
            Client("Beta"),
            Client("Cheap", unit_price="7.50"),
            Client("Empty", users=0),
        ):
            line, organization = add_client(builder, client, service)
            lines.append(str(line))
            organizations.append(organization)
        others = {"Lost <b>@all</b>": 14, "Ours": 30, "Tickets": 4, "Nobody": 0}
        organizations += [builder.add_organization(name, users=users) for name, users in others.items()]
        company = builder.add_company("Gone Ltd")
        contract = builder.add_contract(company)
        gone = builder.add_line(contract, service, units=5)
        builder.map_client("Gone Ltd", "no-such-organization", company, [MappedLine(PRODUCT, contract, gone)])
        other = builder.add_contract(builder.add_company(FORMULA))
        lines += [str(gone), str(builder.add_line(other, service, units=7, unit_price="14.00"))]
        builder.add_line(other, builder.add_service("Backup"), units=3)
        write_config(directory, builder.world, builder.clients)
        environ = environment(builder.world)
    with running(directory) as url:
        place = Rehearsal(directory, url, environ, lines, organizations)
        _write_more(place)
        yield place


def _write_more(place: Rehearsal) -> None:
    """A client for its tickets only, and an organization that somebody decided not to bill."""
    tickets = f"client: Tickets\norganizations: {{jumpcloud: '{place.organizations[6]}'}}\npsa: autotask\n"
    (place.directory / "clients" / "tickets.yaml").write_text(f"{tickets}company: {{id: 174}}\nlines: []\n", "utf-8")
    ours = f"ignore:\n  - {{source: jumpcloud, organization: '{place.organizations[5]}', reason: our own people}}\n"
    (place.directory / "import.yaml").write_text(ours, "utf-8")


@pytest.fixture(scope="module")
def msp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The world, which no test of this module changes but by faults that it takes away again."""
    with world(tmp_path_factory.mktemp("coverage") / "msp") as place:
        yield place


def told(place: Rehearsal, *words: str, code: int = 0) -> dict[str, Any]:
    """The report as data."""
    ran = place.run("coverage", "--format", "json", *words)
    assert ran.code == code, ran.err
    data: dict[str, Any] = json.loads(ran.out)
    return data


def rows(report: dict[str, Any]) -> list[tuple[str, str, str | None, str | None]]:
    """Kind, client, quantity and money of each gap."""
    return [(gap["kind"], gap["client"], gap["quantity"], gap["money"]) for gap in report["gaps"]]


def test_each_thing_that_is_not_covered_is_told_with_its_money(msp: Rehearsal) -> None:
    """By kind, in the order of what to do about it. The backup's line sells nothing that is mapped, so it is not told;
    neither is an organization without users."""
    report = told(msp)
    assert rows(report) == [
        ("unbilled", "Lost <b>@all</b>", "14", "210.00"),
        ("no-line", "Tickets", "4", "60.00"),
        ("unused", "Empty", "10", "150.00"),
        ("unused", "Gone Ltd", "5", "75.00"),
        ("below-cost", "Cheap", "10", "15.00"),
        ("unnamed", FORMULA, "7", "98.00"),
        ("ignored", "Ours", "30", None),
    ]
    assert report["gaps"][0]["why"] == "price of 4 of 5 mapped lines"
    assert [gap["why"] for gap in report["gaps"][2:4]] == [
        "the organization has no users", "the organization is gone from jumpcloud",
    ]  # fmt: skip
    assert (report["totals"]["organizations"], report["totals"]["lines"], report["partial"]) == (8, 5, False)


def test_nothing_is_kept_and_nothing_written(msp: Rehearsal) -> None:
    """Only reads reach the vendors, and no ledger is made."""
    msp.forget_requests()
    told(msp)
    asked = msp.requests()
    assert [one for one in asked if one["method"] != "GET" and not one["path"].lower().endswith("/query")] == []
    assert 0 < len(asked) < 30
    assert not (msp.directory / ".psarecon").exists()


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--exit-code",), 2)])
def test_the_exit_code_says_that_something_is_open_when_asked(
    msp: Rehearsal, words: tuple[str, ...], code: int
) -> None:
    """So that a pipeline can open an issue."""
    assert msp.run("coverage", *words).code == code


def test_a_mapping_without_gaps_exits_0(tmp_path: Path) -> None:
    """Also when asked for the code."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta")) as place:
        ran = place.run("coverage", "--exit-code")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.splitlines()[-1] == "2 organizations, 2 mapped lines: all is covered"


def test_the_text_is_in_sections_with_their_sums(msp: Rehearsal) -> None:
    """One line on the whole, then a table for each kind."""
    lines = msp.run("coverage").out.splitlines()
    assert lines[2] == (
        "8 organizations, 5 mapped lines: a month 270.00 not billed, 225.00 billed, 15.00 lost, "
        "98.00 billed, kept by nobody (USD)"
    )
    assert "users that nobody bills: 1 organization, 210.00 a month not billed:" in lines
    assert "billed for nobody: 2 lines, 225.00 a month billed:" in lines
    assert "ignored: 1 organization:" in lines


def test_csv_never_holds_a_formula(msp: Rehearsal) -> None:
    """A row for each gap under its header; a company's name that would be a formula is a text."""
    out = msp.run("coverage", "--format", "csv").out
    listed = list(csv.DictReader(io.StringIO(out, newline="")))
    (unnamed,) = [row for row in listed if row["kind"] == "unnamed"]
    assert (unnamed["client"], unnamed["money"], unnamed["currency"]) == (f"'{FORMULA}", "98.00", "USD")
    assert len(listed) == 7


def test_markdown_never_holds_more_than_text(msp: Rehearsal) -> None:
    """No tag and nobody mentioned, whatever a client is called; the first line names the report for a bot."""
    out = msp.run("coverage", "--format", "markdown").out
    assert out.startswith("<!-- psarecon:coverage -->\n## psarecon coverage: 6 gaps\n")
    assert "@all" not in out
    assert "<b>" not in out
    assert "### Users that nobody bills: 1 organization, 210.00 a month not billed" in out


def test_an_organization_that_cannot_be_read_is_unknown(msp: Rehearsal) -> None:
    """It is not said to be gone or empty, and the code says that the report is not whole."""
    msp.fault("organization_error", "jumpcloud", organization=msp.organizations[3], status=403, times=None)
    try:
        report = told(msp, code=6)
    finally:
        msp.no_faults()
    kinds = {gap["kind"] for gap in report["gaps"] if gap["client"] == "Empty"}
    assert (kinds, report["partial"]) == ({"unknown"}, True)


@pytest.mark.parametrize("fault", [
    {"kind": "short_list", "path": "/providers/"},
    {"kind": "status", "status": 200, "body": '{"results":[],"totalCount":0}', "path": "/providers/"},
    {"kind": "html", "status": 200},
], ids=["short", "empty", "html"])  # fmt: skip
def test_a_source_that_cannot_be_read_hides_its_organizations(msp: Rehearsal, fault: dict[str, Any]) -> None:
    """None of them is gone; what the PSA alone tells is there."""
    msp.fault(system="jumpcloud", times=None, **fault)
    try:
        report = told(msp, code=6)
    finally:
        msp.no_faults()
    found = {gap["kind"] for gap in report["gaps"]}
    assert found == {"below-cost", "unnamed", "ignored", "unknown"}
    (unknown,) = [gap for gap in report["gaps"] if gap["kind"] == "unknown"]
    assert unknown["place"] == "jumpcloud"
    assert unknown["why"].startswith("none of its users are known: ")


def test_a_psa_that_cannot_be_read_hides_its_lines(msp: Rehearsal) -> None:
    """Users are told all the same, at the unit cost, since no line tells a price."""
    msp.fault("status", "autotask", status=401, times=None)
    try:
        report = told(msp, code=6)
    finally:
        msp.no_faults()
    assert rows(report)[0] == ("unbilled", "Lost <b>@all</b>", "14", "126.00")
    assert {gap["kind"] for gap in report["gaps"]} == {"unbilled", "no-line", "ignored", "unknown"}


def test_without_a_mapping_lines_are_known_by_their_words(tmp_path: Path) -> None:
    """As an import knows them."""
    with building(tmp_path / "msp", today=date(2026, 11, 16)) as builder:
        contract = builder.add_contract(builder.add_company("Acme Corp"))
        for name in ("JumpCloud Platform", "Backup"):
            builder.add_line(contract, builder.add_service(name), units=7)
        builder.add_organization("Acme Corp", users=9)
        write_config(tmp_path / "msp", builder.world, builder.clients)
        environ = environment(builder.world)
    with running(tmp_path / "msp") as url:
        report = told(Rehearsal(tmp_path / "msp", url, environ))
    assert rows(report) == [("unbilled", "Acme Corp", "9", "81.00"), ("unnamed", "Acme Corp", "7", "105.00")]
