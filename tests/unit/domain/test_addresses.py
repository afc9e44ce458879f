"""Domains out of what people type."""

from __future__ import annotations

import pytest

from psarecon.domain.addresses import by_frequency, mail_domain, web_domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.acme.example/en/index.html?x=1#top", "acme.example"),
        ("HTTP://WWW.Acme.Example", "acme.example"),
        ("acme.example", "acme.example"),
        ("www.acme.example.", "acme.example"),
        ("  acme.example:8443/login", "acme.example"),
        ("https://user:secret@acme.example/", "acme.example"),
        ("info@acme.example", "acme.example"),
        ("acme.example; beta.example", "acme.example"),
        ("https:/acme.example", "acme.example"),
        ("www2.acme.example", "www2.acme.example"),
        ("smørgås.example", "smørgås.example"),
        ("www.example", "example"),
    ],
)
def test_the_domain_of_a_web_site_is_its_host_in_lower_case(text: str, domain: str) -> None:
    """Without www., scheme, port, path and whatever stands behind it."""
    assert web_domain(text) == (domain if "." in domain else "")


@pytest.mark.parametrize("text", ["", " ", "n/a", "none", "-", "https://", "https:///x", "a" * 300 + ".example", "."])
def test_what_is_no_web_site_has_no_domain(text: str) -> None:
    """People type such things too."""
    assert web_domain(text) == ""


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("ann@Acme.Example", "acme.example"),
        ('"a@b"@acme.example ', "acme.example"),
        ("ann@acme.example.", "acme.example"),
        ("ann", ""),
        ("ann@", ""),
        ("ann@localhost", ""),
        ("ann@acme example.org", ""),
    ],
)
def test_the_domain_of_an_address_is_what_follows_the_last_at_sign(address: str, domain: str) -> None:
    """In lower case; empty where that is no domain."""
    assert mail_domain(address) == domain


def test_domains_are_ordered_by_how_often_they_occur_then_by_letters() -> None:
    """Addresses without a domain count for nothing."""
    addresses = ["a@two.example", "b@one.example", "c@two.example", "d@nil.example", "nobody", ""]
    assert by_frequency(addresses) == ("two.example", "nil.example", "one.example")
    assert by_frequency([]) == ()
