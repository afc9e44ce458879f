"""Where ConnectWise's API answers, by where people log in."""

from __future__ import annotations

import pytest

from psarecon.psa.connectwise.client import api_site


@pytest.mark.parametrize(
    ("site", "api"),
    [
        ("https://na.myconnectwise.net", "https://api-na.myconnectwise.net"),
        ("https://api-eu.myconnectwise.net", "https://api-eu.myconnectwise.net"),
        ("https://aus.myconnectwise.net", "https://api-aus.myconnectwise.net"),
        ("https://staging.connectwisedev.com", "https://api-staging.connectwisedev.com"),
        ("https://cw.example.com", "https://cw.example.com"),
        ("https://myconnectwise.net.example.com", "https://myconnectwise.net.example.com"),
        ("http://127.0.0.1:8099", "http://127.0.0.1:8099"),
    ],
)
def test_the_api_of_the_vendors_cloud_stands_beside_the_site(site: str, api: str) -> None:
    """On the vendor's own domains the host begins with ``api-``; every other host is its own."""
    assert api_site(site) == api
