from __future__ import annotations

from dataclasses import replace

import pytest

from psarecon.adopt.lines import Wanted, fitting
from psarecon.domain.directory import Offer
from psarecon.domain.model import LineKey, Names

from .world import LASTPASS, PLATFORM


def offer(id_: str, *words: str) -> Offer:
    """A line with these words."""
    return Offer(LineKey("autotask", "1", "2", id_), Names("Acme", "Care", words[0]), words)


@pytest.mark.parametrize(
    "word", ["JumpCloud Platform", "Managed JumpCloud seats", "JumpClod Platform", "JUMPCLOUD-USERS"]
)
def test_a_line_is_known_by_the_product_or_its_vendor(word: str) -> None:
    """The product's name, the vendor's, and either with a slip of the pen."""
    assert [one.offer.line.id for one in fitting(Wanted.of(PLATFORM, "jumpcloud"), (), [offer("1", word)])] == ["1"]


def test_lines_of_other_things_do_not_fit() -> None:
    """Neither another vendor's, nor an identifier that nobody named."""
    offers = [offer("1", "LastPass Business"), offer("2", "JC-PLATFORM"), offer("3", "Backup")]
    assert fitting(Wanted.of(PLATFORM, "jumpcloud"), (), offers) == []


def test_the_settings_words_replace_the_usual_ones() -> None:
    """``JC-`` is the beginning of an identifier; the vendor's name does not count any more."""
    wanted = Wanted.of(replace(PLATFORM, words=("JC-",)), "jumpcloud")
    offers = [offer("1", "JC-PLATFORM"), offer("2", "JumpCloud"), offer("3", "AJC-9")]
    assert [one.offer.line.id for one in fitting(wanted, (), offers)] == ["1"]


def test_a_line_that_another_product_fits_better_is_that_products() -> None:
    """Two products of one vendor: each takes the line of its own name."""
    plus = replace(LASTPASS, name="lastpass-mfa")
    every = [Wanted.of(LASTPASS, "lastpass"), Wanted.of(plus, "lastpass")]
    offers = [offer("1", "LastPass Business"), offer("2", "LastPass MFA")]
    assert [[one.offer.line.id for one in fitting(wanted, every, offers)] for wanted in every] == [["1"], ["2"]]
