"""What every PSA and source must do that says it lists what there is to map. A new one that passes this is one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from contract.kits import NOW, PSAS, SOURCES, PsaKit, SourceKit
from harness import TODAY, Rehearsal

from psarecon.domain.directory import Company, Offer
from psarecon.domain.ports import Directory, KnowsDomains, ListsOrganizations
from psarecon.errors import RemoteError


@pytest.fixture(params=PSAS, ids=str)
def kit(request: pytest.FixtureRequest) -> PsaKit:
    """Each PSA in turn."""
    found: PsaKit = request.param
    return found


@pytest.fixture
def msp(kit: PsaKit, tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients with a line each."""
    with kit.clients(tmp_path / "msp", 3) as found:
        yield found


def _companies(kit: PsaKit, found: Rehearsal) -> list[Company]:
    with kit.adapter(found) as psa:
        assert isinstance(psa, Directory)
        return list(psa.companies())


def _offers(kit: PsaKit, found: Rehearsal, *companies: str, day: date = TODAY) -> list[Offer]:
    with kit.adapter(found) as psa:
        assert isinstance(psa, Directory)
        return list(psa.offers(companies, day))


def test_every_company_is_listed_in_order_under_the_psas_name_in_the_settings(kit: PsaKit, msp: Rehearsal) -> None:
    """Active ones, with their names; ids are texts and go up."""
    found = _companies(kit, msp)
    assert [one.name for one in found] == ["Client 0", "Client 1", "Client 2"]
    assert {(one.psa, one.active) for one in found} == {(kit.type, True)}
    assert [one.id for one in found] == sorted((one.id for one in found), key=int)


def test_a_company_tells_its_type_and_the_domain_of_its_web_site(kit: PsaKit, msp: Rehearsal) -> None:
    """The type in the tenant's word; of the address only the host, in lower case and without www."""
    first, second, _ = _companies(kit, msp)
    field = {"autotask": "web_address"}.get(kit.type, "website")
    msp.edit(psa=kit.type, company=first.id, type="Prospect", **{field: "HTTPS://WWW.Client-0.Example:443/en?x=1"})
    found = _companies(kit, msp)
    assert (found[0].types, found[0].domain) == (("Prospect",), "client-0.example")
    assert (found[1].types, found[1].domain) == (second.types, "") == (("Customer",), "")


def test_a_company_that_is_kept_for_the_record_is_listed_as_inactive(kit: PsaKit, msp: Rehearsal) -> None:
    """It is there, so that whoever finds it by name knows why it is no client."""
    msp.edit(psa=kit.type, company=_companies(kit, msp)[1].id, active=False)
    assert [one.active for one in _companies(kit, msp)] == [True, False, True]


def test_the_lines_of_the_companies_asked_for_are_offered_with_names_words_and_figures(
    kit: PsaKit, msp: Rehearsal
) -> None:
    """Of two of three, in order; each as the plan would find it."""
    first, second, third = _companies(kit, msp)
    found = _offers(kit, msp, third.id, first.id)
    assert [(one.line.company, one.line.id) for one in found] == [(first.id, msp.lines[0]), (third.id, msp.lines[2])]
    assert {one.line.psa for one in found} == {kit.type}
    assert second.id not in {one.line.company for one in found}
    offer = found[0]
    assert (offer.names.company, bool(offer.names.contract)) == ("Client 0", True)
    assert offer.names.line in offer.words
    assert (f"{offer.quantity}", f"{offer.unit_cost}", f"{offer.unit_price}") == ("10", "9.00", "15.00")


def test_an_offer_is_what_an_observation_of_its_line_shows(kit: PsaKit, msp: Rehearsal) -> None:
    """Key and names are those a mapping would have to say."""
    offers = _offers(kit, msp, *(one.id for one in _companies(kit, msp)))
    with kit.adapter(msp) as psa:
        observed = psa.observe([one.line for one in offers], TODAY)
    assert {one.line: (one.names, one.quantity) for one in offers} == {
        key: (one.names, one.quantity) for key, one in observed.items()
    }
    assert {one.line for one in observed.values()} == set(observed)


def test_a_contract_that_has_ended_offers_nothing_and_one_that_is_to_begin_does(kit: PsaKit, msp: Rehearsal) -> None:
    """The one on its last day still does."""
    companies = [one.id for one in _companies(kit, msp)]
    contracts = [one.line.contract for one in _offers(kit, msp, *companies)]
    msp.edit(psa=kit.type, contract=contracts[0], end=(TODAY - timedelta(days=1)).isoformat())
    msp.edit(psa=kit.type, contract=contracts[1], end=TODAY.isoformat())
    msp.edit(psa=kit.type, contract=contracts[2], start=(TODAY + timedelta(days=11)).isoformat())
    assert [one.line.contract for one in _offers(kit, msp, *companies)] == contracts[1:]


def test_nobody_asked_for_is_nobody_read(kit: PsaKit, msp: Rehearsal) -> None:
    """Also where the id is no number, or one that no company has."""
    assert _offers(kit, msp) == []
    assert _offers(kit, msp, "no-number", "999999999") == []


def test_a_psa_that_cannot_be_read_says_so(kit: PsaKit, msp: Rehearsal) -> None:
    """Never a shorter list."""
    msp.fault("status", kit.type, status=403, times=None)
    with pytest.raises(RemoteError):
        _companies(kit, msp)
    with pytest.raises(RemoteError):
        _offers(kit, msp, "174")


@pytest.fixture(params=[kit for kit in SOURCES if kit.type in {"jumpcloud", "lastpass"}], ids=str)
def source_kit(request: pytest.FixtureRequest) -> SourceKit:
    """Each source that knows domains in turn."""
    found: SourceKit = request.param
    return found


def test_domains_are_those_of_an_organizations_users(source_kit: SourceKit, tmp_path: Path) -> None:
    """One made from each client's name in the sandbox; an organization without users has none."""
    with source_kit.trial(tmp_path / "msp", [14, 0]) as trial:
        assert isinstance(trial.source, KnowsDomains)
        first, empty = trial.organizations
        assert dict(trial.source.domains(trial.organizations)) == {first: ("client0.example",), empty: ()}


def test_an_organization_whose_users_cannot_be_read_is_absent(source_kit: SourceKit, tmp_path: Path) -> None:
    """The other is there; where there is none at all, that is an error."""
    with source_kit.trial(tmp_path / "msp", [14, 3]) as trial:
        assert isinstance(trial.source, KnowsDomains)
        broken, whole = trial.organizations
        trial.break_one(broken)
        assert set(trial.source.domains(trial.organizations)) == {whole}
        trial.break_all()
        with pytest.raises(RemoteError):
            trial.source.domains(trial.organizations)


def test_nobody_asked_for_has_no_domains(source_kit: SourceKit, tmp_path: Path) -> None:
    """And no error, whatever the source is like."""
    with source_kit.trial(tmp_path / "msp", [14]) as trial:
        assert isinstance(trial.source, KnowsDomains)
        trial.break_all()
        assert dict(trial.source.domains([])) == {}


def test_organizations_are_listed_as_a_reading_has_them(source_kit: SourceKit, tmp_path: Path) -> None:
    """The same ids and names, without a count."""
    with source_kit.trial(tmp_path / "msp", [14, 0, 3]) as trial:
        assert isinstance(trial.source, ListsOrganizations)
        found = {(one.source, one.id, one.name, one.users) for one in trial.source.organizations()}
        read = trial.source.read((), NOW)
        assert found == {(one.source, one.organization, one.name, None) for one in read}
