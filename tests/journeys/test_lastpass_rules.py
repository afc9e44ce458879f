"""What LastPass demands of a mapping, as ``psarecon check`` tells it: always with both places."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import psarecon

SETTINGS = """\
version: 1
billing: {timezone: America/New_York, currency: USD}
sources:
  lastpass: {type: lastpass, api_key: env:LP}
  older: {type: lastpass-enterprise, accounts: {"7": {cid: env:CID, provhash: env:HASH}}}
  jumpcloud: {type: jumpcloud, api_key: env:JC}
psas:
  cw:
    {type: connectwise, url: "https://cw.example", company: m, public_key: env:A, private_key: env:B, client_id: env:C}
  at: {type: autotask, username: env:A, secret: env:B, integration_code: env:C}
products:
  business: {source: lastpass, metric: seats, quantity: current}
  with-mfa: {source: lastpass, metric: seats, quantity: current, sku: lastpass-mfa}
  legacy: {source: older, metric: seats, quantity: current}
  platform: {source: jumpcloud, metric: users, quantity: high-water-mark}
"""


def client(name: str, company: int, organizations: str, *lines: tuple[str, int, int]) -> str:
    """A client of ConnectWise; a line is (product, agreement, addition)."""
    listed = "".join(
        f"  - {{product: {product}, agreement: {{id: {agreement}}}, addition: {{id: {addition}}}}}\n"
        for product, agreement, addition in lines
    )
    return f"client: {name}\norganizations: {{{organizations}}}\npsa: cw\ncompany: {{id: {company}}}\nlines:\n{listed}"


def checked(directory: Path, *clients: str) -> list[str]:
    """The errors of ``check``, without the warnings about products nobody uses."""
    (directory / "clients").mkdir(parents=True)
    (directory / "psarecon.yaml").write_text(SETTINGS, "utf-8")
    for number, text in enumerate(clients, start=1):
        (directory / "clients" / f"c{number}.yaml").write_text(text, "utf-8")
    ran = psarecon("-C", str(directory), "check")
    errors = [line for line in ran.err.splitlines() if ": error: " in line]
    assert ran.code == (3 if errors else 0), ran.err
    return errors


def test_two_mapped_lastpass_products_on_one_agreement_are_refused_with_both_lines(tmp_path: Path) -> None:
    """LastPass's own update does not work with two: neither is billed right."""
    acme = client("Acme", 1, 'lastpass: "7"', ("business", 10, 100), ("with-mfa", 10, 101))
    assert checked(tmp_path, acme) == [
        (
            "clients/c1.yaml:7:15: error: 'with-mfa' and 'business' of source 'lastpass' are both mapped on "
            "contract 10, the other at clients/c1.yaml:6"
        )
    ]


def test_a_company_has_lastpass_on_one_agreement(tmp_path: Path) -> None:
    """The second agreement is refused, and the first is named."""
    acme = client("Acme", 1, 'lastpass: "7"', ("business", 10, 100), ("with-mfa", 11, 101))
    assert checked(tmp_path, acme) == [
        "clients/c1.yaml:7:15: error: company 1 has LastPass on agreement 10 already, at clients/c1.yaml:6"
    ]


def test_one_lastpass_company_belongs_to_one_company_of_the_psa(tmp_path: Path) -> None:
    """Two clients bill the same LastPass company to companies 1 and 2."""
    acme = client("Acme", 1, 'lastpass: "7"', ("business", 10, 100))
    beta = client("Beta", 2, 'lastpass: "7"', ("with-mfa", 20, 200))
    assert checked(tmp_path, acme, beta) == [
        "clients/c2.yaml:6:15: error: the LastPass company '7' is billed to company 1 already, at clients/c1.yaml:6"
    ]


def test_one_company_of_the_psa_belongs_to_one_lastpass_company(tmp_path: Path) -> None:
    """Also where one of the two is read by the older API."""
    acme = client("Acme", 1, 'lastpass: "7", older: "8"', ("business", 10, 100), ("legacy", 10, 101))
    assert checked(tmp_path, acme) == [
        "clients/c1.yaml:7:15: error: company 1 is billed for the LastPass company '7' already, at clients/c1.yaml:6"
    ]


def test_lastpass_beside_another_source_on_one_agreement_is_right(tmp_path: Path) -> None:
    """The rules are about LastPass alone."""
    acme = client("Acme", 1, 'lastpass: "7", jumpcloud: abc', ("business", 10, 100), ("platform", 11, 101))
    assert checked(tmp_path, acme) == []


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("sku: lastpass-mfa", "sku: lastpas-mfa", "13:71: error: a source of type lastpass sells no 'lastpas-mfa'"),
        (
            "metric: users,",
            "metric: users, sku: lastpass,",
            "15:48: error: sku is not used here: a source of type jumpcloud does not tell what it sells",
        ),
        (
            "{source: lastpass, metric: seats, quantity: current}",
            "{source: lastpass, metric: seats, quantity: current, unit_cost: {from: source, unit: cents}}",
            "12:77: error: a source of type lastpass tells no price",
        ),
        (
            "high-water-mark}",
            "high-water-mark, unit_cost: {from: source}}",
            "15:86: error: unit_cost needs unit",
        ),
        (
            "high-water-mark}",
            'high-water-mark, unit_cost: {tiers: [{from: 2, cost: "9.00"}]}}',
            "15:102: error: the first tier must hold from 1",
        ),
        (
            "high-water-mark}",
            'high-water-mark, unit_cost: {tiers: [{from: 1, cost: "9.00"}, {from: 1, cost: "8.00"}]}}',
            "15:127: error: this tier (1) does not begin above the one before (1)",
        ),
        (
            "high-water-mark}",
            "high-water-mark, unit_cost: {tiers: []}}",
            "15:94: error: tiers has no tier",
        ),
        ('"7": {cid: env:CID', '"7": {cid: env:CID, cd: 1', "5:69: error: unknown key 'cd'"),
        ("cid: env:CID", "cid: 12345", "5:60: error: cid must be a reference to a secret, never the secret itself"),
    ],
)
def test_products_that_cannot_be_are_told_at_their_place(tmp_path: Path, old: str, new: str, error: str) -> None:
    """Costs nobody could tell, SKUs nobody sells, keys that are none."""
    assert old in SETTINGS
    (tmp_path / "psarecon.yaml").write_text(SETTINGS.replace(old, new, 1), "utf-8")
    ran = psarecon("-C", str(tmp_path), "check")
    assert ran.code == 3
    assert f"psarecon.yaml:{error}" in ran.err
