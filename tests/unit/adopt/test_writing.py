from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psarecon.adopt.saving import save
from psarecon.config.check import check
from psarecon.config.documents import parse_document
from psarecon.config.settings import load_settings
from psarecon.config.standing import known
from psarecon.config.writing import edits_of, quoted, slug
from psarecon.domain.adoption import (
    Addition,
    ClientProposal,
    CompanyKey,
    Draft,
    Edits,
    Ignored,
    LineProposal,
    NewClient,
    NewLine,
    Subject,
)
from psarecon.domain.model import LineKey, Names
from psarecon.errors import PsareconError

SETTINGS = """\
version: 1
billing: {timezone: America/New_York, currency: USD}
sources:
  jumpcloud: {type: jumpcloud, api_key: env:J}
  lastpass: {type: lastpass, api_key: env:L}
psas:
  autotask: {type: autotask, username: env:U, secret: env:S, integration_code: env:I}
products:
  platform: {source: jumpcloud, metric: users, quantity: current}
  business: {source: lastpass, metric: seats, quantity: current}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Settings and no client."""
    (tmp_path / "psarecon.yaml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def line(id_: str = "5", product: str = "platform", **given: object) -> NewLine:
    """A line of company 1."""
    return NewLine(product, LineKey("autotask", "1", "c-3", id_), Names("Acme", "Care", "Seats"), **given)  # type: ignore[arg-type]


def client(name: str = "Acme", **given: object) -> NewClient:
    """A client of company 1."""
    rest = {"organizations": {"jumpcloud": "o1"}, "company_name": name, **given}
    return NewClient(name, company=CompanyKey("autotask", "1"), **rest)  # type: ignore[arg-type]


def edits(directory: Path, draft: Draft, *ignored: Ignored) -> Edits:
    """What the draft becomes."""
    return edits_of(draft, load_settings(directory), ignored)


def written(directory: Path, draft: Draft, *ignored: Ignored) -> None:
    """The draft on disk, which passes the check."""
    save(directory, edits(directory, draft, *ignored).edits)
    assert check(directory).errors == ()


def test_a_client_is_a_file_that_reads_well(directory: Path) -> None:
    """The schema's line, how it was matched, then the client."""
    written(directory, Draft((client(lines=(line(non_billable=2),), notes=("jumpcloud: same name",)),)))
    assert (
        (directory / "clients" / "acme.yaml").read_text()
        == """\
# yaml-language-server: $schema=../.schemas/mapping.json
# jumpcloud: same name
client: "Acme"
organizations: {jumpcloud: "o1"}
psa: autotask
company: {id: 1, name: "Acme"}
lines:
  - product: platform
    contract: {id: "c-3", name: "Care"}
    service: {id: 5, name: "Seats"}
    non_billable: 2
"""
    )


@given(st.text(max_size=60))
def test_any_name_comes_back_as_it_was(name: str) -> None:
    """Texts that YAML would take for something else, or that hide signs, are read again as they were."""
    sound = not set(name) & set("\x00") and not re.search("[\ud800-\udfff]", name)
    if sound:
        document = parse_document(f"client: {quoted(name)}\n".encode(), "f")
        assert (document.found, document.data) == ([], {"client": name})


@pytest.mark.parametrize(
    "name",
    ["Yes", "null", "010", "1.5e3", "a: b # c", "- x", "[oops]", "\x1b]52;c;x\x07", "\u202eevil", "%TAG", "“q”\\"],
)
def test_names_that_mislead_are_written_and_pass_the_check(directory: Path, name: str) -> None:
    """In the client, in the company and in a proposal's comments; no sign that steers a terminal is in the file."""
    proposal = ClientProposal(
        80, (Subject("jumpcloud", "o2"),), client(f"{name} 2", organizations={"jumpcloud": "o2"}), name
    )
    written(directory, Draft((client(name, notes=(name,)),), proposals=((name, (proposal,)),)))
    texts = [path.read_text() for path in (directory / "clients").iterdir()]
    assert len(texts) == 2
    assert not any(re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text) for text in texts)


