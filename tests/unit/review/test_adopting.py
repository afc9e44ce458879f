from __future__ import annotations

import time
import unicodedata

import pytest
from rich.cells import cell_len
from unit.adopt.world import PLATFORM, FakePsa, FakeSource, adopted, company

from psarecon.adopt.adoption import Adoption
from psarecon.adopt.lines import Wanted
from psarecon.adopt.matching import Matches
from psarecon.adopt.model import Asked, Candidate, Candidates, Way
from psarecon.domain.adoption import CompanyKey, Draft, Edit, Edits, Known
from psarecon.domain.directory import Offer, Organization
from psarecon.domain.model import LineKey, Names
from psarecon.review import adopting_questions as questions
from psarecon.review.adopting import Adopting, Stand
from psarecon.review.adopting_lines import OptionLines, OrganizationLines, about, headline, nothing
from psarecon.review.keys import Keyboard, Place
from psarecon.review.spans import text_of

JUMPCLOUD = ["JumpCloud Platform"]
HOSTILE = ("Acme\x1b[2J [bold]x[/]", "Acme \u202egpj.exe", "\U0001f468\u200d\U0001f469 & co", "A" * 10_000, "\r\n\x9b")


def model(*names: str, east: int = 1, west: int = 1) -> Adopting:
    """Organizations of these names, each of which may be either of two companies with so many lines that fit."""
    companies, lines = [], {}
    for place, name in enumerate(names):
        for number, (side, count) in enumerate((("East", east), ("West", west)), 1):
            companies.append(company(f"{place}{number}", f"{name} {side}", types=("Customer",)))
            lines[f"{place}{number}"] = JUMPCLOUD * count
    rows = [(f"o{place}", name, "") for place, name in enumerate(names)]
    adoption, _ = adopted([FakeSource("jumpcloud", rows)], FakePsa("autotask", companies, lines))
    return Adopting(adoption, "ana")


def made(organizations: int, *names: str, asked: Asked | None = None, lines: int = 1) -> Adopting:
    """So many organizations in doubt, each with one company and lines of its own."""
    found, offers = [], {}
    for place in range(organizations):
        name = names[place % len(names)] if names else f"Organization {place}"
        known = company(f"{place}", name, number=name, domain=name, types=(name,))
        found.append(
            Candidates(
                Organization("jumpcloud", f"o{place}", name, organizations - place, (name,)),
                Way.NAME,
                sure=False,
                found=(Candidate(known, 80, (name,), asked, (name,)),),
                why=name,
            )
        )
        keys = [LineKey("autotask", f"{place}", "c", f"{place}-{line}") for line in range(lines)]
        offers[CompanyKey("autotask", f"{place}")] = [
            Offer(key, Names(name, name, name), ("JumpCloud Platform",)) for key in keys
        ]
    wanted = {"jumpcloud": Wanted.of(PLATFORM, "jumpcloud")}
    return Adopting(Adoption(Matches(found), Known(), offers, wanted))


def stands(found: Adopting) -> list[Stand]:
    """How the organizations stand, from the top."""
    return [found.stand(one) for one in found.every]


def lines_of(found: Adopting) -> list[str]:
    """The lines that would be mapped."""
    return sorted(line.line.id for client in found.adoption.draft().clients for line in client.lines)


def test_the_companies_of_an_organization_stand_above_their_lines() -> None:
    """Each by its number; a company's own lines follow it."""
    found = model("Harbor Dental", east=2)
    options = found.options(found.every[0])
    told = [(one.number, one.fit.offer.line.id if one.fit else "later" if one.later else "") for one in options]
    assert told == [(1, ""), (1, "01-0"), (1, "01-1"), (1, "later"), (2, ""), (2, "02-0")]


def test_accepting_a_company_takes_its_only_line() -> None:
    """What is written is what the adoption makes of it."""
    found = model("Harbor Dental")
    one = found.every[0]
    found.accept(one, found.options(one)[2])
    assert (stands(found), lines_of(found)) == ([Stand.ACCEPTED], ["02-0"])
    assert found.adoption.draft().clients[0].name == "Harbor Dental West"


def test_a_company_with_two_lines_asks_which() -> None:
    """And may be accepted with the line left to be decided."""
    found = model("Harbor Dental", east=2)
    one = found.every[0]
    company_, first, second, later, west, _ = found.options(one)
    assert found.needs_line(one, company_.candidate)
    assert not found.needs_line(one, west.candidate)
    found.accept(one, second)
    assert lines_of(found) == [second.fit.offer.line.id if second.fit else ""]
    found.accept(one, later)
    (client,) = found.adoption.draft().clients
    assert (client.lines, len(client.proposed)) == ((), 2)
    assert first.fit is not None


