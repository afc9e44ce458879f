from __future__ import annotations

from dataclasses import replace

from psarecon.adopt.adoption import Adoption
from psarecon.domain.adoption import Ignored, Known, OpenProposal, StandingLine, Subject
from psarecon.domain.directory import Mapped
from psarecon.domain.model import LineKey

from .world import FakePsa, FakeSource, adopted, company, standing

JUMPCLOUD, LASTPASS = ["JumpCloud Platform"], ["LastPass Business"]


def mapped(organization: str, id_: str, line: str = "", **given: object) -> Mapped:
    """A mapping of JumpCloud's own."""
    names = {"organization_name": "", "company_name": "", **given}
    return Mapped("autotask", organization, company=id_, line=line, **names)  # type: ignore[arg-type]


def states(adoption: Adoption) -> dict[str, tuple[str, str]]:
    """What became of each organization and its line."""
    return {one.organization.id: (one.state, one.line) for one in adoption.results()}


def harbor() -> tuple[FakeSource, FakePsa]:
    """An organization that may be either of two companies."""
    psa = FakePsa(
        "autotask",
        [company("1", "Harbor Dental East"), company("2", "Harbor Dental West")],
        {"1": JUMPCLOUD, "2": JUMPCLOUD},
    )
    return FakeSource("jumpcloud", [("o1", "Harbor Dental", "")]), psa


def test_organizations_of_two_sources_become_one_client() -> None:
    """One client with two organizations and two lines, each on the line that sells its product."""
    sources = [FakeSource("jumpcloud", [("o1", "Acme", "")]), FakeSource("lastpass", [("18", "ACME Inc.", "")])]
    adoption, _ = adopted(sources, FakePsa("autotask", [company("1", "Acme")], {"1": [*LASTPASS, *JUMPCLOUD]}))
    (client,) = adoption.draft().clients
    assert (client.name, client.organizations) == ("Acme", {"jumpcloud": "o1", "lastpass": "18"})
    assert [(line.product, line.line.id) for line in client.lines] == [
        ("jumpcloud-platform", "1-1"),
        ("lastpass-business", "1-0"),
    ]


def test_a_vendors_mapping_is_taken_over_with_its_line_and_free_seats() -> None:
    """The line is JumpCloud's, whatever it is called; another name of the company is a note."""
    source = FakeSource(
        "jumpcloud", [("o1", "Acme", "")], [mapped("o1", "1", "1-0", non_billable=2, company_name="Acm")]
    )
    adoption, _ = adopted([source], FakePsa("autotask", [company("1", "Acme")], {"1": ["Seats", *JUMPCLOUD]}))
    (client,) = adoption.draft().clients
    assert (client.lines[0].line.id, client.lines[0].non_billable) == ("1-0", 2)
    assert 'jumpcloud calls the company "Acm"' in client.notes


def test_a_vendors_mapping_for_tickets_only_keeps_no_line() -> None:
    """A line would fit, and is left alone."""
    source = FakeSource("jumpcloud", [("o1", "Acme", "")], [mapped("o1", "1")])
    adoption, _ = adopted([source], FakePsa("autotask", [company("1", "Acme")], {"1": JUMPCLOUD}))
    (client,) = adoption.draft().clients
    assert (client.lines, client.proposed, states(adoption)["o1"]) == ((), (), ("imported", "tickets"))


def test_a_vendors_line_that_is_gone_is_a_proposal() -> None:
    """The client is sure; the line that fits instead is proposed, with the reason."""
    source = FakeSource("jumpcloud", [("o1", "Acme", "")], [mapped("o1", "1", "77", contract="7", line_name="Old")])
    adoption, _ = adopted([source], FakePsa("autotask", [company("1", "Acme")], {"1": JUMPCLOUD}))
    (client,) = adoption.draft().clients
    assert (client.lines, client.proposed[0].line.line.id) == ((), "1-0")
    assert client.proposed[0].why.startswith('line 77 "Old", which jumpcloud\'s own mapping names, does not bill')


