from __future__ import annotations

from collections.abc import Sequence

import pytest

from psarecon.adopt.companies import Alias, Companies, Peers, candidates, chosen
from psarecon.adopt.model import Candidates, Way
from psarecon.domain.adoption import CompanyKey
from psarecon.domain.directory import Company, Organization

from .world import company


def found(organization: Organization, companies: Sequence[Company], *others: Organization) -> Candidates:
    """What is found of the organization among the companies, beside other organizations."""
    return candidates(organization, Companies(companies), Peers([organization, *others]), 70)


def organization(name: str, *domains: str, id_: str = "o1") -> Organization:
    """An organization of JumpCloud."""
    return Organization("jumpcloud", id_, name, 5, domains)


def test_the_same_name_that_nobody_else_has_is_sure() -> None:
    """On both sides unique: sure by name, with 100 points."""
    match = found(organization("Acme Dental LLC"), [company("1", "Acme Dental"), company("2", "Summit Freight")])
    assert (match.sure, match.way, match.found[0].company.id, match.found[0].score) == (True, Way.NAME, "1", 100)


def test_a_domain_with_names_that_are_somewhat_alike_is_sure() -> None:
    """A misspelt name is settled by a domain that nobody shares; without the domain it is only proposed."""
    acme = company("1", "Acme Dental", domain="acmedental.com")
    assert found(organization("Acme Dntal", "acmedental.com"), [acme]).sure
    alone = found(organization("Acme Dntal"), [acme])
    assert (alone.sure, alone.why) == (False, "the names are alike, not the same")


def test_a_domain_alone_proposes_and_no_more() -> None:
    """A shared domain between strangers by name is a candidate in doubt."""
    match = found(organization("Zebra Motors", "acme.com"), [company("1", "Acme Dental", domain="acme.com")])
    assert (match.sure, match.found[0].score, match.why) == (False, 75, "the domain alone is not enough")


@pytest.mark.parametrize("side", ["organizations", "companies"])
def test_a_domain_that_is_shared_settles_nothing(side: str) -> None:
    """Two organizations, or two companies, of one domain: the misspelt name stays in doubt."""
    companies = [company("1", "Acme Dental", domain="acme.com")]
    others = []
    if side == "companies":
        companies.append(company("2", "Zebra Motors", domain="acme.com"))
    else:
        others.append(organization("Zebra Motors", "acme.com", id_="o2"))
    assert not found(organization("Acme Dntal", "acme.com"), companies, *others).sure


def test_twins_are_always_in_doubt() -> None:
    """Two companies of one name, or two organizations of one name, or a runner-up within five points."""
    twins = [company("1", "Acme Dental"), company("2", "Acme Dental Ltd")]
    match = found(organization("Acme Dental"), twins)
    assert (match.sure, [one.company.id for one in match.found]) == (False, ["1", "2"])
    other = organization("ACME dental", id_="o2")
    second = found(organization("Acme Dental"), twins[:1], other)
    assert second.why == "2 organizations of jumpcloud have this name"
    near = found(
        organization("Harbor Dental"), [company("1", "Harbor Dental East"), company("2", "Harbor Dental West")]
    )
    assert (near.sure, len(near.found)) == (False, 2)


def test_a_domain_of_another_company_casts_doubt_on_a_name() -> None:
    """The name says one company, the domain another: nothing is sure."""
    companies = [company("1", "Acme Dental"), company("2", "Bolt Legal", domain="acme.com")]
    assert not found(organization("Acme Dental", "acme.com"), companies).sure


def test_legal_forms_that_contradict_each_other_are_in_doubt() -> None:
    """A GmbH is not an LLC of the same name."""
    assert not found(organization("Acme Dental GmbH"), [company("1", "Acme Dental LLC")]).sure


def test_an_id_that_is_the_companys_number_is_sure_unless_the_names_contradict_it() -> None:
    """Whatever twins there are; names without anything in common make it a proposal."""
    twins = [company("1", "Acme Dental", number="4711"), company("2", "Acme Dental")]
    match = found(Organization("exports", "4711", "Acme Dental"), twins)
    assert (match.sure, match.way, match.found[0].company.id) == (True, Way.ID, "1")
    assert not found(Organization("exports", "4711", "Zebra Motors"), twins).sure


def test_the_organization_of_another_source_names_the_company_too() -> None:
    """What JumpCloud calls a client that is mapped already finds the client's LastPass company, but only by the very
    same name."""
    acme = company("1", "Acme Holding of Boston")
    pool = Companies([acme], {CompanyKey("autotask", "1"): [Alias("jumpcloud", "o1", "Acme Dental", "")]})
    same, alike = (Organization("lastpass", "18", name) for name in ("Acme Dental", "Acme Dentl"))
    assert candidates(same, pool, Peers([same]), 70).sure
    assert candidates(alike, pool, Peers([alike]), 70).found == ()


def test_companies_that_are_no_clients_are_left_out() -> None:
    """By default prospects, vendors and the like, and inactive ones; types that are asked for leave out the others."""
    companies = [
        company("1", "A", types=("Customer",)),
        company("2", "B", types=("Prospect",)),
        company("3", "C", types=("Vendor", "Client")),
        company("4", "D", types=("Former Client",)),
        company("5", "E", active=False),
        company("6", "F"),
    ]
    assert [one.id for one in chosen(companies)] == ["1", "3", "6"]
    assert [one.id for one in chosen(companies, ["prospect"])] == ["2"]