def test_a_line_that_bills_another_cannot_be_taken() -> None:
    """Two organizations, one company, two lines: the second one has only one left, and needs no choice."""
    companies = [company("1", "Harbor Dental East"), company("2", "Harbor Dental West")]
    rows = [("o1", "Harbor Dental", ""), ("o2", "Harbor Dental", "")]
    psa = FakePsa("autotask", companies, {"1": JUMPCLOUD * 2, "2": JUMPCLOUD})
    found = Adopting(adopted([FakeSource("jumpcloud", rows)], psa)[0])
    first, second = found.every
    found.accept(first, found.options(first)[1])
    assert [one.taken for one in found.options(second)] == [False, True, False, False, False]
    found.accept(second, found.options(second)[0])
    assert lines_of(found) == ["1-0", "1-1"]
    found.reopen(first)
    assert [one.taken for one in found.options(first)][:3] == [False, False, True]


def test_an_organization_whose_line_alone_is_in_doubt_is_there_too() -> None:
    """Its company is sure, and one of the lines is chosen."""
    psa = FakePsa("autotask", [company("1", "Acme")], {"1": JUMPCLOUD * 2})
    found = Adopting(adopted([FakeSource("jumpcloud", [("o1", "Acme", "")])], psa)[0])
    (one,) = found.every
    assert "1 organization in doubt, 1 only for the line: 1 open" in text_of(headline(found)[0])
    assert "only which of the lines bills it" in " ".join(map(text_of, about(one, found.options(one)[0], 80)))
    found.accept(one, found.options(one)[2])
    assert lines_of(found) == ["1-1"]
    found.undo()
    assert lines_of(found) == []


@pytest.mark.parametrize(("line", "needs"), [("0-1", False), ("gone", True)])
def test_the_line_that_a_table_names_is_meant_unless_it_is_gone(line: str, needs: bool) -> None:  # noqa: FBT001
    """Named and there, nobody is asked; named and gone, a person says which."""
    found = made(1, asked=Asked(line=line), lines=3)
    one = found.every[0]
    assert found.needs_line(one, one.found[0]) is needs
    if not needs:
        found.accept(one, found.options(one)[0])
        assert lines_of(found) == ["0-1"]


def test_a_company_that_is_named_for_tickets_only_gets_no_line() -> None:
    """None is offered."""
    found = made(1, asked=Asked(tickets=True))
    assert [option.whole for option in found.options(found.every[0])] == [True]
    assert "for tickets only" in " ".join(map(text_of, about(found.every[0], found.options(found.every[0])[0], 80)))


def test_a_company_without_a_line_that_fits_says_so() -> None:
    """It may be accepted all the same."""
    found = made(1, lines=0)
    (option,) = found.options(found.every[0])
    assert "none fits the product" in " ".join(map(text_of, about(found.every[0], option, 80)))
    found.accept(found.every[0], option)
    assert (stands(found), lines_of(found)) == ([Stand.ACCEPTED], [])


def test_every_act_can_be_taken_back_in_turn() -> None:
    """Accept, ignore instead, reopen; back to each of them."""
    found = model("Harbor Dental", "Pioneer Roofing")
    first, second = found.every
    found.accept(first, found.options(first)[0])
    found.ignore(first, "our own")
    found.ignore(second, "left us")
    found.reopen(first)
    assert stands(found) == [Stand.OPEN, Stand.IGNORED]
    assert [(one.name, one.reason, one.by) for one in found.adoption.ignored()] == [
        ("Pioneer Roofing", "left us", "ana")
    ]
    after = []
    while (one := found.undo()) is not None:
        after.append((one.organization.name, stands(found)))
    assert after == [
        ("Harbor Dental", [Stand.IGNORED, Stand.IGNORED]),
        ("Pioneer Roofing", [Stand.IGNORED, Stand.OPEN]),
        ("Harbor Dental", [Stand.ACCEPTED, Stand.OPEN]),
        ("Harbor Dental", [Stand.OPEN, Stand.OPEN]),
    ]
    assert found.adoption.ignored() == []


def test_a_filter_keeps_what_has_all_its_words() -> None:
    """Without accents and case, in name, source or id; nothing typed shows all."""
    found = model("Bérénice Interiors", "Pioneer Roofing", "Pioneer Dental")
    for text, names in (
        ("berenice", ["Bérénice Interiors"]),
        ("DENT pion", ["Pioneer Dental"]),
        ("jumpcloud o1", ["Pioneer Roofing"]),
        ("nobody", []),
        ("[", ["Bérénice Interiors", "Pioneer Roofing", "Pioneer Dental"]),
    ):
        found.filter(text)
        assert [one.organization.name for one in found.shown] == names, text
    found.filter("nobody")
    assert (found.at(0), found.next_open(0), found.index(found.every[1])) == (None, None, 0)
    assert "escape clears the filter" in text_of(nothing(found)[0])


def test_the_next_open_one_is_sought_around_the_end() -> None:
    """None is left when all are decided."""
    found = made(3)
    found.ignore(found.every[1], "x")
    assert [found.next_open(0), found.next_open(2), found.next_open(0, -1)] == [2, 0, 2]
    for one in found.every:
        found.ignore(one, "x")
    assert found.next_open(0) is None


