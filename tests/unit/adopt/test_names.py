from __future__ import annotations

import pytest

from psarecon.adopt.domains import own_domain
from psarecon.adopt.names import Weights, name_of
from psarecon.text import folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Dental LLC", "ACME DENTAL"),
        ("Smith & Sons, Inc.", "Smith and Sons"),
        ("Müller Bäckerei GmbH & Co. KG", "Muller Backerei"),
        ("Blåbær & Brød AS", "Blabaer og Brod"),
        ("O'Hara's Dental", "OHaras Dental"),
        ("Acme, S.A.", "Acme SA"),
        ("北海道 Logistics", "北海道 LOGISTICS"),
    ],
)
def test_the_same_company_written_differently(one: str, other: str) -> None:
    """Case, accents, punctuation, legal forms and the sign for "and" make no difference."""
    assert name_of(one).may_be(name_of(other))
    assert Weights([]).score(name_of(one), name_of(other)) == 100


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme GmbH", "Acme LLC"), ("Acme Group", "Acme"), ("Acme & Sons", "Acme"), ("Harbor East", "Harbor West")],
)
def test_companies_that_are_not_the_same(one: str, other: str) -> None:
    """Legal forms that contradict each other, and words that tell one company from another, make two of them."""
    assert not name_of(one).may_be(name_of(other))


def test_a_slip_of_the_pen_costs_few_points_and_another_word_many() -> None:
    """A misspelt name stays above 85; a shared trade alone stays below the 70 from which names are told."""
    weights = Weights(map(name_of, ["Harbor Dental", "Summit Dental", "Maple Dental", "Cedar Dental"]))
    assert weights.score(name_of("Harbr Dental"), name_of("Harbor Dental")) >= 85
    assert weights.score(name_of("HarborDental"), name_of("Harbor Dental")) >= 88
    assert weights.score(name_of("Granite Dental"), name_of("Harbor Dental")) < 70


def test_a_name_of_nothing_but_a_legal_form_keeps_it() -> None:
    """``Co.`` is a name as well; signs alone are none."""
    assert name_of("Co.").core == "co"
    assert (folded("—!?"), name_of("—!?").core) == ("", "")


def test_the_own_domain_is_the_first_that_is_no_free_mail() -> None:
    """Free mail and a vendor's tenant domain tell nothing; where there is nothing else, there is none."""
    assert own_domain(["gmail.com", "acme.onmicrosoft.com", "Acme.com.", "other.com"]) == "acme.com"
    assert own_domain(["gmail.com", "outlook.com"]) == ""
