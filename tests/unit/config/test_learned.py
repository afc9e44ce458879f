from __future__ import annotations

import pytest

from psarecon.config.capabilities import Capabilities, agreement_issues, capabilities_of
from psarecon.config.documents import parse_document
from psarecon.config.learned import Learned, with_learned
from psarecon.config.schemas import issues_of
from psarecon.config.settings import AdapterSettings
from psarecon.domain.probing import Answer
from psarecon.errors import InvalidInput


def learned(name: str = "autotask", tenant: str = "zone/1", section: str = "psas", **answers: str | None) -> Learned:
    """What a tenant answered on 20 November."""
    told = [Answer(key, f"What of {key}?", value, ("seen", "twice")) for key, value in answers.items()]
    return Learned(section, name, tenant, "2026-11-20", "psarecon 1", told)


def read(text: str) -> dict[tuple[str, str], Capabilities]:
    """The file as it is read again, which must be valid."""
    document = parse_document(text.encode(), "capabilities.yaml")
    assert document.found == []
    assert issues_of(document.data, "capabilities") == []
    return capabilities_of(document.data)


def test_each_answer_stands_under_its_question_and_evidence() -> None:
    """One that was not answered is a comment alone."""
    text = with_learned("", [learned(same_date="adds", zero_units=None)])
    assert text.partition("version: 1\n")[2] == (
        "psas:\n"
        "  autotask:\n"
        '    tenant: "zone/1"\n'
        '    probed: "2026-11-20"\n'
        '    tool: "psarecon 1"\n'
        "    answers:\n"
        "      # What of same_date?\n"
        "      #   seen\n"
        "      #   twice\n"
        '      same_date: "adds"\n'
        "      # What of zero_units? (not answered)\n"
        "      #   seen\n"
        "      #   twice\n"
    )
    assert read(text)["psas", "autotask"].answers == {"same_date": "adds"}


def test_what_is_of_others_stays_byte_for_byte() -> None:
    """A PSA more, then a source: the first one's comments are still there."""
    first = with_learned("", [learned("one", same_date="adds")])
    block = first.partition("psas:\n")[2]
    text = with_learned(first, [learned("two", same_date="refused")])
    text = with_learned(text, [learned("jumpcloud", section="sources", price_unit="cents")])
    assert block in text
    assert {key: dict(one.answers) for key, one in read(text).items()} == {
        ("psas", "one"): {"same_date": "adds"},
        ("psas", "two"): {"same_date": "refused"},
        ("sources", "jumpcloud"): {"price_unit": "cents"},
    }


def test_answers_of_the_same_tenant_stay_until_they_are_asked_again() -> None:
    """Of another tenant none does."""
    first = with_learned("", [learned(same_date="adds", zero_units="accepted")])
    again = with_learned(first, [learned(same_date="replaces", zero_units=None)])
    assert read(again)["psas", "autotask"].answers == {"same_date": "replaces", "zero_units": "accepted"}
    other = with_learned(first, [learned(tenant="zone/2", same_date="replaces")])
    assert read(other)["psas", "autotask"].answers == {"same_date": "replaces"}


def test_a_servers_words_cannot_leave_their_comment() -> None:
    """Line ends and signs that move the cursor are made harmless."""
    evil = Answer("same_date", "Q\n      units_by: contract", "adds", ("a\r\nversion: 2", "\x1b[31m"))
    text = with_learned("", [Learned("psas", "at", 'z"\n', "2026-11-20", "psarecon 1", [evil])])
    assert read(text)["psas", "at"].answers == {"same_date": "adds"}


FLOW = 'version: 1\npsas: {at: {tenant: "z", probed: "2026-11-20", tool: "x", answers: {}}}\n'


@pytest.mark.parametrize("text", ["version: 2\n", "version: 1\npsas: [\n", FLOW])
def test_a_file_that_probe_did_not_write_so_is_left_alone(text: str) -> None:
    """Nothing of it is lost by accident."""
    with pytest.raises(InvalidInput):
        with_learned(text, [learned(same_date="adds")])


def test_a_setting_wins_then_the_tenants_answer_then_the_default() -> None:
    """The answer counts for its own tenant alone."""
    found = Capabilities("zone/1", "2026-11-20", "psarecon 1", {"same_date": "replaces"})
    silent = AdapterSettings("at", "autotask", {}, "psas", capabilities=found)
    assert silent.chosen("same_date", "adds", "zone/1") == "replaces"
    assert silent.chosen("same_date", "adds", "zone/2") == "adds"
    assert silent.chosen("units_by", "contract-service", "zone/1") == "contract-service"
    said = AdapterSettings("at", "autotask", {"same_date": "refused"}, "psas", capabilities=found)
    assert said.chosen("same_date", "adds", "zone/1") == "refused"


@pytest.mark.parametrize("settings", [None, [], {"psas": []}, {"products": []}, {"products": {"p": 7}}])
def test_settings_of_any_form_are_held_against_the_file(settings: object) -> None:
    """What is wrong with them is told elsewhere."""
    found = Capabilities("zone/1", "2026-11-20", "psarecon 1", {"same_date": "replaces"})
    assert agreement_issues(settings, {("psas", "at"): found}, []) == []