def test_a_vendors_company_that_is_not_active_is_looked_for_and_stays_in_doubt() -> None:
    """The very name is found, and what JumpCloud maps speaks against it."""
    source = FakeSource("jumpcloud", [("o1", "Acme", "")], [mapped("o1", "9", "9-0", company_name="Acme")])
    psa = FakePsa("autotask", [company("1", "Acme"), company("9", "Acme", active=False)], {"1": JUMPCLOUD})
    adoption, _ = adopted([source], psa)
    assert states(adoption)["o1"] == ("doubtful", "")
    assert "which is not active" in adoption.open[0].why


def test_two_organizations_of_one_company_are_proposals() -> None:
    """Else one line would be mapped twice."""
    rows = [("o1", "Acme", ""), ("o2", "Acme Labs", "")]
    source = FakeSource("jumpcloud", rows, [mapped("o1", "1", "1-0"), mapped("o2", "1", "1-0")])
    adoption, _ = adopted([source], FakePsa("autotask", [company("1", "Acme")], {"1": JUMPCLOUD}))
    assert adoption.draft().clients == ()
    assert {one.why for one in adoption.open} == {"jumpcloud maps 2 organizations to this company"}


def test_a_vendors_organization_that_is_gone_is_told() -> None:
    """It is neither mapped nor proposed."""
    source = FakeSource("jumpcloud", [], [mapped("o9", "1", "1-0", organization_name="Old")])
    adoption, _ = adopted([source], FakePsa("autotask", [company("1", "Acme")]))
    assert states(adoption) == {"o9": ("gone", "")}


def test_several_lines_that_fit_are_proposed_in_their_place() -> None:
    """The company is sure, so the client is written; which line is for a person."""
    source = FakeSource("jumpcloud", [("o1", "Acme", "")])
    adoption, _ = adopted([source], FakePsa("autotask", [company("1", "Acme")], {"1": [*JUMPCLOUD, *JUMPCLOUD]}))
    (client,) = adoption.draft().clients
    assert ([one.line.line.id for one in client.proposed], client.lines) == (["1-0", "1-1"], ())


def test_a_new_source_comes_to_the_client_that_is_there() -> None:
    """Its organization and line are added to the file; the line that is mapped already is no candidate."""
    there = standing("Acme", "1", jumpcloud="o1")
    line = StandingLine("jumpcloud-platform", "o1", LineKey("autotask", "1", "c1", "1-0"))
    known = Known((replace(there, lines=(line,)),))
    sources = [FakeSource("jumpcloud", [("o1", "Acme", "")]), FakeSource("lastpass", [("18", "Acme", "")])]
    adoption, _ = adopted(sources, FakePsa("autotask", [company("1", "Acme")], {"1": [*JUMPCLOUD, *LASTPASS]}), known)
    draft = adoption.draft()
    assert (draft.clients, draft.proposals) == ((), ())
    assert (draft.additions[0].organizations, draft.additions[0].lines[0].line.id) == ({"lastpass": "18"}, "1-1")


def test_a_second_organization_of_a_client_is_a_line_proposal_with_its_own_organization() -> None:
    """The client has one of that source already, so the line would name the other."""
    source = FakeSource("jumpcloud", [("o1", "Zebra", ""), ("o2", "Acme", "")])
    psa = FakePsa("autotask", [company("1", "Acme")], {"1": JUMPCLOUD})
    adoption, _ = adopted([source], psa, Known((standing("Acme", "1", jumpcloud="o1"),)))
    (addition,) = adoption.draft().additions
    assert (addition.lines, addition.proposed[0].line.organization) == ((), "o2")


