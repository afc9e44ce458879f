from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from psarecon.config.bindings import ALLOWABLE_GUARDS
from psarecon.config.mapping import load_mapping
from psarecon.config.problems import Problems
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

from .conftest import CLIENT, TODAY, ConfigDirectory

PLATFORM = Product("jumpcloud-platform", QuantityRule.HIGH_WATER_MARK, "jumpcloud", "users", Decimal("9.00"))
BACKUP = Product("backup", QuantityRule.FIXED, None, None, Decimal("4.25"))
ORGANIZATION = "624d9eae6849cf3b3f93dc56"


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


LINE = "  - product: jumpcloud-platform\n    contract: {id: 29683353, name: Managed services}\n"


@pytest.mark.parametrize(
    ("old", "new", "expected", "suggestion"),
    [
        ("psa: autotask", "psa: autotsk", "3:6: there is no PSA 'autotsk'", "did you mean autotask?"),
        ("psa: autotask\n", "", "1:1: the file needs psa", "add psa:"),
        (
            "{jumpcloud: 6",
            "{jumpcluod: '1', jumpcloud: 6",
            "2:17: there is no source 'jumpcluod'",
            "did you mean jumpcloud?",
        ),
        (ORGANIZATION, "18273", "2:28: jumpcloud must be the organization's id as a quoted text", 'write "18273"'),
        (ORGANIZATION, "624e10", "2:28: jumpcloud must be quoted: it reads as a float", 'write "624e10"'),
        ("id: 174", "id: -1", "4:15: id must be an id: an integer of at least 0, or a text without spaces", ""),
        ("id: 174", 'id: "1 2"', "4:15: id must be an id: an integer of at least 0, or a text without spaces", ""),
        ("id: 174, ", "", "4:10: company needs id", "add id:"),
        (
            "- product: jumpcloud-platform",
            "- product: jumpcloud-platfrom",
            "6:14: there is no product 'jumpcloud-platfrom'",
            "did you mean jumpcloud-platform?",
        ),
        (
            "    service:  {id: 8001, name: JumpCloud Platform}\n",
            "",
            "6:5: this item of lines needs service",
            "add service:",
        ),
        (LINE, "  - product: jumpcloud-platform\n", "6:5: this item of lines needs contract", "add contract:"),
        ("minimum: 10", "minimum: -1", "9:14: minimum must be at least 0", ""),
        ("minimum: 10", 'minimum: "10"', "9:14: minimum must be an integer", "write 10 without quotes"),
        ("minimum: 10", "minimun: 10", "9:5: unknown key 'minimun'", "did you mean minimum?"),
        ("minimum: 10", "multiple_of: 0", "9:18: multiple_of must be at least 1", ""),
        ("minimum: 10", "minimum: 10\n    maximum: 9", "10:14: maximum (9) is below minimum (10)", ""),
        ("minimum: 10", "committed: 10\n    maximum: 9", "10:14: maximum (9) is below committed (10)", ""),
        (
            "minimum: 10",
            "multiple_of: 4\n    minimum: 10",
            "10:14: minimum (10) is not a multiple of multiple_of (4)",
            "write 8 or 12",
        ),
        (
            "minimum: 10",
            "multiple_of: 4\n    maximum: 10",
            "10:14: maximum (10) is not a multiple of multiple_of (4)",
            "write 8 or 12",
        ),
        (
            "minimum: 10",
            "multiple_of: 4\n    committed: 10",
            "10:16: committed (10) is not a multiple of multiple_of (4)",
            "write 8 or 12",
        ),
        (
            "minimum: 10",
            "fixed: 10",
            "9:5: fixed is not used here: the product 'jumpcloud-platform' is billed by usage",
            "remove it, or use a product with quantity: fixed",
        ),
        (
            "    fixed: 3\n",
            "",
            "10:5: the product 'backup' has a fixed quantity, so the line needs fixed",
            "add fixed: NUMBER",
        ),
        (
            "fixed: 3",
            'fixed: 3\n    organization: "1"',
            "14:5: organization is not used here: the product 'backup' has a fixed quantity",
            "remove it",
        ),
        ("minimum: 10", "unit_cost: 9.00", "9:16: unit_cost must be a quoted decimal", 'write "9.00"'),
        (
            "minimum: 10",
            "unit_cost: 9",
            "9:16: unit_cost must be a quoted decimal, at least 0, with at most 4 decimals",
            'write "9"',
        ),
        (
            "minimum: 10",
            'unit_cost: "-1"',
            "9:16: unit_cost must be a quoted decimal, at least 0, with at most 4 decimals",
            'for example "9.00"',
        ),
        (
            "minimum: 10",
            "allow: [{guard: quantity-dorp, reason: x, until: 2026-12-31}]",
            f"9:21: guard must be one of {', '.join(ALLOWABLE_GUARDS)}",
            "did you mean quantity-drop?",
        ),
        (
            "minimum: 10",
            "allow: [{guard: cost-move, until: 2026-12-31}]",
            "9:13: this item of allow needs reason",
            "add reason:",
        ),
        (
            "minimum: 10",
            "allow: [{guard: cost-move, reason: '', until: 2026-12-31}]",
            "9:40: reason must be a text that is not empty",
            "",
        ),
        (
            "minimum: 10",
            "allow: [{guard: cost-move, reason: x, until: 31.12.2026}]",
            "9:50: until must be a day such as 2026-12-31",
            'for example "2026-12-31"',
        ),
        (
            "minimum: 10",
            "allow: [{guard: cost-move, reason: x, until: 2026-02-30}]",
            "9:50: until is not a day of the calendar: 2026-02-30",
            "",
        ),
        (
            "minimum: 10",
            "accept_drift: {reason: x, until: 2026-12-31}",
            "9:19: accept_drift needs quantity or unit_cost, or both",
            "",
        ),
        (
            "minimum: 10",
            "accept_drift: {quantity: 20, until: 2026-12-31}",
            "9:19: accept_drift needs reason",
            "add reason:",
        ),
        (
            "minimum: 10",
            "accept_drift: {quantity: 20, reason: x}",
            "9:19: accept_drift needs until",
            "add until:",
        ),
        (
            "minimum: 10",
            "accept_drift: {qantity: 20, unit_cost: '8.00', reason: x, until: 2026-12-31}",
            "9:20: unknown key 'qantity'",
            "did you mean quantity?",
        ),
        (
            "minimum: 10",
            "accept_drift: {quantity: -1, reason: x, until: 2026-12-31}",
            "9:30: quantity must be a whole number of at least 0, or a quoted decimal",
            "",
        ),
        (
            "minimum: 10",
            "accept_drift: {unit_cost: 8, reason: x, until: 2026-12-31}",
            "9:31: unit_cost must be a quoted decimal, at least 0, with at most 4 decimals",
            'write "8"',
        ),
        (
            "minimum: 10",
            "accept_drift: {quantity: 20, reason: x, until: 2026-02-30}",
            "9:52: until is not a day of the calendar: 2026-02-30",
            "",
        ),
        (
            "minimum: 10",
            "accept_drift: 20",
            "9:19: accept_drift needs quantity or unit_cost, or both",
            "",
        ),
        (
            "contract: {id: 29683353, name",
            "agreement: {id: 1}\n    addition: {id: 1}\n    contract: {id: 29683353, name",
            "7:5: agreement is not used here: the PSA 'autotask' is of type autotask",
            "write contract",
        ),
        (
            "organizations: {jumpcloud: " + ORGANIZATION + "}\n",
            "",
            "5:14: the client has no organization of source 'jumpcloud', which product 'jumpcloud-platform' needs",
            'add jumpcloud: "ID" under organizations',
        ),
    ],
)
def test_what_is_wrong_with_a_client_is_told_at_its_place_with_a_way_out(
    config: ConfigDirectory, old: str, new: str, expected: str, suggestion: str
) -> None:
    """Line, column, message and suggestion of the first error."""
    config.client(old, new)
    problem = config.check().errors[0]
    assert f"{problem.line}:{problem.column}: {problem.message}" == expected
    assert problem.suggestion == suggestion


