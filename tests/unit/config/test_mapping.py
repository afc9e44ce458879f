from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from psarecon.config.mapping import load_mapping
from psarecon.config.settings import load_settings
from psarecon.domain.model import (
    Acceptance,
    Allowance,
    Binding,
    LineKey,
    Mapping,
    Names,
    Place,
    Product,
    QuantityRule,
    Terms,
)

from .conftest import CLIENT, ORGANIZATION, TODAY, ConfigDirectory

PLATFORM = Product("jumpcloud-platform", QuantityRule.HIGH_WATER_MARK, "jumpcloud", "users", Decimal("9.00"))
BACKUP = Product("backup", QuantityRule.FIXED, None, None, Decimal("4.25"))


def loaded(config: ConfigDirectory) -> Mapping:
    """The mapping on 2026-11-20."""
    return load_mapping(load_settings(config.path), today=TODAY).mapping


def test_a_client_file_becomes_bindings(config: ConfigDirectory) -> None:
    """Ids as texts, names as asserted, terms, the product's cost, and the place of each line."""
    assert loaded(config) == Mapping(
        (
            Binding(
                "Acme Corp",
                PLATFORM,
                ORGANIZATION,
                LineKey("autotask", "174", "29683353", "8001"),
                Names("Acme Corp", "Managed services", "JumpCloud Platform"),
                Terms(minimum=10),
                Decimal("9.00"),
                (),
                Place("clients/acme.yaml", 6),
            ),
            Binding(
                "Acme Corp",
                BACKUP,
                None,
                LineKey("autotask", "174", "29683353", "8002"),
                Names("Acme Corp", None, None),
                Terms(fixed=3),
                Decimal("4.25"),
                (),
                Place("clients/acme.yaml", 10),
            ),
        )
    )


def test_a_line_has_terms_cost_organization_and_allowances_of_its_own(config: ConfigDirectory) -> None:
    """Its own come first; the client's allowances hold for each line."""
    config.client(
        "    minimum: 10\n",
        '    organization: "7"\n    unit_cost: "8.5"\n    minimum: 10\n    maximum: 50\n    committed: 20\n'
        "    non_billable: 3\n    multiple_of: 5\n"
        "    allow: [{guard: cost-move, reason: new price, until: 2026-12-31}]\n",
    )
    text = (config.path / "clients/acme.yaml").read_text()
    config.write(
        "clients/acme.yaml",
        text + "allow:\n  - {guard: quantity-drop, reason: 'sold a branch', until: '2026-11-20'}\n",
    )
    first, second = loaded(config).bindings
    branch = Allowance("quantity-drop", "sold a branch", date(2026, 11, 20))
    assert first.terms == Terms(None, 3, 5, 20, 10, 50)
    assert (first.organization, first.unit_cost) == ("7", Decimal("8.5"))
    assert first.allow == (Allowance("cost-move", "new price", date(2026, 12, 31)), branch)
    assert second.allow == (branch,)
    assert not [warning for warning in config.warnings() if "allowance" in warning]


@pytest.mark.parametrize(
    ("text", "quantity", "cost"),
    [
        ('quantity: 20, unit_cost: "8.00"', Decimal(20), Decimal("8.00")),
        ("quantity: 0", Decimal(0), None),
        ('quantity: "20.5"', Decimal("20.5"), None),
        ('unit_cost: "8"', None, Decimal(8)),
    ],
)
def test_a_line_may_accept_drift_until_a_day(
    config: ConfigDirectory, text: str, quantity: Decimal | None, cost: Decimal | None
) -> None:
    """Either figure or both; the other line accepts none."""
    config.client("minimum: 10", f"accept_drift: {{{text}, reason: 'a gift, ticket 812', until: 2026-11-20}}")
    first, second = loaded(config).bindings
    assert first.accepted == Acceptance(quantity, cost, "a gift, ticket 812", TODAY)
    assert (second.accepted, config.warnings()) == (None, [])