def test_a_line_that_is_proposed_already_is_not_proposed_again() -> None:
    """Neither to be written, nor while it is to be decided."""
    source = FakeSource("jumpcloud", [("o1", "Zebra", ""), ("o2", "Acme", "")])
    psa = FakePsa("autotask", [company("1", "Acme")], {"1": JUMPCLOUD})
    waiting = OpenProposal("clients/a.yaml", 6, 80, (Subject("jumpcloud", "o2"),), "jumpcloud-platform", "autotask/1-0")
    known = Known((standing("Acme", "1", jumpcloud="o1"),), (waiting,))
    assert states(adopted([source], psa, known)[0])["o2"] == ("open", "")
    again, _ = adopted([source], psa, known, reopen=True)
    assert (states(again)["o2"][0], again.draft().additions) == ("doubtful", ())


def test_what_is_ignored_or_proposed_already_is_left_alone() -> None:
    """Neither is matched again; what is proposed is, when it is to be decided."""
    source, psa = harbor()
    ignored = Known(ignored=(Ignored(Subject("jumpcloud", "o1"), "", "ours"),))
    waiting = Known(proposals=(OpenProposal("clients/h.yaml", 2, 80, (Subject("jumpcloud", "o1"),), "", "autotask/1"),))
    assert states(adopted([source], psa, ignored)[0]) == {"o1": ("ignored", "")}
    assert states(adopted([source], psa, waiting)[0]) == {"o1": ("open", "")}
    again, _ = adopted([source], psa, waiting, reopen=True)
    assert (states(again), again.draft().proposals) == ({"o1": ("doubtful", "")}, ())


def test_a_decision_writes_the_client_and_settles_the_proposal() -> None:
    """Accepted: a client in the draft, and the proposal in the file is to go. Undone: as before."""
    source, psa = harbor()
    waiting = OpenProposal("clients/h.yaml", 2, 80, (Subject("jumpcloud", "o1"),), "", "autotask/1")
    adoption, _ = adopted([source], psa, Known(proposals=(waiting,)), reopen=True)
    (doubt,) = adoption.open
    adoption.accept(doubt.subject, doubt.found[1])
    draft = adoption.draft()
    assert ([one.company.id for one in draft.clients], draft.settled, adoption.open) == (["2"], (waiting,), [])
    adoption.undo(doubt.subject)
    assert (adoption.draft().clients, adoption.draft().settled, len(adoption.open)) == ((), (), 1)


def test_ignoring_keeps_the_reason_and_settles_the_proposal() -> None:
    """The organization is in no draft any more."""
    adoption, _ = adopted(*_one(harbor()))
    adoption.ignore(Subject("jumpcloud", "o1"), "our own test tenant", "ana")
    assert adoption.ignored() == [Ignored(Subject("jumpcloud", "o1"), "Harbor Dental", "our own test tenant", "ana")]
    assert (adoption.draft().proposals, states(adoption)) == ((), {"o1": ("ignored", "")})


def _one(pair: tuple[FakeSource, FakePsa]) -> tuple[list[FakeSource], FakePsa]:
    return [pair[0]], pair[1]


def test_a_line_can_be_chosen_with_the_company() -> None:
    """Of two that fit, the one that somebody names is mapped."""
    source = FakeSource("jumpcloud", [("o1", "Acme", "")])
    adoption, _ = adopted([source], FakePsa("autotask", [company("1", "Acme")], {"1": [*JUMPCLOUD, *JUMPCLOUD]}))
    subject = Subject("jumpcloud", "o1")
    candidate = adoption.results()[0].candidates[0]
    chosen = adoption.fits(subject, candidate)[1].offer.line
    adoption.accept(subject, candidate, chosen)
    (client,) = adoption.draft().clients
    assert ([line.line for line in client.lines], client.proposed) == ([chosen], ())


def test_organizations_of_one_name_are_proposed_together() -> None:
    """JumpCloud's and LastPass's are one client's: one proposal a company, with both."""
    source, psa = harbor()
    adoption, _ = adopted([source, FakeSource("lastpass", [("18", "Harbor Dental", "")])], psa)
    ((name, proposals),) = adoption.draft().proposals
    assert (name, [len(one.subjects) for one in proposals]) == ("Harbor Dental", [2, 2])
    assert proposals[0].client.organizations == {"jumpcloud": "o1", "lastpass": "18"}
