"""What there is to map, over real HTTP: how many requests it takes, and what each vendor's own ways come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from harness import TODAY, Rehearsal
from journeys.onboarding_steps import PSAS, directories, onboarding, sources, truth

from psarecon.domain.directory import Company, Offer
from psarecon.domain.ports import Directory, KeepsMappings, KnowsDomains
from psarecon.errors import Refused
from psarecon.sandbox.build import Builder, building
from psarecon.sandbox.chance import FREEMAIL, SYSTEMS
from psarecon.sandbox.config import environment, settings_for
from psarecon.sandbox.jumpcloud.build import IntegrationMapping
from psarecon.sandbox.serve import running

NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)


def _told(directory: Path, build: Callable[[Builder], None], read: Callable[[Rehearsal], None]) -> None:
    """Let ``read`` ask a world of our making."""
    with building(directory, today=TODAY) as builder:
        build(builder)
        environ = environment(builder.world)
    (directory / "psarecon.yaml").write_text(settings_for(SYSTEMS), "utf-8")
    with running(directory) as url:
        read(Rehearsal(directory, url, environ))


def _companies(found: Rehearsal, psa: str) -> list[Company]:
    with directories(found) as every:
        return list(every[psa].companies())


def _offers(found: Rehearsal, psa: str) -> list[Offer]:
    with directories(found) as every:
        return list(every[psa].offers([one.id for one in every[psa].companies()], TODAY))


def _asked(found: Rehearsal) -> Counter[str]:
    """Requests by their entity or list."""
    words = (one["path"].split("?")[0].strip("/").split("/") for one in found.requests())
    return Counter(path[-2] if path[-1] == "query" else path[-1] for path in words)


def test_autotask_is_read_in_pages_of_five_hundred(tmp_path: Path) -> None:
    """1,200 companies with a line each: three pages of companies, three batches of each entity below them."""

    def build(builder: Builder) -> None:
        service = builder.add_service("JumpCloud Platform")
        for number in range(1200):
            builder.add_line(builder.add_contract(builder.add_company(f"Client {number}")), service, units=10)

    def read(found: Rehearsal) -> None:
        with directories(found) as every:
            companies = every["autotask"].companies()
            asked = _asked(found)
            assert (len(companies), asked["Companies"] + asked["next"], asked["fields"]) == (1200, 3, 1)
            found.forget_requests()
            assert len(every["autotask"].offers([one.id for one in companies], TODAY)) == 1200
        below = {"Contracts": 3, "ContractServices": 3, "ContractServiceUnits": 3, "Services": 1}
        assert _asked(found) == {**below, "fields": 1}

    _told(tmp_path, build, read)


def test_connectwise_is_read_in_pages_of_a_thousand_and_once_an_agreement(tmp_path: Path) -> None:
    """1,050 companies, of which 300 have an agreement: two pages, then as few addresses of 2,000 characters as do."""

    def build(builder: Builder) -> None:
        product = builder.add_product("JC-PLATFORM")
        companies = [builder.add_cw_company(f"Client {number}") for number in range(1050)]
        for company in companies[:300]:
            builder.add_addition(builder.add_agreement(company), product, quantity=10)

    def read(found: Rehearsal) -> None:
        with directories(found) as every:
            companies = every["connectwise"].companies()
            assert (len(companies), _asked(found)["companies"]) == (1050, 2)
            found.forget_requests()
            assert len(every["connectwise"].offers([one.id for one in companies], TODAY)) == 300
        asked = _asked(found)
        assert (asked["additions"], set(asked)) == (300, {"agreements", "additions"})
        assert asked["agreements"] <= 6

    _told(tmp_path, build, read)


def test_names_of_companies_nobody_listed_before_are_asked_for_once(tmp_path: Path) -> None:
    """``offers`` alone: one request more, and only the first time."""

    def build(builder: Builder) -> None:
        company = builder.add_company("Acme Corp", id=174)
        builder.add_line(builder.add_contract(company), builder.add_service("JumpCloud Platform"), units=10)

    def read(found: Rehearsal) -> None:
        with directories(found) as every:
            names = [one.names.company for _ in range(2) for one in every["autotask"].offers(["174"], TODAY)]
        assert (names, _asked(found)["Companies"]) == (["Acme Corp", "Acme Corp"], 1)

    _told(tmp_path, build, read)


def test_the_msps_own_company_has_the_number_nought_in_autotask(tmp_path: Path) -> None:
    """A real id, and the first."""

    def build(builder: Builder) -> None:
        builder.add_company("Sandbox MSP", id=0)
        builder.add_company("Acme Corp", number="A-17", type=7, web="acme.example/")

    def read(found: Rehearsal) -> None:
        own, acme = _companies(found, "autotask")
        assert (own.id, own.name, own.number, own.types) == ("0", "Sandbox MSP", "", ("Customer",))
        assert (acme.number, acme.types, acme.domain) == ("A-17", ("Vendor",), "acme.example")

    _told(tmp_path, build, read)


def test_a_company_of_connectwise_tells_its_identifier_and_whether_it_is_deleted(tmp_path: Path) -> None:
    """The identifier is the number; the status Inactive and the mark of a deleted company mean the same here."""

    def build(builder: Builder) -> None:
        builder.add_cw_company("Acme Corp", identifier="AcmeCorp", website="http://www.acme.example")
        builder.add_cw_company("Old Ltd", deleted=True, type="Cancelled")
        builder.add_cw_company("Asleep Ltd", active=False)

    def read(found: Rehearsal) -> None:
        acme, old, asleep = _companies(found, "connectwise")
        assert (acme.number, acme.types, acme.domain, acme.active) == ("AcmeCorp", ("Customer",), "acme.example", True)
        assert (old.types, old.active, asleep.active) == (("Cancelled",), False, False)

    _told(tmp_path, build, read)


def test_only_active_recurring_contracts_of_autotask_offer_lines(tmp_path: Path) -> None:
    """Neither an inactive one nor another type; what bills nothing today has no quantity."""

    def build(builder: Builder) -> None:
        company, service = builder.add_company("Acme Corp"), builder.add_service("JumpCloud Platform")
        contracts = [builder.add_contract(company, status=0), builder.add_contract(company, type=1),
                     builder.add_contract(company), builder.add_contract(company, start=date(2026, 12, 1))]  # fmt: skip
        for contract in contracts:
            builder.add_line(contract, service, units=10)

    def read(found: Rehearsal) -> None:
        now, later = _offers(found, "autotask")
        assert (f"{now.quantity}", later.quantity) == ("10", None)

    _told(tmp_path, build, read)


def test_costs_that_the_api_user_may_not_see_are_unknown_and_not_nought(tmp_path: Path) -> None:
    """The line is offered all the same."""

    def build(builder: Builder) -> None:
        company, service = builder.add_company("Acme Corp"), builder.add_service("JumpCloud Platform")
        builder.add_line(builder.add_contract(company), service, units=10)

    def read(found: Rehearsal) -> None:
        found.fault("hide_costs", times=None)
        (offer,) = _offers(found, "autotask")
        assert (offer.unit_cost, f"{offer.quantity}") == (None, "10")

    _told(tmp_path, build, read)


def test_dead_agreements_and_additions_of_connectwise_offer_nothing(tmp_path: Path) -> None:
    """Cancelled or ended; one that is cancelled as of a later day still bills."""

    def build(builder: Builder) -> None:
        company, product = builder.add_cw_company("Acme Corp"), builder.add_product("JC", description="JumpCloud seats")
        past, later = date(2026, 11, 1), date(2026, 12, 1)
        for cancelled, end in ((past, None), (None, past), (later, None)):
            agreement = builder.add_agreement(company, cancelled=cancelled, end=end)
            builder.add_addition(agreement, product, quantity=10)
        agreement = builder.add_agreement(company)
        builder.add_addition(agreement, product, quantity=10, cancelled=past)
        builder.add_addition(agreement, product, quantity=12, cancelled=later)

    def read(found: Rehearsal) -> None:
        found_offers = _offers(found, "connectwise")
        assert [f"{one.quantity}" for one in found_offers] == ["10", "12"]
        assert {one.words for one in found_offers} == {("JC", "JumpCloud seats")}

    _told(tmp_path, build, read)


def test_domains_come_by_how_often_they_occur_freemail_too(tmp_path: Path) -> None:
    """One request an organization in both sources; whether a domain tells anything is for others to say."""

    def build(builder: Builder) -> None:
        mixed = ["b.example", "A.Example", "gmail.com", "A.Example"]
        builder.add_organization("Acme Corp", users=250, domains=mixed)
        builder.add_lastpass_company("Acme Corp", users=3, disabled=1, domains=mixed)

    def read(found: Rehearsal) -> None:
        with sources(found) as every:
            for source in every.values():
                assert isinstance(source, KnowsDomains)
                (organization,) = {one.organization for one in source.read((), NOW)}
                found.forget_requests()
                assert dict(source.domains([organization])) == {organization: ("a.example", "b.example", "gmail.com")}
                assert len(found.requests()) == 1

    _told(tmp_path, build, read)


def test_jumpclouds_own_mappings_are_read_with_their_names(tmp_path: Path) -> None:
    """A line with seats that are not billed, tickets only, and an organization that is gone; of each PSA its words."""

    def build(builder: Builder) -> None:
        company, service = builder.add_company("Acme Corp"), builder.add_service("JumpCloud Platform")
        line = builder.add_line(builder.add_contract(company, name="Seats"), service, units=10)
        acme, beta = builder.add_organization("Acme", users=3), builder.add_organization("Beta", users=4)
        builder.integrate("autotask", [IntegrationMapping(acme, company, line, 2), IntegrationMapping(beta, company)])
        other, product = builder.add_cw_company("Gone Ltd"), builder.add_product("JC")
        addition = builder.add_addition(builder.add_agreement(other), product, quantity=5)
        builder.integrate("connectwise", [IntegrationMapping("5f0000000000000000000000", other, addition)])

    def read(found: Rehearsal) -> None:
        with sources(found) as every:
            jumpcloud = every["jumpcloud"]
            assert isinstance(jumpcloud, KeepsMappings)
            assert not isinstance(every["lastpass"], KeepsMappings)
            line, tickets, gone = jumpcloud.mapped()
        assert (line.psa_type, line.organization_name, line.company_name) == ("autotask", "Acme", "Acme Corp")
        assert (line.contract_name, line.line, line.line_name) == ("Seats", "8001", "JumpCloud Platform")
        assert (line.non_billable, line.synced) == (2, "SUCCESS 2026-11-20T17:00:00Z")
        assert (tickets.organization_name, tickets.company, tickets.contract, tickets.line) == ("Beta", "174", "", "")
        assert (gone.psa_type, gone.organization_name, gone.line_name) == ("connectwise", "", "JC")

    _told(tmp_path, build, read)


def test_an_integration_that_is_switched_off_maps_nothing(tmp_path: Path) -> None:
    """The other one goes on."""
    with onboarding(tmp_path) as found, sources(found) as every:
        jumpcloud = every["jumpcloud"]
        assert isinstance(jumpcloud, KeepsMappings)
        assert {one.psa_type for one in jumpcloud.mapped()} == set(PSAS)
        found.edit(integration="autotask", enabled=False)
        assert {one.psa_type for one in jumpcloud.mapped()} == {"connectwise"}


def test_a_key_that_may_not_ask_for_mappings_is_refused(tmp_path: Path) -> None:
    """And not told that there are none."""
    with onboarding(tmp_path) as found, sources(found) as every:
        jumpcloud = every["jumpcloud"]
        assert isinstance(jumpcloud, KeepsMappings)
        found.fault("status", "jumpcloud", status=403, path="/integrations", times=None)
        with pytest.raises(Refused):
            jumpcloud.mapped()


def test_what_psas_and_sources_list_is_what_the_onboarding_world_says_is_true(tmp_path: Path) -> None:
    """300 clients: every line of the truth is offered with its names, every mapping is that of its organization."""
    with onboarding(tmp_path, 300) as found, directories(found) as psas, sources(found) as every:
        known = truth(found)
        for psa, directory in psas.items():
            _agrees(psa, directory, known)
        _mapped_agree(every["jumpcloud"], known)
        jumpcloud = every["jumpcloud"]
        assert isinstance(jumpcloud, KnowsDomains)
        listed = {one.organization for one in jumpcloud.read((), NOW)}
        gone = {one["organization"] for one in known if one["note"] == "organization-gone"}
        mine = {one["organization"] for one in known if one["source"] == "jumpcloud"}
        assert (len(listed), listed | gone, listed & gone) == (300, mine, set())
        domains = jumpcloud.domains(listed)
        assert (set(domains), any(FREEMAIL[0] in one for one in domains.values())) == (listed, True)


def _agrees(psa: str, directory: Directory, known: list[dict[str, str]]) -> None:
    """Names of companies and ids of lines, of one PSA."""
    companies = {one.id: one for one in directory.companies()}
    offers = {one.line.id: one for one in directory.offers(companies, TODAY)}
    mine = [one for one in known if one["psa"] == psa]
    assert mine
    for one in mine:
        assert companies[one["company"]].name == one["company_name"]
        assert set(one["lines"]) <= offers.keys()
        assert one["line"] == "" or offers[one["line"]].line.company == one["company"]


def _mapped_agree(source: object, known: list[dict[str, str]]) -> None:
    assert isinstance(source, KeepsMappings)
    mappings = {one.organization: one for one in source.mapped()}
    mine = {one["organization"]: one for one in known if one["class"] == "mapped"}
    assert mappings.keys() == mine.keys()
    for organization, one in mine.items():
        found = mappings[organization]
        assert (found.psa_type, found.company) == (one["psa"], one["company"])
        assert (found.line == "") == (one["note"] == "tickets")
        assert one["note"] in {"tickets", "line-gone"} or found.line == one["line"]
        assert bool(found.non_billable) == (one["note"] == "non-billable")
