from __future__ import annotations

import pytest

from psarecon.config.bindings import ALLOWABLE_GUARDS
from psarecon.config.mapping import load_mapping
from psarecon.config.problems import Problems
from psarecon.config.settings import load_settings

from .conftest import ORGANIZATION, TODAY, ConfigDirectory

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


def test_two_thousand_wrong_lines_are_told_each_at_its_place(config: ConfigDirectory) -> None:
    """Not only the first."""
    lines = "".join(f"  - {{product: nope, contract: {{id: 1}}, service: {{id: {n}}}}}\n" for n in range(2000))
    config.write("clients/acme.yaml", f"client: A\npsa: autotask\ncompany: {{id: 1}}\nlines:\n{lines}")
    places = [(problem.line, problem.column) for problem in config.check().errors]
    assert places == [(number + 5, 15) for number in range(2000)]