def test_an_acceptance_that_has_ended_is_only_a_warning(config: ConfigDirectory) -> None:
    """At its day, with the way out."""
    config.client("minimum: 10", "accept_drift: {quantity: 20, reason: x, until: 2026-11-19}")
    (warning,) = config.check().warnings
    assert (warning.line, warning.column) == (9, 52)
    assert warning.message == "drift was accepted until 2026-11-19, which no longer counts"
    assert warning.suggestion == "remove accept_drift, or decide on a later day"


def test_files_are_read_by_path_and_clients_in_their_order(config: ConfigDirectory) -> None:
    """In folders below clients too; hidden files are not read."""
    for number, file in enumerate(
        ["clients/b/two.yaml", "clients/a.yaml", "clients/.hidden.yaml", "clients/.x/y.yaml"]
    ):
        text = f"client: C{number}\npsa: autotask\ncompany: {{id: 0}}\nlines:\n- product: backup\n"
        config.write(file, f"{text}  contract: {{id: 1}}\n  service: {{id: {number}}}\n  fixed: 1\n")
    assert [str(binding.at) for binding in loaded(config).bindings] == [
        "clients/a.yaml:5",
        "clients/acme.yaml:6",
        "clients/acme.yaml:10",
        "clients/b/two.yaml:5",
    ]


def test_a_file_may_hold_a_list_of_clients_or_be_json(config: ConfigDirectory) -> None:
    """Company 0 is a company like any other; a text is an id too."""
    config.write(
        "clients/acme.yaml",
        '[{"client": "A", "psa": "autotask", "company": {"id": 0}, "lines": [\n'
        '  {"product": "backup", "contract": {"id": "c-1"}, "service": {"id": "007"}, "fixed": 0}]},\n'
        ' {"client": "B", "psa": "autotask", "company": {"id": 1}, "lines": []}]\n',
    )
    (binding,) = loaded(config).bindings
    assert binding.line == LineKey("autotask", "0", "c-1", "007")
    assert binding.at == Place("clients/acme.yaml", 2)
    assert "clients/acme.yaml:3:68: the client 'B' has no lines" in config.warnings()


def test_a_connectwise_client_says_agreement_and_addition(config: ConfigDirectory) -> None:
    """The words its users know become the same line."""
    text = CLIENT.replace("psa: autotask", "psa: connectwise").replace("contract:", "agreement:")
    config.write("clients/acme.yaml", text.replace("service: ", "addition:"))
    assert [str(binding.line) for binding in loaded(config).bindings] == ["connectwise/8001", "connectwise/8002"]
    assert loaded(config).bindings[0].names.line == "JumpCloud Platform"


def test_warnings_do_not_make_a_mapping_invalid(config: ConfigDirectory) -> None:
    """An allowance that ended, a product nobody uses, a file with the wrong ending."""
    config.settings("  backup:", "  spare: {quantity: fixed}\n  backup:")
    config.client("minimum: 10", "allow: [{guard: cost-move, reason: x, until: 2026-11-19}]")
    config.write("clients/late.yml", "client: Late\n")
    assert not config.errors()
    assert config.warnings() == [
        "clients/acme.yaml:9:50: this allowance for cost-move ended on 2026-11-19 and no longer counts",
        "clients/late.yml:1:1: this file is not read",
        "psarecon.yaml:10:3: no line of the mapping uses the product 'spare'",
    ]
    assert len(load_mapping(load_settings(config.path), today=TODAY).warnings) == 3


def test_a_directory_without_clients_is_a_warning(config: ConfigDirectory) -> None:
    """It is how every configuration begins."""
    (config.path / "clients/acme.yaml").unlink()
    assert loaded(config).bindings == ()
    assert config.warnings()[0] == "clients:1:1: there are no client files: clients/**/*.yaml"


def test_names_of_any_kind_pass_through_unharmed(config: ConfigDirectory) -> None:
    """What a client is called is not ours to judge; only showing it is."""
    name = "\x1b[31m|<script>=cmd()\u202e[/oops]" + "x" * 9000
    escaped = name.replace("\x1b", "\\e").replace("\u202e", "\\u202e")
    config.client("client: Acme Corp", f'client: "{escaped}"')
    assert loaded(config).bindings[0].client == name
