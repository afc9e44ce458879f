from __future__ import annotations

import pytest

from psarecon.adopt.table import Table, read_table, sources_in
from psarecon.errors import InvalidInput, UsageError

from .world import FakePsa, FakeSource, adopted, company

ROWS = "JumpCloud Org ID,Customer,Contract,Service,Notes\no1,Acme,Care,JumpCloud Platform,x\n"


def columns(text: str, encoding: str = "utf-8") -> dict[str, str]:
    """What each column was taken for."""
    return dict(read_table(text.encode(encoding), "t.csv", "jumpcloud").columns)


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        (
            "JumpCloud Org ID,Autotask Company ID",
            {"organization": "JumpCloud Org ID", "company": "Autotask Company ID"},
        ),
        ("organisation_id;CUSTOMER", {"organization": "organisation_id", "company name": "CUSTOMER"}),
        ("Organization Name\tAcount Name", {"organization name": "Organization Name", "company name": "Acount Name"}),
    ],
)
def test_columns_are_known_by_their_headings(heading: str, expected: dict[str, str]) -> None:
    """Case, signs, whose it is and slips of the pen make no difference; commas, semicolons and tabs part them."""
    assert columns(f"{heading}\n") == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_a_table_of_a_spreadsheet_is_read(encoding: str) -> None:
    """UTF-8 with its mark, or what Windows writes."""
    table = read_table("Org;Firma\nMüller;Müller AG\n".encode(encoding), "t.csv", "jumpcloud")
    assert table.rows[0].cells == {"organization name": "Müller", "company name": "Müller AG"}


def test_a_column_can_be_named() -> None:
    """A heading that nobody could guess; a heading or a role that is not there is said."""
    raw = b"Mandant,Company\no1,1\n"
    assert read_table(raw, "t", "jumpcloud", columns={"organization": "mandant"}).rows[0].of("organization") == "o1"
    with pytest.raises(UsageError, match="no heading 'X'"):
        read_table(raw, "t", "jumpcloud", columns={"organization": "X"})
    with pytest.raises(UsageError, match="nothing called 'tenant'"):
        read_table(raw, "t", "jumpcloud", columns={"tenant": "Mandant"})


def test_a_table_without_what_is_needed_is_refused() -> None:
    """The hint says how to name the column."""
    with pytest.raises(InvalidInput, match="no column was recognised as the organization") as refused:
        columns("Foo,Company\n")
    assert refused.value.hint == "name it: --column organization=HEADING"


def test_columns_of_other_sources_are_passed_over() -> None:
    """One table may have an id of each source."""
    raw = b"JumpCloud Org ID,LastPass Org ID,Company\n"
    assert sources_in(raw, ["jumpcloud", "lastpass", "exports"]) == ["jumpcloud", "lastpass"]
    assert read_table(raw, "t", "lastpass", ["jumpcloud"]).columns["organization"] == "LastPass Org ID"


def table(text: str) -> Table:
    """A table of JumpCloud's organizations."""
    return read_table(text.encode(), "t.csv", "jumpcloud")


def result(text: str) -> tuple[str, str, str]:
    """What becomes of organization o1 by a table: its state, its line and why."""
    source = FakeSource("jumpcloud", [("o1", "Acme", ""), ("o2", "Bolt", "")])
    psa = FakePsa(
        "autotask", [company("1", "Acme Corp"), company("2", "Gone", active=False)], {"1": ["Seats", "Other"]}
    )
    adoption, _ = adopted([source], psa, tables=[table(text)], discovery=False)
    (one,) = (one for one in adoption.results() if one.organization.id == "o1")
    return one.state, one.line, one.why


def test_ids_of_a_table_are_taken_when_they_exist() -> None:
    """With the line that is named, whatever its words are."""
    assert result("org id,company id,contract id,service id\no1,1,c1,1-1\n") == ("imported", "mapped", "")
    assert result("org id,company id\no1,99\n") == (
        "none",
        "",
        't.csv:2 names the company "99", which no company is called',
    )


def test_names_of_a_table_are_sure_when_they_are_exact_and_else_proposed() -> None:
    """Case and signs aside; anything else is for a person."""
    assert result("org,company\nacme,ACME CORP\n")[0] == "imported"
    assert result("org,company\nacme,Acmee Corp\n")[0] == "doubtful"


def test_rows_that_lead_nowhere_are_told() -> None:
    """An organization that is not there is told with its row; one that is there twice is not imported; a company that
    is not active neither."""
    source = FakeSource("jumpcloud", [("o1", "Acme", "")])
    psa = FakePsa("autotask", [company("1", "Acme")])
    adoption, _ = adopted([source], psa, tables=[table("org id,company\no9,1\n")], discovery=False)
    told = [one.why for one in adoption.results() if one.state == "gone"]
    assert told == ["t.csv:2: jumpcloud has no organization 'o9'"]
    assert result("org id,company\no1,1\no1,1\n") == ("none", "", "t.csv has 2 rows for it")
    assert result("org id,company id\no1,2\n") == ("none", "", "t.csv:2 names a company that is not active")