def test_a_third_party_psa_takes_either_pair_but_not_both(config: ConfigDirectory) -> None:
    """Its words are not known here."""
    config.settings("type: connectwise", "type: third-party")
    config.client("psa: autotask", "psa: connectwise")
    assert config.errors() == []
    config.write(
        "clients/acme.yaml",
        (config.path / "clients/acme.yaml").read_text().replace("fixed: 3", "fixed: 3\n    addition: {id: 1}"),
    )
    assert config.errors() == ["clients/acme.yaml:10:5: this item of lines needs agreement"]


def other(service: str, organization: str = "other", product: str = "jumpcloud-platform", client: str = "Beta") -> str:
    """A second client with one line."""
    return (
        f"client: {client}\norganizations: {{jumpcloud: {organization}}}\npsa: autotask\ncompany: {{id: 1}}\nlines:\n"
        f"  - product: {product}\n    contract: {{id: 29683353}}\n    service: {{id: {service}}}\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            other("8001"),
            "clients/beta.yaml:8:19: the line autotask/8001 is mapped twice, first at clients/acme.yaml:6",
        ),
        (
            other('"8001"'),
            "clients/beta.yaml:8:19: the line autotask/8001 is mapped twice, first at clients/acme.yaml:6",
        ),
        (
            other("9", ORGANIZATION),
            (
                f"clients/beta.yaml:6:14: the organization '{ORGANIZATION}' is mapped twice for 'jumpcloud-platform', "
                "first at clients/acme.yaml:6"
            ),
        ),
        (
            other("9", product="jumpcloud-mdm"),
            (
                "clients/beta.yaml:6:14: 'jumpcloud-mdm' and 'jumpcloud-platform' of source 'jumpcloud' "
                "are both mapped on contract 29683353, the other at clients/acme.yaml:6"
            ),
        ),
        (
            other("9", client="Acme Corp"),
            "clients/beta.yaml:1:9: the client 'Acme Corp' is mapped twice, first at clients/acme.yaml:1",
        ),
    ],
)
def test_what_is_mapped_twice_is_told_at_the_second_place_and_names_the_first(
    config: ConfigDirectory, text: str, expected: str
) -> None:
    """Over all files."""
    config.settings("  backup:", "  jumpcloud-mdm: {source: jumpcloud, metric: devices, quantity: current}\n  backup:")
    config.write("clients/beta.yaml", text)
    assert config.errors() == [expected]