@pytest.mark.parametrize("name", ["a\x00b", "\ud800"])
def test_a_name_that_no_file_can_hold_is_not_asserted(directory: Path, name: str) -> None:
    """The id alone says which company it is."""
    written(directory, Draft((client(company_name=name),)))
    assert "company: {id: 1}\n" in (directory / "clients" / "acme.yaml").read_text()


def test_a_proposal_is_comments_until_its_marks_are_taken_away(directory: Path) -> None:
    """The check counts it; with one "# " less in each of its lines the client is mapped."""
    proposal = ClientProposal(91, (Subject("jumpcloud", "o1"),), client(lines=(line(),)), "names alike (91)")
    written(directory, Draft(proposals=(("Acme", (proposal,)),)))
    path = directory / "clients" / "acme.yaml"
    (told,) = check(directory).proposals
    assert told.render() == "clients/acme.yaml:3:1: info: open proposal (91): jumpcloud/o1, perhaps autotask/1"
    assert 'take one "# " from each of the 8 lines below' in path.read_text().replace("\n## ", " ")
    path.write_text(re.sub("^# (?!yaml)", "", path.read_text(), flags=re.MULTILINE))
    accepted = check(directory)
    assert (accepted.errors, accepted.lines, accepted.stale) == ((), 1, 1)
    assert accepted.proposals[0].message == "this proposal for jumpcloud/o1 is stale: jumpcloud/o1 is mapped already"


def test_a_line_proposal_stands_where_the_line_would(directory: Path) -> None:
    """The client is written without it; taking the marks away is all there is to accepting it."""
    proposals = tuple(LineProposal(90, Subject("jumpcloud", "o1"), line(id_), "2 lines fit") for id_ in ("5", "6"))
    written(directory, Draft((client(proposed=proposals),)))
    result = check(directory)
    assert ([one.line for one in result.proposals], result.warnings[0].file) == ([7, 13], "psarecon.yaml")
    path = directory / "clients" / "acme.yaml"
    head, first, second = re.split(r"(?m)^(?=  ## proposal)", path.read_text())
    path.write_text(head + re.sub("(?m)^  # ", "  ", first) + second)
    accepted = check(directory)
    assert (accepted.errors, accepted.lines, accepted.stale) == ((), 1, 2)


def test_an_addition_leaves_what_is_there(directory: Path) -> None:
    """An organization and a line more; comments and odd blanks stay."""
    (directory / "clients").mkdir()
    path = directory / "clients" / "acme.yaml"
    before = (
        'client: Acme   # ours\norganizations: { jumpcloud: "o1" }\npsa: autotask\ncompany: {id: 1}\nlines: [] # none\n'
    )
    path.write_text(before)
    (standing,) = known(load_settings(directory)).clients
    written(directory, Draft(additions=(Addition(standing, {"lastpass": "18"}, (line(product="business"),)),)))
    assert path.read_text() == before.replace('"o1" }', '"o1", lastpass: "18" }').replace("[] #", " #") + (
        '  - product: business\n    contract: {id: "c-3", name: "Care"}\n    service: {id: 5, name: "Seats"}\n'
    )


def test_what_cannot_be_added_is_left_for_a_hand(directory: Path) -> None:
    """The file stays, the rows are told."""
    (directory / "clients").mkdir()
    path = directory / "clients" / "acme.yaml"
    path.write_text("{client: Acme, psa: autotask, company: {id: 1}, lines: []}\n")
    (standing,) = known(load_settings(directory)).clients
    found = edits(directory, Draft(additions=(Addition(standing, {}, (line(product="business"),)),)))
    assert found.edits == ()
    assert found.by_hand[0][0] == "clients/acme.yaml"
    assert found.by_hand[0][1].startswith("- product: business\n")