@pytest.mark.parametrize("width", [28, 45, 59, 78, 118])
def test_no_name_is_wider_than_its_line_or_acts(width: int) -> None:
    """Escapes, brackets, right-to-left, emoji, line ends, 10,000 letters: in every line, decided or not."""
    found = made(len(HOSTILE), *HOSTILE, lines=2)
    found.ignore(found.every[0], HOSTILE[0])
    found.accept(found.every[1], found.options(found.every[1])[1])
    rows, options = OrganizationLines(found), OptionLines(found)
    told = [text_of(rows.line(index, width)) for index in range(rows.count)]
    assert {cell_len(line) <= width for line in told} == {True}
    for one in found.every:
        options.show(one)
        told += [text_of(options.line(index, width)) for index in range(options.count)]
        for option in options.options:
            lines = about(one, option, width)
            told += [text_of(line) for line in lines]
            assert max(cell_len(text_of(line)) for line in lines) <= width
    acts = {unicodedata.category(character) for line in told for character in line}
    assert not acts & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_what_was_decided_is_seen_without_colour() -> None:
    """By sign, and beside it by name or reason."""
    found = model("Harbor Dental", "Pioneer Roofing", "Acme Cycles")
    first, second, third = found.every
    found.accept(first, found.options(first)[0])
    found.ignore(second, "our own")
    rows = OrganizationLines(found)
    told = [" ".join(text_of(rows.line(index, 100)).split()) for index in range(3)]
    assert told[0] == "✓ Harbor Dental 5 jumpcloud → Harbor Dental East"
    assert told[1] == "- Pioneer Roofing 5 jumpcloud ignored: our own"
    assert told[2] == f"? Acme Cycles 5 jumpcloud {third.found[0].score} Acme Cycles East"
    assert text_of(headline(found)[0]) == "3 organizations in doubt: 1 open, 1 accepted, 1 ignored"
    options = OptionLines(found)
    options.show(first)
    marks = [text_of(options.line(index, 80)).split()[:2] for index in range(3)]
    assert marks == [["1", "✓"], ["✓", "JumpCloud"], ["2", str(first.found[1].score)]]


def test_nothing_in_doubt_is_an_answer() -> None:
    """What is sure can still be written."""
    found = made(0)
    assert [text_of(line).strip() for line in nothing(found)] == [
        "nothing is in doubt",
        "w writes what is sure, after a question",
    ]
    assert text_of(headline(found)[0]) == "0 organizations in doubt"


def test_the_question_counts_what_would_be_written() -> None:
    """Clients, lines, ignores and files; what is left; what is for somebody's hand."""
    found = model("Harbor Dental", "Pioneer Roofing", "Acme Cycles")
    found.accept(found.every[0], found.options(found.every[0])[0])
    found.ignore(found.every[1], "our own")
    edits = Edits(tuple(Edit(f"clients/{name}.yaml", None, "") for name in "ab"), (("clients/c.yaml", "x"),))
    title, lines = questions.write(found, found.adoption.draft(), edits)
    assert title == "Write 1 new client, 1 line and 1 ignored organization to 2 files?"
    assert lines[:2] == [
        "decided here: 1 accepted, 1 ignored; 1 left open as proposals",
        "1 file to be changed by hand: the report says how",
    ]
    assert questions.write(model(), Draft(), Edits(()))[0] == "Write 0 new clients and 0 lines to 0 files?"
    assert questions.leave(found)[0] == "Give up 2 decisions?"


def test_five_thousand_are_listed_filtered_and_decided_at_once() -> None:
    """A key on the last of 5,000 costs what one on the first costs: well below a frame."""
    found = made(5_000)
    rows, options, last = OrganizationLines(found), OptionLines(found), found.every[-1]
    for _ in range(3):  # a machine that is busy for a moment is no reason
        began = time.perf_counter()
        options.show(last)
        found.accept(last, options.options[0])
        assert found.next_open(4_999) == 0
        assert [text_of(rows.line(index, 80)) for index in range(4_960, 5_000)]
        headline(found)
        took = time.perf_counter() - began
        found.undo()
        if took < 0.02:
            break
    assert took < 0.02
    began = time.perf_counter()
    found.filter("organization 49")
    assert (len(found.shown), time.perf_counter() - began < 0.1) == (199, True)


def test_the_keys_of_the_import_screen_are_those_of_the_registry() -> None:
    """As people learn them."""
    keyboard = Keyboard()
    meant = {
        "j": "down", "k": "up", "tab": "other_pane", "h": "organizations", "l": "companies", "left": "organizations",
        "right": "companies", "enter": "accept", "a": "accept", "1": "accept_first", "2": "accept_second",
        "3": "accept_third", "i": "ignore", "s": "skip", "n": "next_open", "N": "previous_open", "u": "undo",
        "U": "reopen", "/": "find", "escape": "find_all", "w": "write", "q": "quit", "?": "help",
    }  # fmt: skip
    assert {key: keyboard.action(Place.IMPORT, key) for key in meant} == meant