def test_the_same_product_on_one_contract_is_fine_for_two_organizations(config: ConfigDirectory) -> None:
    """A client with two tenants."""
    config.write("clients/beta.yaml", other("9"))
    assert config.errors() == []


def test_all_errors_of_all_files_are_told_in_one_go(config: ConfigDirectory) -> None:
    """Settings and mapping; text, form and cross-checks; a broken line hides nothing of the others."""
    config.settings("currency: USD", "currency: usd")
    config.client("minimum: 10", "minimum: 010")
    config.write("clients/beta.yaml", other("8002", product="bakcup"))
    config.write("clients/broken.yaml", "client: [\n")
    config.write("clients/gamma.yaml", "just text\n")
    config.write("clients/list.yaml", f"- {other('8002', client='C').replace(chr(10), chr(10) + '  ')}\n- 7\n")
    assert config.errors() == [
        "clients/acme.yaml:9:14: minimum must be quoted: some readers take the leading zero for an octal number",
        "clients/beta.yaml:6:14: there is no product 'bakcup'",
        "clients/broken.yaml:2:1: while parsing a flow node, did not find expected node content",
        "clients/gamma.yaml:1:1: a mapping file holds a client or a list of clients",
        "clients/list.yaml:8:21: the line autotask/8002 is mapped twice, first at clients/acme.yaml:10",
        "clients/list.yaml:10:3: this client must be a mapping",
        "psarecon.yaml:2:49: currency must be three capitals such as USD",
    ]


def test_settings_that_cannot_be_read_do_not_make_every_name_unknown(config: ConfigDirectory) -> None:
    """The mapping is still checked for what it says by itself."""
    config.write("psarecon.yaml", "version: [\n")
    config.client("minimum: 10", "minimum: 10\n    maximum: 9")
    assert config.errors() == [
        "clients/acme.yaml:10:14: maximum (9) is below minimum (10)",
        "psarecon.yaml:2:1: while parsing a flow node, did not find expected node content",
    ]


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


def test_loading_a_broken_mapping_raises_every_error_at_once(config: ConfigDirectory) -> None:
    """In file order, warnings left out."""
    config.client("psa: autotask", "psa: autotsk")
    config.write("clients/aaa.yaml", "client: 7\n")
    with pytest.raises(Problems) as caught:
        load_mapping(load_settings(config.path), today=TODAY)
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [
        ("clients/aaa.yaml", 1),
        ("clients/aaa.yaml", 1),
        ("clients/aaa.yaml", 1),
        ("clients/aaa.yaml", 1),
        ("clients/acme.yaml", 3),
    ]


def test_names_of_any_kind_pass_through_unharmed(config: ConfigDirectory) -> None:
    """What a client is called is not ours to judge; only showing it is."""
    name = "\x1b[31m|<script>=cmd()\u202e[/oops]" + "x" * 9000
    escaped = name.replace("\x1b", "\\e").replace("\u202e", "\\u202e")
    config.client("client: Acme Corp", f'client: "{escaped}"')
    assert loaded(config).bindings[0].client == name


def test_two_thousand_wrong_lines_are_told_each_at_its_place(config: ConfigDirectory) -> None:
    """Not only the first."""
    lines = "".join(f"  - {{product: nope, contract: {{id: 1}}, service: {{id: {n}}}}}\n" for n in range(2000))
    config.write("clients/acme.yaml", f"client: A\npsa: autotask\ncompany: {{id: 1}}\nlines:\n{lines}")
    places = [(problem.line, problem.column) for problem in config.check().errors]
    assert places == [(number + 5, 15) for number in range(2000)]