def test_decided_proposals_go_and_their_file_is_used_again(directory: Path) -> None:
    """A file of nothing but that proposal becomes the client's; other proposals in a file stay."""
    proposals = tuple(
        ClientProposal(91, (Subject("jumpcloud", id_),), client(organizations={"jumpcloud": id_}), "")
        for id_ in ("o1", "o2")
    )
    written(directory, Draft(proposals=(("Acme", proposals[:1]), ("Bolt", proposals))))
    standing = known(load_settings(directory)).proposals
    settled = tuple(one for one in standing if one.subjects[0].id == "o1")
    written(directory, Draft((client(),), settled=settled))
    assert sorted(path.name for path in (directory / "clients").iterdir()) == ["acme.yaml", "bolt.yaml"]
    assert [one.message for one in check(directory).proposals] == [
        "open proposal (91): jumpcloud/o2, perhaps autotask/1"
    ]
    rest = known(load_settings(directory)).proposals
    written(directory, Draft(settled=rest))
    assert [path.name for path in (directory / "clients").iterdir()] == ["acme.yaml"]


def test_ignored_organizations_are_kept_in_a_file(directory: Path) -> None:
    """The first entry makes it, the next is added below; comments stay; the check holds proposals against it."""
    proposal = ClientProposal(91, (Subject("jumpcloud", "o1"),), client(), "")
    written(
        directory, Draft(proposals=(("Acme", (proposal,)),)), Ignored(Subject("jumpcloud", "o1"), "A", "ours", "ana")
    )
    path = directory / "import.yaml"
    path.write_text(path.read_text() + "    # since 2026\n")
    before = path.read_text()
    written(directory, Draft(), Ignored(Subject("lastpass", "18"), "", "gone"))
    assert path.read_text().startswith(before)
    assert [one.subject.id for one in known(load_settings(directory)).ignored] == ["o1", "18"]
    assert check(directory).proposals[0].message.endswith("is stale: jumpcloud/o1 is ignored")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ignore: [{source: jmpcloud, organization: a, reason: b}]", "1:19: error: there is no source 'jmpcloud'"),
        ("ignore: [{source: jumpcloud, organization: 18, reason: b}]", "must be the organization's id as a quoted"),
        ("ignore: [{source: jumpcloud, organization: a}]", "needs reason"),
        ("ignored: []", "unknown key 'ignored'"),
        (
            "ignore:\n" + 2 * "- {source: jumpcloud, organization: a, reason: b}\n",
            "jumpcloud/a is ignored twice, first in line 2",
        ),
    ],
)
def test_a_wrong_entry_is_an_error_of_the_check(directory: Path, text: str, told: str) -> None:
    """At its place, with advice, as all files of the directory."""
    (directory / "import.yaml").write_text(text)
    assert any(told in problem.render() for problem in check(directory).errors)


def test_a_file_that_changed_meanwhile_is_not_written(directory: Path) -> None:
    """Somebody else was there first."""
    found = edits(directory, Draft((client(),)))
    (directory / "clients").mkdir()
    (directory / "clients" / "acme.yaml").write_text("client: Other\n")
    with pytest.raises(PsareconError, match=r"clients/acme\.yaml was changed meanwhile"):
        save(directory, found.edits)


@pytest.mark.parametrize("id_", ["a\nb", " ", "\ud800", "x" * 300])
def test_an_id_that_no_file_can_hold_hinders_nobody_else(directory: Path, id_: str) -> None:
    """Its client or proposal is told as one to be written by hand; the others are written."""
    odd = client("Odd", organizations={"jumpcloud": id_})
    proposal = ClientProposal(80, (Subject("jumpcloud", id_),), odd, "")
    found = edits(directory, Draft((client(), odd), proposals=(("Odd too", (proposal,)),)))
    assert [one.file for one in found.edits] == ["clients/acme.yaml"]
    assert [file for file, _ in found.by_hand] == ["clients/odd.yaml", "clients/odd-too.yaml"]


def test_two_clients_of_one_name_have_two_files(directory: Path) -> None:
    """Whatever signs the names differ in, the second file has a number."""
    found = edits(directory, Draft((client("Müller & Co"), client("MULLER and co."))))
    assert [one.file for one in found.edits] == ["clients/muller-and-co-2.yaml", "clients/muller-and-co.yaml"]
    assert slug("…") == "client"
